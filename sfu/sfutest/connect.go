package sfutest

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// connectWithin is how long a connection over loopback may take on a busy
// machine.
const connectWithin = 20 * time.Second

// dial returns an unconnected connection on a socket of its own, which closes
// with the test.
func dial(tb testing.TB) (*webrtc.PeerConnection, *net.UDPConn) {
	tb.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})
	tb.Cleanup(func() {
		_ = mux.Close() // it closes the socket, which Vanish may have closed before
	})
	me := &webrtc.MediaEngine{}
	if err = me.RegisterDefaultCodecs(); err != nil {
		tb.Fatal(err)
	}
	if err = webrtc.ConfigureSimulcastExtensionHeaders(me); err != nil {
		tb.Fatal(err)
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetICEUDPMux(mux)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		tb.Fatal(err)
	}
	return pc, conn
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
