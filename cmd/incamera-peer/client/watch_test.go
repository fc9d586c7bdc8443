package client

import (
	"math"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

var noon = time.Unix(1_700_000_000, 0)

func toNTP(t time.Time) uint64 {
	return uint64(t.Unix()+2_208_988_800)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

func TestNTP(t *testing.T) {
	at := noon.Add(123_456_789)
	if got := fromNTP(toNTP(at)); got.Sub(at).Abs() > time.Microsecond {
		t.Errorf("%v comes back as %v", at, got)
	}
}

// TestFreezes: a pause is a freeze beside what was usual, and a slow picture is
// none.
func TestFreezes(t *testing.T) {
	for name, c := range map[string]struct {
		every, pause time.Duration
		freezes      int
	}{
		"30 a second, 150 ms": {33 * time.Millisecond, 150 * time.Millisecond, 0},
		"30 a second, 200 ms": {33 * time.Millisecond, 200 * time.Millisecond, 1},
		"5 a second, 400 ms":  {200 * time.Millisecond, 400 * time.Millisecond, 0},
		"5 a second, 700 ms":  {200 * time.Millisecond, 700 * time.Millisecond, 1},
	} {
		var w watch
		now := noon
		for i := range 50 {
			if i == 40 {
				now = now.Add(c.pause - c.every)
			}
			now = now.Add(c.every)
			w.frame(uint32(i), 90_000, now.Add(-20*time.Millisecond), now)
		}
		got := w.result()
		if got.Freezes != c.freezes || got.FrozenMs != int64(c.freezes)*c.pause.Milliseconds() {
			t.Errorf("%s: %d freezes of %d ms in all", name, got.Freezes, got.FrozenMs)
		}
		if got.Frames != 50 || got.Latency.P50 != 20 || got.Latency.Most != 20 {
			t.Errorf("%s: %d frames, latency %+v", name, got.Frames, got.Latency)
		}
	}
}

// TestConcealed: what does not come, or comes after its time, is not played.
func TestConcealed(t *testing.T) {
	var w watch
	for i := range 100 {
		at := uint32(math.MaxUint32 - 50*soundTicks + i*soundTicks) // it wraps around
		now := noon.Add(time.Duration(i) * 20 * time.Millisecond)
		switch i {
		case 20, 21:
			continue
		case 40:
			now = now.Add(playoutDelay + time.Millisecond)
		case 60:
			now = now.Add(playoutDelay - time.Millisecond)
		}
		w.piece(at, now)
	}
	if got := w.result(); got.Pieces != 100 || got.Concealed != 3 {
		t.Errorf("%d of %d pieces are concealed, want 3 of 100", got.Concealed, got.Pieces)
	}
}

// TestSkew: sender reports of one clock that differ from the truth by the same
// have no skew; the rest is what a receiver shows out of step.
func TestSkew(t *testing.T) {
	for _, wrong := range []time.Duration{0, 90 * time.Millisecond, -90 * time.Millisecond} {
		var sound, picture watch
		late := 3 * time.Second // the sender's clock, for both
		sound.report = &rtcp.SenderReport{NTPTime: toNTP(noon.Add(late)), RTPTime: math.MaxUint32 - 100}
		picture.report = &rtcp.SenderReport{NTPTime: toNTP(noon.Add(late + wrong)), RTPTime: 5}
		picture.beside(&sound)
		for i := range 20 {
			drawn := noon.Add(time.Duration(i) * 100 * time.Millisecond)
			sound.frame(math.MaxUint32-100+uint32(i)*soundClock/10, soundClock, drawn, drawn.Add(20*time.Millisecond))
			picture.frame(5+uint32(i)*9000, 90_000, drawn, drawn.Add(70*time.Millisecond))
			picture.beside(&sound)
		}
		got := picture.result().Skew
		if want := float64(wrong.Abs().Milliseconds()); math.Abs(got.P95-want) > 0.1 || len(picture.skewed) != 20 {
			t.Errorf("skew %+v of %d samples, want %v", got, len(picture.skewed), want)
		}
	}
	if got := new(watch).result().Skew; got.P95 != -1 {
		t.Errorf("nothing has a skew of %+v", got)
	}
}

func TestWindow(t *testing.T) {
	var w window
	for i := range 200_000 {
		if w.add(uint16(i)) {
			t.Fatalf("packet %d has come before", i)
		}
		if i > 1000 && !w.add(uint16(i-1000)) {
			t.Fatalf("packet %d has not come", i-1000)
		}
	}
}

// TestRepetitions: a probe repeats what was not missing, and is none; what comes
// twice as a retransmission is.
func TestRepetitions(t *testing.T) {
	var r repetitions
	for i, c := range []struct {
		seq    uint16
		repeat bool
		want   repetition
	}{{7, false, none}, {9, false, none}, {7, true, none}, {8, true, mends}, {8, true, again}, {8, false, none}, {8, true, again}, {7, true, none}} {
		if got := r.packet(c.seq, c.repeat); got != c.want {
			t.Errorf("packet %d is %d, want %d", i, got, c.want)
		}
	}
}
