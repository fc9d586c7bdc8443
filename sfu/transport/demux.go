package transport

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"incamera/sfu/transport/sniff"
	"incamera/sfu/transport/stun"
	"incamera/sfu/transport/udp"
)

// demux tells the packets of subscribe connections from those of publish
// connections, which pion reads from it. It runs on pion's reading goroutine,
// and on those of tunnels.
type demux struct {
	*udp.Conn
	tunnels *tunnels
	relay   atomic.Pointer[relay] // nil while it is opened

	mu sync.RWMutex
	// Guarded by mu.
	ufrags map[string]*conn
	addrs  map[netip.AddrPort]*conn // from where somebody has proved to belong to it
}

func newDemux(port *udp.Conn, ts *tunnels) *demux {
	return &demux{Conn: port, tunnels: ts, ufrags: map[string]*conn{}, addrs: map[netip.AddrPort]*conn{}}
}

// ReadFromAddrPort returns the next packet that is not of a subscribe
// connection, or for the relay.
func (d *demux) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := d.Conn.ReadFromAddrPort(b)
		switch {
		case err != nil:
			return n, from, err
		case ours(from.Addr()): // forged
		case sniff.Datagram(b[:n]) == sniff.TURN:
			if r := d.relay.Load(); r != nil {
				r.take(b[:n], from)
			}
		case !d.take(b[:n], from):
			return n, from, nil
		}
	}
}

// ReadFrom is ReadFromAddrPort for net.PacketConn.
func (d *demux) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := d.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// take reports whether the packet was for a subscribe connection. A check with
// a username fragment of one is for it wherever it comes from; anything else
// must come from where a check has come that was verified.
func (d *demux) take(b []byte, from netip.AddrPort) bool {
	if stun.IsMessage(b) {
		r, ok := stun.Parse(b)
		if !ok {
			return false
		}
		d.mu.RLock()
		c := d.ufrags[string(r.Local)]
		d.mu.RUnlock()
		if c == nil {
			return false
		}
		c.check(&r, from)
		return true
	}
	d.mu.RLock()
	c := d.addrs[from]
	d.mu.RUnlock()
	if c == nil {
		return false
	}
	c.receive(b, from)
	return true
}

func (d *demux) addUfrag(ufrag string, c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ufrags[ufrag] = c
}

func (d *demux) addAddr(from netip.AddrPort, c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addrs[from] = c
}

func (d *demux) removeAddr(from netip.AddrPort, c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.addrs[from] == c {
		delete(d.addrs, from)
	}
}

// Dest returns the destination for an address, which may be a tunnel's.
func (d *demux) Dest(to netip.AddrPort) *udp.Dest {
	if !ours(to.Addr()) {
		return d.Conn.Dest(to)
	}
	if u := d.tunnels.find(to); u != nil {
		return u.dest
	}
	return udp.Through(func([]byte) {}) // it has just gone
}

// answer answers a check.
func (d *demux) answer(r *stun.Request, from netip.AddrPort, password string) {
	if !ours(from.Addr()) {
		_, _ = d.WriteToAddrPort(r.Answer(from, password), from) // what is lost of it is asked again
	} else if u := d.tunnels.find(from); u != nil {
		u.send(r.Answer(u.seen, password))
	}
}

// forget forgets an address from which nothing can come any more.
func (d *demux) forget(from netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.addrs, from)
}

// remove forgets everything of a connection, and ends its tunnels.
func (d *demux) remove(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ufrag, other := range d.ufrags {
		if other == c {
			delete(d.ufrags, ufrag)
		}
	}
	for addr, other := range d.addrs {
		if other != c {
			continue
		}
		delete(d.addrs, addr)
		if u := d.tunnels.find(addr); u != nil {
			u.end()
		}
	}
}
