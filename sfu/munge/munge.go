// Package munge makes one continuous RTP stream out of many: whoever is on a
// seat, its sequence numbers, timestamps and picture ids go on without a gap
// or a repeat.
//
// A number is never used twice for different packets. The SRTP keys of a
// subscriber depend on it (RFC 7714 §8.1: same index, same nonce).
package munge

import (
	"slices"
	"time"
)

// In is an incoming packet's numbers.
type In struct {
	Seq         uint64 // extended
	Timestamp   uint32
	PictureBits uint8 // of PictureID: 7, 15, or 0 when the packet has none
	PictureID   uint16
	TL0         uint8
	KeyIdx      uint8 // 5 bits
}

// Out is what goes on the wire instead. The picture id has as many bits as that
// of the incoming packet.
type Out struct {
	Timestamp uint32
	Seq       uint16
	PictureID uint16
	TL0       uint8
	KeyIdx    uint8
}

// maxDrops is how many packets can be taken out of a stream before packets
// older than the first of them are no longer told apart.
const maxDrops = 32

// maxPause bounds the time that a switch adds: beyond a minute its length says
// nothing to a receiver, and a timestamp must not wrap.
const maxPause = time.Minute

// A Stream is the outgoing side of one seat. The zero value is not ready: use
// [New]. Not safe for concurrent use. Each In.Seq of a source may be given
// once: the caller drops duplicates.
type Stream struct {
	clock float64 // ticks per second

	started bool
	first   uint64   // lowest incoming number that belongs to the current source
	highest uint64   // incoming, the highest taken
	offset  uint64   // from the highest to its outgoing number
	drops   []uint64 // incoming numbers taken out, ascending; later ones have a lower offset

	timestamp       uint32 // outgoing, of the highest
	timestampOffset uint32
	sentAt          time.Time

	pictureIn, pictureOut uint16 // of the highest that has one
	tl0, keyIdx           uint8  // outgoing, of the highest
	tl0Offset             uint8
	keyIdxOffset          uint8
}

// New returns a stream whose first packet comes after seq and timestamp.
func New(clockRate uint32, seq uint16, timestamp uint32) *Stream {
	return &Stream{
		clock: float64(clockRate), highest: 1<<16 + uint64(seq), timestamp: timestamp,
		drops: make([]uint64, 0, maxDrops),
	}
}

// A Hint is the timestamp that the packet of a switch would have if it was of
// the source that was there before.
type Hint struct {
	Timestamp uint32
	Known     bool
}

// maxHintError is how far a hint may be from the time that has passed.
const maxHintError = time.Second

// Switch makes in the first packet of another source or layer: it is sent as
// the next packet, at the hinted time, or else later by the time that has
// passed; by at least one tick.
func (s *Stream) Switch(in In, now time.Time, hint Hint) {
	s.timestampOffset = s.timestamp + s.advance(now, hint) - in.Timestamp
	s.offset += s.highest + 1 - in.Seq
	s.first, s.highest = in.Seq, in.Seq-1
	s.drops = s.drops[:0]
	s.pictureIn, s.pictureOut = in.PictureID-1, s.pictureOut&0x7fff
	s.tl0Offset = s.tl0 + 1 - in.TL0
	s.keyIdxOffset = s.keyIdx + 1 - in.KeyIdx
	s.started = true
}

// advance returns by how many ticks the first packet of another source is
// later than the latest.
func (s *Stream) advance(now time.Time, hint Hint) uint32 {
	if !s.started {
		return 1
	}
	passed := min(max(now.Sub(s.sentAt), 0), maxPause).Seconds() * s.clock
	if hint.Known {
		hinted := float64(int32(hint.Timestamp + s.timestampOffset - s.timestamp))
		if tolerance := maxHintError.Seconds() * s.clock; hinted > passed-tolerance && hinted < passed+tolerance {
			return uint32(max(1, hinted))
		}
	}
	return uint32(max(1, passed))
}

// Rewrite numbers a packet of the current source. It reports false for one
// from before the switch, or that was taken out.
func (s *Stream) Rewrite(in In, now time.Time) (out Out, ok bool) {
	if !s.started || in.Seq < s.first {
		return out, false
	}
	at, dropped := slices.BinarySearch(s.drops, in.Seq)
	if dropped {
		return out, false
	}
	out = Out{
		Seq:       uint16(in.Seq + s.offset + uint64(len(s.drops)-at)),
		Timestamp: in.Timestamp + s.timestampOffset,
		TL0:       in.TL0 + s.tl0Offset,
		KeyIdx:    (in.KeyIdx + s.keyIdxOffset) & 0x1f,
	}
	if in.PictureBits > 0 {
		unused := 16 - in.PictureBits
		// The difference to the highest, as a signed number of that many bits.
		out.PictureID = (s.pictureOut + uint16(int16((in.PictureID-s.pictureIn)<<unused)>>unused)) & 0x7fff
	}
	if in.Seq > s.highest {
		s.highest, s.timestamp, s.sentAt = in.Seq, out.Timestamp, now
		s.tl0, s.keyIdx = out.TL0, out.KeyIdx
		if in.PictureBits > 0 {
			s.pictureIn, s.pictureOut = in.PictureID, out.PictureID
		}
	}
	if in.PictureBits == 7 {
		out.PictureID &= 0x7f
	}
	return out, true
}

// Timestamp maps a timestamp of the current source.
func (s *Stream) Timestamp(in uint32) (out uint32, ok bool) {
	return in + s.timestampOffset, s.started
}

// Drop takes a packet that carries nothing out of the stream, so that it leaves
// no gap. One that is late stays a gap: what came after it has its number.
func (s *Stream) Drop(seq uint64) {
	if !s.started || seq <= s.highest || seq < s.first {
		return
	}
	if len(s.drops) == maxDrops {
		s.first = s.drops[0] + 1 // what is older can no longer be numbered
		s.drops = slices.Delete(s.drops, 0, 1)
	}
	s.drops = append(s.drops, seq)
	s.highest = seq
	s.offset--
}
