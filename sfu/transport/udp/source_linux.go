package udp

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A machine with several addresses has to answer from the one that was asked:
// who checks a connection drops what comes from another (RFC 8445 §7.2.5.2.1).
// Left to itself the kernel takes the first address of the route back.

// maxSources bounds how many clients are known by where they come to. More cost
// memory to whoever forges addresses; those beyond are answered as the kernel
// likes.
const maxSources = 1 << 14

// A source is a control message that has packets sent from one of our
// addresses, in the kernel's form; of length 0: from any.
type source struct {
	hdr  unix.Cmsghdr
	info [24]byte // struct in6_pktinfo, the larger one, with what fills it up
	n    int
}

// bytes points at the message, for the kernel.
func (s *source) bytes() *byte { return (*byte)(unsafe.Pointer(s)) }

// sources are the addresses of ours to which clients came. Safe for concurrent
// use.
type sources struct {
	mu sync.RWMutex
	by map[netip.AddrPort]source // by the client's
}

// askSources has the kernel say to which address packets came, where the port is
// that of all.
func (c *Conn) askSources() error {
	if !c.local.IP.IsUnspecified() {
		return nil
	}
	c.sources = &sources{by: map[netip.AddrPort]source{}}
	if c.v6 {
		return unix.SetsockoptInt(c.fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	}
	return unix.SetsockoptInt(c.fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
}

// note remembers to which address a client came that begins or checks a
// connection (STUN, of the relay, too); other packets go the way of these.
func (s *sources) note(packet []byte, said *ancillary, n int, from netip.AddrPort) {
	if len(packet) == 0 || packet[0] > 3 {
		return
	}
	now, ok := said.back(n)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.by[from]; !known && len(s.by) >= maxSources {
		skip := rand.IntN(8) // not always the same one
		for old := range s.by {
			if skip--; skip < 0 {
				delete(s.by, old)
				break
			}
		}
	}
	s.by[from] = now
}

// of returns from which address a client is to be answered.
func (s *sources) of(to netip.AddrPort) source {
	if s == nil {
		return source{}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.by[netip.AddrPortFrom(to.Addr().Unmap(), to.Port())]
}

// back turns what the kernel says of a packet that came, in n bytes, into what it
// wants for one that goes back.
func (a *ancillary) back(n int) (s source, ok bool) {
	size := 0
	if to := a.find(n, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo); to != nil {
		s.hdr.Level, s.hdr.Type = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
		size = unix.SizeofInet6Pktinfo
		copy(s.info[:], to[:16]) // by whatever device leads back
	} else if to = a.find(n, unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo); to != nil {
		s.hdr.Level, s.hdr.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		size = unix.SizeofInet4Pktinfo
		copy(s.info[4:8], to[8:12]) // ipi_addr, of the packet's header, becomes ipi_spec_dst
	} else {
		return s, false
	}
	s.hdr.SetLen(unix.CmsgLen(size))
	s.n = unix.CmsgSpace(size)
	return s, true
}

// Leads reports whether packets to d go from the address of ours to which the
// client at that address has come last.
func (c *Conn) Leads(d *Dest, to netip.AddrPort) bool { return d.source == c.sources.of(to) }
