package link

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxNoteChars is how many code points a note has at most.
const MaxNoteChars = 500

const (
	noteLabel = "incamera note v1\x00"
	notePad   = 256 // a note is as long as a multiple of it
)

// A Note is what the host or a moderator tells a session that waits
// (PROTOCOL.md 2.12). It is in no group, so the note is sealed with the link's
// key, and signed for that session.
type Note struct {
	Sent uint64 // Unix ms below 2^53; rises with each note of its signer
	Text string
}

// CheckNote reports what is wrong with a text for who waits.
func CheckNote(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("the note is not UTF-8")
	case strings.TrimSpace(text) == "":
		return errors.New("the note is blank")
	case utf8.RuneCountInString(text) > MaxNoteChars:
		return fmt.Errorf("the note is longer than %d characters", MaxNoteChars)
	}
	return nil
}

func noteStatement(room Room, session string, fields []byte) []byte {
	return append(appendVec([]byte(noteLabel+string(room)), []byte(session)), fields...)
}

// SealNote signs a note for a session and seals it. by is the host's key, or
// the device key of a moderator.
func (a Authority) SealNote(envelope Secret, session string, n Note, by ed25519.PrivateKey) ([]byte, error) {
	return a.sealNote(envelope, newSalt(), session, n, by)
}

func (a Authority) sealNote(envelope Secret, salt []byte, session string, n Note, by ed25519.PrivateKey) ([]byte, error) {
	if err := CheckNote(n.Text); err != nil {
		return nil, fmt.Errorf("writing to who waits: %w", err)
	}
	b := binary.BigEndian.AppendUint64([]byte{1}, n.Sent)
	b = append(appendVec(b, []byte(n.Text)), by[ed25519.SeedSize:]...)
	b = append(b, ed25519.Sign(by, noteStatement(a.Room, session, b))...)
	b = append(b, make([]byte, (notePad-len(b)%notePad)%notePad)...)
	return sealWith(envelope, Place{Room: a.Room, Kind: KindNote}, salt, b), nil
}

// OpenNote reads a note to a session. It fails for one to another, and for one
// that neither the host nor a moderator of g has signed.
func (a Authority) OpenNote(envelope Secret, session string, g Grant, sealed []byte) (Note, ed25519.PublicKey, error) {
	n, signer, err := a.openNote(envelope, session, g, sealed)
	if err != nil {
		return Note{}, nil, fmt.Errorf("reading a note: %w", err)
	}
	return n, signer, nil
}

func (a Authority) openNote(envelope Secret, session string, g Grant, sealed []byte) (n Note, signer ed25519.PublicKey, err error) {
	b, err := Open(envelope, Place{Room: a.Room, Kind: KindNote}, sealed)
	if err != nil {
		return n, nil, err
	}
	r := reader{b: b}
	if r.u8() != 1 {
		return n, nil, errors.New("unknown version")
	}
	n = Note{Sent: r.u64(), Text: string(r.vec())}
	signer = r.take(ed25519.PublicKeySize)
	fields := b[:len(b)-len(r.b)]
	signature := r.take(ed25519.SignatureSize)
	padding := r.b
	r.b = nil
	switch {
	case r.end() != nil:
		return n, nil, r.end()
	case len(b)%notePad != 0 || len(padding) >= notePad || slices.ContainsFunc(padding, func(x byte) bool { return x != 0 }):
		return n, nil, errors.New("the padding is not as it should be")
	case n.Sent > maxTime:
		return n, nil, errors.New("its time is out of range")
	case !a.Allows(g, signer):
		return n, nil, errors.New("it is of nobody who acts for the host")
	case !verify(signer, noteStatement(a.Room, session, fields), signature):
		return n, nil, errors.New("its signer has not signed it for this session")
	}
	return n, signer, CheckNote(n.Text)
}
