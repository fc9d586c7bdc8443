package rtpx

import "math/bits"

// DependencyURI names the header extension that [Dependencies] reads.
const DependencyURI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

// Bounds of the Dependency Descriptor (AV1 RTP specification, A.4.1).
const (
	maxTemplates = 64
	maxTargets   = 32
	maxSpatial   = 3
	maxTemporal  = 7
)

// An Indication is how a frame relates to a decode target (Table A.2).
type Indication uint8

// The indications.
const (
	NotPresent  Indication = iota // the target does without the frame
	Discardable                   // no frame of the target needs it
	SwitchPoint                   // whoever has it can go on with the target
	Required
)

// Dependencies are what the frames of one RTP stream are described by: the
// latest structure, which comes with key frames. The zero value is ready; 3 KB,
// of fixed size, so that reading allocates nothing. Not safe for concurrent use.
type Dependencies struct {
	offset                     uint8
	templates, targets, chains uint8
	spatial, temporal          [maxTemplates]uint8
	indications                [maxTemplates]uint64 // two bits for each target
	chainDiffs                 [maxTemplates][maxTargets]uint8
	tops                       [maxTargets][2]uint8 // the highest spatial and temporal layer of each
	protected                  [maxTargets]uint8    // by which chain a target is; chains: by none
	layers                     uint8                // spatial
	resolutions                bool
	width, height              [maxSpatial + 1]uint32 // pixels
}

// A Descriptor is what is told of the frame of one packet.
type Descriptor struct {
	Start, End        bool // first and last packet of the frame
	Frame             uint16
	Key               bool // a new structure comes with it: a coded video sequence begins
	Spatial, Temporal uint8
	Active            uint32 // of the decode targets, a bit each; valid with HasActive
	HasActive         bool

	targets     uint8
	indications uint64
	chains      uint8
	chainDiffs  [maxTargets]uint8
}

// Indication returns how the frame relates to a decode target; NotPresent where
// there is no such target.
func (d *Descriptor) Indication(target int) Indication {
	if target < 0 || target >= int(d.targets) {
		return NotPresent
	}
	return Indication(d.indications >> (2 * target) & 3)
}

// Previous returns how many frames before this one the previous frame of a chain
// is: 0 where none is needed. It reports false where there is no such chain.
func (d *Descriptor) Previous(chain int) (frames uint8, ok bool) {
	if chain < 0 || chain >= int(d.chains) {
		return 0, false
	}
	return d.chainDiffs[chain], true
}

// Frame returns the number of the frame of a descriptor, which is the same whatever
// structure it is of. It reports false for what is too short for one.
func Frame(descriptor []byte) (number uint16, ok bool) {
	if len(descriptor) < 3 {
		return 0, false
	}
	return uint16(descriptor[1])<<8 | uint16(descriptor[2]), true
}

// SetFrame sets the number of the frame in a descriptor that was read; an empty one
// stays so.
func SetFrame(descriptor []byte, number uint16) {
	if len(descriptor) > 2 {
		descriptor[1], descriptor[2] = byte(number>>8), byte(number)
	}
}

// Targets returns how many decode targets there are, 0 before the first
// structure.
func (s *Dependencies) Targets() int { return int(s.targets) }

// Layers returns how many spatial layers there are, 0 before the first structure.
func (s *Dependencies) Layers() int { return int(s.layers) }

// Layer returns the highest spatial and temporal layer that a decode target has.
func (s *Dependencies) Layer(target int) (spatial, temporal uint8) {
	if target < 0 || target >= int(s.targets) {
		return 0, 0
	}
	return s.tops[target][0], s.tops[target][1]
}

// Up reports whether who has a frame, and all that it needs, can go on with any
// higher temporal layers of its spatial layer; false where there are none.
func (s *Dependencies) Up(d *Descriptor) (up bool) {
	for target := range int(s.targets) {
		if spatial, temporal := s.Layer(target); spatial == d.Spatial && temporal > d.Temporal {
			if d.Indication(target) != SwitchPoint {
				return false
			}
			up = true
		}
	}
	return up
}

// Chain returns which chain protects a decode target, and whether one does.
func (s *Dependencies) Chain(target int) (chain int, ok bool) {
	if target < 0 || target >= int(s.targets) || s.protected[target] >= s.chains {
		return 0, false
	}
	return int(s.protected[target]), true
}

// Resolution returns the largest size of a spatial layer in pixels, if it is told.
func (s *Dependencies) Resolution(spatial int) (width, height uint32, ok bool) {
	if !s.resolutions || spatial < 0 || spatial >= int(s.layers) {
		return 0, 0, false
	}
	return s.width[spatial], s.height[spatial], true
}

// A Reading says what came of reading a descriptor.
type Reading uint8

// The readings.
const (
	Malformed Reading = iota
	Unknown           // it is of a structure that is not there: not yet, or not any more
	Read
)

// Parse reads the extension of a packet. newer says that the packet is later than
// that of the structure that is there: a structure of an older one is used for
// that packet only. Unless it was read nothing has changed, and the descriptor is
// empty.
func (s *Dependencies) Parse(b []byte, newer bool) (d Descriptor, is Reading) {
	if len(b) < 3 {
		return d, Malformed
	}
	r := bitReader{b: b}
	d.Start, d.End = r.flag(), r.flag()
	template := r.read(6)
	d.Frame = uint16(r.read(16))
	var customIndications, customDiffs, customChains bool
	fresh := s
	if len(b) > 3 {
		d.Key, d.HasActive = r.flag(), r.flag()
		customIndications, customDiffs, customChains = r.flag(), r.flag(), r.flag()
		if d.Key {
			fresh = &Dependencies{}
			if !fresh.read(&r) {
				return Descriptor{}, Malformed
			}
			d.Active, d.HasActive = uint32(1<<fresh.targets-1), true
		}
	}
	index := (template - uint32(fresh.offset)) % maxTemplates
	if index >= uint32(fresh.templates) {
		if d.Key {
			return Descriptor{}, Malformed
		}
		return Descriptor{}, Unknown
	}
	if d.HasActive && (!d.Key || b[3]&0x40 != 0) {
		d.Active = r.read(int(fresh.targets))
	}
	d.Spatial, d.Temporal = fresh.spatial[index], fresh.temporal[index]
	d.targets, d.indications = fresh.targets, fresh.indications[index]
	if customIndications {
		d.indications = r.indications(fresh.targets)
	}
	for customDiffs { // of no use to a forwarder
		size := r.read(2)
		if size == 0 {
			break
		}
		r.read(4 * int(size))
	}
	d.chains, d.chainDiffs = fresh.chains, fresh.chainDiffs[index]
	for i := 0; customChains && i < int(fresh.chains); i++ {
		d.chainDiffs[i] = uint8(r.read(8))
	}
	if r.short {
		return Descriptor{}, Malformed
	}
	if d.Key && newer {
		*s = *fresh
	}
	return d, Read
}

// read reads template_dependency_structure.
func (s *Dependencies) read(r *bitReader) bool {
	s.offset, s.targets = uint8(r.read(6)), uint8(r.read(5))+1
	spatial, temporal := uint8(0), uint8(0)
	for next := uint32(0); next != 3; s.templates++ {
		switch next = r.read(2); {
		case r.short, s.templates == maxTemplates, spatial > maxSpatial, temporal > maxTemporal:
			return false
		}
		s.spatial[s.templates], s.temporal[s.templates] = spatial, temporal
		switch next {
		case 1:
			temporal++
		case 2:
			spatial, temporal = spatial+1, 0
		}
	}
	s.layers = spatial + 1
	for i := range int(s.templates) {
		s.indications[i] = r.indications(s.targets)
		for target := range int(s.targets) {
			if top := &s.tops[target]; s.indications[i]>>(2*target)&3 != 0 {
				top[0], top[1] = max(top[0], s.spatial[i]), max(top[1], s.temporal[i])
			}
		}
	}
	for range int(s.templates) {
		for r.flag() { // the frames that it refers to are of no use to a forwarder
			r.read(4)
		}
	}
	s.chains = uint8(r.nonSymmetric(uint32(s.targets) + 1))
	if s.chains > 0 {
		for i := range int(s.targets) {
			s.protected[i] = uint8(r.nonSymmetric(uint32(s.chains) + 1))
		}
		for i := range int(s.templates) {
			for chain := range int(s.chains) {
				s.chainDiffs[i][chain] = uint8(r.read(4))
			}
		}
	}
	if s.resolutions = r.flag(); s.resolutions {
		for i := range int(s.layers) {
			s.width[i], s.height[i] = r.read(16)+1, r.read(16)+1
		}
	}
	return !r.short
}

// A bitReader reads from the highest bit of each byte on. Beyond the end it reads
// zeros, and notes it.
type bitReader struct {
	b     []byte
	at    int // bits
	short bool
}

func (r *bitReader) flag() bool { return r.read(1) == 1 }

func (r *bitReader) read(n int) (v uint32) {
	if r.at+n > 8*len(r.b) {
		r.at, r.short = 8*len(r.b), true
		return 0
	}
	for range n {
		v = v<<1 | uint32(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}

// nonSymmetric reads ns(n): a number below n.
func (r *bitReader) nonSymmetric(n uint32) uint32 {
	width := bits.Len32(n)
	least := uint32(1)<<width - n
	v := r.read(width - 1)
	if v < least {
		return v
	}
	return v<<1 - least + r.read(1)
}

func (r *bitReader) indications(targets uint8) (all uint64) {
	for i := range int(targets) {
		all |= uint64(r.read(2)) << (2 * i)
	}
	return all
}
