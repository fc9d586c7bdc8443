package sfu

import (
	"math/rand/v2"
	"sync"
	"time"

	"incamera/sfu/layer"
	"incamera/sfu/munge"
	"incamera/sfu/rtpx"
	"incamera/sfu/trace"
	"incamera/sfu/transport"
)

// A seat is one outgoing stream of a subscriber. Whoever is on it, it goes on
// without a gap.
type seat struct {
	// Static after construction.
	server *Server
	index  int
	kind   Source
	wire   *transport.Seat
	trace  *trace.Seat // told under mu; nil: nobody records

	// Guarded by the room's mutex.
	tile suits
	rank int // among the seats of its kind, 0 is the most important

	// Owned by the peer's run.
	changed time.Time // when what it may have changed
	allowed int       // the highest step that the network takes, or layer.None; unlimited

	mu sync.Mutex
	// Guarded by mu.
	paused   bool // the network takes nothing of it
	limit    int  // the highest step that the network takes
	wanted   suits
	source   *source // nil: empty
	layer    *incoming
	selector layer.Selector
	packets  uint32
	octets   uint32
	reported uint32        // packets, when last reported
	rtxSeq   uint16        // of the latest retransmission
	trip     time.Duration // round trip to the subscriber; 0: not known
	*going                 // nil until somebody is on the seat
}

// going is what goes on from one owner of a seat to the next. Most seats have had none,
// and are half as large without it.
type going struct {
	stream *munge.Stream
	clock  munge.Clock // of the source before; Rate is 0 when unknown
	tops   layer.Tops  // of a stream of several spatial layers
	repair repair
}

// suits is what suits a tile.
type suits struct {
	layer int
	calm  bool // half of the frames do
}

// clockRate returns the ticks per second of the source's timestamps.
func (s Source) clockRate() uint32 {
	if s.IsVideo() {
		return 90_000
	}
	return 48_000
}

func newSeat(s *Server, index int, kind Source, wire *transport.Seat) *seat {
	return &seat{
		server: s, index: index, kind: kind, wire: wire, selector: layer.New(), limit: layer.Unlimited, allowed: layer.Unlimited,
		rtxSeq: uint16(rand.Uint32()),
	}
}

// put sets who is on the seat (nil: nobody) and what suits its tile.
// Called under the room's mutex.
func (s *seat) put(src *source, wanted suits, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != src {
		s.keepClock()
		s.source, s.layer = src, nil
		s.selector.Reset()
		if s.going != nil {
			s.repair.forget()
		}
		s.traceOwner(now)
	}
	if src != nil && s.going == nil {
		// Weak randomness is enough: the numbers are no secret (RFC 3550 §5.1 wants them unpredictable for weak ciphers only).
		s.going = &going{stream: munge.New(s.kind.clockRate(), uint16(rand.Uint32()), rand.Uint32())}
	}
	s.wanted = wanted
	s.aim(now)
}

// allow sets the highest step that the network takes; layer.None pauses the
// seat. It reports whether that changed whether it is paused.
func (s *seat) allow(highest int, now time.Time) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	paused := highest == layer.None
	changed = paused != s.paused
	s.paused = paused
	if !paused {
		s.limit = highest
	}
	s.selector.Pause(paused)
	s.aim(now)
	return changed
}

// takesTrip sets for how long an answer is on its way at least.
func (s *seat) takesTrip(trip time.Duration) {
	s.mu.Lock()
	s.trip = trip
	s.mu.Unlock()
}

// tick looks again at which layers are sent. Call every few hundred ms.
func (s *seat) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aim(now)
}

func (s *seat) aim(now time.Time) {
	wanted := min(s.wanted.layer, layer.Of(s.limit))
	s.selector.Want(wanted)
	s.selector.Limit(s.limit, s.calmest())
	if s.source == nil || !s.kind.IsVideo() {
		return
	}
	last := s.source.lastPackets()
	need := s.selector.Update(last, now)
	s.trace.Aim(wanted, s.paused, last, s.selector.Target(), need, now)
	if need {
		s.source.requestKeyFrame(s.selector.Target(), now)
	}
}

// calmest returns the highest temporal layer that suits the tile. Called under mu.
func (s *seat) calmest() int {
	const all = layer.Temporals - 1
	if !s.wanted.calm || s.layer == nil {
		return all
	}
	top := s.layer.measured(0).Top()
	if top == layer.None {
		return all
	}
	return max(0, top-1)
}

// traceOwner tells a recording that the selector starts over. Called under mu.
func (s *seat) traceOwner(now time.Time) {
	if s.trace == nil {
		return
	}
	owner := 0
	if s.source != nil {
		owner = s.source.number
	}
	s.trace.Owner(owner, now)
}

// forward sends those of the packets on that are for the seat.
func (s *seat) forward(in *incoming, batch *transport.Batch, packets []packet, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != in.source {
		return // the list is older than the change
	}
	to, ok := s.wire.Stream(in.wire.Codec)
	if !ok {
		s.server.counters.unsendable.Add(uint64(len(packets)))
		return
	}
	before := s.packets
	w := s.wire.Writer(batch, now)
	defer w.Close()
	for i := range packets {
		p := &packets[i]
		switch {
		case !s.takes(in, p, now):
		case s.skips(p, now):
			s.leaveOut(&w, p, to)
		default:
			s.send(in, &w, p, to, now)
		}
	}
	s.server.counters.out.Add(uint64(s.packets - before)) // once, as all subscribers count
}

// send writes a packet, with the seat's numbers.
func (s *seat) send(in *incoming, w *transport.Writer, p *packet, to transport.Stream, now time.Time) {
	out, ok := s.stream.Rewrite(p.in, now)
	if !ok {
		return
	}
	marker := s.ends(p)
	if to.RTXSSRC != 0 {
		if p.info.KeyFrame && p.newest {
			s.repair.keyFrame(out.Seq)
		}
		s.repair.note(&sent{in: in, seq: p.in.Seq, out: out, marker: marker}, now)
	}
	if p.info.Rewrites() { // whoever had it before is done with it
		p.info.Rewrite(p.header.Payload, out.PictureID, out.TL0, out.KeyIdx)
	}
	var descriptor []byte
	if out.Described && s.wire.Describes() {
		descriptor = p.descriptor
		rtpx.SetFrame(descriptor, out.PictureID)
	}
	if w.Write(&transport.Packet{
		Marker: marker, Padded: p.pad > 0, PayloadType: to.PayloadType, SSRC: to.SSRC, Seq: out.Seq, Timestamp: out.Timestamp,
		Payload: p.payload(), Descriptor: descriptor,
	}) != nil {
		s.server.counters.unwritable.Add(1)
		return
	}
	s.packets++
	s.octets += uint32(len(p.header.Payload))
}

// skips reports whether the packet is of a frame that is left out, for a lower
// frame rate or a smaller picture.
func (s *seat) skips(p *packet, now time.Time) bool {
	if !p.info.Layered {
		return false
	}
	switch s.stream.Age(p.in) {
	case munge.Newer:
		if p.spatial {
			s.begin(p, now)
		}
		if !s.selector.Frame(layer.Frame{Temporal: int(p.info.Temporal), Key: p.info.KeyFrame, Sync: p.info.Sync, Up: p.info.Up}) {
			return true
		}
	case munge.Newest: // what was begun is finished
	case munge.Older:
		if int(p.info.Temporal) > s.selector.Temporal() {
			return true
		}
	case munge.Skipped:
		return true
	}
	return p.spatial && s.above(p)
}

// leaveOut takes a packet out of the stream. One that is late has left a gap,
// which is filled with a packet of nothing, or the subscriber would ask for it.
func (s *seat) leaveOut(w *transport.Writer, p *packet, to transport.Stream) {
	s.server.counters.leftOut.Add(1)
	in := p.in
	if p.spatial && s.above(p) {
		in.PictureBits, in.Timed = 0, false // the picture is not left out
	}
	if gap, late := s.stream.Skip(in); late {
		s.count(w.Write(&transport.Packet{
			Padded: true, PayloadType: to.PayloadType, SSRC: to.SSRC, Seq: gap.Seq, Timestamp: gap.Timestamp, Payload: nothing[:],
		}))
	}
}

// nothing is an RTP packet's payload of nothing but one byte of padding
// (RFC 3550 §5.1).
var nothing = [1]byte{1}

// takes reports whether the packet belongs to what the seat sends, after
// switching to its layer if it is time to.
func (s *seat) takes(in *incoming, p *packet, now time.Time) bool {
	if s.layer != nil && s.layer != in && (s.layer.index == in.index || p.spatial) {
		s.keepClock()
		s.layer = nil // the publisher has begun anew: on another connection, in another codec, or with all layers in one stream
		s.selector.Reset()
		s.traceOwner(now)
	}
	decision := s.selector.Packet(in.index, p.info.KeyFrame, p.newest)
	if s.trace != nil && p.info.KeyFrame && p.newest && s.kind.IsVideo() {
		s.trace.Key(in.index, decision, now)
	}
	switch decision {
	case layer.Forward:
		return true
	case layer.Switch:
		s.stream.Switch(p.in, now, s.hint(in, p.in.Timestamp))
		s.layer, s.tops = in, layer.Tops{}
		return true
	case layer.Request:
		in.requestKeyFrame(now)
	case layer.Drop:
	}
	return false
}

// keepClock remembers the clock of what is sent before that is forgotten.
func (s *seat) keepClock() {
	if s.layer != nil {
		if c := s.layer.clock.Load(); c != nil {
			s.clock = *c
		}
	}
}

// hint returns which timestamp the layer that is left would have now, if both
// clocks are known.
func (s *seat) hint(next *incoming, timestamp uint32) (h munge.Hint) {
	s.keepClock()
	if c := next.clock.Load(); c != nil && s.clock.Rate != 0 {
		h = munge.Hint{Timestamp: s.clock.Timestamp(c.Time(timestamp)), Known: true}
	}
	return h
}

// skip takes a packet without payload out of the stream.
func (s *seat) skip(in *incoming, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.layer == in {
		s.stream.Drop(seq)
	}
}

// write writes one packet.
func (s *seat) write(batch *transport.Batch, p transport.Packet, now time.Time) bool {
	return s.count(s.wire.Write(batch, p, now))
}

// count counts a packet that was written, or was not, and reports whether it was.
func (s *seat) count(err error) bool {
	if err != nil {
		s.server.counters.unwritable.Add(1)
		return false
	}
	s.server.counters.out.Add(1)
	return true
}

// feedback carries out what the subscriber asks for.
func (s *seat) feedback(f transport.Feedback) {
	batch := s.server.transport.Batch()
	s.answer(batch, f, time.Now())
	batch.Send() // not where that panics
}

func (s *seat) answer(batch *transport.Batch, f transport.Feedback, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.KeyFrame && s.source != nil {
		s.repair.givenUp(now)
		index := s.selector.Current()
		if index == layer.None {
			index = s.selector.Target()
		}
		s.source.requestKeyFrame(index, now)
	}
	for _, seq := range f.Missing {
		s.resend(batch, seq, now)
	}
}

// resend answers a NACK on the retransmission stream (RFC 4588) from the
// layer's ring.
func (s *seat) resend(batch *transport.Batch, seq uint16, now time.Time) {
	s.server.counters.asked.Add(1)
	if s.going == nil {
		return // nothing was sent
	}
	if h, ok := s.repair.find(seq, s.trip, now); ok && s.again(batch, &h, false, now) > 0 {
		s.repair.resent(seq, now)
		s.server.counters.resent.Add(1)
	}
}

// scratch is memory to send a packet once more.
type scratch struct{ raw, out [maxPacket]byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// again sends a packet once more, and returns its size.
func (s *seat) again(batch *transport.Batch, h *sent, probe bool, now time.Time) int {
	to, ok := s.wire.Stream(h.in.wire.Codec)
	if !ok || to.RTXSSRC == 0 {
		return 0
	}
	m := scratches.Get().(*scratch) //nolint:forcetypeassert,errcheck // it holds nothing else
	defer scratches.Put(m)
	packet, buf := h.in.ring.Get(h.seq, m.raw[:]), m.out[:]
	header, ok := rtpx.ParseHeader(packet)
	if !ok || len(header.Payload)+2 > len(buf) {
		return 0 // the ring has gone on
	}
	info, ok := rtpx.Parse(h.in.wire.Codec, header.Payload)
	if !ok {
		return 0
	}
	payload := buf[:2+copy(buf[2:], header.Payload)]
	info.Rewrite(payload[2:], h.out.PictureID, h.out.TL0, h.out.KeyIdx)
	payload[0], payload[1] = byte(h.out.Seq>>8), byte(h.out.Seq)
	var descriptor []byte
	if h.out.Described && s.wire.Describes() {
		descriptor = h.in.descriptor(packet)
		rtpx.SetFrame(descriptor, h.out.PictureID)
	}
	if !s.write(batch, transport.Packet{
		Marker: h.marker, Probe: probe, PayloadType: to.RTXPayloadType, SSRC: to.RTXSSRC, Seq: s.nextRTX(), Timestamp: h.out.Timestamp, Payload: payload,
		Descriptor: descriptor,
	}, now) {
		return 0
	}
	return len(payload)
}

// nextRTX returns the number of the next packet of the retransmission stream.
func (s *seat) nextRTX() uint16 {
	s.rtxSeq++
	return s.rtxSeq
}

// report returns how the seat's timestamps relate to our clock, if it has sent
// since the last report and its publisher has told its own.
func (s *seat) report(now time.Time) (r transport.SenderReport, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.layer == nil || s.packets == s.reported {
		return r, false
	}
	clock := s.layer.clock.Load()
	to, connected := s.wire.Stream(s.layer.wire.Codec)
	if clock == nil || !connected {
		return r, false
	}
	at, ok := s.stream.Timestamp(clock.Timestamp(now.UnixNano()))
	s.reported = s.packets
	return transport.SenderReport{SSRC: to.SSRC, NTP: munge.ToNTP(now.UnixNano()), RTP: at, Packets: s.packets, Octets: s.octets}, ok
}

// told returns who is on the seat, and whether it is paused.
func (s *seat) told() (owner PeerID, paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == nil {
		return "", false
	}
	return s.source.owner, s.paused
}

// owner returns the source on the seat. The room's mutex keeps it from
// changing.
func (s *seat) owner() *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source
}
