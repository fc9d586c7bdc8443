package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pion/rtcp"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/srtp"
	"incamera/sfu/transport/udp"
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

// feedbackQueue is how much feedback of one seat may wait while the seat is
// busy. What is dropped of it is asked for again.
const feedbackQueue = 8

// A Seat is one outgoing stream of a subscribe connection.
type Seat struct {
	// Static after construction.
	conn          *conn
	video         bool
	ssrc, rtxSSRC uint32
	stream, track string // their ids in the SDP
	queue         chan Feedback

	// Owned by the caller of Write.
	keys       *keys // those of media and rtx
	media, rtx *srtp.Stream

	// Atomic.
	formats atomic.Pointer[[rtpx.H264 + 1]session.Format] // of the latest answer
}

// Stream returns how a codec goes out; ok is false when the subscriber is not
// connected or cannot receive it. Safe for concurrent use.
func (s *Seat) Stream(c rtpx.Codec) (out Stream, ok bool) {
	formats := s.formats.Load()
	if formats == nil || s.conn.keys.Load() == nil || formats[c].PayloadType == 0 {
		return out, false
	}
	out = Stream{SSRC: s.ssrc, PayloadType: formats[c].PayloadType}
	if rtx := formats[c].RTXPayloadType; rtx != 0 {
		out.RTXSSRC, out.RTXPayloadType = s.rtxSSRC, rtx
	}
	return out, true
}

// A Packet is what goes out on a seat.
type Packet struct {
	Marker      bool
	Padded      bool // the payload ends with RTP padding (RFC 3550 §5.1)
	PayloadType uint8
	Seq         uint16
	Timestamp   uint32
	SSRC        uint32
	Payload     []byte // only read, and not kept
}

// A Batch collects packets for any seats of the same transport, which go out
// together with Send: consecutive ones of one seat, all of one size but the
// last, at a fraction of the cost of single ones. It is not to be used after
// Send. Not safe for concurrent use.
type Batch = udp.Batch

// Batch returns an empty batch.
func (t *Transport) Batch() *Batch { return t.demux.Batch() }

// Write seals one packet into a batch. A number that was used before under its
// SSRC is refused. Not safe for concurrent use.
func (s *Seat) Write(b *Batch, p Packet) error {
	k, dest := s.conn.keys.Load(), s.conn.dest.Load()
	if k == nil || dest == nil {
		return errNotReady
	}
	if s.keys != k {
		s.keys, s.media, s.rtx = k, k.rtp.Stream(s.ssrc), k.rtp.Stream(s.rtxSSRC)
	}
	stream := s.media
	switch p.SSRC {
	case s.ssrc:
	case s.rtxSSRC:
		stream = s.rtx
	default:
		return errNotOurs
	}
	size := srtp.HeaderSize + len(p.Payload) + k.rtp.Overhead()
	if size > maxPacket {
		return errTooLarge
	}
	index, ok := stream.Next(p.Seq)
	if !ok {
		return errRepeated
	}
	out := b.Reserve(dest, size)
	out[0], out[1] = 0x80, p.PayloadType
	if p.Padded {
		out[0] |= 0x20
	}
	if p.Marker {
		out[1] |= 0x80
	}
	binary.BigEndian.PutUint16(out[2:], p.Seq)
	binary.BigEndian.PutUint32(out[4:], p.Timestamp)
	binary.BigEndian.PutUint32(out[8:], p.SSRC)
	stream.Seal(out, p.Payload, index)
	return nil
}

// maxPacket is what UDP over Ethernet carries.
const maxPacket = 1500

var (
	errNotReady = errors.New("transport: the seat is not connected")
	errNotOurs  = errors.New("transport: no SSRC of the seat")
	errTooLarge = errors.New("transport: the packet is too large")
	errRepeated = errors.New("transport: the number was used before, or is too old")
)

// ReadFeedback calls f for what the subscriber says, until the connection is
// closed.
func (s *Seat) ReadFeedback(f func(Feedback)) {
	for {
		select {
		case <-s.conn.life.Done():
			return
		case fb := <-s.queue:
			f(fb)
		}
	}
}

// A Subscriber is a client's subscribe connection. Answer is not safe for
// concurrent use; everything else is.
type Subscriber struct {
	// Static after construction.
	conn *conn
	id   uint64 // of the session in SDP

	// Owned by the caller of Answer.
	version uint64

	mu sync.Mutex
	// Guarded by mu; only Answer changes it.
	seats []*Seat
}

// Subscriber makes the answering side of a subscribe connection. lost is called
// at most once, when the connection fails.
func (t *Transport) Subscriber(lost func(reason string)) (*Subscriber, error) {
	var once sync.Once
	s := &Subscriber{id: rand.Uint64() >> 2} // a signed number with some clients
	s.conn = newConn(t, func(reason string) { once.Do(func() { lost(reason) }) }, s.feedback)
	return s, nil
}

// A SeatSpec describes an m-line of the offer.
type SeatSpec struct {
	Video  bool
	Stream string // seats of one person share a stream, for lip sync
}

// Answer answers an offer that has one m-line for each spec, those of earlier
// offers first, and returns the seats that are new. After an error the same
// offer, or a longer one, may be tried again.
func (s *Subscriber) Answer(_ context.Context, offer string, specs []SeatSpec) (string, []*Seat, error) {
	o, err := session.Parse(offer)
	if err != nil {
		return "", nil, fmt.Errorf("transport: taking the offer: %w", err)
	}
	if len(o.Sections) != len(specs) || len(specs) < len(s.seats) {
		return "", nil, fmt.Errorf("transport: the offer has %d media sections, want %d, and no fewer than %d", len(o.Sections), len(specs), len(s.seats))
	}
	if !slices.ContainsFunc(o.Fingerprints, supported) {
		return "", nil, errors.New("transport: taking the offer: no fingerprint is of SHA-256, SHA-384 or SHA-512")
	}
	for i, spec := range specs {
		if o.Sections[i].Video != spec.Video || i < len(s.seats) && s.seats[i].video != spec.Video {
			return "", nil, fmt.Errorf("transport: media section %d of the offer is of an unexpected kind", i)
		}
		if o.Sections[i].Formats() == [rtpx.H264 + 1]session.Format{} {
			return "", nil, fmt.Errorf("transport: media section %d of the offer has no codec that we forward", i)
		}
	}
	own, err := s.conn.offered(o)
	if err != nil {
		return "", nil, err
	}
	seats := slices.Clone(s.seats)
	for i, spec := range specs[len(s.seats):] {
		ssrc := s.ssrc(seats)
		seats = append(seats, &Seat{
			conn: s.conn, video: spec.Video, stream: spec.Stream, track: fmt.Sprintf("seat-%d", len(s.seats)+i),
			ssrc: ssrc, rtxSSRC: ssrc ^ 1, queue: make(chan Feedback, feedbackQueue),
		})
	}
	s.version++
	answer := session.Answer{
		ID: s.id, Version: s.version, Ufrag: own.ufrag, Password: own.password,
		Fingerprint: s.conn.t.fingerprint, Candidates: s.conn.t.candidates(),
	}
	for i, seat := range seats {
		formats := o.Sections[i].Formats()
		seat.formats.Store(&formats)
		answer.Seats = append(answer.Seats, session.Seat{SSRC: seat.ssrc, RTXSSRC: seat.rtxSSRC, Stream: seat.stream, Track: seat.track})
	}
	fresh := seats[len(s.seats):]
	s.mu.Lock()
	s.seats = seats
	s.mu.Unlock()
	return answer.Write(o), fresh, nil
}

// ssrc returns an even number that no seat has: the odd one after it is for
// retransmissions.
func (s *Subscriber) ssrc(seats []*Seat) uint32 {
	for {
		ssrc := rand.Uint32() &^ 1
		if ssrc != 0 && !slices.ContainsFunc(seats, func(other *Seat) bool { return other.ssrc == ssrc }) {
			return ssrc
		}
	}
}

// feedback queues what the client says of a stream. It runs on the port's
// reader and does not wait.
func (s *Subscriber) feedback(ssrc uint32, f Feedback) {
	s.mu.Lock()
	seats := s.seats
	s.mu.Unlock()
	for _, seat := range seats {
		if seat.ssrc != ssrc {
			continue
		}
		f.Missing = slices.Clone(f.Missing)
		select {
		case seat.queue <- f:
		default: // asked for again
		}
	}
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
		if err := s.conn.writeRTCP(packets); err != nil {
			return fmt.Errorf("transport: reporting to a subscriber: %w", err)
		}
	}
	return nil
}

// Close ends the connection. It returns when no goroutine of it is left.
func (s *Subscriber) Close() error {
	s.conn.close()
	return nil
}
