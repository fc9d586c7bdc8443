package bwe

import "time"

const (
	// queueWindow is for how long the least delay counts as that of an empty
	// queue: clocks drift, routes change.
	queueWindow = 10 * time.Second
	// queueLong is a wait in which nothing is added. Shorter, and jitter stops
	// an estimate; longer, and slow networks, where one packet takes 30 ms, have a
	// full queue before a trend is seen.
	queueLong = 80 * time.Millisecond
	// foreignAfter is after what time of holding and falling, beyond what it takes for
	// that to show, a queue is held to be another's (of TCP that fills it): who makes way
	// for that gets nothing. From then on delays say nothing about us, and only losses
	// are gone by. Shorter, and a long queue of ours that drains is held to be another's;
	// longer, and little is left of an estimate when it is known.
	foreignAfter = 2 * time.Second
	// foreignDrains is by how much of the time a queue shrinks at least that is ours,
	// as we send less than the network takes. Less, and another's that shrinks by
	// chance is held to be ours; more (1-backOff), and none is.
	foreignDrains = 0.1
	// foreignLess is to what share of what was taken when the queue began we have fallen
	// at least meanwhile. More, and our own queue is held to be another's though we have
	// not made way for it; less, and another's is not seen where we cannot.
	foreignLess = 0.7
	// heldFor is how long it may take a queue to become long, while the estimate falls.
	heldFor = time.Second
	// foreignLeaves is for how long a queue has to be away that was another's, for the
	// next to be ours: TCP that has lost packets leaves for a moment, and what stays of a
	// queue for long counts as none (queueWindow). Longer, and the next is seen late.
	foreignLeaves = 2 * time.Second
)

// A queue compares what packets take with the least that they took.
type queue struct {
	started       bool
	since         time.Duration // of the current window, sent
	current, last time.Duration // least of this window and the one before
	smoothed      time.Duration
	heard         time.Duration // the latest packet, on the subscriber's clock

	long    time.Duration // since when packets wait, on the subscriber's clock; 0: they do not
	most    time.Duration // for how long they have waited at most since then
	before  Bitrate       // that arrived, or was held to be taken, when it began
	short   time.Duration // since when they do not wait; 0: they do
	foreign bool          // it stays whatever we do

	held   Bitrate       // the highest estimate of late
	heldAt time.Duration // when it was, on our clock
	busy   busy
}

// hold takes the estimate, before each report.
func (q *queue) hold(target Bitrate, now time.Duration) {
	if target >= q.held || now-q.heldAt > heldFor {
		q.held, q.heldAt = target, now
	}
}

// packet takes one that arrived, as the meter has. size is that of those before it,
// too, of which nothing is said.
func (q *queue) packet(a *Ack, size int, m *meter) {
	took := a.Arrived - a.Sent
	switch {
	case !q.started || took-q.least() > maxJump || q.least()-took > maxJump:
		*q = queue{started: true, since: a.Sent, current: took, last: took, held: q.held, heldAt: q.heldAt}
	case a.Sent-q.since >= queueWindow:
		q.since, q.last, q.current = a.Sent, q.current, took
	}
	q.current = min(q.current, took)
	q.smoothed += (took - q.least() - q.smoothed) / 16
	q.heard = a.Arrived
	q.busy.packet(a.Arrived, took-q.least(), size)
	if q.smoothed >= queueLong/2 {
		q.short = 0
	}
	switch {
	case q.smoothed < queueLong/2:
		q.long = 0
		if q.short == 0 {
			q.short = max(a.Arrived, 1)
		}
		q.foreign = q.foreign && a.Arrived-q.short <= foreignLeaves
	case q.smoothed < queueLong:
	case q.long == 0:
		q.long, q.most = max(a.Arrived, 1), q.smoothed
		acked, _ := m.rate()
		q.before = max(acked, q.held)
	case a.Arrived-q.long > foreignAfter+2*q.most: // what we do shows after as long
		acked, _ := m.rate()
		less := float64(acked) < foreignLess*float64(q.before)
		q.foreign = q.foreign || less && float64(q.most-q.smoothed) < foreignDrains*float64(foreignAfter)
		q.long, q.most, q.before = a.Arrived, q.smoothed, max(q.before, acked)
	}
	q.most = max(q.most, q.smoothed)
}

// ours reports whether packets wait for long, behind each other.
func (q *queue) ours() bool { return q.smoothed > queueLong && !q.foreign }

func (q *queue) least() time.Duration { return min(q.current, q.last) }

func (q *queue) delay() time.Duration { return q.smoothed }

// takes is at what rate the network passed packets on when it had some to pass on
// all the time. ok is false where it had not lately, or for so long that the meter
// has measured nothing else.
func (q *queue) takes() (r Bitrate, ok bool) {
	b := &q.busy
	if b.rate == 0 || q.heard-b.measured > busyKept || b.since > 0 && b.latest-b.since > buckets*bucketFor {
		return 0, false
	}
	return b.rate, true
}

// A busy is a time in which every packet waits for those before it: then they
// arrive as fast as the network takes them, however much less was sent before. The
// zero value is ready.
type busy struct {
	since, latest time.Duration // arrived; since 0: it is none
	bytes         int           // arrived after the first
	packets       int

	rate     Bitrate       // 0: none was measured
	measured time.Duration // when it was
}

const (
	// busyDelay is what each packet waits for at least. Shorter, and jitter is taken for
	// it; longer, and the queue of a key frame is gone before it is measured.
	busyDelay = 20 * time.Millisecond
	// busyFor and busyPackets are what makes a measurement. Less, and chance does.
	busyFor     = 80 * time.Millisecond
	busyPackets = 8
	// busyKept is how long a measurement counts: a queue is seen when it is almost
	// gone.
	busyKept = 500 * time.Millisecond
)

func (b *busy) packet(arrived, waits time.Duration, size int) {
	switch {
	case waits < busyDelay || arrived < b.latest:
		b.since = 0
	case b.since == 0:
		b.since, b.latest, b.bytes, b.packets = max(arrived, 1), arrived, 0, 0
	default:
		b.latest = arrived
		b.bytes += size
		b.packets++
		if lasts := arrived - b.since; lasts >= busyFor && b.packets >= busyPackets {
			b.rate, b.measured = Bitrate(float64(b.bytes*8)/lasts.Seconds()), arrived
		}
	}
}
