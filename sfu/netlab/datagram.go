package netlab

import (
	"encoding/binary"
	"net/netip"
)

// Protocol numbers of IP.
const (
	protoTCP      = 6
	protoUDP      = 17
	protoFragment = 44
)

// A datagram is what the router reads of a packet of IP. Fragments behind the
// first have no ports.
type datagram struct {
	packet
	from, to netip.Addr
	header   int // bytes; of IPv6 with what is before TCP and UDP
}

// parse reads a packet of IP. It fails for everything else, and for what hosts
// say to their own network only.
func parse(b []byte) (p datagram, ok bool) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return parse4(b)
	case len(b) >= 40 && b[0]>>4 == 6:
		return parse6(b)
	}
	return p, false
}

func parse4(b []byte) (p datagram, ok bool) {
	p.header = int(b[0]&15) * 4
	if p.header < 20 || len(b) < p.header || int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return p, false
	}
	p.from, p.to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.inside(b, b[9], binary.BigEndian.Uint16(b[6:])&0x1fff == 0)
	return p, true
}

// parse6 reads IPv6 (RFC 8200). Of the headers between it knows that of
// fragments.
func parse6(b []byte) (p datagram, ok bool) {
	p.header = 40
	if int(binary.BigEndian.Uint16(b[4:])) != len(b)-p.header {
		return p, false
	}
	p.from, p.to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	if p.to.IsMulticast() || p.to.IsLinkLocalUnicast() || p.from.IsLinkLocalUnicast() || p.to.Is4In6() || p.from.Is4In6() {
		return p, false
	}
	protocol, first := b[6], true
	if protocol == protoFragment && len(b) >= p.header+8 {
		protocol, first = b[40], binary.BigEndian.Uint16(b[42:])>>3 == 0
		p.header += 8
	}
	p.inside(b, protocol, first)
	return p, true
}

// inside reads what the datagram carries.
func (p *datagram) inside(b []byte, protocol byte, first bool) {
	p.size = len(b)
	p.udp, p.tcp = protocol == protoUDP, protocol == protoTCP
	if (p.udp || p.tcp) && first && len(b) >= p.header+8 {
		p.fromPort, p.toPort = binary.BigEndian.Uint16(b[p.header:]), binary.BigEndian.Uint16(b[p.header+2:])
	}
}

// setFrom and setTo rewrite one end of an unfragmented UDP packet of IPv4 in place,
// and give up its checksum, which IPv4 allows (RFC 768).
func setFrom(b []byte, p datagram, end netip.AddrPort) { setEnd(b, p, 12, 0, end) }
func setTo(b []byte, p datagram, end netip.AddrPort)   { setEnd(b, p, 16, 2, end) }

func setEnd(b []byte, p datagram, addr, port int, end netip.AddrPort) {
	a := end.Addr().As4()
	copy(b[addr:], a[:])
	binary.BigEndian.PutUint16(b[p.header+port:], end.Port())
	binary.BigEndian.PutUint16(b[p.header+6:], 0)
	binary.BigEndian.PutUint16(b[10:], 0)
	var sum uint32
	for i := 0; i < p.header; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
}
