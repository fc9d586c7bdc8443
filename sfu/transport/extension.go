package transport

import "encoding/binary"

// A header extension with a descriptor has elements of two bytes (RFC 8285 §4.3): those
// of one byte hold 16 bytes at most, and a key frame's descriptor has more.
const (
	extensionHead = 4 // its form, and its length in words
	elementHead   = 2
	numberSize    = elementHead + 2
	maxDescriptor = 255 // its length is one byte
)

// describedSize returns how large a header extension is with a descriptor, and with a
// transport-wide number if numbered; 0 without a descriptor.
func describedSize(descriptor []byte, numbered bool) int {
	if len(descriptor) == 0 {
		return 0
	}
	n := extensionHead + elementHead + len(descriptor)
	if numbered {
		n += numberSize
	}
	return (n + 3) &^ 3
}

// describe writes a header extension of describedSize.
func describe(out []byte, id uint8, descriptor []byte, numbered bool, wide uint8, number uint16) {
	binary.BigEndian.PutUint16(out, 0x1000)
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)/4-1))
	at := extensionHead
	if numbered {
		out[at], out[at+1] = wide, 2
		binary.BigEndian.PutUint16(out[at+2:], number)
		at += numberSize
	}
	out[at], out[at+1] = id, uint8(len(descriptor))
	at += elementHead
	clear(out[at+copy(out[at:], descriptor):]) // padding
}
