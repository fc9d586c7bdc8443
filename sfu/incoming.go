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

	mu sync.Mutex
	// Guarded by mu.
	unwrap munge.Unwrapper
	seen   munge.Window
	burst  burst
	meter  meter

	// Atomic.
	lastPacket atomic.Int64                // Unix ns
	bitrate    atomic.Int64                // bits per second; 0: not measured yet
	loss       atomic.Uint32               // of a thousand packets
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
	in.burst.late = time.AfterFunc(time.Hour, in.flushLate)
	in.burst.late.Stop()
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

// pump reads the layer until its connection is closed.
func (in *incoming) pump() {
	defer in.burst.late.Stop()
	buf := make([]byte, maxPacket)
	for {
		n, err := in.wire.Read(buf)
		if err != nil {
			return
		}
		in.receive(buf[:n], time.Now())
	}
}

// receive forwards one packet:
//
//  1. read what it shows, drop what is malformed, repeated or replaced;
//  2. keep it for those who will miss it;
//  3. collect it with others of its frame;
//  4. give these to each seat that the source is on.
func (in *incoming) receive(raw []byte, now time.Time) {
	c := &in.source.server.counters
	c.in.Add(1)
	if in.source.layers[in.index].Load() != in {
		c.stale.Add(1)
		return
	}
	header, ok := rtpx.ParseHeader(raw)
	if !ok {
		c.malformed.Add(1)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	p := in.burst.next()
	p.header, p.in = header, munge.In{Timestamp: header.Timestamp}
	p.in.Seq, p.newest = in.unwrap.Unwrap(header.Seq)
	if !in.seen.Fresh(p.in.Seq) {
		c.duplicates.Add(1)
		return
	}
	if len(header.Payload) == 0 { // padding only
		in.flush(now) // what came before it
		for _, s := range *in.source.seats.Load() {
			s.skip(in, p.in.Seq)
		}
		return
	}
	if p.info, ok = rtpx.Parse(in.wire.Codec, header.Payload); !ok {
		c.malformed.Add(1)
		return
	}
	p.in.PictureBits, p.in.PictureID = p.info.PictureBits, p.info.PictureID(header.Payload)
	p.in.TL0, p.in.KeyIdx = p.info.TL0(header.Payload), p.info.KeyIdx(header.Payload)
	if in.ring != nil {
		in.ring.Put(p.in.Seq, raw)
	}
	in.lastPacket.Store(now.UnixNano())
	if rate, ok := in.meter.add(p.in.Seq, len(raw), now); ok {
		in.bitrate.Store(rate)
		in.loss.Store(uint32(1000 * in.meter.loss))
	}
	if p.info.KeyFrame && p.newest && in.pending.Load() {
		in.keyFrameArrived()
	}
	if in.burst.add(p) || !in.source.kind.IsVideo() {
		in.flush(now)
	}
	in.flushRequest(now)
}

// flushLate forwards what has waited for the rest of its frame for too long.
func (in *incoming) flushLate() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.flush(time.Now())
}

// flush gives the packets that were collected to each seat. Called under mu.
func (in *incoming) flush(now time.Time) {
	packets := in.burst.take()
	if len(packets) == 0 {
		return
	}
	seats := *in.source.seats.Load()
	if len(seats) == 0 {
		return
	}
	batch := in.source.server.transport.Batch()
	for _, s := range seats {
		s.forward(in, batch, packets, now)
	}
	batch.Send()
}

// report takes the publisher's clock.
func (in *incoming) report(r transport.Report) {
	in.epoch.mu.Lock()
	at := in.epoch.Translate(munge.FromNTP(r.NTP), time.Now())
	in.epoch.mu.Unlock()
	in.clock.Store(&munge.Clock{RTP: r.RTP, At: at, Rate: in.source.kind.clockRate()})
}
