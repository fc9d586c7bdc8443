package delay

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestNote(t *testing.T) {
	var c Counter
	for _, n := range []struct {
		packets int
		took    time.Duration
	}{{1, -time.Second}, {2, 50 * time.Microsecond}, {4, 50*time.Microsecond + 1}, {8, time.Second}, {16, time.Second + 1}, {0, time.Millisecond}, {-1, time.Millisecond}} {
		c.Note(n.packets, n.took)
	}
	want := Counts{Sum: 24 + 6*50e-6}
	want.Packets[0], want.Packets[1], want.Packets[len(Bounds)-1], want.Packets[len(Bounds)] = 3, 4, 8, 16
	if got := c.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	before := c.Counts()
	c.Note(5, time.Millisecond)
	since := c.Counts().Since(before)
	if since.Total() != 5 || math.Abs(since.Sum-5e-3) > 1e-9 || since.And(before) != c.Counts() {
		t.Errorf("since then %+v, in all %+v", since, since.And(before))
	}
}

func TestNoteTogether(t *testing.T) {
	var c Counter
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 1000 {
				c.Note(i, time.Duration(i)*time.Millisecond)
			}
		})
	}
	all.Wait()
	if got := c.Counts(); got.Total() != 6000 || got.Sum != 14 {
		t.Errorf("%+v", got)
	}
}

func TestQuantile(t *testing.T) {
	var none Counts
	if got := none.Quantile(0.99); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	var late Counter
	late.Note(1, time.Minute)
	if got := late.Counts().Quantile(0); got != time.Second {
		t.Errorf("of what is beyond all: %v", got)
	}
	var c Counter
	c.Note(990, 3*time.Millisecond) // of 2 to 5
	c.Note(10, 30*time.Millisecond) // of 20 to 50
	for _, q := range []struct {
		share float64
		want  time.Duration
	}{{0, 2 * time.Millisecond}, {0.495, 3500 * time.Microsecond}, {0.99, 5 * time.Millisecond}, {0.995, 35 * time.Millisecond}, {1, 50 * time.Millisecond}} {
		if got := c.Counts().Quantile(q.share); math.Abs(float64(got-q.want)) > float64(time.Microsecond) {
			t.Errorf("%v: %v, want %v", q.share, got, q.want)
		}
	}
}
