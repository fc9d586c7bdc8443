package sfutest

import (
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu"
)

// Offer returns the offer of a subscribe connection with these seats, of a
// client that never comes.
func Offer(tb testing.TB, kinds ...sfu.Source) (sdp string) {
	tb.Helper()
	pc, _ := dial(tb, Way{})
	defer func() { _ = pc.Close() }()
	for _, kind := range kinds {
		receive(tb, pc, kind)
	}
	o, err := pc.CreateOffer(nil)
	if err != nil {
		tb.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err = pc.SetLocalDescription(o); err != nil {
		tb.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

// Attend connects a client with these seats to whoever answers its offer, and
// returns when it is connected. It stays until the test is over.
func Attend(tb testing.TB, answer func(offer string) (string, error), kinds ...sfu.Source) {
	tb.Helper()
	pc, _ := dial(tb, Way{})
	tb.Cleanup(func() { _ = pc.Close() })
	for _, kind := range kinds {
		receive(tb, pc, kind)
	}
	done := connected(pc)
	offer(tb, pc, answer)
	await(tb, done)
	// As browsers do, whether something comes or not.
	if err := pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 1}}); err != nil {
		tb.Fatal(err)
	}
}

// receive makes the m-line of a seat.
func receive(tb testing.TB, pc *webrtc.PeerConnection, kind sfu.Source) {
	tb.Helper()
	codec := webrtc.RTPCodecTypeAudio
	if kind.IsVideo() {
		codec = webrtc.RTPCodecTypeVideo
	}
	if _, err := pc.AddTransceiverFromKind(codec, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		tb.Fatal(err)
	}
}
