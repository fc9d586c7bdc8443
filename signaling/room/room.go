// Package room keeps one meeting as the server knows it: which sessions are
// there, what each is still to be sent, and the order of what they say.
//
// Every field of [Room] is owned by the goroutine in [Room.Run]; nothing is
// locked. Other goroutines call the methods of [Room] and [Conn], which run on
// that goroutine, and hear back through [Conn.Out]. Nothing that runs there
// blocks: offers are carried out by a worker of their session, and a session
// that does not read is ended. Media never passes through here.
package room

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"incamera/signaling/delivery"
	"incamera/signaling/token"
	"incamera/signaling/wire"
)

// Errors of [Room.Enter] and, as [Conn.Err], the reasons why a socket is to be
// closed.
var (
	// ErrClosed: the room is over.
	ErrClosed = errors.New("room: closed")
	// ErrRefused: the link does not hold any more.
	ErrRefused = errors.New("room: by another link")
	// ErrFull: the room takes nobody more.
	ErrFull = errors.New("room: full")
	// ErrEnded: the session is over.
	ErrEnded = errors.New("room: session ended")
	// ErrSuperseded: the session goes on with another socket.
	ErrSuperseded = errors.New("room: session resumed elsewhere")
)

// Config is what rooms of one server have in common.
type Config struct {
	MaxSessions int           // people in one room
	IdleNew     time.Duration // how long a room waits for its first session
	IdleUsed    time.Duration // how long an empty room waits for another
	ResumeTime  time.Duration // how long a session lives without a socket
	MaxKeep     time.Duration // how long the host may have an empty room wait
	Desertion   time.Duration // how long askers wait for a group whose members are all away
	Negotiation time.Duration // how long answering one offer may take
	MaxFile     uint64        // how large a sealed file may be; 0: no files
	// Relinked notes the number of a room's link before the change is carried out.
	// It is called by the room's loop and may take as long as a write to the disk;
	// nil: nobody notes it.
	Relinked func(room string, number uint32)
	// Relay makes credentials that let one session reach the media plane through
	// TLS, until revoke is called. It does not block; nil: there is no relay.
	Relay func() (r wire.Relay, revoke func())
}

// DefaultConfig returns the values that PROTOCOL.md names.
func DefaultConfig() Config {
	return Config{
		MaxSessions: 500,
		IdleNew:     2 * time.Minute,
		IdleUsed:    10 * time.Minute,
		ResumeTime:  30 * time.Second,
		MaxKeep:     24 * time.Hour,
		Desertion:   3 * time.Second,
		Negotiation: 10 * time.Second,
	}
}

// A Room is one meeting.
type Room struct {
	// Static after construction.
	cfg         Config
	log         *slog.Logger
	media       Media
	about       About
	incarnation string
	tasks       chan func()
	done        chan struct{}

	// Owned by Run.
	sessions []*session // in order of arrival
	delivery *delivery.Service
	doomed   []*session // to be taken out when the current task is over
	alarm    alarm
	idleAt   time.Time  // zero while somebody is here
	over     bool       // nobody enters any more
	marked   *wire.Mark // the latest, never changed in place; nil: none
	desertAt time.Time  // when the group is forgotten; zero while a member is here, or nobody asks
	orders   orders
	life     context.Context

	// Waited for by Run.
	workers sync.WaitGroup

	// Atomic.
	people atomic.Int32
	link   atomic.Pointer[Link] // stored by Run only
	closed atomic.Bool          // by the host's order
}

// About is what its creator says of a room.
type About struct {
	Name    string            // its id, which certifies the host's key
	HostKey ed25519.PublicKey // whose orders are carried out
	Card    []byte            // sealed; handed to everybody who joins, by the link that it is made with
	Token   token.Hash        // of that link
	Number  uint32            // of that link; 0: 1
	Order   []byte            // the host's signature, where it is not the first
	Mark    *wire.Mark        // of before a restart of the server, signed; may be nil

	// Capacity is how many it takes at once, where that is less than the
	// server's limit; 0: the server's.
	Capacity int
}

// New returns a room that does nothing until Run is called. media may be nil:
// then offers fail.
func New(cfg Config, about About, media Media, log *slog.Logger) *Room {
	r := &Room{
		cfg: cfg, log: log, media: media, about: about,
		incarnation: randomID(),
		tasks:       make(chan func()),
		done:        make(chan struct{}),
		delivery:    delivery.New(),
		marked:      about.Mark,
	}
	r.link.Store(&Link{Number: max(1, about.Number), Token: about.Token, Card: about.Card, Order: about.Order})
	return r
}

// randomID returns 128 random bits as text.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Run serves the room until ctx is done or the room has been empty for long
// enough. When it returns, all connections are closed and no goroutine of the
// room is left.
func (r *Room) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	if r.media != nil {
		defer r.media.Close()
	}
	defer r.workers.Wait()
	defer close(r.done)
	defer cancel()
	r.life = ctx
	r.alarm.timer = time.NewTimer(time.Hour)
	defer r.alarm.timer.Stop()
	r.idleAt = time.Now().Add(r.cfg.IdleNew)
	r.alarm.set(r.idleAt)
	for {
		select {
		case f := <-r.tasks:
			f()
		case <-r.alarm.timer.C:
			if r.tick(time.Now()) {
				return
			}
		case <-ctx.Done():
			for _, s := range r.sessions {
				s.detach(ErrClosed)
			}
			return
		}
		over := r.finish()
		r.reap()
		if over {
			return
		}
		r.closeOut()
		r.watchGroup(time.Now())
		r.watchHosts(time.Now())
	}
}

// Announce sends one message to everybody who is here, also to who waits. It
// does nothing when the room is over.
func (r *Room) Announce(m any) {
	r.post(func() {
		p := wire.Prepare(m)
		for _, s := range r.sessions {
			r.send(s, &p)
		}
	})
}

// End ends all sessions and the room, in which nobody enters any more. It does
// nothing when the room is over.
func (r *Room) End() {
	r.post(func() {
		for _, s := range r.sessions {
			r.doom(s, wire.ReasonOperator)
		}
		r.over = true
		r.idleAt = time.Now()
		r.alarm.set(r.idleAt)
	})
}

// People returns how many sessions there are. Safe for concurrent use.
func (r *Room) People() int { return int(r.people.Load()) }

// do runs f on the room's goroutine and waits for it.
func (r *Room) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case r.tasks <- func() { f(); close(ran) }:
		<-ran
		return nil
	case <-r.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post runs f on the room's goroutine, if there still is one, and returns when
// it is accepted.
func (r *Room) post(f func()) {
	select {
	case r.tasks <- f:
	case <-r.done:
	}
}

// tick does what is due and sets the alarm anew. It reports whether the room
// is over.
func (r *Room) tick(now time.Time) (over bool) {
	if r.due(r.idleAt, now) {
		return true
	}
	for _, s := range r.sessions {
		if r.due(s.ackAt, now) {
			s.sendAck()
		}
		if r.due(s.lostAt, now) {
			r.doom(s, wire.ReasonLost)
		}
	}
	if r.due(r.desertAt, now) {
		r.log.Info("group abandoned: all of its members are away")
		r.deliver(r.delivery.Abandon(""))
	}
	if r.due(r.orders.endAt, now) || r.due(r.orders.hostlessAt, now) {
		r.orders.over = wire.ReasonOver
	}
	r.alarm.at = time.Time{}
	r.alarm.set(r.idleAt)
	for _, s := range r.sessions {
		r.alarm.set(s.ackAt)
		if s.ending == "" {
			r.alarm.set(s.lostAt)
		}
	}
	return false
}

// watchGroup has the group forgotten when people who are here ask in vain:
// until the sessions of members that are away end, nobody could add them.
func (r *Room) watchGroup(now time.Time) {
	here := func(id wire.SessionID) bool {
		s := r.find(id)
		return s != nil && s.conn != nil
	}
	if !r.delivery.Deserted(here) || r.marked != nil && r.marked.Closed {
		// Where not everybody gets in, those who are away may be the only ones who
		// may begin again.
		r.desertAt = time.Time{}
	} else if r.desertAt.IsZero() {
		r.desertAt = now.Add(r.cfg.Desertion)
	}
	r.alarm.set(r.desertAt)
}

func (r *Room) due(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

// An alarm fires at the earliest of the times that were set. Fired too early
// it does no harm: tick looks at each time itself.
type alarm struct {
	timer *time.Timer
	at    time.Time // zero: not set
}

// set asks for a tick at the given time; a zero time asks for nothing.
func (a *alarm) set(at time.Time) {
	if at.IsZero() || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	a.at = at
	a.timer.Reset(time.Until(at))
}

// deliver sends what the delivery service says.
func (r *Room) deliver(out []delivery.Out) {
	for _, o := range out {
		switch m := o.Message.(type) {
		case wire.Founded:
			r.letIn(m.By)
		case wire.Welcomed:
			for _, id := range o.To {
				r.letIn(id)
			}
		}
		p := wire.Prepare(o.Message)
		for _, id := range o.To {
			if s := r.find(id); s != nil {
				r.send(s, &p)
			}
		}
	}
}

// others sends to all members but one: who is not in the group hears nothing
// of others.
func (r *Room) others(but *session, m any) {
	p := wire.Prepare(m)
	for _, s := range r.sessions {
		if s != but && s.inside {
			r.send(s, &p)
		}
	}
}

// tell sends one message to one session.
func (r *Room) tell(s *session, m any) {
	p := wire.Prepare(m)
	r.send(s, &p)
}

// send never blocks: a session that cannot take more is ended instead.
func (r *Room) send(s *session, p *wire.Prepared) {
	if s.ending == "" && !s.send(p) {
		r.doom(s, wire.ReasonSlow)
	}
}

// doom ends a session when the current task is over. Until then it is sent
// nothing more.
func (r *Room) doom(s *session, why wire.LeaveReason) {
	if s.ending == "" {
		s.ending = why
		r.doomed = append(r.doomed, s)
	}
}

// reap takes the doomed sessions out and tells the others, which may doom more.
func (r *Room) reap() {
	for len(r.doomed) > 0 {
		s := r.doomed[0]
		r.doomed = r.doomed[1:]
		i := slices.Index(r.sessions, s)
		if i < 0 {
			panic("room: internal error: a session ends twice")
		}
		r.sessions = slices.Delete(r.sessions, i, i+1)
		r.people.Store(int32(len(r.sessions)))
		s.end()
		r.log.Info("session ended", "session", s.id, "reason", s.ending, "people", len(r.sessions))
		r.others(s, wire.Left{Session: s.id, Reason: s.ending, Body: s.parting})
		r.deliver(r.delivery.End(s.id))
		if len(r.sessions) == 0 {
			r.idleAt = time.Now()
			if !r.over {
				r.idleAt = r.idleAt.Add(r.idleTime())
			}
			r.alarm.set(r.idleAt)
		}
	}
}

func (r *Room) find(id wire.SessionID) *session {
	for _, s := range r.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}
