package transport

import (
	"net"
	"net/netip"
	"sync"

	"incamera/sfu/transport/stun"
	"incamera/sfu/transport/udp"
)

// demux tells the packets of subscribe connections from those of publish
// connections, which pion reads from it. It runs on pion's reading goroutine.
type demux struct {
	*udp.Conn

	mu sync.RWMutex
	// Guarded by mu.
	ufrags map[string]*conn
	addrs  map[netip.AddrPort]*conn // from where somebody has proved to belong to it
}

func newDemux(port *udp.Conn) *demux {
	return &demux{Conn: port, ufrags: map[string]*conn{}, addrs: map[netip.AddrPort]*conn{}}
}

// ReadFromAddrPort returns the next packet that is not of a subscribe
// connection.
func (d *demux) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := d.Conn.ReadFromAddrPort(b)
		if err != nil || !d.take(b[:n], from) {
			return n, from, err
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

// remove forgets everything of a connection.
func (d *demux) remove(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ufrag, other := range d.ufrags {
		if other == c {
			delete(d.ufrags, ufrag)
		}
	}
	for addr, other := range d.addrs {
		if other == c {
			delete(d.addrs, addr)
		}
	}
}
