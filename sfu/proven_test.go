package sfu

import (
	"testing"
	"time"

	"incamera/sfu/bwe"
	"incamera/sfu/transport"
)

// TestProven: jitter alone withholds nobody's picture.
func TestProven(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    transport.Congestion
		want bool
	}{
		{"not tried", transport.Congestion{Cause: bwe.Untried, Loss: 0.5, Queue: time.Second}, false},
		{"jitter", transport.Congestion{Cause: bwe.Queue, Loss: 0.01, Queue: 100 * time.Millisecond}, false},
		{"a long queue", transport.Congestion{Cause: bwe.Queue, Queue: 300 * time.Millisecond}, true},
		{"a queue that drops", transport.Congestion{Cause: bwe.Queue, Loss: 0.05, Queue: 50 * time.Millisecond}, true},
		{"loss", transport.Congestion{Cause: bwe.Loss}, true},
		{"the subscriber says so", transport.Congestion{Cause: bwe.Told}, true},
	} {
		if got := proven(tc.c); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}
