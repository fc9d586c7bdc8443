package transport

import (
	"bufio"
	"net"
	"sync"
	"time"

	"incamera/sfu/transport/frame"
)

const (
	// tcpWaits is how many bytes may wait for a client that reads slowly: a fifth
	// of a second of the fastest that one is sent. What is more is dropped, as
	// by a router; waiting longer, it would only come too late.
	tcpWaits = 128 << 10
	// tcpSilence is how long nothing may come. Browsers say something every few
	// seconds on each connection that they keep.
	tcpSilence = 45 * time.Second
	// tcpWrite is how long one write may take before the client counts as gone.
	tcpWrite = 10 * time.Second
)

// ServeTCP carries the packets of a client over a TCP connection (RFC 6544),
// until either end closes it, it is silent, or it carries what is of no
// connection here. Then it closes it.
func (t *Transport) ServeTCP(conn net.Conn) {
	defer func() { _ = conn.Close() }() // it is over
	w := &tcpWriter{conn: conn, wake: make(chan struct{}, 1)}
	seen, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return
	}
	limitUnsent(conn)
	u, err := t.tunnels.dig(unmap(seen.AddrPort()), w.put, func() { _ = conn.Close() })
	if err != nil {
		return
	}
	over := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() { w.run(over) })
	defer func() {
		t.demux.forget(u.at)
		close(over)
		_ = conn.Close() // ends a write that waits
		work.Wait()
		t.tunnels.fill(u)
	}()
	r := bufio.NewReaderSize(conn, 4096)
	buf := make([]byte, frame.MaxSize)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(tcpSilence)); err != nil {
			return
		}
		n, err := frame.Read(r, buf)
		if err != nil {
			return
		}
		t.came(u, buf[:n])
	}
}

// A tcpWriter sends frames without anybody waiting for the client.
type tcpWriter struct {
	conn net.Conn
	wake chan struct{} // one slot

	mu sync.Mutex
	// Guarded by mu.
	waiting []byte
}

// put keeps a copy of a packet, or drops it when too much waits. Safe for
// concurrent use.
func (w *tcpWriter) put(packet []byte) {
	if len(packet) == 0 || len(packet) > frame.MaxSize {
		return
	}
	w.mu.Lock()
	if len(w.waiting)+frame.Overhead+len(packet) <= tcpWaits {
		w.waiting = frame.Append(w.waiting, packet)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes until over is closed. A failed write closes the connection.
func (w *tcpWriter) run(over <-chan struct{}) {
	var spare []byte
	for {
		select {
		case <-over:
			return
		case <-w.wake:
		}
		w.mu.Lock()
		out := w.waiting
		w.waiting = spare[:0]
		w.mu.Unlock()
		if len(out) == 0 {
			continue
		}
		_ = w.conn.SetWriteDeadline(time.Now().Add(tcpWrite)) // a connection that is closed fails below
		if _, err := w.conn.Write(out); err != nil {
			_ = w.conn.Close() // ends the reader
			return
		}
		spare = out
	}
}
