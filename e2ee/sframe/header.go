package sframe

const maxHeader = 1 + 8 + 8

// A Header is what a frame shows in the clear (RFC 9605 §4.3).
type Header struct {
	KID, CTR uint64
	Len      int // bytes of the frame that it takes, 1 to 17
}

// AppendHeader appends the shortest, and only valid, header to b:
//
//	X K K K  Y C C C   X (Y) set: KKK (CCC) + 1 is the length of the KID (CTR)
//	KID... CTR...      that follows; not set: it is the KID (CTR), below 8
func AppendHeader(b []byte, kid, ctr uint64) []byte {
	at := len(b)
	b = append(b, 0)
	b, k := appendField(b, kid)
	b, c := appendField(b, ctr)
	b[at] = k<<4 | c
	return b
}

func appendField(b []byte, v uint64) (_ []byte, nibble byte) {
	if v < 8 {
		return b, byte(v)
	}
	n := size(v)
	for shift := 8 * (n - 1); shift >= 0; shift -= 8 {
		b = append(b, byte(v>>shift))
	}
	return b, 8 | byte(n-1)
}

// ParseHeader reads the header of a frame. A header that is cut short, or
// longer than it need be, is ErrHeader.
func ParseHeader(frame []byte) (Header, error) {
	if len(frame) == 0 {
		return Header{}, ErrHeader
	}
	kid, rest, ok := parseField(frame[0]>>4, frame[1:])
	if !ok {
		return Header{}, ErrHeader
	}
	ctr, rest, ok := parseField(frame[0]&15, rest)
	if !ok {
		return Header{}, ErrHeader
	}
	return Header{kid, ctr, len(frame) - len(rest)}, nil
}

func parseField(nibble byte, b []byte) (v uint64, rest []byte, ok bool) {
	if nibble < 8 {
		return uint64(nibble), b, true
	}
	n := int(nibble&7) + 1
	if len(b) < n {
		return 0, nil, false
	}
	for _, x := range b[:n] {
		v = v<<8 | uint64(x)
	}
	return v, b[n:], v >= 8 && size(v) == n
}

// size is the number of bytes that v takes, at least one.
func size(v uint64) int {
	n := 1
	for v >>= 8; v != 0; v >>= 8 {
		n++
	}
	return n
}
