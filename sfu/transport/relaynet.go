package transport

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ServeTURN lets a client use the relay over a TCP connection, or TLS, until it
// is over, and closes it.
func (t *Transport) ServeTURN(conn net.Conn) {
	r := t.relay
	s := &relayStream{Conn: conn, r: r, name: conn.RemoteAddr().String(), done: make(chan struct{})}
	r.mu.Lock()
	full := r.closed || len(r.open) >= maxRelayStreams || r.open[s.name] != nil
	if !full {
		r.open[s.name] = s
	}
	r.mu.Unlock()
	if full || conn.SetReadDeadline(time.Now().Add(strangerTime)) != nil {
		_ = s.Close() // it was hardly open
		return
	}
	select {
	case r.streams <- s:
	case <-r.over:
		_ = s.Close()
	}
	<-s.done
}

// A relayStream is a TCP connection of a client of the relay.
type relayStream struct {
	net.Conn
	// Static after construction.
	r    *relay
	name string
	done chan struct{} // closed by Close

	known atomic.Bool // it has an allocation
	once  sync.Once
}

func (s *relayStream) Read(b []byte) (int, error) {
	if s.known.Load() {
		if err := s.SetReadDeadline(time.Now().Add(relaySilence)); err != nil {
			return 0, err
		}
	}
	return s.Conn.Read(b)
}

// Write gives up on a client that does not read.
func (s *relayStream) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(relayWrite)); err != nil {
		return 0, err
	}
	n, err := s.Conn.Write(b)
	if err != nil {
		_ = s.Close() // what comes after a part of a message is none
	}
	return n, err
}

func (s *relayStream) Close() (err error) {
	s.once.Do(func() {
		err = s.Conn.Close()
		s.r.mu.Lock()
		if s.r.open[s.name] == s {
			delete(s.r.open, s.name)
		}
		s.r.mu.Unlock()
		close(s.done)
	})
	return err
}

// close ends all that uses the relay.
func (r *relay) close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	close(r.over)
	var streams []*relayStream
	for _, s := range r.open {
		streams = append(streams, s)
	}
	r.mu.Unlock()
	_ = r.server.Close() // our listener and port, which do not fail
	for _, s := range streams {
		_ = s.Close()
	}
}

// take takes a packet that came for the relay by UDP. It does not block and
// does not keep b.
func (r *relay) take(b []byte, from netip.AddrPort) {
	if b[0] < 64 && !r.asked.Allow() { // not data of a channel
		r.t.garbage.Add(1)
		return
	}
	select {
	case r.packets <- relayedPacket{from, append([]byte(nil), b...)}:
	default:
	}
}

// A relayListener is where the TURN server gets its TCP connections.
type relayListener struct{ r *relay }

// Accept implements [net.Listener].
func (l relayListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.r.streams:
		return c, nil
	case <-l.r.over:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]; it ends with the relay.
func (l relayListener) Close() error { return nil }

// Addr implements [net.Listener].
func (l relayListener) Addr() net.Addr { return l.r.t.demux.LocalAddr() }

// relayPackets is the UDP port as the TURN server sees it.
type relayPackets struct{ r *relay }

// ReadFrom implements [net.PacketConn].
func (p relayPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case c := <-p.r.packets:
		return copy(b, c.b), net.UDPAddrFromAddrPort(c.from), nil
	case <-p.r.over:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo implements [net.PacketConn].
func (p relayPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("transport: %T is no UDP address", to)
	}
	return p.r.t.demux.WriteToAddrPort(b, addr.AddrPort())
}

// Close implements [net.PacketConn]; it ends with the relay.
func (p relayPackets) Close() error { return nil }

// LocalAddr implements [net.PacketConn].
func (p relayPackets) LocalAddr() net.Addr { return p.r.t.demux.LocalAddr() }

// SetDeadline implements [net.PacketConn]: there are none.
func (relayPackets) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.PacketConn]: there are none.
func (relayPackets) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.PacketConn]; writing never waits.
func (relayPackets) SetWriteDeadline(time.Time) error { return nil }
