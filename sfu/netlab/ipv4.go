package netlab

import (
	"encoding/binary"
	"net/netip"
)

// Protocol numbers of IPv4.
const (
	protoTCP = 6
	protoUDP = 17
)

// An ipv4 is what the router reads of a packet. Fragments behind the first
// have no ports.
type ipv4 struct {
	packet
	from, to netip.Addr
	header   int // bytes
}

// parse reads an IPv4 packet. It fails for everything else.
func parse(b []byte) (p ipv4, ok bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return p, false
	}
	p.header = int(b[0]&15) * 4
	if p.header < 20 || len(b) < p.header || int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return p, false
	}
	p.size = len(b)
	p.udp, p.tcp = b[9] == protoUDP, b[9] == protoTCP
	p.from, p.to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	first := binary.BigEndian.Uint16(b[6:])&0x1fff == 0
	if (p.udp || p.tcp) && first && len(b) >= p.header+8 {
		p.fromPort, p.toPort = binary.BigEndian.Uint16(b[p.header:]), binary.BigEndian.Uint16(b[p.header+2:])
	}
	return p, true
}

// setFrom and setTo rewrite one end of an unfragmented UDP packet in place,
// and give up its checksum, which IPv4 allows (RFC 768).
func setFrom(b []byte, p ipv4, end netip.AddrPort) { setEnd(b, p, 12, 0, end) }
func setTo(b []byte, p ipv4, end netip.AddrPort)   { setEnd(b, p, 16, 2, end) }

func setEnd(b []byte, p ipv4, addr, port int, end netip.AddrPort) {
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
