package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // of AES_CM_128_HMAC_SHA1_80
	"crypto/subtle"
	"encoding/binary"
	"hash"
)

// A Source opens the packets of one SSRC of a sender whose keys these are. Not
// safe for concurrent use.
type Source struct {
	// Static after construction.
	keys *Keys
	ssrc uint32
	mac  hash.Hash // nil with AEAD_AES_128_GCM

	indexes indexes
	iv      [aes.BlockSize]byte
	sum     [sha1.Size]byte
}

// Source returns a reader of an SSRC, of which nothing has come yet. Unlike
// writers there may be several: each takes every packet once.
func (k *Keys) Source(ssrc uint32) *Source {
	s := &Source{keys: k, ssrc: ssrc}
	if k.aead == nil {
		s.mac = hmac.New(sha1.New, k.mac)
	}
	return s
}

// Open verifies a packet whose header, extensions included, is of that size,
// decrypts it in place, and returns its payload. It reports false, and leaves no
// trace but the bytes behind the header, for what nobody with the keys has made
// for this SSRC, what was opened before, and what is too old to tell.
func (s *Source) Open(packet []byte, header int) (payload []byte, ok bool) {
	end := len(packet) - s.keys.Overhead()
	if header < HeaderSize || end < header || binary.BigEndian.Uint32(packet[8:]) != s.ssrc {
		return nil, false
	}
	index, ok := s.indexes.look(binary.BigEndian.Uint16(packet[2:]))
	if !ok {
		return nil, false
	}
	if s.keys.aead != nil {
		iv := s.iv[:gcmSalt]
		gcmNonce(iv, s.keys.salt, s.ssrc, index)
		opened, err := s.keys.aead.Open(packet[header:header], iv, packet[header:], packet[:header])
		if err != nil {
			return nil, false
		}
		s.indexes.take(index)
		return opened, true
	}
	s.mac.Reset()
	s.mac.Write(packet[:end])
	binary.BigEndian.PutUint32(s.iv[:], uint32(index>>16))
	s.mac.Write(s.iv[:4])
	if subtle.ConstantTimeCompare(s.mac.Sum(s.sum[:0])[:cmTag], packet[end:]) != 1 {
		return nil, false
	}
	s.indexes.take(index)
	cmCounter(s.iv[:], s.keys.salt, s.ssrc, index)
	payload = packet[header:end]
	cipher.NewCTR(s.keys.block, s.iv[:]).XORKeyStream(payload, payload)
	return payload, true
}

// gcmNonce is that of RFC 7714 §8.1: zeros, SSRC, rollover counter and sequence
// number, with the salt.
func gcmNonce(iv, salt []byte, ssrc uint32, index uint64) {
	copy(iv, salt)
	binary.BigEndian.PutUint32(iv[2:], binary.BigEndian.Uint32(iv[2:])^ssrc)
	binary.BigEndian.PutUint32(iv[6:], binary.BigEndian.Uint32(iv[6:])^uint32(index>>16))
	binary.BigEndian.PutUint16(iv[10:], binary.BigEndian.Uint16(iv[10:])^uint16(index))
}

// cmCounter is where the key stream of a packet begins (RFC 3711 §4.1.1).
func cmCounter(iv, salt []byte, ssrc uint32, index uint64) {
	clear(iv)
	copy(iv, salt)
	binary.BigEndian.PutUint32(iv[4:], binary.BigEndian.Uint32(iv[4:])^ssrc)
	binary.BigEndian.PutUint64(iv[6:], binary.BigEndian.Uint64(iv[6:])^index)
}
