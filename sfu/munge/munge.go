// Package munge makes one continuous RTP stream out of many: whoever is on a
// seat, its sequence numbers, timestamps and picture ids go on without a gap
// or a repeat.
package munge

import "time"

// An Unwrapper extends 16-bit sequence numbers to 64 bits. The zero value is
// ready. Not safe for concurrent use.
type Unwrapper struct {
	started bool
	highest uint64
}

// Unwrap returns the extended number of seq: the one closest to the highest
// so far. The first starts at 1<<16 + seq, so that earlier ones stay positive.
func (u *Unwrapper) Unwrap(seq uint16) (ext uint64, newest bool) {
	if !u.started {
		u.started, u.highest = true, 1<<16+uint64(seq)
		return u.highest, true
	}
	ext = uint64(int64(u.highest) + int64(int16(seq-uint16(u.highest))))
	if ext > u.highest {
		u.highest = ext
		return ext, true
	}
	return ext, false
}

// A Window tells duplicates among the latest numbers. The zero value is ready.
// Not safe for concurrent use.
type Window struct {
	highest uint64
	bits    [16]uint64 // one bit for each of the latest 1024
}

// Fresh reports whether ext is seen for the first time, and notes it. Numbers
// older than the window are not fresh.
func (w *Window) Fresh(ext uint64) bool {
	const size = uint64(len(w.bits)) * 64
	switch {
	case ext > w.highest:
		for n := max(w.highest+1, ext-min(ext, size-1)); n <= ext; n++ {
			w.bits[n/64%16] &^= 1 << (n % 64)
		}
		w.highest = ext
	case w.highest-ext >= size:
		return false
	}
	bit := uint64(1) << (ext % 64)
	if w.bits[ext/64%16]&bit != 0 {
		return false
	}
	w.bits[ext/64%16] |= bit
	return true
}

// In is an incoming packet's numbers.
type In struct {
	Seq       uint64 // extended
	Timestamp uint32
	PictureID uint16 // 15 bits; only when the stream has them
	TL0       uint8
}

// Out is what goes on the wire instead.
type Out struct {
	Seq       uint16
	Timestamp uint32
	PictureID uint16
	TL0       uint8
}

// A Stream is the outgoing side of one seat. The zero value is not ready: use
// New. Not safe for concurrent use.
type Stream struct {
	clock float64 // ticks per second

	started         bool
	first           uint64 // lowest incoming number that belongs to the current source
	seqOffset       uint64
	timestampOffset uint32
	pictureOffset   uint16
	tl0Offset       uint8

	highest   uint64 // outgoing, extended
	timestamp uint32 // of the newest packet sent
	sentAt    time.Time
	picture   uint16
	tl0       uint8
}

// New returns a stream that begins at seq and timestamp.
func New(clockRate uint32, seq uint16, timestamp uint32) *Stream {
	return &Stream{clock: float64(clockRate), highest: 1<<16 + uint64(seq), timestamp: timestamp}
}

// Switch makes in the first packet of another source or layer: it is sent as
// the next packet, later by the time that has passed (at least one tick).
func (s *Stream) Switch(in In, now time.Time) {
	next := s.highest + 1
	ticks := uint32(1)
	if s.started {
		// A long pause must not wrap the timestamp: beyond a minute its length says nothing.
		passed := min(max(now.Sub(s.sentAt), 0), time.Minute)
		ticks = max(1, uint32(passed.Seconds()*s.clock))
	}
	s.started = true
	s.first = in.Seq
	s.seqOffset = next - in.Seq
	s.timestampOffset = s.timestamp + ticks - in.Timestamp
	s.pictureOffset = s.picture + 1 - in.PictureID
	s.tl0Offset = s.tl0 + 1 - in.TL0
}

// Rewrite numbers a packet of the current source. It reports false for one
// from before the switch.
func (s *Stream) Rewrite(in In, now time.Time) (out Out, ok bool) {
	if !s.started || in.Seq < s.first {
		return out, false
	}
	ext := in.Seq + s.seqOffset
	out = Out{
		Seq:       uint16(ext),
		Timestamp: in.Timestamp + s.timestampOffset,
		PictureID: (in.PictureID + s.pictureOffset) & 0x7fff,
		TL0:       in.TL0 + s.tl0Offset,
	}
	if ext > s.highest {
		s.highest, s.timestamp, s.sentAt = ext, out.Timestamp, now
		s.picture, s.tl0 = out.PictureID, out.TL0
	}
	return out, true
}

// Timestamp maps a timestamp of the current source.
func (s *Stream) Timestamp(in uint32) (uint32, bool) { return in + s.timestampOffset, s.started }

// Drop takes a packet out of the stream that carries nothing, so that it
// leaves no gap. It works for the next packet only; another stays a gap.
func (s *Stream) Drop(in In) {
	if s.started && in.Seq+s.seqOffset == s.highest+1 {
		s.seqOffset--
		s.first = in.Seq + 1
	}
}
