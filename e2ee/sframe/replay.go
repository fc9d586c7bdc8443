package sframe

// The windows of a meeting. Smaller drops frames that the network reorders,
// larger only costs a bit per frame.
const (
	ReplayVideo = 1024
	ReplayAudio = 256
)

// A Replay remembers which counters of one key were seen, in a window below
// the highest. Check comes before the frame is opened, Mark after it proved
// authentic: marking first would let anybody shut out frames to come. It
// allocates nothing after NewReplay and is used by one goroutine at a time.
type Replay struct {
	ring []uint64 // counter c is bit c mod size
	size uint64
	next uint64 // the highest counter seen plus one; 0: none yet
	full bool   // counter 2^64-1 was seen, so that next wrapped to 0
}

// NewReplay makes a window of size counters, a power of two from 64.
func NewReplay(size int) *Replay {
	if size < 64 || size&(size-1) != 0 {
		panic("sframe: a replay window is a power of two from 64")
	}
	return &Replay{ring: make([]uint64, size/64), size: uint64(size)}
}

// Check reports whether a frame with the counter may be opened: it is neither
// known nor older than the window.
func (r *Replay) Check(ctr uint64) bool {
	if r.ahead(ctr) {
		return true
	}
	if r.next-1-ctr >= r.size {
		return false
	}
	return r.ring[ctr%r.size/64]>>(ctr%64)&1 == 0
}

// Mark takes note of the counter of an authentic frame. It does nothing for a
// counter that is too old.
func (r *Replay) Mark(ctr uint64) {
	if r.ahead(ctr) {
		r.advance(ctr)
	} else if r.next-1-ctr >= r.size {
		return
	}
	r.ring[ctr%r.size/64] |= 1 << (ctr % 64)
}

func (r *Replay) ahead(ctr uint64) bool { return !r.full && ctr >= r.next }

// advance moves the window so that ctr is its highest counter.
func (r *Replay) advance(ctr uint64) {
	if ctr-r.next >= r.size {
		clear(r.ring)
	} else {
		for c := r.next; c != ctr; c++ {
			r.ring[c%r.size/64] &^= 1 << (c % 64)
		}
		r.ring[ctr%r.size/64] &^= 1 << (ctr % 64)
	}
	r.next = ctr + 1
	r.full = r.next == 0
}
