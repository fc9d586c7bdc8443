// Package sniff tells by its first bytes what comes on the one port number:
// pages and signaling, media, or a request to the relay. All functions are
// pure.
package sniff

import "encoding/binary"

// A Kind is what something is.
type Kind uint8

// The kinds. Checks and media is of connections that were negotiated.
const (
	Unknown Kind = iota
	TLS          // a handshake (RFC 8446); what is in it is told apart again
	HTTP
	ICE  // connectivity checks and media; in a stream with the framing of RFC 4571
	TURN // RFC 8656; plain STUN is the same server's
)

const (
	cookie     = 0x2112a442 // of STUN (RFC 8489 §5)
	stunHeader = 20
	// maxCheck is more than any connectivity check has.
	maxCheck = 2048

	methodBinding  = 0x0001
	methodAllocate = 0x0003
)

// Need is how many bytes decide in any case.
const Need = 10

// Stream tells what a TCP connection is, or what was in TLS, from what the
// client has sent first. more asks for further bytes; it is never asked with
// Need bytes or more. Nobody else is mistaken for a client of media: its first
// frame is a check, whose length and cookie are where no other kind has them.
func Stream(b []byte) (k Kind, more bool) {
	switch {
	case len(b) == 0:
		return Unknown, true
	case b[0] >= 'A' && b[0] <= 'Z': // a method
		return HTTP, false
	case b[0] == 22: // handshake, of any version
		if len(b) < 2 {
			return Unknown, true
		}
		if b[1] == 3 {
			return TLS, false
		}
		return Unknown, false
	case b[0] >= maxCheck>>8:
		return Unknown, false
	case len(b) < 2:
		return Unknown, true
	}
	at, k := 4, TURN
	switch n := binary.BigEndian.Uint16(b); {
	case n == methodBinding || n == methodAllocate: // what a client begins with
	case n >= stunHeader: // the length of a frame
		at, k = 6, ICE
		if len(b) >= 3 && b[2] != 0 || len(b) >= 4 && b[3] != methodBinding {
			return Unknown, false
		}
	default:
		return Unknown, false
	}
	var want [4]byte
	binary.BigEndian.PutUint32(want[:], cookie)
	for i, x := range want {
		if at+i >= len(b) {
			return Unknown, true
		}
		if b[at+i] != x {
			return Unknown, false
		}
	}
	return k, false
}

// Datagram tells whether a UDP packet is for the relay. Everything else is ICE:
// checks, DTLS, SRTP, and what is none of them.
func Datagram(b []byte) Kind {
	switch {
	case len(b) == 0:
		return ICE
	case b[0] >= 64 && b[0] <= 79: // ChannelData (RFC 7983)
		return TURN
	case b[0] >= 4 || len(b) < stunHeader || binary.BigEndian.Uint32(b[4:]) != cookie:
		return ICE
	}
	switch binary.BigEndian.Uint16(b) {
	// Those of nobody, too: an answer would go to whoever is written as the sender.
	case methodBinding, methodBinding | 0x0010, methodBinding | 0x0100, methodBinding | 0x0110: // request, indication, responses
		return ICE
	}
	return TURN
}
