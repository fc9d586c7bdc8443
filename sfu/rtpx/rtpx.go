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
	// PictureID and TL0 are where the VP8 or VP9 descriptor holds its picture
	// id and TL0PICIDX; zero when it does not.
	PictureID     int
	LongPictureID bool // 15 bits rather than 7
	TL0           int
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
			in.PictureID = at
			if p[at]&0x80 != 0 {
				in.LongPictureID = true
				at++
			}
			at++
		}
		if x&0x40 != 0 { // L
			in.TL0 = at
			at++
		}
		if x&0x30 != 0 { // T or K
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
		in.PictureID = at
		if p[at]&0x80 != 0 {
			in.LongPictureID = true
			at++
		}
		at++
	}
	spatial := byte(0)
	if p[0]&0x20 != 0 { // L
		if len(p) <= at {
			return in, false
		}
		spatial = p[at] >> 1 & 7
		at++
		if p[0]&0x10 == 0 { // not flexible: TL0PICIDX follows
			in.TL0 = at
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

// parseH264 reads NAL unit types (RFC 6184 §5.2): the wrapper puts an SPS
// before each key frame.
func parseH264(p []byte) (in Info, ok bool) {
	if len(p) < 2 {
		return in, false
	}
	switch t := p[0] & 0x1f; t {
	case 24: // STAP-A: the first unit tells
		if len(p) < 4 {
			return in, false
		}
		first := p[3] & 0x1f
		in.Start, in.KeyFrame = true, first == 7 || first == 5
	case 28: // FU-A
		in.Start = p[1]&0x80 != 0
		in.KeyFrame = false // a key frame starts with its SPS
	default:
		in.Start, in.KeyFrame = true, t == 7
	}
	return in, true
}
