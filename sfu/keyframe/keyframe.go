// Package keyframe spaces the key frames that a publisher is asked for.
package keyframe

import "time"

// spacing is how often one layer is asked at most. Shorter, and a receiver
// that loses much costs everybody bandwidth; longer, and switching takes
// visibly long.
const spacing = 500 * time.Millisecond

// A Throttle joins the requests of all receivers of one layer. The zero value
// is ready. Not safe for concurrent use.
type Throttle struct {
	asked   bool // at least once
	last    time.Time
	pending bool
}

// Ask notes a request and reports whether to send it on now. One that comes
// too soon is kept for [Throttle.Due].
func (t *Throttle) Ask(now time.Time) (send bool) {
	t.pending = true
	return t.Due(now)
}

// Due reports whether a kept request is to be sent on now.
func (t *Throttle) Due(now time.Time) (send bool) {
	if !t.pending || t.asked && now.Sub(t.last) < spacing {
		return false
	}
	t.asked, t.last, t.pending = true, now, false
	return true
}

// Pending reports whether a request is kept.
func (t *Throttle) Pending() bool { return t.pending }

// Arrived notes that a key frame has begun: it serves all who have asked.
func (t *Throttle) Arrived() { t.pending = false }
