package rtpx

import "encoding/binary"

// A Header is what is read of a packet's fixed header (RFC 3550 §5.1), without
// extensions and padding.
type Header struct {
	Marker      bool
	PayloadType uint8
	Seq         uint16
	Timestamp   uint32
	SSRC        uint32
	Payload     []byte // part of what was parsed; empty when the packet is all padding
}

// HeaderSize returns how many bytes of a packet its header takes, contributing
// sources and extensions included: those that are not sealed. It reports false
// for what is no RTP.
func HeaderSize(b []byte) (size int, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return 0, false
	}
	size = 12 + 4*int(b[0]&0x0f) // past the contributing sources
	if b[0]&0x10 != 0 {          // extension
		if len(b) < size+4 {
			return 0, false
		}
		size += 4 + 4*int(binary.BigEndian.Uint16(b[size+2:]))
	}
	return size, size <= len(b)
}

// Extensions calls f with each header extension of a packet (RFC 8285), in the
// form with heads of one byte or of two. Ids are not 0. It stops at what is
// malformed.
func Extensions(b []byte, f func(id uint8, value []byte)) {
	size, ok := HeaderSize(b)
	if !ok || b[0]&0x10 == 0 {
		return
	}
	at := 12 + 4*int(b[0]&0x0f)
	profile := binary.BigEndian.Uint16(b[at:])
	two := profile&0xfff0 == 0x1000
	if !two && profile != 0xbede {
		return
	}
	for b = b[at+4 : size]; len(b) > 0; {
		if b[0] == 0 { // padding
			b = b[1:]
			continue
		}
		id, n, head := b[0]>>4, int(b[0]&0x0f)+1, 1
		if two {
			if len(b) < 2 {
				return
			}
			id, n, head = b[0], int(b[1]), 2
		} else if id == 0 || id == 15 {
			return // neither has a value, and nothing behind it is to be read (RFC 8285 §4.2)
		}
		if len(b) < head+n {
			return
		}
		f(id, b[head:head+n:head+n])
		b = b[head+n:]
	}
}

// Extension returns the value of the element of a header extension that has an id, the
// last one if there are several, part of the packet; nil where there is none.
func Extension(packet []byte, id uint8) (value []byte) {
	Extensions(packet, func(is uint8, v []byte) {
		if is == id {
			value = v
		}
	})
	return value
}

// ParseHeader reads a packet. It reports false for what is no RTP.
func ParseHeader(b []byte) (h Header, ok bool) {
	at, ok := HeaderSize(b)
	if !ok {
		return h, false
	}
	end := len(b)
	if b[0]&0x20 != 0 { // padding: its last byte is its length
		if b[end-1] == 0 {
			return h, false
		}
		end -= int(b[end-1])
	}
	if end < at {
		return h, false
	}
	return Header{
		Marker: b[1]&0x80 != 0, PayloadType: b[1] & 0x7f,
		Seq: binary.BigEndian.Uint16(b[2:]), Timestamp: binary.BigEndian.Uint32(b[4:]), SSRC: binary.BigEndian.Uint32(b[8:]),
		Payload: b[at:end:end],
	}, true
}
