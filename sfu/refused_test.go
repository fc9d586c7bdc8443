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
