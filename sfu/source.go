package sfu

import (
	"slices"
	"sync/atomic"
	"time"

	"incamera/sfu/layer"
)

// A source is one thing that a peer publishes: its layers, and the seats that
// it is on.
type source struct {
	// Static after construction.
	server *Server
	owner  PeerID
	number int // of the owner, in the recording
	kind   Source

	// Atomic.
	layers [layer.Count]atomic.Pointer[incoming] // streams: of simulcast; the first may have all layers, as spatial ones
	seats  atomic.Pointer[[]*seat]               // immutable; written under the room's mutex

	// Layers that are watched, from the lowest. Written under the room's mutex.
	watched atomic.Int32
}

func newSource(s *Server, owner PeerID, number int, kind Source) *source {
	src := &source{server: s, owner: owner, number: number, kind: kind}
	src.seats.Store(new([]*seat))
	return src
}

// addSeat and removeSeat are called under the room's mutex.
func (s *source) addSeat(added *seat) {
	fresh := append(slices.Clone(*s.seats.Load()), added)
	s.seats.Store(&fresh)
}

func (s *source) removeSeat(gone *seat) {
	fresh := slices.DeleteFunc(slices.Clone(*s.seats.Load()), func(other *seat) bool { return other == gone })
	s.seats.Store(&fresh)
}

// count sets watched anew, and reports whether it has risen. Called under the
// room's mutex.
func (s *source) count() (risen bool) {
	most := 0
	for _, seat := range *s.seats.Load() {
		most = max(most, seat.tile.layer+1)
	}
	return int(s.watched.Swap(int32(most))) < most
}

// part returns the stream that has a layer, and as which of its spatial layers;
// nil when nothing has it.
func (s *source) part(index int) (in *incoming, spatial int) {
	if first := s.layers[0].Load(); first != nil && first.spatial.Load() {
		return first, index
	}
	return s.layers[index].Load(), 0
}

// lastPackets returns when each layer's latest packet came.
func (s *source) lastPackets() (last [layer.Count]time.Time) {
	for i := range last {
		if in, spatial := s.part(i); in != nil {
			if at := in.parts[spatial].last.Load(); at != 0 {
				last[i] = time.Unix(0, at)
			}
		}
	}
	return last
}

// usualRates stand for those of layers that are not measured yet, in bits per
// second.
var usualRates = [layer.Count]int64{150_000, 500_000, 1_700_000}

// rates returns what each layer that is being sent takes, with the spatial layers
// that it needs; nothing of those that are not sent.
func (s *source) rates(now time.Time) (rates [layer.Count]layer.Rates) {
	for i, last := range s.lastPackets() {
		if last.IsZero() || now.Sub(last) >= layer.AliveFor {
			continue
		}
		if in, spatial := s.part(i); in != nil {
			rates[i] = in.measured(spatial)
			if rates[i].Top() == layer.None {
				rates[i] = layer.Rates{layer.Temporals - 1: usualRates[i]}
			}
		}
	}
	return rates
}

// requestKeyFrame asks for a key frame of a layer, unless it does not exist.
func (s *source) requestKeyFrame(index int, now time.Time) {
	if index == layer.None {
		return
	}
	if in, _ := s.part(index); in != nil {
		in.requestKeyFrame(now)
	}
}

// restAfter is for how long a layer must be silent before its packets are let go
// of: nobody asks for them any more.
const restAfter = 4 * time.Second

// tidy sends requests that had to wait, and lets go of the packets of layers that
// are not sent any more.
func (s *source) tidy(now time.Time) {
	for i := range s.layers {
		if in := s.layers[i].Load(); in != nil {
			in.flushRequest(now)
			if at := in.parts[0].last.Load(); in.ring != nil && at != 0 && now.Sub(time.Unix(0, at)) > restAfter {
				in.ring.Rest()
			}
		}
	}
}
