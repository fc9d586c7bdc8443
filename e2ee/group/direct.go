package group

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"incamera/e2ee/link"
)

// Direct messages (PROTOCOL.md 2.7): HPKE in base mode to a key that the
// recipient has said in its State. The PrivateMessage around it says, signed,
// who the sender is; the info binds the box to both, so that nobody can pass on
// another's box as his own.

const (
	directLabel = "incamera direct v1\x00"
	encSize     = 32
	tagSize     = 16
	// directLeast is the size of a box with the smallest plaintext.
	directLeast = encSize + tagSize + 4
)

var (
	directKEM  = hpke.DHKEM(ecdh.X25519())
	directKDF  = hpke.HKDFSHA256()
	directAEAD = hpke.AES128GCM()
)

// A DirectKey opens what is sealed to one leaf. It lives as long as the leaf.
type DirectKey struct{ private hpke.PrivateKey }

// NewDirectKey returns a fresh key.
func NewDirectKey() (*DirectKey, error) {
	k, err := directKEM.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("making a key for direct messages: %w", err)
	}
	return &DirectKey{k}, nil
}

// Public returns the key to say in a State.
func (k *DirectKey) Public() string { return hex.EncodeToString(k.private.PublicKey().Bytes()) }

func directInfo(room link.Room, from, to string) []byte {
	b := []byte(directLabel + string(room))
	for _, s := range []string{from, to} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

// SealDirect seals a Chat or a File from one session to the key of another.
func SealDirect(room link.Room, from, to, key string, a App) (Direct, error) {
	fail := func(err error) (Direct, error) {
		return Direct{}, fmt.Errorf("saying something to one person: %w", err)
	}
	switch a.(type) {
	case Chat, File:
	default:
		return fail(errors.New("it is for everybody"))
	}
	b, err := EncodeApp(a)
	if err != nil {
		return fail(err)
	}
	raw, err := hex.DecodeString(key)
	if err != nil {
		return fail(errors.New("no key"))
	}
	public, err := directKEM.NewPublicKey(raw)
	if err != nil {
		return fail(err)
	}
	enc, sender, err := hpke.NewSender(public, directKDF, directAEAD, directInfo(room, from, to))
	if err != nil {
		return fail(err)
	}
	ct, err := sender.Seal(nil, fillDirect(b))
	if err != nil {
		return fail(err)
	}
	return Direct{base64.StdEncoding.EncodeToString(append(enc, ct...))}, nil
}

// directFrame is how much is around the box in JSON, in bytes.
const directFrame = len(`{"kind":"direct","box":""}`)

// fillDirect pads what is said so that the message around the box is a
// multiple of appStep, filled to the last byte that base64 can: the others learn
// no more of its length than the server does.
func fillDirect(padded []byte) []byte {
	n := 4 + int(binary.BigEndian.Uint32(padded))
	for step := appStep; ; step += appStep {
		if fits := (step-4-directFrame)/4*3 - encSize - tagSize; fits >= n {
			return append(padded[:n:n], make([]byte, fits-n)...)
		}
	}
}

// OpenDirect returns what is for us. It returns nil without an error for what
// is sealed to somebody else, and an error for a malformed message to us.
func OpenDirect(k *DirectKey, room link.Room, from, to string, d Direct) (App, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(d.Box)
	if err != nil || len(b) < directLeast {
		return nil, errors.New("reading what somebody says to one person: the box is not sealed")
	}
	recipient, err := hpke.NewRecipient(b[:encSize], k.private, directKDF, directAEAD, directInfo(room, from, to))
	if err != nil {
		return nil, nil //nolint:nilerr // a key that cannot be used is not one of ours
	}
	plaintext, err := recipient.Open(nil, b[encSize:])
	if err != nil {
		return nil, nil //nolint:nilerr // for somebody else
	}
	a, err := decodeUnpadded(plaintext)
	if err != nil {
		return nil, fmt.Errorf("reading what somebody says to us: %w", err)
	}
	switch a.(type) {
	case Chat, File, nil: // nil: of a kind that is not known here
		return a, nil
	}
	return nil, errors.New("reading what somebody says to us: it is for everybody")
}
