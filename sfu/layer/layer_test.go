package layer

import (
	"testing"
	"time"
)

func TestFor(t *testing.T) {
	for height, want := range map[int]int{0: 0, 90: 0, 180: 0, 181: 1, 360: 1, 361: 2, 1080: 2} {
		if got := For(height); got != want {
			t.Errorf("For(%d) = %d, want %d", height, got, want)
		}
	}
}

func TestBestFallsBackToWhatIsSent(t *testing.T) {
	now := time.Unix(1000, 0)
	fresh, stale := now.Add(-AliveFor+1), now.Add(-AliveFor)
	never := time.Time{}
	for _, tc := range []struct {
		wanted int
		last   [Count]time.Time
		want   int
	}{
		{2, [Count]time.Time{fresh, fresh, fresh}, 2},
		{2, [Count]time.Time{fresh, fresh, stale}, 1},
		{2, [Count]time.Time{fresh, never, never}, 0},
		{0, [Count]time.Time{never, fresh, fresh}, 1},
		{0, [Count]time.Time{stale, never, fresh}, 2},
		{1, [Count]time.Time{}, None},
	} {
		if got := Best(tc.wanted, tc.last, now); got != tc.want {
			t.Errorf("Best(%d, %v) = %d, want %d", tc.wanted, tc.last, got, tc.want)
		}
	}
}

// all is when each layer's latest packet came: now.
func all(now time.Time) [Count]time.Time { return [Count]time.Time{now, now, now} }

func TestSelectorSwitchesAtKeyFramesOfTheTarget(t *testing.T) {
	now := time.Unix(1000, 0)
	s := New()
	s.Want(0)
	if !s.Update(all(now), now) || s.Target() != 0 {
		t.Fatal("an empty seat needs no key frame")
	}
	for i, step := range []struct {
		index       int
		key, newest bool
		want        Decision
	}{
		{0, false, true, Request},
		{1, false, true, Drop},
		{0, true, false, Request}, // a key frame repeated by a probe
		{0, true, true, Switch},
		{0, false, true, Forward},
		{0, false, false, Forward},
		{1, true, true, Drop}, // not the target
	} {
		if got := s.Packet(step.index, step.key, step.newest); got != step.want {
			t.Fatalf("step %d: %d, want %d", i, got, step.want)
		}
	}
	s.Want(2)
	if !s.Update(all(now), now) {
		t.Fatal("a larger tile needs no key frame")
	}
	for i, step := range []struct {
		index       int
		key, newest bool
		want        Decision
	}{
		{2, false, true, Drop},
		{0, false, true, Forward}, // held until then
		{1, true, true, Drop},
		{2, true, false, Drop},
		{2, true, true, Switch},
		{0, true, true, Drop},
		{2, false, true, Forward},
	} {
		if got := s.Packet(step.index, step.key, step.newest); got != step.want {
			t.Fatalf("after the change, step %d: %d, want %d", i, got, step.want)
		}
	}
	if s.Update(all(now), now) {
		t.Error("a seat that has its target asks for key frames")
	}
}

func TestSelectorTakesAnyLayerFirst(t *testing.T) {
	now := time.Unix(1000, 0)
	s := New()
	s.Want(2)
	s.Update(all(now), now)
	if got := s.Packet(0, true, true); got != Switch {
		t.Errorf("a small layer is not shown while the large one is awaited: %d", got)
	}
	if !s.Update(all(now), now) || s.Target() != 2 {
		t.Error("the large layer is no longer aimed for")
	}
}

func TestSelectorPauses(t *testing.T) {
	now := time.Unix(1000, 0)
	s := New()
	s.Want(1)
	s.Update(all(now), now)
	s.Packet(1, true, true)
	s.Pause(true)
	if s.Update(all(now), now) || s.Current() != None || s.Target() != None {
		t.Error("who is paused needs key frames")
	}
	for _, key := range []bool{true, false} {
		if got := s.Packet(1, key, true); got != Drop {
			t.Errorf("a packet of who is paused: %d", got)
		}
	}
	s.Pause(false)
	if got := s.Packet(1, false, true); got != Request {
		t.Errorf("it goes on in the middle: %d", got)
	}
	if !s.Update(all(now), now) || s.Packet(1, true, true) != Switch {
		t.Error("it does not go on at a key frame")
	}
}

func TestSelectorLeavesADeadLayer(t *testing.T) {
	now := time.Unix(1000, 0)
	s := New()
	s.Want(2)
	s.Update(all(now), now)
	s.Packet(2, true, true)
	later := now.Add(AliveFor)
	if !s.Update([Count]time.Time{later, later, now}, later) || s.Target() != 1 {
		t.Fatal("a dead layer is kept")
	}
	if got := s.Packet(1, true, true); got != Switch {
		t.Errorf("the next layer is not taken: %d", got)
	}
	if s.Update([Count]time.Time{}, later) || s.Target() != None || s.Current() != 1 {
		t.Error("with nothing alive the current layer is not held")
	}
	s.Reset()
	if s.Current() != None || s.Packet(0, false, true) != Request {
		t.Error("a reset selector holds on")
	}
}
