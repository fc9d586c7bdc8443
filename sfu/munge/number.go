package munge

// An Unwrapper extends 16-bit sequence numbers to 64 bits. The zero value is
// ready. Not safe for concurrent use.
type Unwrapper struct {
	started bool
	highest uint64
}

// Unwrap returns the extended number of seq: the one closest to the highest
// so far. The first starts at 1<<16 + seq, so that earlier ones stay positive.
// newest reports whether it is higher than all before.
func (u *Unwrapper) Unwrap(seq uint16) (ext uint64, newest bool) {
	if !u.started {
		u.started, u.highest = true, 1<<16+uint64(seq)
		return u.highest, true
	}
	ext = uint64(int64(u.highest) + int64(int16(seq-uint16(u.highest))))
	if ext > u.highest {
		u.highest = ext
		return ext, true
	}
	return ext, false
}

// A Window tells duplicates among the latest numbers. The zero value is ready.
// Not safe for concurrent use.
type Window struct {
	highest uint64
	bits    [16]uint64 // one bit for each of the latest 1024
}

// Fresh reports whether ext is seen for the first time, and notes it. Numbers
// older than the window are not fresh.
func (w *Window) Fresh(ext uint64) bool {
	const size = uint64(len(w.bits)) * 64
	switch {
	case ext > w.highest:
		for n := max(w.highest+1, ext-min(ext, size-1)); n <= ext; n++ {
			w.bits[n/64%16] &^= 1 << (n % 64)
		}
		w.highest = ext
	case w.highest-ext >= size:
		return false
	}
	bit := uint64(1) << (ext % 64)
	if w.bits[ext/64%16]&bit != 0 {
		return false
	}
	w.bits[ext/64%16] |= bit
	return true
}
