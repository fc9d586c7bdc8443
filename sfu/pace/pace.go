// Package pace spreads over time what goes to one subscriber, so that a frame
// does not fill the queues of a slow network at once. It is pure: times come
// from the caller.
package pace

import "time"

const (
	// factor is by how much faster than the estimate packets go. Slower, and a
	// key frame is late; faster, and it is a burst again (2.5 in libwebrtc).
	factor = 2.5
	// filled is the same where the network has shown by a queue what it takes: what goes
	// faster waits there, and sound behind it. Slower, and an estimate that is too low
	// makes pictures late; faster, and a key frame is a queue.
	filled = 1.65
	// burstFor is what may go at once, in time of the pace. Longer fills queues;
	// shorter, and runs of packets are cut, each costing a system call's share.
	burstFor = 8 * time.Millisecond
	// leastBurst is what may go at once in any case: a small frame.
	leastBurst = 3 * 1250
	// maxWait bounds the queue in time of the pace: what waits for longer is of no
	// use. It holds a key frame of a second's bits.
	maxWait = 500 * time.Millisecond
	// Where a network has become slow at once, what waits is of no use if what repairs
	// takes longer than longRepair, or all longer than longWait. Longer, and pictures stand
	// still until all of it went; shorter, and what is held up for a moment is lost.
	longRepair, longWait = time.Second, 2 * time.Second
	// maxDebt is what sound and probes may take in advance, in time of the pace. Longer,
	// and pictures stand still after a probe that has tried for a multiple of the pace;
	// shorter, and what a probe has filled a queue with does not drain.
	maxDebt = 100 * time.Millisecond
	// maxBytes bounds it in any case.
	maxBytes = 1 << 20
)

// A Pacer holds what cannot go at once. The zero value holds nothing back until
// it has a rate. Not safe for concurrent use.
type Pacer[T any] struct {
	rate    float64 // bytes per second, of which what waits is bounded; 0: no pace
	goes    float64 // at which packets go
	budget  float64 // bytes that may go now; below 0 it is a debt
	at      time.Duration
	repairs queue[T]
	media   queue[T]
	bytes   int
	mending int // bytes of repairs
}

type entry[T any] struct {
	item T
	size int
}

type queue[T any] struct {
	entries []entry[T]
	next    int
}

func (q *queue[T]) empty() bool { return q.next == len(q.entries) }

// keptEntries is for how many entries an empty queue keeps its memory.
const keptEntries = 64

func (q *queue[T]) put(e entry[T]) {
	if len(q.entries) == cap(q.entries) && q.next > len(q.entries)/2 { // a queue that is never empty
		n := copy(q.entries, q.entries[q.next:])
		clear(q.entries[n:])
		q.entries, q.next = q.entries[:n], 0
	}
	q.entries = append(q.entries, e)
}

func (q *queue[T]) take() entry[T] {
	e := q.entries[q.next]
	q.entries[q.next] = entry[T]{}
	q.next++
	if q.empty() {
		if q.entries, q.next = q.entries[:0], 0; cap(q.entries) > keptEntries {
			q.entries = nil
		}
	}
	return e
}

// SetRate sets the pace by an estimate in bits per second; 0 is no pace. full: the
// network has shown by a queue that it takes no more.
func (p *Pacer[T]) SetRate(bitrate int64, full bool, now time.Duration) {
	p.advance(now)
	if p.rate == 0 {
		p.budget = leastBurst
	}
	p.rate = factor * float64(bitrate) / 8
	p.goes = p.rate
	if full {
		p.goes = filled * float64(bitrate) / 8
	}
	p.forgive()
}

// forgive bounds what is owed.
func (p *Pacer[T]) forgive() { p.budget = max(p.budget, -p.most(maxDebt)) }

func (p *Pacer[T]) advance(now time.Duration) {
	if now > p.at {
		p.budget = min(p.budget+p.goes*(now-p.at).Seconds(), max(p.goes*burstFor.Seconds(), leastBurst))
		p.at = now
	}
}

// Take reports whether a packet of that size in bytes may go at once, and counts
// it if so. Otherwise it is to be put.
func (p *Pacer[T]) Take(size int, now time.Duration) bool {
	if p.rate == 0 && p.bytes == 0 {
		return true
	}
	p.advance(now)
	if p.bytes > 0 || p.budget <= 0 {
		return false
	}
	p.budget -= float64(size)
	return true
}

// Pay counts a packet that does not wait: sound, or a probe's.
func (p *Pacer[T]) Pay(size int, now time.Duration) {
	if p.rate > 0 {
		p.advance(now)
		p.budget -= float64(size)
		p.forgive()
	}
}

// Put keeps a packet. What repairs goes before what is new. It reports false
// when the queue is full: the packet is to be dropped.
func (p *Pacer[T]) Put(item T, size int, repair bool) bool {
	if p.bytes+size > maxBytes || p.bytes > 0 && float64(p.bytes+size) > p.most(maxWait) {
		return false
	}
	p.bytes += size
	if repair {
		p.mending += size
		p.repairs.put(entry[T]{item, size})
	} else {
		p.media.put(entry[T]{item, size})
	}
	return true
}

// most is how many bytes may wait for that long.
func (p *Pacer[T]) most(wait time.Duration) float64 { return max(p.rate*wait.Seconds(), leastBurst) }

// Trim gives up all that waits where it is of no use at the pace that is set now: whoever
// waits for it needs a key frame.
func (p *Pacer[T]) Trim(drop func(T)) {
	if p.rate == 0 || float64(p.bytes) <= p.most(longWait) && float64(p.mending) <= p.most(longRepair) {
		return
	}
	p.drop(&p.repairs, drop)
	p.drop(&p.media, drop)
	p.mending = 0
}

func (p *Pacer[T]) drop(q *queue[T], drop func(T)) {
	for !q.empty() {
		e := q.take()
		p.bytes -= e.size
		drop(e.item)
	}
}

// Next returns the next packet that may go, which is then counted.
func (p *Pacer[T]) Next(now time.Duration) (item T, ok bool) {
	p.advance(now)
	if p.rate > 0 && p.budget <= 0 {
		return item, false
	}
	return p.Early(now)
}

// Early returns the next packet whether or not it may go, which is then counted: for a
// probe, which is of what waits as long as something does.
func (p *Pacer[T]) Early(now time.Duration) (item T, ok bool) {
	p.advance(now)
	if p.bytes == 0 {
		return item, false
	}
	q := &p.media
	mends := !p.repairs.empty()
	if mends {
		q = &p.repairs
	}
	e := q.take()
	if mends {
		p.mending -= e.size
	}
	p.bytes -= e.size
	p.budget -= float64(e.size)
	p.forgive()
	return e.item, true
}

// Waiting returns how many bytes wait.
func (p *Pacer[T]) Waiting() int { return p.bytes }
