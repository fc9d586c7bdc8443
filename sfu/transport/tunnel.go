package transport

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"incamera/sfu/transport/sniff"
	"incamera/sfu/transport/udp"
)

// maxTunnels bounds the clients' ways other than UDP: a browser opens one for
// each of its connections and our addresses, and keeps them while it has them.
const maxTunnels = 16_384

// tunnelPort is even, for clients of the relay may ask for that (RFC 8656 §18.6).
const tunnelPort = 10

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

// tunnels are the tunnels there are.
type tunnels struct {
	mu sync.RWMutex
	// Guarded by mu.
	byAddr map[netip.AddrPort]*tunnel
	number uint32 // of the latest
	closed bool
	used   sync.WaitGroup
}

func newTunnels() *tunnels {
	return &tunnels{byAddr: map[netip.AddrPort]*tunnel{}}
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

// came takes a packet out of a tunnel. It does not keep b. A tunnel through which
// strangers come is ended.
func (t *Transport) came(u *tunnel, b []byte) {
	if sniff.Datagram(b) != sniff.TURN { // there is no relay behind a tunnel
		if mine, due := t.demux.take(b, u.at, time.Now()); mine {
			if due != nil {
				due.start()
			}
			return
		}
	}
	t.garbage.Add(1)
	u.end()
}
