package netlab

import "time"

const (
	// beatEvery is how often the router looks how late it is: often enough for a
	// scenario of seconds to have a p99.
	beatEvery = 10 * time.Millisecond
	lateSteps = 1000 // of a millisecond; what is later counts as so late
)

// A lateness is how often something came how late. The zero value is empty. Not
// safe for concurrent use.
type lateness struct {
	steps [lateSteps + 1]int
	n     int
}

func (l *lateness) add(d time.Duration) {
	l.n++
	l.steps[min(max(d/time.Millisecond, 0), lateSteps)]++
}

// quantile returns the least whole number of milliseconds within which that share
// came, 0 when nothing did.
func (l *lateness) quantile(share float64) time.Duration {
	if l.n == 0 {
		return 0
	}
	want, sum := share*float64(l.n), 0
	for i, n := range l.steps {
		if sum += n; n > 0 && float64(sum) >= want {
			return time.Duration(i+1) * time.Millisecond
		}
	}
	panic("netlab: more came late than came")
}
