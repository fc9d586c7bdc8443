package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"incamera/sfu/keyframe"
	"incamera/sfu/munge"
	"incamera/sfu/ring"
	"incamera/sfu/rtpx"
	"incamera/sfu/transport"
)

// maxPacket is how large a packet can be: what UDP over Ethernet carries.
const maxPacket = 1500

// An epoch is the publisher's clock, shared by all layers of one connection so
// that voice and picture stay in step.
type epoch struct {
	mu sync.Mutex
	// Guarded by mu.
	munge.Epoch
}

// incoming is one layer as it arrives, read by one pump.
type incoming struct {
	// Static after construction.
	source *source
	index  int
	wire   *transport.Layer
	epoch  *epoch
	ring   *ring.Ring // nil for sound, which is not sent again

	// Owned by the pump.
	unwrap munge.Unwrapper
	seen   munge.Window

	// Atomic.
	lastPacket atomic.Int64                // Unix ns
	clock      atomic.Pointer[munge.Clock] // nil before the first sender report
	pending    atomic.Bool                 // a key frame request is kept

	requests struct {
		sync.Mutex
		keyframe.Throttle
	}
}

func newIncoming(src *source, index int, wire *transport.Layer, e *epoch) *incoming {
	in := &incoming{source: src, index: index, wire: wire, epoch: e}
	if src.kind.IsVideo() {
		in.ring = ring.New()
	}
	return in
}

// requestKeyFrame sends a PLI, or keeps it when the last was too recent.
func (in *incoming) requestKeyFrame(now time.Time) {
	in.requests.Lock()
	send := in.requests.Ask(now)
	in.pending.Store(in.requests.Pending())
	in.requests.Unlock()
	if !send {
		in.source.server.counters.coalesced.Add(1)
		return
	}
	in.sendRequest()
}

// flushRequest sends a kept request when its time has come.
func (in *incoming) flushRequest(now time.Time) {
	if !in.pending.Load() {
		return
	}
	in.requests.Lock()
	send := in.requests.Due(now)
	in.pending.Store(in.requests.Pending())
	in.requests.Unlock()
	if send {
		in.sendRequest()
	}
}

func (in *incoming) sendRequest() {
	in.source.server.counters.requests.Add(1)
	// A failure means that the connection is gone; the pump ends then.
	_ = in.wire.RequestKeyFrame()
}

// keyFrameArrived notes that those who asked for one are served.
func (in *incoming) keyFrameArrived() {
	in.requests.Lock()
	in.requests.Arrived()
	in.pending.Store(false)
	in.requests.Unlock()
}

// packet is one received packet on its way to the seats. Owned by the pump.
type packet struct {
	header rtpx.Header
	info   rtpx.Info
	in     munge.In
	newest bool
	buf    [maxPacket]byte // for the rewritten payload
}

// pump reads the layer until its connection is closed.
func (in *incoming) pump() {
	buf := make([]byte, maxPacket)
	var p packet
	for {
		n, err := in.wire.Read(buf)
		if err != nil {
			return
		}
		in.receive(buf[:n], &p, time.Now())
	}
}

// receive forwards one packet:
//
//  1. read what it shows, drop what is malformed, repeated or replaced;
//  2. keep it for those who will miss it;
//  3. give it to each seat that the source is on.
func (in *incoming) receive(raw []byte, p *packet, now time.Time) {
	c := &in.source.server.counters
	c.in.Add(1)
	if in.source.layers[in.index].Load() != in {
		c.stale.Add(1)
		return
	}
	ok := false
	if p.header, ok = rtpx.ParseHeader(raw); !ok {
		c.malformed.Add(1)
		return
	}
	p.in = munge.In{Timestamp: p.header.Timestamp}
	p.in.Seq, p.newest = in.unwrap.Unwrap(p.header.Seq)
	if !in.seen.Fresh(p.in.Seq) {
		c.duplicates.Add(1)
		return
	}
	seats := *in.source.seats.Load()
	if len(p.header.Payload) == 0 { // padding only
		for _, s := range seats {
			s.skip(in, p.in.Seq)
		}
		return
	}
	if p.info, ok = rtpx.Parse(in.wire.Codec, p.header.Payload); !ok {
		c.malformed.Add(1)
		return
	}
	p.in.PictureBits, p.in.PictureID = p.info.PictureBits, p.info.PictureID(p.header.Payload)
	p.in.TL0, p.in.KeyIdx = p.info.TL0(p.header.Payload), p.info.KeyIdx(p.header.Payload)
	if in.ring != nil {
		in.ring.Put(p.in.Seq, raw)
	}
	in.lastPacket.Store(now.UnixNano())
	if p.info.KeyFrame && p.newest && in.pending.Load() {
		in.keyFrameArrived()
	}
	for _, s := range seats {
		s.forward(in, p, now)
	}
	in.flushRequest(now)
}

// report takes the publisher's clock.
func (in *incoming) report(r transport.Report) {
	in.epoch.mu.Lock()
	at := in.epoch.Translate(munge.FromNTP(r.NTP), time.Now())
	in.epoch.mu.Unlock()
	in.clock.Store(&munge.Clock{RTP: r.RTP, At: at, Rate: in.source.kind.clockRate()})
}
