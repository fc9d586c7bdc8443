package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
)

// A Suite names a cipher suite (RFC 9605 §8.1).
type Suite uint16

// The cipher suites. Meetings use AES128GCM; tags shorter than 16 bytes are
// here for other people's frames.
const (
	AES128CTRHMACSHA256Tag80 Suite = 1
	AES128CTRHMACSHA256Tag64 Suite = 2
	AES128CTRHMACSHA256Tag32 Suite = 3
	AES128GCM                Suite = 4
	AES256GCM                Suite = 5
	AES256CTRHMACSHA512Tag80 Suite = 6
	AES256CTRHMACSHA512Tag64 Suite = 7
	AES256CTRHMACSHA512Tag32 Suite = 8
)

type params struct {
	hash       func() hash.Hash
	keySize    int
	macKeySize int // 0: GCM
	tagSize    int
}

var suites = map[Suite]params{
	AES128CTRHMACSHA256Tag80: {sha256.New, 16, 32, 10},
	AES128CTRHMACSHA256Tag64: {sha256.New, 16, 32, 8},
	AES128CTRHMACSHA256Tag32: {sha256.New, 16, 32, 4},
	AES128GCM:                {sha256.New, 16, 0, 16},
	AES256GCM:                {sha512.New, 32, 0, 16},
	AES256CTRHMACSHA512Tag80: {sha512.New, 32, 64, 10},
	AES256CTRHMACSHA512Tag64: {sha512.New, 32, 64, 8},
	AES256CTRHMACSHA512Tag32: {sha512.New, 32, 64, 4},
}

// newAEAD makes the cipher of a key of keySize + macKeySize bytes.
func (p params) newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:p.keySize])
	if err != nil {
		return nil, err
	}
	if p.macKeySize == 0 {
		return cipher.NewGCM(block)
	}
	return &ctrHMAC{block: block, mac: hmac.New(p.hash, key[p.keySize:]), tagSize: p.tagSize}, nil
}

// ctrHMAC is AES-CTR with a truncated HMAC (RFC 9605 §4.5.1). Its hash is
// shared by all calls, so it is used by one goroutine at a time.
type ctrHMAC struct {
	block   cipher.Block
	mac     hash.Hash
	tagSize int
	lengths [24]byte
	sum     [64]byte
}

func (c *ctrHMAC) NonceSize() int { return nonceSize }
func (c *ctrHMAC) Overhead() int  { return c.tagSize }

// tag is valid until the next call.
func (c *ctrHMAC) tag(nonce, aad, ciphertext []byte) []byte {
	binary.BigEndian.PutUint64(c.lengths[0:], uint64(len(aad)))
	binary.BigEndian.PutUint64(c.lengths[8:], uint64(len(ciphertext)))
	binary.BigEndian.PutUint64(c.lengths[16:], uint64(c.tagSize))
	c.mac.Reset()
	c.mac.Write(c.lengths[:])
	c.mac.Write(nonce)
	c.mac.Write(aad)
	c.mac.Write(ciphertext)
	return c.mac.Sum(c.sum[:0])[:c.tagSize]
}

func (c *ctrHMAC) xor(b, nonce []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], nonce)
	cipher.NewCTR(c.block, iv[:]).XORKeyStream(b, b)
}

func (c *ctrHMAC) Seal(dst, nonce, plaintext, aad []byte) []byte {
	n := len(dst)
	dst = append(dst, plaintext...)
	c.xor(dst[n:], nonce)
	return append(dst, c.tag(nonce, aad, dst[n:])...)
}

func (c *ctrHMAC) Open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < c.tagSize {
		return nil, ErrOpen
	}
	ciphertext, tag := sealed[:len(sealed)-c.tagSize], sealed[len(sealed)-c.tagSize:]
	if !hmac.Equal(c.tag(nonce, aad, ciphertext), tag) {
		return nil, ErrOpen
	}
	n := len(dst)
	dst = append(dst, ciphertext...)
	c.xor(dst[n:], nonce)
	return dst, nil
}
