package sfu

import "time"

// meterWindow is over what time a layer's rate is measured. Shorter, and a key
// frame passes for a rate; longer, and a layer that has just begun has none.
const meterWindow = time.Second

// A meter measures the rate of a layer, and how much of it is lost. The zero
// value is ready. Not safe for concurrent use.
type meter struct {
	since   time.Time
	bytes   int
	packets int64
	first   uint64 // number of the window's first packet
	latest  uint64 // and of its latest
	rate    int64
	loss    float64 // share
}

func (m *meter) begin(seq uint64, size int, now time.Time) {
	m.since, m.bytes, m.packets = now, size, 1
	m.first, m.latest = max(seq, m.latest), max(seq, m.latest)
}

// add counts a packet, and returns the rate in bits per second, smoothed, when it
// was measured anew.
func (m *meter) add(seq uint64, size int, now time.Time) (rate int64, ok bool) {
	took := now.Sub(m.since)
	if m.since.IsZero() || took > 2*meterWindow { // it begins, or begins again
		m.begin(seq, size, now)
		return 0, false
	}
	if took < meterWindow {
		m.bytes += size
		m.packets++
		m.latest = max(m.latest, seq)
		return 0, false
	}
	if sent := int64(m.latest - m.first + 1); sent > 0 { // late ones make up for what was lost before
		m.loss += (float64(max(0, sent-m.packets))/float64(sent) - m.loss) / 2
	}
	measured := int64(float64(m.bytes*8) / took.Seconds())
	if m.rate == 0 {
		m.rate = measured
	}
	m.rate += (measured - m.rate) / 2
	m.begin(seq, size, now)
	return m.rate, true
}
