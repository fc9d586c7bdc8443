package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"incamera/sfu/transport/sniff"
	"incamera/sfu/transport/stun"
	"incamera/sfu/transport/udp"
)

// demux tells to which connection a packet belongs. It runs on the goroutine that
// reads the port, and on those of tunnels.
type demux struct {
	*udp.Conn
	tunnels *tunnels
	workers *workers
	relay   atomic.Pointer[relay] // nil while it is opened

	mu sync.RWMutex
	// Guarded by mu.
	ufrags map[string]*conn
	addrs  map[netip.AddrPort]*conn // from where somebody has proved to belong to it
}

func newDemux(port *udp.Conn, ts *tunnels, ws *workers) *demux {
	return &demux{Conn: port, tunnels: ts, workers: ws, ufrags: map[string]*conn{}, addrs: map[netip.AddrPort]*conn{}}
}

// read gives the port's packets to whom they are for, until it is closed.
func (d *demux) read(garbage *atomic.Uint64) {
	var due []*Publisher
	take := func(b []byte, from netip.AddrPort, at time.Time) {
		switch {
		case ours(from.Addr()): // forged
			garbage.Add(1)
		case sniff.Datagram(b) == sniff.TURN:
			if r := d.relay.Load(); r != nil {
				r.take(b, from)
			}
		default:
			mine, p := d.take(b, from, at)
			if !mine {
				garbage.Add(1)
			}
			if p != nil {
				due = append(due, p)
			}
		}
	}
	for {
		if err := d.Receive(take); errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			<-time.After(10 * time.Millisecond) // the kernel lacks something: it is to have it back
		}
		for i, p := range due {
			if i == len(due)-1 {
				p.start()
			} else {
				d.workers.take(p)
			}
		}
		clear(due)
		due = due[:0]
	}
}

// take reports whether the packet was for a connection. A check with a username
// fragment of one is for it wherever it comes from; anything else must come from
// where a check has come that was verified. The packet came at that time. It returns
// the publisher whose line has to be taken, if there is one.
func (d *demux) take(b []byte, from netip.AddrPort, at time.Time) (mine bool, due *Publisher) {
	if stun.IsMessage(b) {
		r, ok := stun.Parse(b)
		if !ok {
			return false, nil
		}
		d.mu.RLock()
		c := d.ufrags[string(r.Local)]
		d.mu.RUnlock()
		if c == nil {
			return false, nil
		}
		c.check(&r, from)
		return true, nil
	}
	d.mu.RLock()
	c := d.addrs[from]
	d.mu.RUnlock()
	if c == nil {
		return false, nil
	}
	return true, c.receive(b, from, at)
}

func (d *demux) addUfrag(ufrag string, c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ufrags[ufrag] = c
}

func (d *demux) removeUfrag(ufrag string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.ufrags, ufrag)
}

// keepAddr has an address lead to a connection again, where another one has been
// checked from there meanwhile: somebody may have forged that.
func (d *demux) keepAddr(from netip.AddrPort, c *conn) {
	d.mu.RLock()
	ours := d.addrs[from] == c
	d.mu.RUnlock()
	if !ours {
		d.addAddr(from, c)
	}
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

// Leads reports whether a destination for an address is as a new one would be.
func (d *demux) Leads(dest *udp.Dest, to netip.AddrPort) bool {
	return ours(to.Addr()) || d.Conn.Leads(dest, to)
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
