package transport

import (
	"net"
	"os"
	"sync"
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
	over    chan struct{}

	once sync.Once // closes over

	mu sync.Mutex
	// Guarded by mu.
	deadline chan struct{} // closed when reading is to time out
	timer    *time.Timer
}

func newInbox(write func([]byte) error) *inbox {
	return &inbox{write: write, packets: make(chan []byte, inboxSize), over: make(chan struct{}), deadline: make(chan struct{})}
}

// put keeps a copy of a packet, or drops it when too many wait.
func (i *inbox) put(b []byte) {
	if len(i.packets) == cap(i.packets) {
		return // there is one writer, so that it cannot become full after this
	}
	i.packets <- append([]byte(nil), b...)
}

// anybody stands for the client's address, which may change.
var anybody = &net.UDPAddr{}

// ReadFrom implements net.PacketConn.
func (i *inbox) ReadFrom(b []byte) (int, net.Addr, error) {
	i.mu.Lock()
	deadline := i.deadline
	i.mu.Unlock()
	select {
	case <-i.over:
		return 0, nil, net.ErrClosed
	case <-deadline:
		return 0, nil, os.ErrDeadlineExceeded
	case p := <-i.packets:
		return copy(b, p), anybody, nil
	}
}

// WriteTo implements net.PacketConn.
func (i *inbox) WriteTo(b []byte, _ net.Addr) (int, error) {
	if err := i.write(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

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
