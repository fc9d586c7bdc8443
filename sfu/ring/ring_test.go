package ring

import (
	"bytes"
	"testing"
	"time"
)

var start = time.Unix(1_700_000_000, 0)

// kept returns how many of these numbers are there, each as it was put.
func kept(t *testing.T, r *Ring, from, to uint64) (n int) {
	t.Helper()
	buf := make([]byte, 1500)
	for seq := from; seq < to; seq++ {
		got := r.Get(seq, buf)
		if got == nil {
			continue
		}
		if n++; !bytes.Equal(got, []byte{byte(seq), byte(seq >> 8)}) {
			t.Fatalf("packet %d comes back as %x", seq, got)
		}
	}
	return n
}

// fill puts packets that come at that rate, the last at the returned time.
func fill(r *Ring, from, to uint64, perSecond int, now time.Time) time.Time {
	for seq := from; seq < to; seq++ {
		r.Put(seq, []byte{byte(seq), byte(seq >> 8)}, now)
		now = now.Add(time.Second / time.Duration(perSecond))
	}
	return now
}

// TestRingKeepsWhatIsOfUse: what came within the latest two seconds is there,
// whatever the rate, and no more than that needs.
func TestRingKeepsWhatIsOfUse(t *testing.T) {
	for _, tc := range []struct{ rate, slots int }{{20, 128}, {100, 256}, {300, 1024}, {400, 1024}} {
		r := New()
		fill(r, 70_000, 75_000, tc.rate, start)
		want := min(2*tc.rate, most)
		if n := kept(t, r, 75_000-uint64(want), 75_000); n != want {
			t.Errorf("at %d a second %d of the latest %d are there", tc.rate, n, want)
		}
		if n := kept(t, r, 69_990, 75_010); n > tc.slots || len(r.slots) != tc.slots {
			t.Errorf("at %d a second %d packets are kept in %d slots, want %d", tc.rate, n, len(r.slots), tc.slots)
		}
	}
}

// TestRingOfMany: of a rate that is too high the latest are there.
func TestRingOfMany(t *testing.T) {
	r := New()
	fill(r, 70_000, 73_000, 10_000, start)
	if n := kept(t, r, 73_000-most, 73_000); n != most {
		t.Errorf("%d of the latest %d are there", n, most)
	}
	if n := kept(t, r, 69_000, 73_000-most); n > 0 {
		t.Errorf("%d earlier ones, too", n)
	}
}

func TestRingRests(t *testing.T) {
	r := New()
	now := fill(r, 70_000, 71_000, 1000, start)
	r.Rest()
	if n := kept(t, r, 69_000, 72_000); n > 0 || r.slots != nil {
		t.Errorf("%d packets are kept of a layer that is not sent", n)
	}
	fill(r, 71_000, 71_010, 1000, now)
	if n := kept(t, r, 71_000, 71_010); n != 10 {
		t.Errorf("%d of 10 are there when it is sent again", n)
	}
}

func TestRingRefusesLateAndLarge(t *testing.T) {
	r := New()
	r.Put(5000, []byte("new"), start)
	r.Put(5000-first, []byte("late"), start)
	buf := make([]byte, 1500)
	if got := r.Get(5000, buf); string(got) != "new" {
		t.Errorf("a late packet replaced a new one: %q", got)
	}
	r.Put(6000, make([]byte, maxSize+1), start)
	if got := r.Get(6000, buf); got != nil {
		t.Errorf("a packet larger than a slot was kept")
	}
	if got := r.Get(5000, buf[:1]); got != nil {
		t.Errorf("a packet was cut to fit: %q", got)
	}
}
