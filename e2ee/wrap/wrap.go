// Package wrap puts constant codec headers before sealed frames, so that
// packetisers that expect a codec carry bytes that are none.
//
// The header says key frame or not, and nothing else; it is not authenticated,
// and the receiver throws it away (PROTOCOL.md §3.3). Inside of the seal, Pad
// hides the length of what is sealed (§3.2).
package wrap

import (
	"bytes"
	"errors"
	"fmt"
)

// A Codec says how the packetiser will read a frame. The numbers are on the
// wire (PROTOCOL.md §3.2).
type Codec uint8

// The codecs.
const (
	Opus Codec = 1
	VP8  Codec = 2
	VP9  Codec = 3
	AV1  Codec = 4
	H264 Codec = 5
)

// MaxOverhead is the most that Wrap adds to a body, but for H.264, whose
// emulation prevention adds up to half of the body more.
const MaxOverhead = 64

// ErrWrapper is in the chain of every error of Unwrap.
var ErrWrapper = errors.New("wrap: not our wrapper")

// A key frame of VP8 is told by the lowest bit of its first byte; the size in
// it is 16x16. The sequence header of AV1 is one of a 16x16 picture.
const (
	vp8Key      = "\x10\x02\x00\x9d\x01\x2a\x10\x00\x10\x00"
	vp8Delta    = "\x11"
	av1Sequence = "\x0a\x0a\x00\x00\x00\x04\x3c\xff\xbc\xda\x30\x08"
	av1Frame    = "\x32" // OBU_FRAME with a size
)

// Wrap appends the wrapped body to dst, of which the spare capacity must not
// overlap body. The codec is one of those above.
func Wrap(dst []byte, codec Codec, key bool, body []byte) []byte {
	switch codec {
	case Opus, VP9:
		return append(dst, body...)
	case VP8:
		if key {
			return append(append(dst, vp8Key...), body...)
		}
		return append(append(dst, vp8Delta...), body...)
	case AV1:
		if key {
			dst = append(dst, av1Sequence...)
		}
		dst = appendLEB128(append(dst, av1Frame...), len(body))
		return append(dst, body...)
	case H264:
		return wrapH264(dst, key, body)
	}
	panic(fmt.Sprintf("wrap: unknown codec %d", codec))
}

// Unwrap returns the body of a frame, which shares its memory; the frame is
// not used afterwards, for H.264 changes it. A depacketiser may have added or
// dropped AV1's temporal delimiters, written its sizes longer, and shortened
// H.264's start codes or added an access unit delimiter.
func Unwrap(codec Codec, frame []byte) ([]byte, error) {
	switch codec {
	case Opus, VP9:
		return frame, nil
	case VP8:
		prefix := vp8Key
		if len(frame) > 0 && frame[0]&1 == 1 {
			prefix = vp8Delta
		}
		body, ok := bytes.CutPrefix(frame, []byte(prefix))
		if !ok {
			return nil, ErrWrapper
		}
		return body, nil
	case AV1:
		return unwrapAV1(frame)
	case H264:
		return unwrapH264(frame)
	}
	return nil, fmt.Errorf("%w: unknown codec %d", ErrWrapper, codec)
}

func appendLEB128(b []byte, n int) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// cutLEB128 reads a number below 2^32 of at most 8 bytes (AV1 §4.10.5).
func cutLEB128(b []byte) (n uint64, rest []byte, ok bool) {
	for i, x := range b[:min(len(b), 8)] {
		n |= uint64(x&0x7f) << (7 * i)
		if x < 0x80 {
			return n, b[i+1:], n < 1<<32
		}
	}
	return 0, nil, false
}

// OBU types (AV1 §6.2.2).
const (
	obuSequenceHeader    = 1
	obuTemporalDelimiter = 2
)

// unwrapAV1 takes the last OBU that is neither sequence header nor temporal
// delimiter.
func unwrapAV1(frame []byte) (body []byte, err error) {
	for rest := frame; len(rest) > 0; {
		header := rest[0] // forbidden(1) type(4) extension(1) has_size(1) reserved(1)
		skip := 1
		if header&0x04 != 0 {
			skip = 2
		}
		if header&0x80 != 0 || len(rest) < skip {
			return nil, fmt.Errorf("%w: malformed OBU", ErrWrapper)
		}
		rest = rest[skip:]
		size := uint64(len(rest))
		if header&0x02 != 0 {
			var ok bool
			if size, rest, ok = cutLEB128(rest); !ok || size > uint64(len(rest)) {
				return nil, fmt.Errorf("%w: malformed OBU", ErrWrapper)
			}
		}
		if kind := header >> 3 & 15; kind != obuSequenceHeader && kind != obuTemporalDelimiter {
			body = rest[:size:size]
		}
		rest = rest[size:]
	}
	if body == nil {
		return nil, fmt.Errorf("%w: no frame OBU", ErrWrapper)
	}
	return body, nil
}
