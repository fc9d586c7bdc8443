package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"incamera/sfu/bwe"
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

	// Guarded by conn.out.mu.
	keys       *keys // those of media and rtx
	media, rtx *srtp.Stream

	// Atomic; of the latest answer.
	formats atomic.Pointer[[rtpx.H264 + 1]session.Format]
	wide    atomic.Uint32 // id of the extension of transport-wide numbers, 0: none
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
	Probe       bool // it is part of a probe: it does not wait
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

// Write seals one packet into a batch, or keeps it for a moment when the network
// takes no more now: then it goes in a batch of the transport's own. A number
// that was used before under its SSRC is refused. The calls for one seat must
// not be concurrent.
func (s *Seat) Write(b *Batch, p Packet, now time.Time) error {
	k := s.conn.keys.Load()
	if k == nil || s.conn.dest.Load() == nil {
		return errNotReady
	}
	return s.conn.out.write(b, s, k, &p, now)
}

// maxPacket is what UDP over Ethernet carries.
const maxPacket = 1500

var (
	errNotReady = errors.New("transport: the seat is not connected")
	errNotOurs  = errors.New("transport: no SSRC of the seat")
	errTooLarge = errors.New("transport: the packet is too large")
	errRepeated = errors.New("transport: the number was used before, or is too old")
	errFull     = errors.New("transport: too much waits for the subscriber's network")
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

// SubscriberEvents are what a subscribe connection tells. They must not wait.
type SubscriberEvents struct {
	// Lost is called at most once, when the connection fails.
	Lost func(reason string)
	// Moved says that the network takes much less than before, or much more.
	Moved func()
	// Fill is to write about that many bytes of packets that the subscriber has
	// already, as part of a probe. It is called by the goroutine that paces.
	Fill func(b *Batch, bytes int, now time.Time)
}

// Subscriber makes the answering side of a subscribe connection.
func (t *Transport) Subscriber(events SubscriberEvents) (*Subscriber, error) {
	var once sync.Once
	s := &Subscriber{id: rand.Uint64() >> 2} // a signed number with some clients
	lost := events.Lost
	events.Lost = func(reason string) { once.Do(func() { lost(reason) }) }
	s.conn = newConn(t, events, s.feedback)
	return s, nil
}

// Congestion is what is known of a subscriber's network. Rates are in bits per
// second.
type Congestion struct {
	Bounded bool  // the subscriber tells, or is to tell: Target is a bound
	Begun   bool  // it has told
	Target  int64 // what the network is held to take
	Acked   int64 // what arrived lately; 0: not known
	Cause   bwe.Cause
	Loss    float64       // share
	RTT     time.Duration // 0: not known
	Queue   time.Duration // for how long packets wait in the network
	Waiting int           // bytes that are held back
	Dropped uint64        // packets that waited for too long, since the beginning
}

// Congestion returns what is known now. Safe for concurrent use.
func (s *Subscriber) Congestion() Congestion {
	o := s.conn.out
	o.mu.Lock()
	c := Congestion{Waiting: o.pacer.Waiting(), Dropped: o.dropped}
	o.mu.Unlock()
	o.congestion.Lock()
	defer o.congestion.Unlock()
	e := o.congestion.estimator
	c.Begun = e.Begun()
	c.Bounded = c.Begun || o.congestion.expected
	c.Target, c.Acked, c.Cause, c.Loss, c.RTT, c.Queue = int64(e.Target()), int64(e.Acked()), e.Cause(), e.LossShare(), e.RTT(), e.QueueDelay()
	return c
}

// Probe tries whether the network takes that much, if it is time for it.
func (s *Subscriber) Probe(wanted int64, now time.Time) {
	o := s.conn.out
	o.congestion.Lock()
	p, ok := o.congestion.estimator.Probe(bwe.Bitrate(wanted), now.Sub(o.start))
	o.congestion.Unlock()
	if ok {
		o.begin(s.conn, p, now)
	}
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
		formats, wide := o.Sections[i].Formats(), o.Sections[i].Wide()
		seat.formats.Store(&formats)
		seat.wide.Store(uint32(wide))
		if wide != 0 {
			s.conn.out.expect(time.Now())
		}
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
