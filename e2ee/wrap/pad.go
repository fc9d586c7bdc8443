package wrap

import (
	"bytes"
	"errors"
	"fmt"
)

const padHeader = 4

// MaxPayload is the most that Pad takes.
const MaxPayload = 1<<24 - 1

// ErrPadding is in the chain of every error of Unpad.
var ErrPadding = errors.New("wrap: malformed padding")

// A Bucket returns the size to which n bytes are padded, at least n.
type Bucket func(n int) int

// AudioBucket pads to 96, 160, 288 bytes, then to multiples of 160: what an
// Opus encoder at a constant rate makes falls into one bucket, so that the size
// says nothing of what is spoken.
func AudioBucket(n int) int {
	for _, size := range [...]int{96, 160, 288} {
		if n <= size {
			return size
		}
	}
	return (n + 159) / 160 * 160
}

// VideoBucket does not pad: the sizes of pictures are seen by who forwards
// them.
func VideoBucket(n int) int { return n }

// Pad appends a payload of at most MaxPayload bytes in its padding to dst:
//
//	flags u8 = 0 | length u24 | payload | zeros
func Pad(dst, payload []byte, bucket Bucket) []byte {
	n := len(payload)
	if n > MaxPayload {
		panic("wrap: a payload of 16 MiB or more")
	}
	dst = append(dst, 0, byte(n>>16), byte(n>>8), byte(n))
	dst = append(dst, payload...)
	for range bucket(padHeader+n) - padHeader - n {
		dst = append(dst, 0)
	}
	return dst
}

// Unpad returns the payload in b, which it shares. It refuses flags that are
// not known, a length beyond b, and padding that is not zero.
func Unpad(b []byte) ([]byte, error) {
	if len(b) < padHeader {
		return nil, fmt.Errorf("%w: %d bytes", ErrPadding, len(b))
	}
	if b[0] != 0 {
		return nil, fmt.Errorf("%w: flags %#x", ErrPadding, b[0])
	}
	n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	if b = b[padHeader:]; n > len(b) {
		return nil, fmt.Errorf("%w: length %d of %d", ErrPadding, n, len(b))
	}
	if len(bytes.TrimRight(b[n:], "\x00")) != 0 {
		return nil, fmt.Errorf("%w: padding that is not zero", ErrPadding)
	}
	return b[:n:n], nil
}
