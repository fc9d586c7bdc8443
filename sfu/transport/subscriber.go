package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/rtpx"
)

// Feedback is what a subscriber says about one seat.
type Feedback struct {
	KeyFrame bool     // asks for a key frame
	Missing  []uint16 // asks for these packets again
}

// A Stream is how one codec goes out on a seat.
type Stream struct {
	SSRC, RTXSSRC               uint32 // RTXSSRC is 0 when the subscriber takes no retransmissions
	PayloadType, RTXPayloadType uint8
}

// binding is what is known of a seat while its connection stands.
type binding struct {
	writer  webrtc.TrackLocalWriter
	streams [rtpx.H264 + 1]Stream // by codec; SSRC is 0 where not negotiated
}

// A Seat is one outgoing stream of a subscribe connection.
type Seat struct {
	// Static after construction.
	id     string
	video  bool
	stream string // media stream id in the SDP
	sender *webrtc.RTPSender

	// Owned by the caller of Write.
	header rtp.Header

	// Atomic.
	binding atomic.Pointer[binding]
}

// Stream returns how a codec goes out; ok is false when the subscriber is not
// connected or cannot receive it. Safe for concurrent use.
func (s *Seat) Stream(c rtpx.Codec) (out Stream, ok bool) {
	b := s.binding.Load()
	if b == nil || b.streams[c].SSRC == 0 {
		return out, false
	}
	return b.streams[c], true
}

// A Packet is what goes out on a seat.
type Packet struct {
	Marker      bool
	PayloadType uint8
	Seq         uint16
	Timestamp   uint32
	SSRC        uint32
	Payload     []byte // only read, and not kept
}

// Write seals and sends one packet. Not safe for concurrent use.
func (s *Seat) Write(p Packet) error {
	b := s.binding.Load()
	if b == nil {
		return errNotReady
	}
	s.header = rtp.Header{
		Version: 2, Marker: p.Marker, PayloadType: p.PayloadType, SequenceNumber: p.Seq, Timestamp: p.Timestamp, SSRC: p.SSRC,
	}
	_, err := b.writer.WriteRTP(&s.header, p.Payload)
	return err
}

var errNotReady = errors.New("transport: the seat is not connected")

// ReadFeedback calls f for what the subscriber says, until the connection is
// closed. The slices are valid during the call only.
func (s *Seat) ReadFeedback(f func(Feedback)) {
	buf := make([]byte, 1500)
	var missing []uint16
	for {
		n, _, err := s.sender.Read(buf)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		fb := Feedback{Missing: missing[:0]}
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				fb.KeyFrame = true
			case *rtcp.TransportLayerNack:
				for _, pair := range p.Nacks {
					fb.Missing = append(fb.Missing, pair.PacketList()...)
				}
			}
		}
		missing = fb.Missing
		if fb.KeyFrame || len(fb.Missing) > 0 {
			f(fb)
		}
	}
}

// Seat as pion's TrackLocal.

// Bind implements webrtc.TrackLocal: it learns payload types and SSRCs.
func (s *Seat) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	params := ctx.CodecParameters()
	b := &binding{writer: ctx.WriteStream()}
	first := -1
	for i, p := range params {
		if c := codecOf(p.MimeType); c != 0 && b.streams[c].SSRC == 0 {
			b.streams[c] = Stream{SSRC: uint32(ctx.SSRC()), PayloadType: uint8(p.PayloadType)}
			if first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	for _, p := range params {
		var apt uint8
		if p.MimeType != webrtc.MimeTypeRTX {
			continue
		}
		if _, err := fmt.Sscanf(p.SDPFmtpLine, "apt=%d", &apt); err != nil {
			continue
		}
		for c := range b.streams {
			if st := &b.streams[c]; st.SSRC != 0 && st.PayloadType == apt {
				st.RTXPayloadType, st.RTXSSRC = uint8(p.PayloadType), uint32(ctx.SSRCRetransmission())
			}
		}
	}
	s.binding.Store(b)
	return params[first], nil
}

// Unbind implements webrtc.TrackLocal.
func (s *Seat) Unbind(webrtc.TrackLocalContext) error { s.binding.Store(nil); return nil }

// ID implements webrtc.TrackLocal.
func (s *Seat) ID() string { return s.id }

// RID implements webrtc.TrackLocal.
func (s *Seat) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (s *Seat) StreamID() string { return s.stream }

// Kind implements webrtc.TrackLocal.
func (s *Seat) Kind() webrtc.RTPCodecType {
	if s.video {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}

// A Subscriber is a client's subscribe connection. Not safe for concurrent use,
// except for its reports.
type Subscriber struct {
	pc       *webrtc.PeerConnection
	seats    []*Seat
	answered int // how many of them are in an answer
}

// Subscriber makes the answering side of a subscribe connection.
func (t *Transport) Subscriber(lost func(reason string)) (*Subscriber, error) {
	pc, err := t.subscribe.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	watch(pc, lost)
	return &Subscriber{pc: pc}, nil
}

// A SeatSpec describes an m-line of the offer.
type SeatSpec struct {
	Video  bool
	Stream string // seats of one person share a stream, for lip sync
}

// Answer answers an offer that has one m-line for each spec, those of earlier
// offers first, and returns the seats that are new. After an error the same
// offer, or a longer one, may be tried again.
func (s *Subscriber) Answer(ctx context.Context, offer string, specs []SeatSpec) (string, []*Seat, error) {
	if len(specs) < len(s.seats) {
		return "", nil, fmt.Errorf("transport: the offer has %d seats, the connection has %d already", len(specs), len(s.seats))
	}
	video := make([]bool, len(specs))
	for i, spec := range specs {
		video[i] = spec.Video
		if i < len(s.seats) && s.seats[i].video != spec.Video {
			return "", nil, fmt.Errorf("transport: seat %d has changed between sound and picture", i)
		}
	}
	if err := checkSections(offer, video); err != nil {
		return "", nil, err
	}
	for _, spec := range specs[len(s.seats):] {
		seat := &Seat{id: fmt.Sprintf("seat-%d", len(s.seats)), video: spec.Video, stream: spec.Stream}
		// pion gives transceivers to m-lines of their kind in this order.
		tr, err := s.pc.AddTransceiverFromTrack(seat, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return "", nil, fmt.Errorf("transport: adding a seat: %w", err)
		}
		seat.sender = tr.Sender()
		s.seats = append(s.seats, seat)
	}
	sdp, err := answer(ctx, s.pc, offer)
	if err != nil {
		return "", nil, err
	}
	fresh := s.seats[s.answered:]
	s.answered = len(s.seats)
	return sdp, fresh, nil
}

// A SenderReport maps a seat's clock for the subscriber.
type SenderReport struct {
	SSRC            uint32
	NTP             uint64
	RTP             uint32
	Packets, Octets uint32
}

// WriteReports sends sender reports, as few packets as hold them.
func (s *Subscriber) WriteReports(reports []SenderReport) error {
	const most = 32 // of 28 bytes in a packet
	for part := range slices.Chunk(reports, most) {
		packets := make([]rtcp.Packet, len(part))
		for i, r := range part {
			packets[i] = &rtcp.SenderReport{SSRC: r.SSRC, NTPTime: r.NTP, RTPTime: r.RTP, PacketCount: r.Packets, OctetCount: r.Octets}
		}
		if err := s.pc.WriteRTCP(packets); err != nil {
			return fmt.Errorf("transport: reporting to a subscriber: %w", err)
		}
	}
	return nil
}

// Close ends the connection.
func (s *Subscriber) Close() error { return s.pc.Close() }
