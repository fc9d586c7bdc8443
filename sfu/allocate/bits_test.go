package allocate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// usual is what the layers of a camera take.
var usual = [Steps]int64{q: 150_000, h: 500_000, f: 1_700_000}

// The steps of layers of which there is one frame rate.
const (
	q = 0
	h = Rates
	f = 2 * Rates
)

// steps is what the layers of a camera take at half of the frames, and at all;
// of the smallest also at a quarter.
var steps = [Steps]int64{60_000, 90_000, 150_000, 0, 300_000, 500_000, 0, 1_000_000, 1_700_000}

func claims(n, wanted, now int) []Claim {
	out := make([]Claim, n)
	for i := range out {
		out[i] = Claim{Wanted: wanted, Rates: usual, Now: now}
	}
	return out
}

// stepped are claims of cameras that have temporal layers.
func stepped(n, now int) []Claim {
	out := claims(n, Steps-1, now)
	for i := range out {
		out[i].Rates = steps
	}
	return out
}

const later = time.Hour

func TestBits(t *testing.T) {
	prominent := claims(4, f, Nothing)
	prominent[1].Prominent = true
	alone := claims(1, f, Nothing)
	alone[0].Prominent = true
	absent := claims(1, q, Nothing)
	absent[0].Rates = [Steps]int64{f: 900_000}
	speaks := stepped(4, Nothing)
	speaks[1].Prominent = true
	recent := claims(1, f, q)
	recent[0].Changed = later - upgradeEvery + 1
	for _, c := range []struct {
		name    string
		claims  []Claim
		budget  Budget
		want    []int
		missing int64
	}{
		{"nobody", nil, Budget{1, 1}, []int{}, 0},
		{"enough", claims(3, f, Nothing), Budget{10_000_000, 10_000_000}, []int{f, f, f}, 0},
		{"small tiles", claims(3, q, Nothing), Budget{10_000_000, 10_000_000}, []int{q, q, q}, 0},
		{"the least for all before more for one", claims(3, f, Nothing), Budget{850_000, 850_000}, []int{h, q, q}, 300_000},
		{"the last goes without", claims(4, f, Nothing), Budget{460_000, 460_000}, []int{q, q, q, Nothing}, 140_000},
		{"who speaks climbs first", prominent, Budget{2_200_000, 2_200_000}, []int{q, f, q, q}, 300_000},
		{"who speaks is never paused", alone, Budget{80_000, 80_000}, []int{q}, 420_000},
		{"only a high layer is there", absent, Budget{1_000_000, 1_000_000}, []int{f}, 0},
		{"what is sent stays while there is enough for it", claims(1, f, f), Budget{1_800_000, 600_000}, []int{f}, 0},
		{"what is not sent waits until it is sure", claims(1, f, h), Budget{1_800_000, 600_000}, []int{h}, 1_100_000},
		{"so does who is paused", claims(1, f, Nothing), Budget{200_000, 100_000}, []int{Nothing}, 50_000},
		{"the frames of all before more for one", speaks, Budget{800_000, 800_000}, []int{q + 2, h + 1, q + 2, q + 2}, 150_000},
		{"and also where that is little", speaks, Budget{560_000, 560_000}, []int{q + 2, q + 2, q + 2, q + 1}, 40_000},
		{"half of the frames before fewer pictures", stepped(3, Nothing), Budget{250_000, 250_000}, []int{q + 1, q + 1, q}, 50_000},
		{"nobody goes without for want of frames", stepped(4, Nothing), Budget{460_000, 460_000}, []int{q + 2, q + 1, q + 1, q + 1}, 20_000},
		{"half of the frames of a larger picture", stepped(1, Nothing), Budget{400_000, 400_000}, []int{h + 1}, 100_000},
		{"fewer frames before a smaller picture", stepped(1, f+2), Budget{1_100_000, 1_100_000}, []int{f + 1}, 600_000},
		{"what a probe looks for is all frames", stepped(1, q+2), Budget{200_000, 200_000}, []int{q + 2}, 300_000},
		{"not twice in a short time", recent, Budget{9_000_000, 9_000_000}, []int{q}, 0},
	} {
		got, missing := Bits(c.claims, c.budget, later)
		if !slices.Equal(got, c.want) || missing != c.missing {
			t.Errorf("%s: %v, %d missing; want %v, %d", c.name, got, missing, c.want, c.missing)
		}
	}
}

// TestBitsHolds: whatever is claimed, what is given is there, fits the tile
// where it can, is within the budget but for the least of who is prominent, and
// who is prominent has at least as much as those that want no more.
func TestBitsHolds(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 5))
		claims := make([]Claim, rng.IntN(12))
		for i := range claims {
			c := &claims[i]
			c.Wanted, c.Now = rng.IntN(Steps), rng.IntN(Steps+1)-1
			for l := range c.Rates {
				if rng.IntN(4) > 0 {
					c.Rates[l] = steps[l]
				}
			}
			c.Prominent = i == 0 && rng.IntN(2) == 0
			c.Changed = later - time.Duration(rng.IntN(4000))*time.Millisecond
		}
		b := Budget{Now: rng.Int64N(6_000_000)}
		b.Sure = rng.Int64N(b.Now + 1)
		got, _ := Bits(claims, b, later)
		used, free := int64(0), int64(0)
		for i, step := range got {
			c := claims[i]
			if step == Nothing {
				if c.Prominent && c.above(Nothing) != Nothing {
					t.Fatalf("seed %d: who is prominent is paused", seed)
				}
				continue
			}
			if c.Rates[step] == 0 {
				t.Fatalf("seed %d: step %d of claim %d is not there", seed, step, i)
			}
			if lowest := c.above(Nothing); step > c.Wanted && step != lowest {
				t.Fatalf("seed %d: claim %d gets %d and wants %d", seed, i, step, c.Wanted)
			} else if c.Prominent {
				free = c.Rates[lowest]
			}
			used += c.Rates[step]
		}
		if used > max(b.Now, free) {
			t.Fatalf("seed %d: %d of %d are given", seed, used, b.Now)
		}
	}
}

// TestBitsIsSteady: an estimate that wavers changes no seat more often than
// every two seconds upwards, and what has settled changes nothing.
func TestBitsIsSteady(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 5))
		seats := claims(6, f, Nothing)
		seats[0].Prominent = true
		ups, window := make([]time.Duration, len(seats)), []int64{}
		changes := 0
		for now := upgradeEvery; now < 60*time.Second; now += 300 * time.Millisecond {
			rate := 2_600_000 + rng.Int64N(500_000) // the difference is that of no layer
			window = append(window, rate)
			if len(window) > 12 {
				window = window[1:]
			}
			got, _ := Bits(seats, Budget{rate, slices.Min(window)}, now)
			for i, step := range got {
				if step == seats[i].Now {
					continue
				}
				if step > seats[i].Now && seats[i].Now != Nothing {
					if now-ups[i] < upgradeEvery {
						t.Fatalf("seed %d: seat %d goes up twice within %v", seed, i, now-ups[i])
					}
					ups[i] = now
				}
				seats[i].Now, seats[i].Changed = step, now
				if now > 20*time.Second {
					changes++
				}
			}
		}
		if changes > 4 {
			t.Errorf("seed %d: %d changes in 40 s", seed, changes)
		}
	}
}

func TestFloor(t *testing.T) {
	var f Floor
	for i, step := range []struct {
		at   time.Duration
		rate int64
		want int64
	}{
		{0, 1000, 1000},
		{300 * time.Millisecond, 900, 900},
		{600 * time.Millisecond, 1100, 900},
		{1900 * time.Millisecond, 1100, 900},
		{2600 * time.Millisecond, 1100, 1100},
		{2700 * time.Millisecond, 500, 500},
		{2800 * time.Millisecond, 1000, 1000}, // a probe has found it
		{2900 * time.Millisecond, 990, 990},
		{9 * time.Second, 1200, 1200},
	} {
		if got := f.Update(step.rate, step.at); got != step.want {
			t.Errorf("step %d: %d, want %d", i, got, step.want)
		}
	}
}

func TestAvailable(t *testing.T) {
	claims := []Claim{{Wanted: Steps - 1, Rates: [Steps]int64{50, 100, h: 300}}, {Rates: [Steps]int64{h: 400, f: 900}}, {}}
	for _, c := range []struct {
		estimate, reserved int64
		proven             bool
		want               int64
	}{
		{1000, 50, true, 900},
		{1000, 50, false, 900},
		{200, 50, true, 140},
		{200, 50, false, 500}, // the least of the two that are there
		{0, 50, true, -50},
	} {
		if got := Available(c.estimate, c.reserved, c.proven, claims); got != c.want {
			t.Errorf("of %d, %d for sound, proven %t, there is %d, want %d", c.estimate, c.reserved, c.proven, got, c.want)
		}
	}
}
