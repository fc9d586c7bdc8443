package link

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"incamera/e2ee/eddsa"
)

// The cipher suites of rooms (PROTOCOL.md 2.4), and how many members a room of
// the post-quantum one has at most: its keys are forty times as large, so that
// commits of larger groups would take hundreds of kilobytes.
const (
	Suite            uint16 = 0x0001
	SuitePostQuantum uint16 = 0xF001
	MaxPostQuantum          = 64
)

// MaxTitle is the length of a title in bytes.
const MaxTitle = 200

const cardLabel = "incamera card v1"

// A Card is what the creator says about a room.
type Card struct {
	HostKey    ed25519.PublicKey
	Suite      uint16
	LinkNumber uint32    // from 1
	Created    time.Time // to the millisecond
	Title      string    // may be empty

	Changed // of links from 2 on; empty for the first
}

// Capacity returns how many members the room has at most, 0 for as many as
// anybody takes.
func (c Card) Capacity() int {
	if c.Suite == SuitePostQuantum {
		return MaxPostQuantum
	}
	return 0
}

// CardHash is what the group's context says of the card as encoded.
func CardHash(encoded []byte) [32]byte { return sha256.Sum256(encoded) }

// Sign returns the card as encoded, signed by the host. HostKey is the host's.
func (c Card) Sign(host ed25519.PrivateKey) ([]byte, error) {
	if err := c.valid(); err != nil {
		return nil, fmt.Errorf("signing a room card: %w", err)
	}
	b := c.encode()
	return append(b, ed25519.Sign(host, cardStatement(RoomOf(c.HostKey), b))...), nil
}

func (c Card) encode() []byte {
	version := byte(1)
	if c.LinkNumber > 1 {
		version = 2
	}
	b := append([]byte{version}, c.HostKey...)
	b = binary.BigEndian.AppendUint16(b, c.Suite)
	b = binary.BigEndian.AppendUint32(b, c.LinkNumber)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Created.UnixMilli()))
	b = appendVec(b, []byte(c.Title))
	if version == 2 {
		b = c.append(b)
	}
	return b
}

func cardStatement(room Room, fields []byte) []byte {
	return append([]byte(cardLabel+string(room)), fields...)
}

func (c Card) valid() error {
	switch {
	case c.Suite != Suite && c.Suite != SuitePostQuantum:
		return fmt.Errorf("unknown suite %d", c.Suite)
	case c.LinkNumber == 0:
		return errors.New("link number 0")
	case len(c.Title) > MaxTitle:
		return fmt.Errorf("a title of %d bytes", len(c.Title))
	case !utf8.ValidString(c.Title):
		return errors.New("the title is not UTF-8")
	}
	return c.Changed.valid(c.LinkNumber)
}

// SealCard seals an encoded card for the server's keeping.
func SealCard(key Secret, room Room, encoded []byte) []byte {
	return Seal(key, Place{Room: room, Kind: KindCard}, encoded)
}

// OpenCard opens a sealed card and checks that the host of this very room has
// signed it. It returns the card as encoded too, for CardHash.
func OpenCard(key Secret, room Room, sealed []byte) (Card, []byte, error) {
	encoded, err := Open(key, Place{Room: room, Kind: KindCard}, sealed)
	if err != nil {
		return Card{}, nil, fmt.Errorf("opening the room card: %w", err)
	}
	c, err := ParseCard(room, encoded)
	return c, encoded, err
}

// ParseCard reads an encoded card and checks it as OpenCard does.
func ParseCard(room Room, encoded []byte) (Card, error) {
	fail := func(err error) (Card, error) { return Card{}, fmt.Errorf("reading the room card: %w", err) }
	r := reader{b: encoded}
	version := r.u8()
	if version != 1 && version != 2 {
		return fail(errors.New("unknown version"))
	}
	c := Card{HostKey: r.take(ed25519.PublicKeySize), Suite: r.u16(), LinkNumber: r.u32()}
	ms := r.u64()
	c.Created, c.Title = time.UnixMilli(int64(ms)), string(r.vec())
	if version == 2 {
		c.Changed = readChanged(&r)
	}
	fields := encoded[:len(encoded)-len(r.b)]
	signature := r.take(ed25519.SignatureSize)
	if err := r.end(); err != nil {
		return fail(err)
	}
	if (version == 2) != (c.LinkNumber > 1) {
		return fail(errors.New("a version for other links"))
	}
	if RoomOf(c.HostKey) != room {
		return fail(errors.New("its host is not the host of this room"))
	}
	if !eddsa.Verify(c.HostKey, cardStatement(room, fields), signature) {
		return fail(errors.New("the host did not sign it"))
	}
	if ms >= 1<<53 {
		return fail(errors.New("a time out of range")) // beyond what browsers count exactly
	}
	if err := c.valid(); err != nil {
		return fail(err)
	}
	return c, nil
}
