// Package ring keeps the recent packets of one incoming layer, once for all
// who may ask for them again.
package ring

import (
	"sync"
	"time"
)

const (
	// most is how many packets are kept at most, and first how many to begin with:
	// more than probes repeat. Powers of two.
	most, first = 1024, 128
	// keep is for how long packets are kept if they are not too many: longer than
	// seats know of them (2 s).
	keep    = 2500 * time.Millisecond
	maxSize = 1500
)

type slot struct {
	seq  uint64 // extended; 0 when empty
	at   time.Time
	data []byte
}

// A Ring holds the latest packets by extended sequence number. Safe for
// concurrent use. Use [New].
type Ring struct {
	mu sync.Mutex
	// Guarded by mu.
	slots []slot // nil while nothing is kept
}

// New returns an empty ring. Its memory is taken as packets come, as much as the
// rate of the layer needs.
func New() *Ring { return &Ring{} }

// Put keeps a copy of a packet. One that is too large is not kept.
func (r *Ring) Put(seq uint64, packet []byte, now time.Time) {
	if len(packet) > maxSize {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		r.slots = make([]slot, first)
	}
	s := r.place(seq)
	for len(r.slots) < most && s.seq != 0 && s.seq < seq && now.Sub(s.at) < keep {
		r.grow()
		s = r.place(seq)
	}
	if s.seq > seq {
		return // late, and its place is taken
	}
	s.seq, s.at, s.data = seq, now, append(s.data[:0], packet...)
}

func (r *Ring) place(seq uint64) *slot { return &r.slots[seq%uint64(len(r.slots))] }

func (r *Ring) grow() {
	old := r.slots
	r.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.seq != 0 {
			*r.place(s.seq) = s
		}
	}
}

// Get copies the packet with that number into dst and returns it, nil when it
// is gone or dst is too small.
func (r *Ring) Get(seq uint64, dst []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		return nil
	}
	s := r.place(seq)
	if s.seq != seq || len(s.data) > len(dst) {
		return nil
	}
	return dst[:copy(dst, s.data)]
}

// Rest lets go of all packets: of a layer that is not sent any more.
func (r *Ring) Rest() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slots = nil
}
