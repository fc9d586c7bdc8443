// Package delay counts packets by how long the server had them.
package delay

import (
	"sync/atomic"
	"time"
)

// Bounds are up to how long, ascending; what took longer than the last is counted,
// too. They are three to a decade: a quantile is told to within a factor of 2.5, and
// whether it is within one of the bounds exactly.
var Bounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second,
}

// A Counter counts packets. The zero value is ready. Safe for concurrent use.
type Counter struct {
	packets [len(Bounds) + 1]atomic.Uint64
	sum     atomic.Int64 // µs: of nanoseconds a busy server's would be full within months
}

// Note counts so many packets that all took that long. A negative time, which is of
// a clock that was set, counts as none.
func (c *Counter) Note(packets int, took time.Duration) {
	if packets <= 0 {
		return
	}
	took = max(0, took)
	i := 0
	for i < len(Bounds) && took > Bounds[i] {
		i++
	}
	c.packets[i].Add(uint64(packets))
	c.sum.Add(took.Microseconds() * int64(packets))
}

// Counts returns what was counted so far.
func (c *Counter) Counts() (all Counts) {
	for i := range c.packets {
		all.Packets[i] = c.packets[i].Load()
	}
	all.Sum = float64(c.sum.Load()) / 1e6
	return all
}

// Counts are packets by how long they took.
type Counts struct {
	Packets [len(Bounds) + 1]uint64 // up to each bound, and above the one before; the last: above all
	Sum     float64                 // of all packets' times, in s
}

// Since returns what was counted since before was.
func (c Counts) Since(before Counts) Counts {
	for i := range c.Packets {
		c.Packets[i] -= before.Packets[i]
	}
	c.Sum -= before.Sum
	return c
}

// And returns both together.
func (c Counts) And(other Counts) Counts {
	for i := range c.Packets {
		c.Packets[i] += other.Packets[i]
	}
	c.Sum += other.Sum
	return c
}

// Total returns how many packets were counted.
func (c Counts) Total() (n uint64) {
	for _, packets := range c.Packets {
		n += packets
	}
	return n
}

// Quantile returns within what a share q of all packets was, 0 to 1, as if those
// between two bounds were spread evenly: at most the last bound, 0 without packets.
func (c Counts) Quantile(q float64) time.Duration {
	total := c.Total()
	if total == 0 {
		return 0
	}
	rank, before := q*float64(total), 0.0
	lower := time.Duration(0)
	for i, upper := range Bounds {
		n := float64(c.Packets[i])
		if n > 0 && before+n >= rank {
			return lower + time.Duration(float64(upper-lower)*max(0, rank-before)/n)
		}
		before, lower = before+n, upper
	}
	return lower
}
