package keys

import (
	"fmt"
	"time"

	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
)

// A Sender seals the frames of one participant. Its counters outlive epochs,
// leaves and groups: none is used twice for a KID.
type Sender struct {
	meta     metadata
	epochs   []*sending // oldest first; the last whose time has come is in use
	counters map[uint64]uint64
}

type sending struct {
	number uint64
	leaf   uint32
	from   time.Time
	base   BaseKey
	keys   map[Source]*sframe.Key
}

// NewSender returns a sender for a room, without keys.
func NewSender(room string) *Sender {
	return &Sender{meta: newMetadata(room), counters: map[uint64]uint64{}}
}

// Install takes a new epoch. It is used at once when it removed somebody or
// is the first, otherwise after SwitchDelay.
func (s *Sender) Install(e Epoch, now time.Time) {
	s.Expire(now)
	n := &sending{number: e.Number, leaf: e.Self, from: now, base: e.Base.clone(), keys: map[Source]*sframe.Key{}}
	if len(s.epochs) > 0 && !e.Removed {
		n.from = now.Add(SwitchDelay)
	}
	s.epochs = append(s.epochs, n)
}

// Clear destroys all keys. Nothing is sealed until the next Install.
func (s *Sender) Clear() {
	for _, e := range s.epochs {
		e.wipe()
	}
	s.epochs = nil
}

func (e *sending) wipe() {
	e.base.Wipe()
	clear(e.keys)
}

// Seal returns the bytes to packetise of one frame. The error is ErrNoKey
// while there is no group, ErrEmpty for an empty payload, or says that the
// codec does not fit the source; then nothing is to be sent.
func (s *Sender) Seal(source Source, codec wrap.Codec, keyFrame bool, payload []byte, now time.Time) ([]byte, error) {
	switch {
	case len(payload) == 0:
		return nil, ErrEmpty
	case len(payload) > wrap.MaxPayload || codec < wrap.Opus || codec > wrap.H264 || source.IsPicture() == (codec == wrap.Opus):
		return nil, fmt.Errorf("sealing %d bytes of codec %d for source %d: %w", len(payload), codec, source, ErrMalformed)
	}
	e := s.inUse(now)
	if e == nil {
		return nil, ErrNoKey
	}
	kid := KID(source, e.leaf, e.number)
	key := e.keys[source]
	if key == nil {
		key = newKey(kid, e.base)
		e.keys[source] = key
	}
	bucket := wrap.VideoBucket
	if codec == wrap.Opus {
		bucket = wrap.AudioBucket
	}
	plaintext := wrap.Pad(nil, payload, bucket)
	ctr := s.counters[kid]
	s.counters[kid]++ // before anything can fail
	return wrap.Wrap(nil, codec, keyFrame, key.Seal(nil, ctr, s.meta.of(codec), plaintext)), nil
}

// Expire destroys the keys that a newer epoch has replaced. Call it at Next.
func (s *Sender) Expire(now time.Time) { s.inUse(now) }

// Next is when Expire has something to do, the zero time for never.
func (s *Sender) Next() time.Time {
	if len(s.epochs) < 2 {
		return time.Time{}
	}
	return s.epochs[1].from // later ones are from later on, or were made to be used at once
}

// inUse drops what is older than the epoch to seal with and returns that.
func (s *Sender) inUse(now time.Time) *sending {
	last := -1
	for i, e := range s.epochs {
		if !e.from.After(now) {
			last = i
		}
	}
	if last < 0 {
		return nil
	}
	for _, old := range s.epochs[:last] {
		old.wipe()
	}
	s.epochs = s.epochs[last:]
	return s.epochs[0]
}
