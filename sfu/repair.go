package sfu

import (
	"time"

	"incamera/sfu/munge"
)

const (
	// historySize is how many packets can be asked for again at most, and
	// firstHistory how many to begin with: more than a second of the largest
	// layer, and of the smallest. Powers of two, so that they divide 1<<16.
	historySize  = 1024
	firstHistory = 64
	// historyFor is for how long packets are remembered if they are not too many.
	// Shorter, and what is missed over a slow network cannot be had again;
	// longer, and each picture that somebody watches takes more memory.
	historyFor = 2 * time.Second
	// maxResends is how often one packet is sent again. Who misses it that
	// often does not need it any more, and must not make us a flood.
	maxResends = 3
	// resendAfter is within what time a repeated NACK is the same one: below
	// the shortest interval at which browsers repeat theirs.
	resendAfter = 20 * time.Millisecond
	// resendTrips is within what share of a round trip it is, as it was sent before
	// the answer can have come: a whole one, but for how long subscribers wait to tell
	// of packets, by which round trips are measured too long. mostResendAfter bounds
	// it where one was measured that is none.
	resendTrips     = 0.75
	mostResendAfter = 500 * time.Millisecond
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
	at      uint32 // when it was sent latest, in ms since start
	resends uint8
	marker  bool // a picture ended with it
}

// repair is the memory of one seat for retransmissions. Not safe for
// concurrent use.
type repair struct {
	start   time.Time
	history []sent        // by outgoing number; nil until something was sent
	first   uint16        // outgoing number of the latest key frame's first packet
	gaveUp  time.Time     // when a key frame was asked for; zero: it has come
	rtxSeq  uint16        // of the latest retransmission
	latest  uint16        // outgoing number that was sent latest
	trip    time.Duration // round trip to the subscriber; 0: not known
	back    uint16        // how far before it the latest packet of a probe was
}

// note remembers a packet. The memory grows with the rate of the layer, so that
// it holds what was sent within historyFor.
func (r *repair) note(s sent, now time.Time) {
	if r.history == nil {
		r.history, r.start = make([]sent, firstHistory), now
	}
	s.at = r.sinceStart(now)
	h := r.place(s.out.Seq)
	for len(r.history) < historySize && h.in != nil && h.out.Seq != s.out.Seq && s.at-h.at < uint32(historyFor/time.Millisecond) {
		r.grow()
		h = r.place(s.out.Seq)
	}
	*h = s
	r.latest = s.out.Seq
}

// place returns where a number is remembered, if it is.
func (r *repair) place(seq uint16) *sent { return &r.history[int(seq)%len(r.history)] }

func (r *repair) grow() {
	old := r.history
	r.history = make([]sent, 2*len(old))
	for _, h := range old {
		if h.in != nil {
			*r.place(h.out.Seq) = h
		}
	}
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
		h := r.place(r.latest - r.back)
		if h.in != nil && h.out.Seq == r.latest-r.back {
			return h
		}
	}
	return nil
}

// forget lets go of what was sent of a source that has left the seat.
func (r *repair) forget() { r.history = nil }

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
	h := r.place(seq)
	if h.in == nil || h.out.Seq != seq || h.resends >= maxResends {
		return nil
	}
	again := min(max(resendAfter, time.Duration(resendTrips*float64(r.trip))), mostResendAfter)
	if h.resends > 0 && r.sinceStart(now)-h.at < uint32(again/time.Millisecond) {
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
