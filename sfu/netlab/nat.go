package netlab

import "net/netip"

// A nat maps the UDP ports of one host to those of a public address, one to
// one, whoever is spoken to (RFC 4787: endpoint-independent mapping), and lets
// in what is sent to a mapped port.
type nat struct {
	public  netip.Addr
	next    uint16
	mapped  map[uint16]uint16 // inside to outside
	reverse map[uint16]uint16
}

// firstPort is where the ports of a nat begin.
const firstPort = 40_000

func newNAT(public netip.Addr) *nat {
	n := &nat{public: public, next: firstPort}
	n.forget()
	return n
}

// forget drops all mappings, as a router does that has been restarted: what is
// sent next comes from other ports.
func (n *nat) forget() { n.mapped, n.reverse = map[uint16]uint16{}, map[uint16]uint16{} }

// out returns where a packet from an inside port comes from.
func (n *nat) out(port uint16) netip.AddrPort {
	outside, ok := n.mapped[port]
	if !ok {
		outside = n.next
		n.next++
		n.mapped[port], n.reverse[outside] = outside, port
	}
	return netip.AddrPortFrom(n.public, outside)
}

// in returns the inside port of a public one.
func (n *nat) in(port uint16) (inside uint16, ok bool) {
	inside, ok = n.reverse[port]
	return inside, ok
}
