package transport

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/reception"
	"incamera/sfu/transport/rtcpx"
	"incamera/sfu/transport/session"
)

// A stream is one SSRC of a publish connection. It belongs to who has taken the
// line.
type stream struct {
	ssrc       uint32
	statistics reception.Statistics
	heard      time.Time

	source   *session.Source
	layer    *Layer // nil: it is a stream of retransmissions
	sink     Sink   // nil: nobody takes it
	gaps     reception.Gaps
	asks     bool    // packets that are missing may be asked for again
	repaired *stream // with retransmissions: whose
}

// end says that nothing more comes.
func (s *stream) end() {
	if s.sink != nil {
		s.sink.Gone()
		s.sink = nil
	}
}

// receive takes a packet that came on one of the paths.
func (p *Publisher) receive(b []byte, from netip.AddrPort, at time.Time) {
	k := p.conn.keys.Load()
	if k == nil {
		p.conn.t.garbage.Add(1)
		return
	}
	taken := false
	if rtcpx.IsRTCP(b) {
		taken = p.receiveRTCP(k, b, at)
	} else {
		taken = p.receiveRTP(k, b, at)
	}
	if !taken {
		p.conn.t.garbage.Add(1)
		return
	}
	if p.heard.from != from || at.Sub(p.heard.at) >= heardEvery {
		p.heard.from, p.heard.at = from, at
		p.conn.heard.Store(at.UnixNano())
		p.conn.proved.Store(true)
		p.conn.heardOn(from, at)
	}
}

// receiveRTCP reports whether the packet is the client's.
func (p *Publisher) receiveRTCP(k *keys, b []byte, at time.Time) bool {
	plain, ok := k.in.Open(b)
	if !ok {
		return false
	}
	for part, rest, ok := rtcpx.Next(plain); ok; part, rest, ok = rtcpx.Next(rest) {
		r, ok := part.SenderReport()
		if !ok {
			continue
		}
		s := p.find(r.SSRC)
		if s == nil {
			continue
		}
		s.statistics.NoteReport(r.NTP, at)
		if s.sink != nil {
			s.sink.Report(Report{r.NTP, r.RTP}, at)
		}
	}
	return true
}

func (p *Publisher) find(ssrc uint32) *stream {
	for i, s := range p.streams {
		if s.ssrc == ssrc {
			if i > 0 { // the next packet is likely to be of the same stream
				p.streams[0], p.streams[i] = s, p.streams[0]
			}
			return s
		}
	}
	return nil
}

// receiveRTP reports whether the packet is the client's. The client may send what
// is of no source: of that nothing is kept.
func (p *Publisher) receiveRTP(k *keys, b []byte, at time.Time) bool {
	size, ok := rtpx.HeaderSize(b)
	if !ok {
		return false
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	opens := p.opens[ssrc]
	if opens == nil {
		if len(p.opens) == maxSSRCs {
			return false
		}
		opens = k.rtp.Source(ssrc)
	}
	payload, ok := opens.Open(b, size)
	if !ok {
		return false
	}
	p.opens[ssrc] = opens
	b = b[:size+len(payload)]
	s := p.find(ssrc)
	fresh := s == nil
	if fresh {
		s = &stream{ssrc: ssrc, gaps: reception.NewGaps(&p.trip)}
	}
	labels := p.bound.Labels(b)
	if labels.Numbered {
		if p.wide == nil {
			p.wide = reception.NewWide(at)
		}
		p.wide.Note(labels.Wide, at)
	}
	p.tell.came = true
	h, ok := rtpx.ParseHeader(b)
	if !ok || fresh && !p.bind(s, h.PayloadType, labels, at) {
		return true
	}
	s.heard = at
	newest := s.statistics.Note(h.Seq, h.Timestamp, at)
	if s.layer == nil {
		p.restore(s, b, size, &h, at)
		return true
	}
	if codec, rtx := s.source.Codec(h.PayloadType); rtx || codec == 0 {
		return true
	} else if codec != s.layer.Codec {
		// What is late is of the codec that it was: it must not end what has begun.
		if !newest || !p.mayArrive(at) {
			return true
		}
		p.arrive(s, codec, s.layer.RID)
	}
	p.deliver(s, b, &h, at, false)
	return true
}

// restore gives a retransmission (RFC 4588) to whose it is, as it was the first
// time. One without payload is a probe.
func (p *Publisher) restore(s *stream, b []byte, size int, h *rtpx.Header, at time.Time) {
	codec, rtx := s.source.Codec(h.PayloadType)
	if len(h.Payload) < 2 || !rtx || codec != s.repaired.layer.Codec {
		return
	}
	original := binary.BigEndian.Uint16(h.Payload)
	copy(b[2:], b[:size])
	b = b[2:]
	b[1] = b[1]&0x80 | s.source.PayloadType(codec)
	binary.BigEndian.PutUint16(b[2:], original)
	binary.BigEndian.PutUint32(b[8:], s.repaired.ssrc)
	if again, ok := rtpx.ParseHeader(b); ok {
		p.deliver(s.repaired, b, &again, at, true)
	}
}

// deliver gives a packet to who takes the layer; repeated: it came on the stream
// of retransmissions.
func (p *Publisher) deliver(s *stream, b []byte, h *rtpx.Header, at time.Time, repeated bool) {
	if s.asks {
		s.gaps.Note(h.Seq, at, repeated)
		if info, ok := rtpx.Parse(s.layer.Codec, h.Payload); ok && info.KeyFrame {
			s.gaps.Forget(h.Seq)
		}
	}
	if s.sink == nil {
		return
	}
	described := uint8(0)
	if s.layer.Codec == rtpx.AV1 {
		described = p.bound.Described()
	}
	s.sink.Receive(b, described, at, p.now)
}

// bind finds out what a new stream is, by a packet of it, and keeps it. It reports
// false when that cannot be told.
func (p *Publisher) bind(s *stream, payloadType uint8, l session.Labels, at time.Time) bool {
	if s.source = p.bound.Find(s.ssrc, l); s.source == nil {
		return false
	}
	if len(p.streams) == maxStreams {
		p.drop(p.oldest())
	}
	codec, rtx := s.source.Codec(payloadType)
	if codec == 0 || rtx && !p.bindRepair(s, l) || !rtx && !p.bindLayer(s, codec, l, at) {
		return false
	}
	rate := uint32(90_000)
	if !codec.IsVideo() {
		rate = 48_000
	}
	s.statistics = reception.NewStatistics(rate)
	p.streams = append(p.streams, s)
	p.tell.report = time.Time{} // clients stop to label their packets when they hear of them
	return true
}

// bindLayer begins a layer, in the place of the stream that had it before.
func (p *Publisher) bindLayer(s *stream, codec rtpx.Codec, l session.Labels, at time.Time) bool {
	rid := string(l.RID)
	if len(s.source.Layers) == 0 {
		rid = ""
	} else if !slices.Contains(s.source.Layers, rid) {
		return false
	}
	if !p.mayArrive(at) {
		return false
	}
	if old := p.layer(s.source.Mid, rid); old != nil {
		p.drop(old)
	}
	p.arrive(s, codec, rid)
	return true
}

// mayArrive reports whether another layer may arrive now, and counts it.
func (p *Publisher) mayArrive(at time.Time) bool {
	a := &p.arrived
	if passed := at.Sub(a.at); passed > 0 {
		a.left, a.at = min(arriveAtOnce, a.left+arriveEach*passed.Seconds()), at
	}
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}

// arrive tells of a layer, or that it has another codec.
func (p *Publisher) arrive(s *stream, codec rtpx.Codec, rid string) {
	s.end()
	s.asks = s.source.Retransmits(codec)
	s.layer = &Layer{Mid: s.source.Mid, RID: rid, SSRC: s.ssrc, Codec: codec, conn: p.conn}
	s.sink = p.events.Arrived(s.layer)
}

// bindRepair finds whose retransmissions a stream has.
func (p *Publisher) bindRepair(s *stream, l session.Labels) bool {
	media, named := s.source.Repaired(s.ssrc)
	switch {
	case named:
		s.repaired = p.find(media)
	case len(s.source.Layers) == 0:
		s.repaired = p.layer(s.source.Mid, "")
	default:
		s.repaired = p.layer(s.source.Mid, string(l.RepairedRID))
	}
	return s.repaired != nil && s.repaired.layer != nil
}

func (p *Publisher) layer(mid, rid string) *stream {
	i := slices.IndexFunc(p.streams, func(s *stream) bool { return s.layer != nil && s.layer.Mid == mid && s.layer.RID == rid })
	if i < 0 {
		return nil
	}
	return p.streams[i]
}

func (p *Publisher) oldest() *stream {
	return slices.MinFunc(p.streams, func(a, b *stream) int { return a.heard.Compare(b.heard) })
}

// drop forgets a stream and those that repair it.
func (p *Publisher) drop(gone *stream) {
	p.streams = slices.DeleteFunc(p.streams, func(s *stream) bool { return s == gone || s.repaired == gone })
	gone.end()
}

// rebind takes another offer of the same connection: streams whose source it does
// not name any more are gone.
func (p *Publisher) rebind(r *session.Reader) {
	p.bound = r
	for _, s := range slices.Clone(p.streams) {
		i := slices.IndexFunc(r.Sources, func(src session.Source) bool { return src.Mid == s.source.Mid })
		if i < 0 {
			p.drop(s)
		} else {
			s.source = &r.Sources[i]
			s.asks = s.layer != nil && s.source.Retransmits(s.layer.Codec)
		}
	}
}
