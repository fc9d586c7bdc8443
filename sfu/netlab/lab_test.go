package netlab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"
)

// patience bounds how long a packet is waited for. It is no measure.
const patience = 10 * time.Second

// pair returns two hosts, with a socket each.
func pair(t *testing.T) (a, b *Host, from, to *net.UDPConn) {
	t.Helper()
	lab := New(t, 1)
	a, b = lab.Host("a", "10.77.0.1"), lab.Host("b", "10.77.0.2")
	return a, b, a.ListenUDP(5000), b.ListenUDP(6000)
}

func send(t *testing.T, from *net.UDPConn, to netip.AddrPort, b []byte) {
	t.Helper()
	if _, err := from.WriteToUDPAddrPort(b, to); err != nil {
		t.Fatal(err)
	}
}

// receive waits for a packet.
func receive(t *testing.T, c *net.UDPConn, within time.Duration) (b []byte, from netip.AddrPort, err error) {
	t.Helper()
	if err = c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	b = make([]byte, 2000)
	n, from, err := c.ReadFromUDPAddrPort(b)
	return b[:n], from, err
}

func TestHostsReachEachOther(t *testing.T) {
	a, b, from, to := pair(t)
	for i := range 200 {
		send(t, from, netip.MustParseAddrPort("10.77.0.2:6000"), binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	for i := range 200 {
		got, who, err := receive(t, to, patience)
		if err != nil || binary.BigEndian.Uint32(got) != uint32(i) || who.String() != "10.77.0.1:5000" {
			t.Fatalf("packet %d: %x from %v, %v", i, got, who, err)
		}
	}
	up, _ := a.Stats()
	_, down := b.Stats()
	if up.Sent != 200 || up.Arrived != 200 || down.Arrived != 200 || down.Bytes != 200*32 {
		t.Errorf("up %+v, down %+v", up, down)
	}
}

// sees waits until so many packets have come to the host's cable: what is set
// holds for those that come later.
func sees(t *testing.T, h *Host, down bool, n int) {
	t.Helper()
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		s, d := h.Stats()
		if down {
			s = d
		}
		if s.Sent >= n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s has %d packets, want %d", h.Name, s.Sent, n)
		}
	}
}

// TestIPv6: a host with one family has nothing of the other, and one with both
// is one host; firewalls and fragments are as with IPv4.
func TestIPv6(t *testing.T) {
	lab := New(t, 1)
	four, six, both := lab.Host("four", "10.77.0.2"), lab.Host("six", "fd77::3"), lab.Host("both", "10.77.0.1", "fd77::1")
	var listener *net.UDPConn
	err := both.inside(func() (err error) {
		listener, err = net.ListenUDP("udp", &net.UDPAddr{Port: 5000})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	long := make([]byte, 1900) // more than fits into a packet
	from := map[*Host]*net.UDPConn{four: four.ListenUDP(6000), six: six.ListenUDP(6000)}
	for h, to := range map[*Host]string{four: "10.77.0.1:5000", six: "[fd77::1]:5000"} {
		send(t, from[h], netip.MustParseAddrPort(to), long)
		got, who, err := receive(t, listener, patience)
		if err != nil || len(got) != len(long) || who.Addr().Unmap() != h.Addr {
			t.Fatalf("%s: %d bytes from %v, %v", h.Name, len(got), who, err)
		}
	}
	if _, err := from[six].WriteToUDPAddrPort(long, netip.MustParseAddrPort("10.77.0.1:5000")); err == nil {
		t.Error("a host without IPv4 sends it")
	}
	six.Set(Profile{BlockUDP: true}, Profile{})
	before, _ := six.Stats()
	send(t, from[six], netip.MustParseAddrPort("[fd77::1]:5000"), []byte("blocked"))
	send(t, from[four], netip.MustParseAddrPort("10.77.0.1:5000"), []byte("open"))
	if got, _, err := receive(t, listener, patience); err != nil || string(got) != "open" {
		t.Errorf("%q, %v", got, err)
	}
	if up, _ := six.Stats(); up.Dropped[Blocked] != before.Dropped[Blocked]+1 {
		t.Errorf("the firewall dropped %v, before %v", up.Dropped, before.Dropped)
	}
}

// TestHostsAreApart: a namespace has nothing but its device: neither our
// loopback nor a way out.
func TestHostsAreApart(t *testing.T) {
	a, _, from, _ := pair(t)
	outside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	send(t, from, netip.MustParseAddrPort("203.0.113.7:53"), []byte("out"))
	if _, err := from.WriteToUDP([]byte("in"), outside.LocalAddr().(*net.UDPAddr)); err == nil {
		if _, _, err := receive(t, outside, 300*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the host reaches our loopback: %v", err)
		}
	}
	sees(t, a, false, 1)
	if up, _ := a.Stats(); up.Dropped[Nowhere] == 0 {
		t.Errorf("what was sent out went somewhere: %+v", up)
	}
}

func TestCableIsAsBadAsItIsSet(t *testing.T) {
	a, b, from, to := pair(t)
	target := netip.MustParseAddrPort("10.77.0.2:6000")
	a.Set(Profile{Blackhole: true}, Profile{})
	send(t, from, target, []byte("lost"))
	sees(t, a, false, 1)
	b.Set(Profile{}, Profile{Delay: 80 * time.Millisecond})
	a.Set(Profile{}, Profile{})
	send(t, from, target, []byte("late"))
	if got, _, err := receive(t, to, patience); err != nil || string(got) != "late" {
		t.Fatalf("%q, %v", got, err)
	}
	up, _ := a.Stats()
	_, down := b.Stats()
	if up.Dropped[Hole] != 1 || down.Longest != 80*time.Millisecond {
		t.Errorf("up %+v, down %+v", up, down)
	}
	b.Set(Profile{}, Profile{BlockUDP: true})
	send(t, from, target, []byte("blocked"))
	sees(t, b, true, 2)
	b.Set(Profile{}, Profile{MTU: 600})
	send(t, from, target, make([]byte, 1000))
	send(t, from, target, []byte("passes"))
	if got, _, err := receive(t, to, patience); err != nil || string(got) != "passes" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, down := b.Stats(); down.Dropped[Blocked] != 1 || down.Dropped[TooLong] != 1 {
		t.Errorf("down %+v", down)
	}
}

func TestNATHidesAndRebinds(t *testing.T) {
	a, _, from, to := pair(t)
	a.BehindNAT("10.77.9.9")
	var seen []netip.AddrPort
	for range 3 {
		send(t, from, netip.MustParseAddrPort("10.77.0.2:6000"), []byte("hello"))
		got, who, err := receive(t, to, patience)
		if err != nil || string(got) != "hello" {
			t.Fatalf("%q, %v", got, err)
		}
		seen = append(seen, who)
		send(t, to, who, []byte("answer"))
		if got, who, err := receive(t, from, patience); err != nil || string(got) != "answer" || who.String() != "10.77.0.2:6000" {
			t.Fatalf("%q from %v, %v", got, who, err)
		}
		if len(seen) == 2 {
			a.Rebind()
		}
	}
	if seen[0].Addr().String() != "10.77.9.9" || seen[1] != seen[0] || seen[2].Port() == seen[0].Port() || seen[2].Addr() != seen[0].Addr() {
		t.Errorf("the host was seen as %v", seen)
	}
	send(t, to, seen[0], []byte("to a mapping that is forgotten"))
	send(t, to, seen[2], []byte("to the new one"))
	if got, _, err := receive(t, from, patience); err != nil || string(got) != "to the new one" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestProgramsRunOnHosts(t *testing.T) {
	a, _, _, _ := pair(t)
	out, err := a.Command(t.Context(), "ip", "-o", "address", "show", "dev", "lab0").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("10.77.0.1/32")) {
		t.Errorf("%s, %v", out, err)
	}
}

func TestFollowStopsWithItsContext(t *testing.T) {
	lab := New(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var done []int
	lab.Follow(ctx, []Step{
		{0, func() { done = append(done, 1) }},
		{time.Millisecond, func() { done = append(done, 2); cancel() }},
		{time.Hour, func() { done = append(done, 3) }},
	})
	if len(done) != 2 {
		t.Errorf("done %v", done)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 8, 0, 0})
	f.Add([]byte{0x4f, 0, 0, 20})
	f.Add(append([]byte{0x60, 0, 0, 0, 0, 16, 44, 64, 39: 1}, 17, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 8, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := parse(b)
		if !ok || !p.udp || p.fromPort == 0 || p.from.Is6() {
			return
		}
		end := netip.MustParseAddrPort("10.77.9.9:40000")
		setFrom(b, p, end)
		if again, ok := parse(b); !ok || again.from != end.Addr() || again.fromPort != end.Port() || again.to != p.to || again.toPort != p.toPort {
			t.Errorf("%+v was rewritten to %+v", p, again)
		}
	})
}
