// Package ring keeps the recent packets of one incoming layer, once for all
// who may ask for them again.
package ring

import "sync"

const (
	slots   = 1024 // about 4 s of a busy layer: longer than any retransmission is of use
	maxSize = 1500
)

type slot struct {
	seq  uint64 // extended; 0 when empty
	size int
	data [maxSize]byte
}

// A Ring holds the latest packets by extended sequence number. Safe for
// concurrent use. Use [New].
type Ring struct {
	mu    sync.Mutex
	slots []*slot
}

// New returns an empty ring. Its memory is taken as packets come.
func New() *Ring { return &Ring{slots: make([]*slot, slots)} }

// Put keeps a copy of a packet. One that is too large is not kept.
func (r *Ring) Put(seq uint64, packet []byte) {
	if len(packet) > maxSize {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.slots[seq%slots]
	if s == nil {
		s = new(slot)
		r.slots[seq%slots] = s
	}
	if s.seq > seq {
		return // late, and its place is taken
	}
	s.seq, s.size = seq, copy(s.data[:], packet)
}

// Get copies the packet with that number into dst and returns it, nil when it
// is gone or dst is too small.
func (r *Ring) Get(seq uint64, dst []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.slots[seq%slots]
	if s == nil || s.seq != seq || s.size > len(dst) {
		return nil
	}
	return dst[:copy(dst, s.data[:s.size])]
}
