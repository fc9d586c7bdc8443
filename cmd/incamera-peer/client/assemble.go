package client

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// maxWaiting is how many packets wait for a missing one, and patience for how
// long they do: more than a retransmission takes over half of the world.
const (
	maxWaiting = 64
	patience   = 600 * time.Millisecond
)

// An assembler makes frames of the packets of one VP8 stream. It is pure and
// not safe for concurrent use. The zero value is ready.
type assembler struct {
	started bool
	next    uint16 // sequence number to come
	waiting map[uint16]*rtp.Packet
	since   time.Time // when the first of them began to wait
	partial []byte
	open    bool // partial is the beginning of a frame
	at      uint32
	lost    int // frames of which a part is missing
}

// push takes a packet and calls f for each frame that is whole, in order, with
// its RTP time.
// The frame belongs to f.
func (a *assembler) push(p *rtp.Packet, now time.Time, f func(data []byte, at uint32)) {
	if !a.started {
		a.started, a.next, a.waiting = true, p.SequenceNumber, map[uint16]*rtp.Packet{}
	}
	if int16(p.SequenceNumber-a.next) < 0 {
		return // late or repeated
	}
	if len(a.waiting) == 0 {
		a.since = now
	}
	a.waiting[p.SequenceNumber] = p
	for len(a.waiting) > 0 {
		q := a.waiting[a.next]
		if q == nil {
			if len(a.waiting) <= maxWaiting && now.Sub(a.since) < patience {
				return
			}
			a.abandon()
			a.next++
			continue
		}
		delete(a.waiting, a.next)
		a.next++
		a.since = now // what waits still does so for another
		a.add(q, f)
	}
}

func (a *assembler) abandon() {
	if a.open {
		a.lost++
	}
	a.open, a.partial = false, nil
}

func (a *assembler) add(p *rtp.Packet, f func(data []byte, at uint32)) {
	var vp8 codecs.VP8Packet
	if len(p.Payload) == 0 {
		return // padding
	}
	data, err := vp8.Unmarshal(p.Payload)
	if err != nil {
		a.abandon()
		return
	}
	if begins := vp8.S == 1 && vp8.PID == 0 && (!a.open || p.Timestamp != a.at); begins {
		a.abandon()
		a.open, a.at, a.partial = true, p.Timestamp, []byte{}
	} else if !a.open {
		return
	} else if p.Timestamp != a.at {
		a.abandon()
		return
	}
	a.partial = append(a.partial, data...)
	if p.Marker {
		whole := a.partial
		a.open, a.partial = false, nil
		f(whole, a.at)
	}
}
