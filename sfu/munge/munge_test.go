package munge

import (
	"math/rand/v2"
	"testing"
	"time"
)

// starts are sequence numbers around every wrap that 16-bit arithmetic has.
var starts = []uint16{0, 1, 126, 127, 128, 255, 256, 1023, 1024, 32766, 32767, 32768, 32769, 65533, 65534, 65535}

func TestUnwrapKeepsOrderAcrossTheWrap(t *testing.T) {
	for _, start := range starts {
		var u Unwrapper
		first, newest := u.Unwrap(start)
		if !newest {
			t.Errorf("start %d: the first is not the newest", start)
		}
		for i := range uint64(70_000) {
			if got, _ := u.Unwrap(start + uint16(i)); got != first+i {
				t.Fatalf("start %d: number %d unwraps to %d, want %d", start, i, got, first+i)
			}
		}
		late := uint64(70_000 - 5)
		if got, newest := u.Unwrap(start + uint16(late)); got != first+late || newest {
			t.Errorf("start %d: a late packet unwraps to %d, newest %t", start, got, newest)
		}
	}
}

func TestWindowTellsDuplicates(t *testing.T) {
	for _, start := range starts {
		var w Window
		base := 1<<16 + uint64(start)
		for i := range uint64(3000) {
			if !w.Fresh(base + i) {
				t.Fatalf("start %d: %d is not fresh", start, i)
			}
			if w.Fresh(base + i) {
				t.Fatalf("start %d: %d is fresh twice", start, i)
			}
		}
		if w.Fresh(base + 2999 - 1024) {
			t.Errorf("start %d: a packet older than the window is fresh", start)
		}
		if !w.Fresh(base+3100) || !w.Fresh(base+3050) || w.Fresh(base+3050) {
			t.Errorf("start %d: a late packet within the window", start)
		}
	}
}

func TestStreamIsContinuousOverSwitches(t *testing.T) {
	now := time.Unix(0, 0)
	for _, start := range starts {
		s := New(90000, start, 0xfffffff0)
		want, last, picture := start+1, uint32(0xfffffff0), uint16(1)
		for source := range uint64(5) {
			bits := []uint8{15, 7}[source%2]
			mask := uint16(1)<<bits - 1
			in := In{Seq: 1<<16 + 9999*source, Timestamp: uint32(source * 0x7fff1234), PictureBits: bits, PictureID: uint16(source*777) & mask}
			s.Switch(in, now, Hint{})
			for i := range uint64(300) {
				p := In{
					Seq: in.Seq + i, Timestamp: in.Timestamp + uint32(3000*i), PictureBits: bits,
					PictureID: (in.PictureID + uint16(i)) & mask, TL0: uint8(i), KeyIdx: uint8(i / 100),
				}
				out, ok := s.Rewrite(p, now)
				if !ok || out.Seq != want || int32(out.Timestamp-last) <= 0 || out.PictureID != picture&mask {
					t.Fatalf("start %d, source %d, packet %d: got %+v, want seq %d, picture %d, timestamp after %d", start, source, i, out, want, picture&mask, last)
				}
				want, last, picture = want+1, out.Timestamp, (picture+1)&0x7fff
				now = now.Add(time.Second / 30)
			}
			if _, ok := s.Rewrite(In{Seq: in.Seq - 1}, now); ok {
				t.Fatal("a packet from before the switch was sent")
			}
		}
	}
}

func TestTemporalIndicesGoOn(t *testing.T) {
	now := time.Unix(0, 0)
	s := New(90000, 0, 0)
	s.Switch(In{Seq: 70000, TL0: 250, KeyIdx: 30}, now, Hint{})
	first, _ := s.Rewrite(In{Seq: 70000, TL0: 250, KeyIdx: 30}, now)
	second, _ := s.Rewrite(In{Seq: 70001, TL0: 251, KeyIdx: 31}, now)
	s.Switch(In{Seq: 5000, TL0: 7, KeyIdx: 3}, now, Hint{})
	third, _ := s.Rewrite(In{Seq: 5000, TL0: 7, KeyIdx: 3}, now)
	if second.TL0 != first.TL0+1 || third.TL0 != first.TL0+2 || second.KeyIdx != first.KeyIdx+1 || third.KeyIdx != first.KeyIdx+2 {
		t.Errorf("they do not go on: %+v, %+v, %+v", first, second, third)
	}
}

func TestSwitchAdvancesByThePassedTime(t *testing.T) {
	for _, tc := range []struct {
		name   string
		passed time.Duration
		hint   Hint
		want   uint32
	}{
		{"no hint", 2 * time.Second, Hint{}, 180000},
		{"no time", 0, Hint{}, 1},
		{"clock set back", -time.Hour, Hint{}, 1},
		{"days", 90 * time.Hour, Hint{}, 60 * 90000},
		{"hint", 100 * time.Millisecond, Hint{5 + 6000, true}, 6000},
		{"hint into the past", 100 * time.Millisecond, Hint{^uint32(594), true}, 1},
		{"senseless hint", 100 * time.Millisecond, Hint{5 + 1_000_000, true}, 9000},
		{"senseless hint into the past", 100 * time.Millisecond, Hint{^uint32(999_994), true}, 9000},
	} {
		now := time.Unix(1_000_000, 0)
		s := New(90000, 7, 1000)
		s.Switch(In{Seq: 70000, Timestamp: 5}, now, Hint{})
		first, _ := s.Rewrite(In{Seq: 70000, Timestamp: 5}, now)
		now = now.Add(tc.passed)
		s.Switch(In{Seq: 90000, Timestamp: 99}, now, tc.hint)
		second, _ := s.Rewrite(In{Seq: 90000, Timestamp: 99}, now)
		if got := second.Timestamp - first.Timestamp; got != tc.want {
			t.Errorf("%s: the timestamp advances by %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestDropLeavesNoGap(t *testing.T) {
	now := time.Unix(0, 0)
	for _, start := range starts {
		base := 1<<16 + uint64(start)
		s := New(90000, start, 0)
		s.Switch(In{Seq: base}, now, Hint{})
		for _, step := range []struct {
			in   uint64
			drop bool
			want int // outgoing, relative to the first; -1: not sent
		}{
			{in: 0, want: 0},
			{in: 1, drop: true},
			{in: 2, want: 1},
			{in: 4, drop: true}, // 3 is lost
			{in: 5, want: 3},
			{in: 3, want: 2}, // it came late
			{in: 4, want: -1},
			{in: 1, want: -1},
			{in: 6, want: 4},
			{in: 5, drop: true}, // late: it has its number
			{in: 7, want: 5},
		} {
			if step.drop {
				s.Drop(base + step.in)
				continue
			}
			out, ok := s.Rewrite(In{Seq: base + step.in}, now)
			if ok != (step.want >= 0) || ok && out.Seq != start+1+uint16(step.want) {
				t.Errorf("start %d: packet %d became %d, %t, want %d", start, step.in, out.Seq-start-1, ok, step.want)
			}
		}
	}
}

// What is older than all drops that are remembered cannot be numbered.
func TestForgottenDropsEndTheirRange(t *testing.T) {
	now := time.Unix(0, 0)
	s := New(90000, 0, 0)
	s.Switch(In{Seq: 70_000}, now, Hint{})
	s.Rewrite(In{Seq: 70_000}, now)
	const late = 70_001
	for i := range uint64(maxRuns + 1) {
		s.Drop(late + 1 + 2*i)
	}
	if out, ok := s.Rewrite(In{Seq: late}, now); ok {
		t.Errorf("it became %d", out.Seq)
	}
}

// Whatever is lost, late, dropped or switched: no number is used twice, and
// packets of one source keep their order.
func TestNoNumberIsUsedTwice(t *testing.T) {
	now := time.Unix(0, 0)
	for _, start := range starts {
		r := rand.New(rand.NewPCG(uint64(start), 1))
		s := New(90000, start, 0)
		var outgoing Unwrapper
		used := map[uint64]bool{}
		for range 100 {
			base := r.Uint64N(1<<30) + 1<<16
			s.Switch(In{Seq: base}, now, Hint{})
			byIn := map[uint64]uint64{}
			order := []uint64{0}
			for n := range uint64(200) { // reordered by up to 20, a tenth lost
				if r.IntN(10) > 0 {
					order = append(order, n+1)
				}
			}
			for i := 1; i < len(order); i++ {
				j := min(len(order)-1, i+r.IntN(20))
				order[i], order[j] = order[j], order[i]
			}
			for _, n := range order {
				if n > 0 && r.IntN(8) == 0 {
					s.Drop(base + n)
					continue
				}
				out, ok := s.Rewrite(In{Seq: base + n}, now)
				if !ok {
					continue
				}
				ext, _ := outgoing.Unwrap(out.Seq)
				if used[ext] {
					t.Fatalf("start %d: %d is used twice", start, out.Seq)
				}
				used[ext], byIn[n] = true, ext
			}
			checkOrder(t, byIn)
		}
	}
}

func checkOrder(t *testing.T, byIn map[uint64]uint64) {
	t.Helper()
	last, sent := uint64(0), 0
	for n := range uint64(202) {
		if ext, ok := byIn[n]; ok {
			if ext <= last {
				t.Fatalf("packet %d became %d, the one before %d", n, ext, last)
			}
			last = ext
			sent++
		}
	}
	if sent < 100 {
		t.Fatalf("%d packets of 200 were sent", sent)
	}
}

func TestClock(t *testing.T) {
	c := Clock{RTP: 0xffff_ff00, At: 1_700_000_000e9, Rate: 90000}
	for _, d := range []time.Duration{0, time.Second, -time.Second, time.Hour} {
		ts := c.Timestamp(c.At + int64(d))
		if want := uint32(0xffff_ff00 + int64(d.Seconds()*90000)); ts != want {
			t.Errorf("after %v: %d, want %d", d, ts, want)
		}
		if got := c.Time(ts) - c.At; got != int64(d) {
			t.Errorf("back from %v: %v", d, time.Duration(got))
		}
	}
	at := time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.UTC).UnixNano()
	if got := FromNTP(ToNTP(at)); got < at-1 || got > at {
		t.Errorf("by NTP and back: %d, want %d", got, at)
	}
	if got := ToNTP(0); got != unixEpoch<<32 {
		t.Errorf("1970 is %x", got)
	}
}

func TestEpochTrustsTheQuickest(t *testing.T) {
	const ahead = int64(5 * time.Hour) // of the publisher's clock
	now := time.Unix(1_000_000, 0)
	var e Epoch
	for i, step := range []struct {
		wait    time.Duration // before it is sent
		delay   time.Duration // on the way
		assumed time.Duration // delay
	}{
		{0, 80 * time.Millisecond, 80 * time.Millisecond},
		{time.Second, 20 * time.Millisecond, 20 * time.Millisecond},
		{time.Second, 70 * time.Millisecond, 20 * time.Millisecond},
		{epochWindow, 50 * time.Millisecond, 20 * time.Millisecond},
		{epochWindow, 50 * time.Millisecond, 50 * time.Millisecond}, // the quickest is forgotten
	} {
		now = now.Add(step.wait)
		got := e.Translate(now.UnixNano()+ahead, now.Add(step.delay))
		if want := now.Add(step.assumed).UnixNano(); got != want {
			t.Errorf("step %d: off by %v", i, time.Duration(got-want))
		}
	}
}
