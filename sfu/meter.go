package sfu

import (
	"time"

	"incamera/sfu/layer"
)

// meterWindow is over what time a layer's rate is measured. Shorter, and a key
// frame passes for a rate; longer, and a layer that has just begun has none.
const meterWindow = time.Second

// A meter measures the rate of a layer up to each temporal layer, and how much of
// it is lost. The zero value is ready. Not safe for concurrent use.
type meter struct {
	since   time.Time
	bytes   [layer.Temporals]int // of each temporal layer
	packets int64
	first   uint64 // the lowest number of the window: what follows the one before
	latest  uint64 // the highest so far
	rates   layer.Rates
	highest int     // temporal layer of this window
	top     int     // of this window and the one before
	loss    float64 // share
}

// begin begins a window, of the numbers from first on.
func (m *meter) begin(first, seq uint64, temporal, size int, now time.Time) {
	m.since, m.bytes, m.packets = now, [layer.Temporals]int{}, 1
	m.count(temporal, size)
	m.first, m.latest = first, max(seq, m.latest)
	m.highest, m.top = temporal, max(temporal, m.highest)
}

// count leaves out what is above all layers that are sent on.
func (m *meter) count(temporal, size int) {
	if temporal < layer.Temporals {
		m.bytes[temporal] += size
	}
}

// add counts a packet of a temporal layer, and returns the rates in bits per
// second, smoothed, when they were measured anew.
func (m *meter) add(seq uint64, temporal, size int, now time.Time) (rates layer.Rates, ok bool) {
	took := now.Sub(m.since)
	if m.since.IsZero() || took > 2*meterWindow { // it begins, or begins again
		first := m.latest + 1 // a pause leaves out no numbers, and a hole does
		if m.since.IsZero() {
			first = seq
		}
		m.begin(first, seq, temporal, size, now)
		return rates, false
	}
	if took < meterWindow {
		m.count(temporal, size)
		m.packets++
		m.latest = max(m.latest, seq)
		m.highest, m.top = max(m.highest, temporal), max(m.top, temporal)
		return rates, false
	}
	if sent := int64(m.latest - m.first + 1); sent > 0 { // late ones make up for what was lost before
		m.loss += (float64(max(0, sent-m.packets))/float64(sent) - m.loss) / 2
	}
	bytes := 0
	for t := range m.rates {
		bytes += m.bytes[t]
		measured := int64(float64(bytes*8) / took.Seconds())
		if m.rates[t] == 0 {
			m.rates[t] = measured
		}
		m.rates[t] += (measured - m.rates[t]) / 2
		if t <= m.top {
			rates[t] = max(1, m.rates[t])
		}
	}
	m.begin(m.latest+1, seq, temporal, size, now)
	return rates, true
}
