package layer

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestSpatialLayersGoDownAtOnceAndUpAtFreshPictures: what is above was not sent, so
// that it is only taken up by a picture that needs none before it.
func TestSpatialLayersGoDownAtOnceAndUpAtFreshPictures(t *testing.T) {
	now := time.Unix(1000, 0)
	s := New()
	s.Want(1)
	s.Update(all(now), now)
	if s.Packet(0, true, true) != Switch {
		t.Fatal("the stream that has all layers is not taken")
	}
	for i, step := range []struct {
		wanted int
		fresh  bool
		top    int
		need   bool
	}{
		{1, true, 1, false},
		{2, false, 1, true},
		{2, true, 2, false},
		{0, false, 0, false}, // for less no key frame is needed
		{1, false, 0, true},
		{0, false, 0, false},
		{2, true, 2, false},
		{1, true, 1, false},
	} {
		s.Want(step.wanted)
		s.Picture(step.fresh)
		if need := s.Update(all(now), now); s.Current() != step.top || need != step.need {
			t.Fatalf("step %d: up to %d, a key frame is needed: %v, want %+v", i, s.Current(), need, step)
		}
		if s.Packet(0, false, true) != Forward {
			t.Fatalf("step %d: a packet of the stream is not for the seat", i)
		}
	}
	// What is not sent is not asked for, and taken from its first picture on.
	s.Want(2)
	s.Picture(true)
	if s.Update([Count]time.Time{now, now}, now) || s.Current() != 2 {
		t.Error("a layer that is not there is asked for")
	}
	// Of simulcast any other layer needs a key frame.
	s.Reset()
	s.Want(2)
	s.Update(all(now), now)
	s.Packet(2, true, true)
	s.Want(1)
	if !s.Update(all(now), now) {
		t.Error("a smaller picture of simulcast needs no key frame")
	}
}

// TestNoSpatialFrameMissesAnother: whatever is wanted, of each frame that is sent
// all are that it needs, in a stream whose layers need each other in key pictures
// only; and what is wanted is there from the next key picture on.
func TestNoSpatialFrameMissesAnother(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 11))
		now := time.Unix(1000, 0)
		s := New()
		s.Update(all(now), now)
		wanted := 0
		var sent, were [Count]int // of each layer: the latest picture of all frame rates that was sent, and that there was
		for n := range 400 {
			if rng.IntN(5) == 0 {
				wanted = rng.IntN(Count)
				s.Want(wanted)
				s.Limit(Step(wanted, rng.IntN(Temporals)), Temporals-1)
			}
			key := n == 0 || rng.IntN(30) == 0
			temporal := [...]int{0, 2, 1, 2}[n%4]
			if key {
				temporal = 0
			}
			if n == 0 && s.Packet(0, true, true) != Switch {
				t.Fatal("it does not begin")
			}
			s.Picture(key)
			whole := s.Frame(Frame{Temporal: temporal, Key: key, Up: temporal == 0}) // each refers to the latest of the lowest rate
			if key && s.Current() != wanted {
				t.Fatalf("seed %d, key picture %d: up to %d, want %d", seed, n, s.Current(), wanted)
			}
			for spatial := range Count {
				forward := whole && spatial <= s.Current()
				switch {
				case forward && key && spatial > 0 && sent[spatial-1] != n:
					t.Fatalf("seed %d, key picture %d: layer %d without the one below", seed, n, spatial)
				case forward && !key && sent[spatial] != were[spatial]:
					t.Fatalf("seed %d, picture %d, layer %d: one is missed", seed, n, spatial)
				}
				if temporal == 0 {
					were[spatial] = n
					if forward {
						sent[spatial] = n
					} else if key {
						sent[spatial] = -1
					}
				}
			}
		}
	}
}

func TestTops(t *testing.T) {
	var tops Tops
	if tops.At(5) != None {
		t.Error("what holds nothing knows of a picture")
	}
	begin := int64(0xffff_ff00) // it wraps
	for i, top := range []int{2, 2, 1, 0, 2} {
		tops.Begin(uint32(begin+100*int64(i)), top)
	}
	for i, want := range []int{2, 2, 1, 0, 2, 2} {
		if got := tops.At(uint32(begin + 100*int64(i))); got != want {
			t.Errorf("picture %d was sent up to %d, want %d", i, got, want)
		}
		if got := tops.At(uint32(begin + 100*int64(i) + 99)); got != want {
			t.Errorf("what is just before picture %d was sent up to %d, want %d", i+1, got, want)
		}
	}
	if got := tops.At(uint32(begin - 1)); got != None {
		t.Errorf("from before the first picture %d is known", got)
	}
	tops.Begin(uint32(begin+400), 1) // the same picture, of which the first packet came late
	tops.Begin(uint32(begin+500), 0)
	for i, want := range []int{None, None, 1, 0, 1, 0} { // the oldest is forgotten
		if got := tops.At(uint32(begin + 100*int64(i))); got != want {
			t.Errorf("picture %d was sent up to %d, want %d", i, got, want)
		}
	}
}

func TestOver(t *testing.T) {
	for _, tc := range []struct{ own, below, want Rates }{
		{Rates{}, Rates{}, Rates{}},
		{Rates{1, 2, 3}, Rates{}, Rates{1, 2, 3}},
		{Rates{1, 2, 3}, Rates{10, 20, 30}, Rates{11, 22, 33}},
		{Rates{1}, Rates{10, 20, 30}, Rates{11, 21, 31}},
		{Rates{1, 2}, Rates{10}, Rates{11, 12}},
	} {
		if got := tc.own.Over(tc.below); got != tc.want {
			t.Errorf("%v over %v is %v, want %v", tc.own, tc.below, got, tc.want)
		}
	}
}
