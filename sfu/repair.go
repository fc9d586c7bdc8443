package sfu

import (
	"time"

	"incamera/sfu/munge"
)

const (
	// historySize is how many packets can be asked for again: more than a
	// second of the largest layer. A power of two, so that it divides 1<<16.
	historySize = 1024
	// maxResends is how often one packet is sent again. Who misses it that
	// often does not need it any more, and must not make us a flood.
	maxResends = 3
	// resendAfter is within what time a repeated NACK is the same one: below
	// the shortest interval at which browsers repeat theirs.
	resendAfter = 20 * time.Millisecond
	// giveUpFor is for how long a subscriber that asked for a key frame gets no
	// old packets, which would only delay it. It ends when the key frame comes.
	giveUpFor = time.Second
)

// sent remembers what went out under a sequence number: 40 bytes, while the
// packet itself is once in the layer's ring.
type sent struct {
	in      *incoming // nil: nothing
	seq     uint64    // incoming, extended
	out     munge.Out
	at      uint32 // of the latest resend, in ms since start; 0: never
	resends uint8
}

// repair is the memory of one seat for retransmissions. Not safe for
// concurrent use.
type repair struct {
	start   time.Time
	history *[historySize]sent // nil until something was sent
	first   uint16             // outgoing number of the latest key frame's first packet
	gaveUp  time.Time          // when a key frame was asked for; zero: it has come
	rtxSeq  uint16             // of the latest retransmission
	latest  uint16             // outgoing number that was sent latest
	back    uint16             // how far before it the latest packet of a probe was
}

func (r *repair) note(s sent) {
	if r.history == nil {
		r.history, r.start = new([historySize]sent), time.Now()
	}
	r.history[s.out.Seq%historySize] = s
	r.latest = s.out.Seq
}

// probeBack is how many of the latest packets probes repeat: a few frames.
const probeBack = 64

// probe returns a packet to repeat that is not missed, going back from the latest
// over and over; nil when there is none.
func (r *repair) probe() *sent {
	if r.history == nil {
		return nil
	}
	for range probeBack {
		r.back = (r.back + 1) % probeBack
		h := &r.history[(r.latest-r.back)%historySize]
		if h.in != nil && h.out.Seq == r.latest-r.back {
			return h
		}
	}
	return nil
}

// forget lets go of the layers of a source that has left the seat.
func (r *repair) forget() {
	if r.history != nil {
		clear(r.history[:])
	}
}

// keyFrame notes that a key frame begins at this number: what was before is of
// no use to anybody.
func (r *repair) keyFrame(seq uint16) { r.first, r.gaveUp = seq, time.Time{} }

// givenUp notes that the subscriber waits for a key frame.
func (r *repair) givenUp(now time.Time) { r.gaveUp = now }

// find returns what was sent as seq if it is to be sent again, else nil.
func (r *repair) find(seq uint16, now time.Time) *sent {
	if r.history == nil || int16(seq-r.first) < 0 {
		return nil
	}
	if !r.gaveUp.IsZero() && now.Sub(r.gaveUp) < giveUpFor {
		return nil
	}
	h := &r.history[seq%historySize]
	if h.in == nil || h.out.Seq != seq || h.resends >= maxResends {
		return nil
	}
	if h.resends > 0 && r.sinceStart(now)-h.at < uint32(resendAfter/time.Millisecond) {
		return nil
	}
	return h
}

// resent notes that h was sent again because it was asked for.
func (r *repair) resent(h *sent, now time.Time) {
	h.resends++
	h.at = r.sinceStart(now)
}

// next returns the number of the next packet of the retransmission stream.
func (r *repair) next() uint16 {
	r.rtxSeq++
	return r.rtxSeq
}

func (r *repair) sinceStart(now time.Time) uint32 { return uint32(now.Sub(r.start).Milliseconds()) }
