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
	// after it: networks reorder neighbours. Where packets were later than that, it
	// is given as long, up to maxReorder.
	reorderWait    = 5 * time.Millisecond
	reorderPackets = 2
	maxReorder     = 60 * time.Millisecond
	// Packets are asked for again after a round trip and what it varies by, longer
	// each time, within these bounds, and maxTries times (as browsers and other
	// servers do).
	firstRTT           = 70 * time.Millisecond
	minRetry, maxRetry = 20 * time.Millisecond, 600 * time.Millisecond
	maxTries           = 8
)

// A Trip is how long a sender's answers take, learnt by all streams of the sender.
// The zero value knows nothing. Not safe for concurrent use.
type Trip struct {
	rtt       time.Duration // 0: not known
	deviation time.Duration // of it
}

// learn takes what an answer took; or, where it was asked for several times, since
// the first.
func (t *Trip) learn(took time.Duration, once bool) {
	switch off := took - t.rtt; {
	case took <= 0: // it came before it was asked for, and was looked at after
	case t.rtt == 0:
		t.rtt, t.deviation = took, took/4
	case once:
		t.rtt += off / 8
		t.deviation += (off.Abs() - t.deviation) / 4
	case off > 0:
		// Which request was answered is not known. That the first was is most
		// likely, as the others came before an answer could.
		t.rtt += off / 2
	}
}

// wait is for how long an answer is waited for: few take longer.
func (t *Trip) wait() time.Duration {
	if t.rtt == 0 {
		return firstRTT
	}
	return t.rtt + 2*t.deviation
}

// Gaps are the packets of one stream that have not come. Use [NewGaps]. Not safe
// for concurrent use.
type Gaps struct {
	trip    *Trip
	unwrap  munge.Unwrapper
	began   bool
	highest uint64
	missing []gap         // ascending
	late    time.Duration // by how much packets came behind later ones, lately
	repeats bool          // what is sent again comes as such: it has a stream of its own
}

type gap struct {
	seq   uint64
	since time.Time // when a later one came
	first time.Time // when it was asked for, if it was
	asked time.Time // latest
	tries uint8
}

// NewGaps returns those of a stream of which nothing has come, of a sender whose
// answers take as long as trip says.
func NewGaps(trip *Trip) Gaps { return Gaps{trip: trip} }

// Note takes a packet that has come; repeated says that it came on the stream of
// retransmissions. Where there is none, packets that are sent again look like
// others.
func (g *Gaps) Note(seq uint16, at time.Time, repeated bool) {
	g.repeats = g.repeats || repeated
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
		g.came(ext, at, repeated)
	}
}

// came takes one that was missing.
func (g *Gaps) came(ext uint64, at time.Time, repeated bool) {
	i, found := slices.BinarySearchFunc(g.missing, ext, func(m gap, ext uint64) int { return int(int64(m.seq - ext)) })
	if !found {
		return
	}
	m := g.missing[i]
	g.missing = slices.Delete(g.missing, i, i+1)
	took := at.Sub(m.first)
	if m.tries == 0 || !repeated && (g.repeats || took < g.trip.rtt/2) { // it was late only
		if late := at.Sub(m.since); late > g.late {
			g.late = min(late, maxReorder)
		} else {
			g.late -= (g.late - late) / 16
		}
		return
	}
	g.trip.learn(took, m.tries == 1)
	g.late -= g.late / 16
}

// Forget gives up what is older than that packet: with it a key frame begins.
func (g *Gaps) Forget(seq uint16) {
	// It is not noted: unwrapping the number of one that has come changes nothing.
	ext, _ := g.unwrap.Unwrap(seq)
	n, _ := slices.BinarySearchFunc(g.missing, ext, func(m gap, ext uint64) int { return int(int64(m.seq - ext)) })
	g.missing = slices.Delete(g.missing, 0, n)
}

// due returns when the gap is to be asked for, or given up: late, or how long
// answers take would not be learnt where that is longer than was thought.
func (g *Gaps) due(m *gap) time.Time {
	if m.tries == 0 {
		if g.late > reorderWait {
			return m.since.Add(g.late + reorderWait)
		}
		if g.highest-m.seq > reorderPackets {
			return m.since
		}
		return m.since.Add(reorderWait)
	}
	wait := g.trip.wait()
	if m.tries == maxTries {
		wait = maxRetry
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
			if m.tries == 0 {
				m.first = now
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
