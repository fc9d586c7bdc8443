// Package client is a headless participant: a socket, a member of the group,
// and two media connections that send clips and count what arrives.
//
// One goroutine, Run, owns the session and the group. Frames are sealed and
// opened on the goroutines of their streams, under one mutex.
package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// Config is who joins what.
type Config struct {
	Link    link.Link
	Name    string
	Publish []wire.Source // what is sent; any but the screen's sound has a clip
	Layers  int           // of the camera, 1 to 3; each sends the same picture
	Way     Way           // how media goes to the server
	// Bitrates are those of the camera's layers in kbit/s, lowest first; then it
	// sends no clip, but frames of the sizes that encoders make at such rates.
	Bitrates []int
	Height   int // of the tiles of others, in pixels; 0: that of the smallest layer
	Log      *slog.Logger
	// RaiseHand raises a hand as soon as somebody is there, for good.
	RaiseHand bool
	// Misbehave spoils the frames of the camera, in tests of who must refuse them.
	Misbehave Misbehaviour

	// Heard is called for each line of chat, from Run; nil to ignore them.
	Heard func(ChatReport)
	// Entered is called with the roster of each epoch, from Run.
	Entered func(epoch uint64, members []group.Participant)
}

// A Client is one participant. Use New; Run runs it once.
type Client struct {
	cfg    Config
	engine *engine
	inbox  chan any
	say    chan string

	// Owned by Run.
	socket     *socket
	member     *group.Member
	ticket     uint32 // our place in the line of raised hands, 0 before we raise it
	card       link.Card
	sealedCard []byte
	permit     []byte // to make the room again
	session    wire.SessionID
	relay      *wire.Relay // credentials of the session
	on         map[wire.SessionID][]wire.Source
	media      mediaPair
	waiting    []string // chat lines until there is somebody to hear them
	began      time.Time

	shared
}

// shared is what the goroutines of the streams use too.
type shared struct {
	mu sync.Mutex
	// Guarded by mu.
	sender   *keys.Sender
	receiver *keys.Receiver
	owners   map[int]string    // session on each seat
	names    map[string]string // of every session that was in the group
	counts   counts
	report   Report
	// trespasser seals the camera in the wrong way; nil: nobody does.
	trespasser *trespasser
}

// New prepares a participant.
func New(cfg Config) (*Client, error) {
	e, err := newEngine(cfg.Way)
	if err != nil {
		return nil, err
	}
	bad, err := newTrespasser(cfg.Misbehave, string(cfg.Link.Room))
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg: cfg, engine: e, inbox: make(chan any, 64), say: make(chan string, 16),
		on:    map[wire.SessionID][]wire.Source{},
		began: time.Now(),
		shared: shared{
			sender: keys.NewSender(string(cfg.Link.Room)), receiver: keys.NewReceiver(string(cfg.Link.Room)),
			owners: map[int]string{}, names: map[string]string{}, trespasser: bad,
		},
	}
	if err := c.media.load(); err != nil {
		return nil, err
	}
	c.counts = newCounts(c.media.picture, c.media.sound)
	c.report = Report{Name: cfg.Name, Phase: group.Idle.String(), Members: []MemberReport{}, Chat: []ChatReport{}, Reactions: []ReactionReport{}, Errors: []string{}, Media: map[string]string{}, Ways: map[string]string{}}
	return c, nil
}

// Say says a line of chat as soon as there is somebody to hear it. Safe for
// concurrent use; it blocks while Run does not keep up.
func (c *Client) Say(ctx context.Context, text string) {
	select {
	case c.say <- text:
	case <-ctx.Done():
	}
}

// Run joins the meeting and stays until ctx is done, which is no error, or
// until it cannot stay. It leaves in any case.
func (c *Client) Run(ctx context.Context) error {
	if err := c.prepare(ctx); err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	result := make(chan error, 1)
	go func() { result <- c.connect(life) }()
	err := c.loop(ctx, result)
	c.media.close()
	if ctx.Err() != nil {
		// The last message has to get out before the socket closes.
		c.socket.leave()
		select {
		case err = <-result:
		case <-time.After(2 * time.Second):
			end()
			if err = <-result; errors.Is(err, context.Canceled) {
				err = nil
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sender.Clear()
	c.receiver.Clear()
	return err
}

// prepare looks at the room, so that a wrong link is told before anything is
// said.
func (c *Client) prepare(ctx context.Context) error {
	if err := link.CheckName(c.cfg.Name); err != nil {
		return fmt.Errorf("joining: %w", err)
	}
	card, looked, encoded, err := lookAt(ctx, c.cfg.Link)
	if err != nil {
		return err
	}
	c.card, c.sealedCard, c.permit = card, looked.Card, looked.Permit
	_, device, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("making a device key: %w", err)
	}
	c.member, err = group.New(group.Config{
		Room: c.cfg.Link.Room, Keys: c.cfg.Link.Keys(), Card: card, Hash: link.CardHash(encoded), Name: c.cfg.Name, Device: device,
	})
	if err != nil {
		return err
	}
	c.socket = newSocket(c.cfg.Link, c.cfg.Log)
	c.note(func(r *Report) { r.Title = card.Title })
	return nil
}

// connect runs the socket. A server that was restarted knows the room no more
// and is told of it again.
func (c *Client) connect(ctx context.Context) error {
	joined := false
	var mark *wire.Mark // the latest
	deliver := func(m any) {
		switch m := m.(type) {
		case wire.Marked:
			mark = &m.Mark
		case wire.Joined:
			if m.Mark != nil {
				mark = m.Mark
			}
			joined = true
		}
		select {
		case c.inbox <- m:
		case <-ctx.Done():
		}
	}
	for {
		err := c.socket.run(ctx, deliver)
		var refused *RefusedError
		if !joined || !errors.As(err, &refused) || refused.Code != wire.CodeRefused {
			return err
		}
		joined = false
		if again := createRoom(ctx, c.cfg.Link, wire.CreateRoom{HostKey: c.card.HostKey, Card: c.sealedCard, Permit: c.permit, Mark: mark}); again != nil {
			return errors.Join(err, again)
		}
	}
}

// loop is the participant's one thread of thought.
func (c *Client) loop(ctx context.Context, result <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-result:
			return err
		case m := <-c.inbox:
			c.take(m)
		case text := <-c.say:
			c.waiting = append(c.waiting, text)
		case <-c.media.broken:
			c.restartMedia()
		case <-c.timer():
			c.handle(c.member.Wake(time.Now()))
		}
		c.expire()
		c.speak()
	}
}

// timer fires when the member or the keys have something to do.
func (c *Client) timer() <-chan time.Time {
	c.mu.Lock()
	at := c.member.Next()
	for _, t := range []time.Time{c.sender.Next(), c.receiver.Next()} {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	c.mu.Unlock()
	if at.IsZero() {
		return nil
	}
	return time.After(time.Until(at))
}

// expire drops keys and frames whose time is over.
func (c *Client) expire() {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sender.Expire(now)
	c.countHeld(c.receiver.Expire(now))
}

func (c *Client) countHeld(frames []keys.Opened) {
	for _, o := range frames {
		c.counts.opened(o.Frame.Owner, sourceOf(o.Frame.Source), o.Payload, o.Err)
	}
}

func (c *Client) note(f func(*Report)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.report)
}

// failed notes what went wrong and goes on.
func (c *Client) failed(err error) {
	c.cfg.Log.Warn("something failed", "error", err)
	c.note(func(r *Report) { r.Errors = append(r.Errors, err.Error()) })
}

// speak says the lines that wait when somebody is there.
func (c *Client) speak() {
	if len(c.waiting) == 0 || c.member.Phase() != group.Inside {
		return
	}
	c.mu.Lock()
	alone := len(c.report.Members) < 2
	c.mu.Unlock()
	if alone {
		return
	}
	text := c.waiting[0]
	c.waiting = c.waiting[1:]
	var id [8]byte
	rand.Read(id[:]) // never fails
	c.sayApp(group.Chat{ID: hex.EncodeToString(id[:]), Text: text})
}

func (c *Client) sayApp(a group.App) {
	out, err := c.member.Say(a, time.Now())
	if err != nil {
		c.failed(err)
		return
	}
	c.handle(out)
}

// Report returns what was seen so far. Safe for concurrent use.
func (c *Client) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	r.Seconds = time.Since(c.began).Seconds()
	r.Members = append([]MemberReport{}, r.Members...)
	r.Chat = append([]ChatReport{}, r.Chat...)
	r.Reactions = append([]ReactionReport{}, r.Reactions...)
	r.Errors = append([]string{}, r.Errors...)
	r.Sent, r.Media, r.Ways = map[wire.Source]Sent{}, map[string]string{}, maps.Clone(r.Ways)
	for k, v := range c.counts.sent {
		r.Sent[k] = v
	}
	for k, v := range c.report.Media {
		r.Media[k] = v
	}
	r.Received = c.counts.list(c.names)
	return r
}
