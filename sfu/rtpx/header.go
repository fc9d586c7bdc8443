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

// ParseHeader reads a packet. It reports false for what is no RTP.
func ParseHeader(b []byte) (h Header, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return h, false
	}
	at := 12 + 4*int(b[0]&0x0f) // past the contributing sources
	if b[0]&0x10 != 0 {         // extension
		if len(b) < at+4 {
			return h, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
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
