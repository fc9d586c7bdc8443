// Package munge makes one continuous RTP stream out of many: whoever is on a
// seat, its sequence numbers, timestamps and picture ids go on without a gap
// or a repeat.
//
// A number is never used twice for different packets. The SRTP keys of a
// subscriber depend on it (RFC 7714 §8.1: same index, same nonce).
package munge

import "time"

// In is an incoming packet's numbers.
type In struct {
	Seq         uint64 // extended
	Timestamp   uint32
	PictureBits uint8 // of PictureID: 7, 15, or 0 when the packet has none
	PictureID   uint16
	TL0         uint8
	KeyIdx      uint8 // 5 bits
	// Apart: pictures tell by their ids which others they need, so that ids keep
	// their distances (VP9, RFC 9628 §4.2), also where some are taken out.
	Apart bool
	// Timed: pictures have no ids, and are told apart by their timestamps (AV1).
	Timed bool
	// Described: the frame has a number, Frame, by which others say which they need
	// (AV1 RTP specification, A.2).
	Described bool
	Frame     uint16
	Key       bool // no frame from before it is needed any more
}

// Out is what goes on the wire instead. The picture id has as many bits as that
// of the incoming packet; of one that is described it is the frame's number.
type Out struct {
	Timestamp uint32
	Seq       uint16
	PictureID uint16
	TL0       uint8
	KeyIdx    uint8
	Described bool // PictureID is the frame's number
}

const (
	// mostAhead and mostBehind bound how far a frame's number is from the highest one:
	// more than is lost, or late, while a connection lasts. Receivers take each number
	// for the one that is nearest to the latest. Whoever led them half a circle away
	// would have them drop what others send on the seat after him.
	mostAhead  = 1 << 13
	mostBehind = 1 << 10
)

// maxPause bounds the time that a switch adds: beyond a minute its length says
// nothing to a receiver, and a timestamp must not wrap.
const maxPause = time.Minute

// A Stream is the outgoing side of one seat. The zero value is not ready: use
// [New]. Not safe for concurrent use. Each In.Seq of a source may be given
// once: the caller drops duplicates.
type Stream struct {
	clock float64 // ticks per second

	started         bool
	packets         sequence
	pictures        sequence // of picture ids, extended
	times           sequence // of pictures that are timed: timestamps, extended
	apart           bool     // they keep their distances,
	pictureOffset   uint64   // this to outgoing ones
	timestamp       uint32   // outgoing, of the highest
	timestampOffset uint32
	sentAt          time.Time

	frame       uint16 // outgoing number, the highest
	frameOffset uint16
	described   bool // the offset is of this source

	tl0, keyIdx  uint8 // outgoing, of the highest
	tl0Offset    uint8
	keyIdxOffset uint8
}

// New returns a stream whose first packet comes after seq and timestamp.
func New(clockRate uint32, seq uint16, timestamp uint32) *Stream {
	return &Stream{
		clock: float64(clockRate), timestamp: timestamp,
		packets: sequence{highest: 1<<16 + uint64(seq)},
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
	s.packets.begin(in.Seq)
	if s.apart {
		s.pictures.offset = s.pictureOffset
	}
	s.pictures.begin(firstPicture + uint64(in.PictureID))
	s.times.begin(firstTime + uint64(in.Timestamp))
	s.apart, s.pictureOffset = in.Apart, s.pictures.offset
	s.described = false
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

// firstPicture and firstTime keep picture ids and timestamps from before the first
// one of a source positive.
const (
	firstPicture = 1 << 20
	firstTime    = 1 << 40
)

// picture returns what tells a packet's picture apart, and among which others: its
// id, or its timestamp, extended: it is the one closest to the highest.
func (s *Stream) picture(in In) (ext uint64, of *sequence) {
	if in.Timed {
		return s.times.highest + uint64(int64(int32(in.Timestamp-uint32(s.times.highest)))), &s.times
	}
	unused := 16 - in.PictureBits
	// The difference to the highest, as a signed number of that many bits.
	return s.pictures.highest + uint64(int64(int16((in.PictureID-uint16(s.pictures.highest))<<unused)>>unused)), &s.pictures
}

// Rewrite numbers a packet of the current source. It reports false for one
// from before the switch, or that was taken out, or whose picture was, or whose frame
// has a number that nobody gives it.
func (s *Stream) Rewrite(in In, now time.Time) (out Out, ok bool) {
	if !s.started || in.Seq < s.packets.first {
		return out, false
	}
	seq, ok := s.packets.number(in.Seq)
	if !ok {
		return out, false
	}
	frame := uint16(0)
	if in.Described {
		if frame, ok = s.number(in); !ok {
			return out, false
		}
	}
	out = Out{
		Seq:       uint16(seq),
		Timestamp: in.Timestamp + s.timestampOffset,
		TL0:       in.TL0 + s.tl0Offset,
		KeyIdx:    (in.KeyIdx + s.keyIdxOffset) & 0x1f,
	}
	if in.PictureBits > 0 || in.Timed {
		ext, of := s.picture(in)
		id, ok := of.number(ext)
		if !ok {
			return Out{}, false
		}
		of.highest = max(of.highest, ext)
		if s.apart {
			id = ext + s.pictureOffset
		}
		out.PictureID = uint16(id) & 0x7fff
		if in.PictureBits == 7 {
			out.PictureID &= 0x7f
		}
	}
	if in.Described {
		out.PictureID, out.Described = frame, true
		if int16(frame-s.frame) > 0 {
			s.frame = frame
		}
	}
	if in.Seq > s.packets.highest {
		s.packets.highest, s.timestamp, s.sentAt = in.Seq, out.Timestamp, now
		s.tl0, s.keyIdx = out.TL0, out.KeyIdx
	}
	return out, true
}

// number returns the outgoing number of a frame. Those of a source keep their distances,
// also where some are left out: they say by them which others they need. It reports
// false for one that is too far from all others; a key frame, which needs none, begins
// anew instead, as one whose sender has begun to count anew.
func (s *Stream) number(in In) (out uint16, ok bool) {
	ahead := int16(in.Frame + s.frameOffset - s.frame)
	near := ahead <= mostAhead && ahead >= -mostBehind
	if !s.described || in.Key && !near {
		s.described, s.frameOffset, near = true, s.frame+1-in.Frame, true
	}
	return in.Frame + s.frameOffset, near
}

// An Age says how a packet's picture stands to those before.
type Age uint8

// The ages.
const (
	Newer  Age = iota // than all before
	Newest            // another packet of it was sent
	Older             // than the newest; it may have been sent
	Skipped
)

// Age returns that of a packet's picture, by its id or its timestamp.
func (s *Stream) Age(in In) Age {
	ext, of := s.picture(in)
	if ext > of.highest {
		return Newer
	}
	if _, kept := of.number(ext); !kept {
		return Skipped
	}
	if ext == of.highest {
		return Newest
	}
	return Older
}

// Skip takes a packet of a picture out that is not to be sent, and the picture:
// what follows has its place, so that a receiver misses neither (RFC 7741 §4.2:
// it takes a gap in picture ids for a loss; those of pictures that are apart keep
// theirs). A packet that is late has left a gap, which is reported: whoever
// receives waits for that number, so that it is to be sent with nothing in it.
func (s *Stream) Skip(in In) (gap Out, late bool) {
	if !s.started || in.Seq < s.packets.first {
		return gap, false
	}
	picture, of := s.picture(in)
	of.take(picture) // if it is new: else it is out, or has left a gap
	if s.packets.take(in.Seq) {
		return gap, false
	}
	seq, ok := s.packets.number(in.Seq)
	return Out{Seq: uint16(seq), Timestamp: in.Timestamp + s.timestampOffset}, ok
}

// Timestamp maps a timestamp of the current source.
func (s *Stream) Timestamp(in uint32) (out uint32, ok bool) {
	return in + s.timestampOffset, s.started
}

// Drop takes a packet that carries nothing out of the stream, so that it leaves
// no gap. One that is late stays a gap: what came after it has its number.
func (s *Stream) Drop(seq uint64) {
	if s.started {
		s.packets.take(seq)
	}
}
