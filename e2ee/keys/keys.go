// Package keys seals and opens the frames of a meeting (PROTOCOL.md part 3).
//
// From the base key of each epoch follows one key for each member and source.
// A [Sender] seals with those of its own leaf, a [Receiver] opens with those of
// everybody else. Both fail closed: without the right key, nothing comes out.
//
// Nothing here has a clock or a goroutine; now is passed in and only grows.
// Senders and receivers are not safe for concurrent use.
package keys

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
)

// The times of a change of keys. A shorter SwitchDelay drops frames at members
// that are behind; a longer one keeps newcomers waiting. A longer Retention
// keeps frames open to whoever steals a key later.
const (
	SwitchDelay = 500 * time.Millisecond
	Hold        = 500 * time.Millisecond
	Retention   = 10 * time.Second
)

// What a KID is made of.
const (
	epochBits = 6
	leafBits  = 10
	epochMask = 1<<epochBits - 1
	leafMask  = 1<<leafBits - 1

	// MaxLeaf is the highest leaf whose frames can be named.
	MaxLeaf = leafMask
)

// A Source is what a frame shows, as it stands in the KID.
type Source uint8

// The sources.
const (
	Mic Source = iota
	Camera
	Screen
	ScreenAudio
)

// IsPicture reports whether the source is video.
func (s Source) IsPicture() bool { return s == Camera || s == Screen }

// Sources is a set of them, a bit each.
type Sources uint8

// Of returns a set.
func Of(list ...Source) (s Sources) {
	for _, source := range list {
		s |= 1 << source
	}
	return s
}

// Has reports whether a source is in the set.
func (s Sources) Has(source Source) bool { return s>>source&1 == 1 }

// KID names the key of a leaf's source in an epoch.
func KID(s Source, leaf uint32, epoch uint64) uint64 {
	if leaf > MaxLeaf {
		panic(fmt.Sprintf("keys: leaf %d has no KID", leaf))
	}
	return uint64(s)<<(leafBits+epochBits) | uint64(leaf)<<epochBits | epoch&epochMask
}

// parseKID is the inverse; ok is false for what is no KID of ours.
func parseKID(kid uint64) (s Source, leaf uint32, bits uint64, ok bool) {
	context := kid >> (leafBits + epochBits)
	return Source(context), uint32(kid >> epochBits & leafMask), kid & epochMask, context <= uint64(ScreenAudio)
}

// BaseKeySize is the length of a base key in bytes.
const BaseKeySize = 16

// A BaseKey is the frame secret of one epoch. It cannot be printed. The
// function keeps the bytes from fmt, which follows pointers in unexported
// fields.
type BaseKey struct{ reveal func() []byte }

// NewBaseKey takes over b, which must be 16 bytes and is wiped in the end.
func NewBaseKey(b []byte) BaseKey {
	if len(b) != BaseKeySize {
		panic(fmt.Sprintf("keys: a base key of %d bytes", len(b)))
	}
	return BaseKey{func() []byte { return b }}
}

// clone returns a base key that is wiped on its own.
func (k BaseKey) clone() BaseKey { return NewBaseKey(append([]byte(nil), k.reveal()...)) }

// Wipe destroys the key.
func (k BaseKey) Wipe() { clear(k.reveal()) }

// Format prints that there is a secret, whatever the verb.
func (BaseKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }

// LogValue says that there is a secret.
func (BaseKey) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText says that there is a secret.
func (BaseKey) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// An Owner is who is on a leaf. Member is new with each leaf, so that who
// comes to sit where somebody else sat is told apart.
type Owner struct {
	Session string
	Member  [16]byte
}

// An Epoch is what the group says about one of its epochs.
type Epoch struct {
	Number uint64
	Base   BaseKey // copied, and the copies are wiped; the caller wipes its own
	Self   uint32  // own leaf
	Owners map[uint32]Owner
	// Withheld are those sources of a leaf that nobody is to see or hear, by
	// the room's policy. Who is missing may send all.
	Withheld map[uint32]Sources
	Removed  bool // the commit into this epoch removed somebody
}

// Why a frame does not come out. Held means that it may come out later.
var (
	ErrNoKey      = errors.New("no key for the frame")
	ErrWrongOwner = errors.New("the frame is not of who is on the seat")
	ErrWithheld   = errors.New("the frame is of a source that its owner may not send")
	ErrBadTag     = errors.New("the frame is not authentic")
	ErrReplay     = errors.New("the frame was seen before, or is too old")
	ErrMalformed  = errors.New("the frame is malformed")
	ErrEmpty      = errors.New("the frame is empty")
	ErrHeld       = errors.New("the frame waits for its epoch")
)

// metadata is what a frame is bound to beside its header (PROTOCOL.md 3.2).
type metadata [17 + sha256.Size + 1]byte

func newMetadata(room string) (m metadata) {
	sum := sha256.Sum256([]byte(room))
	copy(m[copy(m[:], "incamera frame v1"):], sum[:])
	return m
}

func (m *metadata) of(c wrap.Codec) []byte {
	m[len(m)-1] = byte(c)
	return m[:]
}

func newKey(kid uint64, base BaseKey) *sframe.Key {
	k, err := sframe.NewKey(sframe.AES128GCM, kid, base.reveal())
	if err != nil {
		panic("keys: deriving a frame key: " + err.Error())
	}
	return k
}
