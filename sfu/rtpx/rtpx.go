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

// Info is what a payload shows.
type Info struct {
	Start    bool // first packet of a frame
	KeyFrame bool // first packet of a key frame

	// Where the VP8 or VP9 descriptor holds its picture id, TL0PICIDX and
	// KEYIDX; zero when it does not. PictureBits is 7 or 15.
	PictureAt, TL0At, KeyIdxAt uint8
	PictureBits                uint8
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
	spatial := byte(0)
	if p[0]&0x20 != 0 { // L
		if len(p) <= at {
			return in, false
		}
		spatial = p[at] >> 1 & 7
		at++
		if p[0]&0x10 == 0 { // not flexible: TL0PICIDX follows
			in.TL0At = uint8(at)
			at++
		}
	}
	if len(p) <= at {
		return in, false
	}
	in.Start = p[0]&0x08 != 0
	in.KeyFrame = in.Start && p[0]&0x40 == 0 && spatial == 0
	return in, true
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
