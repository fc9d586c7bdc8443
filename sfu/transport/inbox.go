package transport

import (
	"bytes"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// inboxSize is how many DTLS packets may wait: a flight of a handshake has no
// more than ten. More only make room for a flood.
const inboxSize = 32

// An inbox is the network as the DTLS server of one connection sees it.
type inbox struct {
	// Static after construction.
	write   func([]byte) error
	packets chan []byte
	shut    chan struct{} // nothing is read until it is closed; nil: it is open
	over    chan struct{}

	once sync.Once    // closes over
	dumb atomic.Bool  // nothing is written any more
	open atomic.Int32 // packets with which the reader is not done

	// Owned by the reader.
	taken bool // a packet, with which it is done when it asks for the next

	mu sync.Mutex
	// Guarded by mu.
	deadline chan struct{} // closed when reading is to time out
	timer    *time.Timer
	flight   [][]byte // the server's last of the handshake, as it was written
}

func newInbox(write func([]byte) error) *inbox {
	return &inbox{write: write, packets: make(chan []byte, inboxSize), over: make(chan struct{}), deadline: make(chan struct{})}
}

// put keeps a copy of a packet, or drops it when too many wait.
func (i *inbox) put(b []byte) {
	if len(i.packets) == cap(i.packets) {
		return // there is one writer, so that it cannot become full after this
	}
	i.open.Add(1)
	i.packets <- append([]byte(nil), b...)
}

// anybody stands for the client's address, which may change.
var anybody = &net.UDPAddr{}

// ReadFrom implements net.PacketConn.
func (i *inbox) ReadFrom(b []byte) (int, net.Addr, error) {
	i.mu.Lock()
	deadline := i.deadline
	i.mu.Unlock()
	if i.shut != nil {
		select {
		case <-i.over:
			return 0, nil, net.ErrClosed
		case <-deadline:
			return 0, nil, os.ErrDeadlineExceeded
		case <-i.shut:
		}
	}
	if i.taken {
		i.taken = false
		i.open.Add(-1)
	}
	select {
	case <-i.over:
		return 0, nil, net.ErrClosed
	case <-deadline:
		return 0, nil, os.ErrDeadlineExceeded
	case p := <-i.packets:
		i.taken = true
		return copy(b, p), anybody, nil
	}
}

// WriteTo implements net.PacketConn.
func (i *inbox) WriteTo(b []byte, _ net.Addr) (int, error) {
	if i.dumb.Load() {
		return len(b), nil
	}
	i.note(b)
	if err := i.write(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// note keeps what is written if it is of the last flight of the handshake, which
// begins with ChangeCipherSpec (RFC 5246 §7.1).
func (i *inbox) note(b []byte) {
	const changeCipherSpec, most = 20, 4
	i.mu.Lock()
	defer i.mu.Unlock()
	if b[0] == changeCipherSpec {
		i.flight = nil
	} else if i.flight == nil {
		return
	}
	if len(i.flight) < most {
		i.flight = append(i.flight, bytes.Clone(b))
	}
}

// last returns the last flight of the handshake; empty before it was written.
func (i *inbox) last() [][]byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.flight
}

// idle reports whether the reader is done with all that was put. Nothing is put
// meanwhile.
func (i *inbox) idle() bool { return i.open.Load() == 0 }

// mute drops what is written from now on.
func (i *inbox) mute() { i.dumb.Store(true) }

// Close ends reading.
func (i *inbox) Close() error {
	i.once.Do(func() { close(i.over) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (i *inbox) LocalAddr() net.Addr { return anybody }

// SetDeadline implements net.PacketConn; writing never waits.
func (i *inbox) SetDeadline(t time.Time) error { return i.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn; writing never waits.
func (i *inbox) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn.
func (i *inbox) SetReadDeadline(t time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.timer != nil {
		i.timer.Stop()
		i.timer = nil
	}
	select {
	case <-i.deadline:
		i.deadline = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return nil
	}
	wait := time.Until(t)
	if wait <= 0 {
		close(i.deadline)
		return nil
	}
	deadline := i.deadline
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.timer == timer {
			close(deadline)
		}
	})
	i.timer = timer
	return nil
}
