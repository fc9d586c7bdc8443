package transport

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/rtpx"
)

// Who says goodbye is sent nothing any more, and is not lost.
func TestGoodbye(t *testing.T) {
	v := watchWith(t, openTransport(t, 15*time.Second), nil)
	v.send(1, 100)
	if err := v.pc.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "the seat is not connected", func() bool { _, ok := v.seat.Stream(rtpx.VP8); return !ok })
	if len(v.lost) > 0 {
		t.Error("it was told to be lost")
	}
	b := v.tr.Batch()
	defer b.Send()
	if err := v.seat.Write(b, Packet{SSRC: v.seat.ssrc, Payload: []byte("x")}, time.Now()); !errors.Is(err, errNotReady) {
		t.Errorf("writing: %v", err)
	}
}

// TestRest: between handshake and goodbye there is no DTLS server, and nobody
// notices: a goodbye is taken and said, and what looks like DTLS is no harm.
func TestRest(t *testing.T) {
	rests := func(v *viewer) bool {
		v.sub.conn.reading.Lock()
		defer v.sub.conn.reading.Unlock()
		return v.sub.conn.parked != nil && v.sub.conn.server.Load() == nil
	}
	resting := func(t *testing.T) *viewer {
		t.Helper()
		tr := openTransport(t, 15*time.Second)
		tr.restsAfter = 10 * time.Millisecond
		v := watchWith(t, tr, nil)
		v.ready()
		until(t, "it rests", func() bool {
			// It fails while the client's side of the handshake is under way.
			_ = v.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: v.seat.ssrc}})
			return rests(v)
		})
		v.send(1, 100)
		return v
	}
	gone := func(v *viewer) func() bool {
		return func() bool { _, ok := v.seat.Stream(rtpx.VP8); return !ok }
	}
	t.Run("the client's goodbye", func(t *testing.T) {
		v := resting(t)
		if err := v.pc.Close(); err != nil {
			t.Fatal(err)
		}
		until(t, "the seat is not connected", gone(v))
	})
	t.Run("ours", func(t *testing.T) {
		v := resting(t)
		if err := v.sub.Close(); err != nil {
			t.Fatal(err)
		}
		until(t, "the client has heard it", func() bool { return v.pc.SCTP().Transport().State() == webrtc.DTLSTransportStateClosed })
		// A number is a nonce: the old server has said goodbye, too, to nobody.
		seen := map[string]bool{}
		for _, record := range v.socket.records() {
			if seen[string(record)] {
				t.Errorf("a second record of epoch and number %x", record)
			}
			seen[string(record)] = true
		}
		if len(seen) < 2 { // the end of the handshake, and the goodbye
			t.Errorf("sealed records: %x", v.socket.records())
		}
	})
	t.Run("woken by others", func(t *testing.T) {
		v := resting(t)
		for range 20 { // by an alert that is not sealed
			v.sub.conn.receive([]byte{21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 0}, netip.AddrPort{}, time.Now())
			until(t, "it rests again", func() bool { return rests(v) || gone(v)() })
		}
		if gone(v)() {
			t.Fatal("an alert that anybody can write has ended the connection")
		}
		v.tr.restsAfter = patience // this time it stays awake
		for _, forged := range [][]byte{{22, 254, 253, 0, 1}, append([]byte{21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 26}, make([]byte, 26)...)} {
			v.sub.conn.receive(forged, netip.AddrPort{}, time.Now())
		}
		until(t, "it is awake", func() bool { return v.sub.conn.server.Load() != nil })
		v.send(200, 100)
		if err := v.pc.Close(); err != nil {
			t.Fatal(err)
		}
		until(t, "the seat is not connected", gone(v))
	})
	t.Run("before the client has the end of the handshake", func(t *testing.T) {
		tr := openTransport(t, 15*time.Second)
		tr.restsAfter = 10 * time.Millisecond
		v := newViewer(t, tr, func(*webrtc.MediaEngine, *interceptor.Registry) error { return nil })
		v.socket.deaf.Store(true)
		v.offer(nil, nil)
		until(t, "it rests", func() bool { return rests(v) })
		if v.pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
			t.Fatal("the client believes the handshake to be over")
		}
		v.sub.conn.receive([]byte{22, 254, 253, 0, 1}, netip.AddrPort{}, time.Now()) // anybody may say so
		v.socket.deaf.Store(false)
		until(t, "the client has it", func() bool { return v.pc.ConnectionState() == webrtc.PeerConnectionStateConnected })
		if !rests(v) {
			t.Error("the server was made again for it")
		}
		v.send(1, 100)
	})
	t.Run("that cannot be made again", func(t *testing.T) {
		v := resting(t)
		c := v.sub.conn
		c.reading.Lock()
		c.parked = &dtls.State{} // of no handshake
		c.reading.Unlock()
		c.receive([]byte{22, 254, 253, 0, 1}, netip.AddrPort{}, time.Now())
		until(t, "it is told to be lost", func() bool { return len(v.lost) > 0 })
		if !gone(v)() {
			t.Error("packets are sealed for who cannot say goodbye")
		}
	})
}
