// Package sfutest makes peers of an sfu over loopback: publishers with
// synthetic pictures and voices, subscribers that keep what they receive.
package sfutest

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"incamera/sfu"
)

// Open returns a server on loopback that closes with the test.
func Open(tb testing.TB) *sfu.Server {
	tb.Helper()
	return OpenWith(tb, sfu.Config{})
}

// OpenWith is Open with more of the configuration.
func OpenWith(tb testing.TB, cfg sfu.Config) *sfu.Server {
	tb.Helper()
	cfg.Listen, cfg.Log = netip.MustParseAddrPort("127.0.0.1:0"), slog.New(slog.DiscardHandler)
	s, err := sfu.New(cfg)
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
	Marker    bool
	// Descriptor is the dependency descriptor; nil: none came.
	Descriptor []byte
}

// A Client is one participant: its sfu peer and the two connections that a
// browser would have. Its methods are for one goroutine.
type Client struct {
	tb        testing.TB
	Peer      *sfu.Peer
	publish   *webrtc.PeerConnection
	subscribe *webrtc.PeerConnection
	way       Way
	sockets   []*net.UDPConn // of UDP
	rids      []string       // of the camera; none without simulcast
	camera    []*stream
	mic       *stream
	kinds     []sfu.Source // of the seats

	mu sync.Mutex
	// Guarded by mu.
	seats    []sfu.Seat
	received map[int][]Received
	reports  map[uint32]rtcp.SenderReport // by SSRC, the latest
	ssrcs    map[int]uint32               // of the subscribe connection's streams, by seat
	pli      int
	demand   [2]int // camera, screen; -1 before the first
	codecs   []string
	all      bool // take dependency descriptors
	lost     string
	changed  chan struct{}
}

// A stream is one that the client sends.
type stream struct {
	track  *webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	ssrc   uint32
	seq    uint16
	last   *rtp.Packet

	pictures uint16 // sent
	moved    int    // of these, by Move
	tl0      uint8
}

// Kinds are the seats that every client offers.
var Kinds = []sfu.Source{sfu.Camera, sfu.Mic, sfu.Camera, sfu.Mic, sfu.Screen, sfu.ScreenAudio}

// Join adds a client with both connections established; with rids its camera
// is simulcast. It leaves with the test.
func Join(tb testing.TB, room *sfu.Room, id sfu.PeerID, rids ...string) *Client {
	tb.Helper()
	return JoinBy(tb, room, id, Way{}, rids...)
}

// JoinBy is Join by another way than UDP.
func JoinBy(tb testing.TB, room *sfu.Room, id sfu.PeerID, way Way, rids ...string) *Client {
	tb.Helper()
	c := &Client{
		tb: tb, way: way, rids: rids, received: map[int][]Received{}, reports: map[uint32]rtcp.SenderReport{}, ssrcs: map[int]uint32{},
		changed: make(chan struct{}, 1), demand: [2]int{-1, -1},
	}
	peer, err := room.NewPeer(id, sfu.Events{
		Seats: func(s []sfu.Seat) { c.update(func() { c.seats = s }) },
		Demand: func(d sfu.Demand) {
			c.update(func() { c.demand, c.codecs, c.all = [2]int{d.Camera, d.Screen}, d.Codecs, d.Described })
		},
		Closed: func(reason string) {
			c.update(func() { c.lost = reason })
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.Peer = peer
	peer.SetInside(true)
	tb.Cleanup(c.Leave)
	c.Republish()
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

// Republish opens the publish connection, or another one in its place.
func (c *Client) Republish() {
	c.tb.Helper()
	old := c.publish
	var socket *net.UDPConn
	if c.publish, socket = dial(c.tb, c.way); socket != nil {
		c.sockets = append(c.sockets, socket)
	}
	mic := c.add(sfu.Mic, webrtc.MimeTypeOpus, "")
	camera := c.add(sfu.Camera, webrtc.MimeTypeVP8, c.rids...)
	c.mic, c.camera = mic[0], camera
	c.add(sfu.Screen, webrtc.MimeTypeVP8, "")
	c.add(sfu.ScreenAudio, webrtc.MimeTypeOpus, "")
	done := connected(c.publish)
	c.Reoffer()
	await(c.tb, done)
	if old != nil {
		if err := old.Close(); err != nil {
			c.tb.Fatal(err)
		}
	}
}

// Reoffer offers the publish connection again and returns the answer.
func (c *Client) Reoffer() (answer string) {
	c.tb.Helper()
	mids := map[string]sfu.Source{"0": sfu.Mic, "1": sfu.Camera, "2": sfu.Screen, "3": sfu.ScreenAudio}
	offer(c.tb, c.publish, func(text string) (string, error) {
		var err error
		answer, err = c.Peer.Publish(context.Background(), text, mids)
		return answer, err
	})
	return answer
}

// add makes the m-line of a source, with a stream for each rid.
func (c *Client) add(kind sfu.Source, mime string, rids ...string) (streams []*stream) {
	c.tb.Helper()
	if len(rids) == 0 {
		rids = []string{""}
	}
	var sender *webrtc.RTPSender
	for i, rid := range rids {
		var options []func(*webrtc.TrackLocalStaticRTP)
		if rid != "" {
			options = append(options, webrtc.WithRTPStreamID(rid))
		}
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind.String(), kind.String(), options...)
		if err != nil {
			c.tb.Fatal(err)
		}
		if i == 0 {
			tr, err := c.publish.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
			if err != nil {
				c.tb.Fatal(err)
			}
			sender = tr.Sender()
		} else if err := sender.AddEncoding(track); err != nil {
			c.tb.Fatal(err)
		}
		ssrc := uint32(sender.GetParameters().Encodings[i].SSRC)
		// Numbers begin anywhere, as those of browsers do.
		streams = append(streams, &stream{track: track, sender: sender, ssrc: ssrc, seq: uint16(rand.Uint32())})
	}
	for _, s := range streams {
		go c.readRequests(s)
	}
	return streams
}

// readRequests ends with the connection.
func (c *Client) readRequests(s *stream) {
	for {
		var packets []rtcp.Packet
		var err error
		if rid := s.track.RID(); rid != "" {
			packets, _, err = s.sender.ReadSimulcastRTCP(rid)
		} else {
			packets, _, err = s.sender.ReadRTCP()
		}
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
	c.tb.Helper()
	var socket *net.UDPConn
	if c.subscribe, socket = dial(c.tb, c.way); socket != nil {
		c.sockets = append(c.sockets, socket)
	}
	c.subscribe.OnTrack(c.receive)
	done := connected(c.subscribe)
	c.Grow(Kinds...)
	await(c.tb, done)
}

// Grow adds seats.
func (c *Client) Grow(kinds ...sfu.Source) {
	c.tb.Helper()
	for _, kind := range kinds {
		receive(c.tb, c.subscribe, kind)
	}
	c.kinds = append(c.kinds, kinds...)
	offer(c.tb, c.subscribe, func(text string) (string, error) { return c.Peer.Subscribe(context.Background(), text, c.kinds) })
}

// receive keeps what arrives on a seat. It ends with the connection.
func (c *Client) receive(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
	seat := -1
	for i, tr := range c.subscribe.GetTransceivers() {
		if tr.Receiver() == r {
			seat = i
		}
	}
	c.update(func() { c.ssrcs[seat] = uint32(t.SSRC()) })
	go func() {
		for {
			packets, _, err := r.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if sr, ok := p.(*rtcp.SenderReport); ok {
					c.update(func() { c.reports[sr.SSRC] = *sr })
				}
			}
		}
	}()
	described := uint8(0)
	for _, e := range r.GetParameters().HeaderExtensions {
		if e.URI == dependencyURI {
			described = uint8(e.ID)
		}
	}
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		got := Received{p.SequenceNumber, p.Timestamp, p.SSRC, p.Payload, p.Marker, p.GetExtension(described)}
		c.update(func() { c.received[seat] = append(c.received[seat], got) })
	}
}

// Picture sends one VP8-shaped packet that holds a whole frame: a descriptor
// with a 15-bit picture id, the wrapper's first byte, and the given body. With
// simulcast all layers have it, each with its rid before the body.
func (c *Client) Picture(key bool, body string) {
	c.tb.Helper()
	for i, s := range c.camera {
		prefix := ""
		if len(c.rids) > 0 {
			prefix = c.rids[i]
		}
		c.picture(s, key, prefix+body)
	}
}

// Layer sends a picture on one layer only.
func (c *Client) Layer(i int, key bool, body string) {
	c.tb.Helper()
	c.picture(c.camera[i], key, c.rids[i]+body)
}

func (c *Client) picture(s *stream, key bool, body string) {
	c.tb.Helper()
	first := byte(0x11)
	if key {
		first = 0x10
	}
	s.pictures++
	c.write(s, append([]byte{0x90, 0x80, 0x80 | byte(s.pictures>>8), byte(s.pictures), first}, body...), 6000)
}

// Move sends the next picture of three temporal layers, on all simulcast layers:
// each fourth is of the lowest, each second of the lower two; of each eight, the
// first above the lowest are sync frames. A key frame begins anew.
func (c *Client) Move(key bool, body string) {
	c.tb.Helper()
	for i, s := range c.camera {
		first, prefix := byte(0x11), ""
		if key {
			s.moved, first = 0, 0x10
		}
		if len(c.rids) > 0 {
			prefix = c.rids[i]
		}
		temporal, sync := [...]byte{0, 2, 1, 2}[s.moved%4], byte(0)
		switch s.moved % 8 {
		case 0, 4:
			s.tl0++
		case 1, 2:
			sync = 0x20
		}
		s.moved++
		s.pictures++
		payload := []byte{0x90, 0xe0, 0x80 | byte(s.pictures>>8), byte(s.pictures), s.tl0, temporal<<6 | sync, first}
		c.write(s, append(payload, prefix+body...), 3000)
	}
}

// Temporal reads the temporal layer of a received VP8 packet made by Move.
func Temporal(r Received) int { return int(r.Payload[5] >> 6) }

// Voice sends one packet of sound.
func (c *Client) Voice(body string) {
	c.tb.Helper()
	c.write(c.mic, []byte(body), 960)
}

// Repeat sends the camera's latest packet once more, as a bandwidth probe
// would.
func (c *Client) Repeat() {
	c.tb.Helper()
	if err := c.camera[0].track.WriteRTP(c.camera[0].last); err != nil {
		c.tb.Fatal(err)
	}
}

// Report sends a sender report of the camera: at that NTP time on the
// publisher's clock its timestamp was that of the latest packet.
func (c *Client) Report(ntp uint64) {
	c.tb.Helper()
	s := c.camera[0]
	sr := &rtcp.SenderReport{SSRC: s.ssrc, NTPTime: ntp, RTPTime: s.last.Timestamp}
	if err := c.publish.WriteRTCP([]rtcp.Packet{sr}); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *Client) write(s *stream, payload []byte, ticks uint32) {
	c.tb.Helper()
	s.seq++
	timestamp := uint32(0xffff_0000) // wraps soon
	if s.last != nil {
		timestamp = s.last.Timestamp + ticks
	}
	s.last = &rtp.Packet{
		Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: s.seq, Timestamp: timestamp}, Payload: payload,
	}
	if rid := s.track.RID(); rid != "" {
		for _, e := range s.sender.GetParameters().HeaderExtensions {
			value := map[string]string{sdp.SDESMidURI: "1", sdp.SDESRTPStreamIDURI: rid}[e.URI]
			if value == "" {
				continue
			}
			if err := s.last.SetExtension(uint8(e.ID), []byte(value)); err != nil {
				c.tb.Fatal(err)
			}
		}
	}
	if err := s.track.WriteRTP(s.last); err != nil {
		c.tb.Fatal(err)
	}
}

// Nack asks for packets of a seat again.
func (c *Client) Nack(seat int, seq uint16) {
	c.tb.Helper()
	c.feedback(&rtcp.TransportLayerNack{MediaSSRC: c.SSRC(seat), Nacks: []rtcp.NackPair{{PacketID: seq}}})
}

// AskForKeyFrame sends a PLI for a seat.
func (c *Client) AskForKeyFrame(seat int) {
	c.tb.Helper()
	c.feedback(&rtcp.PictureLossIndication{MediaSSRC: c.SSRC(seat)})
}

// Estimate says that the client's network takes that many bits per second
// (REMB).
func (c *Client) Estimate(bitrate int) {
	c.tb.Helper()
	c.feedback(&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: float32(bitrate)})
}

// Paused reports whether the seat of a source is paused.
func (c *Client) Paused(owner sfu.PeerID, kind sfu.Source) bool {
	for _, s := range c.Seats() {
		if s.Owner == owner && s.Kind == kind {
			return s.Paused
		}
	}
	return false
}

func (c *Client) feedback(p rtcp.Packet) {
	c.tb.Helper()
	if err := c.subscribe.WriteRTCP([]rtcp.Packet{p}); err != nil {
		c.tb.Fatal(err)
	}
}

// SSRC returns that of a seat on which something has arrived.
func (c *Client) SSRC(seat int) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ssrcs[seat]
}

// LatestReport returns the latest sender report of a seat.
func (c *Client) LatestReport(seat int) (rtcp.SenderReport, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.reports[c.ssrcs[seat]]
	return r, ok
}

// Vanish closes the client's sockets without a word to anybody.
func (c *Client) Vanish() {
	for _, s := range c.sockets {
		_ = s.Close() // closed twice is closed
	}
}

// Until waits until check holds; poke, if not nil, is called again and again
// meanwhile (synthetic sources do not run by themselves).
func (c *Client) Until(what string, poke func(), check func() bool) {
	c.tb.Helper()
	deadline := time.After(connectWithin)
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
			c.tb.Fatalf("not after %v: %s; seats %v, lost %q", connectWithin, what, c.Seats(), c.Lost())
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
	return slices.Clip(c.received[seat]) // more is appended to it
}

// Requests returns how many key frames were asked for.
func (c *Client) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pli
}

// Codecs returns those of pictures that the server says all take.
func (c *Client) Codecs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.codecs
}

// AllDescribed returns whether the server says that all take dependency descriptors.
func (c *Client) AllDescribed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// Demand returns how many layers of camera and screen the server wants, and -1
// as long as it has not said.
func (c *Client) Demand() (camera, screen int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.demand[0], c.demand[1]
}

// Lost returns why the peer told that it is of no use, or nothing.
func (c *Client) Lost() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
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
