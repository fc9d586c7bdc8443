package link

import (
	"encoding/binary"
	"errors"
)

var errTruncated = errors.New("it is truncated or has bytes too many")

// appendVec appends a vector with its length (RFC 9420 §2.1.2). Ours are
// shorter than 16384 bytes.
func appendVec(b, v []byte) []byte {
	switch n := len(v); {
	case n < 1<<6:
		b = append(b, byte(n))
	case n < 1<<14:
		b = binary.BigEndian.AppendUint16(b, 1<<14|uint16(n))
	default:
		panic("link: a vector too long to write")
	}
	return append(b, v...)
}

// A reader takes fields off a byte string. After a failure it yields zeros,
// and ok is false; strict lengths make each encoding the only one.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || len(r.b) < n {
		r.bad = true
		return make([]byte, min(n, 64))
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *reader) vec() []byte {
	n := int(r.u8())
	switch n >> 6 {
	case 0:
	case 1:
		n = n&0x3f<<8 | int(r.u8())
		if n < 1<<6 {
			r.bad = true
		}
	default:
		r.bad = true
	}
	if r.bad {
		return nil
	}
	return r.take(n)
}

// end reports whether everything was read and nothing was missing.
func (r *reader) end() error {
	if r.bad || len(r.b) != 0 {
		return errTruncated
	}
	return nil
}
