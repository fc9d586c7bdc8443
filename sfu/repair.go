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
	// firstRuns is how many runs of packets there are to begin with, a power of two,
	// too. More, and a small picture takes more memory; fewer, and each grows it.
	firstRuns = 16
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

// sent is what went out under a sequence number. The packet itself is once in the
// layer's ring.
type sent struct {
	in     *incoming
	seq    uint64 // incoming, extended
	out    munge.Out
	marker bool // a picture ended with it
}

// slot is what is remembered of one packet alone. What it has in common with its
// neighbours is remembered once: the eight packets of a usual picture are in two
// lines of a processor's cache, of as many subscribers as there are, and not in five.
type slot struct {
	at      uint32 // when it was sent latest, in ms since start
	run     uint16 // of which run it is, by the low half of that one's number
	resends uint8
	marker  bool
	held    bool // something was sent
}

// maxRun is how many packets are in a run at most: fewer than firstHistory, so that
// each has a slot of its own.
const maxRun = 32

// run is packets in a row of one picture, or frame where it is described: incoming and outgoing numbers follow each
// other, all else is the same.
type run struct {
	in  *incoming // nil: there is none
	seq uint64    // of the first
	out munge.Out // of the first
	n   uint16
}

// goesOn reports whether a packet is the next of the run.
func (r *run) goesOn(s *sent) bool {
	next := r.out
	next.Seq += r.n
	return r.in == s.in && r.n < maxRun && r.seq+uint64(r.n) == s.seq && next == s.out
}

// repair is the memory of one seat for retransmissions. Not safe for
// concurrent use.
type repair struct {
	start  time.Time
	slots  []slot    // by outgoing number; nil until something was sent
	runs   []run     // by their own number; as many as slots need
	run    uint16    // number of the latest
	first  uint16    // outgoing number of the latest key frame's first packet
	gaveUp time.Time // when a key frame was asked for; zero: it has come
	latest uint16    // outgoing number that was sent latest
	back   uint16    // how far before it the latest packet of a probe was
}

// note remembers a packet. The memory grows with the rate of the layer, so that
// it holds what was sent within historyFor.
func (r *repair) note(s *sent, now time.Time) {
	if r.slots == nil {
		r.slots, r.runs, r.start = make([]slot, firstHistory), make([]run, firstRuns), now
	}
	at := r.sinceStart(now)
	h := r.place(s.out.Seq)
	for len(r.slots) < historySize && h.held && at-h.at < uint32(historyFor/time.Millisecond) {
		r.grow()
		h = r.place(s.out.Seq)
	}
	latest := r.runOf(r.run)
	if !latest.goesOn(s) {
		latest = r.begin(s)
	}
	latest.n++
	*h = slot{at: at, run: r.run, marker: s.marker, held: true}
	r.latest = s.out.Seq
}

// begin begins a run, in the place of one whose packets are forgotten.
func (r *repair) begin(s *sent) *run {
	next := r.runOf(r.run + 1)
	for len(r.runs) < len(r.slots) && next.in != nil && s.out.Seq-(next.out.Seq+next.n-1) < uint16(len(r.slots)) {
		old := r.runs
		r.runs = make([]run, 2*len(old))
		for i := range uint16(len(old)) {
			*r.runOf(r.run - i) = old[int(r.run-i)%len(old)]
		}
		next = r.runOf(r.run + 1)
	}
	r.run++
	*next = run{in: s.in, seq: s.seq, out: s.out}
	return next
}

// place returns where a number is remembered, if it is.
func (r *repair) place(seq uint16) *slot { return &r.slots[int(seq)%len(r.slots)] }

func (r *repair) runOf(number uint16) *run { return &r.runs[int(number)%len(r.runs)] }

// get returns what was sent under a number, and what is remembered of it alone, nil
// when it is forgotten or was not sent. A run that has taken the place of the
// packet's own has other numbers.
func (r *repair) get(seq uint16) (s sent, h *slot) {
	if r.slots == nil {
		return s, nil
	}
	h = r.place(seq)
	of := r.runOf(h.run)
	i := seq - of.out.Seq
	if !h.held || of.in == nil || i >= of.n {
		return s, nil
	}
	s = sent{in: of.in, seq: of.seq + uint64(i), out: of.out, marker: h.marker}
	s.out.Seq = seq
	return s, h
}

func (r *repair) grow() {
	old := r.slots
	r.slots = make([]slot, 2*len(old))
	for i := range old {
		h := &old[i]
		of := r.runOf(h.run)
		if nth := (uint16(i) - of.out.Seq) % uint16(len(old)); h.held && nth < of.n {
			*r.place(of.out.Seq + nth) = *h
		}
	}
}

// probeBack is how many of the latest packets probes repeat: a few frames.
const probeBack = 64

// probe returns a packet to repeat that is not missed, going back from the latest
// over and over; ok is false when there is none.
func (r *repair) probe() (s sent, ok bool) {
	for range probeBack {
		r.back = (r.back + 1) % probeBack
		if was, h := r.get(r.latest - r.back); h != nil {
			return was, true
		}
	}
	return s, false
}

// forget lets go of what was sent of a source that has left the seat.
func (r *repair) forget() { r.slots, r.runs = nil, nil }

// keyFrame notes that a key frame begins at this number: what was before is of
// no use to anybody.
func (r *repair) keyFrame(seq uint16) { r.first, r.gaveUp = seq, time.Time{} }

// givenUp notes that the subscriber waits for a key frame.
func (r *repair) givenUp(now time.Time) { r.gaveUp = now }

// find returns what was sent as seq if it is to be sent again. trip is the round trip
// to the subscriber, 0 when it is not known.
func (r *repair) find(seq uint16, trip time.Duration, now time.Time) (s sent, ok bool) {
	if int16(seq-r.first) < 0 {
		return s, false
	}
	if !r.gaveUp.IsZero() && now.Sub(r.gaveUp) < giveUpFor {
		return s, false
	}
	s, h := r.get(seq)
	if h == nil || h.resends >= maxResends {
		return sent{}, false
	}
	again := min(max(resendAfter, time.Duration(resendTrips*float64(trip))), mostResendAfter)
	if h.resends > 0 && r.sinceStart(now)-h.at < uint32(again/time.Millisecond) {
		return sent{}, false
	}
	return s, true
}

// resent notes that what was sent as seq was sent again because it was asked for.
func (r *repair) resent(seq uint16, now time.Time) {
	if _, h := r.get(seq); h != nil {
		h.resends++
		h.at = r.sinceStart(now)
	}
}

func (r *repair) sinceStart(now time.Time) uint32 { return uint32(now.Sub(r.start).Milliseconds()) }
