package rtcpx

import (
	"encoding/binary"
	"slices"
	"time"
)

const (
	senderReport   = 200 // RFC 3550 §6.4
	receiverReport = 201
)

// begin appends the head of a part, whose length finish writes.
func begin(dst []byte, count, kind uint8) []byte { return append(dst, 0x80|count, kind, 0, 0) }

// finish fills the part that begins at that place up to whole words, and writes
// its length.
func finish(dst []byte, at int) []byte {
	for len(dst)%4 != at%4 {
		dst = append(dst, 0)
	}
	binary.BigEndian.PutUint16(dst[at+2:], uint16((len(dst)-at)/4-1))
	return dst
}

// AppendKeyFrameRequest appends a PLI (RFC 4585 §6.3.1).
func AppendKeyFrameRequest(dst []byte, sender, media uint32) []byte {
	at := len(dst)
	dst = begin(dst, pictureLoss, payloadFeedback)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	return finish(binary.BigEndian.AppendUint32(dst, media), at)
}

// AppendMissing appends a generic NACK (RFC 4585 §6.2.1) of those numbers, which
// ascend.
func AppendMissing(dst []byte, sender, media uint32, missing []uint16) []byte {
	at := len(dst)
	dst = begin(dst, genericNACK, transportFeedback)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	dst = binary.BigEndian.AppendUint32(dst, media)
	for len(missing) > 0 {
		first, more := missing[0], uint16(0)
		missing = missing[1:]
		for len(missing) > 0 && missing[0]-first-1 < 16 {
			more |= 1 << (missing[0] - first - 1)
			missing = missing[1:]
		}
		dst = binary.BigEndian.AppendUint16(dst, first)
		dst = binary.BigEndian.AppendUint16(dst, more)
	}
	return finish(dst, at)
}

// A Block is what a receiver report says of one stream (RFC 3550 §6.4.1).
type Block struct {
	SSRC     uint32
	Fraction uint8  // lost since the last report, of 256
	Lost     int32  // so far, 24 bits
	Highest  uint32 // extended number
	Jitter   uint32 // in ticks of the stream's clock
	LastSR   uint32 // the middle of the time in the latest sender report; 0: none has come
	Delay    uint32 // since that came, in seconds / 65536
}

// MaxBlocks is how many blocks one report has at most.
const MaxBlocks = 31

// AppendReceiverReport appends a report of up to MaxBlocks blocks.
func AppendReceiverReport(dst []byte, sender uint32, blocks []Block) []byte {
	at := len(dst)
	dst = begin(dst, uint8(len(blocks)), receiverReport)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	for _, b := range blocks {
		dst = binary.BigEndian.AppendUint32(dst, b.SSRC)
		lost := min(max(b.Lost, -1<<23), 1<<23-1)
		dst = binary.BigEndian.AppendUint32(dst, uint32(b.Fraction)<<24|uint32(lost)&0xff_ffff)
		dst = binary.BigEndian.AppendUint32(dst, b.Highest)
		dst = binary.BigEndian.AppendUint32(dst, b.Jitter)
		dst = binary.BigEndian.AppendUint32(dst, b.LastSR)
		dst = binary.BigEndian.AppendUint32(dst, b.Delay)
	}
	return finish(dst, at)
}

// A SenderReport is how a stream's timestamps relate to its sender's clock.
type SenderReport struct {
	SSRC            uint32
	NTP             uint64 // RFC 5905 §6
	RTP             uint32
	Packets, Octets uint32 // sent so far; not read
}

// AppendSenderReport appends one without blocks.
func AppendSenderReport(dst []byte, r SenderReport) []byte {
	at := len(dst)
	dst = begin(dst, 0, senderReport)
	dst = binary.BigEndian.AppendUint32(dst, r.SSRC)
	dst = binary.BigEndian.AppendUint64(dst, r.NTP)
	dst = binary.BigEndian.AppendUint32(dst, r.RTP)
	dst = binary.BigEndian.AppendUint32(dst, r.Packets)
	return finish(binary.BigEndian.AppendUint32(dst, r.Octets), at)
}

// SenderReport reads the part if it is one.
func (p Packet) SenderReport() (r SenderReport, ok bool) {
	if p.Type != senderReport || len(p.Body) < 24 {
		return r, false
	}
	return SenderReport{
		SSRC: binary.BigEndian.Uint32(p.Body), NTP: binary.BigEndian.Uint64(p.Body[4:]), RTP: binary.BigEndian.Uint32(p.Body[12:]),
	}, true
}

// Lost stands for the time of a packet that has not arrived.
const Lost time.Duration = -1

// MaxArrivals is about how many packets AppendArrivals tells at most, so that
// its part fits into one packet of a network.
const MaxArrivals = 500

// maxStep is how far apart arrivals that follow each other may be told.
const maxStep = 0x7fff * tick

// AppendArrivals appends transport-wide feedback: when the packets whose numbers
// begin with base have arrived, on a clock of any origin, or Lost. count is the
// number of the feedback itself. It tells as many as it can, up to one that has
// arrived, and returns how many; it tells nothing, and returns 0, when none of the
// first MaxArrivals has.
func AppendArrivals(dst []byte, sender, media uint32, base uint16, count uint8, arrivals []time.Duration) (_ []byte, told int) {
	arrivals = arrivals[:min(len(arrivals), MaxArrivals)]
	first := slices.IndexFunc(arrivals, func(a time.Duration) bool { return a != Lost })
	if first < 0 {
		return dst, 0
	}
	var steps [MaxArrivals]int16
	var symbol [MaxArrivals + 13]byte // what a chunk describes beyond the end is not received
	reference := arrivals[first] / referenceTick
	last := int64(reference) * int64(referenceTick/tick)
	for i, a := range arrivals {
		if a == Lost {
			continue
		}
		now := int64(a / tick)
		if d := time.Duration(now-last) * tick; d > maxStep || d < -maxStep {
			break
		}
		steps[i] = int16(now - last)
		symbol[i] = smallDelta
		if steps[i] < 0 || steps[i] > 255 {
			symbol[i] = largeDelta
		}
		last, told = now, i+1
	}
	at := len(dst)
	dst = begin(dst, transportWide, transportFeedback)
	dst = binary.BigEndian.AppendUint32(dst, sender)
	dst = binary.BigEndian.AppendUint32(dst, media)
	dst = binary.BigEndian.AppendUint16(dst, base)
	dst = binary.BigEndian.AppendUint16(dst, uint16(told))
	dst = append(dst, byte(reference>>16), byte(reference>>8), byte(reference), count)
	for i := 0; i < told; {
		chunk, n := chunkOf(symbol[i:], told-i)
		dst = binary.BigEndian.AppendUint16(dst, chunk)
		i += n
	}
	for i := range told {
		switch symbol[i] {
		case smallDelta:
			dst = append(dst, byte(steps[i]))
		case largeDelta:
			dst = binary.BigEndian.AppendUint16(dst, uint16(steps[i]))
		}
	}
	return finish(dst, at), told
}

// chunkOf returns the chunk for the beginning of what is left, and how many of
// it that describes.
func chunkOf(symbol []byte, left int) (chunk uint16, n int) {
	run, two := 1, false
	for run < left && symbol[run] == symbol[0] {
		run++
	}
	for i := range min(14, left) {
		two = two || symbol[i] == largeDelta
	}
	switch {
	case run >= 14 || run == left || two && run >= 7:
		return uint16(symbol[0])<<13 | uint16(run), run
	case two:
		chunk = 0xc000
		for i := range 7 {
			chunk |= uint16(symbol[i]) << (12 - 2*i)
		}
		return chunk, min(7, left)
	default:
		chunk = 0x8000
		for i := range 14 {
			chunk |= uint16(symbol[i]) << (13 - i)
		}
		return chunk, min(14, left)
	}
}
