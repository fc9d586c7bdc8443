package sfutest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// connectWithin is how long a connection over loopback may take on a busy
// machine.
const connectWithin = 20 * time.Second

// dependencyURI names the header extension that dependency descriptors are in.
const dependencyURI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

// A Way is how a client comes to the media port.
type Way struct {
	TCP bool // and not by UDP
	// Relay, if its URLs are not empty, is the only way: by a TURN server.
	Relay webrtc.ICEServer
	// VP8 is a client that takes no other pictures.
	VP8 bool
	// Silent is a client that tells nothing of its network: what it is sent is
	// neither numbered nor paced.
	Silent bool
	// Described is a client that takes dependency descriptors.
	Described bool
}

// dial returns an unconnected connection on a socket of its own, which closes
// with the test. The socket is nil where the way is another than UDP.
func dial(tb testing.TB, way Way) (*webrtc.PeerConnection, *net.UDPConn) {
	tb.Helper()
	me := &webrtc.MediaEngine{}
	register := me.RegisterDefaultCodecs
	if way.VP8 {
		register = func() error { return simple(me) }
	}
	if err := register(); err != nil {
		tb.Fatal(err)
	}
	if err := webrtc.ConfigureSimulcastExtensionHeaders(me); err != nil {
		tb.Fatal(err)
	}
	if way.Described {
		if err := me.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: dependencyURI}, webrtc.RTPCodecTypeVideo); err != nil {
			tb.Fatal(err)
		}
	}
	var se webrtc.SettingEngine
	var conn *net.UDPConn
	var cfg webrtc.Configuration
	se.SetIncludeLoopbackCandidate(true)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	switch {
	case len(way.Relay.URLs) > 0:
		cfg.ICEServers, cfg.ICETransportPolicy = []webrtc.ICEServer{way.Relay}, webrtc.ICETransportPolicyRelay
	case way.TCP:
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	default:
		var err error
		if conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			tb.Fatal(err)
		}
		mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})
		tb.Cleanup(func() {
			_ = mux.Close() // it closes the socket, which Vanish may have closed before
		})
		se.SetICEUDPMux(mux)
	}
	options := []func(*webrtc.API){webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se)}
	if way.Silent {
		options = append(options, webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	}
	pc, err := webrtc.NewAPI(options...).NewPeerConnection(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return pc, conn
}

// simple registers what every browser takes.
func simple(me *webrtc.MediaEngine) error {
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}}}
	return errors.Join(
		me.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 111}, webrtc.RTPCodecTypeAudio),
		me.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: vp8, PayloadType: 96}, webrtc.RTPCodecTypeVideo),
	)
}

// connected returns a channel that closes when the connection is established.
func connected(pc *webrtc.PeerConnection) <-chan struct{} {
	done := make(chan struct{})
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(done) })
		}
	})
	return done
}

// offer makes an offer and gives the answer to the connection.
func offer(tb testing.TB, pc *webrtc.PeerConnection, answer func(sdp string) (string, error)) {
	tb.Helper()
	o, err := pc.CreateOffer(nil)
	if err != nil {
		tb.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err = pc.SetLocalDescription(o); err != nil {
		tb.Fatal(err)
	}
	<-gathered
	sdp, err := answer(pc.LocalDescription().SDP)
	if err != nil {
		tb.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		tb.Fatal(err)
	}
}

// await waits for an established connection.
func await(tb testing.TB, done <-chan struct{}) {
	tb.Helper()
	select {
	case <-done:
	case <-time.After(connectWithin):
		tb.Fatalf("the connection is not established after %v", connectWithin)
	}
}
