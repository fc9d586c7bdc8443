// Package bwe estimates how many bits per second the network to one subscriber
// takes, from what the subscriber says about each packet: when it arrived, or
// that it did not.
//
// Three things are judged and the least counts: whether packets take longer
// and longer (a queue builds up), how many are lost beyond what is lost at any
// rate, and what has been tried. What is not tried is not known: a server sends
// what its publishers make, which is mostly less than the network takes, so an
// estimate rises above what has arrived by half only, and further by probes.
//
// It is pure: times come from the caller. Nothing here is safe for concurrent
// use.
package bwe

import "time"

// A Bitrate is in bits per second.
type Bitrate int64

// Kbps is a thousand bits per second.
const Kbps Bitrate = 1000

const (
	// Least is below what no estimate falls: two voices. Lower, and a network that
	// comes back is not noticed, as nothing is sent to notice it by.
	Least = 80 * Kbps
	// Most is above what no estimate rises; it only keeps numbers in bounds.
	Most = 100_000 * Kbps
)

// An Ack is what the subscriber says about one packet.
type Ack struct {
	Sent    time.Duration // on our clock, when it was given to the network
	Arrived time.Duration // on the subscriber's clock, of any origin; if not Lost
	Size    int           // bytes on the wire
	Lost    bool
	Late    bool // it was said to be lost before
	Twice   bool // it was sent again later, and which of both came is unknown: it says nothing of delays
	Unheard bool // nothing is said about it: a report was lost; all but Sent and Size is unknown
}

// A Cause says what an estimate is bounded by.
type Cause uint8

// The causes.
const (
	Untried Cause = iota // nothing speaks against more
	Queue                // packets take longer and longer
	Loss                 // packets are lost
	Told                 // the subscriber itself estimates less
)

// String returns the name of the cause, for logs and traces.
func (c Cause) String() string { return [...]string{"untried", "queue", "loss", "told"}[c] }

// An Estimator holds what is known of one subscriber's network. Use [New].
type Estimator struct {
	groups  groups
	trend   trend
	control control
	loss    lossModel
	acked   meter // by arrival
	sent    meter // by sending, whatever became of it
	probes  prober
	queue   queue

	begun   bool          // a report has come
	latest  time.Duration // when the latest did
	usage   usage
	rtt     time.Duration // smoothed; 0: not known
	remb    Bitrate       // what the subscriber itself estimates; 0: it does not
	warned  time.Duration // until when upgrades are held
	dropped Bitrate       // the estimate before it fell by a third; 0: it has not
	fell    time.Duration // when it did so latest
}

// New returns an estimator that begins with a guess.
func New(start Bitrate) *Estimator {
	e := &Estimator{trend: newTrend(), control: newControl(start), loss: newLossModel()}
	return e
}

// Begun reports whether the subscriber has said anything. Before that an
// estimate is a guess.
func (e *Estimator) Begun() bool { return e.begun || e.remb > 0 }

// Target is what the network is held to take.
func (e *Estimator) Target() Bitrate {
	target := min(e.control.rate, e.loss.bound())
	if !e.begun && e.remb > 0 {
		target = e.remb
	} else if e.remb > 0 {
		target = min(target, e.remb)
	}
	return min(max(target, Least), Most)
}

// Cause says what keeps the estimate from being higher.
func (e *Estimator) Cause() Cause {
	switch {
	case e.remb > 0 && e.remb <= min(e.control.rate, e.loss.bound()):
		return Told
	case e.loss.limits(e.control.rate):
		return Loss
	case e.control.capacity.known || e.usage == over:
		return Queue
	}
	return Untried
}

// Full reports whether a queue of ours is what keeps the estimate from being higher:
// what is sent faster waits there. Of another's queue that is not true, and of a
// network that has just become slow it is not known: it may be as fast again.
func (e *Estimator) Full() bool {
	return e.Cause() == Queue && !e.queue.foreign && (e.dropped <= e.Target() || e.latest-e.fell >= backWithin)
}

// backWithin is within what time after the estimate has fallen by a third the network
// may be as fast again: that of a mobile network is so within seconds. Shorter, and it
// is tried with what hardly arrives; longer, and each key frame is a queue meanwhile.
const backWithin = 10 * time.Second

// Acked is at what rate packets arrived lately; 0: not known.
func (e *Estimator) Acked() Bitrate { r, _ := e.acked.rate(); return r }

// LossShare is the share of packets that were lost lately.
func (e *Estimator) LossShare() float64 { return e.loss.share() }

// QueueDelay is for how long packets wait in the network, as far as that has
// changed in the last seconds.
func (e *Estimator) QueueDelay() time.Duration { return e.queue.delay() }

// RTT is the smoothed time from sending a packet to hearing of it; 0: not
// known.
func (e *Estimator) RTT() time.Duration { return e.rtt }

// Holds reports whether it is no time to send more: the first signs of a queue
// or of loss are there, or nothing was heard for a while.
func (e *Estimator) Holds(now time.Duration) bool {
	return now < e.warned || e.begun && now-e.latest > silentFor
}

const (
	// silentFor is after what silence of a subscriber nothing more is tried:
	// several of the longest intervals at which reports come.
	silentFor = 1500 * time.Millisecond
	// warnedFor is for how long a sign of congestion holds upgrades. Shorter, and
	// pictures are upgraded into a queue that is still there.
	warnedFor = time.Second
	// warnDelay and warnLoss are the first signs. Lower, and Wi-Fi holds
	// everything; higher, and the warning comes with the congestion.
	warnDelay = 60 * time.Millisecond
	warnLoss  = 0.08
)

// Observe takes one report, its packets in the order of their sending. now is
// when it came, on the clock of Ack.Sent.
func (e *Estimator) Observe(acks []Ack, now time.Duration) {
	if len(acks) == 0 {
		return
	}
	e.begun, e.latest = true, now
	before := e.Target()
	e.queue.hold(before, now)
	newest, heard := time.Duration(0), false
	unheard := 0 // bytes: they arrive with the next, or a lost report would pass for a slow network
	for i := range acks {
		a := &acks[i]
		e.sent.add(a.Sent, a.Size)
		if a.Unheard {
			unheard += a.Size
			continue
		}
		e.loss.packet(a)
		if a.Lost {
			continue
		}
		newest, heard = max(newest, a.Sent), true
		e.acked.add(a.Arrived, a.Size+unheard)
		size := a.Size + unheard
		if unheard = 0; a.Twice {
			continue
		}
		e.queue.packet(a, size, &e.acked)
		if d, ok := e.groups.packet(a); ok {
			e.usage = e.trend.update(d, e.usage)
		}
	}
	if heard {
		e.hear(now - newest)
	}
	e.probes.packets(acks)
	acked, ok := e.acked.rate()
	if probed, done := e.probes.result(now); done && probed > 0 {
		e.control.probed(probed, e.probes.saturated)
		e.loss.probed(probed)
	}
	use := e.usage
	if use == over && e.queue.foreign {
		use = normal // losses are left to go by
	}
	if use == over && e.probes.queues(now) || use == normal && e.queue.ours() {
		use = under // the probe's queue, whose result will tell; or one that is to drain
	}
	if use == over {
		if takes, busy := e.queue.takes(); busy {
			acked = max(acked, takes)
		} else if e.ramps() {
			acked = max(acked, e.acked.latest())
		}
	}
	e.control.update(use, acked, ok, e.rtt, now)
	e.loss.update(e.control.rate, acked, now)
	if (e.usage == over || e.queue.delay() > warnDelay) && !e.queue.foreign || e.loss.recent() > warnLoss {
		e.warned = now + warnedFor
	}
	if after := e.Target(); after < before*2/3 {
		e.dropped, e.fell = max(e.dropped, before), now
		e.probes.fell(now)
	}
}

// ramps reports whether much more is sent than half a second ago, as with the key
// frame of a larger picture. What has arrived since then is no measure of what the
// network takes.
func (e *Estimator) ramps() bool {
	sent, ok := e.sent.rate()
	return ok && float64(sent) > ramp*float64(e.sent.earliest())
}

// hear takes a sample of the round trip, the wait for the report included.
func (e *Estimator) hear(sample time.Duration) {
	if e.rtt == 0 {
		e.rtt = sample
	}
	e.rtt += (sample - e.rtt) / 8
}

// REMB takes what the subscriber itself estimates. It counts alone where
// nothing else is said.
func (e *Estimator) REMB(rate Bitrate) { e.remb = min(max(rate, Least), Most) }

// Probe reports whether to try now whether the network takes wanted, which is
// more than [Estimator.Target]: then that much is to be sent, everything
// included, for a time, and reported as any other packets.
func (e *Estimator) Probe(wanted Bitrate, now time.Duration) (p Probe, ok bool) {
	target := e.Target()
	if !e.begun || e.Holds(now) || wanted <= target || e.usage != normal && !e.queue.foreign {
		return p, false
	}
	if e.dropped > target {
		// What there was is likelier to be there again than more.
		wanted = min(wanted, e.dropped*85/100)
	} else {
		e.dropped = 0
	}
	return e.probes.begin(target, wanted, e.Cause() != Untried, now)
}
