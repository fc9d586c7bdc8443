package layer

// Temporals is how many temporal layers a layer has at most. With three of them
// the lowest has a quarter of the frames, and the lower two have half.
const Temporals = 3

// Steps is how many steps there are: each layer at each frame rate, from the
// smallest picture that moves least. Unlimited is beyond all.
const (
	Steps     = Count * Temporals
	Unlimited = Steps
)

// Rates is what a layer takes in bits per second, up to each temporal layer; 0
// where there is none.
type Rates [Temporals]int64

// Top returns the highest temporal layer that is there; None when none is.
func (r Rates) Top() int {
	for t := Temporals - 1; t >= 0; t-- {
		if r[t] > 0 {
			return t
		}
	}
	return None
}

// Over returns what a layer takes together with another, which it needs: where
// one has fewer temporal layers, all of them.
func (r Rates) Over(below Rates) (sum Rates) {
	top := max(r.Top(), below.Top())
	for t := 0; t <= top; t++ {
		sum[t] = r.upTo(t) + below.upTo(t)
	}
	return sum
}

func (r Rates) upTo(temporal int) int64 {
	if top := r.Top(); top != None {
		return r[min(temporal, top)]
	}
	return 0
}

// Step returns that of a layer of which temporal layers up to the given are sent.
func Step(index, temporal int) int { return Temporals*index + temporal }

// Of returns the layer of a step; Count for Unlimited.
func Of(step int) int { return step / Temporals }

// calmHeight is up to what height a tile is content with half of the frames:
// eyes are elsewhere, and motion of so few pixels looks smooth.
const calmHeight = 120

// Calm reports whether a tile of that height in pixels is content with half of
// the frames.
func Calm(height int) bool { return height <= calmHeight }

// Ladder returns what the steps that a seat can be given take. Seats go
// from a smaller picture to half of the frames of the next larger one, and then
// to all: a quarter of them is better than nothing, and not than a smaller
// picture that moves. A calm seat is not given all frames where there are fewer.
func Ladder(rates [Count]Rates, calm bool) (out [Steps]int64) {
	lowest := true
	for i := range rates {
		top := rates[i].Top()
		if top == None {
			continue
		}
		least, most := max(0, top-1), top
		if lowest {
			least = 0
		}
		if calm {
			most = max(0, top-1)
		}
		for t := least; t <= most; t++ {
			out[Step(i, t)] = rates[i][t]
		}
		lowest = false
	}
	return out
}
