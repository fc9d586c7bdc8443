package sfu

import (
	"sync/atomic"

	"incamera/sfu/delay"
	"incamera/sfu/quality"
	"incamera/sfu/transport"
)

// A Grade says how a connection does: good, limited by its network, or paused.
type Grade = quality.Grade

// Quality is how a connection does, and by what it is hindered.
type Quality struct {
	Grade Grade
	Cause quality.Cause
}

// counters are added to by the packet path while Stats reads them.
type counters struct {
	in, out                      atomic.Uint64
	asked, resent                atomic.Uint64
	malformed, duplicates, stale atomic.Uint64
	unsendable, unwritable       atomic.Uint64
	leftOut                      atomic.Uint64
	requests, coalesced          atomic.Uint64
}

// Stats are totals since the server was made.
type Stats struct {
	PacketsIn, PacketsOut uint64 // media only

	// Not forwarded, by reason.
	Garbage    uint64 // UDP packets of no connection
	Overrun    uint64 // of a publisher, faster than they could be taken
	Malformed  uint64 // RTP that shows no valid beginning of its codec
	Duplicates uint64 // received twice (bandwidth probes), or too late to tell
	Stale      uint64 // of a connection that the publisher has replaced
	Unsendable uint64 // not sent to a subscriber that is not connected yet or lacks the codec
	Unwritable uint64 // could not be sent to a subscriber; those that the kernel did not take are in PacketsOut, too

	Faults uint64 // connections that ended because something of ours panicked

	LeftOut uint64 // of frames that a subscriber's tile or network does without

	Asked             uint64 // packets that subscribers missed (NACK)
	Resent            uint64 // of these, sent again
	KeyFrameRequests  uint64 // sent to publishers (PLI)
	KeyFrameCoalesced uint64 // asked for by subscribers, not sent on at once

	Told transport.Feedbacks // by subscribers, about their networks

	// How long packets were with us: those that were sent on at once, and those that
	// were kept for what subscribers' networks take.
	Forwarded, Paced delay.Counts
}

// Stats returns the totals so far.
func (s *Server) Stats() Stats {
	c := &s.counters
	forwarded, paced := s.transport.Delays()
	return Stats{
		PacketsIn: c.in.Load(), PacketsOut: c.out.Load(),
		Garbage: s.transport.Garbage(), Overrun: s.transport.Overrun(), Malformed: c.malformed.Load(), Duplicates: c.duplicates.Load(),
		Stale: c.stale.Load(), Unsendable: c.unsendable.Load(), Unwritable: c.unwritable.Load() + s.transport.Dropped(),
		Faults: s.transport.Faults(), LeftOut: c.leftOut.Load(),
		Asked: c.asked.Load(), Resent: c.resent.Load(),
		KeyFrameRequests: c.requests.Load(), KeyFrameCoalesced: c.coalesced.Load(),
		Told: s.transport.Told(), Forwarded: forwarded, Paced: paced,
	}
}
