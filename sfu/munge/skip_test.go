package munge

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A picture of three temporal layers, the fourth of which begins anew: 0 2 1 2.
func temporal(picture uint64) int { return [...]int{0, 2, 1, 2}[picture%4] }

func TestSkippedPicturesLeaveNoGap(t *testing.T) {
	now := time.Unix(0, 0)
	for _, start := range starts {
		for _, bits := range []uint8{7, 15} {
			s, mask := New(90000, start, 0), uint16(1)<<bits-1
			first := In{Seq: 1<<16 + uint64(start), PictureBits: bits, PictureID: start & mask}
			s.Switch(first, now, Hint{})
			seq, picture, want := first.Seq, uint16(0), start
			for n := range uint64(600) {
				highest := []int{2, 0, 1}[n/200]
				for range 1 + n%3 { // packets
					in := In{Seq: seq, Timestamp: uint32(3000 * n), PictureBits: bits, PictureID: (first.PictureID + uint16(n)) & mask}
					seq++
					if temporal(n) > highest {
						if gap, late := s.Skip(in); late {
							t.Fatalf("start %d, %d bits: picture %d has left a gap: %+v", start, bits, n, gap)
						}
						if age := s.Age(in); age != Skipped {
							t.Fatalf("start %d, %d bits: picture %d is of age %d", start, bits, n, age)
						}
						continue
					}
					want++
					out, ok := s.Rewrite(in, now)
					if !ok || out.Seq != want || out.Timestamp != in.Timestamp+s.timestampOffset {
						t.Fatalf("start %d, %d bits: picture %d became %+v, %t, want %d", start, bits, n, out, ok, want)
					}
					if out.PictureID != (picture+1)&mask {
						t.Fatalf("start %d, %d bits: picture %d has id %d, the one before %d", start, bits, n, out.PictureID, picture)
					}
					if age := s.Age(in); age != Newest {
						t.Fatalf("start %d, %d bits: picture %d is of age %d", start, bits, n, age)
					}
				}
				if temporal(n) <= highest {
					picture++
				}
			}
		}
	}
}

// Ids of pictures that are apart keep their distances, also where some are
// skipped; those of the next source go on from them.
func TestPicturesThatAreApart(t *testing.T) {
	now := time.Unix(0, 0)
	for _, start := range starts {
		s, last := New(90000, start, 0), uint16(0)
		for source := range uint64(4) {
			first := In{Seq: (source + 1) << 20, PictureBits: 15, PictureID: (start + uint16(777*source)) & 0x7fff, Apart: source%2 == 0}
			s.Switch(first, now, Hint{})
			base, sent := last, uint16(0)
			for n := range uint64(101) {
				in := first
				in.Seq, in.PictureID = first.Seq+n, (first.PictureID+uint16(n))&0x7fff
				if temporal(n) > 0 {
					s.Skip(in)
					if s.Age(in) != Skipped {
						t.Fatalf("start %d: a skipped picture is of age %d", start, s.Age(in))
					}
					continue
				}
				sent++
				want := base + sent
				if in.Apart {
					want = base + 1 + uint16(n)
				}
				out, ok := s.Rewrite(in, now)
				if !ok || out.PictureID != want&0x7fff {
					t.Fatalf("start %d, source %d: picture %d has id %d, want %d", start, source, n, out.PictureID, want&0x7fff)
				}
				last = out.PictureID
			}
		}
	}
}

// What comes late fills the place that it has left, whatever was skipped
// meanwhile; of what was skipped nothing is sent.
func TestLatePacketsOfSkippedPictures(t *testing.T) {
	for name, timed := range map[string]bool{"by id": false, "by time": true} {
		t.Run(name, func(t *testing.T) { testLatePackets(t, timed) })
	}
}

func testLatePackets(t *testing.T, timed bool) {
	t.Helper()
	now := time.Unix(0, 0)
	for _, start := range starts {
		base := 1<<16 + uint64(start)
		packet := func(seq, picture uint64) In {
			if timed {
				return In{Seq: base + seq, Timed: true, Timestamp: uint32(start)<<16 + 3000*uint32(picture)}
			}
			return In{Seq: base + seq, PictureBits: 15, PictureID: (start + uint16(picture)) & 0x7fff}
		}
		s := New(90000, start, 0)
		s.Switch(packet(0, 0), now, Hint{})
		for i, step := range []struct {
			seq, picture uint64
			skip         bool
			age          Age
			seqOut       int // relative to the first; -1: nothing is sent
			pictureOut   uint16
		}{
			{seq: 0, picture: 0, age: Newer, pictureOut: 1},
			{seq: 1, picture: 1, skip: true, age: Newer, seqOut: -1},
			{seq: 3, picture: 1, skip: true, age: Skipped, seqOut: -1}, // 2 is lost
			{seq: 4, picture: 2, age: Newer, seqOut: 2, pictureOut: 2},
			{seq: 2, picture: 1, skip: true, age: Skipped, seqOut: 1}, // late: an empty packet in its place
			{seq: 6, picture: 4, age: Newer, seqOut: 4, pictureOut: 4},
			{seq: 5, picture: 3, age: Older, seqOut: 3, pictureOut: 3},
			{seq: 8, picture: 6, skip: true, age: Newer, seqOut: -1},
			{seq: 7, picture: 5, skip: true, age: Older, seqOut: 5}, // nobody knew: its place stays
			{seq: 9, picture: 7, age: Newer, seqOut: 6, pictureOut: 6},
			{seq: 10, picture: 7, age: Newest, seqOut: 7, pictureOut: 6},
		} {
			in := packet(step.seq, step.picture)
			if age := s.Age(in); age != step.age {
				t.Errorf("start %d, step %d: age %d, want %d", start, i, age, step.age)
			}
			var out Out
			var ok bool
			if step.skip {
				out, ok = s.Skip(in)
			} else {
				out, ok = s.Rewrite(in, now)
			}
			if ok != (step.seqOut >= 0) || ok && (out.Seq != start+1+uint16(step.seqOut) || !timed && out.PictureID != step.pictureOut) {
				t.Errorf("start %d, step %d: %d, picture %d, %t", start, i, out.Seq-start-1, out.PictureID, ok)
			}
		}
		if _, ok := s.Rewrite(packet(11, 6), now); ok {
			t.Errorf("start %d: a packet of a skipped picture is sent", start)
		}
		if _, late := s.Skip(In{Seq: base - 1}); late {
			t.Errorf("start %d: a packet from before the switch has left a gap", start)
		}
	}
}

// Whatever is lost, late, skipped at whatever rate, or switched: no number is
// used twice, numbers and picture ids keep their order, and where nothing is
// lost there is no gap.
func TestSkipKeepsOrder(t *testing.T) {
	now := time.Unix(0, 0)
	for _, start := range starts {
		r := rand.New(rand.NewPCG(uint64(start), 2))
		s := New(90000, start, 0)
		var outgoing Unwrapper
		used := map[uint64]bool{}
		lastPicture := uint16(0)
		for round := range 60 {
			lossy := round%2 == 1
			base, picture := r.Uint64N(1<<30)+1<<16, uint16(r.Uint32())&0x7fff
			packets := frames(r, base, picture, lossy)
			timed := round%3 == 2
			for i := range packets {
				if in := &packets[i].in; timed {
					*in = In{Seq: in.Seq, Timed: true, Timestamp: uint32(picture)<<17 + 3000*uint32(packets[i].picture)}
				}
			}
			s.Switch(packets[0].in, now, Hint{})
			ids, highest := map[uint64]uint16{}, 2
			outs := map[uint64]uint64{}
			for i, p := range packets {
				if i > 0 && r.IntN(10) == 0 {
					highest = r.IntN(3)
				}
				skip := false
				switch s.Age(p.in) {
				case Newer, Older:
					skip = p.temporal > highest
				case Skipped:
					skip = true
				case Newest:
				}
				var out Out
				var ok bool
				if skip {
					out, ok = s.Skip(p.in)
				} else if out, ok = s.Rewrite(p.in, now); ok && !timed {
					ids[p.picture] = out.PictureID
				}
				if !ok {
					continue
				}
				ext, _ := outgoing.Unwrap(out.Seq)
				if used[ext] {
					t.Fatalf("start %d: %d is used twice", start, out.Seq)
				}
				used[ext], outs[p.in.Seq] = true, ext
			}
			checkRising(t, outs)
			lastPicture = checkPictures(t, ids, lastPicture, lossy)
		}
	}
}

type framePacket struct {
	in       In
	picture  uint64
	temporal int
}

// frames makes the packets of 100 pictures; lossy: a tenth is lost, and they
// come in another order, but the first.
func frames(r *rand.Rand, seq uint64, id uint16, lossy bool) (all []framePacket) {
	for n := range uint64(100) {
		for range 1 + r.IntN(4) {
			if !lossy || len(all) == 0 || r.IntN(10) > 0 {
				all = append(all, framePacket{In{Seq: seq, PictureBits: 15, PictureID: (id + uint16(n)) & 0x7fff}, n, temporal(n)})
			}
			seq++
		}
	}
	for i := 1; lossy && i < len(all); i++ {
		j := min(len(all)-1, i+r.IntN(12))
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func checkRising(t *testing.T, outs map[uint64]uint64) {
	t.Helper()
	ins := make([]uint64, 0, len(outs))
	for in := range outs {
		ins = append(ins, in)
	}
	slices.Sort(ins)
	for i := 1; i < len(ins); i++ {
		if outs[ins[i]] <= outs[ins[i-1]] {
			t.Fatalf("packet %d became %d, %d before it %d", ins[i], outs[ins[i]], ins[i-1], outs[ins[i-1]])
		}
	}
}

func checkPictures(t *testing.T, ids map[uint64]uint16, last uint16, lossy bool) uint16 {
	t.Helper()
	for n := range uint64(100) {
		id, ok := ids[n]
		if !ok {
			continue
		}
		if step := (id - last) & 0x7fff; step == 0 || step > 100 || !lossy && n > 0 && step != 1 {
			t.Fatalf("picture %d has id %d, the one before %d", n, id, last)
		}
		last = id
	}
	return last
}
