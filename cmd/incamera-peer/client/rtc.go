package client

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/webrtc/v4"

	"incamera/signaling/wire"
)

// The codecs of a headless participant.
var (
	opus = webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1;cbr=1",
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
		},
		PayloadType: 111,
	}
	vp8 = webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
		},
		PayloadType: 96,
	}
	rtx = webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"},
		PayloadType:        97,
	}
)

// The header extensions that say which m-line and layer a packet is of.
const (
	extensionMid = "urn:ietf:params:rtp-hdrext:sdes:mid"
	extensionRid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	// extensionWide numbers the packets of all streams, so that their receiver can
	// say which arrived, and when.
	extensionWide = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)

// tellEvery is how often a receiver tells of packets, as browsers do at the
// rates of a meeting.
const tellEvery = 50 * time.Millisecond

// An engine makes the peer connections of any number of participants. Safe for
// concurrent use.
type engine struct {
	publish, subscribe *webrtc.API
	way                Way
	sockets            []ice.UDPMux // where their sockets are chosen
}

// A Way restricts how media goes to the server. The zero value does not: the
// best that works is taken, as by browsers.
type Way string

// The ways that can be named.
const (
	ByUDP   Way = "udp"
	ByTCP   Way = "tcp"
	ByRelay Way = "relay" // TURN in TLS
)

// newEngine opens a socket for each of its two connections, where listen says
// how; then it makes one of each at a time. Close ends them.
func newEngine(way Way, listen func() (net.PacketConn, error)) (*engine, error) {
	var se webrtc.SettingEngine
	switch way {
	case ByUDP:
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	case ByTCP:
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	case ByRelay:
	case "": // pion leaves TCP out unless it is named
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	default:
		return nil, fmt.Errorf("preparing media: there is no way %q; there are udp, tcp and relay", way)
	}
	// The server may be on this machine.
	se.SetIncludeLoopbackCandidate(true)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	// Answers to NACKs of a publisher go out on the stream itself: pion does
	// not say on a retransmission stream which layer it repeats.
	e := &engine{way: way}
	var err error
	if e.publish, err = e.api(se, listen, []webrtc.RTPCodecParameters{opus, vp8}, true); err == nil {
		e.subscribe, err = e.api(se, listen, []webrtc.RTPCodecParameters{opus, vp8, rtx}, false)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (e *engine) api(se webrtc.SettingEngine, listen func() (net.PacketConn, error), codecs []webrtc.RTPCodecParameters, sends bool) (*webrtc.API, error) {
	if listen != nil {
		conn, err := listen()
		if err != nil {
			return nil, fmt.Errorf("opening a socket for media: %w", err)
		}
		mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})
		e.sockets = append(e.sockets, mux)
		se.SetICEUDPMux(mux)
	}
	return newAPI(se, codecs, sends)
}

func (e *engine) close() {
	for _, mux := range e.sockets {
		_ = mux.Close() // nobody is left to hear of an error
	}
}

func newAPI(se webrtc.SettingEngine, codecs []webrtc.RTPCodecParameters, sends bool) (*webrtc.API, error) {
	me := &webrtc.MediaEngine{}
	for _, c := range codecs {
		kind := webrtc.RTPCodecTypeVideo
		if c.PayloadType == opus.PayloadType {
			kind = webrtc.RTPCodecTypeAudio
		}
		if err := me.RegisterCodec(c, kind); err != nil {
			return nil, fmt.Errorf("preparing media: %w", err)
		}
	}
	registry := &interceptor.Registry{}
	if sends {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			for _, uri := range []string{extensionMid, extensionRid} {
				if err := me.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
					return nil, fmt.Errorf("preparing media: %w", err)
				}
			}
		}
		responder, err := nack.NewResponderInterceptor()
		if err != nil {
			return nil, fmt.Errorf("preparing media: %w", err)
		}
		reports, err := report.NewSenderInterceptor()
		if err != nil {
			return nil, fmt.Errorf("preparing media: %w", err)
		}
		registry.Add(responder)
		registry.Add(reports)
	} else {
		reports, err := report.NewReceiverInterceptor()
		if err != nil {
			return nil, fmt.Errorf("preparing media: %w", err)
		}
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			me.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, kind)
			if err = me.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: extensionWide}, kind); err != nil {
				return nil, fmt.Errorf("preparing media: %w", err)
			}
		}
		arrivals, err := twcc.NewSenderInterceptor(twcc.SendInterval(tellEvery))
		if err != nil {
			return nil, fmt.Errorf("preparing media: %w", err)
		}
		registry.Add(reports)
		registry.Add(arrivals)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(registry)), nil
}

// configuration is of a connection to the media plane of a server, with the
// relay's credentials where there are any.
func (e *engine) configuration(server string, relay *wire.Relay) (c webrtc.Configuration) {
	if e.way == ByRelay {
		c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	u, err := url.Parse(server)
	if relay == nil || err != nil || u.Scheme != "https" || e.way == ByUDP || e.way == ByTCP {
		return c
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	c.ICEServers = []webrtc.ICEServer{{
		URLs: []string{"turns:" + net.JoinHostPort(u.Hostname(), port) + "?transport=tcp"}, Username: relay.Username, Credential: relay.Password,
	}}
	return c
}

// selected says by what the connection goes: udp, tcp or relay; empty before it
// does.
func selected(pc *webrtc.PeerConnection) string {
	for _, t := range pc.GetTransceivers() {
		var dtls *webrtc.DTLSTransport
		if r := t.Receiver(); r != nil {
			dtls = r.Transport()
		}
		if s := t.Sender(); dtls == nil && s != nil {
			dtls = s.Transport()
		}
		if dtls == nil {
			continue
		}
		pair, err := dtls.ICETransport().GetSelectedCandidatePair()
		switch {
		case err != nil || pair == nil:
			return ""
		case pair.Local.Typ == webrtc.ICECandidateTypeRelay:
			return string(ByRelay)
		}
		return pair.Local.Protocol.String()
	}
	return ""
}

// offer makes the offer of a connection. It has no candidates: the server
// learns ours from our checks.
func offer(pc *webrtc.PeerConnection) (string, error) {
	o, err := pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("offering media: %w", err)
	}
	if err := pc.SetLocalDescription(o); err != nil {
		return "", fmt.Errorf("offering media: %w", err)
	}
	return o.SDP, nil
}

func answered(pc *webrtc.PeerConnection, sdp string) error {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return fmt.Errorf("taking the server's answer: %w", err)
	}
	return nil
}
