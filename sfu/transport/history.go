package transport

import "time"

const (
	// sentSize is how many packets can be told of: more than a second of the
	// fastest networks that are estimated, between two reports and a round trip.
	// firstSent is how many can be to begin with. Powers of two, so that they
	// divide 1<<16.
	sentSize  = 2048
	firstSent = 128
	// sentFor is for how long packets can be told of if they are not too many.
	sentFor = 2 * time.Second
)

// A history is what is remembered of the packets of a connection, in the order of
// their sending: the latest of them, each under a number that counts them. Where
// reports speak of streams, packets are found by their names, too. Not safe for
// concurrent use.
type history struct {
	next  uint64 // number of the next packet, extended
	sent  []sentPacket
	heard uint64 // the highest transport-wide number that something was said about

	// Of packets with names; nil: there are none.
	names   []name   // as sent, by number
	buckets []uint32 // the latest packet of each, by the low half of its number
}

// sentPacket is what is remembered of a packet.
type sentPacket struct {
	at    uint32 // µs since start
	size  uint16
	state uint8
	twice bool // a copy went later
}

// What was said about a packet.
const (
	unheard uint8 = iota
	missing
	arrived
	skipped // a report that was lost had spoken of it; what is said later counts no more
)

// A name is what a packet is called in reports.
type name struct {
	ssrc   uint32 // 0: the packet has none
	seq    uint16
	before uint32 // the packet before in its bucket, by the low half of its number
}

func newHistory() history { return history{next: 1 << 16, heard: 1<<16 - 1} }

// note remembers a packet under the next number, without a name.
func (h *history) note(size int, at time.Duration) {
	if h.sent == nil {
		h.sent = make([]sentPacket, firstSent)
	}
	p := sentPacket{at: uint32(at / time.Microsecond), size: uint16(size)}
	for s := h.place(h.next); len(h.sent) < sentSize && s.size > 0 && p.at-s.at < uint32(sentFor/time.Microsecond); s = h.place(h.next) {
		h.grow()
	}
	*h.place(h.next) = p
	if h.names != nil {
		h.names[h.next%uint64(len(h.names))] = name{}
	}
	h.next++
}

// grow makes room for twice as many.
func (h *history) grow() {
	sent, names := h.sent, h.names
	h.sent = make([]sentPacket, 2*len(sent))
	if h.unname(); names != nil {
		h.makeNames()
	}
	for n := h.next - uint64(len(sent)); n < h.next; n++ {
		*h.place(n) = sent[n%uint64(len(sent))]
		if names != nil && names[n%uint64(len(names))].ssrc != 0 {
			was := names[n%uint64(len(names))]
			h.link(n, was.ssrc, was.seq)
		}
	}
}

// place returns where the packet with that number is remembered, if it is.
func (h *history) place(n uint64) *sentPacket { return &h.sent[n%uint64(len(h.sent))] }

// name gives the packet that was noted latest its name.
func (h *history) name(ssrc uint32, seq uint16) {
	if h.names == nil {
		h.makeNames()
	}
	h.link(h.next-1, ssrc, seq)
}

func (h *history) makeNames() {
	h.names, h.buckets = make([]name, len(h.sent)), make([]uint32, len(h.sent))
}

func (h *history) link(n uint64, ssrc uint32, seq uint16) {
	b := h.bucket(ssrc, seq)
	h.names[n%uint64(len(h.names))] = name{ssrc, seq, *b}
	*b = uint32(n)
}

// bucket returns that of a name. Those of the packets of a stream follow each other,
// so that they share none; where a stream begins depends on its SSRC.
func (h *history) bucket(ssrc uint32, seq uint16) *uint32 {
	const golden = 0x9e37_79b1 // Knuth's multiplier for 32 bits
	return &h.buckets[(ssrc*golden>>16+uint32(seq))%uint32(len(h.buckets))]
}

// unname forgets all names.
func (h *history) unname() { h.names, h.buckets = nil, nil }

// find returns the number of the packet with that name; ok is false when it was not
// sent, or is forgotten.
func (h *history) find(ssrc uint32, seq uint16) (n uint64, ok bool) {
	if h.names == nil || ssrc == 0 {
		return 0, false
	}
	// What is in a bucket was sent before what leads to it; what is not remembered
	// leads nowhere.
	age, low := uint32(0), *h.bucket(ssrc, seq)
	for {
		older := uint32(h.next) - low
		if older <= age || older > uint32(len(h.names)) {
			return 0, false
		}
		age, n = older, h.next-uint64(older)
		is := &h.names[n%uint64(len(h.names))]
		if is.ssrc == ssrc && is.seq == seq {
			return n, true
		}
		low = is.before
	}
}

// sentAt returns when a packet was sent: at most an hour ago.
func (h *history) sentAt(s *sentPacket, at time.Duration) time.Duration {
	ago := uint32(at/time.Microsecond) - s.at
	return at - time.Duration(ago)*time.Microsecond
}
