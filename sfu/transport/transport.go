// Package transport is the one place that knows pion: ICE, DTLS, SRTP and SDP
// behind types of ours, so that they can be exchanged.
//
// Clients offer, we answer; ICE-lite, one UDP port, all candidates in the
// answer. Publish connections are pion's. Subscribe connections, on which
// nearly all packets go, are ours, but for the DTLS handshake and RTCP's
// protection: a packet is sealed from the payload that all subscribers share
// into the memory from which the kernel sends it.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/udp"
)

// A Transport owns the UDP port. Safe for concurrent use.
type Transport struct {
	// Static after construction.
	mux         ice.UDPMux
	demux       *demux
	tunnels     *tunnels
	relay       *relay
	tcp         bool
	publish     *webrtc.API
	lostAfter   time.Duration
	advertise   []netip.Addr
	pacing      *pacing
	certificate tls.Certificate // of all subscribe connections
	fingerprint string          // its own

	// Atomic.
	garbage atomic.Uint64
}

// Config says where media is received.
type Config struct {
	Listen    netip.AddrPort // UDP; port 0 picks one
	Conn      *net.UDPConn   // taken over instead, when not nil; Listen is its address
	Advertise []netip.Addr   // under which clients reach it; none: those that it listens on
	TCP       bool           // ServeTCP is called for clients that come to the same number by TCP
	LostAfter time.Duration  // how long a connection may be silent
}

// Open takes the UDP port. The error names the address when it is in use.
func Open(cfg Config) (*Transport, error) {
	t := &Transport{lostAfter: cfg.LostAfter, advertise: cfg.Advertise, tcp: cfg.TCP, tunnels: newTunnels(), pacing: newPacing()}
	var err error
	if t.certificate, t.fingerprint, err = newCertificate(); err != nil {
		return nil, err
	}
	var port *udp.Conn
	if cfg.Conn != nil {
		port, err = udp.Over(cfg.Conn)
	} else {
		port, err = udp.Open(cfg.Listen)
	}
	if err != nil {
		return nil, fmt.Errorf("sfu: taking UDP port %v for media: %w", cfg.Listen, err)
	}
	t.demux = newDemux(port, t.tunnels)
	t.pacing.done.Go(func() { t.pacing.run(t) })
	t.mux = muxes{
		ice.NewUDPMuxDefault(ice.UDPMuxParams{
			UDPConn:           t.demux,
			OnUnhandledPacket: func([]byte, netip.AddrPort) { t.garbage.Add(1) },
		}),
		ice.NewUDPMuxDefault(ice.UDPMuxParams{
			UDPConn:           t.tunnels,
			OnUnhandledPacket: func(_ []byte, from netip.AddrPort) { t.stranger(from) },
		}),
	}
	if t.relay, err = newRelay(t); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.demux.relay.Store(t.relay)
	se, err := settings(t.mux, cfg)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	if t.publish, err = newAPI(se); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Transport) local() netip.AddrPort {
	addr, ok := t.demux.LocalAddr().(*net.UDPAddr)
	if !ok {
		panic("transport: internal error: not a UDP address")
	}
	return addr.AddrPort()
}

// Port returns the UDP port.
func (t *Transport) Port() uint16 { return t.local().Port() }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// candidates are how clients reach us.
func (t *Transport) candidates() session.Candidates {
	c := session.Candidates{UDP: t.reachable()}
	if t.tcp {
		c.TCP = c.UDP
	}
	return c
}

// reachable returns under which addresses clients reach the port.
func (t *Transport) reachable() []netip.AddrPort {
	local := t.local()
	addrs := t.advertise
	if len(addrs) == 0 {
		addrs = []netip.Addr{local.Addr().Unmap()}
		if addrs[0].IsUnspecified() {
			addrs = interfaces(addrs[0].Is4() && !t.demux.DualStack())
		}
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		if c := netip.AddrPortFrom(a.Unmap(), local.Port()); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// interfaces returns the machine's addresses. Link-local ones are left out:
// they mean something on one link only, which the client need not be on.
func interfaces(only4 bool) (out []netip.Addr) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // there may be public ones
	}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() && (!only4 || p.Addr().Unmap().Is4()) {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}

// Garbage counts packets that belong to no connection.
func (t *Transport) Garbage() uint64 { return t.garbage.Load() }

// Dropped counts packets that the kernel did not take.
func (t *Transport) Dropped() uint64 { return t.demux.Totals().Dropped }

// Close frees the port. Connections are to be closed before.
func (t *Transport) Close() error {
	t.pacing.close()
	if t.relay != nil {
		t.relay.close()
	}
	t.tunnels.endAll()
	err := t.mux.Close()
	if closeErr := t.demux.Close(); !errors.Is(closeErr, net.ErrClosed) { // the mux may have closed it
		err = errors.Join(err, closeErr)
	}
	return err
}

func settings(mux ice.UDPMux, cfg Config) (webrtc.SettingEngine, error) {
	listen := cfg.Listen.Addr()
	var se webrtc.SettingEngine
	se.SetLite(true)
	se.SetICEUDPMux(mux)
	// Disconnected is only a step on the way to failed: the two add up. A lite
	// agent sends no checks, so its keep-alive says nothing; 2 s is pion's.
	se.SetICETimeouts(cfg.LostAfter/3, cfg.LostAfter-cfg.LostAfter/3, 2*time.Second)
	// Which candidates clients are told of is not pion's to say: see candidates.
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	se.SetIncludeLoopbackCandidate(listen.IsLoopback() || listen.IsUnspecified())
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetICEBindingRequestHandler(newRoutes(cfg.LostAfter).binding)
	// AES-GCM costs an eighth of AES-CM with SHA-1 on this path (measured: 0.2 against 1.5 µs per video packet).
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	if err := se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return se, fmt.Errorf("transport: %w", err)
	}
	return se, nil
}

// newAPI registers what is negotiated for publish connections.
//
// Left out on purpose: ssrc-audio-level (who speaks is not ours to know),
// video-orientation, content-type, timing, color-space, playout-delay (clear
// metadata); abs-send-time (nobody reads it beside transport-cc); and the
// dependency descriptor, with which VP8 leaves out the picture ids that
// subscribers without it need.
func newAPI(se webrtc.SettingEngine) (*webrtc.API, error) {
	me := &webrtc.MediaEngine{}
	if err := registerCodecs(me); err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	registry := &interceptor.Registry{}
	for _, uri := range []string{
		"urn:ietf:params:rtp-hdrext:sdes:mid",
		"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
		session.TransportWide,
	} {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if err := me.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, fmt.Errorf("transport: %w", err)
			}
		}
	}
	generator, err := nack.NewGeneratorInterceptor()
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	receiver, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	feedback, err := twcc.NewSenderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	registry.Add(generator)
	registry.Add(receiver)
	registry.Add(feedback)
	return webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(registry)), nil
}

func registerCodecs(me *webrtc.MediaEngine) error {
	opus := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
			// No NACK: what is lost of a voice comes too late when sent again, and there is no RTX to send it on.
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "transport-cc"}},
		},
		PayloadType: 111,
	}
	if err := me.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, {Type: "transport-cc"}}
	for i, c := range []struct{ mime, fmtp string }{
		{webrtc.MimeTypeVP8, ""},
		{webrtc.MimeTypeVP9, "profile-id=0"},
		{webrtc.MimeTypeAV1, ""},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
	} {
		pt := webrtc.PayloadType(96 + 2*i)
		for _, p := range []webrtc.RTPCodecParameters{
			{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: c.mime, ClockRate: 90000, SDPFmtpLine: c.fmtp, RTCPFeedback: feedback}, PayloadType: pt},
			{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", pt)}, PayloadType: pt + 1},
		} {
			if err := me.RegisterCodec(p, webrtc.RTPCodecTypeVideo); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkSections refuses an offer of anything but sound and pictures.
func checkSections(offer string) error {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(offer); err != nil {
		return fmt.Errorf("transport: reading the offer: %w", err)
	}
	if n := len(s.MediaDescriptions); n == 0 || n > session.MaxSections {
		return fmt.Errorf("transport: the offer has %d media sections, want 1 to %d", n, session.MaxSections)
	}
	for i, m := range s.MediaDescriptions {
		if kind := m.MediaName.Media; kind != "audio" && kind != "video" {
			return fmt.Errorf("transport: media section %d of the offer is of an unexpected kind", i)
		}
	}
	return nil
}

var codecs = map[string]rtpx.Codec{
	"audio/opus": rtpx.Opus, "video/vp8": rtpx.VP8, "video/vp9": rtpx.VP9, "video/av1": rtpx.AV1, "video/h264": rtpx.H264,
}

func codecOf(mime string) rtpx.Codec { return codecs[strings.ToLower(mime)] }

// answer takes an offer and returns the answer with all candidates in it.
func answer(ctx context.Context, pc *webrtc.PeerConnection, offer string, candidates session.Candidates) (string, error) {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("transport: taking the offer: %w", err)
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("transport: answering: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(a); err != nil {
		return "", fmt.Errorf("transport: answering: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fmt.Errorf("transport: gathering candidates: %w", ctx.Err())
	}
	text := pc.LocalDescription().SDP
	if !strings.Contains(text, "a=extmap-allow-mixed") {
		// Offered per m-line by Firefox, which pion does not echo.
		text = strings.Replace(text, "t=0 0\r\n", "t=0 0\r\na=extmap-allow-mixed\r\n", 1)
	}
	return candidates.Replace(text), nil
}

// watch calls lost once when the connection has failed. pc.Close does not
// count as a failure.
func watch(pc *webrtc.PeerConnection, lost func(reason string)) {
	var once atomic.Bool
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed && once.CompareAndSwap(false, true) {
			lost("the media connection broke")
		}
	})
}
