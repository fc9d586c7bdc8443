package signaling

import (
	"crypto/ed25519"
	"sync"
	"time"

	"incamera/signaling/wire"
)

const openLabel = "incamera open v1\x00"

// How long, and of how many meetings, it is remembered that the host has ended
// them. A permit to make a room again holds no longer.
const (
	closedFor = permitLife
	maxClosed = 10_000
)

// closedRooms are meetings that the host has ended, or whose time is over:
// nobody but the host begins them again. Safe for concurrent use.
type closedRooms struct {
	mu sync.Mutex
	// Guarded by mu.
	until map[string]time.Time
}

func (e *closedRooms) add(room string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until == nil {
		e.until = map[string]time.Time{}
	}
	oldest := room
	for name, t := range e.until {
		if t.Before(now) {
			delete(e.until, name)
		} else if old, ok := e.until[oldest]; !ok || t.Before(old) {
			oldest = name
		}
	}
	if len(e.until) >= maxClosed {
		delete(e.until, oldest)
	}
	e.until[room] = now.Add(closedFor)
}

// stays reports whether a meeting stays ended: the host has not signed that it
// may begin again.
func (e *closedRooms) stays(m wire.CreateRoom, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, ended := e.until[m.Room]
	if !ended || until.Before(now) {
		return false
	}
	said := append([]byte(openLabel+m.Room), m.TokenHash...)
	if !ed25519.Verify(m.HostKey, said, m.Open) {
		return true
	}
	delete(e.until, m.Room)
	return false
}
