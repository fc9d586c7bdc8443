package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// A gauge counts what comes in at the sockets of one participant: messages and
// bytes of the websocket, datagrams of the two UDP sockets.
type gauge struct {
	mu sync.Mutex
	// Guarded by mu.
	messages map[string]int // by type
	bytes    int
	text     strings.Builder // all of them
	media    int             // RTP
	control  int             // RTCP
	other    int             // STUN, DTLS
}

func newGauge() *gauge { return &gauge{messages: map[string]int{}} }

// on puts the gauge on the sockets of a participant.
func (g *gauge) on(cfg client.Config) client.Config {
	cfg.Took = func(text []byte) {
		h, _, _ := wire.DecodeServer(text) // what is malformed counts as of no type
		g.mu.Lock()
		defer g.mu.Unlock()
		g.messages[h.Type]++
		g.bytes += len(text)
		g.text.Write(text)
	}
	cfg.Listen = func() (net.PacketConn, error) {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		return gauged{conn, g}, err
	}
	return cfg
}

func (g *gauge) datagram(b []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case len(b) < 2 || b[0]>>6 != 2: // RFC 7983
		g.other++
	case b[1] >= 192 && b[1] < 224: // RFC 5761
		g.control++
	default:
		g.media++
	}
}

// read returns the counts.
func (g *gauge) read() (messages map[string]int, bytes, media, other int, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.messages), g.bytes, g.media, g.other, g.text.String()
}

// A gauged socket counts what it is sent.
type gauged struct {
	net.PacketConn
	g *gauge
}

func (c gauged) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	if err == nil {
		c.g.datagram(b[:n])
	}
	return n, from, err
}

// hosted makes a meeting; the config is of its host.
func hosted(t *testing.T, url string) (link.Link, client.Config) {
	t.Helper()
	_, host, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l, err := client.NewRoomOf(t.Context(), url, "Kaffee & Küche", host)
	if err != nil {
		t.Fatal(err)
	}
	return l, client.Config{Link: l, Name: "Ann", Publish: []wire.Source{mic, camera}, Layers: 1, Host: host}
}

// does has a participant do something that its member can do.
func (p *peer) does(what string, do func(m *group.Member, now time.Time) (group.Output, error)) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	if err := p.Act(ctx, do); err != nil {
		p.t.Fatalf("%s %s: %v", p.name, what, err)
	}
}

func (p *peer) lobby(up bool) {
	p.t.Helper()
	p.does("changes who gets in", func(m *group.Member, now time.Time) (group.Output, error) { return m.SetPolicy(up, false, now) })
	until(p.t, "the lobby is as it should be", 10*time.Second, func() (is bool) {
		p.does("looks", func(m *group.Member, _ time.Time) (group.Output, error) {
			is = m.Policy().Lobby == up
			return group.Output{}, nil
		})
		return is
	})
}

// admit lets a session in, once it has asked.
func (p *peer) admit(guest *peer) {
	p.t.Helper()
	until(p.t, "somebody is let in", 10*time.Second, func() bool {
		ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
		defer cancel()
		return p.Act(ctx, func(m *group.Member, now time.Time) (group.Output, error) {
			return m.Admit(guest.Report().Session, now)
		}) == nil
	})
}

// ofNobody are the messages that somebody who waits may get: they tell of
// nobody, and of no group but that there is one.
var ofNobody = []string{"ack", "joined", "marked", "published", "subscribed", "seats", "demand", "quality"}

// TestLobbyAtTheSocket: at the sockets of who waits in the lobby nothing of a
// running meeting arrives: no datagram of media, no message of the group, and
// no word of who is there. By the same count it all arrives once he is in.
func TestLobbyAtTheSocket(t *testing.T) {
	t.Parallel()
	l, host := hosted(t, startServer(t, "127.0.0.1:0").url)
	ann := enterAs(t, host)
	ben := enter(t, l, "Ben", mic, camera, screen)
	together(t, ann, ben)
	ann.lobby(true)
	g := newGauge()
	gus := enterAs(t, g.on(client.Config{Link: l, Name: "Gus", Publish: []wire.Source{mic, camera}, Layers: 1, Way: client.ByUDP}))
	until(t, "media could come to Gus", 20*time.Second, func() bool {
		r := gus.Report()
		return r.Media["publish"] == "connected" && r.Media["subscribe"] == "connected"
	})
	// The meeting goes on: words, pictures, somebody comes and goes, the keys change.
	before := ann.Report().Epoch
	cleo := enter(t, l, "Cleo", mic)
	ann.admit(cleo)
	together(t, ann, ben, cleo)
	ben.Say(t.Context(), "not for those outside")
	shows(t, ben, ann, 100, camera) // 5 s
	if err := cleo.leave(); err != nil {
		t.Error(err)
	}
	together(t, ann, ben)
	until(t, "Ann has read it", 10*time.Second, func() bool { return len(ann.Report().Chat) == 1 })
	messages, bytes, media, other, text := g.read()
	t.Logf("while he waited, over %d epochs: %d datagrams of media, %d of STUN and DTLS, %d bytes in %v", ann.Report().Epoch-before, media, other, bytes, messages)
	if media != 0 {
		t.Errorf("%d datagrams of media came to who waits", media)
	}
	for typ, n := range messages {
		if !slices.Contains(ofNobody, typ) {
			t.Errorf("%d messages %q came to who waits", n, typ)
		}
	}
	for _, p := range []*peer{ann, ben, cleo} {
		if strings.Contains(text, p.Report().Session) {
			t.Errorf("who waits was told of %s", p.name)
		}
	}
	if messages["joined"] != 1 || other == 0 || len(gus.members()) != 0 {
		t.Error("the gauge does not see what comes")
	}
	ann.admit(gus)
	together(t, ann, ben, gus)
	shows(t, ben, gus, 20, mic, camera)
	messages, _, media, _, text = g.read()
	if media == 0 || messages["welcomed"] != 1 || messages["peers"] != 1 || !strings.Contains(text, ann.Report().Session) {
		t.Errorf("by this count nothing comes to who is inside either: %d datagrams, %v", media, messages)
	}
}
