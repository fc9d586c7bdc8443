//go:build !linux

package udp

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Conn is a UDP port. Reading is for one goroutine; everything else is safe
// for concurrent use. On this system it sends each packet by itself.
type Conn struct {
	std    *net.UDPConn
	local  *net.UDPAddr
	pool   sync.Pool
	totals totals

	// Owned by the reader.
	buf [2048]byte
}

// Over takes over a socket, such as one that was handed to the process.
func Over(std *net.UDPConn) (*Conn, error) {
	c := &Conn{std: std, local: prepare(std)}
	c.pool.New = func() any { return &Batch{conn: c, arena: make([]byte, arenaSize)} }
	return c, nil
}

// Leads reports whether a destination is as a new one would be.
func (c *Conn) Leads(*Dest, netip.AddrPort) bool { return true }

// DualStack reports whether the port takes IPv4 and IPv6.
func (c *Conn) DualStack() bool { return c.local.IP.To4() == nil }

// Receive waits for a packet and gives it to f; it is valid during the call. When
// it came is when it was read, on this system. It fails with net.ErrClosed when the
// port is closed.
func (c *Conn) Receive(f func(b []byte, from netip.AddrPort, at time.Time)) error {
	n, from, err := c.std.ReadFromUDPAddrPort(c.buf[:])
	if err != nil {
		return err
	}
	f(c.buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), time.Now())
	return nil
}

// WriteToAddrPort sends one packet.
func (c *Conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	n, err := c.std.WriteToUDPAddrPort(b, to)
	if err != nil {
		c.totals.dropped.Add(1)
		return n, err
	}
	c.totals.packets.Add(1)
	c.totals.runs.Add(1)
	return n, nil
}

// Close frees the port and ends reading.
func (c *Conn) Close() error { return c.std.Close() }

// A Dest is where packets go. Safe for concurrent use.
type Dest struct {
	addr    netip.AddrPort
	through func(packet []byte) // not nil: packets go by this instead
}

// Through returns a destination that is reached by other means than the port:
// send is called for each of its packets, which it must copy, and must not
// block.
func Through(send func(packet []byte)) *Dest { return &Dest{through: send} }

// Dest returns the destination for an address.
func (c *Conn) Dest(to netip.AddrPort) *Dest { return &Dest{addr: to} }

// A Batch collects packets and sends them together. Not safe for concurrent
// use.
type Batch struct {
	conn  *Conn
	arena []byte
	used  int
	dests [maxPackets]*Dest
	ends  [maxPackets]int
	n     int
	came  time.Time // zero: it says nothing
}

// Batch returns an empty batch, to be given back by Send.
func (c *Conn) Batch() *Batch {
	b, ok := c.pool.Get().(*Batch)
	if !ok {
		panic("udp: internal error: the pool holds something else")
	}
	return b
}

// Reserve adds a packet and returns its bytes, which the caller must fill
// before the next call. A full batch is sent first. It panics for a size that
// no packet has, which is a bug of the caller.
func (b *Batch) Reserve(d *Dest, size int) []byte {
	if size <= 0 || size > maxPacket {
		panic("udp: internal error: a packet of no or of too large a size")
	}
	if b.n == maxPackets || b.used+size > len(b.arena) {
		b.flush()
	}
	p := b.arena[b.used : b.used+size : b.used+size]
	b.used += size
	b.dests[b.n], b.ends[b.n] = d, b.used
	b.n++
	return p
}

// Send sends what was reserved and gives the batch back: it must not be used
// any more.
func (b *Batch) Send() {
	b.flush()
	b.came = time.Time{}
	b.conn.pool.Put(b)
}

// SetCame says when all that the batch is to have came to this machine, for the totals.
func (b *Batch) SetCame(at time.Time) { b.came = at }

// Came returns what SetCame was told; zero: nothing.
func (b *Batch) Came() time.Time { return b.came }

func (b *Batch) flush() {
	from := 0
	for i := range b.n {
		if p := b.arena[from:b.ends[i]]; b.dests[i].through != nil {
			b.dests[i].through(p)
		} else {
			_, _ = b.conn.WriteToAddrPort(p, b.dests[i].addr) // it counts what is dropped
		}
		from = b.ends[i]
	}
	if !b.came.IsZero() {
		b.conn.totals.delays.Note(b.n, time.Since(b.came))
	}
	clear(b.dests[:b.n])
	b.n, b.used = 0, 0
}
