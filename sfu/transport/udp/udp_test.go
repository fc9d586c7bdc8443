package udp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"incamera/sfu/delay"
)

func open(t testing.TB, addr string) *Conn {
	t.Helper()
	c, err := Open(netip.MustParseAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func receiver(t testing.TB) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	r, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	_ = r.SetReadBuffer(bufferSize)
	return r, r.LocalAddr().(*net.UDPAddr).AddrPort()
}

// get reads a packet within a time that a busy machine may need.
func get(t testing.TB, r *net.UDPConn) []byte {
	t.Helper()
	_ = r.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 65536)
	n, err := r.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// packet is one of a size that tells which it is.
func packet(i, size int) []byte { return bytes.Repeat([]byte{byte(i)}, size) }

var sizes = [][]int{
	{1200}, {1200, 1200}, {1200, 1200, 700}, {700, 1200}, {1200, 700, 1200, 1200}, {1, 1, 1, 1}, {1600, 1599, 1598},
}

// Whatever sizes follow each other, each packet arrives as it was, in order,
// once; to two destinations in turn as well.
func TestPacketsArriveAsTheyWere(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		c := open(t, listen)
		a, toA := receiver(t)
		b, toB := receiver(t)
		destA, destB := c.Dest(toA), c.Dest(toB)
		many := make([]int, maxPackets*2+5)
		for i := range many {
			many[i] = 100 + i%3
		}
		for _, list := range append(sizes, many) {
			batch := c.Batch()
			for i, size := range list {
				copy(batch.Reserve(destA, size), packet(i, size))
				if i%2 == 0 {
					copy(batch.Reserve(destB, size), packet(i+1, size))
				}
			}
			batch.Send()
			for i, size := range list {
				if got := get(t, a); !bytes.Equal(got, packet(i, size)) {
					t.Fatalf("%s, %v: packet %d arrived with %d bytes, begins %x", listen, list, i, len(got), got[0])
				}
				if i%2 == 0 {
					if got := get(t, b); !bytes.Equal(got, packet(i+1, size)) {
						t.Fatalf("%s, %v: packet %d of the second arrived with %d bytes", listen, list, i, len(got))
					}
				}
			}
		}
		if got := c.Totals(); got.Dropped != 0 {
			t.Errorf("%d were dropped", got.Dropped)
		}
	}
}

func TestReceivesFromAnybody(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "0.0.0.0:0"} {
		c := open(t, listen)
		r, addr := receiver(t)
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), c.LocalAddr().(*net.UDPAddr).AddrPort().Port())
		for i := range 100 {
			if _, err := r.WriteToUDPAddrPort(fmt.Appendf(nil, "%d", i), to); err != nil {
				t.Fatal(err)
			}
		}
		for i := 0; i < 100; {
			if err := c.Receive(func(b []byte, from netip.AddrPort, _ time.Time) {
				if string(b) != fmt.Sprint(i) || from != addr {
					t.Errorf("packet %d: %q from %v; want from %v", i, b, from, addr)
				}
				i++
				if _, err := c.WriteToAddrPort(b, from); err != nil {
					t.Error(err)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 100 {
			if got := get(t, r); string(got) != fmt.Sprint(i) {
				t.Fatalf("%q came back", got)
			}
		}
	}
}

func TestCloseEndsReadingAndFreesThePort(t *testing.T) {
	c := open(t, "127.0.0.1:0")
	done := make(chan error)
	go func() {
		done <- c.Receive(func([]byte, netip.AddrPort, time.Time) {})
	}()
	if _, err := Open(c.local.AddrPort()); err == nil {
		t.Error("the port was taken twice")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading ended with %v", err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closing twice: %v", err)
	}
	before := c.Totals().Dropped
	b := c.Batch()
	copy(b.Reserve(c.Dest(c.local.AddrPort()), 5), "hello")
	b.Send()
	if got := c.Totals().Dropped; got != before+1 {
		t.Errorf("after closing %d packets were dropped, want 1", got-before)
	}
	open(t, c.local.AddrPort().String())
}

func TestSendingAllocatesNothing(t *testing.T) {
	c := open(t, "127.0.0.1:0")
	_, to := receiver(t)
	d := c.Dest(to)
	if n := testing.AllocsPerRun(1000, func() {
		b := c.Batch()
		for range 8 {
			b.Reserve(d, 1200)
		}
		b.Send()
	}); n >= 1 { // the race detector makes the pool forget now and then
		t.Errorf("%v allocations for 8 packets", n)
	}
}

// Packets that do not go by the port come in their order, between those that do.
func TestThrough(t *testing.T) {
	c := open(t, "127.0.0.1:0")
	r, to := receiver(t)
	var got [][]byte
	port, other := c.Dest(to), Through(func(p []byte) { got = append(got, bytes.Clone(p)) })
	b := c.Batch()
	for i, size := range []int{1200, 1200, 700, 1300} {
		copy(b.Reserve(other, size), packet(i, size))
		copy(b.Reserve(other, size), packet(i+100, size))
		copy(b.Reserve(port, size), packet(i, size))
	}
	b.Send()
	for i, size := range []int{1200, 1200, 700, 1300} {
		if p := get(t, r); !bytes.Equal(p, packet(i, size)) {
			t.Errorf("by the port packet %d came with %d bytes", i, len(p))
		}
		if len(got) != 8 || !bytes.Equal(got[2*i], packet(i, size)) || !bytes.Equal(got[2*i+1], packet(i+100, size)) {
			t.Fatalf("by the other way came %d packets, and %d is another", len(got), i)
		}
	}
}

// TestDelays: what a batch has is counted by when it is said to have come, however
// often it is sent on the way; of another batch nothing is known.
func TestDelays(t *testing.T) {
	c := open(t, "127.0.0.1:0")
	_, to := receiver(t)
	d := c.Dest(to)
	const n = 2*maxPackets + 3
	b := c.Batch()
	b.SetCame(time.Now().Add(-time.Minute))
	for range n {
		b.Reserve(d, 100)
	}
	b.Send()
	b.Reserve(d, 100) // as if the pool gave it again: with the race detector it may not
	b.Send()
	if all := c.Totals().Delays; all.Total() != n || all.Packets[len(delay.Bounds)] != n {
		t.Errorf("of %d packets are counted %+v", n, all)
	}
}
