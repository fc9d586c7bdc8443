// Package file seals what people send each other as files, in chunks that can
// be opened one by one and in no other order, number or file (PROTOCOL.md 2.10).
//
// Everything here may be used concurrently.
package file

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"incamera/e2ee/link"
)

const (
	// ChunkSize is the size of all chunks but the last, in bytes.
	ChunkSize = 64 << 10
	// Overhead is what sealing adds to a chunk.
	Overhead = 16
	// KeySize is the size of a file's key, which is random and for this file only.
	KeySize = 32
	// MaxSize bounds the size of a file, in bytes.
	MaxSize = 1 << 40

	least      = 256 // what the smallest file is padded to
	prefixSize = 7
	label      = "incamera file v1"
)

// ID names a file in its room. It is random.
type ID [16]byte

// ErrChunk is the error of a chunk that is not the one of this place in this file.
var ErrChunk = errors.New("file: a chunk that does not belong here")

// Padded returns how many bytes are sealed for a file of so many: the Padmé
// scheme, by which only the highest bits of the size show.
func Padded(size int64) int64 {
	n := uint64(max(size, least))
	e := bits.Len64(n) - 1
	mask := uint64(1)<<(e-bits.Len64(uint64(e))) - 1
	return int64((n + mask) &^ mask)
}

// Chunks returns how many chunks a file of so many bytes has, at least one.
func Chunks(size int64) int64 { return (Padded(size) + ChunkSize - 1) / ChunkSize }

// SealedSize returns the size of all its sealed chunks together.
func SealedSize(size int64) int64 { return Padded(size) + Chunks(size)*Overhead }

// A Cipher seals and opens the chunks of one file.
type Cipher struct {
	aead   cipher.AEAD
	prefix [prefixSize]byte
}

// New returns the cipher of a file. It fails on a key of another size.
func New(room link.Room, id ID, key []byte) (*Cipher, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("file: a key of %d bytes, want %d", len(key), KeySize)
	}
	okm, err := hkdf.Key(sha256.New, key, []byte(label), string(room)+string(id[:]), 32+prefixSize)
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	c := &Cipher{}
	copy(c.prefix[:], okm[32:])
	if c.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	return c, nil
}

// nonce binds a chunk to its place, and says whether the file ends with it.
func (c *Cipher) nonce(index uint32, last bool) []byte {
	n := binary.BigEndian.AppendUint32(c.prefix[:], index)
	if last {
		return append(n, 1)
	}
	return append(n, 0)
}

// Seal returns a sealed chunk. A place is sealed once, with one content.
func (c *Cipher) Seal(index uint32, last bool, chunk []byte) []byte {
	return c.aead.Seal(nil, c.nonce(index, last), chunk, nil)
}

// Open fails with ErrChunk for what is not the chunk of this place.
func (c *Cipher) Open(index uint32, last bool, sealed []byte) ([]byte, error) {
	chunk, err := c.aead.Open(nil, c.nonce(index, last), sealed, nil)
	if err != nil {
		return nil, ErrChunk
	}
	return chunk, nil
}

// Digest returns what the announcement of a file says of its content:
// SHA-256 over the SHA-256 of each sealed chunk. Who knows the key could seal
// another file with it; this one is the sender's.
func Digest(chunks [][sha256.Size]byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(label + "\x00"))
	for _, c := range chunks {
		h.Write(c[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Seal seals a whole file that is in memory.
func Seal(room link.Room, id ID, key, content []byte) (sealed []byte, digest [sha256.Size]byte, err error) {
	c, err := New(room, id, key)
	if err != nil {
		return nil, digest, err
	}
	padded := append(content[:len(content):len(content)], make([]byte, Padded(int64(len(content)))-int64(len(content)))...)
	n := Chunks(int64(len(content)))
	var hashes [][sha256.Size]byte
	for i := range n {
		chunk := c.Seal(uint32(i), i == n-1, padded[i*ChunkSize:min((i+1)*ChunkSize, int64(len(padded)))])
		hashes = append(hashes, sha256.Sum256(chunk))
		sealed = append(sealed, chunk...)
	}
	return sealed, Digest(hashes), nil
}

// Open opens a whole file of a known size that is in memory.
func Open(room link.Room, id ID, key []byte, size int64, digest [sha256.Size]byte, sealed []byte) ([]byte, error) {
	c, err := New(room, id, key)
	if err != nil {
		return nil, err
	}
	if size < 0 || size > MaxSize || int64(len(sealed)) != SealedSize(size) {
		return nil, errors.New("file: not of its size")
	}
	n := Chunks(size)
	var content []byte
	var hashes [][sha256.Size]byte
	for i := range n {
		chunk := sealed[i*(ChunkSize+Overhead) : min((i+1)*(ChunkSize+Overhead), int64(len(sealed)))]
		plain, err := c.Open(uint32(i), i == n-1, chunk)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, sha256.Sum256(chunk))
		content = append(content, plain...)
	}
	if Digest(hashes) != digest {
		return nil, errors.New("file: not the one that was announced")
	}
	for _, b := range content[size:] {
		if b != 0 {
			return nil, errors.New("file: bad padding")
		}
	}
	return content[:size], nil
}
