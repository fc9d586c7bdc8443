package keys

import (
	"time"

	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
)

// Bounds of what waits for the next epoch: how many epochs ahead it may be,
// and how many frames and bytes of them are kept. Everything else is dropped.
const (
	maxAhead     = 4
	maxHeld      = 256
	maxHeldBytes = 4 << 20
)

// A Frame is what arrived on a seat. Owner and Source are what the seat map
// says of it. ID is the caller's own.
type Frame struct {
	Owner  string // session; empty: nobody
	Source Source
	Codec  wrap.Codec
	Data   []byte // Open takes it over
	ID     int
}

// Opened is a frame that was held and what became of it: a payload or why
// there is none.
type Opened struct {
	Frame   Frame
	Payload []byte
	Err     error
}

// A Receiver opens the frames of the others.
type Receiver struct {
	meta   metadata
	epochs []*receiving // oldest first
	held   []heldFrame  // in order of arrival
	bytes  int
}

type receiving struct {
	number   uint64
	base     BaseKey
	owners   map[uint32]Owner
	withheld map[uint32]Sources
	keys     map[uint64]*opener
	until    time.Time // when the keys are destroyed; zero: not while it is the newest
}

type opener struct {
	key    *sframe.Key
	replay *sframe.Replay
}

// A parsed frame is one out of its wrapper, which can be taken off once.
type parsed struct {
	frame  Frame
	body   []byte
	header sframe.Header
	leaf   uint32
	bits   uint64 // of the epoch
}

type heldFrame struct {
	parsed
	until time.Time
}

// NewReceiver returns a receiver for a room, without keys.
func NewReceiver(room string) *Receiver { return &Receiver{meta: newMetadata(room)} }

// Install takes a new epoch, and returns the frames that waited for it, in the
// order in which they arrived.
func (r *Receiver) Install(e Epoch, now time.Time) []Opened {
	out := r.Expire(now)
	if n := len(r.epochs); n > 0 {
		r.epochs[n-1].until = now.Add(Retention)
	}
	bits := e.Number & epochMask
	for i := 0; i < len(r.epochs); {
		if r.epochs[i].number&epochMask == bits { // its KIDs are taken over
			r.drop(i)
		} else {
			i++
		}
	}
	r.epochs = append(r.epochs, &receiving{number: e.Number, base: e.Base.clone(), owners: e.Owners, withheld: e.Withheld, keys: map[uint64]*opener{}})
	waiting := r.held
	r.held, r.bytes = nil, 0
	for _, h := range waiting {
		if h.bits != bits {
			r.held = append(r.held, h)
			r.bytes += len(h.body)
			continue
		}
		payload, err := r.openIn(r.epochs[len(r.epochs)-1], h.parsed)
		out = append(out, Opened{h.frame, payload, err})
	}
	return out
}

// Clear destroys all keys and frames.
func (r *Receiver) Clear() {
	for len(r.epochs) > 0 {
		r.drop(0)
	}
	r.held, r.bytes = nil, 0
}

func (r *Receiver) drop(i int) {
	r.epochs[i].base.Wipe()
	clear(r.epochs[i].keys)
	r.epochs = append(r.epochs[:i], r.epochs[i+1:]...)
}

// Expire destroys the keys whose time is over, and returns the frames that
// waited in vain. Call it at Next.
func (r *Receiver) Expire(now time.Time) (out []Opened) {
	r.destroy(now)
	for len(r.held) > 0 && !r.held[0].until.After(now) {
		out = append(out, Opened{Frame: r.held[0].frame, Err: ErrNoKey})
		r.bytes -= len(r.held[0].body)
		r.held = r.held[1:]
	}
	return out
}

// Next is when Expire has something to do, the zero time for never.
func (r *Receiver) Next() (at time.Time) {
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, e := range r.epochs {
		sooner(e.until)
	}
	if len(r.held) > 0 {
		sooner(r.held[0].until)
	}
	return at
}

// Open returns the payload of a frame, or one of the errors of this package.
// With ErrHeld the frame is kept, and comes back from Install or Expire.
func (r *Receiver) Open(f Frame, now time.Time) ([]byte, error) {
	r.destroy(now)
	p, err := parse(f)
	if err != nil {
		return nil, err
	}
	e := r.epoch(p.bits)
	if e == nil {
		return nil, r.hold(p, now)
	}
	return r.openIn(e, p)
}

func parse(f Frame) (parsed, error) {
	if len(f.Data) == 0 {
		return parsed{}, ErrEmpty
	}
	body, err := wrap.Unwrap(f.Codec, f.Data)
	if err != nil {
		return parsed{}, ErrMalformed
	}
	h, err := sframe.ParseHeader(body)
	if err != nil {
		return parsed{}, ErrMalformed
	}
	source, leaf, bits, ok := parseKID(h.KID)
	if !ok || f.Source.IsPicture() == (f.Codec == wrap.Opus) {
		return parsed{}, ErrMalformed
	}
	if source != f.Source || f.Owner == "" {
		return parsed{}, ErrWrongOwner
	}
	return parsed{f, body, h, leaf, bits}, nil
}

// openIn opens a frame with the key of its epoch. Its owner must be there now,
// and must have been on that leaf then.
func (r *Receiver) openIn(e *receiving, p parsed) ([]byte, error) {
	newest := r.epochs[len(r.epochs)-1]
	owner, known := newest.owners[p.leaf]
	if !known || owner.Session != p.frame.Owner || e.owners[p.leaf] != owner {
		return nil, ErrWrongOwner
	}
	if newest.withheld[p.leaf].Has(p.frame.Source) {
		return nil, ErrWithheld
	}
	o := e.keys[p.header.KID]
	if o == nil {
		window := sframe.ReplayAudio
		if p.frame.Source.IsPicture() {
			window = sframe.ReplayVideo
		}
		o = &opener{newKey(p.header.KID, e.base), sframe.NewReplay(window)}
		e.keys[p.header.KID] = o
	}
	if !o.replay.Check(p.header.CTR) {
		return nil, ErrReplay
	}
	plaintext, err := o.key.Open(nil, r.meta.of(p.frame.Codec), p.body)
	if err != nil {
		return nil, ErrBadTag
	}
	o.replay.Mark(p.header.CTR)
	payload, err := wrap.Unpad(plaintext)
	switch {
	case err != nil:
		return nil, ErrMalformed
	case len(payload) == 0:
		return nil, ErrEmpty
	}
	return payload, nil
}

// destroy drops keys only; the frames that wait are for Expire to return.
func (r *Receiver) destroy(now time.Time) {
	for i := 0; i < len(r.epochs); {
		if u := r.epochs[i].until; !u.IsZero() && !u.After(now) {
			r.drop(i)
		} else {
			i++
		}
	}
}

func (r *Receiver) epoch(bits uint64) *receiving {
	for _, e := range r.epochs {
		if e.number&epochMask == bits {
			return e
		}
	}
	return nil
}

func (r *Receiver) hold(p parsed, now time.Time) error {
	if len(r.epochs) == 0 {
		return ErrNoKey
	}
	ahead := (p.bits - r.epochs[len(r.epochs)-1].number) & epochMask
	if ahead > maxAhead || len(r.held) >= maxHeld || r.bytes+len(p.body) > maxHeldBytes {
		return ErrNoKey
	}
	r.held = append(r.held, heldFrame{p, now.Add(Hold)})
	r.bytes += len(p.body)
	return ErrHeld
}
