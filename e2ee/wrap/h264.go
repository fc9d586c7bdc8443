package wrap

import (
	"bytes"
	"fmt"
)

const (
	startCode = "\x00\x00\x00\x01"

	// A parameter set that decoders of all levels accept, with a picture size
	// that has nothing to do with the real one.
	h264SPS   = "\x67\x42\xc0\x1f\x0f\xd9\x1f\x88\x88\x84\x00\x00\x03\x00\x04\x00\x00\x03\x00\xc8\x3c\x60\xc9\x20"
	h264PPS   = "\x68\x87\xcb\x83\xcb\x20"
	h264Key   = "\x65\x88\x80" // IDR slice
	h264Delta = "\x41\x9a\x80"

	h264Stop = 0x80 // ends a body, so that it has no trailing zeros to lose
)

func wrapH264(dst []byte, key bool, body []byte) []byte {
	if key {
		dst = append(append(dst, startCode...), h264SPS...)
		dst = append(append(dst, startCode...), h264PPS...)
		dst = append(append(dst, startCode...), h264Key...)
	} else {
		dst = append(append(dst, startCode...), h264Delta...)
	}
	return append(escape(dst, body), h264Stop)
}

// escape appends body with emulation prevention (H.264 §7.4.1): after two
// zeros, a byte up to 3 is preceded by a 3. h264Stop behind it needs none.
func escape(dst, body []byte) []byte {
	zeros := 0
	for _, x := range body {
		if zeros == 2 && x <= 3 {
			dst = append(dst, 3)
			zeros = 0
		}
		dst = append(dst, x)
		if zeros++; x != 0 {
			zeros = 0
		}
	}
	return dst
}

// cutStartCode takes a start code of three bytes, and zeros before it, off.
func cutStartCode(b []byte) ([]byte, bool) {
	zeros := len(b) - len(bytes.TrimLeft(b, "\x00"))
	if zeros < 2 || zeros == len(b) || b[zeros] != 1 {
		return nil, false
	}
	return b[zeros+1:], true
}

// unwrapH264 skips what is before the first slice, which must be ours and the
// last of the frame.
func unwrapH264(frame []byte) ([]byte, error) {
	rest, ok := cutStartCode(frame)
	for ok && len(rest) > 0 {
		switch rest[0] & 0x1f {
		case 6, 7, 8, 9: // SEI, parameter sets, delimiter
			at := bytes.Index(rest, []byte("\x00\x00\x01"))
			if at < 0 {
				return nil, fmt.Errorf("%w: no slice", ErrWrapper)
			}
			rest, ok = cutStartCode(rest[at:])
			continue
		}
		for _, header := range []string{h264Key, h264Delta} {
			if len(rest) >= len(header) && string(rest[:len(header)]) == header {
				return unescape(rest[len(header):])
			}
		}
		return nil, fmt.Errorf("%w: another slice", ErrWrapper)
	}
	return nil, fmt.Errorf("%w: no start code", ErrWrapper)
}

// unescape undoes escape in place, and takes h264Stop and zeros behind it off.
func unescape(b []byte) ([]byte, error) {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 || b[len(b)-1] != h264Stop {
		return nil, fmt.Errorf("%w: a slice that is cut short", ErrWrapper)
	}
	b = b[:len(b)-1]
	out, zeros := b[:0], 0
	for i, x := range b {
		if zeros == 2 && x <= 3 {
			if x != 3 || i+1 == len(b) || b[i+1] > 3 {
				return nil, fmt.Errorf("%w: a slice with a start code in it", ErrWrapper)
			}
			zeros = 0
			continue
		}
		out = append(out, x)
		if zeros++; x != 0 {
			zeros = 0
		}
	}
	return out, nil
}
