package room

import (
	"sync"

	"incamera/signaling/wire"
)

// A Frame is a message on its way to the socket.
type Frame struct {
	N, Ack  uint32
	Message *wire.Prepared
}

// maxQueued has space for all that may be unacknowledged, joined and some bare
// acks: the outbox overflows before the queue does.
const maxQueued = maxUnacked + 32

// A Queue is what one socket is to be sent, in order. It holds no memory while
// it is empty, as it is for nearly all of the time. The room writes, one
// goroutine of the socket's reads.
type Queue struct {
	ready chan struct{} // one slot

	mu sync.Mutex
	// Guarded by mu.
	frames []Frame
	closed bool
}

func newQueue() *Queue { return &Queue{ready: make(chan struct{}, 1)} }

// Ready says, once for each frame at least, that Next is to be called. It may
// say so when there is nothing.
func (q *Queue) Ready() <-chan struct{} { return q.ready }

// Next returns the next frame, and whether there is one. over says that there
// never will be: the queue is closed, and all was read.
func (q *Queue) Next() (f Frame, ok, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		return f, false, q.closed
	}
	f = q.frames[0]
	q.frames[0] = Frame{} // the array may live on; the message must not
	if q.frames = q.frames[1:]; len(q.frames) == 0 {
		q.frames = nil
	}
	if len(q.frames) > 0 || q.closed {
		q.wake()
	}
	return f, true, false
}

// put adds a frame, and reports whether there was space for it.
func (q *Queue) put(f Frame) bool {
	q.mu.Lock()
	full := len(q.frames) == maxQueued
	if !full {
		q.frames = append(q.frames, f)
	}
	q.mu.Unlock()
	q.wake()
	return !full
}

// close says that nothing more comes.
func (q *Queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wake()
}

func (q *Queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default: // it is ready
	}
}
