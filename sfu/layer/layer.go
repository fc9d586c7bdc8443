// Package layer decides which layer of a source a seat gets, of simulcast or up to
// which spatial one of a stream, and how many of its frames.
package layer

import "time"

// None stands for no layer.
const None = -1

// Count is how many layers a source has at most: quarter, half, full size.
const Count = 3

// AliveFor is how long a layer counts as sent after its latest packet. Shorter,
// and a camera in the dark flaps; longer, and a picture stands still for that
// long when its sender gives up a layer.
const AliveFor = time.Second

// For returns the layer that suits a tile of that height in pixels. The real
// size of a source is its publisher's secret, so steps are those of 720 lines.
func For(height int) int {
	switch {
	case height <= 180:
		return 0
	case height <= 360:
		return 1
	default:
		return 2
	}
}

// Best returns the layer to aim for: the wanted one, or the closest below that
// is being sent, or the closest above; None when nothing is.
func Best(wanted int, lastPacket [Count]time.Time, now time.Time) int {
	alive := func(i int) bool { return !lastPacket[i].IsZero() && now.Sub(lastPacket[i]) < AliveFor }
	for i := wanted; i >= 0; i-- {
		if alive(i) {
			return i
		}
	}
	for i := wanted + 1; i < Count; i++ {
		if alive(i) {
			return i
		}
	}
	return None
}

// A Selector holds what one seat gets of the source that is on it. Use [New].
// Not safe for concurrent use.
type Selector struct {
	paused  bool
	wanted  int  // for the size of the tile, and what the network takes
	target  int  // to go to at its next key frame
	current int  // that is sent
	stream  int  // of simulcast, that it is of; None with current
	spatial bool // the stream has several spatial layers, of which current is the highest that is sent

	limit    int // the highest step that the network takes
	calmest  int // the highest temporal layer that suits the tile
	temporal int // the highest that is sent of the current layer
}

// New returns a selector that sends nothing yet.
func New() Selector {
	return Selector{target: None, current: None, stream: None, limit: Unlimited, calmest: Temporals - 1}
}

// Reset starts over, for another source.
func (s *Selector) Reset() { s.target, s.current, s.stream, s.spatial = None, None, None, false }

// Current returns the layer that is sent, or None.
func (s *Selector) Current() int { return s.current }

// Target returns the layer that is aimed for, or None.
func (s *Selector) Target() int { return s.target }

// Want sets the layer that suits the tile and the network.
func (s *Selector) Want(wanted int) { s.wanted = wanted }

// Limit sets how many frames go: the highest step that the network takes, or
// Unlimited, and the highest temporal layer that suits the tile.
func (s *Selector) Limit(step, temporal int) { s.limit, s.calmest = step, temporal }

// Temporal returns the highest temporal layer that is sent of the current layer.
func (s *Selector) Temporal() int { return s.temporal }

// most returns the highest temporal layer of the current layer that may be sent.
// Of a layer that is too large, until it is left at a key frame of another, the
// least.
func (s *Selector) most() int {
	switch of := Of(s.limit); {
	case s.current > of:
		return 0
	case s.current == of:
		return min(s.limit%Temporals, s.calmest)
	default:
		return s.calmest
	}
}

// A Frame is what a selector is told of one.
type Frame struct {
	Temporal int // layer
	Key      bool
	Sync     bool // it needs no other than the latest of the lowest layer
	Up       bool // what follows of higher layers needs none of theirs from before it
}

// Frame decides about a frame of the current layer that is newer than all before.
// It reports whether it is to be sent: all packets of it, or none.
//
// What is above the [Temporals] lowest is never sent. Fewer frames go from here
// on. More do when nothing is missed that they need: from a key frame, after one
// from which it is said to go up, or layer by layer from a sync frame of it.
func (s *Selector) Frame(f Frame) (forward bool) {
	most := s.most()
	if s.temporal > most || f.Key {
		s.temporal = most
	}
	if f.Sync && f.Temporal == s.temporal+1 && f.Temporal <= most {
		s.temporal = f.Temporal
	}
	forward = f.Temporal <= s.temporal
	if forward && f.Up {
		s.temporal = most
	}
	return forward
}

// Pause has nothing sent, or something again, from the next key frame on.
func (s *Selector) Pause(paused bool) {
	if s.paused = paused; paused {
		s.Reset()
	}
}

// Update chooses the target anew and reports whether a key frame of it is
// needed: of spatial layers one that is below needs none. Call it after Want, and every few hundred ms.
func (s *Selector) Update(lastPacket [Count]time.Time, now time.Time) (needKeyFrame bool) {
	if s.paused {
		return false
	}
	s.target = Best(s.wanted, lastPacket, now)
	if s.spatial {
		return s.target > s.current
	}
	return s.target != None && s.target != s.current
}

// A Decision says what to do with a packet.
type Decision uint8

// The decisions.
const (
	Drop    Decision = iota
	Forward          // it belongs to the current layer
	Switch           // forward it: its layer is the current one from here on
	Request          // drop it, and ask for a key frame of its layer
)

// Packet decides about a packet of a layer. keyFrame: a key frame begins with
// it. newest: it is later than all before. A switch needs both: bandwidth
// probes repeat old packets, and what follows an old key frame is long gone.
func (s *Selector) Packet(index int, keyFrame, newest bool) Decision {
	switch {
	case s.paused:
		return Drop
	case index == s.stream:
		return Forward
	case s.current != None && index != s.target:
		return Drop
	case keyFrame && newest:
		// With nothing shown yet any layer is better than waiting for the target.
		s.current, s.stream, s.spatial = index, index, false
		return Switch
	case s.current == None && (s.target == None || s.target == index):
		return Request
	default:
		return Drop
	}
}
