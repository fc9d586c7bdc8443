package room

import "incamera/signaling/wire"

// Bounds of what is kept for one session until the client acknowledges it
// (PROTOCOL.md 1.2). Larger, and one client that stopped reading costs the
// server more; smaller, and a short break in a busy meeting ends a session.
const (
	maxUnacked      = 1024
	maxUnackedBytes = 8 << 20
)

// An outbox numbers what a session is sent and keeps it until it is
// acknowledged. The zero value is empty and counts from 1. Not safe for
// concurrent use.
type outbox struct {
	sent  uint32 // number of the latest
	queue []*wire.Prepared
	bytes int
}

// add keeps p and returns its number. It fails when the client is too far
// behind.
func (o *outbox) add(p *wire.Prepared) (n uint32, ok bool) {
	if len(o.queue) == maxUnacked || o.bytes+p.Size() > maxUnackedBytes {
		return 0, false
	}
	o.queue = append(o.queue, p)
	o.bytes += p.Size()
	o.sent++
	return o.sent, true
}

// acked forgets what the client has, everything up to n. An n acknowledged
// before changes nothing. It fails when n was never sent.
func (o *outbox) acked(n uint32) bool {
	if n > o.sent {
		return false
	}
	for len(o.queue) > 0 && o.first() <= n {
		o.bytes -= o.queue[0].Size()
		o.queue[0] = nil // the array may live on; the message must not
		o.queue = o.queue[1:]
	}
	return true
}

// first is the number of the oldest message kept, or of the next when none is.
func (o *outbox) first() uint32 { return o.sent - uint32(len(o.queue)) + 1 }

// reaches reports whether a client that has everything up to n misses only
// what is kept.
func (o *outbox) reaches(n uint32) bool { return n <= o.sent && n+1 >= o.first() }
