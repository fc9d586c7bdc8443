package session

import (
	"fmt"
	"net/netip"
	"strings"
)

// Candidates are the host candidates of our side, the preferred first. Clients
// make the connection, by TCP too (RFC 6544: passive).
type Candidates struct{ UDP, TCP []netip.AddrPort }

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
	return append(out, "a=end-of-candidates")
}

// Replace puts the candidates in the place of those of a description: into its
// first section, which is that of the bundle.
func (c Candidates) Replace(description string) string {
	var b strings.Builder
	sections := 0
	insert := func() {
		if sections == 1 {
			b.WriteString(strings.Join(c.lines(), "\r\n") + "\r\n")
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(description, "\r\n"), "\r\n") {
		switch {
		case strings.HasPrefix(line, "a=candidate:"), line == "a=end-of-candidates":
			continue
		case strings.HasPrefix(line, "m="):
			insert()
			sections++
		}
		b.WriteString(line + "\r\n")
	}
	insert()
	return b.String()
}
