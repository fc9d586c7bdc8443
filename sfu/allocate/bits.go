package allocate

import "time"

// A step is a picture's size and how many of its frames are sent. Rates is how
// many frame rates there are of each size at most, Steps how many steps: from the
// smallest picture that moves least to the largest that moves most. Nothing
// stands for none of them.
const (
	Rates   = 3
	Steps   = 3 * Rates
	Nothing = -1
)

// A Claim is a seat that wants a picture.
type Claim struct {
	Wanted int          // the highest step that its tile is large enough for
	Rates  [Steps]int64 // what each step takes, in bits per second; 0: it is not there
	Now    int          // what it gets, or Nothing
	// Prominent is a screen, or who speaks: it gets all it wants before others get
	// more than the least, and is never paused.
	Prominent bool
	Changed   time.Duration // when Now changed latest, on the clock of [Bits]
}

// A Budget is what there is, in bits per second.
type Budget struct {
	Now  int64 // for what is sent already
	Sure int64 // for what is not: it was there for a while
}

// upgradeEvery is how long a seat keeps a step before it gets a higher one.
// Shorter, and pictures flicker between two.
const upgradeEvery = 2 * time.Second

// Bits returns which step each claim gets, or Nothing; claims are in order of
// importance. missing is by how much the budget falls short of all the frames of
// the next thing that a claim would get: what a probe should look for. It is 0
// when all get what they want.
//
// First each gets the lowest step that is there, then step by step all frames of
// that size; then those that are prominent climb; then the others, step by step.
func Bits(claims []Claim, b Budget, now time.Duration) (got []int, missing int64) {
	a := allocation{claims: claims, budget: b, now: now, got: make([]int, len(claims))}
	for i := range claims {
		a.got[i] = Nothing
	}
	for i := range claims {
		a.climb(i, true)
	}
	a.rounds(func(i int) bool { return a.got[i] < claims[i].least() })
	for i := range claims {
		if claims[i].Prominent {
			for a.climb(i, false) {
			}
		}
	}
	a.rounds(func(int) bool { return true })
	return a.got, a.missing
}

// rounds has each of those that may climb a step in each round.
func (a *allocation) rounds(may func(int) bool) {
	for climbed := true; climbed; {
		climbed = false
		for i := range a.claims {
			if may(i) && a.climb(i, false) {
				climbed = true
			}
		}
	}
}

type allocation struct {
	claims  []Claim
	budget  Budget
	now     time.Duration
	got     []int
	used    int64
	missing int64
}

// climb gives a claim its next step if the budget has it.
func (a *allocation) climb(i int, first bool) bool {
	c := &a.claims[i]
	next := c.above(a.got[i])
	if next == Nothing {
		return false
	}
	cost := c.Rates[next]
	if a.got[i] != Nothing {
		cost -= c.Rates[a.got[i]]
	}
	limit := a.budget.Now
	if next > c.Now {
		limit = min(a.budget.Sure, a.budget.Now)
		if a.got[i] != Nothing && a.now-c.Changed < upgradeEvery {
			return false
		}
	}
	if a.used+cost > limit && (!first || !c.Prominent) {
		if short := a.used + cost - limit + c.Rates[c.whole(next)] - c.Rates[next]; a.missing == 0 || short < a.missing {
			a.missing = short
		}
		return false
	}
	a.got[i], a.used = next, a.used+cost
	return true
}

// Short reports whether less is given than could be shown.
func (c *Claim) Short(got int) bool { return c.above(got) != Nothing }

// above is the next step that is there, up to the wanted one; where none of
// these is, the lowest beyond.
func (c *Claim) above(step int) int {
	for i := step + 1; i < Steps; i++ {
		if c.Rates[i] > 0 && (i <= c.Wanted || step == Nothing) {
			return i
		}
	}
	return Nothing
}

// least is the smallest picture that is there, with all its frames; Nothing where
// there is none.
func (c *Claim) least() int {
	if first := c.above(Nothing); first != Nothing {
		return c.whole(first)
	}
	return Nothing
}

// whole is the step of the same size with the most frames that are wanted.
func (c *Claim) whole(step int) int {
	for i := step/Rates*Rates + Rates - 1; i > step; i-- {
		if c.Rates[i] > 0 && i <= c.Wanted {
			return i
		}
	}
	return step
}
