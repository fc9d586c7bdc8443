package layer

import "time"

// demandHold is for how long fewer layers must be wanted before a publisher is
// told to stop the others. Shorter, and who turns pages back and forth waits
// for encoders to start again; longer, and the publisher works for nobody.
const demandHold = 5 * time.Second

// A Demand is how many layers of one source its publisher is to send, from the
// lowest: all up to the highest that somebody watches, since a layer below is
// what a seat falls back to. Use [NewDemand]. Not safe for concurrent use.
type Demand struct {
	told int       // layers, 0 to Count
	less time.Time // since when fewer are wanted; zero when they are not
	peak int       // the most that was wanted since
}

// NewDemand returns the demand of a source of which all layers are sent.
func NewDemand() Demand { return Demand{told: Count} }

// Told returns how many layers the publisher is to send.
func (d *Demand) Told() int { return d.told }

// Update takes how many layers are watched now, and reports whether Told has
// changed: at once when there are more, after a while when there are fewer.
func (d *Demand) Update(watched int, now time.Time) (changed bool) {
	switch {
	case watched >= d.told:
		changed = watched > d.told
		d.told, d.less = watched, time.Time{}
	case d.less.IsZero():
		d.less, d.peak = now, watched
	default:
		d.peak = max(d.peak, watched)
		if now.Sub(d.less) >= demandHold {
			d.told, d.less = d.peak, time.Time{}
			changed = true
		}
	}
	return changed
}
