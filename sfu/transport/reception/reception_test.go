package reception

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"incamera/sfu/transport/rtcpx"
)

var start = time.Unix(1_700_000_000, 0)

func at(ms float64) time.Time { return start.Add(time.Duration(ms * float64(time.Millisecond))) }

func TestStatistics(t *testing.T) {
	s := NewStatistics(90_000)
	if _, ok := s.Block(7, start); ok {
		t.Error("something is told of a stream of which nothing has come")
	}
	// Ten packets of which two are lost, over a turn of the numbers; one is 10 ms late.
	for i := range 10 {
		if i == 3 || i == 6 {
			continue
		}
		late := 0.0
		if i == 8 {
			late = 10
		}
		s.Note(uint16(65_530+i), uint32(i*3000), at(float64(i)*100/3+late))
	}
	s.NoteReport(0x0001_0002_0003_0004, at(400))
	b, ok := s.Block(7, at(1400))
	// The two steps of 900 ticks leave (900/16)·15/16 + 900/16, in ticks.
	if !ok || b.SSRC != 7 || b.Lost != 2 || b.Fraction != 51 || b.Highest != 1<<16+3 || b.Jitter < 107 || b.Jitter > 110 || b.LastSR != 0x0002_0003 || b.Delay != 65_536 {
		t.Errorf("told %+v (%v)", b, ok)
	}
	s.Note(7, 39_000, at(433)) // the next three are lost
	if b, _ := s.Block(7, at(2400)); b.Lost != 5 || b.Fraction != 192 {
		t.Errorf("then %+v", b)
	}
	s.Note(7, 39_000, at(434)) // twice
	if b, _ := s.Block(7, at(2400)); b.Lost != 4 || b.Fraction != 0 {
		t.Errorf("then %+v", b)
	}
}

func TestGapsAreAskedForOnceTheyAreNoReordering(t *testing.T) {
	g := NewGaps(new(Trip))
	g.Note(65_534, at(0), false)
	g.Note(0, at(1), false) // 65535 is missing
	if due := g.Due(nil, at(1)); len(due) > 0 || !g.Next().Equal(at(1).Add(reorderWait)) {
		t.Errorf("%v is asked for at once; next at %v", due, g.Next())
	}
	g.Note(1, at(1), false)
	g.Note(2, at(2), false) // three after it
	if due := g.Due(nil, at(2)); !slices.Equal(due, []uint16{65_535}) {
		t.Errorf("%v is asked for after three later ones", due)
	}
	if due := g.Due(nil, at(3)); len(due) > 0 {
		t.Errorf("%v is asked for twice", due)
	}
	g.Note(4, at(3), false)
	g.Note(3, at(4), false) // it was late
	if due := g.Due(nil, at(60)); len(due) > 0 {
		t.Errorf("%v is asked for", due)
	}
	if due := g.Due(nil, at(2).Add(firstRTT)); !slices.Equal(due, []uint16{65_535}) {
		t.Errorf("%v is asked for again", due)
	}
}

func TestGapsAreGivenUp(t *testing.T) {
	g := NewGaps(new(Trip))
	g.Note(1, at(0), false)
	g.Note(5, at(0), false)
	tries, now := 0, at(0)
	for !g.Next().IsZero() {
		if next := g.Next(); next.Before(now) || next.Sub(now) > maxRetry {
			t.Fatalf("next after %v", next.Sub(now))
		} else {
			now = next
		}
		tries += len(g.Due(nil, now))
	}
	if tries != 3*maxTries {
		t.Errorf("three packets were asked for %d times, want %d each", tries, maxTries)
	}
	g.Note(20, now, false)
	g.Note(24, now, false)
	g.Forget(20) // a key frame begins
	if due := g.Due(nil, now.Add(time.Second)); !slices.Equal(due, []uint16{21, 22, 23}) {
		t.Errorf("%v is asked for after a key frame", due)
	}
	g.Note(24+maxJump+1, now, false)
	if due := g.Due(nil, now.Add(time.Second)); len(due) > 0 {
		t.Errorf("%d are asked for when a stream begins anew", len(due))
	}
	g.Note(24+2*maxJump, now, false)
	if due := g.Due(nil, now.Add(time.Second)); len(due) != maxMissing || due[0] != 24+2*maxJump-maxMissing {
		t.Errorf("%d are asked for at once, from %d", len(due), due[0])
	}
}

// Jumps are as cheap as what is kept of them.
func TestGapsOfJumps(t *testing.T) {
	g := NewGaps(new(Trip))
	seq := uint16(1)
	g.Note(seq, at(0), false)
	for range 50 {
		seq += maxJump
		g.Note(seq, at(0), false)
		if n := len(g.missing); n != maxMissing || uint16(g.missing[0].seq) != seq-maxMissing {
			t.Fatalf("after %d, %d are missing, from %d", seq, n, uint16(g.missing[0].seq))
		}
	}
	g.Note(seq+3, at(0), false)
	if n := len(g.missing); n != maxMissing || uint16(g.missing[n-1].seq) != seq+2 {
		t.Errorf("%d are missing, to %d", n, uint16(g.missing[n-1].seq))
	}
}

// The time that an answer takes is when a packet is asked for again.
func TestGapsLearnTheRoundTrip(t *testing.T) {
	g := NewGaps(new(Trip))
	seq, now := uint16(0), start
	for range 40 {
		g.Note(seq, now, false)
		g.Note(seq+5, now, false)
		for _, missing := range g.Due(nil, now) {
			g.Note(missing, now.Add(200*time.Millisecond), false)
		}
		seq, now = seq+10, now.Add(time.Second)
		g.Forget(seq - 1)
	}
	g.Note(seq, now, false)
	g.Note(seq+9, now, false)
	g.Due(nil, now)
	if wait := g.Next().Sub(now); wait != reorderWait && (wait < 195*time.Millisecond || wait > 205*time.Millisecond) {
		t.Errorf("it is asked for again after %v", wait)
	}
	g.Due(nil, now.Add(reorderWait))
	if wait := g.Next().Sub(now); wait < 195*time.Millisecond || wait > 205*time.Millisecond {
		t.Errorf("it is asked for again after %v", wait)
	}
}

// A publisher who is further away than firstRTT answers after packets were asked
// for again: that they came late must not hide how late. What was only late, and
// not lost, says nothing of that.
func TestGapsLearnALongRoundTrip(t *testing.T) {
	const trip, spacing = 300 * time.Millisecond, 10 * time.Millisecond
	for _, labelled := range []bool{false, true} {
		g := NewGaps(new(Trip))
		answers := map[time.Time][]uint16{}
		asked, lost, begun := 0, 0, 0
		for i := range 4000 {
			now := start.Add(time.Duration(i) * spacing / 2)
			if i == 2000 {
				begun, asked = lost, 0
			}
			if i%2 == 0 {
				if seq := uint16(i / 2); seq%25 == 7 {
					lost++
				} else if seq%25 == 13 { // comes behind the one after next
					answers[now.Add(2*spacing+spacing/2)] = append(answers[now.Add(2*spacing+spacing/2)], seq)
				} else {
					g.Note(seq, now, false)
				}
			}
			for _, seq := range answers[now] {
				g.Note(seq, now, labelled && seq%25 == 7)
			}
			for _, seq := range g.Due(nil, now) {
				asked++
				if seq%25 == 7 {
					answers[now.Add(trip)] = append(answers[now.Add(trip)], seq)
				}
			}
		}
		if n := lost - begun; asked > n*11/10 {
			t.Errorf("labelled %v: %d lost packets are asked for %d times", labelled, n, asked)
		}
	}
}

// told returns what is told now, by number.
func told(w *Wide) map[uint16]bool {
	got := map[uint16]bool{}
	for w.Waiting() > 0 {
		b := w.Append(nil, 1, 2)
		p, _, ok := rtcpx.Next(b)
		if !ok {
			continue // a whole part's worth is lost
		}
		p.Arrivals(func(a rtcpx.Arrival) { got[a.Seq] = a.Received })
	}
	return got
}

func TestWideTellsOfAllPackets(t *testing.T) {
	w := NewWide(start)
	rng := rand.New(rand.NewPCG(3, 4))
	seq, came, heard := uint16(65_000), map[uint16]bool{}, map[uint16]bool{}
	var late []uint16
	now := start
	for range 3000 {
		now = now.Add(time.Millisecond)
		seq++
		switch rng.IntN(10) {
		case 0: // lost
		case 1:
			late = append(late, seq)
		default:
			w.Note(seq, now)
			came[seq] = true
		}
		if len(late) > 3 {
			w.Note(late[0], now)
			came[late[0]] = true
			late = late[1:]
		}
		if rng.IntN(50) == 0 {
			for s, received := range told(w) {
				heard[s] = heard[s] || received
			}
		}
	}
	w.Note(seq+1, now)
	came[seq+1] = true
	for s, received := range told(w) {
		heard[s] = heard[s] || received
	}
	for n := range 3000 {
		s := uint16(65_001 + n)
		if got, ok := heard[s]; n > 0 && n < 2990 && (!ok || got != came[s]) {
			t.Errorf("number %d is told as %v (%v), want %v", s, got, ok, came[s])
		}
	}
}

func TestWideBounds(t *testing.T) {
	w := NewWide(start)
	w.Note(10, at(1))
	w.Note(10+30_000, at(2)) // all between them are lost
	if got := told(w); len(got) != 1 || !got[30_010] {
		t.Errorf("%d are told of after a jump", len(got))
	}
	w.Note(10, at(3)) // long gone
	if got := told(w); len(got) > 0 {
		t.Errorf("told of %v", got)
	}
	w.Note(30_010+900, at(4)) // more lost in a row than one feedback tells of
	if got := told(w); !got[30_910] {
		t.Errorf("the packet behind a large gap is not told of, but %d", len(got))
	}
	for n := range uint16(2000) {
		w.Note(40_000+n, at(5))
	}
	if got := told(w); len(got) != wideSize || !got[41_999] {
		t.Errorf("%d are told of, want %d", len(got), wideSize)
	}
}
