package link

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"incamera/e2ee/link/nfc"
)

// The extensions of our own in leaves and in the group's context.
const (
	LeafExtension uint16 = 0xf1ca
	CardExtension uint16 = 0xf1cb
)

// The limits of a name and of a session id.
const (
	MaxNameChars    = 64
	MaxNameBytes    = 256
	MaxSessionBytes = 64
)

// A MemberID names a leaf for as long as it is in the group.
type MemberID [16]byte

// A LeafContext is what a leaf's statement is bound to beyond its own fields.
type LeafContext struct {
	Room         Room
	LinkNumber   uint32
	MemberID     MemberID
	SignatureKey []byte // of the MLS leaf, which signs everything else in it
}

// A Leaf is what a member says about itself, checked.
type Leaf struct {
	Session string
	Device  ed25519.PublicKey
	Name    string
}

// CheckName reports whether people can have this name: 1 to 64 characters, at
// most 256 bytes, not blank, NFC, and free of control, format, surrogate and
// private-use characters, so that no two names look alike by invisible means; and
// free of what came after Unicode 14, but for emoji and ideographs, since members
// with other tables would judge them differently.
func CheckName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return errors.New("the name is not UTF-8")
	case strings.TrimSpace(name) == "":
		return errors.New("the name is blank")
	case len(name) > MaxNameBytes || utf8.RuneCountInString(name) > MaxNameChars:
		return fmt.Errorf("the name is longer than %d characters", MaxNameChars)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co) }):
		return errors.New("the name holds invisible characters")
	case !nfc.Known(name):
		return errors.New("the name holds characters that not everybody knows")
	case !nfc.Is(name):
		return errors.New("the name is not in normal form C")
	}
	return nil
}

// Make returns the extension of this leaf.
func (c LeafContext) Make(admission Secret, device ed25519.PrivateKey, session, name string) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, fmt.Errorf("making a leaf: %w", err)
	}
	if session == "" || len(session) > MaxSessionBytes {
		return nil, errors.New("making a leaf: not a session id")
	}
	public := ed25519.PublicKey(device[ed25519.SeedSize:]) // the second half
	b := appendVec([]byte{1}, []byte(session))
	b = append(b, public...)
	b = appendVec(b, []byte(name))
	b = append(b, c.mac(admission, public)...)
	return append(b, ed25519.Sign(device, c.statement(session, name))...), nil
}

// Check reads the extension of this leaf. It fails unless the
// owner knew the link and its device key has signed the leaf.
func (c LeafContext) Check(admission Secret, extension []byte) (Leaf, error) {
	fail := func(err error) (Leaf, error) { return Leaf{}, fmt.Errorf("checking a leaf: %w", err) }
	r := reader{b: extension}
	if r.u8() != 1 {
		return fail(errors.New("unknown version"))
	}
	l := Leaf{Session: string(r.vec()), Device: r.take(ed25519.PublicKeySize), Name: string(r.vec())}
	mac, signature := r.take(sha256.Size), r.take(ed25519.SignatureSize)
	if err := r.end(); err != nil {
		return fail(err)
	}
	if !hmac.Equal(mac, c.mac(admission, l.Device)) {
		return fail(errors.New("its owner does not know the link"))
	}
	if !verify(l.Device, c.statement(l.Session, l.Name), signature) {
		return fail(errors.New("the device key did not sign it"))
	}
	if l.Session == "" || len(l.Session) > MaxSessionBytes || !utf8.ValidString(l.Session) {
		return fail(errors.New("not a session id"))
	}
	if err := CheckName(l.Name); err != nil {
		return fail(err)
	}
	return l, nil
}

func (c LeafContext) mac(admission Secret, device ed25519.PublicKey) []byte {
	h := hmac.New(sha256.New, admission.Reveal())
	h.Write([]byte("incamera admission v1" + string(c.Room)))
	h.Write(binary.BigEndian.AppendUint32(nil, c.LinkNumber))
	h.Write(c.MemberID[:])
	h.Write(c.SignatureKey)
	h.Write(device)
	return h.Sum(nil)
}

func (c LeafContext) statement(session, name string) []byte {
	b := []byte("incamera leaf v1\x00" + string(c.Room))
	b = append(b, c.MemberID[:]...)
	b = append(b, c.SignatureKey...)
	b = appendVec(b, []byte(session))
	return appendVec(b, []byte(name))
}
