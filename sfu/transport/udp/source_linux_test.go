package udp

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestAnswersFromWhereItWasAsked: a port of all addresses answers each client
// from the one to which it came, one packet, a run of packets, and packets one
// by one.
func TestAnswersFromWhereItWasAsked(t *testing.T) {
	for listen, asked := range map[string]string{"0.0.0.0:0": "127.0.0.2", "[::]:0": "127.0.0.2"} {
		c, err := Open(netip.MustParseAddrPort(listen))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		client, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 3)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		to := netip.AddrPortFrom(netip.MustParseAddr(asked), c.local.AddrPort().Port())
		if _, err = client.WriteToUDPAddrPort([]byte{0, 1, 0, 0}, to); err != nil { // begins like a check
			t.Fatal(err)
		}
		var from netip.AddrPort
		if err = c.Receive(func(_ []byte, a netip.AddrPort, _ time.Time) { from = a }); err != nil {
			t.Fatal(err)
		}
		arrives := func(how string, packets int) {
			t.Helper()
			for i := range packets {
				_ = client.SetReadDeadline(time.Now().Add(5 * time.Second))
				_, who, readErr := client.ReadFromUDPAddrPort(make([]byte, 100))
				if readErr != nil || who != to {
					t.Fatalf("%s, %s: packet %d comes from %v, want %v (%v)", listen, how, i, who, to, readErr)
				}
			}
		}
		if _, err = c.WriteToAddrPort([]byte("answer"), from); err != nil {
			t.Fatal(err)
		}
		arrives("an answer", 1)
		d := c.Dest(from)
		for _, n := range []int{1, 3} {
			b := c.Batch()
			for range n {
				copy(b.Reserve(d, 50), "media")
			}
			b.Send()
			arrives("a batch", n)
		}
		other := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.4"), to.Port())
		if _, err = client.WriteToUDPAddrPort([]byte{0, 1, 0, 0}, other); err != nil {
			t.Fatal(err)
		}
		if !c.Leads(d, from) {
			t.Errorf("%s: a destination is said to be old that is not", listen)
		}
		if err = c.Receive(func([]byte, netip.AddrPort, time.Time) {}); err != nil {
			t.Fatal(err)
		}
		if c.Leads(d, from) || !c.Leads(c.Dest(from), from) {
			t.Errorf("%s: a destination from another address passes for new", listen)
		}
		c.segments.Store(false)
		b := c.Batch()
		for range 3 {
			copy(b.Reserve(d, 50), "media")
		}
		b.Send()
		arrives("packets of a device without runs", 3)
	}
}

// TestSourcesAreBounded: whoever forges addresses fills no memory.
func TestSourcesAreBounded(t *testing.T) {
	s := &sources{by: map[netip.AddrPort]source{}}
	came := &ancillary{}
	if _, ok := came.back(0); ok {
		t.Error("nothing is taken for an address")
	}
	n := came.put(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, make([]byte, unix.SizeofInet6Pktinfo))
	for i := range maxSources + 100 {
		s.note([]byte{0}, came, n, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5))
	}
	s.note([]byte{0x80}, came, n, netip.MustParseAddrPort("192.0.2.1:5"))
	if len(s.by) != maxSources || s.of(netip.MustParseAddrPort("192.0.2.1:5")).n != 0 {
		t.Errorf("%d are known, and one by a packet that begins nothing", len(s.by))
	}
}
