package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"

	"incamera/signaling/wire"
)

// probeOffer is one that no connection comes of: for the relay's password, which
// is told with the answer.
var probeOffer = strings.Join([]string{
	"v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "t=0 0",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=recvonly", "a=rtcp-mux", "a=setup:active",
	"a=ice-ufrag:doctor", "a=ice-pwd:incamera-doctor-offers-nothing", "a=fingerprint:sha-256 00" + strings.Repeat(":00", 31),
	"a=rtpmap:111 opus/48000/2", "",
}, "\r\n")

// relay asks a server that runs for the way that is left where a firewall lets
// nothing but TLS through: TURN in TLS, at an address whose page is reached.
func (d *doctor) relay(ctx context.Context, at netip.AddrPort) {
	const check = "relay"
	if !d.c.secure() || d.c.BehindProxy {
		return
	}
	pass, err := relayPass(ctx, at)
	if err != nil {
		d.warn(check, "run this again in a minute", "the server makes no password for a test: %v", err)
		return
	}
	if err = allocate(ctx, at, pass); err != nil {
		d.problem(check, fmt.Sprintf("have TCP %d passed on as it is, with TLS and the protocol names in it (ALPN): no proxy for HTTP may stand before it", at.Port()),
			"the page is reached by %s, TURN in TLS is not: people behind strict firewalls stay without sound and picture (%v)", at, err)
		return
	}
	d.ok(check, "TURN in TLS is reached by %s", at)
}

// relayPass has the server make a password for the relay, as for the page's
// connection test.
func relayPass(ctx context.Context, at netip.AddrPort) (wire.Relay, error) {
	client := http.Client{Timeout: connectTime, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}} // whose it is is another finding
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+at.String()+"/api/probe", bytes.NewReader(wire.EncodeBody(wire.Probe{SDP: probeOffer})))
	if err != nil {
		return wire.Relay{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		return wire.Relay{}, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, wire.MaxBody))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return wire.Relay{}, err
	}
	if res.StatusCode != http.StatusOK {
		return wire.Relay{}, errors.New(res.Status)
	}
	probed, err := wire.DecodeBody[wire.Probed](body)
	if err != nil {
		return wire.Relay{}, err
	}
	if probed.Relay == nil {
		return wire.Relay{}, errors.New("it has no relay")
	}
	return *probed.Relay, nil
}

// allocate asks the relay for an address, and gives it back.
func allocate(ctx context.Context, at netip.AddrPort, pass wire.Relay) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpnTURN}}} // as above
	conn, err := dialer.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: at.String(), Conn: turn.NewSTUNConn(conn), Username: pass.Username, Password: pass.Password,
		RTO: connectTime, LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer client.Close()
	defer func() { _ = conn.Close() }() // what was lent is given back with it
	if err = client.Listen(); err != nil {
		return err
	}
	var lent net.PacketConn
	if lent, err = client.Allocate(); err != nil {
		return err
	}
	return lent.Close()
}
