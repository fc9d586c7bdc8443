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
	"net"
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
	// Unwatching asks for nobody's picture. Muted opens the publish connection with
	// nothing to publish.
	Unwatching, Muted bool
	Way               Way // how media goes to the server
	// Bitrates are those of the camera's layers in kbit/s, lowest first; then camera
	// and microphone send no clips, but frames of the sizes that encoders make, which
	// say when that was.
	Bitrates []int
	Settle   time.Duration // from the beginning until streams are watched, for the report
	Rate     int           // of the clip in frames each second; 0: as it was made
	Height   int           // of the tiles of others, in pixels; 0: that of the smallest layer
	// Seats is how many are offered for each source; empty: nothing is received; nil:
	// as many as in a small meeting. It is not changed.
	Seats map[wire.Source]int
	// Page is how long one page of two pictures is watched before the next; 0: all
	// are watched.
	Page time.Duration
	Log  *slog.Logger
	// RaiseHand raises a hand as soon as somebody is there, for good.
	RaiseHand bool
	// Host is the room's host key, of its host only.
	Host ed25519.PrivateKey
	// Misbehave spoils the frames of the camera, in tests of who must refuse them.
	Misbehave Misbehaviour

	// Heard is called for each line of chat, from Run; nil to ignore them.
	Heard func(ChatReport)
	// Entered is called with the roster of each epoch, from Run.
	Entered func(epoch uint64, members []group.Participant)
	// Arrived is called for each frame that was drawn and could be opened, with
	// the time since it was drawn, if the sender's clock is ours; from several
	// goroutines, which it must not hold up.
	Arrived func(took time.Duration)
	// Took is called with each message of the server as it came, from one
	// goroutine at a time; nil to ignore them.
	Took func(text []byte)
	// Listen opens the UDP socket of a media connection, of which there are two
	// at a time; nil: sockets of the machine's choice. The client closes it.
	Listen func() (net.PacketConn, error)
}

// A Client is one participant. Use New; Run runs it once.
type Client struct {
	cfg    Config
	engine *engine
	inbox  chan any
	say    chan string
	acts   chan func()

	// Owned by Run.
	socket   *socket
	member   *group.Member
	ticket   uint32 // our place in the line of raised hands, 0 before we raise it
	session  wire.SessionID
	relay    *wire.Relay // credentials of the session
	on       map[wire.SessionID][]wire.Source
	page     int // that is watched
	speaking speaking
	media    mediaPair
	waiting  []string // chat lines until there is somebody to hear them
	began    time.Time
	life     context.Context // of what is waited for after the goodbye
	asks     sync.WaitGroup  // under way to the server

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
	link     link.Link       // that holds now
	again    wire.CreateRoom // makes the room again by it
	// trespasser seals the camera in the wrong way; nil: nobody does.
	trespasser *trespasser
}

// New prepares a participant.
func New(cfg Config) (*Client, error) {
	if cfg.Seats == nil {
		cfg.Seats = smallMeeting
	}
	bad, err := newTrespasser(cfg.Misbehave, string(cfg.Link.Room))
	if err != nil {
		return nil, err
	}
	var media mediaPair
	if err = media.load(cfg.Rate); err != nil {
		return nil, err
	}
	e, err := newEngine(cfg.Way, cfg.Listen)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg: cfg, engine: e, media: media, inbox: make(chan any, 64), say: make(chan string, 16), acts: make(chan func()),
		on:    map[wire.SessionID][]wire.Source{},
		began: time.Now(),
		shared: shared{
			sender: keys.NewSender(string(cfg.Link.Room)), receiver: keys.NewReceiver(string(cfg.Link.Room)),
			owners: map[int]string{}, names: map[string]string{}, trespasser: bad,
		},
	}
	c.counts = newCounts(c.media.picture, c.media.sound)
	c.counts.settle = cfg.Settle
	c.report = Report{Name: cfg.Name, Phase: group.Idle.String(), Members: []MemberReport{}, Chat: []ChatReport{}, Reactions: []ReactionReport{}, Notes: []string{}, Errors: []string{}, Media: map[string]string{}, Ways: map[string]string{}}
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

// Act has the member do something, as a host does, and returns when that is on
// its way. Safe for concurrent use; it blocks until Run can do it.
func (c *Client) Act(ctx context.Context, do func(m *group.Member, now time.Time) (group.Output, error)) error {
	result := make(chan error, 1)
	act := func() {
		out, err := do(c.member, time.Now())
		c.handle(out)
		result <- err
	}
	select {
	case c.acts <- act:
		return <-result
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Order sends a message in the session's name, as somebody would who keeps to
// no rules. Safe for concurrent use; it blocks until Run can do it.
func (c *Client) Order(ctx context.Context, m any) error {
	return c.Act(ctx, func(*group.Member, time.Time) (group.Output, error) {
		c.send(m)
		return group.Output{}, nil
	})
}

// Run joins the meeting and stays until ctx is done, which is no error, or
// until it cannot stay. It leaves in any case.
func (c *Client) Run(ctx context.Context) error {
	defer c.engine.close()
	if err := c.prepare(ctx); err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	c.life = life
	defer c.asks.Wait()
	defer end()
	result := make(chan error, 1)
	go func() { result <- c.connect(life) }()
	err := c.loop(ctx, result)
	c.media.close()
	if ctx.Err() != nil {
		// The last message has to get out before the socket closes.
		c.socket.leave(c.member.Parting())
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
	c.link = c.cfg.Link
	c.again = wire.CreateRoom{HostKey: card.HostKey, Card: looked.Card, Permit: looked.Permit, Number: looked.Number, Relink: looked.Relink}
	_, device, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("making a device key: %w", err)
	}
	c.member, err = group.New(group.Config{
		Room: c.cfg.Link.Room, Keys: c.cfg.Link.Keys(), Card: card, Hash: link.CardHash(encoded), Name: c.cfg.Name, Device: device, Host: c.cfg.Host,
	})
	if err != nil {
		return err
	}
	c.socket = newSocket(c.cfg.Link, c.cfg.Log)
	c.socket.took = c.cfg.Took
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
		c.mu.Lock()
		l, again := c.link, c.again
		c.mu.Unlock()
		again.Mark = mark
		if againErr := createRoom(ctx, l, again); againErr != nil {
			return errors.Join(err, againErr)
		}
	}
}

// loop is the participant's one thread of thought.
func (c *Client) loop(ctx context.Context, result <-chan error) error {
	var turn <-chan time.Time // never
	if c.cfg.Page > 0 {
		pages := time.NewTicker(c.cfg.Page)
		defer pages.Stop()
		turn = pages.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-result:
			c.takeRest()
			return err
		case m := <-c.inbox:
			c.take(m)
		case text := <-c.say:
			c.waiting = append(c.waiting, text)
		case act := <-c.acts:
			act()
		case <-c.media.broken:
			c.restartMedia()
		case <-turn:
			if c.page++; c.session != "" {
				c.look()
			}
		case <-c.timer():
			c.handle(c.member.Wake(time.Now()))
		}
		c.expire()
		c.speak()
	}
}

// takeRest handles what came before the socket ended, the last word among it.
func (c *Client) takeRest() {
	for {
		select {
		case m := <-c.inbox:
			c.take(m)
		default:
			return
		}
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
	r.Notes = append([]string{}, r.Notes...)
	r.Errors = append([]string{}, r.Errors...)
	r.Sent, r.Media, r.Ways = map[wire.Source]Sent{}, map[string]string{}, maps.Clone(r.Ways)
	for k, v := range c.counts.sent {
		r.Sent[k] = v
	}
	for k, v := range c.report.Media {
		r.Media[k] = v
	}
	r.Received = c.counts.list(c.names)
	r.Lost, r.Changes = append([]Loss{}, c.counts.lost...), append([]Change{}, c.counts.changes...)
	return r
}
