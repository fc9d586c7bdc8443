package sfu_test

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

func view(owner sfu.PeerID) []sfu.Tile {
	return []sfu.Tile{{Owner: owner, Kind: sfu.Camera, Width: 1280, Height: 720}}
}

// watch has from see the camera of to, and returns its seat.
func watch(from *sfutest.Client, to sfu.PeerID, source *sfutest.Client) int {
	from.Peer.SetView(view(to))
	from.Until("the camera is on a seat", nil, func() bool { return from.SeatOf(to, sfu.Camera) >= 0 })
	seat := from.SeatOf(to, sfu.Camera)
	n := len(from.Received(seat))
	picture := uint16(0)
	from.Until("pictures arrive", func() { picture++; source.Picture(true, string(to), picture) }, func() bool {
		return len(from.Received(seat)) > n
	})
	return seat
}

func TestEverybodyGetsEverybody(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	ids := []sfu.PeerID{"a", "b", "c"}
	clients := map[sfu.PeerID]*sfutest.Client{}
	for _, id := range ids {
		clients[id] = sfutest.Join(t, room, id)
	}
	for _, id := range ids {
		clients[id].Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	}
	for _, to := range ids {
		var tiles []sfu.Tile
		for _, from := range ids {
			tiles = append(tiles, view(from)...) // oneself is left out
		}
		clients[to].Peer.SetView(tiles)
	}
	for _, to := range ids {
		c := clients[to]
		for _, from := range ids {
			if from == to {
				continue
			}
			for _, kind := range []sfu.Source{sfu.Mic, sfu.Camera} {
				c.Until("a seat for "+string(from), nil, func() bool { return c.SeatOf(from, kind) >= 0 })
				seat := c.SeatOf(from, kind)
				c.Until(string(to)+" receives "+kind.String()+" of "+string(from), func() {
					clients[from].Voice(string(from))
					clients[from].Picture(true, string(from), 1)
				}, func() bool { return len(c.Received(seat)) > 2 })
				for _, r := range c.Received(seat) {
					body := string(r.Payload)
					if kind == sfu.Camera {
						body = sfutest.Body(r)
					}
					if body != string(from) {
						t.Fatalf("on the seat of %s's %v %s received %q", from, kind, to, body)
					}
				}
			}
		}
	}
}

func TestRoomsAreApart(t *testing.T) {
	server := sfutest.Open(t)
	a := sfutest.Join(t, server.NewRoom(), "a")
	b := sfutest.Join(t, server.NewRoom(), "b")
	a.Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	b.Peer.SetView(view("a"))
	c := sfutest.Join(t, server.NewRoom(), "c")
	_ = c
	for _, s := range b.Seats() {
		if s.Owner != "" {
			t.Errorf("seat %d holds somebody of another room", s.Index)
		}
	}
}

// A seat is one continuous stream whoever is on it.
func TestSeatGoesOnOverSources(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat := watch(c, "a", a)
	for range 3 {
		if got := watch(c, "b", b); got != seat {
			t.Fatalf("b is on seat %d, a was on %d", got, seat)
		}
		watch(c, "a", a)
	}
	got := c.Received(seat)
	for i := 1; i < len(got); i++ {
		if got[i].SSRC != got[0].SSRC || got[i].Seq != got[i-1].Seq+1 || int32(got[i].Timestamp-got[i-1].Timestamp) <= 0 ||
			sfutest.PictureID(got[i]) != (sfutest.PictureID(got[i-1])+1)&0x7fff {
			t.Fatalf("packet %d (%+v) does not follow %+v", i, got[i], got[i-1])
		}
	}
}

func TestNewcomerStartsAtAKeyFrameThatWasAskedFor(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetView(view("a"))
	b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
	seat := b.SeatOf("a", sfu.Camera)
	before := a.Requests()
	picture := uint16(0)
	a.Until("a key frame is asked for", func() { picture++; a.Picture(false, "delta", picture) }, func() bool { return a.Requests() > before })
	if n := len(b.Received(seat)); n > 0 {
		t.Errorf("%d packets came before a key frame", n)
	}
	b.Until("the key frame comes", func() { picture++; a.Picture(true, "key", picture) }, func() bool { return len(b.Received(seat)) > 0 })
	if got := sfutest.Body(b.Received(seat)[0]); got != "key" {
		t.Errorf("the first packet is %q", got)
	}
}

func TestLossIsRepaired(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat := watch(b, "a", a)
	asked := b.Received(seat)[0].Seq
	// pion's receiver takes retransmissions for late packets of the stream.
	b.Until("the packet comes again", func() { b.Nack(seat, asked) }, func() bool { return server.Stats().Resent > 0 })
}

func TestCameraOffFreesItsSeat(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera, sfu.Mic})
	watch(b, "a", a)
	a.Peer.SetSources([]sfu.Source{sfu.Mic})
	b.Until("the seat is free", nil, func() bool { return b.SeatOf("a", sfu.Camera) < 0 && b.SeatOf("a", sfu.Mic) >= 0 })
}

func TestVanishedPublisherFreesItsSeats(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera, sfu.Mic})
	watch(b, "a", a)
	a.Peer.Close()
	b.Until("the seats are free", nil, func() bool { return b.SeatOf("a", sfu.Camera) < 0 && b.SeatOf("a", sfu.Mic) < 0 })
}

func TestScreenIsSeatedWithoutAsking(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Screen, sfu.ScreenAudio})
	b.Until("both are seated", nil, func() bool { return b.SeatOf("a", sfu.Screen) >= 0 && b.SeatOf("a", sfu.ScreenAudio) >= 0 })
}

func TestGarbageIsCountedAndNobodyNotices(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	conn, err := net.Dial("udp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), server.Port()).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b.Until("garbage is counted", func() {
		for _, garbage := range []string{"", "x", "\x80\x60garbage", "\x00\x01\x00\x00garbage", "\x16\xfe\xfdgarbage", strings.Repeat("\xff", 1400)} {
			_, _ = conn.Write([]byte(garbage))
		}
	}, func() bool { return server.Stats().Garbage > 3 })
	watch(b, "a", a)
}

func TestMalformedOffersAreRefused(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	p, err := room.NewPeer("a", sfu.Events{Seats: func([]sfu.Seat) {}, Closed: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, offer := range []string{"", "v=0", "nonsense", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"} {
		if _, err := p.Publish(t.Context(), offer, nil); err == nil {
			t.Errorf("the publish offer %q was answered", offer)
		}
		if _, err := p.Subscribe(t.Context(), offer, []sfu.Source{sfu.Camera}); err == nil {
			t.Errorf("the subscribe offer %q was answered", offer)
		}
	}
	if _, err := p.Subscribe(t.Context(), "v=0", make([]sfu.Source, 1000)); err == nil {
		t.Error("a thousand seats were taken")
	}
}

func TestPortInUseIsNamed(t *testing.T) {
	s := sfutest.Open(t)
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Port())
	_, err := sfu.New(sfu.Config{Listen: addr, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), addr.String()) {
		t.Errorf("the error %v does not name %v", err, addr)
	}
}
