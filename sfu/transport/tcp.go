package transport

import (
	"bufio"
	"io"
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
	w := &tcpWriter{conn: conn}
	seen, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return
	}
	limitUnsent(conn)
	u, err := t.tunnels.dig(unmap(seen.AddrPort()), w.put, func() { _ = conn.Close() })
	if err != nil {
		return
	}
	defer func() {
		t.demux.forget(u.at)
		_ = conn.Close() // ends a write that waits
		w.close()
		t.tunnels.fill(u)
	}()
	for {
		n, err := awaitFrame(conn)
		if err != nil || t.takeFrames(conn, u, n) != nil {
			return
		}
	}
}

// A tcpBuffer is for reading what has come at once.
type tcpBuffer struct {
	stream bufio.Reader
	packet [frame.MaxSize]byte
}

var tcpBuffers = sync.Pool{New: func() any {
	return &tcpBuffer{stream: *bufio.NewReaderSize(nil, 4096)}
}}

// awaitFrame waits until something comes, and returns the size of the first packet.
// A connection on which nothing comes, as on most that clients keep for the case
// that UDP fails, has no memory to read into, and half a stack: under 1248 bytes the
// runtime halves one of 8 kB.
func awaitFrame(conn net.Conn) (n int, err error) {
	if err = conn.SetReadDeadline(time.Now().Add(tcpSilence)); err != nil {
		return 0, err
	}
	var head [frame.Overhead]byte
	if _, err = io.ReadFull(conn, head[:]); err != nil {
		return 0, err
	}
	return frame.Size(head)
}

// takeFrames takes the packets that have come, the first of that size.
func (t *Transport) takeFrames(conn net.Conn, u *tunnel, n int) error {
	b := tcpBuffers.Get().(*tcpBuffer) //nolint:forcetypeassert,errcheck // it holds nothing else
	b.stream.Reset(conn)
	defer func() {
		b.stream.Reset(nil)
		tcpBuffers.Put(b)
	}()
	err := frame.ReadBody(&b.stream, b.packet[:n])
	for err == nil {
		t.came(u, b.packet[:n])
		if b.stream.Buffered() == 0 {
			return nil
		}
		n, err = frame.Read(&b.stream, b.packet[:])
	}
	return err
}

// A tcpWriter sends frames without anybody waiting for the client. It has a
// goroutine, and memory, while there is something to send.
type tcpWriter struct {
	conn net.Conn

	mu sync.Mutex
	// Guarded by mu.
	waiting []byte // nil: nothing
	writing bool
	over    bool
	work    sync.WaitGroup
}

// tcpChunks are of what waits, to begin with.
var tcpChunks = sync.Pool{New: func() any { return new([tcpChunk]byte) }}

// tcpChunk holds a few packets.
const tcpChunk = 8 << 10

// put keeps a copy of a packet, or drops it when too much waits. Safe for
// concurrent use.
func (w *tcpWriter) put(packet []byte) {
	if len(packet) == 0 || len(packet) > frame.MaxSize {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || len(w.waiting)+frame.Overhead+len(packet) > tcpWaits {
		return
	}
	if w.waiting == nil {
		w.waiting = tcpChunks.Get().(*[tcpChunk]byte)[:0] //nolint:forcetypeassert,errcheck // it holds nothing else
	}
	w.waiting = frame.Append(w.waiting, packet)
	if !w.writing {
		w.writing = true
		w.work.Go(w.run)
	}
}

// run writes until nothing waits. A failed write closes the connection.
func (w *tcpWriter) run() {
	for {
		w.mu.Lock()
		out := w.waiting
		w.waiting = nil // not to be put into any more: it is written from
		if out == nil || w.over {
			w.writing = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		_ = w.conn.SetWriteDeadline(time.Now().Add(tcpWrite)) // a connection that is closed fails below
		_, err := w.conn.Write(out)
		if cap(out) == tcpChunk {
			tcpChunks.Put((*[tcpChunk]byte)(out[:tcpChunk]))
		}
		if err != nil {
			_ = w.conn.Close() // ends the reader
			w.end()
		}
	}
}

// end has nothing more written.
func (w *tcpWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}

// close has nothing more written, and waits for a write under way.
func (w *tcpWriter) close() {
	w.end()
	w.work.Wait()
}
