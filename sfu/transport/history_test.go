package transport

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestNames: a packet is found by its name as long as it is remembered, and no other is:
// whatever streams there are, how they mix, and where their numbers start over.
func TestNames(t *testing.T) {
	type key struct {
		ssrc uint32
		seq  uint16
	}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 8888))
		h, at := newHistory(), time.Second
		h.next += rng.Uint64N(2) << 32 // half of them begin where the low half of a number starts over
		if seed%2 == 0 {
			h.next = 1<<32 - 1000
		}
		seqs, sent := map[uint32]uint16{}, map[uint64]key{}
		for range 1 + rng.IntN(40) {
			seqs[rng.Uint32()|1] = uint16(rng.Uint32())
		}
		var ssrcs []uint32
		for ssrc := range seqs {
			ssrcs = append(ssrcs, ssrc)
		}
		first := h.next
		for i := range 3 * sentSize {
			ssrc := ssrcs[rng.IntN(len(ssrcs))]
			h.note(100, at)
			if rng.IntN(50) > 0 { // some have no name
				h.name(ssrc, seqs[ssrc])
				sent[h.next-1] = key{ssrc, seqs[ssrc]}
			}
			seqs[ssrc] += uint16(1 + rng.IntN(2))                                     // some are never sent
			if at += time.Duration(rng.IntN(3)) * time.Millisecond; i < 3*firstSent { // few are remembered, some of them without a name, when there come to be more
				at += sentFor / firstSent
			}
			for range 3 {
				n := h.next - 1 - rng.Uint64N(min(h.next-first, 2*sentSize))
				k, named := sent[n]
				if !named {
					continue
				}
				got, ok := h.find(k.ssrc, k.seq)
				if remembered := h.next-n <= uint64(len(h.sent)) && h.place(n).size > 0; ok != remembered || ok && got != n {
					t.Fatalf("seed %d: packet %d of %d is found as %d (%v); it is remembered: %v", seed, n, h.next, got, ok, remembered)
				}
			}
			if n, ok := h.find(ssrc, seqs[ssrc]); ok {
				t.Fatalf("seed %d: one that was not sent is found as %d", seed, n)
			}
			if n, ok := h.find(ssrc^2, seqs[ssrc]-1); ok && sent[n].ssrc != ssrc^2 {
				t.Fatalf("seed %d: one of another stream is found as %d", seed, n)
			}
		}
		if len(h.sent) != sentSize || len(h.names) != sentSize || len(h.buckets) != sentSize {
			t.Errorf("seed %d: %d packets are remembered, %d names, in %d buckets", seed, len(h.sent), len(h.names), len(h.buckets))
		}
		k := sent[h.next-2]
		if h.unname(); h.names != nil {
			t.Error("names are kept")
		}
		if n, ok := h.find(k.ssrc, k.seq); ok {
			t.Errorf("without names one is found as %d", n)
		}
	}
}

// TestNamesAllocateNothing, once there is memory for them.
func TestNamesAllocateNothing(t *testing.T) {
	h, at, seq := newHistory(), time.Duration(0), uint16(0)
	send := func() {
		h.note(100, at)
		h.name(7, seq)
		seq++
	}
	for range 2 * sentSize {
		send()
	}
	if n := testing.AllocsPerRun(1000, func() {
		send()
		if _, ok := h.find(7, seq-100); !ok {
			t.Fatal("one is not found")
		}
	}); n != 0 {
		t.Errorf("%.0f allocations for each packet", n)
	}
}
