// Package srtp seals RTP packets for one receiver (RFC 3711), straight from a
// payload that is shared with others into the packet that is sent, and opens
// those of a sender where they are: with AEAD_AES_128_GCM (RFC 7714), or
// AES_CM_128_HMAC_SHA1_80 where the other side has nothing better.
package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // of AES_CM_128_HMAC_SHA1_80
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
	"sync"
)

// A Profile is how packets are protected.
type Profile uint8

// The profiles, by preference: the first costs an eighth of the second.
const (
	AEADAES128GCM Profile = iota + 1
	AESCM128HMACSHA180
)

// HeaderSize is of an RTP header without extensions and contributing sources.
const HeaderSize = 12

const (
	keySize  = 16 // of both profiles
	gcmSalt  = 12
	cmSalt   = 14
	macKey   = 20
	cmTag    = 10
	gcmTag   = 16
	labelKey = 0 // RFC 3711 §4.3.2
	labelMAC = 1
	labelSlt = 2
)

// A Master is a master key and salt, of one direction.
type Master struct{ Key, Salt []byte }

// MaterialSize is how much keying material a profile needs; 0: there is no such
// profile.
func (p Profile) MaterialSize() int { return 2 * (keySize + p.saltSize()) }

func (p Profile) saltSize() int {
	switch p {
	case AEADAES128GCM:
		return gcmSalt
	case AESCM128HMACSHA180:
		return cmSalt
	default:
		return -keySize
	}
}

// Split divides keying material of that size (RFC 5764 §4.2).
func (p Profile) Split(material []byte) (client, server Master) {
	salts := material[2*keySize:]
	return Master{material[:keySize], salts[:p.saltSize()]}, Master{material[keySize : 2*keySize], salts[p.saltSize():]}
}

// check fails unless a master is of the profile's sizes.
func (p Profile) check(m Master) error {
	switch {
	case p.saltSize() < 0:
		return fmt.Errorf("srtp: no profile %d", p)
	case len(m.Key) != keySize || len(m.Salt) != p.saltSize():
		return errors.New("srtp: deriving keys: the master key or salt is not of the profile's size")
	}
	return nil
}

// Keys are what seals for one receiver, or opens what one sender has sealed. Use
// [New]. Safe for concurrent use; its streams and sources are not.
type Keys struct {
	// Static after construction.
	aead  cipher.AEAD // nil with AES_CM_128_HMAC_SHA1_80
	block cipher.Block
	mac   []byte
	salt  []byte

	mu sync.Mutex
	// Guarded by mu.
	taken []uint32 // SSRCs that have a stream
}

// New derives session keys from the master that DTLS has agreed on.
func New(p Profile, m Master) (*Keys, error) {
	if err := p.check(m); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derive(labelKey, m, keySize))
	if err != nil {
		return nil, fmt.Errorf("srtp: deriving keys: %w", err)
	}
	k := &Keys{block: block, salt: derive(labelSlt, m, p.saltSize())}
	if p == AESCM128HMACSHA180 {
		k.mac = derive(labelMAC, m, macKey)
	} else if k.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("srtp: deriving keys: %w", err)
	}
	return k, nil
}

// derive is the key derivation of RFC 3711 §4.3 with a derivation rate of zero.
func derive(label byte, m Master, n int) []byte {
	block, err := aes.NewCipher(m.Key)
	if err != nil {
		panic("srtp: internal error: " + err.Error()) // the size was checked
	}
	var x [aes.BlockSize]byte
	copy(x[:], m.Salt)
	x[7] ^= label
	out := make([]byte, n)
	cipher.NewCTR(block, x[:]).XORKeyStream(out, out)
	return out
}

// Overhead is by how much a sealed packet is larger.
func (k *Keys) Overhead() int {
	if k.aead != nil {
		return gcmTag
	}
	return cmTag
}

// Stream returns the one writer for an SSRC. A second writer would use nonces
// of the first again, which gives the key of the authentication away, so it
// panics when there is one.
func (k *Keys) Stream(ssrc uint32) *Stream {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.taken, ssrc) {
		panic("srtp: internal error: two writers under one key and SSRC")
	}
	k.taken = append(k.taken, ssrc)
	s := &Stream{keys: k, ssrc: ssrc}
	if k.aead == nil {
		s.mac = hmac.New(sha1.New, k.mac)
	}
	return s
}

// A Stream seals the packets of one SSRC. Not safe for concurrent use.
type Stream struct {
	// Static after construction.
	keys *Keys
	ssrc uint32
	mac  hash.Hash // nil with AEAD_AES_128_GCM

	indexes indexes
	iv      [aes.BlockSize]byte // here, so that it is not allocated for each packet
}

// Next returns the index of a packet with that sequence number, to be given to
// Seal once. ok is false when the number was used already, or is too old to
// tell: such a packet must not be sent under this SSRC.
func (s *Stream) Next(seq uint16) (index uint64, ok bool) { return s.indexes.next(seq) }

// Seal writes the sealed payload behind the header, extensions included, which
// the caller has written to packet[:header]; packet is of the size of all three:
// header, payload, and Overhead. The payload is only read.
func (s *Stream) Seal(packet []byte, header int, payload []byte, index uint64) {
	if s.keys.aead == nil {
		s.sealCM(packet, header, payload, index)
		return
	}
	iv := s.iv[:gcmSalt]
	gcmNonce(iv, s.keys.salt, s.ssrc, index)
	s.keys.aead.Seal(packet[header:header], iv, payload, packet[:header])
}

// sealCM is AES in counter mode and a MAC over header, ciphertext and rollover
// counter (RFC 3711 §4.1.1 and §4.2).
func (s *Stream) sealCM(packet []byte, header int, payload []byte, index uint64) {
	iv := s.iv[:]
	cmCounter(iv, s.keys.salt, s.ssrc, index)
	end := header + len(payload)
	body := packet[header:end]
	cipher.NewCTR(s.keys.block, iv).XORKeyStream(body, payload)
	s.mac.Reset()
	s.mac.Write(packet[:end])
	var roc [4]byte
	binary.BigEndian.PutUint32(roc[:], uint32(index>>16))
	s.mac.Write(roc[:])
	copy(packet[end:], s.mac.Sum(nil)[:cmTag])
}
