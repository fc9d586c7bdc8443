// Package rtcpx reads what subscribers say about streams: which packets they
// miss, and that they need a key frame. It is pure, bounded, and allocates
// nothing.
package rtcpx

import (
	"encoding/binary"
	"math/bits"
)

// IsRTCP reports whether an RTP or RTCP packet is the latter (RFC 5761 §4).
func IsRTCP(b []byte) bool { return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223 }

const (
	transportFeedback = 205 // RFC 4585 §6.1
	payloadFeedback   = 206
	genericNACK       = 1
	pictureLoss       = 1
	fullIntraRequest  = 4 // RFC 5104 §4.3.1
)

// A Packet is one part of a compound packet.
type Packet struct {
	Type  uint8
	Count uint8  // reports, or the format of feedback
	Body  []byte // behind the first four bytes, without padding
}

// Next reads the first part of a compound packet and returns the rest. It
// reports false at the end, and for what is malformed.
func Next(b []byte) (p Packet, rest []byte, ok bool) {
	if len(b) < 4 || b[0]>>6 != 2 {
		return p, nil, false
	}
	size := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
	if size > len(b) {
		return p, nil, false
	}
	end := size
	if b[0]&0x20 != 0 { // padding: its last byte is its length
		pad := int(b[size-1])
		if pad == 0 || pad > size-4 || size != len(b) { // of the last part only (RFC 3550 §6.4.1)
			return p, nil, false
		}
		end -= pad
	}
	return Packet{Type: b[1], Count: b[0] & 0x1f, Body: b[4:end:end]}, b[size:], true
}

// KeyFrame calls f with each SSRC of which the part asks for a key frame (PLI
// or FIR).
func (p Packet) KeyFrame(f func(ssrc uint32)) {
	if p.Type != payloadFeedback || len(p.Body) < 8 {
		return
	}
	switch p.Count {
	case pictureLoss:
		f(binary.BigEndian.Uint32(p.Body[4:]))
	case fullIntraRequest:
		for entry := p.Body[8:]; len(entry) >= 8; entry = entry[8:] {
			f(binary.BigEndian.Uint32(entry))
		}
	}
}

// Missing appends the numbers that the part says are missing of a stream, up to
// dst's capacity: the others are asked for again. ok is false for what is no
// NACK.
func (p Packet) Missing(dst []uint16) (ssrc uint32, missing []uint16, ok bool) {
	if p.Type != transportFeedback || p.Count != genericNACK || len(p.Body) < 8 {
		return 0, dst, false
	}
	for pair := p.Body[8:]; len(pair) >= 4; pair = pair[4:] {
		first, more := binary.BigEndian.Uint16(pair), binary.BigEndian.Uint16(pair[2:])
		if len(dst) < cap(dst) {
			dst = append(dst, first)
		}
		for ; more != 0 && len(dst) < cap(dst); more &= more - 1 {
			dst = append(dst, first+1+uint16(bits.TrailingZeros16(more)))
		}
	}
	return binary.BigEndian.Uint32(p.Body[4:]), dst, true
}
