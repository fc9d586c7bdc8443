package sfu

import (
	"runtime"
	"slices"
	"time"

	"incamera/sfu/rtpx"
)

// Held returns how many bytes of heap and stacks the process has in use.
func Held() int {
	runtime.GC()
	runtime.GC() // what has a finalizer, and pools, goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}

// An Injector gives packets to a peer's camera as if they had arrived.
type Injector struct{ in *incoming }

// NewInjector takes the place of a peer's camera, which must have sent before
// and is not heard from then on. It begins with a key frame.
func NewInjector(p *Peer) *Injector { return NewInjectorOf(p, rtpx.VP8) }

// NewInjectorOf is NewInjector for a camera of another codec.
func NewInjectorOf(p *Peer, codec rtpx.Codec) *Injector {
	layer := &p.sources[Camera].layers[0]
	old := layer.Load()
	wire := *old.wire
	wire.Codec = codec
	in := newIncoming(old.source, old.index, &wire, old.epoch)
	layer.Store(in)
	return &Injector{in: in}
}

// Inject forwards a packet on the caller's goroutine.
func (i *Injector) Inject(raw []byte) { i.Describe(raw, nil) }

// Describe is Inject for a packet with a dependency descriptor.
func (i *Injector) Describe(raw, descriptor []byte) {
	if descriptor == nil {
		i.extended(raw, 0)
		return
	}
	i.extended(extend(raw, descriptor), extension)
}

// Extend is Inject for a packet with a header extension that means nothing.
func (i *Injector) Extend(raw, value []byte) { i.extended(extend(raw, value), 0) }

func (i *Injector) extended(raw []byte, described uint8) {
	now := time.Now()
	i.in.Receive(raw, described, now, now)
}

// extension is the id of that of injected packets.
const extension = 12

func extend(raw, value []byte) []byte {
	element := append([]byte{0x10, 0, 0, 0, extension, byte(len(value))}, value...)
	for len(element)%4 != 0 {
		element = append(element, 0)
	}
	element[3] = byte(len(element)/4 - 1)
	b := slices.Concat(raw[:12], element, raw[12:])
	b[0] |= 0x10
	return b
}

// Late is Inject for a packet that came some time ago.
func (i *Injector) Late(raw []byte, by time.Duration) {
	now := time.Now()
	i.in.Receive(raw, 0, now.Add(-by), now)
}
