package srtp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // of AES_CM_128_HMAC_SHA1_80
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

const (
	labelControlKey  = 3 // RFC 3711 §4.3.2
	labelControlMAC  = 4
	labelControlSalt = 5

	controlHeader = 8 // of an RTCP packet, which is not encrypted
	controlIndex  = 4 // E flag and index, behind it
	encrypted     = 1 << 31
)

// Control seals RTCP packets for one receiver, or opens those of one sender: SRTCP
// (RFC 3711 §3.4, RFC 7714 §9). Use [NewControl]. Not safe for concurrent use.
type Control struct {
	// Static after construction.
	aead  cipher.AEAD // nil with AES_CM_128_HMAC_SHA1_80
	block cipher.Block
	mac   hash.Hash
	salt  []byte

	sent   uint32   // index of the latest packet that was sealed, of whatever SSRC
	opened []opened // by SSRC

	iv  [aes.BlockSize]byte
	aad [controlHeader + controlIndex]byte
	sum [sha1.Size]byte
}

// opened are the indexes of the packets of one SSRC that were opened.
type opened struct {
	ssrc    uint32
	highest uint32
	seen    uint64 // bit i: highest-i
}

// maxOpened bounds the SSRCs that one client may speak as: it has fewer streams.
const maxOpened = 64

// NewControl derives session keys as [New] does.
func NewControl(p Profile, m Master) (*Control, error) {
	if err := p.check(m); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derive(labelControlKey, m, keySize))
	if err != nil {
		return nil, fmt.Errorf("srtp: deriving keys: %w", err)
	}
	c := &Control{block: block, salt: derive(labelControlSalt, m, p.saltSize())}
	if p == AESCM128HMACSHA180 {
		c.mac = hmac.New(sha1.New, derive(labelControlMAC, m, macKey))
	} else if c.aead, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("srtp: deriving keys: %w", err)
	}
	return c, nil
}

// ControlOverhead is by how much a sealed RTCP packet is larger, at most.
const ControlOverhead = gcmTag + controlIndex

var errExhausted = errors.New("srtp: all indexes of RTCP are used")

// Seal appends the sealed form of a compound packet to dst, which must not overlap
// with it.
func (c *Control) Seal(dst, packet []byte) ([]byte, error) {
	if len(packet) < controlHeader {
		return dst, errors.New("srtp: sealing RTCP: it is no packet")
	}
	if c.sent == encrypted-1 {
		return dst, errExhausted
	}
	c.sent++
	ssrc, index := binary.BigEndian.Uint32(packet[4:]), c.sent|encrypted
	if c.aead != nil {
		dst = append(dst, packet[:controlHeader]...)
		dst = c.aead.Seal(dst, c.nonce(ssrc, c.sent), packet[controlHeader:], c.associated(packet, index))
		return binary.BigEndian.AppendUint32(dst, index), nil
	}
	at := len(dst)
	dst = append(dst, packet...)
	body := dst[at+controlHeader:]
	cmCounter(c.iv[:], c.salt, ssrc, uint64(c.sent))
	cipher.NewCTR(c.block, c.iv[:]).XORKeyStream(body, body)
	dst = binary.BigEndian.AppendUint32(dst, index)
	c.mac.Reset()
	c.mac.Write(dst[at:])
	return append(dst, c.mac.Sum(c.sum[:0])[:cmTag]...), nil
}

// Open verifies a packet, decrypts it in place, and returns it. It reports false
// for what nobody with the keys has made, what was opened before, and what is too
// old to tell; the packet is worth nothing then.
func (c *Control) Open(packet []byte) (plain []byte, ok bool) {
	tag, at := 0, len(packet)-controlIndex // of the index
	if c.aead == nil {
		tag = cmTag
		at -= cmTag
	} else if at < controlHeader+gcmTag {
		return nil, false
	}
	if at < controlHeader {
		return nil, false
	}
	ssrc, index := binary.BigEndian.Uint32(packet[4:]), binary.BigEndian.Uint32(packet[at:])
	if index&encrypted == 0 { // nobody sends RTCP in the clear
		return nil, false
	}
	who := c.find(ssrc)
	if who == nil && len(c.opened) == maxOpened || who != nil && !who.fresh(index&^encrypted) {
		return nil, false
	}
	if c.aead != nil {
		aad := c.associated(packet, index)
		body, err := c.aead.Open(packet[controlHeader:controlHeader], c.nonce(ssrc, index&^encrypted), packet[controlHeader:at], aad)
		if err != nil {
			return nil, false
		}
		plain = packet[:controlHeader+len(body)]
	} else {
		c.mac.Reset()
		c.mac.Write(packet[:at+controlIndex])
		if subtle.ConstantTimeCompare(c.mac.Sum(c.sum[:0])[:tag], packet[at+controlIndex:]) != 1 {
			return nil, false
		}
		plain = packet[:at]
		cmCounter(c.iv[:], c.salt, ssrc, uint64(index&^encrypted))
		cipher.NewCTR(c.block, c.iv[:]).XORKeyStream(plain[controlHeader:], plain[controlHeader:])
	}
	if who == nil {
		c.opened = append(c.opened, opened{ssrc: ssrc})
		who = &c.opened[len(c.opened)-1]
	}
	who.take(index &^ encrypted)
	return plain, true
}

func (c *Control) find(ssrc uint32) *opened {
	for i := range c.opened {
		if c.opened[i].ssrc == ssrc {
			return &c.opened[i]
		}
	}
	return nil
}

// nonce is that of RFC 7714 §9.1.
func (c *Control) nonce(ssrc, index uint32) []byte {
	iv := c.iv[:gcmSalt]
	copy(iv, c.salt)
	binary.BigEndian.PutUint32(iv[2:], binary.BigEndian.Uint32(iv[2:])^ssrc)
	binary.BigEndian.PutUint32(iv[8:], binary.BigEndian.Uint32(iv[8:])^index)
	return iv
}

// associated is what is authenticated beside the ciphertext (RFC 7714 §9.2).
func (c *Control) associated(packet []byte, index uint32) []byte {
	copy(c.aad[:], packet[:controlHeader])
	binary.BigEndian.PutUint32(c.aad[controlHeader:], index)
	return c.aad[:]
}

// fresh reports whether an index has not been taken, as far as is remembered.
func (o *opened) fresh(index uint32) bool {
	if index > o.highest || o.seen == 0 {
		return true
	}
	back := o.highest - index
	return back < 64 && o.seen&(1<<back) == 0
}

func (o *opened) take(index uint32) {
	switch {
	case o.seen == 0:
		o.highest, o.seen = index, 1
	case index > o.highest:
		o.seen = o.seen<<(index-o.highest) | 1 // shifts of 64 and more leave nothing
		o.highest = index
	default:
		o.seen |= 1 << (o.highest - index)
	}
}
