// Package stun reads the connectivity checks of ICE and answers them, as an
// ICE-lite agent does (RFC 8489, RFC 8445 §7.3). All functions are pure.
package stun

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // MESSAGE-INTEGRITY of RFC 8489 is HMAC-SHA1
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

const (
	headerSize = 20
	cookie     = 0x2112a442

	bindingRequest = 0x0001
	bindingSuccess = 0x0101

	attrUsername         = 0x0006
	attrMessageIntegrity = 0x0008
	attrXORMappedAddress = 0x0020
	attrPriority         = 0x0024
	attrUseCandidate     = 0x0025
	attrFingerprint      = 0x8028

	integritySize  = 20
	fingerprintXOR = 0x5354554e
)

// IsMessage reports whether a packet is STUN, and not DTLS or SRTP (RFC 7983).
func IsMessage(b []byte) bool {
	return len(b) >= headerSize && b[0] < 4 && binary.BigEndian.Uint32(b[4:]) == cookie
}

// A Request is a connectivity check. Its slices are part of what was parsed.
type Request struct {
	Local, Remote []byte // username fragments: ours, and that of who checks
	Priority      uint32
	UseCandidate  bool

	raw       []byte
	integrity int // where MESSAGE-INTEGRITY begins
}

// Parse reads a binding request with short-term credentials. It reports false
// for everything else, and for what has no MESSAGE-INTEGRITY; attributes after
// that are ignored, as nothing vouches for them. The request is as good as a
// forged one until Verify.
func Parse(b []byte) (r Request, ok bool) {
	if !IsMessage(b) || binary.BigEndian.Uint16(b) != bindingRequest {
		return r, false
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	if size%4 != 0 || headerSize+size != len(b) {
		return r, false
	}
	r.raw = b
	for at := headerSize; at < len(b); {
		if len(b)-at < 4 {
			return r, false
		}
		kind, n := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
		next := at + 4 + (n+3)&^3
		if next > len(b) {
			return r, false
		}
		value := b[at+4 : at+4+n]
		switch kind {
		case attrFingerprint:
			if n != 4 || next != len(b) || binary.BigEndian.Uint32(value) != fingerprint(b[:at]) {
				return r, false
			}
		case attrMessageIntegrity:
			if n != integritySize || r.integrity != 0 {
				return r, false
			}
			r.integrity = at
		}
		if r.integrity == 0 && !r.take(kind, value) {
			return r, false
		}
		at = next
	}
	return r, r.integrity != 0 && len(r.Local) > 0
}

func (r *Request) take(kind uint16, value []byte) bool {
	switch kind {
	case attrUsername:
		local, remote, ok := bytes.Cut(value, []byte(":"))
		if !ok || r.Local != nil {
			return false
		}
		r.Local, r.Remote = local, remote
	case attrPriority:
		if len(value) != 4 {
			return false
		}
		r.Priority = binary.BigEndian.Uint32(value)
	case attrUseCandidate:
		r.UseCandidate = true
	}
	return true
}

// Verify reports whether who sent the request knows the password. Until then
// nothing of it may have an effect.
func (r *Request) Verify(password string) bool {
	// The length is that of a message that ends with this attribute (§14.5).
	mac := integrity(r.raw[:r.integrity], password)
	return hmac.Equal(mac, r.raw[r.integrity+4:r.integrity+4+integritySize])
}

// integrity returns the MESSAGE-INTEGRITY that follows a message so far.
func integrity(message []byte, password string) []byte {
	mac := hmac.New(sha1.New, []byte(password))
	var header [headerSize]byte
	copy(header[:], message)
	binary.BigEndian.PutUint16(header[2:], uint16(len(message)+4+integritySize-headerSize))
	mac.Write(header[:])
	mac.Write(message[headerSize:])
	return mac.Sum(nil)
}

// fingerprint returns the FINGERPRINT that follows a message, whose length
// counts it already.
func fingerprint(message []byte) uint32 { return crc32.ChecksumIEEE(message) ^ fingerprintXOR }

// Answer returns the success response to a verified request that came from an
// address.
func (r *Request) Answer(from netip.AddrPort, password string) []byte {
	const most = headerSize + 4 + 20 + 4 + integritySize + 4 + 4
	b := make([]byte, headerSize, most)
	binary.BigEndian.PutUint16(b, bindingSuccess)
	copy(b[4:], r.raw[4:headerSize]) // cookie and transaction id

	addr := from.Addr().Unmap().WithZone("")
	size, family := 8, byte(1)
	if addr.Is6() {
		size, family = 20, 2
	}
	b = binary.BigEndian.AppendUint16(b, attrXORMappedAddress)
	b = binary.BigEndian.AppendUint16(b, uint16(size))
	b = append(b, 0, family)
	b = binary.BigEndian.AppendUint16(b, from.Port()^(cookie>>16))
	for i, x := range addr.AsSlice() {
		b = append(b, x^b[4+i])
	}

	mac := integrity(b, password)
	b = binary.BigEndian.AppendUint16(b, attrMessageIntegrity)
	b = binary.BigEndian.AppendUint16(b, integritySize)
	b = append(b, mac...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+8-headerSize))
	crc := fingerprint(b)
	b = binary.BigEndian.AppendUint16(b, attrFingerprint)
	b = binary.BigEndian.AppendUint16(b, 4)
	return binary.BigEndian.AppendUint32(b, crc)
}
