package reception

import (
	"slices"
	"time"

	"incamera/sfu/munge"
)

const (
	// maxMissing bounds what is asked for at once of one stream: half a second of
	// a large picture. What is missing beyond that a key frame repairs.
	maxMissing = 128
	// maxJump is from how many missing packets on a stream has begun anew: nobody
	// has kept so many.
	maxJump = 1000
	// A packet is asked for when it is reorderWait late or reorderPackets have come
	// after it: networks reorder neighbours.
	reorderWait    = 5 * time.Millisecond
	reorderPackets = 2
	// Packets are asked for again after a round trip, longer each time, within
	// these bounds, and maxTries times (as browsers and other servers do).
	firstRTT           = 70 * time.Millisecond
	minRetry, maxRetry = 20 * time.Millisecond, 400 * time.Millisecond
	maxTries           = 8
)

// Gaps are the packets of one stream that have not come. The zero value is ready.
// Not safe for concurrent use.
type Gaps struct {
	unwrap  munge.Unwrapper
	began   bool
	highest uint64
	missing []gap         // ascending
	rtt     time.Duration // 0: not known
}

type gap struct {
	seq   uint64
	since time.Time // when a later one came
	asked time.Time
	tries uint8
}

// Note takes a packet that has come, in whatever way.
func (g *Gaps) Note(seq uint16, at time.Time) {
	ext, newest := g.unwrap.Unwrap(seq)
	switch {
	case !g.began:
		g.began, g.highest = true, ext
	case newest:
		if ext-g.highest > maxJump {
			g.missing, g.highest = g.missing[:0], ext
			return
		}
		first := max(g.highest+1, ext-min(ext, maxMissing))
		if over := len(g.missing) + int(ext-first) - maxMissing; over > 0 {
			g.missing = slices.Delete(g.missing, 0, over)
		}
		for n := first; n < ext; n++ {
			g.missing = append(g.missing, gap{seq: n, since: at})
		}
		g.highest = ext
	default:
		g.came(ext, at)
	}
}

// came takes one that was missing.
func (g *Gaps) came(ext uint64, at time.Time) {
	i, found := slices.BinarySearchFunc(g.missing, ext, func(m gap, ext uint64) int { return int(int64(m.seq - ext)) })
	if !found {
		return
	}
	if m := &g.missing[i]; m.tries == 1 { // of others it is not known which request was answered
		switch took := at.Sub(m.asked); {
		case took <= 0: // it came before it was asked for, and was looked at after
		case g.rtt == 0:
			g.rtt = took
		default:
			g.rtt += (took - g.rtt) / 8
		}
	}
	g.missing = slices.Delete(g.missing, i, i+1)
}

// Forget gives up what is older than that packet: with it a key frame begins.
func (g *Gaps) Forget(seq uint16) {
	// It is not noted: unwrapping the number of one that has come changes nothing.
	ext, _ := g.unwrap.Unwrap(seq)
	n, _ := slices.BinarySearchFunc(g.missing, ext, func(m gap, ext uint64) int { return int(int64(m.seq - ext)) })
	g.missing = slices.Delete(g.missing, 0, n)
}

// due returns when the gap is to be asked for.
func (g *Gaps) due(m *gap) time.Time {
	if m.tries == 0 {
		if g.highest-m.seq > reorderPackets {
			return m.since
		}
		return m.since.Add(reorderWait)
	}
	wait := g.rtt
	if wait == 0 {
		wait = firstRTT
	}
	for range m.tries - 1 {
		wait += wait / 4
	}
	return m.asked.Add(min(max(wait, minRetry), maxRetry))
}

// Due appends the numbers of the packets that it is time to ask for, which then
// count as asked for.
func (g *Gaps) Due(dst []uint16, now time.Time) []uint16 {
	kept := g.missing[:0]
	for i := range g.missing {
		m := g.missing[i]
		if !g.due(&m).After(now) {
			if m.tries == maxTries {
				continue
			}
			m.tries, m.asked = m.tries+1, now
			dst = append(dst, uint16(m.seq))
		}
		kept = append(kept, m)
	}
	g.missing = kept
	return dst
}

// Next returns when Due has something to do; zero: never, as it is.
func (g *Gaps) Next() (next time.Time) {
	for i := range g.missing {
		if at := g.due(&g.missing[i]); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}
