package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"incamera/sfu/keyframe"
	"incamera/sfu/layer"
	"incamera/sfu/munge"
	"incamera/sfu/ring"
	"incamera/sfu/rtpx"
	"incamera/sfu/transport"
)

// maxPacket is how large a packet can be: what UDP over Ethernet carries.
const maxPacket = 1500

// incoming is one layer as it arrives, the sink of its connection.
type incoming struct {
	// Static after construction.
	source *source
	index  int
	wire   *transport.Layer
	epoch  *munge.Epoch // of all layers of the connection, so that voice and picture stay in step; owned by who calls the sinks
	ring   *ring.Ring   // nil for sound, which is not sent again

	mu sync.Mutex
	// Guarded by mu.
	unwrap munge.Unwrapper
	seen   munge.Window
	burst  burst
	meter  meter
	upper  *[layer.Count - 1]meter // of the spatial layers above the lowest; nil: there are none
	told   *described              // of AV1; nil: nothing was

	// Atomic.
	parts   [layer.Count]part           // by spatial layer; all but the first are for those of spatial
	spatial atomic.Bool                 // it has several spatial layers
	loss    atomic.Uint32               // of a thousand packets
	tells   atomic.Uint32               // id of the header extension with dependency descriptors; 0: there was none
	clock   atomic.Pointer[munge.Clock] // nil before the first sender report
	pending atomic.Bool                 // a key frame request is kept

	requests struct {
		sync.Mutex
		keyframe.Throttle
	}
}

// A part is what is known of a spatial layer. Of those above others it is theirs
// alone.
type part struct {
	last  atomic.Int64                  // packet, Unix ns; 0: there was none. Of the lowest: of all
	rates [layer.Temporals]atomic.Int64 // bits per second, up to each temporal layer; all 0: not measured yet
}

func newIncoming(src *source, index int, wire *transport.Layer, e *munge.Epoch) *incoming {
	in := &incoming{source: src, index: index, wire: wire, epoch: e}
	if src.kind.IsVideo() {
		in.ring = ring.New()
	}
	in.burst.late = time.AfterFunc(time.Hour, in.flushLate)
	in.burst.late.Stop()
	return in
}

// measured returns what is sent when it is sent up to a spatial layer; nothing
// before that was measured. Without spatial layers it is of the lowest.
func (in *incoming) measured(spatial int) (rates layer.Rates) {
	for i := range spatial + 1 {
		var own layer.Rates
		for t := range own {
			own[t] = in.parts[i].rates[t].Load()
		}
		if own.Top() == layer.None {
			return layer.Rates{}
		}
		rates = rates.Over(own)
	}
	return rates
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
	// A failure means that the connection is gone, and soon the layer, too.
	_ = in.wire.RequestKeyFrame()
}

// keyFrameArrived notes that those who asked for one are served.
func (in *incoming) keyFrameArrived() {
	in.requests.Lock()
	in.requests.Arrived()
	in.pending.Store(false)
	in.requests.Unlock()
}

// Gone implements [transport.Sink].
func (in *incoming) Gone() {
	in.source.layers[in.index].CompareAndSwap(in, nil)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.burst.late.Stop()
	in.burst.n = 0
}

// Receive implements [transport.Sink]. It forwards one packet:
//
//  1. read what it shows, drop what is malformed, repeated or replaced;
//  2. keep it for those who will miss it;
//  3. collect it with others of its frame;
//  4. give these to each seat that the source is on.
func (in *incoming) Receive(raw []byte, described uint8, came, now time.Time) {
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
	p.header, p.in, p.descriptor = header, munge.In{Timestamp: header.Timestamp}, nil
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
	if p.info, ok = rtpx.Parse(in.wire.Codec, header.Payload); !ok || !in.describe(p, raw, described) {
		c.malformed.Add(1)
		return
	}
	p.in.PictureBits, p.in.PictureID = p.info.PictureBits, p.info.PictureID(header.Payload)
	p.in.Apart = in.wire.Codec == rtpx.VP9
	p.in.TL0, p.in.KeyIdx = p.info.TL0(header.Payload), p.info.KeyIdx(header.Payload)
	if in.ring != nil {
		in.ring.Put(p.in.Seq, raw, now)
	}
	in.parts[0].last.Store(now.UnixNano())
	p.spatial = in.isSpatial(p.info)
	own := len(raw)
	if p.info.Spatial > 0 && p.spatial {
		own = 0
		in.measureUpper(p, len(raw), now)
	}
	if rates, ok := in.meter.add(p.in.Seq, int(p.info.Temporal), own, now); ok {
		in.parts[0].store(rates)
		in.loss.Store(uint32(1000 * in.meter.loss))
	}
	if p.info.KeyFrame && p.newest && in.pending.Load() {
		in.keyFrameArrived()
	}
	if in.burst.add(p, came) || !in.source.kind.IsVideo() {
		in.flush(now)
	}
	in.flushRequest(now)
}

// descriptor returns the dependency descriptor of a packet of the layer, part of it; nil
// where it has none. Safe for concurrent use.
func (in *incoming) descriptor(raw []byte) []byte {
	if id := in.tells.Load(); id != 0 {
		return rtpx.Extension(raw, uint8(id))
	}
	return nil
}

// describe adds what its descriptor tells of a packet, if it has one, in the extension
// of that id. It reports false for a malformed one. Called under mu.
func (in *incoming) describe(p *packet, raw []byte, id uint8) bool {
	if in.wire.Codec != rtpx.AV1 {
		return true
	}
	p.in.Timed = true
	if id == 0 {
		return true
	}
	if in.tells.Load() != uint32(id) {
		in.tells.Store(uint32(id)) // and stays: what had a descriptor may be sent again when others have none
	}
	descriptor := in.descriptor(raw)
	if descriptor == nil {
		return true
	}
	if in.told == nil {
		in.told = &described{}
	}
	return in.told.read(descriptor, p) && p.tell(descriptor)
}

// isSpatial reports whether the stream has several spatial layers: since its key
// pictures tell so, or one was seen. A stream that is a simulcast layer has none
// that seats choose from.
func (in *incoming) isSpatial(info rtpx.Info) bool {
	if (info.Spatials > 1 || info.Spatial > 0) && in.index == 0 && !in.spatial.Load() {
		in.spatial.Store(true)
	}
	return in.spatial.Load()
}

// measureUpper counts a packet of a spatial layer above the lowest. Called under mu.
func (in *incoming) measureUpper(p *packet, size int, now time.Time) {
	s := int(p.info.Spatial)
	if s >= layer.Count {
		return // nobody gets it
	}
	if in.upper == nil {
		in.upper = &[layer.Count - 1]meter{}
	}
	in.parts[s].last.Store(now.UnixNano())
	if rates, ok := in.upper[s-1].add(p.in.Seq, int(p.info.Temporal), size, now); ok {
		in.parts[s].store(rates)
	}
}

func (p *part) store(rates layer.Rates) {
	for t, rate := range rates {
		p.rates[t].Store(rate)
	}
}

// flushLate forwards what has waited for the rest of its frame for too long.
func (in *incoming) flushLate() {
	defer in.wire.Guard()
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
	batch.SetCame(in.burst.came)
	for _, s := range seats {
		s.forward(in, batch, packets, now)
	}
	batch.Send()
}

// Report implements [transport.Sink]: it takes the publisher's clock.
func (in *incoming) Report(r transport.Report, now time.Time) {
	at := in.epoch.Translate(munge.FromNTP(r.NTP), now)
	in.clock.Store(&munge.Clock{RTP: r.RTP, At: at, Rate: in.source.kind.clockRate()})
}
