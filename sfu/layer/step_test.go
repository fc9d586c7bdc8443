package layer

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestLadder(t *testing.T) {
	three, two, one := Rates{40, 60, 100}, Rates{600, 1000}, Rates{5000}
	none := Rates{}
	for _, tc := range []struct {
		name  string
		rates [Count]Rates
		calm  bool
		want  [Steps]int64
	}{
		{"nothing", [Count]Rates{}, false, [Steps]int64{}},
		{"two, three and one", [Count]Rates{three, two, one}, false, [Steps]int64{40, 60, 100, 600, 1000, 0, 5000}},
		{"a quarter of the frames of the smallest only", [Count]Rates{three, three, three}, false, [Steps]int64{40, 60, 100, 0, 60, 100, 0, 60, 100}},
		{"the smallest that is there", [Count]Rates{none, three, three}, false, [Steps]int64{0, 0, 0, 40, 60, 100, 0, 60, 100}},
		{"calm", [Count]Rates{three, two, one}, true, [Steps]int64{40, 60, 0, 600, 0, 0, 5000}},
	} {
		if got := Ladder(tc.rates, tc.calm); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	for height, want := range map[int]bool{0: true, 120: true, 121: false, 720: false} {
		if Calm(height) != want {
			t.Errorf("%d lines: %v, want %v", height, !want, want)
		}
	}
}

// settled returns a selector that sends a layer.
func settled(index int) Selector {
	now := time.Unix(1000, 0)
	s := New()
	s.Want(index)
	s.Update(all(now), now)
	s.Packet(index, true, true)
	s.Frame(Frame{Key: true})
	return s
}

func TestFramesGoDownAtOnceAndUpAtSyncFrames(t *testing.T) {
	s := settled(1)
	for i, step := range []struct {
		limit, calmest int
		temporal       int
		key, sync      bool
		forward        bool
	}{
		{Unlimited, 2, 0, true, false, true},
		{Unlimited, 2, 2, false, false, true},
		{Unlimited, 2, 3, false, true, false}, // nobody sends a fourth layer
		{Step(1, 2), 2, 2, false, false, true},
		{Step(1, 1), 2, 2, false, true, false}, // down, at once
		{Step(1, 1), 2, 1, false, false, true},
		{Step(1, 0), 2, 1, false, true, false},
		{Step(1, 0), 2, 0, false, false, true},
		{Unlimited, 2, 1, false, false, false}, // it may need one that was not sent
		{Unlimited, 2, 2, false, true, false},  // those of layer 1 may be needed next
		{Unlimited, 2, 0, false, false, true},  // what is above may still need older ones
		{Unlimited, 2, 2, false, false, false},
		{Unlimited, 2, 1, false, true, true},
		{Unlimited, 2, 2, false, false, false},
		{Unlimited, 2, 1, false, false, true},
		{Unlimited, 2, 2, false, true, true},
		{Unlimited, 2, 2, false, false, true},
		{Unlimited, 1, 2, false, true, false}, // for the size of the tile
		{Step(1, 0), 1, 1, false, true, false},
		{Unlimited, 2, 0, true, false, true}, // from a key frame all
		{Unlimited, 2, 2, false, false, true},
		{Step(0, 2), 2, 2, false, true, false}, // the layer is too large: the least of it
		{Step(0, 2), 2, 1, false, true, false},
		{Step(0, 2), 2, 0, false, false, true},
		{Step(2, 0), 2, 1, false, true, true}, // a smaller one than may be: all of it
		{Step(2, 0), 1, 2, false, true, false},
	} {
		s.Limit(step.limit, step.calmest)
		if got := s.Frame(Frame{Temporal: step.temporal, Key: step.key, Sync: step.sync}); got != step.forward {
			t.Fatalf("step %d: %v, want %v", i, got, step.forward)
		}
	}
}

// TestFramesGoUpWhereItIsSaid: after a frame that was sent, and says so, all go.
func TestFramesGoUpWhereItIsSaid(t *testing.T) {
	s := settled(1)
	s.Limit(Step(1, 0), 2)
	s.Frame(Frame{})
	s.Limit(Unlimited, 2)
	for i, step := range []struct {
		Frame
		forward bool
	}{
		{Frame{Temporal: 2, Up: true}, false}, // it was not sent
		{Frame{Temporal: 1}, false},
		{Frame{Up: true}, true},
		{Frame{Temporal: 2}, true},
		{Frame{Temporal: 1}, true},
	} {
		if got := s.Frame(step.Frame); got != step.forward {
			t.Fatalf("step %d: %v, want %v", i, got, step.forward)
		}
	}
	s.Limit(Step(1, 1), 2)
	if !s.Frame(Frame{Up: true}) || s.Frame(Frame{Temporal: 2}) {
		t.Error("more goes than may")
	}
}

// TestNoFrameMissesAnother: whatever the limits, of each frame that is sent all
// are that it may need; and when they are lifted, all are sent before long.
func TestNoFrameMissesAnother(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		s := settled(1)
		// By temporal layer: the latest frame that was sent, and the latest that there was.
		var sent, were [Temporals]int
		for n := 1; n < 400; n++ {
			switch {
			case n == 300:
				s.Limit(Unlimited, Temporals-1)
			case n < 300 && rng.IntN(6) == 0:
				s.Limit(rng.IntN(Unlimited+1), rng.IntN(Temporals))
			}
			// 0 2 1 2, in each second of which the upper two begin anew.
			layer, sync := [...]int{0, 2, 1, 2}[n%4], n%8 == 1 || n%8 == 2
			key := layer == 0 && rng.IntN(20) == 0
			forward := s.Frame(Frame{Temporal: layer, Key: key, Sync: sync})
			switch {
			case key:
				for i := range were { // what was before is needed no more
					were[i] = n
				}
				sent = were
			case sync:
				if forward && sent[0] != were[0] {
					t.Fatalf("seed %d, frame %d: of the lowest layer one is missed", seed, n)
				}
			case forward:
				for i := range layer + 1 {
					if sent[i] != were[i] {
						t.Fatalf("seed %d, frame %d of layer %d: one of layer %d is missed", seed, n, layer, i)
					}
				}
			}
			if layer == 0 && !forward {
				t.Fatalf("seed %d, frame %d: one of the lowest layer is not sent", seed, n)
			}
			were[layer] = n
			if forward {
				sent[layer] = n
			}
			if n > 320 && !forward {
				t.Fatalf("seed %d: frame %d is not sent", seed, n)
			}
		}
	}
}
