package sfu

import (
	"time"

	"incamera/sfu/munge"
	"incamera/sfu/rtpx"
)

const (
	// maxBurst is how many packets of a frame are sent on together at most. With
	// fewer, each costs more (a run of 8 costs a third of 8 single ones, one of 16
	// a quarter); with more, a slow subscriber's queue gets more at once.
	maxBurst = 16
	// holdFor is how long a packet waits for the rest of its frame. Longer delays
	// everybody; shorter, and frames that browsers send over a few milliseconds
	// leave packet by packet.
	holdFor = 3 * time.Millisecond
	// maxPad is by how much a packet is made larger, so that those of a frame are
	// of one size, as packets that leave in one run must be. Browsers cut frames
	// into parts that differ by a byte; what differs by more is another frame.
	maxPad = 16
)

// packet is one received packet on its way to the seats.
type packet struct {
	header rtpx.Header // its payload is of buf, and may be rewritten
	info   rtpx.Info
	in     munge.In
	newest bool
	// spatial: its stream has several spatial layers, of which a seat gets some.
	spatial bool
	pad     int // bytes of RTP padding that follow the payload in buf
	// descriptor is at the end of buf, and may be rewritten; empty: there is none.
	descriptor []byte
	buf        [maxPacket + maxPad]byte
}

// burst collects the packets of a frame. Not safe for concurrent use.
type burst struct {
	packets [maxBurst]packet
	n       int
	came    time.Time   // when the first of them came to this machine
	late    *time.Timer // runs while something is collected
}

// next returns the place of the next packet.
func (b *burst) next() *packet { return &b.packets[b.n] }

// add takes the packet in next's place, which came to this machine then, and whose
// payload it copies, and reports whether it is time to send.
func (b *burst) add(p *packet, came time.Time) bool {
	if b.n == 0 {
		b.came = came
	}
	n := copy(p.buf[:], p.header.Payload)
	p.header.Payload = p.buf[:n:n]
	b.n++
	if p.header.Marker || b.n == maxBurst {
		return true
	}
	if b.n == 1 {
		b.late.Reset(holdFor)
	}
	return false
}

// tell keeps a dependency descriptor, which is malformed where it leaves no room for
// the packet's payload.
func (p *packet) tell(descriptor []byte) (ok bool) {
	at := len(p.buf) - len(descriptor)
	p.descriptor = p.buf[at:]
	copy(p.descriptor, descriptor)
	return len(p.header.Payload)+maxPad <= at
}

// take returns what was collected, of equal sizes where little is missing. It is
// valid until the next packet is added.
func (b *burst) take() []packet {
	if b.n > 1 {
		b.late.Stop()
	}
	packets := b.packets[:b.n]
	b.n = 0
	equalise(packets)
	return packets
}

// equalise pads packets that are almost as large as the largest of their
// neighbours. The last one may be smaller anyway.
func equalise(packets []packet) {
	for from := 0; from < len(packets); {
		size := len(packets[from].header.Payload)
		smallest, to := size, from+1
		for ; to < len(packets); to++ {
			n := len(packets[to].header.Payload)
			if max(size, n)-min(smallest, n) > maxPad {
				break
			}
			size, smallest = max(size, n), min(smallest, n)
		}
		for i := from; i < to; i++ {
			p := &packets[i]
			n := len(p.header.Payload)
			p.pad = size - n
			if i == to-1 && p.pad > 0 {
				p.pad = 0
			}
			if p.pad > 0 {
				clear(p.buf[n:size])
				p.buf[size-1] = byte(p.pad)
			}
		}
		from = to
	}
}

// payload returns the payload with its padding.
func (p *packet) payload() []byte { return p.buf[:len(p.header.Payload)+p.pad] }
