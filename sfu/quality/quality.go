// Package quality judges how a participant's connections do, slowly enough for
// people: a mark that flickers says nothing. It is pure.
package quality

import "time"

// A Grade says how it goes in one direction.
type Grade uint8

// The grades.
const (
	Good    Grade = iota
	Limited       // the network takes less than is wanted, or loses much
	Paused        // something is not carried at all
)

// String returns the name of the grade in the signaling protocol.
func (g Grade) String() string { return [...]string{"good", "limited", "paused"}[g] }

// A Cause says by what a connection is hindered.
type Cause uint8

// The causes, the one that people notice most the last.
const (
	None      Cause = iota
	Bandwidth       // the network takes less than is wanted
	Delay           // packets wait for long
	Loss            // many packets do not arrive
)

// String returns the name of the cause in the signaling protocol.
func (c Cause) String() string { return [...]string{"none", "bandwidth", "delay", "loss"}[c] }

// CauseOf returns by what a direction is hindered whose grade is not good: loss and
// delay say more than that not all is carried, which follows from them.
func CauseOf(g Grade, loss float64, queue time.Duration) Cause {
	switch {
	case g == Good:
		return None
	case loss > muchLoss:
		return Loss
	case queue > longQueue:
		return Delay
	}
	return Bandwidth
}

const (
	// worseAfter and betterAfter are for how long it must be so. Shorter, and the
	// marks dance; longer, and people have wondered for long before they see why.
	worseAfter  = 2 * time.Second
	betterAfter = 5 * time.Second
)

// A Judge holds the grade of one direction. The zero value is good. Not safe for
// concurrent use.
type Judge struct {
	grade Grade
	next  Grade
	since time.Time // that it is next
}

// Grade returns the grade that was judged latest.
func (j *Judge) Grade() Grade { return j.grade }

// Update takes how it goes now, and reports whether the grade has changed.
func (j *Judge) Update(now Grade, at time.Time) (changed bool) {
	if now == j.grade {
		j.next, j.since = now, time.Time{}
		return false
	}
	if now != j.next || j.since.IsZero() {
		j.next, j.since = now, at
	}
	wait := worseAfter
	if now < j.grade {
		wait = betterAfter
	}
	if at.Sub(j.since) < wait {
		return false
	}
	j.grade, j.since = now, time.Time{}
	return true
}

const (
	// muchLoss is what retransmissions do not mend without being seen.
	muchLoss = 0.05
	// longQueue is a wait that is felt in a conversation.
	longQueue = 300 * time.Millisecond
)

// Down grades what a subscriber gets: paused and less say that a picture is, or
// is smaller than wanted, for want of bandwidth.
func Down(paused, less bool, loss float64, queue time.Duration) Grade {
	switch {
	case paused:
		return Paused
	case less || loss > muchLoss || queue > longQueue:
		return Limited
	}
	return Good
}

// Up grades what a publisher sends: silent says that a picture that is switched
// on does not come, less that a layer that is wanted does not.
func Up(silent, less bool, loss float64) Grade {
	switch {
	case silent:
		return Paused
	case less || loss > muchLoss:
		return Limited
	}
	return Good
}
