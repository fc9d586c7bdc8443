package transport

import (
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestWorkersRest: lines that wait at the same time are taken at the same time; some
// who took them rest, take the next, and end with the transport.
func TestWorkersRest(t *testing.T) {
	w := newWorkers()
	n := runtime.NumCPU() + 3
	var senders []*sender
	for range n {
		senders = append(senders, newSender(t))
	}
	for round := range uint16(2) {
		var all sync.WaitGroup
		all.Add(n)
		together := make(chan struct{})
		for _, s := range senders {
			s.during = func() {
				all.Done()
				<-together
			}
			if !s.p.put(s.packet(60, round, 96, "\x11", q), netip.AddrPort{}, s.now) {
				t.Fatal("the line cannot be taken")
			}
			w.take(s.p)
		}
		all.Wait() // as long as one of them is not taken
		close(together)
		until(t, "no more rest than there are processors", func() bool { return w.rest.Load() == int64(runtime.NumCPU()) })
	}
	w.close()
	if rest := w.rest.Load(); rest != 0 {
		t.Errorf("%d rest after the end", rest)
	}
	for _, s := range senders {
		if len(s.got) != 2 {
			t.Errorf("%d of a sender's packets were delivered", len(s.got))
		}
	}
}

// TestSlowLineIsLeftToOthers: who reads the port for all takes no line that took
// long a moment ago, whatever it took last.
func TestSlowLineIsLeftToOthers(t *testing.T) {
	s := newSender(t)
	seq := uint16(0)
	round := func(during func()) (brief bool) {
		seq++
		s.during = during
		if !s.p.put(s.packet(60, seq, 96, "\x11", q), netip.AddrPort{}, s.now) {
			t.Fatal("the line cannot be taken")
		}
		for s.p.round() {
		}
		return s.p.line.brief
	}
	quick := func() bool {
		for range 100 { // a busy machine may take long for it
			s.p.line.slow = time.Time{}
			if round(nil) {
				return true
			}
		}
		return false
	}
	if !quick() {
		t.Fatal("it never takes little")
	}
	if round(func() { <-time.After(briefFor) }) {
		t.Error("what took long counts as brief")
	}
	if left := time.Until(s.p.line.slow); left > slowFor {
		t.Errorf("it is left to others for %v", left)
	}
	s.p.line.slow = time.Now().Add(time.Hour) // a busy machine may take long until the next
	if round(nil) {
		t.Error("what took long a moment ago counts as brief")
	}
	if !quick() {
		t.Error("what took long counts for ever")
	}
}
