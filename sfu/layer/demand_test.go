package layer

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestDemand(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	d := NewDemand()
	for _, step := range []struct {
		after   time.Duration // from the start
		watched int
		told    int
		changed bool
		why     string
	}{
		{0, 0, 3, false, "nobody yet: all layers, for a while"},
		{4900 * time.Millisecond, 0, 3, false, "not long enough"},
		{5 * time.Second, 0, 0, true, "nobody for 5 s"},
		{6 * time.Second, 2, 2, true, "more: at once"},
		{7 * time.Second, 2, 2, false, "no news"},
		{8 * time.Second, 0, 2, false, "fewer"},
		{9 * time.Second, 2, 2, false, "and back"},
		{14 * time.Second, 0, 2, false, "the time counts anew"},
		{16 * time.Second, 1, 2, false, "a little more meanwhile"},
		{19 * time.Second, 0, 1, true, "the most of the last 5 s counts"},
		{20 * time.Second, 0, 1, false, "less still"},
		{25 * time.Second, 0, 0, true, "for 5 s"},
		{26 * time.Second, 3, 3, true, "all, at once"},
	} {
		changed := d.Update(step.watched, start.Add(step.after))
		if changed != step.changed || d.Told() != step.told {
			t.Errorf("%s (%v): %d, %v; want %d, %v", step.why, step.after, d.Told(), changed, step.told, step.changed)
		}
	}
}

// TestDemandIsNeverTooLow: whatever happens, what is watched is sent.
func TestDemandIsNeverTooLow(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		d, now := NewDemand(), time.Unix(1_000_000, 0)
		for range 200 {
			now = now.Add(time.Duration(rng.IntN(3000)) * time.Millisecond)
			watched := rng.IntN(Count + 1)
			before := d.Told()
			changed := d.Update(watched, now)
			if d.Told() < watched || changed != (d.Told() != before) {
				t.Fatalf("seed %d: %d told, %d watched, changed %v", seed, d.Told(), watched, changed)
			}
		}
	}
}
