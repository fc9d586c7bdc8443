package layer

import (
	"testing"
	"time"
)

func TestFor(t *testing.T) {
	for height, want := range map[int]int{0: 0, 90: 0, 180: 0, 181: 1, 360: 1, 361: 2, 1080: 2} {
		if got := For(height); got != want {
			t.Errorf("For(%d) = %d, want %d", height, got, want)
		}
	}
}

func TestBestFallsBackToWhatIsSent(t *testing.T) {
	now := time.Unix(1000, 0)
	fresh, stale := now.Add(-aliveFor+1), now.Add(-aliveFor)
	never := time.Time{}
	for _, tc := range []struct {
		wanted int
		last   [Count]time.Time
		want   int
	}{
		{2, [Count]time.Time{fresh, fresh, fresh}, 2},
		{2, [Count]time.Time{fresh, fresh, stale}, 1},
		{2, [Count]time.Time{fresh, never, never}, 0},
		{0, [Count]time.Time{never, fresh, fresh}, 1},
		{0, [Count]time.Time{stale, never, fresh}, 2},
		{1, [Count]time.Time{}, None},
	} {
		if got := Best(tc.wanted, tc.last, now); got != tc.want {
			t.Errorf("Best(%d, %v) = %d, want %d", tc.wanted, tc.last, got, tc.want)
		}
	}
}
