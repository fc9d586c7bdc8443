package bwe

import "time"

// groupFor is how long a group of packets is by the time of sending: those
// that leave together arrive one after the other, which says nothing about a
// queue (5 ms in libwebrtc).
const groupFor = 5 * time.Millisecond

// A group is packets that were sent together.
type group struct {
	first, last time.Duration // sent
	arrived     time.Duration // of the last
	begun       time.Duration // arrival of the first
}

// groups makes groups of packets.
type groups struct {
	current, previous  group
	started, following bool // the two are there
}

// maxJump is by how much arrival may jump between two groups: more is another
// clock, or a suspended device.
const maxJump = 3 * time.Second

// burstFor and burstIn bound a burst: packets that something on the way has
// held back and then let go at once.
const (
	burstFor = 5 * time.Millisecond
	burstIn  = 100 * time.Millisecond
)

// A delta is by how much later a group was sent and arrived than the one
// before.
type delta struct{ sent, arrived, at time.Duration }

// packet adds a packet, and returns how the two groups before it differ when it
// begins another.
func (g *groups) packet(a *Ack) (d delta, ok bool) {
	c := &g.current
	switch {
	case !g.started:
		g.started = true
		*c = group{a.Sent, a.Sent, a.Arrived, a.Arrived}
		return d, false
	case a.Sent < c.first:
		return d, false // out of order
	case a.Sent-c.first <= groupFor || g.burst(a):
		c.last, c.arrived = max(c.last, a.Sent), max(c.arrived, a.Arrived)
		return d, false
	}
	if g.following {
		d = delta{c.last - g.previous.last, c.arrived - g.previous.arrived, c.arrived}
		if d.arrived-d.sent > maxJump || d.arrived-d.sent < -maxJump {
			*g = groups{}
			return d, false
		}
		ok = d.arrived >= 0
	}
	g.previous, g.following = *c, true
	*c = group{a.Sent, a.Sent, a.Arrived, a.Arrived}
	return d, ok
}

// burst reports whether the packet came with the current group though it was
// sent later.
func (g *groups) burst(a *Ack) bool {
	arrived, sent := a.Arrived-g.current.arrived, a.Sent-g.current.last
	return arrived-sent < 0 && arrived <= burstFor && a.Arrived-g.current.begun < burstIn
}

// A usage is what the trend of delays says.
type usage uint8

const (
	normal usage = iota
	over
	under
)

// Constants of the trend (libwebrtc's, from which those of all others are).
const (
	trendSamples   = 20 // of a slope
	trendSmoothing = 0.9
	trendGain      = 4.0
	trendCount     = 60 // deltas that a slope is multiplied with at most
	threshold      = 12.5
	leastThreshold = 6.0
	mostThreshold  = 600.0
	rises, falls   = 0.0087, 0.039 // of the threshold, by ms; slowly up would starve against TCP
	overFor        = 10.0          // ms
	outlier        = 15.0          // beyond the threshold by that, and it is not adapted
)

// A trend tells whether a queue grows. Times are in ms.
type trend struct {
	count       int
	accumulated float64
	smoothed    float64
	samples     [trendSamples]struct{ at, delay float64 }
	n, next     int

	threshold float64
	adapted   float64 // when; 0: never
	overSince float64 // how long it is over, -1: it is not
	times     int     // that it was
	slope     float64
}

func newTrend() trend { return trend{threshold: threshold, overSince: -1} }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (t *trend) update(d delta, before usage) usage {
	t.count++
	sent, at := ms(d.sent), ms(d.at)
	t.accumulated += ms(d.arrived) - sent
	t.smoothed = trendSmoothing*t.smoothed + (1-trendSmoothing)*t.accumulated
	t.samples[t.next] = struct{ at, delay float64 }{at, t.smoothed}
	t.next = (t.next + 1) % trendSamples
	t.n = min(t.n+1, trendSamples)
	if t.n < trendSamples {
		return before
	}
	slope := t.fit()
	now := t.judge(slope*float64(min(t.count, trendCount))*trendGain, slope, sent, before)
	t.slope = slope
	t.adapt(slope*float64(min(t.count, trendCount))*trendGain, at)
	return now
}

// fit is the slope of a line through the samples, by least squares.
func (t *trend) fit() float64 {
	var x, y float64
	for i := range t.n {
		x += t.samples[i].at
		y += t.samples[i].delay
	}
	x, y = x/float64(t.n), y/float64(t.n)
	var above, below float64
	for i := range t.n {
		dx := t.samples[i].at - x
		above += dx * (t.samples[i].delay - y)
		below += dx * dx
	}
	if below == 0 {
		return 0
	}
	return above / below
}

func (t *trend) judge(value, slope, sent float64, before usage) usage {
	switch {
	case value > t.threshold:
		if t.overSince < 0 {
			t.overSince = sent / 2 // it became so between two groups
		} else {
			t.overSince += sent
		}
		t.times++
		if t.overSince > overFor && t.times > 1 && slope >= t.slope {
			t.overSince, t.times = 0, 0
			return over
		}
		return before
	case value < -t.threshold:
		t.overSince, t.times = -1, 0
		return under
	}
	t.overSince, t.times = -1, 0
	return normal
}

// adapt moves the threshold to what is usual on the path, so that jitter is
// not taken for a queue, and a flow of TCP beside ours does not starve us.
func (t *trend) adapt(value, at float64) {
	value = max(value, -value)
	since := min(max(at-t.adapted, 0), 100)
	if t.adapted == 0 {
		since = 0
	}
	t.adapted = at
	if value > t.threshold+outlier {
		return
	}
	k := rises
	if value < t.threshold {
		k = falls
	}
	t.threshold = min(max(t.threshold+k*(value-t.threshold)*since, leastThreshold), mostThreshold)
}
