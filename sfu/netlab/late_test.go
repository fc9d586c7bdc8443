package netlab

import (
	"testing"
	"time"
)

func TestLateness(t *testing.T) {
	var l lateness
	if got := l.quantile(1); got != 0 {
		t.Errorf("nothing is late by %v", got)
	}
	for range 99 {
		l.add(300 * time.Microsecond)
	}
	l.add(40 * time.Millisecond)
	for share, want := range map[float64]time.Duration{0.5: time.Millisecond, 0.99: time.Millisecond, 0.995: 41 * time.Millisecond, 1: 41 * time.Millisecond} {
		if got := l.quantile(share); got != want {
			t.Errorf("%v of all are late by %v, want %v", share, got, want)
		}
	}
	l.add(-time.Second)
	l.add(time.Hour)
	if got := l.quantile(1); got != 1001*time.Millisecond {
		t.Errorf("what is an hour late counts as %v", got)
	}
}
