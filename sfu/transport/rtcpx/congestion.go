package rtcpx

import (
	"encoding/binary"
	"time"
)

const (
	transportWide     = 15 // draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1
	congestionControl = 11 // RFC 8888 §3.1
	applicationLayer  = 15 // RFC 4585 §6.4, in which REMB is
)

// maxStatuses bounds the packets that one feedback is about: some seconds' worth.
// Twenty bytes can speak of 65535.
const maxStatuses = 4096

// An Arrival is what is said about one packet.
type Arrival struct {
	SSRC     uint32 // with Congestion only: numbers of Arrivals count across streams
	Seq      uint16
	Received bool
	At       time.Duration // on the receiver's clock, of any origin; if Received
}

// tick is the unit of arrival times, and referenceTick that of the time they
// begin with.
const (
	tick          = 250 * time.Microsecond
	referenceTick = 64 * time.Millisecond
)

// Arrivals calls f with each packet that the part, transport-wide feedback, says
// something about, in the order of their numbers. base is the number of the
// first, count that of the feedback itself. ok is false for other parts and for
// malformed ones, of which f is told nothing. The receiver's clock starts over
// every 12 days.
func (p Packet) Arrivals(f func(Arrival)) (base uint16, count uint8, ok bool) {
	if p.Type != transportFeedback || p.Count != transportWide || len(p.Body) < 16 {
		return 0, 0, false
	}
	b := p.Body
	base = binary.BigEndian.Uint16(b[8:])
	packets := int(binary.BigEndian.Uint16(b[10:]))
	reference := uint32(b[12])<<16 | uint32(b[13])<<8 | uint32(b[14])
	chunks, deltas, ok := split(b[16:], packets)
	if !ok {
		return 0, 0, false
	}
	at := time.Duration(reference) * referenceTick
	seq := base
	symbols(chunks, packets, func(symbol byte) {
		a := Arrival{Seq: seq}
		seq++
		switch symbol {
		case smallDelta:
			at += time.Duration(deltas[0]) * tick
			deltas = deltas[1:]
			a.Received, a.At = true, at
		case largeDelta:
			at += time.Duration(int16(binary.BigEndian.Uint16(deltas))) * tick
			deltas = deltas[2:]
			a.Received, a.At = true, at
		}
		f(a)
	})
	return base, b[15], true
}

// The symbols of a packet's status: how its time is written.
const (
	notReceived = iota
	smallDelta  // one byte, not negative
	largeDelta  // two bytes, signed
	reserved
)

// split tells the chunks for a number of packets from the deltas behind them.
func split(b []byte, packets int) (chunks, deltas []byte, ok bool) {
	if packets == 0 || packets > maxStatuses {
		return nil, nil, false
	}
	described, used := 0, 0
	for described < packets {
		if len(b) < used+2 {
			return nil, nil, false
		}
		described += capacity(binary.BigEndian.Uint16(b[used:]))
		used += 2
	}
	chunks, deltas = b[:used], b[used:]
	size, ok := 0, true
	symbols(chunks, packets, func(symbol byte) {
		if symbol == reserved {
			ok = false
			return
		}
		size += int(symbol)
	})
	return chunks, deltas, ok && size <= len(deltas)
}

// capacity is how many packets a chunk describes at most.
func capacity(chunk uint16) int {
	switch {
	case chunk>>15 == 0: // a run of one symbol
		return int(chunk & 0x1fff)
	case chunk>>14&1 == 0: // one bit for each
		return 14
	default: // two bits
		return 7
	}
}

// symbols calls f with the status of each packet.
func symbols(chunks []byte, packets int, f func(symbol byte)) {
	for ; packets > 0; chunks = chunks[2:] {
		chunk := binary.BigEndian.Uint16(chunks)
		n := min(capacity(chunk), packets)
		packets -= n
		for i := range n {
			switch {
			case chunk>>15 == 0:
				f(byte(chunk >> 13 & 3))
			case chunk>>14&1 == 0:
				f(byte(chunk >> (13 - i) & 1))
			default:
				f(byte(chunk >> (12 - 2*i) & 3))
			}
		}
	}
}

// Congestion calls f with each packet that the part, feedback of RFC 8888, says
// something about. ok is false for other parts and for malformed ones, of which
// f is told nothing. The receiver's clock starts over every 18 hours.
func (p Packet) Congestion(f func(Arrival)) (ok bool) {
	if p.Type != transportFeedback || p.Count != congestionControl || len(p.Body) < 8 {
		return false
	}
	b, end := p.Body[4:], len(p.Body)-8
	reported := time.Duration(binary.BigEndian.Uint32(b[end:])) * time.Second >> 16
	for blocks := b[:end]; len(blocks) > 0; {
		size, ok := block(blocks)
		if !ok {
			return false
		}
		blocks = blocks[size:]
	}
	for blocks := b[:end]; len(blocks) > 0; {
		size, _ := block(blocks)
		a := Arrival{SSRC: binary.BigEndian.Uint32(blocks), Seq: binary.BigEndian.Uint16(blocks[4:])}
		for i := range int(binary.BigEndian.Uint16(blocks[6:])) {
			report := binary.BigEndian.Uint16(blocks[8+2*i:])
			// The two highest offsets say that it was longer ago, or that its time is not known.
			offset := report & 0x1fff
			a.Received, a.At = report&0x8000 != 0 && offset < 0x1ffe, 0
			if a.Received {
				a.At = reported - time.Duration(offset)*time.Second>>10
			}
			if a.Received || report&0x8000 == 0 {
				f(a)
			}
			a.Seq++
		}
		blocks = blocks[size:]
	}
	return true
}

// block returns the size of the block of one stream that b begins with.
func block(b []byte) (size int, ok bool) {
	if len(b) < 8 {
		return 0, false
	}
	size = 8 + (2*int(binary.BigEndian.Uint16(b[6:]))+3)&^3
	return size, size <= len(b)
}

// REMB returns the estimate of the receiver in bits per second
// (draft-alvestrand-rmcat-remb-03 §2.2), at most 2⁴⁸.
func (p Packet) REMB() (bitrate int64, ok bool) {
	if p.Type != payloadFeedback || p.Count != applicationLayer || len(p.Body) < 16 || string(p.Body[8:12]) != "REMB" {
		return 0, false
	}
	mantissa := int64(p.Body[13]&3)<<16 | int64(p.Body[14])<<8 | int64(p.Body[15])
	return mantissa << min(p.Body[13]>>2, 30), true
}
