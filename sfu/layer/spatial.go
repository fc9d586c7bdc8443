package layer

// Picture begins a picture of a stream with several spatial layers: Current is
// the highest of them that is sent of it. A fresh one, whose frames need none of
// earlier pictures, is sent up to what is wanted; others at most as far as the one
// before, since what is above is missing. What is not there needs not be left out.
func (s *Selector) Picture(fresh bool) {
	s.spatial = true
	if fresh {
		s.current = s.wanted
	}
	s.current = min(s.current, s.wanted)
}

// Tops remembers up to which spatial layer the latest pictures of a stream were
// sent, for what comes late of them. The zero value holds nothing. Not safe for
// concurrent use.
type Tops struct {
	since [4]uint32 // RTP timestamps, the latest first
	top   [4]int8   // of pictures from then on
	n     int
}

// Begin notes that pictures are sent up to a layer from that RTP timestamp on.
func (t *Tops) Begin(timestamp uint32, top int) {
	if t.n > 0 && t.top[0] == int8(top) {
		return
	}
	if t.n == 0 || t.since[0] != timestamp {
		copy(t.since[1:], t.since[:])
		copy(t.top[1:], t.top[:])
		t.n = min(t.n+1, len(t.top))
	}
	t.since[0], t.top[0] = timestamp, int8(top)
}

// At returns up to which layer the picture of that time was sent; None where
// nothing is known of it.
func (t *Tops) At(timestamp uint32) int {
	for i := range t.n {
		if int32(timestamp-t.since[i]) >= 0 {
			return int(t.top[i])
		}
	}
	return None
}
