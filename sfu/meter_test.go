package sfu

import (
	"testing"
	"time"

	"incamera/sfu/layer"
)

// TestMeter: a layer's rate is told up to each temporal layer that it had within
// two seconds, and how much of it is lost.
func TestMeter(t *testing.T) {
	var m meter
	now, seq := time.Unix(1000, 0), uint64(5)
	var got layer.Rates
	second := func(temporals []int, lost int) {
		for i := range 40 {
			now = now.Add(time.Second / 40)
			seq++
			if i >= 10 && i < 10+lost {
				continue
			}
			if rates, ok := m.add(seq, temporals[i%len(temporals)], 1000, now); ok {
				got = rates
			}
		}
	}
	three, one := []int{0, 2, 1, 2}, []int{0}
	for range 3 {
		second([]int{3, 0, 7}, 0)
	}
	if got[2] == 0 || got[2] > 160_000 {
		t.Errorf("the rates of layers above the third are %v", got)
	}
	now = now.Add(time.Minute)
	for range 6 {
		second(three, 0)
	}
	near := func(want layer.Rates) bool {
		for i, rate := range got {
			if rate < want[i]*9/10 || rate > want[i]*11/10 {
				return false
			}
		}
		return true
	}
	if !near(layer.Rates{80_000, 160_000, 320_000}) {
		t.Errorf("the rates are %v", got)
	}
	if m.loss != 0 {
		t.Errorf("%v is lost of nothing", m.loss)
	}
	second(three, 20)
	second(three, 0)
	if m.loss < 0.1 {
		t.Errorf("%v is lost of a half", m.loss)
	}
	for range 2 {
		second(one, 0)
	}
	if got.Top() != 2 {
		t.Errorf("layers are gone at once: %v", got)
	}
	for range 8 {
		second(one, 0)
	}
	if !near(layer.Rates{320_000, 0, 0}) {
		t.Errorf("the rates are %v", got)
	}
}

// TestMeterLossAcrossWindows: what is lost where one window ends and another begins
// is lost too, however long that is. What comes late is one too many there at most.
func TestMeterLossAcrossWindows(t *testing.T) {
	var m meter
	begin, seq := time.Unix(1000, 0), uint64(5)
	// From second 3 on for as many packets, of 40 each second: the window that began
	// with the first packet ends within.
	for _, c := range []struct {
		lost        int
		late        bool
		least, most float64
	}{{20, false, 0.15, 0.3}, {60, false, 0.3, 0.4}, {1, true, 0, 0.02}} {
		m = meter{}
		highest := 0.0
		for i := range 6 * 40 {
			now := begin.Add(time.Duration(i) * time.Second / 40)
			seq++
			if i >= 3*40-10 && i < 3*40-10+c.lost && !c.late {
				continue
			}
			number := seq
			switch {
			case c.late && i == 3*40-1: // change places where the window ends
				number++
			case c.late && i == 3*40:
				number--
			}
			m.add(number, 0, 1000, now)
			highest = max(highest, m.loss)
		}
		if highest < c.least || highest > c.most {
			t.Errorf("%d lost, late %v: %v", c.lost, c.late, highest)
		}
	}
}
