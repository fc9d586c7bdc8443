package sfu

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"incamera/sfu/munge"
	"incamera/sfu/transport"
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
		for _, each := range []int{1, 3, 8, 60} { // packets in a picture
			t.Run(fmt.Sprintf("%s, pictures of %d", tc.name, each), func(t *testing.T) {
				var r repair
				in, now, seq := &incoming{}, time.Unix(1000, 0), uint16(60_000)
				was := func(seq uint16) sent {
					nth := int(seq - 60_001)
					return sent{in: in, seq: 90_000 + uint64(nth), marker: nth%each == each-1, out: munge.Out{Seq: seq, PictureID: uint16(nth / each)}}
				}
				for range 10_000 {
					now, seq = now.Add(tc.interval), seq+1
					s := was(seq)
					r.note(&s, now)
					r.first = seq - uint16(historySize)
					back := min(seq-60_001, uint16(tc.back-1)) // each is looked at when it is that old, also while the memory grows
					if h, ok := r.find(seq-back, 0, now.Add(resendAfter)); !ok || h != was(seq-back) {
						t.Fatalf("of the packet %d before %d there is %+v (%t)", back, seq, h, ok)
					}
				}
				if len(r.slots) != tc.size {
					t.Errorf("it holds %d packets, want %d", len(r.slots), tc.size)
				}
				for back := range tc.back {
					if h, ok := r.find(seq-uint16(back), 0, now.Add(resendAfter)); !ok || h != was(seq-uint16(back)) {
						t.Fatalf("of the packet %d back there is %+v (%t)", back, h, ok)
					}
				}
				if _, ok := r.find(seq-uint16(tc.size), 0, now); ok {
					t.Errorf("the packet %d back is still there", tc.size)
				}
				if h, ok := r.probe(); !ok || h.out.Seq != seq-1 {
					t.Errorf("a probe begins with %+v (%t)", h, ok)
				}
				r.forget()
				_, found := r.find(seq, 0, now)
				if _, repeated := r.probe(); found || repeated || r.slots != nil || r.runs != nil {
					t.Error("something is left")
				}
			})
		}
	}
}

// TestHistoryAgrees: what is found is what was sent, whatever was lost before it came,
// came late, or was of another layer; and what was sent last of all is found.
func TestHistoryAgrees(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var r repair
		layers := []*incoming{{}, {}}
		in, now, next, shift, picture := layers[0], time.Unix(1000, 0), uint16(rnd.Uint32()), uint64(100_000), uint16(0)
		all := map[uint16]sent{}
		var late []sent
		for range 3000 {
			now = now.Add(time.Duration(rnd.IntN(8)) * time.Millisecond)
			next++
			s := sent{in: in, seq: shift + uint64(next), out: munge.Out{Seq: next, PictureID: picture}}
			switch rnd.IntN(20) {
			case 0, 1, 2:
				s.marker = true
				picture++
			case 3:
				late = append(late, s)
				continue
			case 4:
				continue // it never came
			case 5:
				shift += uint64(rnd.IntN(3)) // some were left out
			case 6:
				in = layers[rnd.IntN(2)]
			case 7:
				for _, s := range late {
					r.note(&s, now)
					all[s.out.Seq] = s
				}
				late = nil
			}
			r.note(&s, now)
			all[next] = s
			if got, h := r.get(next); h == nil || got != s {
				t.Fatalf("seed %d: of what was sent just now there is %+v, want %+v", seed, got, s)
			}
			for range 5 {
				seq := next - uint16(rnd.IntN(1200)) + 20
				if got, h := r.get(seq); h != nil && got != all[seq] {
					t.Fatalf("seed %d: as %d there is %+v, want %+v", seed, seq, got, all[seq])
				}
			}
		}
		found := 0
		for back := range uint16(64) {
			if _, h := r.get(next - back); h != nil {
				found++
			}
		}
		if found < 40 {
			t.Errorf("seed %d: of the latest 64 packets %d are found", seed, found)
		}
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
		r := repair{}
		r.note(&sent{in: &incoming{}, out: munge.Out{Seq: 7}}, now)
		now = now.Add(tc.trip)
		if _, ok := r.find(7, tc.trip, now); !ok {
			t.Fatal("what was sent is not found")
		}
		r.resent(7, now)
		if _, ok := r.find(7, tc.trip, now.Add(tc.same)); ok {
			t.Errorf("with a round trip of %v it is sent again after %v", tc.trip, tc.same)
		}
		if _, ok := r.find(7, tc.trip, now.Add(tc.again)); !ok {
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
			all[i].repair.note(&sent{in: in, out: munge.Out{Seq: seq}}, now.Add(time.Duration(seq)*40*time.Millisecond))
		}
	}
	each := (Held() - before) / seats
	runtime.KeepAlive(all)
	t.Logf("%d bytes for each watched picture", each)
	if each > most {
		t.Errorf("a watched picture takes %d bytes, want %d at most", each, most)
	}
}

// TestEmptySeat: a seat on which nobody has been yet has nothing to send again,
// whatever it is asked for.
func TestEmptySeat(t *testing.T) {
	server, now := &Server{}, time.Unix(1000, 0)
	s := newSeat(server, 0, Camera, nil)
	s.takesTrip(time.Second)
	s.put(nil, suits{}, now)
	s.allow(0, now)
	s.answer(nil, transport.Feedback{KeyFrame: true, Missing: []uint16{1}}, now)
	if n := s.repeat(nil, now); n != 0 {
		t.Errorf("%d bytes are repeated", n)
	}
	if r, ok := s.report(now); ok {
		t.Errorf("it reports %+v", r)
	}
	if asked, resent := server.counters.asked.Load(), server.counters.resent.Load(); asked != 1 || resent != 0 {
		t.Errorf("asked for %d, sent %d again", asked, resent)
	}
}
