package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"

	"incamera/sfu/transport/sniff"
	"incamera/sfu/transport/stun"
	"incamera/sfu/transport/udp"
)

// maxTunnels bounds the clients' ways other than UDP: a browser opens one for
// each of its connections and our addresses, and keeps them while it has them.
const maxTunnels = 16_384

// tunnelPort is even, for clients of the relay may ask for that (RFC 8656 §18.6).
const tunnelPort = 10

// tunnelQueue is how many packets of tunnels may wait for pion. What is dropped
// is repeated, as anything else that a network loses.
const tunnelQueue = 512

// A tunnel is a client's way to the media port that is not UDP. To connections
// it is one more address from which a client comes.
type tunnel struct {
	// Static after construction.
	at   netip.AddrPort // stands for it: of a network that does not exist
	seen netip.AddrPort // the address by which the client itself is to know it
	dest *udp.Dest
	send func(packet []byte) // copies, does not block
	end  func()              // called when it serves nobody any more; does not block; may be called more than once
}

// ours reports whether an address is of a tunnel: 240.0.0.0/4 is reserved, and
// no network has it. What claims to come from there by UDP is forged.
func ours(a netip.Addr) bool { return a.Is4() && a.As4()[0] >= 240 }

// tunnels are the tunnels there are, and the network as pion sees it through
// them.
type tunnels struct {
	// Static after construction.
	packets chan tunnelled
	over    chan struct{}

	mu sync.RWMutex
	// Guarded by mu.
	byAddr map[netip.AddrPort]*tunnel
	number uint32 // of the latest
	closed bool
	used   sync.WaitGroup
}

type tunnelled struct {
	from netip.AddrPort
	b    []byte
}

func newTunnels() *tunnels {
	return &tunnels{packets: make(chan tunnelled, tunnelQueue), over: make(chan struct{}), byAddr: map[netip.AddrPort]*tunnel{}}
}

var errTunnels = errors.New("transport: no more ways to the media port can be opened")

// dig makes a tunnel, which its maker fills when it is over.
func (ts *tunnels) dig(seen netip.AddrPort, send func([]byte), end func()) (*tunnel, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed || len(ts.byAddr) >= maxTunnels {
		return nil, errTunnels
	}
	for {
		ts.number++
		n := ts.number
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{240 | byte(n>>24)&7, byte(n >> 16), byte(n >> 8), byte(n)}), tunnelPort)
		if _, taken := ts.byAddr[at]; !taken {
			if !seen.IsValid() {
				seen = at
			}
			ts.used.Add(1)
			u := &tunnel{at: at, seen: seen, dest: udp.Through(send), send: send, end: end}
			ts.byAddr[at] = u
			return u, nil
		}
	}
}

func (ts *tunnels) fill(u *tunnel) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.byAddr, u.at)
	ts.used.Done()
}

func (ts *tunnels) find(at netip.AddrPort) *tunnel {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	return ts.byAddr[at]
}

// endAll ends all tunnels, and waits for it; no new ones are made.
func (ts *tunnels) endAll() {
	ts.mu.Lock()
	list := make([]*tunnel, 0, len(ts.byAddr))
	for _, u := range ts.byAddr {
		list = append(list, u)
	}
	ts.closed = true
	ts.mu.Unlock()
	for _, u := range list {
		u.end()
	}
	ts.used.Wait()
}

// came takes a packet out of a tunnel. It does not block and does not keep b.
// A tunnel through which strangers come is ended.
func (t *Transport) came(u *tunnel, b []byte) {
	switch {
	case sniff.Datagram(b) == sniff.TURN: // there is no relay behind a tunnel
	case t.demux.take(b, u.at):
		return
	default:
		if stun.IsMessage(b) {
			if _, ok := stun.Parse(b); !ok {
				break
			}
		}
		select {
		case t.tunnels.packets <- tunnelled{u.at, append([]byte(nil), b...)}:
		default:
		}
		return
	}
	t.garbage.Add(1)
	u.end()
}

// stranger is told by pion of packets that are of no connection of its.
func (t *Transport) stranger(from netip.AddrPort) {
	t.garbage.Add(1)
	if u := t.tunnels.find(from); u != nil {
		u.end()
	}
}

// tunnelsAddr is where pion believes tunnels to end. No candidate of it is ever
// told to clients.
var tunnelsAddr = &net.UDPAddr{IP: net.IPv4(240, 0, 0, 0).To4(), Port: tunnelPort}

// ReadFrom implements net.PacketConn.
func (ts *tunnels) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := ts.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromAddrPort implements [ice.AddrPortReaderWriter].
func (ts *tunnels) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case <-ts.over:
		return 0, netip.AddrPort{}, net.ErrClosed
	case p := <-ts.packets:
		return copy(b, p.b), p.from, nil
	}
}

// WriteTo implements net.PacketConn.
func (ts *tunnels) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errTunnels
	}
	return ts.WriteToAddrPort(b, addr.AddrPort())
}

// WriteToAddrPort implements [ice.AddrPortReaderWriter]. What is for a tunnel
// that is gone is lost.
func (ts *tunnels) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if u := ts.find(netip.AddrPortFrom(to.Addr().Unmap(), to.Port())); u != nil {
		u.send(b)
	}
	return len(b), nil
}

// Close ends reading.
func (ts *tunnels) Close() error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	select {
	case <-ts.over:
	default:
		close(ts.over)
	}
	return nil
}

// LocalAddr implements net.PacketConn.
func (ts *tunnels) LocalAddr() net.Addr { return tunnelsAddr }

// SetDeadline implements net.PacketConn: there are none.
func (ts *tunnels) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn: there are none.
func (ts *tunnels) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.PacketConn; writing never waits.
func (ts *tunnels) SetWriteDeadline(time.Time) error { return nil }

// muxes are several networks as one for pion: the port, and the tunnels.
type muxes []ice.UDPMux

// GetConn implements [ice.UDPMux].
func (m muxes) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	if addr.String() == tunnelsAddr.String() {
		return m[1].GetConn(ufrag, addr)
	}
	return m[0].GetConn(ufrag, addr)
}

// RemoveConnByUfrag implements [ice.UDPMux].
func (m muxes) RemoveConnByUfrag(ufrag string) {
	for _, mux := range m {
		mux.RemoveConnByUfrag(ufrag)
	}
}

// GetListenAddresses implements [ice.UDPMux].
func (m muxes) GetListenAddresses() (list []net.Addr) {
	for _, mux := range m {
		list = append(list, mux.GetListenAddresses()...)
	}
	return list
}

// Close implements [ice.UDPMux].
func (m muxes) Close() (err error) {
	for _, mux := range m {
		err = errors.Join(err, mux.Close())
	}
	return err
}
