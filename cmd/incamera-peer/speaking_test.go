package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/signaling/wire"
)

// A seating is what one participant was told of its seats for sound.
type seating struct {
	mu       sync.Mutex
	maps     [][]wire.SessionID // in order; each the owners of all seats for sound
	answered int                // offers of its subscribe connection
}

func (s *seating) took(text []byte) {
	_, m, err := wire.DecodeServer(text)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m := m.(type) {
	case wire.Subscribed:
		s.answered++
	case wire.Seats:
		var owners []wire.SessionID
		for _, seat := range m.Seats {
			if seat.Source == wire.SourceMic {
				owners = append(owners, seat.Session)
			}
		}
		s.maps = append(s.maps, owners)
	}
}

// read returns the maps so far.
func (s *seating) read() [][]wire.SessionID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.maps)
}

// latest returns the latest map, and how many there were.
func (s *seating) latest() (owners []wire.SessionID, n int) {
	maps := s.read()
	if len(maps) == 0 {
		return nil, 0
	}
	return maps[len(maps)-1], len(maps)
}

// speak has a peer say that it speaks, or has stopped.
func (p *peer) speak(is bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if err := p.Speak(ctx, is); err != nil {
		p.t.Fatalf("%s says whether he speaks: %v", p.name, err)
	}
}

// TestMoreMicrophonesThanSeats: of twenty real microphones a listener with
// sixteen seats hears whoever speaks, by the next map of his seats; nobody is cut
// for it who speaks, and when all speak at once each is heard in his turn. Bounds
// are in maps, and nothing is negotiated.
func TestMoreMicrophonesThanSeats(t *testing.T) {
	const people = 20
	const patience = 90 * time.Second // of a busy machine; no more than that it gets there is judged
	l := newMeeting(t, startServer(t, "127.0.0.1:0").url)
	var seats seating
	watcher := enterAs(t, client.Config{Link: l, Name: "Watcher", Seats: map[wire.Source]int{mic: 16}, Took: seats.took})
	all := []*peer{watcher}
	for i := range people {
		all = append(all, enterAs(t, client.Config{Link: l, Name: fmt.Sprintf("Mic %d", i), Publish: []wire.Source{mic}, Seats: map[wire.Source]int{}}))
	}
	until(t, "all in one epoch", patience, func() bool {
		for _, p := range all {
			if r := p.Report(); len(r.Members) != len(all) || r.Epoch != watcher.Report().Epoch {
				return false
			}
		}
		return true
	})
	talkers := all[1:]
	session := func(p *peer) wire.SessionID { return wire.SessionID(p.Report().Session) }
	on := func(owners []wire.SessionID, p *peer) bool { return slices.Contains(owners, session(p)) }
	until(t, "all seats are taken", patience, func() bool {
		owners, _ := seats.latest()
		return len(owners) == 16 && !slices.Contains(owners, "")
	})
	until(t, "everybody knows that many microphones are open", patience, func() bool {
		for _, p := range talkers {
			open := 0
			for _, m := range p.Report().Members {
				if m.Self || m.State != nil && m.State.Mic {
					open++
				}
			}
			if open <= 16 {
				return false
			}
		}
		return true
	})
	var silent, seated []*peer
	owners, _ := seats.latest()
	for _, p := range talkers {
		if on(owners, p) {
			seated = append(seated, p)
		} else {
			silent = append(silent, p)
		}
	}
	if len(silent) != people-16 {
		t.Fatalf("%d of %d are on no seat", len(silent), people)
	}
	for _, p := range silent {
		if n := watcher.from(p.name, mic).Packets; n > 0 {
			t.Errorf("%d packets of %s, who is on no seat", n, p.name)
		}
	}

	// hears waits for the sound of one who has begun to speak, and fails if another
	// map came first, or moved anybody else. It returns how many maps there were.
	hears := func(p *peer, before int) int {
		t.Helper()
		shows(t, p, watcher, 10, mic)
		maps := seats.read()
		if first := maps[min(before, len(maps)-1)]; !on(first, p) {
			t.Errorf("%s spoke, and the next map is %v", p.name, first)
		}
		for i := before; i < len(maps); i++ {
			changed := 0
			for seat, owner := range maps[i] {
				if owner != maps[i-1][seat] {
					changed++
				}
			}
			if changed != 1 {
				t.Errorf("for %s %d seats changed their owners", p.name, changed)
			}
		}
		return len(maps)
	}

	// The lecturer speaks all along; the others who had no seat have a word each,
	// then some who had one.
	lecturer := silent[0]
	_, quiet := seats.latest()
	lecturer.speak(true)
	hears(lecturer, quiet)
	for _, p := range append(slices.Clone(silent[1:]), seated[:8]...) {
		_, before := seats.latest()
		p.speak(true)
		after := hears(p, before)
		p.speak(false)
		if after > before+1 {
			t.Errorf("%d maps for one who speaks", after-before)
		}
	}
	maps := seats.read()
	for i := range maps {
		if i > 0 && on(maps[i-1], lecturer) && !on(maps[i], lecturer) {
			t.Error("the lecturer was cut")
		}
	}

	// All speak at once: sixteen are heard, and the others follow, one with each map.
	_, before := seats.latest()
	for _, p := range talkers {
		p.speak(true)
	}
	waits := func() (waiting []string) {
		maps := seats.read()[before-1:]
		for _, p := range talkers {
			if !slices.ContainsFunc(maps, func(owners []wire.SessionID) bool { return on(owners, p) }) {
				waiting = append(waiting, p.name)
			}
		}
		return waiting
	}
	until(t, "each was heard", patience, func() bool { return len(waits()) == 0 })
	if _, after := seats.latest(); after-before > 2*people {
		t.Errorf("%d maps until each of %d was heard", after-before, people)
	}

	// Nothing was negotiated for it, and all that came was as it was sent. (While so
	// many join at once, some of what is said comes too late to be read; and what comes on a seat before
	// the map of it is not opened.)
	seats.mu.Lock()
	answered := seats.answered
	seats.mu.Unlock()
	if answered != 1 {
		t.Errorf("the seats were negotiated %d times", answered)
	}
	for _, r := range watcher.Report().Received {
		if r.Frames != r.ClipFrames || r.Dropped["badTag"]+r.Dropped["malformed"] > 0 {
			t.Errorf("of %q %d of %d frames are of the clip, dropped %v", r.Name, r.ClipFrames, r.Frames, r.Dropped)
		}
	}
	for _, p := range all {
		if errs := p.Report().Errors; len(errs) > 0 {
			t.Errorf("%s: %q", p.name, errs)
		}
	}
}
