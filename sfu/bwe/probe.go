package bwe

import "time"

// A Probe is to send at a rate for a time, real packets once more beside those
// that are sent anyway.
type Probe struct {
	Rate  Bitrate
	Lasts time.Duration
}

const (
	// probeFor is how long a probe lasts. Shorter, and one frame that leaves at
	// once is taken for it; longer, and it fills the queue that it is to find.
	probeFor = 80 * time.Millisecond
	// probeResult is how long its packets are waited for.
	probeResult = time.Second
	// leastProbe is by how much it tries more than there is, or half as much again.
	leastProbe = 200 * Kbps
	// probeSpare is what is tried beyond what is wanted, to have it for sure.
	probeSpare = 1.2
	// firstTries are made at three times the estimate, those later at twice, and so
	// are those where a queue or loss has been seen: what they have to wait for,
	// everybody on that network waits for.
	firstTries = 3

	// Between probes is firstWait, and longer after each that found nothing.
	firstWait = 3 * time.Second
	waitGrows = 1.5
	mostWait  = time.Minute
	// soon is after a probe that found what it tried, while more is wanted: rates
	// double each time.
	soon = 200 * time.Millisecond

	// probeArrives is the share of its bytes that must arrive, and probeKeeps how
	// near the rate of arrival must be to that of sending to count as such.
	probeArrives  = 0.8
	probeKeeps    = 0.9
	probeSlack    = 0.95
	probePackets  = 6
	drainFor      = 250 * time.Millisecond
	together      = time.Millisecond // what arrives within that came at once
	afterFallWait = 2 * time.Second  // of the estimate: what was lost may come back
)

// A prober plans probes, one at a time, and finds what they say.
type prober struct {
	next   time.Duration // when one may begin
	wait   time.Duration // after one that finds nothing
	tries  int
	active bool
	probe  Probe
	begun  time.Duration
	target Bitrate // the estimate when it began

	// Of its packets, by sending.
	sent, arrived           int // bytes
	count                   int
	firstSent, lastSent     time.Duration
	firstHeard, lastHeard   time.Duration
	lastSentSize, firstSize int // of those sent last, and of those that arrived first
	over                    bool

	saturated bool          // the latest result is all that the network took
	drains    time.Duration // until when its queue may be there
}

func (p *prober) begin(target, wanted Bitrate, tried bool, now time.Duration) (Probe, bool) {
	if p.active || now < p.next {
		return Probe{}, false
	}
	if p.wait == 0 {
		p.wait = firstWait
	}
	most, least := 2*target, min(leastProbe, target/2)
	if p.tries < firstTries && !tried {
		most = 3 * target
	}
	rate := min(max(Bitrate(probeSpare*float64(wanted)), target+least), max(most, target+least), Most)
	probe := Probe{rate, probeFor}
	*p = prober{next: p.next, wait: p.wait, drains: p.drains, tries: p.tries + 1, active: true, probe: probe, begun: now, target: target}
	return probe, true
}

// fell has the next probe come soon: the estimate has fallen much.
func (p *prober) fell(now time.Duration) {
	p.next, p.wait = now+afterFallWait, firstWait
	p.active = false
}

// queues reports whether a queue may be a probe's.
func (p *prober) queues(now time.Duration) bool { return p.active || now < p.drains }

// packets takes a report.
func (p *prober) packets(acks []Ack) {
	if !p.active {
		return
	}
	for i := range acks {
		a := &acks[i]
		if a.Sent < p.begun || a.Unheard {
			continue
		}
		// Its end is near enough: nothing need follow it.
		p.over = p.over || a.Sent > p.begun+p.probe.Lasts-2*groupFor
		if a.Sent > p.begun+p.probe.Lasts {
			continue
		}
		if !a.Late {
			p.sent += a.Size
			if p.count++; p.count == 1 {
				p.firstSent = a.Sent
			}
			if a.Sent > p.lastSent {
				p.lastSent, p.lastSentSize = a.Sent, 0
			}
			p.lastSentSize += a.Size
		}
		if a.Lost {
			continue
		}
		if p.arrived == 0 {
			p.firstHeard, p.lastHeard = a.Arrived, a.Arrived
		}
		if a.Arrived-p.firstHeard < together {
			p.firstSize += a.Size
		}
		p.arrived += a.Size
		p.lastHeard = max(p.lastHeard, a.Arrived)
	}
}

// result returns what a probe has found, 0 for nothing, once it is over.
func (p *prober) result(now time.Duration) (found Bitrate, done bool) {
	if !p.active || !p.over && now < p.begun+p.probe.Lasts+probeResult {
		return 0, false
	}
	p.active, p.drains = false, now+drainFor
	found = p.find()
	p.saturated = found > 0 && found*10 < p.probe.Rate*8
	switch {
	case found*10 >= p.probe.Rate*8: // it found all that it tried: there may be more
		p.next, p.wait = now+soon, firstWait
	default:
		p.next, p.wait = now+p.wait, min(time.Duration(waitGrows*float64(p.wait)), mostWait)
	}
	if found <= p.target {
		found = 0
	}
	return found, true
}

func (p *prober) find() Bitrate {
	sentFor, heardFor := p.lastSent-p.firstSent, p.lastHeard-p.firstHeard
	if p.count < probePackets || sentFor < p.probe.Lasts/3 || heardFor <= 0 || float64(p.arrived) < probeArrives*float64(p.sent) {
		return 0
	}
	sent := Bitrate(float64((p.sent-p.lastSentSize)*8) / sentFor.Seconds())
	heard := Bitrate(float64((p.arrived-p.firstSize)*8) / heardFor.Seconds())
	if float64(heard) < probeKeeps*float64(sent) {
		return Bitrate(probeSlack * float64(heard))
	}
	return min(sent, heard)
}
