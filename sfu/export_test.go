package sfu

import "time"

// Inject takes a packet as if the peer's camera had sent it, on the caller's
// goroutine. The camera must have sent before, and must be silent now.
func (p *Peer) Inject(raw []byte) {
	var scratch packet
	p.sources[Camera].layers[0].Load().receive(raw, &scratch, time.Now())
}
