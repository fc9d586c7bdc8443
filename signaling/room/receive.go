package room

import (
	"context"
	"time"

	"incamera/signaling/delivery"
	"incamera/signaling/wire"
)

// Receive carries out a message of the client. It returns ErrEnded or
// ErrClosed when nothing more can be received. m is a value of a type in
// [wire.ClientMessages].
func (c *Conn) Receive(ctx context.Context, h wire.Head, m any) error {
	return c.run(ctx, h, func(r *Room, s *session) { r.handle(s, h.Type, m) })
}

// Malformed says that a message could not be understood; h is what could be
// read of its head.
func (c *Conn) Malformed(ctx context.Context, h wire.Head) error {
	return c.run(ctx, h, func(r *Room, s *session) { r.fault(s, h.Type) })
}

// run takes a message's numbers, and calls f unless it was seen before.
func (c *Conn) run(ctx context.Context, h wire.Head, f func(*Room, *session)) error {
	ended := false
	err := c.room.do(ctx, func() {
		r, s := c.room, c.session
		if ended = s.conn != c || s.ending != ""; ended {
			return
		}
		if !s.outbox.acked(h.Ack) {
			r.fault(s, h.Type)
			return
		}
		switch {
		case h.N == 0: // an ack, or what has no number that can be read
		case h.N <= s.received:
			return // repeated after a resume
		case h.N > s.received+1:
			r.fault(s, h.Type)
			return
		default:
			r.count(s)
		}
		f(r, s)
		ended = s.ending != ""
	})
	if err == nil && ended {
		return ErrEnded
	}
	return err
}

// count notes that one more message was received.
func (r *Room) count(s *session) {
	s.received++
	if s.unacked++; s.unacked >= ackAfter {
		s.sendAck()
		return
	}
	if s.ackAt.IsZero() {
		s.ackAt = time.Now().Add(ackDelay)
		r.alarm.set(s.ackAt)
	}
}

// fault answers a message that is malformed, unknown or out of order.
func (r *Room) fault(s *session, about string) {
	r.tell(s, wire.Failed{About: about, Code: wire.CodeInvalid, Text: "The server does not understand this."})
	if s.faults++; s.faults > maxFaults {
		r.doom(s, wire.ReasonInvalid)
	}
}

func (r *Room) handle(s *session, about string, m any) {
	var out []delivery.Out
	var err error
	switch m := m.(type) {
	case wire.Ack: // its head says it all
	case wire.Join:
		r.fault(s, about)
	case wire.Moderate:
		if !r.moderate(s, m) {
			r.fault(s, about)
		}
	case wire.Remove, wire.Rules, wire.End, wire.Note, wire.Restart:
		if !r.order(s, m) {
			r.fault(s, about)
		}
	case wire.SendBack:
		if !r.sendBack(m) {
			r.fault(s, about)
		}
	case wire.Mark:
		if !r.mark(m) {
			r.fault(s, about)
		}
	case wire.Leave:
		r.leave(s, m.Body)
	case wire.Found:
		out, err = r.delivery.Found(s.id, m)
	case wire.Ask:
		out, err = r.delivery.Ask(s.id, m)
	case wire.Commit:
		if m.Relink != nil && (r.standing(s) != wire.RoleHost || !r.about.Ordered(*m.Relink)) {
			r.fault(s, about)
			break
		}
		out, err = r.commit(s, m)
	case wire.App:
		out, err = r.delivery.App(s.id, m)
	case wire.Beat:
		out, err = r.delivery.Beat(s.id, m)
	case wire.Since:
		out, err = r.delivery.Since(s.id, m)
	case wire.Sources:
		s.on = m.On
		r.speaks(s, s.speaking)
		r.others(s, wire.SourcesOf{Session: s.id, On: m.On})
		s.media.setSources(m.On)
	case wire.Speaking:
		r.speaks(s, m.On)
	case wire.View:
		s.media.setView(m.Tiles)
	case wire.Publish:
		r.negotiate(s, about, job{publish: &m})
	case wire.Subscribe:
		r.negotiate(s, about, job{subscribe: &m})
	default:
		panic("room: internal error: unhandled message " + about)
	}
	if err != nil {
		// Not counted as a fault: a client whose group was reset under it may
		// say a few things too late.
		r.tell(s, wire.Failed{About: about, Code: wire.CodeInvalid, Text: "This is out of order."})
	}
	r.deliver(out)
}

// negotiate gives an offer to the session's worker.
func (r *Room) negotiate(s *session, about string, j job) {
	switch {
	case s.media == nil:
		r.tell(s, wire.Failed{About: about, Code: wire.CodeMedia, Text: "The server forwards no media."})
	case !s.media.offer(j):
		r.tell(s, wire.Failed{About: about, Code: wire.CodeRate, Text: "Too many offers at once."})
	}
}
