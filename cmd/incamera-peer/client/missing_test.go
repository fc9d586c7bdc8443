package client

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
)

// asked are the numbers that are asked for, with when.
type asked struct {
	began time.Time

	mu   sync.Mutex
	seqs []uint16
	at   time.Duration // of the first
}

func (a *asked) ask(packets []rtcp.Packet) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range packets {
		n := p.(*rtcp.TransportLayerNack) //nolint:forcetypeassert // a test
		for _, pair := range n.Nacks {
			for _, seq := range pair.PacketList() {
				if len(a.seqs) == 0 {
					a.at = time.Since(a.began)
				}
				a.seqs = append(a.seqs, seq)
			}
		}
	}
}

func (a *asked) all() []uint16 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seqs)
}

func (a *asked) first() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.at
}

// TestMissingIsAskedFor: soon, again when no answer comes, and not any more when
// it has come as a retransmission, a key frame has, or all is over.
func TestMissingIsAskedFor(t *testing.T) {
	key, delta := []byte{0x90, 0x80, 0x80, 0, 0x10}, []byte{0x90, 0x80, 0x80, 0, 0x11}
	synctest.Test(t, func(t *testing.T) {
		a := &asked{began: time.Now()}
		m := newMissing(a.ask)
		pass := func(d time.Duration) {
			time.Sleep(d) // of a clock that is the test's
			synctest.Wait()
		}
		m.came(1, 10, key, false)
		m.came(1, 12, delta, false)
		pass(10 * time.Millisecond)
		if !slices.Equal(a.all(), []uint16{11}) || a.first() != 5*time.Millisecond {
			t.Fatalf("asked for %v, first after %v, want 11 after 5ms", a.all(), a.first())
		}
		pass(90 * time.Millisecond)
		if len(a.all()) != 2 {
			t.Fatalf("asked for %v within 100 ms, want 11 twice", a.all())
		}
		m.came(1, 11, delta, true)
		pass(time.Second)
		m.came(1, 13, delta, false)
		if len(a.all()) != 2 {
			t.Errorf("asked for %v, which had come", a.all()[2:])
		}
		m.came(2, 65_534, delta, false)
		m.came(2, 2, key, false) // of what was before it nobody can use anything
		pass(time.Second)
		if len(a.all()) != 2 {
			t.Errorf("asked for %v before a key frame", a.all()[2:])
		}
		m.came(2, 6, delta, false)
		pass(time.Millisecond)
		if !slices.Equal(a.all()[2:], []uint16{3}) { // three have come after it, counting those that are missing, too
			t.Errorf("asked for %v at once", a.all()[2:])
		}
		m.end()
		m.end()
		m.came(2, 20, delta, false)
		pass(10 * time.Second)
		if len(a.all()) != 3 {
			t.Errorf("asked for %v after the end", a.all()[3:])
		}
	})
}
