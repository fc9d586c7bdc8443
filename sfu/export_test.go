package sfu

import "time"

// An Injector gives packets to a peer's camera as if they had arrived.
type Injector struct{ in *incoming }

// NewInjector takes the place of a peer's camera, which must have sent before
// and is not heard from then on. It begins with a key frame.
func NewInjector(p *Peer) *Injector {
	layer := &p.sources[Camera].layers[0]
	old := layer.Load()
	in := newIncoming(old.source, old.index, old.wire, old.epoch)
	layer.Store(in)
	return &Injector{in: in}
}

// Inject forwards a packet on the caller's goroutine.
func (i *Injector) Inject(raw []byte) { i.in.receive(raw, time.Now()) }
