package sfu

import "time"

// meterWindow is over what time a layer's rate is measured. Shorter, and a key
// frame passes for a rate; longer, and a layer that has just begun has none.
const meterWindow = time.Second

// A meter measures the rate of a layer. The zero value is ready. Not safe for
// concurrent use.
type meter struct {
	since time.Time
	bytes int
	rate  int64
}

// add counts a packet, and returns the rate in bits per second, smoothed, when it
// was measured anew.
func (m *meter) add(size int, now time.Time) (rate int64, ok bool) {
	took := now.Sub(m.since)
	if m.since.IsZero() || took > 2*meterWindow { // it begins, or begins again
		m.since, m.bytes = now, size
		return 0, false
	}
	if took < meterWindow {
		m.bytes += size
		return 0, false
	}
	measured := int64(float64(m.bytes*8) / took.Seconds())
	if m.rate == 0 {
		m.rate = measured
	}
	m.rate += (measured - m.rate) / 2
	m.since, m.bytes = now, size
	return m.rate, true
}
