package allocate

import (
	"slices"
	"time"
)

const (
	floorSteps = 4
	floorStep  = 500 * time.Millisecond
	// leap is a rise that only a probe finds, which has seen that it is there.
	leap = 1.3
)

// A Floor is the least that there was in the last two seconds: what is sure to be
// there. Not safe for concurrent use. The zero value is ready.
type Floor struct {
	begun  bool
	least  [floorSteps]int64
	step   time.Duration // when the current one began
	latest int64
}

// Update takes what there is, and returns what was there for a while.
func (f *Floor) Update(rate int64, now time.Duration) (sure int64) {
	if !f.begun || float64(rate) > leap*float64(f.latest) {
		*f = Floor{begun: true, step: now, latest: rate}
		for i := range f.least {
			f.least[i] = rate
		}
		return rate
	}
	f.latest = rate
	for range floorSteps {
		if now-f.step < floorStep {
			break
		}
		copy(f.least[1:], f.least[:])
		f.least[0], f.step = rate, f.step+floorStep
	}
	if now-f.step >= floorStep {
		f.step = now
	}
	f.least[0] = min(f.least[0], rate)
	return slices.Min(f.least[:])
}
