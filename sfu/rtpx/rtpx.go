// Package rtpx reads what RTP shows of a sealed frame: where frames and key
// frames begin, and the picture ids that a forwarder must keep continuous.
// It looks at payload descriptors and at the constant first bytes of the codec
// wrappers, never at content. All functions are pure and bounded.
package rtpx

// A Codec is what a payload type stands for.
type Codec uint8

// The codecs.
const (
	Opus Codec = iota + 1
	VP8
	VP9
	AV1
	H264
)

// IsVideo reports whether c is a video codec.
func (c Codec) IsVideo() bool { return c > Opus }

// String returns the name of the codec in the signaling protocol.
func (c Codec) String() string {
	return [...]string{Opus: "opus", VP8: "vp8", VP9: "vp9", AV1: "av1", H264: "h264"}[c]
}

// Codecs is a set of them, bit i for the codec of that number.
type Codecs uint8

// AllVideo are all codecs of pictures.
const AllVideo Codecs = 1<<VP8 | 1<<VP9 | 1<<AV1 | 1<<H264

// Has reports whether c is in the set.
func (s Codecs) Has(c Codec) bool { return s&(1<<c) != 0 }

// Names returns the names of those in the set, in the order of their numbers.
func (s Codecs) Names() (names []string) {
	for c := Opus; c <= H264; c++ {
		if s.Has(c) {
			names = append(names, c.String())
		}
	}
	return names
}

// Info is what a payload shows.
type Info struct {
	Start    bool // first packet of a frame
	KeyFrame bool // first packet of a key frame

	// Where the VP8 or VP9 descriptor holds its picture id, TL0PICIDX and
	// KEYIDX; zero when it does not. PictureBits is 7 or 15.
	PictureAt, TL0At, KeyIdxAt uint8
	PictureBits                uint8

	// Layered: the frame is of a temporal layer, and what a receiver needs to do
	// without those above is there (VP8, VP9).
	Layered  bool
	Temporal uint8 // layer
	// Sync: a frame above the lowest layer needs no other than the latest of the
	// lowest.
	Sync bool

	// Of VP9 with layer indices (RFC 9628 §4.2).
	Spatial    uint8 // layer: a picture has one frame of each
	End        bool  // last packet of a frame
	Up         bool  // what follows of higher temporal layers needs none of theirs from before it
	Predicted  bool  // from earlier pictures
	InterLayer bool  // predicted from the spatial layer below
	Spatials   uint8 // how many spatial layers there are from here on, where a key picture tells; else 0
}

// PictureID returns the picture id in the payload that was parsed.
func (in Info) PictureID(p []byte) uint16 {
	switch in.PictureBits {
	case 15:
		return uint16(p[in.PictureAt]&0x7f)<<8 | uint16(p[in.PictureAt+1])
	case 7:
		return uint16(p[in.PictureAt] & 0x7f)
	default:
		return 0
	}
}

// TL0 returns the TL0PICIDX in the payload that was parsed, 0 without one.
func (in Info) TL0(p []byte) uint8 {
	if in.TL0At == 0 {
		return 0
	}
	return p[in.TL0At]
}

// KeyIdx returns the KEYIDX in the payload that was parsed, 0 without one.
func (in Info) KeyIdx(p []byte) uint8 {
	if in.KeyIdxAt == 0 {
		return 0
	}
	return p[in.KeyIdxAt] & 0x1f
}

// Rewrites reports whether there is anything for Rewrite to do.
func (in Info) Rewrites() bool { return in.PictureBits != 0 || in.TL0At != 0 || in.KeyIdxAt != 0 }

// Rewrite puts other numbers in the place of those that the payload has.
func (in Info) Rewrite(p []byte, pictureID uint16, tl0, keyIdx uint8) {
	switch in.PictureBits {
	case 15:
		p[in.PictureAt], p[in.PictureAt+1] = 0x80|byte(pictureID>>8), byte(pictureID)
	case 7:
		p[in.PictureAt] = byte(pictureID) & 0x7f
	}
	if in.TL0At != 0 {
		p[in.TL0At] = tl0
	}
	if in.KeyIdxAt != 0 {
		p[in.KeyIdxAt] = p[in.KeyIdxAt]&0xe0 | keyIdx&0x1f
	}
}

// pictureID notes the picture id at p[at] and returns where it ends.
func (in *Info) pictureID(p []byte, at int) int {
	in.PictureAt, in.PictureBits = uint8(at), 7
	if p[at]&0x80 != 0 {
		in.PictureBits = 15
		return at + 2
	}
	return at + 1
}

// Parse reads the beginning of a payload. It reports false for a payload that
// is no valid beginning of the codec's RTP format; such a packet is dropped.
func Parse(c Codec, p []byte) (Info, bool) {
	switch c {
	case Opus:
		return Info{Start: true, KeyFrame: true}, len(p) > 0
	case VP8:
		return parseVP8(p)
	case VP9:
		return parseVP9(p)
	case AV1:
		if len(p) < 2 {
			return Info{}, false
		}
		// Aggregation header: Z continues an OBU, N begins a coded video sequence.
		start := p[0]&0x80 == 0
		return Info{Start: start, KeyFrame: start && p[0]&0x08 != 0}, true
	case H264:
		return parseH264(p)
	default:
		return Info{}, false
	}
}

// parseVP8 reads the descriptor of RFC 7741 §4.2 and bit 0 of the first
// payload byte, which the wrapper keeps constant: clear on a key frame.
func parseVP8(p []byte) (in Info, ok bool) {
	if len(p) < 2 {
		return in, false
	}
	at := 1
	if p[0]&0x80 != 0 { // X
		x := p[1]
		at = 2
		if x&0x80 != 0 { // I
			if len(p) <= at {
				return in, false
			}
			at = in.pictureID(p, at)
		}
		if x&0x40 != 0 { // L
			in.TL0At = uint8(at)
			at++
		}
		if x&0x30 != 0 { // T or K
			if x&0x10 != 0 {
				in.KeyIdxAt = uint8(at)
			}
			if len(p) > at && x&0xe0 == 0xe0 { // I, L and T
				in.Layered, in.Temporal, in.Sync = true, p[at]>>6, p[at]&0x20 != 0
			}
			at++
		}
	}
	if len(p) <= at {
		return in, false
	}
	in.Start = p[0]&0x10 != 0 && p[0]&0x0f == 0
	in.KeyFrame = in.Start && p[at]&0x01 == 0
	return in, true
}

// parseVP9 reads the descriptor of RFC 9628 §4.2.
func parseVP9(p []byte) (in Info, ok bool) {
	if len(p) < 2 {
		return in, false
	}
	at := 1
	if p[0]&0x80 != 0 { // I
		at = in.pictureID(p, at)
	}
	in.Predicted = p[0]&0x40 != 0
	flexible := p[0]&0x10 != 0
	if p[0]&0x20 != 0 { // L
		if len(p) <= at {
			return in, false
		}
		b := p[at]
		in.Layered = in.PictureBits > 0
		in.Temporal, in.Up, in.Spatial, in.InterLayer = b>>5, b&0x10 != 0, b>>1&7, b&1 != 0
		at++
		if !flexible { // TL0PICIDX follows
			in.TL0At = uint8(at)
			at++
		}
	}
	if flexible && in.Predicted {
		for n, more := 0, true; more; n++ {
			if n == maxReferences || len(p) <= at {
				return in, false
			}
			more = p[at]&1 != 0
			at++
		}
	}
	if p[0]&0x02 != 0 { // V
		layers := uint8(0)
		if layers, at, ok = structure(p, at); !ok {
			return in, false
		}
		if !in.Predicted {
			in.Spatials = layers
		}
	}
	if len(p) <= at {
		return in, false
	}
	in.Start, in.End = p[0]&0x08 != 0, p[0]&0x04 != 0
	in.KeyFrame = in.Start && !in.Predicted && in.Spatial == 0
	return in, true
}

// maxReferences is to how many pictures one may refer.
const maxReferences = 3

// structure returns how many spatial layers the scalability structure at p[at]
// tells of, and where it ends (RFC 9628 §4.2.1).
func structure(p []byte, at int) (layers uint8, end int, ok bool) {
	if len(p) <= at {
		return 0, 0, false
	}
	sizes, group := p[at]&0x10 != 0, p[at]&0x08 != 0
	layers = p[at]>>5 + 1
	at++
	if sizes {
		at += 4 * int(layers)
	}
	if !group {
		return layers, at, true
	}
	if len(p) <= at {
		return 0, 0, false
	}
	pictures := int(p[at])
	at++
	for range pictures {
		if len(p) <= at {
			return 0, 0, false
		}
		at += 1 + int(p[at]>>2&3)
	}
	return layers, at, true
}

// parseH264 reads NAL unit types (RFC 6184 §5.2). A key frame begins with its
// SPS, which the wrapper puts before each: a decoder that starts at a bare IDR
// slice has nothing to decode it with.
func parseH264(p []byte) (in Info, ok bool) {
	if len(p) < 2 {
		return in, false
	}
	switch t := p[0] & 0x1f; t {
	case nalSTAPA:
		in.KeyFrame, ok = findSPS(p[1:])
		in.Start = true
		return in, ok
	case nalFUA:
		in.Start = p[1]&0x80 != 0
		in.KeyFrame = in.Start && p[1]&0x1f == nalSPS
	default:
		in.Start, in.KeyFrame = true, t == nalSPS
	}
	return in, true
}

const (
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// findSPS looks through the units of a STAP-A, each behind its 16-bit size.
// ok is false when they do not fill it exactly.
func findSPS(units []byte) (found, ok bool) {
	for len(units) > 0 {
		if len(units) < 3 {
			return false, false
		}
		size := int(units[0])<<8 | int(units[1])
		if size == 0 || len(units) < 2+size {
			return false, false
		}
		found = found || units[2]&0x1f == nalSPS
		units = units[2+size:]
	}
	return found, true
}
