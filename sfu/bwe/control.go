package bwe

import (
	"math"
	"time"
)

const (
	// backOff is what is left of the rate that arrives when a queue builds up
	// (RFC draft-ietf-rmcat-gcc-02 §5.5 gives 0.8 to 0.95): the queue must drain.
	backOff = 0.85
	// growth is by how much an estimate rises in a second as long as no capacity
	// is known.
	growth = 1.08
	// headroom and extra bound an estimate by what arrives: nothing beyond has
	// been seen to pass.
	headroom = 1.5
	extra    = 10 * Kbps
	// ramp is by how much more is sent in the meter's window than at its beginning
	// where the sender has begun to send more. Less, and chance keeps a rate from
	// falling far enough; more, and a larger picture is taken back.
	ramp = 1.25
	// step is what is added in a response time near a known capacity.
	step = 1200 * 8
	// leastStep is in bits per second in a second, for long round trips.
	leastStep = 4 * Kbps
)

type direction uint8

const (
	holding direction = iota
	rising
	falling
)

// A control raises a rate while no queue builds up, and lowers it when one does.
type control struct {
	rate     Bitrate
	state    direction
	updated  time.Duration
	fell     time.Duration // when it was lowered
	hasFell  bool
	started  bool
	capacity capacity
}

// A capacity is what arrived when a queue was there: what the network takes.
type capacity struct {
	known          bool
	mean, variance float64 // in kbit/s; the variance is a share of the mean
}

func newControl(start Bitrate) control { return control{rate: start, state: rising} }

func (c *control) update(u usage, acked Bitrate, ackedOK bool, rtt, now time.Duration) {
	since := now - c.updated
	if !c.started {
		c.started, since = true, 0
	}
	c.updated = now
	switch u {
	case over:
		c.state = falling
	case under:
		c.state = holding // the queue drains
	case normal:
		if c.state != falling {
			c.state = rising
		} else {
			c.state = holding
		}
	}
	switch c.state {
	case rising:
		c.rise(acked, ackedOK, rtt, min(since, time.Second))
	case falling:
		c.fall(acked, ackedOK, rtt, now)
	case holding:
	}
}

func (c *control) rise(acked Bitrate, ackedOK bool, rtt, since time.Duration) {
	if ackedOK && c.capacity.exceeded(acked) {
		c.capacity = capacity{} // the network has become faster
	}
	grown := c.rate
	if c.capacity.known {
		perSecond := step / (rtt + 100*time.Millisecond).Seconds()
		grown += Bitrate(max(perSecond, float64(leastStep)) * since.Seconds())
	} else {
		grown = max(Bitrate(float64(c.rate)*math.Pow(growth, since.Seconds())), c.rate+Bitrate(float64(Kbps)*since.Seconds()))
	}
	if ackedOK {
		grown = min(grown, Bitrate(headroom*float64(acked))+extra)
	} else {
		grown = c.rate
	}
	c.rate = min(max(c.rate, grown), Most) // the bound does not lower it
}

// fall lowers the rate once a response time: what is under way does not know of
// it. acked is at what rate packets arrive while there is a queue: what the network
// takes.
func (c *control) fall(acked Bitrate, ackedOK bool, rtt, now time.Duration) {
	if c.hasFell && now-c.fell < min(max(rtt, 10*time.Millisecond), 200*time.Millisecond) {
		return
	}
	c.fell, c.hasFell = now, true
	if !ackedOK {
		c.rate = max(c.rate/2, Least)
		return
	}
	lower := Bitrate(backOff * float64(acked))
	if lower > c.rate && c.capacity.known {
		lower = Bitrate(backOff * c.capacity.mean * 1000)
	}
	if lower < c.rate {
		c.rate = max(lower, Least)
	}
	if c.capacity.below(acked) {
		c.capacity = capacity{} // the network has become slower
	}
	c.capacity.sample(acked)
}

// probed raises the rate to what was seen to pass; saturated: that was less than
// was tried.
func (c *control) probed(rate Bitrate, saturated bool) {
	if rate <= c.rate {
		return
	}
	c.rate = rate
	if c.capacity.exceeded(rate) {
		c.capacity = capacity{}
	}
	if saturated {
		c.capacity.sample(rate)
	}
}

func (c *capacity) deviation() float64 { return math.Sqrt(c.variance * c.mean) }

func (c *capacity) exceeded(rate Bitrate) bool {
	return c.known && float64(rate)/1000 > c.mean+3*c.deviation()
}

func (c *capacity) below(rate Bitrate) bool {
	return c.known && float64(rate)/1000 < c.mean-3*c.deviation()
}

func (c *capacity) sample(rate Bitrate) {
	const share = 0.05
	kbps := float64(rate) / 1000
	if !c.known {
		c.known, c.mean, c.variance = true, kbps, 0.4
		return
	}
	c.mean += share * (kbps - c.mean)
	off := c.mean - kbps
	c.variance = min(max((1-share)*c.variance+share*off*off/max(c.mean, 1), 0.4), 2.5)
}

// The meter's window: buckets of time in which packets arrived. Shorter, and
// a key frame is taken for a rate; longer, and the first decrease after a
// change is too small. A part of it is what tells its beginning and its end from
// the whole: shorter, and packets that came together pass for a rate.
const (
	bucketFor = 50 * time.Millisecond
	buckets   = 10
	part      = 3
)

// A meter measures at what rate packets arrive. The zero value is ready.
type meter struct {
	bytes   [buckets]int
	at      int64 // number of the newest bucket
	first   int64 // and of the first ever
	started bool
}

func (m *meter) add(arrived time.Duration, size int) {
	n := int64(arrived / bucketFor)
	switch {
	case !m.started || n-m.at > 60*int64(time.Second/bucketFor) || m.at-n > 60*int64(time.Second/bucketFor): // another clock
		*m = meter{started: true, at: n, first: n}
	case n <= m.at-buckets:
		return
	}
	for m.at < n {
		m.at++
		*m.bucket(m.at) = 0
	}
	*m.bucket(n) += size
}

func (m *meter) bucket(n int64) *int { return &m.bytes[(n%buckets+buckets)%buckets] }

// rate is that of the full buckets; ok is false when there are too few.
func (m *meter) rate() (r Bitrate, ok bool) {
	full := m.full()
	return m.between(m.at-full, m.at), full >= part
}

// earliest and latest are the rates of a part at the beginning and at the end of
// the window; 0 when there are too few buckets.
func (m *meter) earliest() Bitrate { return m.between(m.at-m.full(), m.at-m.full()+part) }
func (m *meter) latest() Bitrate   { return m.between(m.at-part, m.at) }

// full is how many buckets are.
func (m *meter) full() int64 {
	if !m.started {
		return 0
	}
	return min(m.at-m.first, buckets-1)
}

func (m *meter) between(begin, end int64) Bitrate {
	if m.full() < part {
		return 0
	}
	sum := 0
	for i := begin; i < end; i++ {
		sum += *m.bucket(i)
	}
	return Bitrate(float64(sum*8) / (time.Duration(end-begin) * bucketFor).Seconds())
}
