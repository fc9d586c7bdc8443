package keyframe

import (
	"testing"
	"time"
)

func TestRequestsAreJoined(t *testing.T) {
	start := time.Unix(1000, 0)
	var th Throttle
	if th.Due(start) {
		t.Error("something is due before anybody asked")
	}
	if !th.Ask(start) {
		t.Error("the first request is not sent")
	}
	if th.Ask(start.Add(1)) || th.Ask(start.Add(spacing-1)) {
		t.Error("a request is sent too soon")
	}
	if !th.Pending() || th.Due(start.Add(spacing-1)) {
		t.Error("a request that came too soon is not kept, or sent too soon")
	}
	if !th.Due(start.Add(spacing)) {
		t.Error("a kept request is not sent when its time has come")
	}
	if th.Pending() || th.Due(start.Add(10*spacing)) {
		t.Error("a kept request is sent twice")
	}
}

func TestKeyFrameServesAll(t *testing.T) {
	start := time.Unix(1000, 0)
	var th Throttle
	th.Ask(start)
	th.Ask(start.Add(1))
	th.Arrived()
	if th.Pending() || th.Due(start.Add(spacing)) {
		t.Error("a request is sent after the key frame that serves it")
	}
	if th.Ask(start.Add(spacing - 1)) {
		t.Error("a key frame resets the spacing")
	}
}

// However often receivers ask: no two requests within the spacing, and each is
// answered by a later one.
func TestSpacingHolds(t *testing.T) {
	now, last := time.Unix(1000, 0), time.Time{}
	var th Throttle
	sent := 0
	for range 10_000 {
		now = now.Add(7 * time.Millisecond)
		if !th.Ask(now) {
			continue
		}
		if now.Sub(last) < spacing {
			t.Fatalf("two requests within %v", now.Sub(last))
		}
		last = now
		sent++
	}
	if want := int(10_000 * 7 * time.Millisecond / (spacing + 4*time.Millisecond)); sent < want-1 || sent > want+1 {
		t.Errorf("%d requests were sent, want about %d", sent, want)
	}
}
