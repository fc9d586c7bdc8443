package sfu

import (
	"runtime"
	"testing"
	"time"

	"incamera/sfu/munge"
)

// TestHistory: what was sent within historyFor can be asked for again, at any
// rate up to that of historySize, also where numbers start over; and a slow
// layer takes little memory.
func TestHistory(t *testing.T) {
	for _, tc := range []struct {
		name     string
		interval time.Duration
		size     int // of the history
		back     int // how many packets back can be had
	}{
		{"a quarter of a camera", 40 * time.Millisecond, firstHistory, int(historyFor / (40 * time.Millisecond))},
		{"a camera", 5 * time.Millisecond, 512, int(historyFor / (5 * time.Millisecond))},
		{"more than is kept", 500 * time.Microsecond, historySize, historySize - 1},
		{"at once", 0, historySize, historySize - 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r repair
			in, now, seq := &incoming{}, time.Unix(1000, 0), uint16(60_000)
			for range 10_000 {
				now, seq = now.Add(tc.interval), seq+1
				r.note(sent{in: in, seq: uint64(seq), out: munge.Out{Seq: seq}}, now)
				r.first = seq - uint16(historySize)
			}
			if len(r.history) != tc.size {
				t.Errorf("it holds %d packets, want %d", len(r.history), tc.size)
			}
			for back := range tc.back {
				if h := r.find(seq-uint16(back), now.Add(resendAfter)); h == nil || h.out.Seq != seq-uint16(back) {
					t.Fatalf("the packet %d back is gone", back)
				}
			}
			if h := r.find(seq-uint16(tc.size), now); h != nil {
				t.Errorf("the packet %d back is still there", tc.size)
			}
			if h := r.probe(); h == nil || h.out.Seq != seq-1 {
				t.Errorf("a probe begins with %+v", h)
			}
			r.forget()
			if r.find(seq, now) != nil || r.probe() != nil || r.history != nil {
				t.Error("something is left")
			}
		})
	}
}

// TestRepeatedNACK: who asks again before the answer can have come does not get it
// twice.
func TestRepeatedNACK(t *testing.T) {
	for _, tc := range []struct{ trip, same, again time.Duration }{
		{0, 19 * time.Millisecond, 20 * time.Millisecond},
		{10 * time.Millisecond, 19 * time.Millisecond, 20 * time.Millisecond},
		{300 * time.Millisecond, 224 * time.Millisecond, 225 * time.Millisecond},
		{time.Hour, mostResendAfter - time.Millisecond, mostResendAfter},
	} {
		now := time.Unix(1000, 0)
		r := repair{trip: tc.trip}
		r.note(sent{in: &incoming{}, out: munge.Out{Seq: 7}}, now)
		now = now.Add(tc.trip)
		h := r.find(7, now)
		if h == nil {
			t.Fatal("what was sent is not found")
		}
		r.resent(h, now)
		if r.find(7, now.Add(tc.same)) != nil {
			t.Errorf("with a round trip of %v it is sent again after %v", tc.trip, tc.same)
		}
		if r.find(7, now.Add(tc.again)) == nil {
			t.Errorf("with a round trip of %v it is not sent again after %v", tc.trip, tc.again)
		}
	}
}

// TestWatchedMemory: a seat on which somebody is, of whom a small picture has
// been sent for a while, takes 6 kB at most: 3 when it was written, 41 when each
// remembered as many packets as the largest layer has.
func TestWatchedMemory(t *testing.T) {
	const seats, most = 500, 6 << 10
	server := &Server{}
	src, in := newSource(server, "owner", 0, Camera), &incoming{}
	all := make([]*seat, seats)
	before := Held()
	for i := range all {
		now := time.Unix(1000, 0)
		all[i] = newSeat(server, i, Camera, nil)
		all[i].put(src, suits{}, now)
		for seq := range uint16(500) {
			all[i].repair.note(sent{in: in, out: munge.Out{Seq: seq}}, now.Add(time.Duration(seq)*40*time.Millisecond))
		}
	}
	each := (Held() - before) / seats
	runtime.KeepAlive(all)
	t.Logf("%d bytes for each watched picture", each)
	if each > most {
		t.Errorf("a watched picture takes %d bytes, want %d at most", each, most)
	}
}
