package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"

	"incamera/signaling/wire"
)

// probeTime is how long each way is tried: less than the server keeps the
// connection, more than a slow network needs.
const probeTime = 8 * time.Second

// A Hop is one way to a server, or a part of it.
type Hop string

// The hops, those that others need first.
const (
	HopPage     Hop = "page"   // HTTP
	HopSocket   Hop = "socket" // the websocket
	HopUDP      Hop = "udp"    // media as it likes best
	HopTCP      Hop = "tcp"    // media by ICE-TCP
	HopRelayUDP Hop = "relay-udp"
	HopRelayTCP Hop = "relay-tcp"
	HopRelayTLS Hop = "relay-tls"
)

// Hops are all hops, in the order in which people are told of them.
var Hops = []Hop{HopPage, HopSocket, HopUDP, HopTCP, HopRelayUDP, HopRelayTCP, HopRelayTLS}

// A Passage is what became of a hop: empty when it leads to the server,
// otherwise why it does not.
type Passage string

// noRelay is of servers without TLS: they have no relay, and need none.
const noRelay Passage = "the server has no relay"

// Probe finds out which ways lead to the server at origin, as the page's
// connection test does. It is part of no meeting.
func Probe(ctx context.Context, origin string) map[Hop]Passage {
	found := map[Hop]Passage{}
	found[HopPage] = passage(probePage(ctx, origin))
	found[HopSocket] = passage(probeSocket(ctx, origin))
	var mu sync.Mutex
	var relay *wire.Relay
	var work sync.WaitGroup
	for hop, way := range map[Hop]Way{HopUDP: ByUDP, HopTCP: ByTCP} {
		work.Go(func() {
			r, err := probeMedia(ctx, origin, way)
			mu.Lock()
			defer mu.Unlock()
			found[hop] = passage(err)
			if r != nil {
				relay = r
			}
		})
	}
	work.Wait()
	for hop, form := range map[Hop]string{HopRelayUDP: "turn:%s?transport=udp", HopRelayTCP: "turn:%s?transport=tcp", HopRelayTLS: "turns:%s?transport=tcp"} {
		work.Go(func() {
			p := noRelay
			if relay != nil {
				p = passage(probeRelay(ctx, origin, form, *relay))
			}
			mu.Lock()
			defer mu.Unlock()
			found[hop] = p
		})
	}
	work.Wait()
	return found
}

func passage(err error) Passage {
	if err != nil {
		return Passage(err.Error())
	}
	return ""
}

func probePage(ctx context.Context, origin string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = res.Body.Close() // the status says enough
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", res.Status)
	}
	return nil
}

func probeSocket(ctx context.Context, origin string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	ws, res, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(origin, "http")+"/ws", nil)
	if err != nil {
		return err
	}
	_ = res.Body.Close() // of the upgrade: empty
	return ws.Close()
}

// probeMedia connects to the media plane by one way. The relay is told whether
// that works or not.
func probeMedia(ctx context.Context, origin string, way Way) (*wire.Relay, error) {
	e, err := newEngine(way, nil)
	if err != nil {
		return nil, err
	}
	defer e.close()
	pc, err := e.subscribe.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = pc.Close() }() // it was for this only
	through := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(through)
		}
	})
	if _, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return nil, err
	}
	sdp, err := offer(pc)
	if err != nil {
		return nil, err
	}
	body, err := post(ctx, "testing the connection", origin+"/api/probe", http.StatusOK, wire.EncodeBody(wire.Probe{SDP: sdp}))
	if err != nil {
		return nil, err
	}
	probed, err := wire.DecodeBody[wire.Probed](body)
	if err != nil {
		return nil, err
	}
	if err = answered(pc, probed.SDP); err != nil {
		return probed.Relay, err
	}
	return probed.Relay, within(ctx, through)
}

// probeRelay asks for an allocation, and waits for the address of it.
func probeRelay(ctx context.Context, origin, form string, relay wire.Relay) error {
	u, err := url.Parse(origin)
	if err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	e, err := newEngine(ByRelay, nil)
	if err != nil {
		return err
	}
	defer e.close()
	pc, err := e.subscribe.NewPeerConnection(webrtc.Configuration{
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
		ICEServers: []webrtc.ICEServer{{
			URLs: []string{fmt.Sprintf(form, net.JoinHostPort(u.Hostname(), port))}, Username: relay.Username, Credential: relay.Password,
		}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = pc.Close() }() // it was for this only
	through := make(chan struct{})
	var once sync.Once
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil && c.Typ == webrtc.ICECandidateTypeRelay {
			once.Do(func() { close(through) })
		}
	})
	if _, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return err
	}
	if _, err = offer(pc); err != nil {
		return err
	}
	return within(ctx, through)
}

// within waits for something, but not for longer than probeTime.
func within(ctx context.Context, through <-chan struct{}) error {
	timer := time.NewTimer(probeTime)
	defer timer.Stop()
	select {
	case <-through:
		return nil
	case <-timer.C:
		return fmt.Errorf("nothing came through in %v", probeTime)
	case <-ctx.Done():
		return ctx.Err()
	}
}
