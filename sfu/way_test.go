package sfu_test

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// openBoth returns a server on loopback that takes clients by TCP, too.
func openBoth(t testing.TB) *sfu.Server {
	t.Helper()
	server := sfutest.OpenWith(t, sfu.Config{TCP: true})
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", server.Port()))
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { server.ServeTCP(conn) })
		}
	})
	t.Cleanup(func() { // before the server's
		_ = l.Close()
	})
	return server
}

// meet has two exchange pictures and voices, and what is lost asked for again.
func meet(t *testing.T, a, b *sfutest.Client) {
	t.Helper()
	for _, c := range []*sfutest.Client{a, b} {
		c.Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	}
	watch(a, "b", b)
	seat := watch(b, "a", a)
	before := a.Requests()
	b.Until("a is asked for a key frame", func() { b.AskForKeyFrame(seat) }, func() bool { return a.Requests() > before })
	b.Until("voice arrives", func() { a.Voice("a") }, func() bool {
		s := b.SeatOf("a", sfu.Mic)
		return s >= 0 && len(b.Received(s)) > 2
	})
}

// Who comes by TCP meets who comes by UDP, and others who come by TCP.
func TestTCP(t *testing.T) {
	for name, other := range map[string]sfutest.Way{"with UDP": {}, "with TCP": {TCP: true}} {
		t.Run(name, func(t *testing.T) {
			room := openBoth(t).NewRoom()
			a := sfutest.JoinBy(t, room, "a", sfutest.Way{TCP: true})
			meet(t, a, sfutest.JoinBy(t, room, "b", other))
		})
	}
}

// A peer that leaves takes its TCP connections along, and one who is no client
// of a connection here has none for long.
func TestTCPEnds(t *testing.T) {
	server := openBoth(t)
	for name, first := range map[string][]byte{
		"a stranger's check": framedCheck("nobody:x"), "no check": {0, 20, 22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "too long": {255, 255, 0},
	} {
		conn, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), server.Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(first); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%s: answered with %d bytes, %v", name, n, err)
		}
		_ = conn.Close()
	}
}

// framedCheck is a connectivity check of a user whom nobody knows, in a frame.
func framedCheck(user string) []byte {
	b := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	b = append(b, 0, 6, 0, byte(len(user)))
	b = append(b, user...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, 0, 8, 0, 20)
	b = append(b, make([]byte, 20)...)
	b[3] = byte(len(b) - 20)
	return append([]byte{0, byte(len(b))}, b...)
}
