package sfu_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// openBoth returns a server on loopback that takes clients by TCP, too: as
// media, or for the relay.
func openBoth(t testing.TB, serve func(*sfu.Server, net.Conn)) *sfu.Server {
	t.Helper()
	l, conn := bothPorts(t)
	server := sfutest.OpenWith(t, sfu.Config{TCP: true, Conn: conn})
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { serve(server, conn) })
		}
	})
	t.Cleanup(func() { // before the server's
		_ = l.Close()
	})
	return server
}

// bothPorts takes a number that is free for TCP and for UDP.
func bothPorts(t testing.TB) (net.Listener, *net.UDPConn) {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr, err := net.ResolveUDPAddr("udp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if conn, err := net.ListenUDP("udp", addr); err == nil {
			return l, conn
		}
		_ = l.Close() // somebody has it for UDP
	}
	t.Fatal("no number is free for TCP and UDP")
	return nil, nil
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
			room := openBoth(t, (*sfu.Server).ServeTCP).NewRoom()
			a := sfutest.JoinBy(t, room, "a", sfutest.Way{TCP: true})
			meet(t, a, sfutest.JoinBy(t, room, "b", other))
		})
	}
}

// A peer that leaves takes its TCP connections along, and one who is no client
// of a connection here has none for long.
func TestTCPEnds(t *testing.T) {
	server := openBoth(t, (*sfu.Server).ServeTCP)
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

// relayOf is how a participant comes through the relay.
func relayOf(server *sfu.Server, transport string) (w sfutest.Way, revoke func()) {
	username, password, revoke := server.Invite()
	w.Relay = webrtc.ICEServer{URLs: []string{fmt.Sprintf("turn:127.0.0.1:%d?transport=%s", server.Port(), transport)}, Username: username, Credential: password}
	return w, revoke
}

// Who comes through the relay meets others, and is cut off when the credentials
// end.
func TestRelay(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			server := openBoth(t, (*sfu.Server).ServeTURN)
			room := server.NewRoom()
			way, revoke := relayOf(server, transport)
			a := sfutest.JoinBy(t, room, "a", way)
			b := sfutest.Join(t, room, "b")
			meet(t, a, b)
			revoke()
			seat := b.SeatOf("a", sfu.Camera)
			a.Picture(true, "late") // what was sent before may come still
			watch(sfutest.Join(t, room, "c"), "b", b)
			for _, r := range b.Received(seat) {
				if bytes.Contains(r.Payload, []byte("late")) {
					t.Fatal("a picture came that was sent when the credentials had ended")
				}
			}
		})
	}
}

// allocate opens an allocation by hand.
func allocate(t *testing.T, server *sfu.Server, username, password string) (*turn.Client, net.PacketConn, error) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", server.Port())
	c, err := turn.NewClient(&turn.ClientConfig{STUNServerAddr: addr, TURNServerAddr: addr, Conn: conn, Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = conn.Close()
	})
	if err = c.Listen(); err != nil {
		t.Fatal(err)
	}
	relayed, err := c.Allocate()
	if err == nil {
		t.Cleanup(func() { _ = relayed.Close() })
	}
	return c, relayed, err
}

// Nobody gets an allocation without credentials that hold.
func TestRelayRefusesStrangers(t *testing.T) {
	server := sfutest.Open(t)
	username, password, revoke := server.Invite()
	for name, c := range map[string][2]string{
		"nobody": {"nobody", password}, "another password": {username, password + "x"}, "none": {"", ""},
	} {
		if _, _, err := allocate(t, server, c[0], c[1]); err == nil {
			t.Errorf("%s has an allocation", name)
		}
	}
	if _, _, err := allocate(t, server, username, password); err != nil {
		t.Errorf("who is invited: %v", err)
	}
	revoke()
	if _, _, err := allocate(t, server, username, password); err == nil {
		t.Error("who is invited no more has an allocation")
	}
}

// The relay is no way to anybody but the media plane: not to another host, and
// not to another port of this one.
func TestRelayIsNotOpen(t *testing.T) {
	server := sfutest.Open(t)
	username, password, revoke := server.Invite()
	defer revoke()
	c, relayed, err := allocate(t, server, username, password)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"192.0.2.1", "127.0.0.2", "10.0.0.1", "240.0.0.1", "0.0.0.0"} {
		if err = c.CreatePermission(&net.UDPAddr{IP: net.ParseIP(host), Port: int(server.Port())}); err == nil {
			t.Errorf("a client may speak to %s", host)
		}
	}
	other, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	before := server.Stats().Garbage
	if _, err := relayed.WriteTo([]byte{0x80, 1, 2, 3}, other.LocalAddr()); err != nil {
		t.Logf("to another port: %v", err) // or silence
	}
	if _, err := relayed.WriteTo([]byte{0x80, 1, 2, 3}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(server.Port())}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); server.Stats().Garbage == before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("nothing comes through the relay at all")
		}
	}
	_ = other.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // what was sent first is here by now
	if n, _, err := other.ReadFrom(make([]byte, 10)); err == nil {
		t.Errorf("%d bytes came to another port", n)
	}
	if ip := relayed.LocalAddr().(*net.UDPAddr).IP.To4(); ip == nil || ip[0] < 240 {
		t.Errorf("the relayed address %v is of a network that there is", ip)
	}
}
