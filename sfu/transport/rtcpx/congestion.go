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
	SSRC     uint32 // of a [Report] only: transport-wide numbers count across streams
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

// A Report is feedback of RFC 8888 on any number of streams. It is part of the
// packet that it was read from.
type Report struct {
	At time.Duration // when it was made, on the receiver's clock, which starts over every [ReportTurn]

	blocks []byte
}

// ReportTurn is after what time the clock of reports starts over.
const ReportTurn = time.Second << 16

// OffsetUnit is about that in which reports tell how long ago packets arrived.
const OffsetUnit = time.Second / 1024

// Congestion returns the part if it is feedback of RFC 8888. ok is false for other
// parts, for malformed ones, and for those that speak of more packets than may be
// under way.
func (p Packet) Congestion() (r Report, ok bool) {
	if p.Type != transportFeedback || p.Count != congestionControl || len(p.Body) < 8 {
		return r, false
	}
	end, packets := len(p.Body)-4, 0
	r.At = time.Duration(binary.BigEndian.Uint32(p.Body[end:])) * time.Second >> 16
	r.blocks = p.Body[4:end]
	for blocks := r.blocks; len(blocks) > 0; {
		count, size, ok := block(blocks)
		if packets += count; !ok || packets > maxStatuses {
			return Report{}, false
		}
		blocks = blocks[size:]
	}
	return r, true
}

// Arrivals calls f with each packet that the report says something about, stream by
// stream, and in each in the order of their numbers. Those that
// arrived did so at the report's time at the latest, and 8 s before at the earliest.
func (r Report) Arrivals(f func(Arrival)) {
	for blocks := r.blocks; len(blocks) > 0; {
		count, size, _ := block(blocks)
		a := Arrival{SSRC: binary.BigEndian.Uint32(blocks), Seq: binary.BigEndian.Uint16(blocks[4:])}
		for i := range count {
			about := binary.BigEndian.Uint16(blocks[8+2*i:])
			// The two highest offsets say that it was longer ago, or that its time is not known.
			offset := about & 0x1fff
			a.Received, a.At = about&0x8000 != 0 && offset < 0x1ffe, 0
			if a.Received {
				a.At = r.At - time.Duration(offset)*time.Second>>10
			}
			if a.Received || about&0x8000 == 0 {
				f(a)
			}
			a.Seq++
		}
		blocks = blocks[size:]
	}
}

// block returns of how many packets the block of one stream speaks that b begins
// with, and its size.
func block(b []byte) (packets, size int, ok bool) {
	if len(b) < 8 {
		return 0, 0, false
	}
	packets = int(binary.BigEndian.Uint16(b[6:]))
	size = 8 + (2*packets+3)&^3
	return packets, size, size <= len(b)
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
