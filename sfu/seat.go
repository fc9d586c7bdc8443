package sfu

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/rtp"

	"incamera/sfu/layer"
	"incamera/sfu/munge"
	"incamera/sfu/rtpx"
	"incamera/sfu/transport"
)

const (
	historySize = 1024                  // packets that can be asked for again
	maxResends  = 3                     // answers to the same NACK
	resendAfter = 20 * time.Millisecond // a repeated NACK within this time is the same one
)

// sent remembers what went out under a sequence number.
type sent struct {
	in      *incoming
	seq     uint64 // incoming, extended
	out     munge.Out
	resends uint8
	at      time.Time // of the latest resend
	used    bool
}

// A seat is one outgoing stream of a subscriber. Whoever is on it, it goes on
// without a gap.
type seat struct {
	// Static after construction.
	server     *Server
	index      int
	kind       Source
	wire       *transport.Seat
	subscriber *transport.Subscriber

	mu sync.Mutex
	// Guarded by mu.
	source  *source // nil: empty
	wanted  int     // layer for the size of the tile
	current int     // layer that is sent
	target  int     // layer to go to at its next key frame
	stream  *munge.Stream
	history [historySize]sent
	header  rtp.Header
	scratch [1500]byte
	rtxSeq  uint16
	packets uint32
	octets  uint32
}

func newSeat(s *Server, index int, kind Source, wire *transport.Seat, sub *transport.Subscriber) *seat {
	clock := uint32(48000)
	if kind.IsVideo() {
		clock = 90000
	}
	return &seat{
		server: s, index: index, kind: kind, wire: wire, subscriber: sub, current: layer.None, target: layer.None,
		// Weak randomness is enough: the numbers are no secret (RFC 3550 §5.1 wants them unpredictable for weak ciphers only).
		stream: munge.New(clock, uint16(rand.Uint32()), rand.Uint32()), rtxSeq: uint16(rand.Uint32()),
	}
}

// put sets who is on the seat (nil: nobody) and which layer suits its tile.
// Called under the room's mutex.
func (s *seat) put(src *source, wanted int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != src {
		s.source, s.current, s.target = src, layer.None, layer.None
	}
	s.wanted = wanted
	s.retarget(now)
}

// tick looks again at which layers are sent. Call every few hundred ms.
func (s *seat) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retarget(now)
}

func (s *seat) retarget(now time.Time) {
	if s.source == nil || !s.kind.IsVideo() {
		return
	}
	s.target = layer.Best(s.wanted, s.source.alive(), now)
	if s.target != s.current {
		s.source.requestKeyFrame(s.target, now)
	}
}

// forward sends a packet on if the seat is for it.
func (s *seat) forward(in *incoming, p *packet, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != in.source {
		return // the list is older than the change
	}
	if in.index != s.current && !s.turnTo(in, p, now) {
		return
	}
	out, ok := s.stream.Rewrite(p.in, now)
	if !ok {
		return
	}
	s.history[out.Seq%historySize] = sent{in: in, seq: p.in.Seq, out: out, used: true}
	pt, _, ok := s.wire.PayloadType(in.wire.Codec)
	ssrc, _, ready := s.wire.SSRC()
	if !ok || !ready {
		return
	}
	if s.write(p.rtp.Marker, pt, ssrc, out.Seq, out, s.rewritten(p.rtp.Payload, p.info, out, 0)) {
		s.packets++
		s.octets += uint32(len(p.rtp.Payload))
	}
}

// turnTo switches to the layer of p if it is the target, or if there is none
// yet, at a key frame that is newer than all before: an old key frame repeated
// by a bandwidth probe must not become the switch.
func (s *seat) turnTo(in *incoming, p *packet, now time.Time) bool {
	if in.index != s.target && s.current != layer.None {
		return false
	}
	if !p.info.KeyFrame || !p.newest {
		if s.current == layer.None && (s.target == layer.None || s.target == in.index) {
			in.requestKeyFrame(now)
		}
		return false
	}
	s.current = in.index
	s.stream.Switch(p.in, now)
	return true
}

// skip takes a packet without payload out of the stream.
func (s *seat) skip(in *incoming, m munge.In) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == in.source && s.current == in.index {
		s.stream.Drop(m)
	}
}

// rewritten copies a payload into the scratch space behind reserve bytes, with
// the picture ids of out.
func (s *seat) rewritten(payload []byte, info rtpx.Info, out munge.Out, reserve int) []byte {
	if !info.LongPictureID && info.TL0 == 0 && reserve == 0 {
		return payload
	}
	n := reserve + copy(s.scratch[reserve:], payload)
	body := s.scratch[reserve:n]
	if info.LongPictureID {
		body[info.PictureID] = 0x80 | byte(out.PictureID>>8)
		body[info.PictureID+1] = byte(out.PictureID)
	}
	if info.TL0 != 0 {
		body[info.TL0] = out.TL0
	}
	return s.scratch[:n]
}

func (s *seat) write(marker bool, pt uint8, ssrc uint32, seq uint16, out munge.Out, payload []byte) bool {
	s.header = rtp.Header{Version: 2, Marker: marker, PayloadType: pt, SSRC: ssrc, SequenceNumber: seq, Timestamp: out.Timestamp}
	if s.wire.Write(&s.header, payload) != nil {
		s.server.counters.unwritable.Add(1)
		return false
	}
	s.server.counters.out.Add(1)
	return true
}

// feedback carries out what the subscriber asks for.
func (s *seat) feedback(f transport.Feedback) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.KeyFrame && s.source != nil {
		if s.current != layer.None {
			s.source.requestKeyFrame(s.current, now)
		} else {
			s.source.requestKeyFrame(s.target, now)
		}
	}
	for _, seq := range f.Missing {
		s.resend(seq, now)
	}
}

// resend answers a NACK from the layer's ring: video on the retransmission
// stream (RFC 4588), audio, which has none, as the identical packet.
func (s *seat) resend(seq uint16, now time.Time) {
	h := &s.history[seq%historySize]
	if !h.used || h.out.Seq != seq || h.resends >= maxResends || now.Sub(h.at) < resendAfter {
		return
	}
	var raw [1500]byte
	var p rtp.Packet
	if p.Unmarshal(h.in.ring.Get(h.seq, raw[:])) != nil {
		return
	}
	pt, rtxPT, ok := s.wire.PayloadType(h.in.wire.Codec)
	ssrc, rtxSSRC, ready := s.wire.SSRC()
	info, valid := rtpx.Parse(h.in.wire.Codec, p.Payload)
	if !ok || !ready || !valid || len(p.Payload)+2 > len(s.scratch) {
		return
	}
	h.resends++
	h.at = now
	s.server.counters.resent.Add(1)
	if rtxPT == 0 || rtxSSRC == 0 {
		if !s.kind.IsVideo() {
			s.write(p.Marker, pt, ssrc, seq, h.out, p.Payload)
		}
		return
	}
	payload := s.rewritten(p.Payload, info, h.out, 2)
	payload[0], payload[1] = byte(seq>>8), byte(seq)
	s.rtxSeq++
	s.write(p.Marker, rtxPT, rtxSSRC, s.rtxSeq, h.out, payload)
}

// report tells the subscriber how the seat's clock relates to the publisher's.
func (s *seat) report(in *incoming, r transport.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != in.source || s.current != in.index {
		return
	}
	at, ok := s.stream.Timestamp(r.RTP)
	ssrc, _, ready := s.wire.SSRC()
	if !ok || !ready {
		return
	}
	// A failure means that the connection is gone, which its owner hears of.
	_ = s.subscriber.WriteReport(transport.SenderReport{SSRC: ssrc, NTP: r.NTP, RTP: at, Packets: s.packets, Octets: s.octets})
}

// owner returns the source on the seat. The room's mutex keeps it from
// changing.
func (s *seat) owner() *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source
}
