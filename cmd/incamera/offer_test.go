package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"

	"incamera/signaling/wire"
)

// TestOfferIsAnswered sends a browser's kind of offer through the whole server:
// the answer names the one port, for media that is encrypted.
func TestOfferIsAnswered(t *testing.T) {
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", "")
	ws := p.join("c")
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	say := func(n uint32, m any) any {
		t.Helper()
		if err := ws.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.Head{N: n}, m)); err != nil {
			t.Fatal(err)
		}
		for {
			_, b, err := ws.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			_, m, err := wire.DecodeServer(b)
			if err != nil {
				t.Fatal(err)
			}
			switch m.(type) {
			case wire.Subscribed, wire.Failed: // seats and acks come, too
				return m
			}
		}
	}
	answer, ok := say(1, wire.Subscribe{SDP: offer.SDP, Seats: []wire.Source{wire.SourceMic}}).(wire.Subscribed)
	if !ok || !strings.Contains(answer.SDP, " 127.0.0.1 "+p.port()+" typ host") || !strings.Contains(answer.SDP, "a=fingerprint:") {
		t.Errorf("answer: %+v", answer)
	}
	if m, ok := say(2, wire.Subscribe{SDP: "canary", Seats: []wire.Source{wire.SourceMic}}).(wire.Failed); !ok || m.Code != wire.CodeMedia {
		t.Errorf("a bad offer: %+v", m)
	}
	p.stop(syscall.SIGTERM)
	if strings.Contains(p.stderr.String(), "canary") {
		t.Errorf("the log quotes an offer:\n%s", p.stderr)
	}
}
