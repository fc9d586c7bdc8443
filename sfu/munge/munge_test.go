package munge

import (
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
			in := In{Seq: 1<<16 + 9999*source, Timestamp: uint32(source * 0x7fff1234), PictureID: uint16(source * 777 & 0x7fff)}
			s.Switch(in, now)
			for i := range uint64(50) {
				p := In{Seq: in.Seq + i, Timestamp: in.Timestamp + uint32(3000*i), PictureID: (in.PictureID + uint16(i)) & 0x7fff}
				out, ok := s.Rewrite(p, now)
				if !ok || out.Seq != want || int32(out.Timestamp-last) <= 0 || out.PictureID != picture {
					t.Fatalf("start %d, source %d, packet %d: got %+v, want seq %d, picture %d, timestamp after %d", start, source, i, out, want, picture, last)
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

func TestSwitchAdvancesByThePassedTime(t *testing.T) {
	now := time.Unix(100, 0)
	s := New(90000, 7, 1000)
	s.Switch(In{Seq: 70000, Timestamp: 5}, now)
	first, _ := s.Rewrite(In{Seq: 70000, Timestamp: 5}, now)
	s.Switch(In{Seq: 90000, Timestamp: 99}, now.Add(2*time.Second))
	second, _ := s.Rewrite(In{Seq: 90000, Timestamp: 99}, now.Add(2*time.Second))
	if got := second.Timestamp - first.Timestamp; got != 180000 {
		t.Errorf("two seconds are %d ticks, want 180000", got)
	}
}

func TestDropLeavesNoGap(t *testing.T) {
	now := time.Unix(0, 0)
	s := New(90000, 0, 0)
	s.Switch(In{Seq: 70000}, now)
	a, _ := s.Rewrite(In{Seq: 70000}, now)
	s.Drop(In{Seq: 70001})
	b, ok := s.Rewrite(In{Seq: 70002}, now)
	if !ok || b.Seq != a.Seq+1 {
		t.Errorf("after a dropped packet the next is %d, want %d", b.Seq, a.Seq+1)
	}
}
