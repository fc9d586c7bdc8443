// Package sfutest makes peers of an sfu over loopback: publishers with
// synthetic pictures and voices, subscribers that keep what they receive.
package sfutest

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu"
)

// Open returns a server on loopback that closes with the test.
func Open(tb testing.TB) *sfu.Server {
	tb.Helper()
	s, err := sfu.New(sfu.Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing the sfu: %v", err)
		}
	})
	return s
}

// Received is one packet that arrived on a seat.
type Received struct {
	Seq       uint16
	Timestamp uint32
	SSRC      uint32
	Payload   []byte
}

// A Client is one participant: its sfu peer and the two connections that a
// browser would have.
type Client struct {
	tb        testing.TB
	Peer      *sfu.Peer
	publish   *webrtc.PeerConnection
	subscribe *webrtc.PeerConnection
	camera    *webrtc.TrackLocalStaticRTP
	mic       *webrtc.TrackLocalStaticRTP
	seq       map[*webrtc.TrackLocalStaticRTP]uint16
	ssrcs     []uint32 // of the subscribe connection's streams, by seat

	mu sync.Mutex
	// Guarded by mu.
	seats    []sfu.Seat
	received map[int][]Received
	pli      int
	lost     string
	changed  chan struct{}
}

// Kinds are the seats that every client offers.
var Kinds = []sfu.Source{sfu.Camera, sfu.Mic, sfu.Camera, sfu.Mic, sfu.Screen, sfu.ScreenAudio}

// Join adds a client with both connections established. It leaves with the
// test.
func Join(tb testing.TB, room *sfu.Room, id sfu.PeerID) *Client {
	tb.Helper()
	c := &Client{tb: tb, received: map[int][]Received{}, seq: map[*webrtc.TrackLocalStaticRTP]uint16{}, changed: make(chan struct{}, 1)}
	peer, err := room.NewPeer(id, sfu.Events{
		Seats: func(s []sfu.Seat) { c.update(func() { c.seats = s }) },
		Closed: func(reason string) {
			c.update(func() { c.lost = reason })
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.Peer = peer
	tb.Cleanup(c.Leave)
	c.openPublish()
	c.openSubscribe()
	return c
}

func (c *Client) update(f func()) {
	c.mu.Lock()
	f()
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func newConnection(tb testing.TB) *webrtc.PeerConnection {
	tb.Helper()
	me := &webrtc.MediaEngine{}
	if err := me.RegisterDefaultCodecs(); err != nil {
		tb.Fatal(err)
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		tb.Fatal(err)
	}
	return pc
}

func (c *Client) negotiate(pc *webrtc.PeerConnection, answer func(sdp string) (string, error)) {
	c.tb.Helper()
	connected := make(chan struct{})
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	offer, err := pc.CreateOffer(nil)
	if err == nil {
		gathered := webrtc.GatheringCompletePromise(pc)
		if err = pc.SetLocalDescription(offer); err == nil {
			<-gathered
			var sdp string
			if sdp, err = answer(pc.LocalDescription().SDP); err == nil {
				err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
			}
		}
	}
	if err != nil {
		c.tb.Fatal(err)
	}
	select {
	case <-connected:
	case <-time.After(10 * time.Second):
		c.tb.Fatal("the connection is not established after 10 s")
	}
}

func (c *Client) openPublish() {
	c.publish = newConnection(c.tb)
	mids := map[string]sfu.Source{}
	add := func(kind sfu.Source, mime string) *webrtc.TrackLocalStaticRTP {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind.String(), kind.String())
		if err != nil {
			c.tb.Fatal(err)
		}
		tr, err := c.publish.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			c.tb.Fatal(err)
		}
		go c.readRequests(tr.Sender())
		mids[fmt.Sprint(len(mids))] = kind
		return track
	}
	c.mic = add(sfu.Mic, webrtc.MimeTypeOpus)
	c.camera = add(sfu.Camera, webrtc.MimeTypeVP8)
	c.negotiate(c.publish, func(sdp string) (string, error) { return c.Peer.Publish(context.Background(), sdp, mids) })
}

// readRequests ends with the connection.
func (c *Client) readRequests(s *webrtc.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				c.update(func() { c.pli++ })
			}
		}
	}
}

func (c *Client) openSubscribe() {
	c.subscribe = newConnection(c.tb)
	c.ssrcs = make([]uint32, len(Kinds))
	for _, kind := range Kinds {
		codec := webrtc.RTPCodecTypeAudio
		if kind.IsVideo() {
			codec = webrtc.RTPCodecTypeVideo
		}
		if _, err := c.subscribe.AddTransceiverFromKind(codec, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			c.tb.Fatal(err)
		}
	}
	c.subscribe.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		seat := -1
		for i, tr := range c.subscribe.GetTransceivers() {
			if tr.Receiver() == r {
				seat = i
			}
		}
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			got := Received{p.SequenceNumber, p.Timestamp, p.SSRC, p.Payload}
			c.update(func() { c.received[seat] = append(c.received[seat], got); c.ssrcs[seat] = p.SSRC })
		}
	})
	c.negotiate(c.subscribe, func(sdp string) (string, error) { return c.Peer.Subscribe(context.Background(), sdp, Kinds) })
}

// Picture sends one VP8-shaped packet that holds a whole frame: a descriptor
// with a 15-bit picture id, the wrapper's first byte, and the given body.
func (c *Client) Picture(key bool, body string, picture uint16) {
	c.tb.Helper()
	first := byte(0x11)
	if key {
		first = 0x10
	}
	payload := append([]byte{0x90, 0x80, 0x80 | byte(picture>>8), byte(picture), first}, body...)
	c.write(c.camera, payload, uint32(c.seq[c.camera])*6000)
}

// Voice sends one packet of sound.
func (c *Client) Voice(body string) {
	c.tb.Helper()
	c.write(c.mic, []byte(body), uint32(c.seq[c.mic])*960)
}

// Skip leaves out a sequence number of the camera, as if it was lost.
func (c *Client) Skip() { c.seq[c.camera]++ }

func (c *Client) write(t *webrtc.TrackLocalStaticRTP, payload []byte, timestamp uint32) {
	c.tb.Helper()
	c.seq[t]++
	p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: c.seq[t], Timestamp: timestamp}, Payload: payload}
	if err := t.WriteRTP(p); err != nil {
		c.tb.Fatal(err)
	}
}

// Nack asks for packets of a seat again.
func (c *Client) Nack(seat int, seq uint16) {
	c.tb.Helper()
	c.mu.Lock()
	ssrc := c.ssrcs[seat]
	c.mu.Unlock()
	err := c.subscribe.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: []rtcp.NackPair{{PacketID: seq}}}})
	if err != nil {
		c.tb.Fatal(err)
	}
}

// Until waits until check holds; poke, if not nil, is called again and again
// meanwhile (synthetic sources do not run by themselves).
func (c *Client) Until(what string, poke func(), check func() bool) {
	c.tb.Helper()
	deadline := time.After(10 * time.Second)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !check() {
		select {
		case <-c.changed:
		case <-ticker.C:
			if poke != nil {
				poke()
			}
		case <-deadline:
			c.tb.Fatalf("after 10 s: %s; seats %v", what, c.Seats())
		}
	}
}

// Seats returns the latest seat map.
func (c *Client) Seats() []sfu.Seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seats
}

// SeatOf returns the seat of a source, -1 when it has none.
func (c *Client) SeatOf(owner sfu.PeerID, kind sfu.Source) int {
	for _, s := range c.Seats() {
		if s.Owner == owner && s.Kind == kind {
			return s.Index
		}
	}
	return -1
}

// Received returns what arrived on a seat so far.
func (c *Client) Received(seat int) []Received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received[seat]
}

// Requests returns how many key frames were asked for.
func (c *Client) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pli
}

// Leave closes everything.
func (c *Client) Leave() {
	c.Peer.Close()
	for _, pc := range []*webrtc.PeerConnection{c.publish, c.subscribe} {
		if pc != nil {
			if err := pc.Close(); err != nil {
				c.tb.Errorf("closing a connection: %v", err)
			}
		}
	}
}

// PictureID reads the picture id of a received VP8 packet made by Picture.
func PictureID(r Received) uint16 { return binary.BigEndian.Uint16(r.Payload[2:4]) & 0x7fff }

// Body returns what Picture was given.
func Body(r Received) string { return string(r.Payload[5:]) }
