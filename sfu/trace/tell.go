package trace

import (
	"time"

	"incamera/sfu/bwe"
	"incamera/sfu/layer"
)

// NewPeer notes that somebody came, and returns the number by which he goes in
// the recording; 0 where there is none.
func (r *Recorder) NewPeer(now time.Time) int {
	if r == nil {
		return 0
	}
	n := int(r.peers.Add(1))
	r.Put(&Peer{}, n, now)
	return n
}

// A Connection tells of one subscribe connection. The nil Connection tells
// nobody. Calls are not to be concurrent.
type Connection struct {
	r            *Recorder
	peer, number int
	began        time.Time
}

// Connection returns what tells of a peer's next subscribe connection; nil where
// there is no recording.
func (r *Recorder) Connection(peer int) *Connection {
	if r == nil {
		return nil
	}
	return &Connection{r: r, peer: peer, number: int(r.connections.Add(1))}
}

// Begin tells of the estimator's guess and of the beginning of its clock.
func (c *Connection) Begin(start bwe.Bitrate, began time.Time) {
	if c == nil {
		return
	}
	c.began = began
	c.r.Put(&Subscriber{Connection: c.number, Start: start}, c.peer, began)
}

// Report tells of what [bwe.Estimator.Observe] was called with.
func (c *Connection) Report(acks []bwe.Ack, at time.Duration, e *bwe.Estimator) {
	if c == nil {
		return
	}
	c.r.Put(&Report{Connection: c.number, Acks: PackAcks(acks, at), Estimate: EstimateOf(e)}, c.peer, c.began.Add(at))
}

// REMB tells of what [bwe.Estimator.REMB] was called with.
func (c *Connection) REMB(rate bwe.Bitrate, at time.Duration, e *bwe.Estimator) {
	if c == nil {
		return
	}
	c.r.Put(&REMB{Connection: c.number, Rate: rate, Estimate: EstimateOf(e)}, c.peer, c.began.Add(at))
}

// Probe tells of what [bwe.Estimator.Probe] was called with.
func (c *Connection) Probe(wanted bwe.Bitrate, p bwe.Probe, begun bool, at time.Duration) {
	if c == nil {
		return
	}
	c.r.Put(&Probe{Connection: c.number, Wanted: wanted, Begun: begun, Rate: p.Rate, Lasts: p.Lasts}, c.peer, c.began.Add(at))
}

// A Seat tells of one seat. The nil Seat tells nobody. Calls are not to be
// concurrent.
type Seat struct {
	r            *Recorder
	peer, number int
	told         bool
	last         Aim // that was told
	alive        [layer.Count]bool
}

// Seat returns what tells of a seat that was made; nil where there is no
// recording.
func (r *Recorder) Seat(peer, number int, source string, now time.Time) *Seat {
	if r == nil {
		return nil
	}
	r.Put(&SeatMade{Seat: number, Source: source}, peer, now)
	return &Seat{r: r, peer: peer, number: number}
}

// Owner tells that the seat's selector starts over, for a source of that peer.
func (s *Seat) Owner(owner int, now time.Time) {
	if s == nil {
		return
	}
	s.told = false
	s.r.Put(&Owner{Seat: s.number, Owner: owner}, s.peer, now)
}

// Aim tells of what [layer.Selector.Update] was called with, unless all of it is
// as it was.
func (s *Seat) Aim(wanted int, paused bool, last [layer.Count]time.Time, target int, need bool, now time.Time) {
	if s == nil {
		return
	}
	a, alive := Aim{Seat: s.number, Wanted: wanted, Paused: paused, Target: target, Need: need}, [layer.Count]bool{}
	for i, at := range last {
		if a.Ages[i] = -1; !at.IsZero() {
			a.Ages[i] = max(0, now.Sub(at))
			alive[i] = a.Ages[i] < layer.AliveFor
		}
	}
	before := s.last
	before.Ages = a.Ages
	if s.told && before == a && s.alive == alive {
		return
	}
	s.told, s.last, s.alive = true, a, alive
	s.r.Put(&a, s.peer, now)
}

// Key tells of what [layer.Selector.Packet] was called with, for a key frame
// that is newest.
func (s *Seat) Key(index int, d layer.Decision, now time.Time) {
	if s == nil || d == layer.Forward {
		return
	}
	s.r.Put(&Key{Seat: s.number, Layer: index, Decision: Decision(d)}, s.peer, now)
}

// Spatial tells of what [layer.Selector.Picture] has changed.
func (s *Seat) Spatial(fresh bool, top int, now time.Time) {
	if s == nil {
		return
	}
	s.r.Put(&Spatial{Seat: s.number, Fresh: fresh, Top: top}, s.peer, now)
}
