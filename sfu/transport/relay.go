package transport

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"golang.org/x/time/rate"
)

const (
	realm = "incamera"
	// maxAllocations is of one participant: a browser makes one for each
	// connection, network and URL, and new ones before the old ones are gone.
	maxAllocations = 16
	// maxRelayStreams bounds the TCP connections of TURN.
	maxRelayStreams = 4096
	// strangerTime is how long a TCP connection may go without an allocation,
	// relaySilence how long one with it may be silent: allocations are refreshed
	// every five minutes.
	strangerTime = 30 * time.Second
	relaySilence = 11 * time.Minute
	// relayWrite is how long one write may take before the client counts as gone.
	relayWrite = 10 * time.Second
	// relayQueue is how many packets wait for a client that reads slowly.
	relayQueue = 128
	// relayWaits is how many packets may wait for the TURN server. What is dropped is
	// repeated, as anything else that a network loses.
	relayWaits = 512
	// relayPeers is how many of our addresses one allocation may ask for.
	relayPeers = 16
	// askedByUDP bounds how many requests by UDP are looked at in a second: what
	// is answered without a password is larger than what asks, and whoever forges
	// addresses must not be served.
	askedByUDP = 200
)

// A relay is a TURN server (RFC 8656) of participants, for networks that let
// nothing through but TLS. It opens no port: what clients relay goes to our own
// media plane within the process, by a tunnel for each allocation, and nowhere
// else. So it relays to nobody, whatever it is asked.
type relay struct {
	// Static after construction.
	t       *Transport
	server  *turn.Server
	streams chan net.Conn
	packets chan relayedPacket
	over    chan struct{}
	asked   *rate.Limiter

	mu sync.Mutex
	// Guarded by mu.
	closed bool
	guests map[string]*guest       // by user name
	open   map[string]*relayStream // by the client's address
}

// A relayedPacket is one that waits, and from where it comes.
type relayedPacket struct {
	from netip.AddrPort
	b    []byte
}

// A guest is somebody who has credentials.
type guest struct {
	key         []byte
	allocations map[*allocation]bool
}

// Credentials let one participant use the relay.
type Credentials struct{ Username, Password string }

func newRelay(t *Transport) (*relay, error) {
	r := &relay{
		t: t, streams: make(chan net.Conn), packets: make(chan relayedPacket, relayWaits), over: make(chan struct{}),
		asked: rate.NewLimiter(askedByUDP, askedByUDP), guests: map[string]*guest{}, open: map[string]*relayStream{},
	}
	var err error
	r.server, err = turn.NewServer(turn.ServerConfig{
		Realm:             realm,
		LoggerFactory:     &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}, // it names addresses
		AuthHandler:       r.authenticate,
		QuotaHandler:      r.quota,
		EventHandler:      turn.EventHandler{OnAllocationCreated: r.allocated},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: relayPackets{r}, RelayAddressGenerator: r, PermissionHandler: r.permit}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: relayListener{r}, RelayAddressGenerator: r, PermissionHandler: r.permit}},
	})
	if err != nil {
		return nil, fmt.Errorf("transport: the relay: %w", err)
	}
	return r, nil
}

// Invite makes credentials that hold until revoke is called, which ends what
// was opened with them.
func (t *Transport) Invite() (c Credentials, revoke func()) {
	var b [36]byte
	rand.Read(b[:]) // never fails
	c = Credentials{base64.RawURLEncoding.EncodeToString(b[:12]), base64.RawURLEncoding.EncodeToString(b[12:])}
	r := t.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.guests[c.Username] = &guest{turn.GenerateAuthKey(c.Username, realm, c.Password), map[*allocation]bool{}}
	return c, func() {
		r.mu.Lock()
		g := r.guests[c.Username]
		delete(r.guests, c.Username)
		r.mu.Unlock()
		if g != nil {
			for a := range g.allocations { // nobody adds to it any more
				a.end()
			}
		}
	}
}

func (r *relay) authenticate(who *turn.RequestAttributes) (string, []byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.guests[who.Username]
	if g == nil {
		return "", nil, false
	}
	return who.Username, g.key, true
}

func (r *relay) quota(user, _ string, _ net.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.guests[user]
	return g != nil && len(g.allocations) < maxAllocations
}

// permit lets clients speak to our own addresses only.
func (r *relay) permit(_ net.Addr, peer net.IP) bool {
	addr, ok := netip.AddrFromSlice(peer)
	return ok && slices.ContainsFunc(r.t.reachable(), func(a netip.AddrPort) bool { return a.Addr() == addr.Unmap() })
}

// allocated gives a connection the time that one has who is known.
func (r *relay) allocated(src, _ net.Addr, _, _, _ string, _ net.Addr, _ int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.open[src.String()]; s != nil {
		s.known.Store(true)
		_ = s.SetReadDeadline(time.Now().Add(relaySilence)) // of a read that waits, too
	}
}

// Validate implements [turn.RelayAddressGenerator].
func (r *relay) Validate() error { return nil }

var errNoRelay = errors.New("transport: nothing but UDP to this server is relayed")

// AllocateListener implements [turn.RelayAddressGenerator]: nothing is relayed
// over TCP (RFC 6062).
func (r *relay) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoRelay
}

// AllocateConn implements [turn.RelayAddressGenerator], as AllocateListener.
func (r *relay) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errNoRelay }

// AllocatePacketConn implements [turn.RelayAddressGenerator]. The address is of
// a network that does not exist: it is known to nobody but the media plane.
func (r *relay) AllocatePacketConn(cfg turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	a := &allocation{r: r, user: cfg.UserID, packets: make(chan relayedPacket, relayQueue), over: make(chan struct{}), peers: map[netip.AddrPort]*tunnel{}}
	spare, err := r.t.tunnels.dig(netip.AddrPort{}, a.from(&a.first), a.end)
	if err != nil {
		return nil, nil, err
	}
	a.spare, a.addr = spare, spare.at
	if cfg.Network == "udp6" {
		b := [16]byte{0: 1, 8: 1} // 100::/64 is for discarding (RFC 6666)
		v4 := spare.at.Addr().As4()
		copy(b[12:], v4[:])
		a.addr = netip.AddrPortFrom(netip.AddrFrom16(b), spare.at.Port())
		spare.seen = a.addr
	}
	if cfg.UserID == "" { // only asked for an even port; it is closed at once
		return a, net.UDPAddrFromAddrPort(a.addr), nil
	}
	r.mu.Lock()
	g := r.guests[cfg.UserID]
	if g != nil {
		g.allocations[a] = true
	}
	r.mu.Unlock()
	if g == nil { // gone meanwhile
		_ = a.Close()
		return nil, nil, errNoRelay
	}
	return a, net.UDPAddrFromAddrPort(a.addr), nil
}

// An allocation is the network as a client sees it through the relay: there is
// nobody in it but us.
type allocation struct {
	// Static after construction.
	r       *relay
	user    string
	addr    netip.AddrPort
	packets chan relayedPacket // for the client, from one of our addresses
	over    chan struct{}

	once  sync.Once                      // closes over
	first atomic.Pointer[netip.AddrPort] // of our addresses, the one that spare is for

	mu sync.Mutex
	// Guarded by mu.
	closed bool
	spare  *tunnel                    // that whose address is ours; nil once it is in peers
	peers  map[netip.AddrPort]*tunnel // by our address; nil: not ours
}

// from returns what sends to the client, from one of our addresses.
func (a *allocation) from(peer *atomic.Pointer[netip.AddrPort]) func([]byte) {
	return func(b []byte) {
		p := peer.Load()
		if p == nil {
			return
		}
		select {
		case a.packets <- relayedPacket{*p, append([]byte(nil), b...)}:
		default: // as on any slow network
		}
	}
}

// tunnel returns the way to one of our addresses; nil where it is not ours, or
// too many were asked for.
func (a *allocation) tunnel(peer netip.AddrPort) *tunnel {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, known := a.peers[peer]
	if known || a.closed || len(a.peers) == relayPeers {
		return u
	}
	switch {
	case !slices.Contains(a.r.t.reachable(), peer) && !slices.Contains(relayed(a.r.t.reachable()), peer):
	case a.spare != nil:
		u, a.spare = a.spare, nil
		a.first.Store(&peer)
	default:
		var here atomic.Pointer[netip.AddrPort]
		here.Store(&peer)
		u, _ = a.r.t.tunnels.dig(a.addr, a.from(&here), a.end) // nil when there are too many
	}
	a.peers[peer] = u
	return u
}

// WriteTo implements [net.PacketConn]: the client sends to one of our
// addresses. Whatever is for others goes nowhere, and so does what comes after
// the end, before the TURN server has closed it.
func (a *allocation) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-a.over:
		return 0, net.ErrClosed
	default:
	}
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errNoRelay
	}
	u := a.tunnel(unmap(addr.AddrPort()))
	if u == nil {
		return 0, errNoRelay
	}
	a.r.t.came(u, b)
	return len(b), nil
}

// ReadFrom implements [net.PacketConn]: what we send to the client.
func (a *allocation) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-a.over:
		return 0, nil, net.ErrClosed
	case p := <-a.packets:
		return copy(b, p.b), net.UDPAddrFromAddrPort(p.from), nil
	}
}

// end has the TURN server close it.
func (a *allocation) end() { a.once.Do(func() { close(a.over) }) }

// Close implements [net.PacketConn].
func (a *allocation) Close() error {
	a.end()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return net.ErrClosed
	}
	a.closed = true
	for _, u := range a.peers {
		if u != nil {
			a.r.t.demux.forget(u.at)
			a.r.t.tunnels.fill(u)
		}
	}
	if a.spare != nil {
		a.r.t.tunnels.fill(a.spare)
	}
	a.r.mu.Lock()
	defer a.r.mu.Unlock()
	if g := a.r.guests[a.user]; g != nil {
		delete(g.allocations, a)
	}
	return nil
}

// LocalAddr implements [net.PacketConn].
func (a *allocation) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(a.addr) }

// SetDeadline implements [net.PacketConn]: there are none.
func (a *allocation) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.PacketConn]: there are none.
func (a *allocation) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.PacketConn]; writing never waits.
func (a *allocation) SetWriteDeadline(time.Time) error { return nil }
