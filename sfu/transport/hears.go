package transport

import (
	"cmp"
	"slices"
	"time"

	"incamera/sfu/bwe"
	"incamera/sfu/transport/rtcpx"
)

// A way is how a subscriber tells about its network.
type way uint8

const (
	silent    way = iota // not at all
	estimates            // what it takes (REMB)
	numbers              // packets, by transport-wide numbers
	streams              // packets, by streams and their numbers (RFC 8888)
	ways
)

// unnumbered stands for an extension id in [Seat.wide]: packets are told of by
// streams, and carry no number.
const unnumbered = 0xff

// hears takes what the subscriber says about its network, and returns in which way
// the part says anything of it: one that was not agreed to says nothing. It runs while
// reading is held.
func (o *outgoing) hears(p rtcpx.Packet, now time.Time) way {
	at := now.Sub(o.start)
	if rate, ok := p.REMB(); ok {
		o.congestion.Lock()
		o.congestion.estimator.REMB(bwe.Bitrate(rate))
		o.trace.REMB(bwe.Bitrate(rate), at, o.congestion.estimator)
		j := judge(o.congestion.estimator)
		o.congestion.Unlock()
		o.setPace(j, at)
		return estimates
	}
	switch {
	case o.arrivals(p, at):
		return numbers
	case o.report(p, at):
		o.observe(at)
		return streams
	}
	return silent
}

// arrivals takes transport-wide feedback and reports whether the part is one.
func (o *outgoing) arrivals(p rtcpx.Packet, at time.Duration) bool {
	acks := o.acks[:0]
	o.mu.Lock()
	byStreams := o.way == streams // then nothing carries such a number
	_, _, ok := p.Arrivals(func(a rtcpx.Arrival) {
		n := o.next - 1 - uint64(uint16(o.next-1)-a.Seq) // the latest with that number
		if byStreams || o.sent == nil || n < 1<<16 || o.next-n > uint64(len(o.sent)) {
			return
		}
		for ; o.heard+1 < n; o.heard++ { // a report was lost, that had spoken of these
			if s := o.place(o.heard + 1); o.next-o.heard-1 <= uint64(len(o.sent)) && s.state == unheard {
				acks = append(acks, bwe.Ack{Sent: o.sentAt(s, at), Size: int(s.size), Unheard: true})
			}
		}
		o.heard = max(o.heard, n)
		s := o.place(n)
		ack := bwe.Ack{Sent: o.sentAt(s, at), Size: int(s.size), Lost: !a.Received, Late: s.state == missing, Twice: s.twice}
		switch {
		case a.Received && s.state != arrived:
			s.state = arrived
			ack.Arrived = o.clock.time(a.At)
			acks = append(acks, ack)
		case !a.Received && s.state == unheard:
			s.state = missing
			acks = append(acks, ack)
		}
	})
	o.mu.Unlock()
	o.acks = acks
	if ok && !byStreams {
		o.observe(at)
	}
	return ok && !byStreams
}

// saidPacket is what a report says of a packet, by its number.
type saidPacket struct {
	number uint64
	ack    bwe.Ack
}

// report makes acks of feedback of RFC 8888, and reports whether the part is one that is
// taken. Of what was never sent, is forgotten, or is said to have arrived before it was
// sent, it says nothing; and nothing at all when its time runs back.
func (o *outgoing) report(p rtcpx.Packet, at time.Duration) bool {
	r, ok := p.Congestion()
	if !ok {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.way != streams {
		return false
	}
	made, ok := o.reports.time(r.At, at)
	if !ok {
		return false
	}
	o.said = o.said[:0]
	say := func(n uint64, ack bwe.Ack) {
		s := o.place(n)
		ack.Sent, ack.Size = o.sentAt(s, at), int(s.size)
		o.said = append(o.said, saidPacket{n, ack})
	}
	ssrc, following := uint32(0), uint16(0) // no stream of ours
	r.Arrivals(func(a rtcpx.Arrival) {
		if a.SSRC != ssrc || a.Seq != following {
			o.skip(a.SSRC, a.Seq, say)
		}
		ssrc, following = a.SSRC, a.Seq+1
		n, ok := o.find(a.SSRC, a.Seq)
		if !ok {
			return
		}
		s, ago := o.place(n), r.At-a.At
		switch {
		case a.Received && (s.state == unheard || s.state == missing) && ago <= at-o.sentAt(s, at)+rtcpx.OffsetUnit:
			say(n, bwe.Ack{Arrived: (made - ago).Truncate(arrivalTick), Late: s.state == missing, Twice: s.twice})
			s.state = arrived
		case !a.Received && s.state == unheard:
			say(n, bwe.Ack{Lost: true, Twice: s.twice})
			s.state = missing
		}
	})
	slices.SortFunc(o.said, func(a, b saidPacket) int { return cmp.Compare(a.number, b.number) })
	o.acks = o.acks[:0]
	for i := range o.said {
		o.acks = append(o.acks, o.said[i].ack)
	}
	return true
}

// skip says of the packets of a stream right before one, of which nothing was said, that
// a report was lost which had spoken of them. Called under mu.
func (o *outgoing) skip(ssrc uint32, seq uint16, say func(uint64, bwe.Ack)) {
	for {
		seq--
		n, ok := o.find(ssrc, seq)
		if !ok || o.place(n).state != unheard {
			return
		}
		o.place(n).state = skipped
		say(n, bwe.Ack{Unheard: true})
	}
}

// observe has the estimator take the acks.
func (o *outgoing) observe(at time.Duration) {
	o.congestion.Lock()
	o.congestion.estimator.Observe(o.acks, at)
	o.trace.Report(o.acks, at, o.congestion.estimator)
	j := judge(o.congestion.estimator)
	o.congestion.Unlock()
	o.setPace(j, at)
}

// A clock makes the receiver's times grow, which start over every 12 days, and
// has them begin with the first that it is shown: since when a device is on is
// not ours to keep.
type clock struct {
	begun               bool
	begin, last, passed time.Duration
}

// clockMargin keeps times positive of what arrived before the packet that the
// clock began with.
const clockMargin = time.Hour

func (c *clock) time(at time.Duration) time.Duration {
	const turn = 64 * time.Millisecond << 24
	if !c.begun {
		c.begun, c.begin, c.last = true, at, at
	}
	passed := c.passed
	switch {
	case at < c.last-turn/2:
		c.passed += turn
		passed = c.passed
	case at > c.last+turn/2: // late, from before it started over
		return at - c.begin + passed - turn + clockMargin
	}
	c.last = at
	return at - c.begin + passed + clockMargin
}

const (
	// arrivalTick is what arrivals are told in, whoever tells: recordings have no finer
	// one.
	arrivalTick = 250 * time.Microsecond
	// otherClock is by how much a clock may run ahead of ours between two reports: more
	// is another clock. Less, and a report that was held up on its way is one; more, and
	// a jump is taken for a queue.
	otherClock = 3 * time.Second
	// backFor is for how long times may run back before that is another clock. Shorter,
	// and reports that overtake each other make one; longer, and a device whose clock
	// was set goes unheard.
	backFor = 2 * time.Second
)

// A reportClock makes the times of reports grow, which start over every 18 hours and run
// back where a clock is set.
type reportClock struct {
	begun bool
	made  time.Duration // of the newest report, on the receiver's clock
	told  time.Duration // the same, as it is told
	heard time.Duration // when it came, on ours
}

// time returns when a report was made that comes now. ok is false for one that was made
// before another that is known: it is not to be taken. Where the receiver's clock is
// another than before, time goes on by ours.
func (c *reportClock) time(made, now time.Duration) (told time.Duration, ok bool) {
	if !c.begun {
		*c = reportClock{true, made, clockMargin, now}
		return c.told, true
	}
	passed := made - c.made
	switch {
	case passed < -rtcpx.ReportTurn/2:
		passed += rtcpx.ReportTurn
	case passed > rtcpx.ReportTurn/2:
		passed -= rtcpx.ReportTurn
	}
	since := now - c.heard
	switch {
	case passed < 0 && since < backFor:
		return 0, false
	case passed < 0 || passed > since+otherClock:
		passed = since
	}
	c.made, c.told, c.heard = made, c.told+passed, now
	return c.told, true
}
