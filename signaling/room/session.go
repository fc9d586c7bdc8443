package room

import (
	"context"
	"slices"
	"time"

	"incamera/signaling/token"
	"incamera/signaling/wire"
)

// When received messages are acknowledged though nothing else is to be said.
const (
	ackAfter = 16
	ackDelay = 2 * time.Second
)

// maxFaults is how many malformed messages a session survives.
const maxFaults = 10

// A Conn is one socket's end of a session.
type Conn struct {
	// ID names the session.
	ID wire.SessionID
	// Out is what is to be written to the socket. The room closes it when the
	// socket is to be closed; Err then says why.
	Out *Queue
	Err error

	room    *Room
	session *session
}

// Room returns the room that the connection is to.
func (c *Conn) Room() *Room { return c.room }

// A session is one participant. All of it is owned by the room's loop.
type session struct {
	id       wire.SessionID
	secret   token.Hash
	conn     *Conn // nil while away
	outbox   outbox
	received uint32    // highest number received without a gap
	unacked  int       // of these, not yet acknowledged
	ackAt    time.Time // when to acknowledge at the latest; zero: nothing to
	lostAt   time.Time // when the session ends unless resumed; zero: connected
	on       []wire.Source
	faults   int
	role     uint32           // that the host's pass gives, 0: none; see Room.standing
	grant    uint32           // that the pass was made under
	withheld []wire.Source    // by the host's order: not forwarded
	speaking bool             // as it says
	inside   bool             // in the group, as far as the delivery service knows
	ending   wire.LeaveReason // not empty once the session is doomed
	parting  []byte           // what it said to the others when it left
	media    *mediaWorker
	revoke   func()       // the credentials for the relay; nil: it has none
	quality  wire.Quality // latest; Session is empty before the first
}

// Enter makes a session, or goes on with the one that resume names. The first
// Frame of the connection is joined. by is the link whose join token was shown;
// nil: none that holds, and only a session that is there already goes on, by
// its own secret.
func (r *Room) Enter(ctx context.Context, by *Link, resume *wire.Resume) (c *Conn, err error) {
	if doErr := r.do(ctx, func() {
		if resume != nil {
			if c = r.resume(*resume); c != nil {
				return
			}
		}
		if err = ErrRefused; by == r.link.Load() {
			c, err = r.admit()
		}
	}); doErr != nil {
		return nil, doErr
	}
	return c, err
}

// Depart ends the session that m names at once, as its own Leave would. It fails
// with ErrRefused when there is none, or the secret is not its own.
func (r *Room) Depart(ctx context.Context, m wire.Depart) (err error) {
	if doErr := r.do(ctx, func() {
		s := r.find(m.Session)
		if s == nil || s.ending != "" || !s.secret.Matches(m.Secret) {
			err = ErrRefused
			return
		}
		r.leave(s, m.Body)
	}); doErr != nil {
		return doErr
	}
	return err
}

// leave ends a session whose person means it: parting is for the others.
func (r *Room) leave(s *session, parting []byte) {
	s.parting = parting
	r.doom(s, wire.ReasonLeft)
}

func (r *Room) admit() (*Conn, error) {
	if r.over {
		return nil, ErrClosed
	}
	most := r.cfg.MaxSessions
	if r.about.Capacity > 0 {
		most = min(most, r.about.Capacity)
	}
	if len(r.sessions) >= most {
		return nil, ErrFull
	}
	secret, hash := token.New()
	s := &session{id: wire.SessionID(randomID()), secret: hash}
	if r.media != nil {
		s.media = r.startMedia(s)
	}
	var relay *wire.Relay
	if r.cfg.Relay != nil {
		var credentials wire.Relay
		credentials, s.revoke = r.cfg.Relay()
		relay = &credentials
	}
	generation, founded := r.delivery.State()
	r.others(nil, wire.Arrived{Session: s.id})
	r.sessions = append(r.sessions, s)
	r.people.Store(int32(len(r.sessions)))
	r.idleAt = time.Time{}
	r.delivery.Arrive(s.id)
	r.withhold(s)
	c := r.attach(s)
	s.push(0, wire.Prepare(wire.Joined{
		Session: s.id, Secret: secret, Incarnation: r.incarnation,
		Generation: generation, Founded: founded, Card: r.link.Load().Card, Mark: r.marked, MaxFile: r.cfg.MaxFile, Relay: relay,
	}))
	r.log.Info("session joined", "session", s.id, "people", len(r.sessions))
	return c, nil
}

// resume returns nil when there is nothing to go on with.
func (r *Room) resume(m wire.Resume) *Conn {
	s := r.find(m.Session)
	if s == nil || s.ending != "" || !s.secret.Matches(m.Secret) {
		return nil
	}
	if !s.outbox.reaches(m.Received) {
		r.doom(s, wire.ReasonLost)
		return nil
	}
	s.outbox.acked(m.Received)
	away := s.conn == nil
	s.detach(ErrSuperseded)
	c := r.attach(s)
	generation, founded := r.delivery.State()
	s.push(0, wire.Prepare(wire.Joined{
		Session: s.id, Secret: m.Secret, Resumed: true, Received: s.received, Incarnation: r.incarnation,
		Generation: generation, Founded: founded, MaxFile: r.cfg.MaxFile,
	}))
	first := s.outbox.first()
	for i, p := range s.outbox.queue {
		s.push(first+uint32(i), *p)
	}
	if away {
		r.others(s, wire.Away{Session: s.id, Away: false})
	}
	r.log.Info("session resumed", "session", s.id, "repeated", len(s.outbox.queue))
	return c
}

func (r *Room) attach(s *session) *Conn {
	s.conn = &Conn{ID: s.id, Out: newQueue(), room: r, session: s}
	s.lostAt = time.Time{}
	return s.conn
}

// detach closes the connection, if there is one.
func (s *session) detach(why error) {
	if s.conn != nil {
		s.conn.Err = why
		s.conn.Out.close()
		s.conn = nil
	}
}

// end lets go of everything that the session holds.
func (s *session) end() {
	if text, ok := endedText[s.ending]; ok {
		// No number is kept for it: nobody can ask for it again.
		s.push(s.outbox.sent+1, wire.Prepare(wire.Ended{Reason: s.ending, Text: text}))
	}
	s.detach(ErrEnded)
	if s.media != nil {
		s.media.stop()
	}
	if s.revoke != nil {
		s.revoke()
	}
}

var endedText = map[wire.LeaveReason]string{
	wire.ReasonSlow:     "This browser did not keep up with the meeting.",
	wire.ReasonRemoved:  "The host has ended this.",
	wire.ReasonEnded:    "The host has ended the meeting.",
	wire.ReasonRelinked: "The host has changed the link of this meeting. Ask for the new one.",
	wire.ReasonOver:     "The time that the host has set for the meeting is over.",
	wire.ReasonInvalid:  "This browser sent too much that the server does not understand.",
	wire.ReasonOperator: "Who runs this server has ended the meeting.",
}

// send numbers p and passes it on. It fails when the client is too far behind.
func (s *session) send(p *wire.Prepared) bool {
	n, ok := s.outbox.add(p)
	return ok && s.pushShared(n, p)
}

func (s *session) push(n uint32, p wire.Prepared) { s.pushShared(n, &p) }

// pushShared gives a message to the socket, with what there is to acknowledge.
// It fails when the socket is too far behind.
func (s *session) pushShared(n uint32, p *wire.Prepared) bool {
	if s.conn == nil {
		return true
	}
	if !s.conn.Out.put(Frame{n, s.received, p}) {
		return false
	}
	s.unacked, s.ackAt = 0, time.Time{}
	return true
}

var bareAck = wire.Prepare(wire.Ack{})

func (s *session) sendAck() {
	s.unacked, s.ackAt = 0, time.Time{} // one that is lost is made up for by the next
	if s.ending == "" {
		s.pushShared(0, &bareAck)
	}
}

// Break says that the socket is gone. The session waits to be resumed.
func (c *Conn) Break(ctx context.Context) {
	_ = c.room.do(ctx, func() {
		s, r := c.session, c.room
		if s.conn != c || s.ending != "" {
			return
		}
		s.detach(ErrEnded)
		s.lostAt = time.Now().Add(r.cfg.ResumeTime)
		r.alarm.set(s.lostAt)
		r.others(s, wire.Away{Session: s.id, Away: true})
	}) // an error means that there is no room to tell
}

// isHere reports whether a seat's owner is still in the room.
func (r *Room) isHere(id wire.SessionID) bool {
	return slices.ContainsFunc(r.sessions, func(s *session) bool { return s.id == id && s.ending == "" })
}
