package signaling

import (
	"context"
	"math"
	"time"

	"incamera/signaling/wire"
)

// drainLook is how often a draining server looks whether somebody is left.
// Longer, and it ends later than it could.
const drainLook = 250 * time.Millisecond

// Drain tells everybody that the server is to stop, lets running meetings go
// on, people who come to them included, and makes no new ones. It returns when
// all meetings are empty, after the given time, or when ctx is done, whichever
// is first, with the number of people who are left. Close is to follow.
func (s *Server) Drain(ctx context.Context, most time.Duration) (left int) {
	s.draining.Store(true)
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	news := wire.Closing{Seconds: uint32(min(most.Seconds(), math.MaxUint32))}
	for _, e := range s.entries() {
		e.room.Announce(news)
	}
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for {
		if left = s.people(); left == 0 {
			return 0
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return left
		}
	}
}

// entries returns the rooms that there are now.
func (s *Server) entries() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*entry, 0, len(s.rooms))
	for _, e := range s.rooms {
		all = append(all, e)
	}
	return all
}

// people returns how many sessions there are in all rooms.
func (s *Server) people() int {
	n := 0
	for _, e := range s.entries() {
		n += e.room.People()
	}
	return n
}
