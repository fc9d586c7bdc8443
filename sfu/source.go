package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"incamera/sfu/layer"
	"incamera/sfu/munge"
	"incamera/sfu/ring"
	"incamera/sfu/rtpx"
	"incamera/sfu/transport"
)

// keyFrameSpacing is how often a publisher is asked for a key frame at most,
// per layer. Shorter, and a joiner without keys costs everybody bandwidth;
// longer, and switching takes visibly long.
const keyFrameSpacing = 500 * time.Millisecond

// A source is one thing that a peer publishes: its layers, and the seats that
// it is on.
type source struct {
	// Static after construction.
	server *Server
	owner  PeerID
	kind   Source

	// Atomic.
	layers [layer.Count]atomic.Pointer[incoming]
	seats  atomic.Pointer[[]*seat] // immutable; written under the room's mutex
}

func newSource(s *Server, owner PeerID, kind Source) *source {
	src := &source{server: s, owner: owner, kind: kind}
	src.seats.Store(new([]*seat))
	return src
}

// addSeat and removeSeat are called under the room's mutex.
func (s *source) addSeat(added *seat) {
	fresh := append(slices.Clone(*s.seats.Load()), added)
	s.seats.Store(&fresh)
}

func (s *source) removeSeat(gone *seat) {
	fresh := slices.DeleteFunc(slices.Clone(*s.seats.Load()), func(other *seat) bool { return other == gone })
	s.seats.Store(&fresh)
}

// alive returns when each layer's latest packet came.
func (s *source) alive() (last [layer.Count]time.Time) {
	for i := range s.layers {
		if in := s.layers[i].Load(); in != nil {
			if at := in.lastPacket.Load(); at != 0 {
				last[i] = time.Unix(0, at)
			}
		}
	}
	return last
}

// requestKeyFrame asks for a key frame of a layer, unless it does not exist.
func (s *source) requestKeyFrame(index int, now time.Time) {
	if index == layer.None {
		return
	}
	if in := s.layers[index].Load(); in != nil {
		in.requestKeyFrame(now)
	}
}

// flushRequests sends requests that had to wait.
func (s *source) flushRequests(now time.Time) {
	for i := range s.layers {
		if in := s.layers[i].Load(); in != nil && in.wanted.Load() {
			in.requestKeyFrame(now)
		}
	}
}

// incoming is one layer as it arrives, read by one pump.
type incoming struct {
	// Static after construction.
	source *source
	index  int
	wire   *transport.Layer
	ring   *ring.Ring

	// Owned by the pump.
	unwrap munge.Unwrapper
	seen   munge.Window

	// Atomic.
	lastPacket atomic.Int64 // Unix ns
	wanted     atomic.Bool  // a key frame is wanted and not asked for yet

	requests struct {
		sync.Mutex
		last time.Time
	}
}

// requestKeyFrame sends a PLI, or remembers to when the last is too recent.
func (in *incoming) requestKeyFrame(now time.Time) {
	in.requests.Lock()
	tooSoon := now.Sub(in.requests.last) < keyFrameSpacing
	if !tooSoon {
		in.requests.last = now
	}
	in.requests.Unlock()
	in.wanted.Store(tooSoon)
	if tooSoon {
		in.source.server.counters.pliCoalesced.Add(1)
		return
	}
	in.source.server.counters.pli.Add(1)
	// A failure means that the connection is gone; the pump ends then.
	_ = in.wire.RequestKeyFrame()
}

// packet is one received packet on its way to the seats. Owned by the pump.
type packet struct {
	rtp    rtp.Packet
	info   rtpx.Info
	in     munge.In
	newest bool
}

// pump reads the layer until its connection is closed.
func (in *incoming) pump() {
	buf := make([]byte, 1500)
	var p packet
	for {
		n, err := in.wire.Read(buf)
		if err != nil {
			return
		}
		in.receive(buf[:n], &p, time.Now())
	}
}

func (in *incoming) receive(raw []byte, p *packet, now time.Time) {
	c := &in.source.server.counters
	c.in.Add(1)
	p.rtp = rtp.Packet{}
	if p.rtp.Unmarshal(raw) != nil {
		c.malformed.Add(1)
		return
	}
	p.in = munge.In{Timestamp: p.rtp.Timestamp}
	p.in.Seq, p.newest = in.unwrap.Unwrap(p.rtp.SequenceNumber)
	if !in.seen.Fresh(p.in.Seq) {
		c.duplicates.Add(1)
		return
	}
	seats := *in.source.seats.Load()
	if len(p.rtp.Payload) == 0 { // padding only
		for _, s := range seats {
			s.skip(in, p.in)
		}
		return
	}
	var ok bool
	if p.info, ok = rtpx.Parse(in.wire.Codec, p.rtp.Payload); !ok {
		c.malformed.Add(1)
		return
	}
	if p.info.LongPictureID {
		at := p.info.PictureID
		p.in.PictureID = uint16(p.rtp.Payload[at]&0x7f)<<8 | uint16(p.rtp.Payload[at+1])
	}
	if p.info.TL0 != 0 {
		p.in.TL0 = p.rtp.Payload[p.info.TL0]
	}
	in.ring.Put(p.in.Seq, raw)
	in.lastPacket.Store(now.UnixNano())
	for _, s := range seats {
		s.forward(in, p, now)
	}
	if in.wanted.Load() {
		in.requestKeyFrame(now)
	}
}

// report passes the publisher's clock on to the seats.
func (in *incoming) report(r transport.Report) {
	for _, s := range *in.source.seats.Load() {
		s.report(in, r)
	}
}
