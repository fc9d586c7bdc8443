package session

import (
	"fmt"
	"net/netip"
)

// Candidates are the host candidates of our side, the preferred first. Clients
// make the connection, by TCP too (RFC 6544: passive). Relayed are addresses
// that mean something to our relay only.
type Candidates struct{ UDP, TCP, Relayed []netip.AddrPort }

// lines returns the attributes, with the end of them.
func (c Candidates) lines() (out []string) {
	// The priority of RFC 8445 §5.1.2.1, of one component. Type preferences as
	// browsers have them: TCP is worse than any UDP.
	for i, a := range c.UDP {
		priority := uint32(126)<<24 | uint32(65535-i)<<8 | 255
		out = append(out, fmt.Sprintf("a=candidate:%d 1 udp %d %s %d typ host", i+1, priority, a.Addr(), a.Port()))
	}
	for i, a := range c.TCP {
		priority := uint32(90)<<24 | uint32(65535-i)<<8 | 255
		out = append(out, fmt.Sprintf("a=candidate:%d 1 tcp %d %s %d typ host tcptype passive", len(c.UDP)+i+1, priority, a.Addr(), a.Port()))
	}
	for i, a := range c.Relayed { // last of all: the others are tried first
		priority := uint32(65535-i)<<8 | 255
		out = append(out, fmt.Sprintf("a=candidate:%d 1 udp %d %s %d typ host", len(c.UDP)+len(c.TCP)+i+1, priority, a.Addr(), a.Port()))
	}
	return append(out, "a=end-of-candidates")
}
