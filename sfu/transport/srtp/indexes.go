package srtp

// window is how many of the latest numbers are remembered: packets that come
// later than that are not sent. A shorter one loses what its publisher sent
// again after a long round trip; 1024 is about 4 s of a busy layer.
const window = 1024

// indexes turns sequence numbers into packet indexes (RFC 3711 §3.3.1), each at
// most once. The zero value is ready.
type indexes struct {
	begun   bool
	highest uint64
	used    [window / 64]uint64 // bit i: of the index whose remainder is i
}

// next returns the index nearest to the highest so far; ok is false when it was
// returned before, or may have been.
func (x *indexes) next(seq uint16) (index uint64, ok bool) {
	if index, ok = x.look(seq); ok {
		x.take(index)
	}
	return index, ok
}

// look is next without remembering it.
func (x *indexes) look(seq uint16) (index uint64, ok bool) {
	if !x.begun {
		return uint64(seq), true
	}
	diff := int64(int16(seq - uint16(x.highest)))
	if diff > 0 {
		return x.highest + uint64(diff), true
	}
	if -diff >= window || uint64(-diff) > x.highest {
		return 0, false
	}
	index = x.highest - uint64(-diff)
	return index, x.used[index%window/64]&(1<<(index%64)) == 0
}

// take remembers an index that look has returned since the last call.
func (x *indexes) take(index uint64) {
	if !x.begun {
		x.begun, x.highest = true, index
	}
	if index > x.highest {
		if index-x.highest >= window {
			clear(x.used[:])
		} else {
			for i := x.highest + 1; i <= index; i++ {
				x.used[i%window/64] &^= 1 << (i % 64)
			}
		}
		x.highest = index
	}
	x.used[index%window/64] |= 1 << (index % 64)
}
