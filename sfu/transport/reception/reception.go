// Package reception is what a receiver of RTP knows of what has come, in order to
// tell the sender: when each packet came (transport-wide feedback), which are
// missing (NACK), how much is lost and late (receiver reports). Everything is a
// pure function of packets and times.
package reception

import (
	"time"

	"incamera/sfu/munge"
	"incamera/sfu/transport/rtcpx"
)

// Statistics are those of one stream for receiver reports (RFC 3550 §6.4.1,
// appendices A.3 and A.8). The zero value is not ready: use [NewStatistics]. Not
// safe for concurrent use.
type Statistics struct {
	rate   uint32 // ticks per second
	unwrap munge.Unwrapper

	began          bool
	first, highest uint64 // numbers, extended
	received       uint64

	transit int64  // of the latest packet, in ticks, from an origin that says nothing
	jitter  uint32 // in sixteenths of ticks

	reportedExpected, reportedReceived uint64

	report   uint32    // the middle of the time in the latest sender report
	reported time.Time // when that came; zero: none has
}

// NewStatistics returns those of a stream of which nothing has come, whose
// timestamps count that many ticks per second.
func NewStatistics(clockRate uint32) Statistics { return Statistics{rate: clockRate} }

// Note takes a packet, and reports whether it is later than all before.
func (s *Statistics) Note(seq uint16, timestamp uint32, at time.Time) (newest bool) {
	ext, newest := s.unwrap.Unwrap(seq)
	// The difference of two transits is all that counts, so it may wrap.
	transit := int64(uint32(at.UnixMicro()*int64(s.rate)/1e6) - timestamp)
	if !s.began {
		s.began, s.first, s.highest = true, ext, ext
	} else {
		d := int64(int32(uint32(transit - s.transit)))
		if d < 0 {
			d = -d
		}
		s.jitter = uint32(int64(s.jitter) + d - (int64(s.jitter)+8)>>4)
		s.first, s.highest = min(s.first, ext), max(s.highest, ext)
	}
	s.transit = transit
	s.received++
	return newest
}

// NoteReport takes the time of a sender report (RFC 5905 §6).
func (s *Statistics) NoteReport(ntp uint64, at time.Time) {
	s.report, s.reported = uint32(ntp>>16), at
}

// Block returns what is to be told, and begins the time of the next one. ok is
// false when nothing has come since the beginning.
func (s *Statistics) Block(ssrc uint32, now time.Time) (b rtcpx.Block, ok bool) {
	if !s.began {
		return b, false
	}
	expected := s.highest - s.first + 1
	b = rtcpx.Block{SSRC: ssrc, Lost: int32(int64(expected) - int64(s.received)), Highest: uint32(s.highest - 1<<16), Jitter: s.jitter >> 4}
	due, came := expected-s.reportedExpected, s.received-s.reportedReceived
	if due > 0 && came < due {
		b.Fraction = uint8(min(255, (due-came)*256/due))
	}
	s.reportedExpected, s.reportedReceived = expected, s.received
	if !s.reported.IsZero() {
		b.LastSR, b.Delay = s.report, uint32(now.Sub(s.reported)*65_536/time.Second)
	}
	return b, true
}
