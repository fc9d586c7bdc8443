// Package pace spreads over time what goes to one subscriber, so that a frame
// does not fill the queues of a slow network at once. It is pure: times come
// from the caller.
package pace

import "time"

const (
	// factor is by how much faster than the estimate packets go. Slower, and a
	// key frame is late; faster, and it is a burst again (2.5 in libwebrtc).
	factor = 2.5
	// burstFor is what may go at once, in time of the pace. Longer fills queues;
	// shorter, and runs of packets are cut, each costing a system call's share.
	burstFor = 8 * time.Millisecond
	// leastBurst is what may go at once in any case: a small frame.
	leastBurst = 3 * 1250
	// maxWait bounds the queue in time of the pace: what waits for longer is of no
	// use. It holds a key frame of a second's bits.
	maxWait = 500 * time.Millisecond
	// maxBytes bounds it in any case.
	maxBytes = 1 << 20
)

// A Pacer holds what cannot go at once. The zero value holds nothing back until
// it has a rate. Not safe for concurrent use.
type Pacer[T any] struct {
	rate    float64 // bytes per second; 0: no pace
	budget  float64 // bytes that may go now; below 0 it is a debt
	at      time.Duration
	repairs queue[T]
	media   queue[T]
	bytes   int
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

// SetRate sets the pace by an estimate in bits per second; 0 is no pace.
func (p *Pacer[T]) SetRate(bitrate int64, now time.Duration) {
	p.advance(now)
	if p.rate == 0 {
		p.budget = leastBurst
	}
	p.rate = factor * float64(bitrate) / 8
}

func (p *Pacer[T]) advance(now time.Duration) {
	if now > p.at {
		p.budget = min(p.budget+p.rate*(now-p.at).Seconds(), max(p.rate*burstFor.Seconds(), leastBurst))
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

// Pay counts a packet that does not wait: sound.
func (p *Pacer[T]) Pay(size int, now time.Duration) {
	if p.rate > 0 {
		p.advance(now)
		p.budget -= float64(size)
	}
}

// Put keeps a packet. What repairs goes before what is new. It reports false
// when the queue is full: the packet is to be dropped.
func (p *Pacer[T]) Put(item T, size int, repair bool) bool {
	if p.bytes+size > maxBytes || p.bytes > 0 && float64(p.bytes+size) > max(p.rate*maxWait.Seconds(), leastBurst) {
		return false
	}
	p.bytes += size
	if repair {
		p.repairs.put(entry[T]{item, size})
	} else {
		p.media.put(entry[T]{item, size})
	}
	return true
}

// Next returns the next packet that may go, which is then counted.
func (p *Pacer[T]) Next(now time.Duration) (item T, ok bool) {
	p.advance(now)
	if p.bytes == 0 || p.rate > 0 && p.budget <= 0 {
		return item, false
	}
	q := &p.media
	if !p.repairs.empty() {
		q = &p.repairs
	}
	e := q.take()
	p.bytes -= e.size
	p.budget -= float64(e.size)
	return e.item, true
}

// Waiting returns how many bytes wait.
func (p *Pacer[T]) Waiting() int { return p.bytes }

// Spare returns how many bytes may go now beside what waits: what a probe can
// add without delaying anything.
func (p *Pacer[T]) Spare(now time.Duration) int {
	p.advance(now)
	if p.bytes > 0 {
		return 0
	}
	return max(0, int(p.budget))
}
