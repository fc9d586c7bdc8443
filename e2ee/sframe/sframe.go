// Package sframe seals and opens media frames as RFC 9605 says.
//
// It knows keys, counters and frames, and nothing of meetings: which KID
// belongs to whom, and whether a counter was seen, is the caller's to know
// (see Replay).
package sframe

import (
	"crypto/cipher"
	"crypto/hkdf"
	"encoding/binary"
	"errors"
	"fmt"
)

// The errors of a frame that does not open. All of them mean: drop it.
var (
	ErrHeader = errors.New("sframe: malformed header")
	ErrKID    = errors.New("sframe: the frame is for another key")
	ErrOpen   = errors.New("sframe: the frame is not authentic")
)

const nonceSize = 12 // of every suite of RFC 9605 §4.5

// MaxOverhead is the most that sealing adds to a frame: header and tag.
const MaxOverhead = maxHeader + 16

// A Key seals or opens the frames of one KID. It holds scratch space, so it is
// used by one goroutine at a time; it never prints what it holds.
type Key struct {
	kid   uint64
	salt  [nonceSize]byte
	aead  cipher.AEAD
	nonce [nonceSize]byte
	aad   []byte // header and metadata of the frame at hand
}

// NewKey derives the key of a KID from the base key (RFC 9605 §4.4.2), which
// it does not keep.
func NewKey(id Suite, kid uint64, base []byte) (*Key, error) {
	p, ok := suites[id]
	if !ok {
		return nil, fmt.Errorf("sframe: making a key: unknown suite %d", id)
	}
	secret, err := hkdf.Extract(p.hash, base, nil)
	if err != nil {
		return nil, fmt.Errorf("sframe: making a key: %w", err)
	}
	defer clear(secret)
	suffix := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(nil, kid), uint16(id))
	key, err := hkdf.Expand(p.hash, secret, "SFrame 1.0 Secret key "+string(suffix), p.keySize+p.macKeySize)
	if err != nil {
		return nil, fmt.Errorf("sframe: making a key: %w", err)
	}
	defer clear(key)
	salt, err := hkdf.Expand(p.hash, secret, "SFrame 1.0 Secret salt "+string(suffix), nonceSize)
	if err != nil {
		return nil, fmt.Errorf("sframe: making a key: %w", err)
	}
	k := &Key{kid: kid, salt: [nonceSize]byte(salt), aad: make([]byte, 0, 128)}
	clear(salt)
	if k.aead, err = p.newAEAD(key); err != nil {
		return nil, fmt.Errorf("sframe: making a key: %w", err)
	}
	return k, nil
}

// KID returns the identifier that the key's frames carry.
func (k *Key) KID() uint64 { return k.kid }

// Overhead is the size of the tag that Seal adds, besides the header.
func (k *Key) Overhead() int { return k.aead.Overhead() }

// Format prints the KID and no key, whatever the verb.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "sframe key %#x [secret]", k.kid) }

// Seal appends header, ciphertext and tag to dst (RFC 9605 §4.4.3). A counter
// is used once in the life of a key: twice gives away both frames and the
// power to forge. The spare capacity of dst must not overlap plaintext. Seal
// with GCM allocates nothing where dst has room.
func (k *Key) Seal(dst []byte, ctr uint64, metadata, plaintext []byte) []byte {
	start := len(dst)
	dst = AppendHeader(dst, k.kid, ctr)
	k.prepare(ctr, dst[start:], metadata)
	return k.aead.Seal(dst, k.nonce[:], plaintext, k.aad)
}

// Open appends the plaintext of a frame to dst. It fails with ErrHeader,
// ErrKID or ErrOpen, and then returns nothing; what it wrote behind dst is no
// plaintext. The caller asks its Replay before and tells it after.
func (k *Key) Open(dst, metadata, frame []byte) ([]byte, error) {
	h, err := ParseHeader(frame)
	if err != nil {
		return nil, err
	}
	if h.KID != k.kid {
		return nil, ErrKID
	}
	k.prepare(h.CTR, frame[:h.Len], metadata)
	plaintext, err := k.aead.Open(dst, k.nonce[:], frame[h.Len:], k.aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// prepare sets the nonce and the additional data of a frame.
func (k *Key) prepare(ctr uint64, header, metadata []byte) {
	k.nonce = k.salt
	low := k.nonce[nonceSize-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^ctr)
	k.aad = append(append(k.aad[:0], header...), metadata...)
}
