package allocate

import "time"

// Layers is how many layers a picture has at most, and Nothing stands for none
// of them.
const (
	Layers  = 3
	Nothing = -1
)

// A Claim is a seat that wants a picture.
type Claim struct {
	Wanted int           // the highest layer that its tile is large enough for
	Rates  [Layers]int64 // what each layer takes, in bits per second; 0: it is not there
	Now    int           // what it gets, or Nothing
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

// upgradeEvery is how long a seat keeps a layer before it gets a higher one.
// Shorter, and pictures flicker between two.
const upgradeEvery = 2 * time.Second

// Bits returns which layer each claim gets, or Nothing; claims are in order of
// importance. missing is by how much the budget falls short of the next thing
// that a claim would get: what a probe should look for. It is 0 when all get
// what they want.
//
// First each gets the lowest layer that is there; then those that are prominent
// climb; then the others, layer by layer.
func Bits(claims []Claim, b Budget, now time.Duration) (got []int, missing int64) {
	a := allocation{claims: claims, budget: b, now: now, got: make([]int, len(claims))}
	for i := range claims {
		a.got[i] = Nothing
	}
	for i := range claims {
		a.climb(i, true)
	}
	for i := range claims {
		if claims[i].Prominent {
			for a.climb(i, false) {
			}
		}
	}
	for climbed := true; climbed; {
		climbed = false
		for i := range claims {
			if a.climb(i, false) {
				climbed = true
			}
		}
	}
	return a.got, a.missing
}

type allocation struct {
	claims  []Claim
	budget  Budget
	now     time.Duration
	got     []int
	used    int64
	missing int64
}

// climb gives a claim its next layer if the budget has it.
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
		if short := a.used + cost - limit; a.missing == 0 || short < a.missing {
			a.missing = short
		}
		return false
	}
	a.got[i], a.used = next, a.used+cost
	return true
}

// Short reports whether less is given than could be shown.
func (c *Claim) Short(got int) bool { return c.above(got) != Nothing }

// above is the next layer that is there, up to the wanted one; where none of
// these is, the lowest beyond.
func (c *Claim) above(layer int) int {
	for i := layer + 1; i < Layers; i++ {
		if c.Rates[i] > 0 && (i <= c.Wanted || layer == Nothing) {
			return i
		}
	}
	return Nothing
}
