// Package transport is ICE, DTLS, SRTP and SDP, and the one place that knows pion,
// whose DTLS and TURN server are used behind types of ours.
//
// Clients offer, we answer; ICE-lite, one UDP port, all candidates in the
// answer. What comes is opened where it was received. What goes is sealed from the
// payload that all subscribers share into the memory from which the kernel sends
// it.
package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"incamera/sfu/delay"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/udp"
)

// A Transport owns the UDP port. Safe for concurrent use.
type Transport struct {
	// Static after construction.
	demux       *demux
	tunnels     *tunnels
	relay       *relay
	tcp         bool
	lostAfter   time.Duration
	restsAfter  time.Duration // how long DTLS servers go on after the handshake
	advertise   []netip.Addr
	pacing      *pacing
	workers     *workers
	certificate tls.Certificate // of all connections
	fingerprint string          // its own
	log         *slog.Logger
	reading     sync.WaitGroup

	// Atomic.
	garbage atomic.Uint64
	overrun atomic.Uint64
	faults  atomic.Uint64
	told    [ways]atomic.Uint64

	// How long packets were with us that were kept for what their networks take.
	paced delay.Counter
}

// Config says where media is received.
type Config struct {
	Listen    netip.AddrPort // UDP; port 0 picks one
	Conn      *net.UDPConn   // taken over instead, when not nil; Listen is its address
	Advertise []netip.Addr   // under which clients reach it; none: those that it listens on
	TCP       bool           // ServeTCP is called for clients that come to the same number by TCP
	LostAfter time.Duration  // how long a connection may be silent
	Log       *slog.Logger   // told of faults; nil: nobody is
}

// Open takes the UDP port. The error names the address when it is in use.
func Open(cfg Config) (*Transport, error) {
	t := &Transport{lostAfter: cfg.LostAfter, restsAfter: restsAfter, advertise: cfg.Advertise, tcp: cfg.TCP, tunnels: newTunnels(), pacing: newPacing(), workers: newWorkers()}
	if t.log = cfg.Log; t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
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
	t.demux = newDemux(port, t.tunnels, t.workers)
	t.pacing.done.Go(func() { t.pacing.run(t) })
	t.reading.Go(func() { t.demux.read(&t.garbage) })
	if t.relay, err = newRelay(t); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.demux.relay.Store(t.relay)
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
	c.Relayed = relayed(c.UDP)
	return c
}

// relayedPort stands for a port that Chromium takes no candidate with.
const relayedPort = 10_443

// relayed returns what stands for those of our addresses that Chromium takes no
// candidate of. Nothing listens there: by the relay clients reach us under it,
// and so have a way at all where the port is that of HTTPS.
func relayed(addrs []netip.AddrPort) (out []netip.AddrPort) {
	for _, a := range addrs {
		if Refused(a) {
			out = append(out, netip.AddrPortFrom(a.Addr(), relayedPort))
		}
	}
	return out
}

// Refused reports whether Chromium takes no candidate of an address: at private
// ones it wants ports from 1024 on (WebRTC's VerifyCandidate, and measured).
func Refused(at netip.AddrPort) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // RFC 6598
	a := at.Addr()
	return at.Port() < 1024 && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a))
}

// NeedsRelay reports whether there are browsers that reach the port under none
// of its addresses but by the relay.
func (t *Transport) NeedsRelay() bool { return len(relayed(t.reachable())) > 0 }

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

// Overrun counts packets that came faster than they could be opened.
func (t *Transport) Overrun() uint64 { return t.overrun.Load() }

// Faults counts connections that ended because something of ours panicked.
func (t *Transport) Faults() uint64 { return t.faults.Load() }

// Feedbacks are how often subscribers have told about their networks, in each way.
type Feedbacks struct {
	Estimates uint64 // REMB
	Numbers   uint64 // of packets, by transport-wide numbers
	Streams   uint64 // of packets, by streams (RFC 8888)
}

// Told counts what subscribers have told about their networks.
func (t *Transport) Told() Feedbacks {
	return Feedbacks{t.told[estimates].Load(), t.told[numbers].Load(), t.told[streams].Load()}
}

// Delays returns how long packets were with us, from when they came to this machine:
// those that were sent on at once, and those that were kept for what subscribers'
// networks take.
func (t *Transport) Delays() (forwarded, paced delay.Counts) {
	return t.demux.Totals().Delays, t.paced.Counts()
}

// Dropped counts packets that the kernel did not take.
func (t *Transport) Dropped() uint64 { return t.demux.Totals().Dropped }

// Close frees the port. Connections are to be closed before.
func (t *Transport) Close() error {
	t.pacing.close()
	if t.relay != nil {
		t.relay.close()
	}
	t.tunnels.endAll()
	err := t.demux.Close()
	t.reading.Wait()
	t.workers.close()
	return err
}
