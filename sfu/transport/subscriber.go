package transport

import (
	"context"
	"errors"
	"fmt"
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

// payloadTypes are those of one seat by codec; 0 where not negotiated.
type payloadTypes struct{ media, rtx [rtpx.H264 + 1]uint8 }

// A Seat is one outgoing stream of a subscribe connection.
type Seat struct {
	id     string
	video  bool
	stream string // media stream id in the SDP
	types  atomic.Pointer[payloadTypes]
	ctx    atomic.Pointer[webrtc.TrackLocalContext]
	sender *webrtc.RTPSender
}

// SSRC returns the SSRCs of the stream and of its retransmissions (0: none),
// and whether they are known yet.
func (s *Seat) SSRC() (media, rtx uint32, ok bool) {
	c := s.ctx.Load()
	if c == nil {
		return 0, 0, false
	}
	return uint32((*c).SSRC()), uint32((*c).SSRCRetransmission()), true
}

// PayloadType returns the payload types of a codec; ok is false when the
// subscriber cannot receive it. rtx is 0 when it takes no retransmissions.
func (s *Seat) PayloadType(c rtpx.Codec) (media, rtx uint8, ok bool) {
	t := s.types.Load()
	if t == nil || t.media[c] == 0 {
		return 0, 0, false
	}
	return t.media[c], t.rtx[c], true
}

// Write sends one packet; header and payload may be used again afterwards.
func (s *Seat) Write(h *rtp.Header, payload []byte) error {
	c := s.ctx.Load()
	if c == nil {
		return errNotReady
	}
	_, err := (*c).WriteStream().WriteRTP(h, payload)
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
	t := &payloadTypes{}
	for _, p := range params {
		if c := codecOf(p.MimeType); c != 0 && t.media[c] == 0 {
			t.media[c] = uint8(p.PayloadType)
		}
	}
	for _, p := range params {
		var apt uint8
		if p.MimeType != webrtc.MimeTypeRTX {
			continue
		}
		if _, err := fmt.Sscanf(p.SDPFmtpLine, "apt=%d", &apt); err != nil {
			continue
		}
		for c := range t.media {
			if t.media[c] == apt && apt != 0 {
				t.rtx[c] = uint8(p.PayloadType)
			}
		}
	}
	s.types.Store(t)
	s.ctx.Store(&ctx)
	for _, p := range params {
		if codecOf(p.MimeType) != 0 {
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind implements webrtc.TrackLocal.
func (s *Seat) Unbind(webrtc.TrackLocalContext) error { s.ctx.Store(nil); return nil }

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

// A Subscriber is a client's subscribe connection.
type Subscriber struct {
	pc    *webrtc.PeerConnection
	seats []*Seat
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
// offers first, and returns the seats that are new.
func (s *Subscriber) Answer(ctx context.Context, offer string, specs []SeatSpec) (string, []*Seat, error) {
	if len(specs) < len(s.seats) {
		return "", nil, fmt.Errorf("transport: the offer has %d seats, the connection has %d already", len(specs), len(s.seats))
	}
	var fresh []*Seat
	for i, spec := range specs[len(s.seats):] {
		seat := &Seat{id: fmt.Sprintf("seat-%d", len(s.seats)+i), video: spec.Video, stream: spec.Stream}
		tr, err := s.pc.AddTransceiverFromTrack(seat, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return "", nil, fmt.Errorf("transport: adding a seat: %w", err)
		}
		seat.sender = tr.Sender()
		fresh = append(fresh, seat)
	}
	s.seats = append(s.seats, fresh...)
	sdp, err := answer(ctx, s.pc, offer)
	if err != nil {
		return "", nil, err
	}
	return sdp, fresh, nil
}

// A SenderReport maps a seat's clock for the subscriber.
type SenderReport struct {
	SSRC            uint32
	NTP             uint64
	RTP             uint32
	Packets, Octets uint32
}

// WriteReport sends a sender report.
func (s *Subscriber) WriteReport(r SenderReport) error {
	return s.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
		SSRC: r.SSRC, NTPTime: r.NTP, RTPTime: r.RTP, PacketCount: r.Packets, OctetCount: r.Octets,
	}})
}

// Close ends the connection.
func (s *Subscriber) Close() error { return s.pc.Close() }
