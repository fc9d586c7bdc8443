package bwe

import (
	"math"
	"time"
)

const (
	// observeFor and observePackets are what makes an observation: shorter ones
	// are chance, longer ones are late.
	observeFor     = 250 * time.Millisecond
	observePackets = 20
	observations   = 20
	// fade is by how much each further observation of the past counts less.
	fade = 0.9

	// A network may lose up to inherent of what is sent whatever the rate, and
	// little rates more: below it a loss is not taken for congestion. Higher, and
	// policed links are overrun; lower, and Wi-Fi takes a tenth of what it could.
	inherent        = 0.05
	leastInherent   = 0.001
	inherentBalance = 10 * Kbps
	// instantBalance bounds the rate at once where more than inherent is lost: it
	// is what the excess may come to.
	instantBalance = 75 * Kbps

	// risesBelow is the loss up to which the bound rises by itself: above, a probe
	// has to find that there is more.
	risesBelow = 0.02

	// Of two rates that explain losses equally well the higher is likelier wanted.
	favourRate, favourLog = 0.000_001, 0.0001

	// After a decrease the bound may rise to cautious times what arrives, for a
	// time that doubles with each decrease.
	cautious  = 1.2
	leastHold = 300 * time.Millisecond
	mostHold  = 60 * time.Second
)

// An observation is what became of the packets of a time.
type observation struct {
	sent, lost int
	bytes      int
	first      time.Duration // sent
	last       time.Duration
}

func (o observation) rate() float64 {
	return float64(o.bytes*8) / max((o.last-o.first).Seconds(), 0.001)
}

// A lossModel finds the capacity and the inherent loss that make what was
// observed likeliest: loss that comes with any rate is the network's, loss that
// comes with higher rates only is congestion (as libwebrtc's second loss-based
// estimate and draft-ietf-rmcat-gcc's first do not and do tell apart).
type lossModel struct {
	current observation
	past    [observations]observation
	n, next int
	fresh   bool // an observation was completed

	limited bool
	limit   Bitrate // if limited
	hold    time.Duration
	until   time.Duration // while it is held
	held    Bitrate       // at most, while it is held
}

func newLossModel() lossModel { return lossModel{hold: leastHold} }

// bound is above what the losses speak against. It is less than the limit by what
// is lost, so that a network that drops what is too much gets room.
func (l *lossModel) bound() Bitrate {
	if l.limited {
		return Bitrate(float64(l.limit) * (1 - min(l.share(), inherent)))
	}
	return Most
}

func (l *lossModel) limits(other Bitrate) bool { return l.limited && l.limit < other }

func (l *lossModel) packet(a *Ack) {
	if a.Late { // it was counted, as lost
		switch {
		case l.current.lost > 0:
			l.current.lost--
		case l.n > 0:
			o := &l.past[(l.next+observations-1)%observations]
			o.lost = max(0, o.lost-1)
		}
		return
	}
	o := &l.current
	if o.sent > observePackets && a.Sent-o.first >= observeFor {
		l.past[l.next] = *o
		l.next = (l.next + 1) % observations
		l.n = min(l.n+1, observations)
		l.fresh = true
		*o = observation{}
	}
	if o.sent == 0 {
		o.first, o.last = a.Sent, a.Sent
	}
	o.sent++
	o.bytes += a.Size
	o.last = max(o.last, a.Sent)
	if a.Lost {
		o.lost++
	}
}

// weighted calls f with each observation, the newest first, and its weight.
func (l *lossModel) weighted(f func(o observation, weight float64)) {
	weight := 1.0
	for i := range l.n {
		f(l.past[(l.next-1-i+2*observations)%observations], weight)
		weight *= fade
	}
}

// share is how much of what was sent is lost, the latest counting most.
func (l *lossModel) share() float64 {
	var lost, sent float64
	l.weighted(func(o observation, w float64) {
		lost += w * float64(o.lost)
		sent += w * float64(o.sent)
	})
	if sent == 0 {
		return 0
	}
	return lost / sent
}

// recent is the share of the latest observation.
func (l *lossModel) recent() float64 {
	if l.n == 0 {
		return 0
	}
	o := l.past[(l.next+observations-1)%observations]
	return float64(o.lost) / float64(o.sent)
}

// update looks anew for the likeliest capacity. rate is what delays allow,
// acked what arrives.
func (l *lossModel) update(rate, acked Bitrate, now time.Duration) {
	if !l.fresh {
		return
	}
	l.fresh = false
	share := l.share()
	if !l.limited && share < inherent/4 {
		return
	}
	current := rate
	if l.limited {
		current = min(l.limit, rate)
	}
	best, value := current, l.likelihood(current)
	try := func(candidate Bitrate) {
		candidate = min(max(candidate, Least), rate)
		if v := l.likelihood(candidate); v > value || v == value && candidate > best {
			best, value = candidate, v
		}
	}
	try(current * 95 / 100)
	if acked > 0 {
		try(acked * 95 / 100)
	}
	if share <= risesBelow {
		for _, more := range []Bitrate{102, 110, 150} {
			try(current * more / 100)
		}
		try(rate)
	}
	if share > inherent { // so much is never the network's own
		best = min(best, max(Bitrate(float64(instantBalance)/(share-inherent)), Least))
	}
	switch {
	case best < current:
		l.until, l.hold = now+l.hold, min(2*l.hold, mostHold)
		l.held = max(Bitrate(cautious*float64(acked)), best)
		l.limited, l.limit = true, best
	case now < l.until:
		l.limited, l.limit = true, max(current, min(best, l.held))
	case best >= rate:
		l.limited, l.hold = false, leastHold
	default:
		l.limited, l.limit = true, best
	}
}

// probed takes what was seen to pass.
func (l *lossModel) probed(rate Bitrate) {
	if l.limited && rate > l.limit {
		l.limit, l.until = rate, 0
	}
}

// likelihood is the logarithm of that of the observations with a capacity and
// the inherent loss that suits it best.
func (l *lossModel) likelihood(capacity Bitrate) float64 {
	most := inherent + float64(inherentBalance)/float64(max(capacity, 1))
	low, high := leastInherent, min(most, 0.5)
	for range 12 { // it has one maximum between the two
		third := (high - low) / 3
		if l.likelihoodOf(capacity, low+third) < l.likelihoodOf(capacity, high-third) {
			low += third
		} else {
			high -= third
		}
	}
	return l.likelihoodOf(capacity, (low+high)/2)
}

func (l *lossModel) likelihoodOf(capacity Bitrate, own float64) (sum float64) {
	c := float64(capacity)
	favour := favourRate*c/1000 + favourLog*math.Log1p(c/1000)
	l.weighted(func(o observation, w float64) {
		p := own
		if r := o.rate(); r > c {
			p += (1 - own) * (r - c) / r
		}
		p = min(p, 0.999)
		sum += w * (float64(o.lost)*math.Log(p) + float64(o.sent-o.lost)*math.Log1p(-p) + favour*float64(o.sent))
	})
	return sum
}
