package pace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// fill puts a frame of n packets of 1200 bytes and returns how many go at once.
func fill(p *Pacer[int], n int, now time.Duration) (atOnce, dropped int) {
	for i := range n {
		switch {
		case p.Take(1200, now):
			atOnce++
		case !p.Put(i, 1200, false):
			dropped++
		}
	}
	return atOnce, dropped
}

func TestNoPace(t *testing.T) {
	var p Pacer[int]
	if n, _ := fill(&p, 1000, 0); n != 1000 {
		t.Errorf("without a pace %d of 1000 go at once", n)
	}
}

// TestKeyFrame: of a large frame little goes at once, the rest at the pace, in
// order; where the network is full, slower.
func TestKeyFrame(t *testing.T) {
	// 47 packets of 1200 bytes at 2.5 Mbit/s, and at 1.5.
	for full, lasts := range map[bool]time.Duration{false: 180 * time.Millisecond, true: 300 * time.Millisecond} {
		t.Run(fmt.Sprint("full ", full), func(t *testing.T) { keyFrame(t, full, lasts) })
	}
}

func keyFrame(t *testing.T, full bool, lasts time.Duration) {
	t.Helper()
	var p Pacer[int]
	p.SetRate(1_000_000, full, time.Second)
	atOnce, dropped := fill(&p, 50, time.Second)
	if atOnce < 2 || atOnce > 4 || dropped != 0 {
		t.Fatalf("%d go at once, %d are dropped", atOnce, dropped)
	}
	if p.Take(1200, time.Second+5*time.Millisecond) {
		t.Error("a packet overtakes those that wait")
	}
	next, now := atOnce, time.Second
	for p.Waiting() > 0 {
		now += 5 * time.Millisecond
		in := 0
		for {
			got, ok := p.Next(now)
			if !ok {
				break
			}
			if got != next {
				t.Fatalf("packet %d in the place of %d", got, next)
			}
			next++
			in++
		}
		if in > 3 {
			t.Fatalf("%d packets in 5 ms", in)
		}
	}
	if took := now - time.Second; next != 50 || took < lasts*9/10 || took > lasts*11/10 {
		t.Errorf("%d packets took %v", next, took)
	}
}

func TestRepairsFirst(t *testing.T) {
	var p Pacer[int]
	p.SetRate(100_000, false, time.Second)
	fill(&p, 8, time.Second)
	p.Put(100, 1200, true)
	if got, ok := p.Next(2 * time.Second); !ok || got != 100 {
		t.Errorf("first comes %d, %v", got, ok)
	}
}

// TestSoundIsPaidFor: what does not wait leaves less for others.
func TestSoundIsPaidFor(t *testing.T) {
	var p Pacer[int]
	p.SetRate(100_000, false, time.Second)
	p.Pay(5000, time.Second)
	if p.Take(1200, time.Second) {
		t.Error("with a debt a packet goes at once")
	}
	if !p.Take(1200, 2*time.Second) {
		t.Error("a second later it does not")
	}
}

// TestFull: a queue that takes too long takes no more, and what is in it goes.
func TestFull(t *testing.T) {
	var p Pacer[int]
	p.SetRate(400_000, false, time.Second)
	_, dropped := fill(&p, 200, time.Second)
	// Half a second at 1 Mbit/s is 62500 bytes.
	if p.Waiting() < 60_000 || p.Waiting() > 62_500 || dropped == 0 {
		t.Errorf("%d bytes wait, %d packets are dropped", p.Waiting(), dropped)
	}
	p.SetRate(1, false, time.Second)
	if _, ok := p.Next(time.Second); ok {
		t.Error("something goes without a budget")
	}
	p.SetRate(0, false, time.Second)
	n := 0
	for {
		if _, ok := p.Next(time.Second); !ok {
			break
		}
		n++
	}
	if p.Waiting() != 0 || n < 50 {
		t.Errorf("without a pace %d bytes still wait, %d packets went", p.Waiting(), n)
	}
}

// TestPace: whatever is sent, and whenever, no more than the pace and a burst
// goes, in any time.
func TestPace(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var p Pacer[int]
		p.SetRate(800_000, false, 0)
		sent, now := 0, time.Duration(0)
		for range 2000 {
			now += time.Duration(rng.IntN(3000)) * time.Microsecond
			size := 100 + rng.IntN(1150)
			if rng.IntN(3) > 0 {
				if p.Take(size, now) {
					sent += size
				} else {
					p.Put(size, size, rng.IntN(4) == 0)
				}
			}
			for {
				n, ok := p.Next(now)
				if !ok {
					break
				}
				sent += n
			}
		}
		if most := 250_000*now.Seconds() + leastBurst + 1250; float64(sent) > most {
			t.Fatalf("seed %d: %d bytes went in %v, want at most %.0f", seed, sent, now, most)
		}
	}
}

// TestQueueKeepsLittle: what has gone takes no memory, whether or not the queue
// was ever empty.
func TestQueueKeepsLittle(t *testing.T) {
	var q queue[int]
	next := 0
	take := func() {
		t.Helper()
		if got := q.take().item; got != next {
			t.Fatalf("%d is taken, want %d", got, next)
		}
		next++
	}
	for i := range 100_000 {
		q.put(entry[int]{item: i})
		if i >= 10 {
			take()
		}
	}
	if n := cap(q.entries); n > 4*keptEntries {
		t.Errorf("10 that wait take the memory of %d", n)
	}
	for i := range 1000 {
		q.put(entry[int]{item: 100_000 + i})
	}
	for !q.empty() {
		take()
	}
	if n := cap(q.entries); n > keptEntries {
		t.Errorf("nothing that waits takes the memory of %d", n)
	}
}

// TestTrim: what waits for a network that has become slow at once is given up, where
// it is too much, or what repairs is.
func TestTrim(t *testing.T) {
	for _, tc := range []struct {
		name             string
		repairs, media   int // packets of 1200 bytes
		rate             int64
		repaired, played int // are left
	}{
		{"as fast", 100, 300, 8_000_000, 100, 300},
		{"half as fast", 100, 200, 4_000_000, 100, 200},
		{"a quarter as fast", 50, 200, 2_000_000, 50, 200},
		{"almost too slow for the repairs", 120, 10, 500_000, 120, 10},
		{"too slow for the repairs", 140, 10, 500_000, 0, 0},
		{"too slow for all", 10, 300, 500_000, 0, 0},
		{"not too slow for what is new", 0, 250, 500_000, 0, 250},
		{"too slow for what is new", 0, 300, 500_000, 0, 0},
		{"without a pace", 100, 300, 0, 100, 300},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var p Pacer[bool]
			p.SetRate(8_000_000, false, time.Second)
			for range tc.media {
				p.Put(false, 1200, false)
			}
			for range tc.repairs {
				if !p.Put(true, 1200, true) {
					t.Fatal("it is full")
				}
			}
			p.SetRate(tc.rate, false, time.Second)
			dropped := map[bool]int{}
			p.Trim(func(repair bool) { dropped[repair]++ })
			if got := tc.repairs - dropped[true]; got != tc.repaired {
				t.Errorf("%d repairs are left, want %d", got, tc.repaired)
			}
			if got := tc.media - dropped[false]; got != tc.played {
				t.Errorf("%d packets are left, want %d", got, tc.played)
			}
			if p.Waiting() != 1200*(tc.repaired+tc.played) {
				t.Errorf("%d bytes wait", p.Waiting())
			}
			if tc.rate > 0 && tc.played == 0 && !p.Put(true, 1200, true) {
				t.Error("a repair finds no place")
			}
		})
	}
}

// TestDebt: what went in advance, at whatever pace, is paid for within a while.
func TestDebt(t *testing.T) {
	var p Pacer[int]
	p.SetRate(8_000_000, false, time.Second)
	p.Pay(10_000_000, time.Second)
	if p.Take(1200, time.Second+maxDebt/2) {
		t.Error("nothing was owed")
	}
	if !p.Take(1200, time.Second+maxDebt+time.Millisecond) {
		t.Error("it takes longer at the same pace")
	}
	p.Pay(10_000_000, time.Second+maxDebt+time.Millisecond)
	slow := time.Second + maxDebt + 2*time.Millisecond
	p.SetRate(400_000, false, slow)
	if p.Take(1200, slow+maxDebt/2) {
		t.Error("after it has become slow nothing is owed")
	}
	if !p.Take(1200, slow+maxDebt+time.Millisecond) {
		t.Error("it takes longer")
	}
}

// TestEarly: what waits goes for a probe at once, repairs first.
func TestEarly(t *testing.T) {
	var p Pacer[int]
	p.SetRate(100_000, false, time.Second)
	atOnce, _ := fill(&p, 6, time.Second)
	p.Put(100, 1200, true)
	for _, want := range append([]int{100}, []int{0, 1, 2, 3, 4, 5}[atOnce:]...) {
		if got, ok := p.Early(time.Second); !ok || got != want {
			t.Errorf("%d (%v) goes, want %d", got, ok, want)
		}
	}
	if _, ok := p.Early(time.Second); ok || p.Waiting() != 0 {
		t.Errorf("more goes than waits, or %d bytes wait", p.Waiting())
	}
	fill(&p, 12, time.Second)
	for _, ok := p.Early(time.Second); ok; _, ok = p.Early(time.Second) {
	}
	// What may be owed is 3750 bytes, at 31250 in a second.
	if p.Take(1200, time.Second+110*time.Millisecond) || !p.Take(1200, time.Second+130*time.Millisecond) {
		t.Error("what is owed for it is too little, or more than may be")
	}
}
