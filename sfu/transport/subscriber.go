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

	"incamera/sfu/bwe"
	"incamera/sfu/rtpx"
	"incamera/sfu/trace"
	"incamera/sfu/transport/rtcpx"
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

// feedbackQueue is how much feedback of one subscriber may wait while it is
// taken. What is dropped of it is asked for again.
const feedbackQueue = 64

// A Seat is one outgoing stream of a subscribe connection.
type Seat struct {
	// Static after construction.
	conn          *conn
	video         bool
	ssrc, rtxSSRC uint32
	stream, track string // their ids in the SDP

	// Guarded by conn.out.mu.
	keys       *keys // those of media and rtx
	media, rtx *srtp.Stream
	again      *again // nil: it goes once

	// Atomic; of the latest answer.
	formats atomic.Pointer[payloadTypes]
	wide    atomic.Uint32 // id of the extension of transport-wide numbers; 0: nobody tells of packets; unnumbered: without it
	// described is the id of the extension that has dependency descriptors; 0: there is none.
	described atomic.Uint32

	listener atomic.Pointer[func(Feedback)] // nil: nobody is told
}

// payloadTypes are how the codecs go out, by codec; 0: not at all. They are not
// changed, and shared by seats for which they are the same.
type payloadTypes [rtpx.H264 + 1]struct{ media, rtx uint8 }

// Stream returns how a codec goes out; ok is false when the subscriber is not
// connected or cannot receive it. Safe for concurrent use.
func (s *Seat) Stream(c rtpx.Codec) (out Stream, ok bool) {
	formats := s.formats.Load()
	if formats == nil || s.conn.keys.Load() == nil || formats[c].media == 0 {
		return out, false
	}
	out = Stream{SSRC: s.ssrc, PayloadType: formats[c].media}
	if rtx := formats[c].rtx; rtx != 0 {
		out.RTXSSRC, out.RTXPayloadType = s.rtxSSRC, rtx
	}
	return out, true
}

// Describes reports whether packets of AV1 have their dependency descriptors: without
// them the subscriber takes one spatial layer only. Safe for concurrent use.
func (s *Seat) Describes() bool { return s.described.Load() != 0 }

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
	Descriptor  []byte // for a seat that describes, 255 bytes at most; nil: none; only read, and not kept
}

// A Batch collects packets for any seats of the same transport, which go out
// together with Send: consecutive ones of one seat, all of one size but the
// last, at a fraction of the cost of single ones. It is not to be used after
// Send. Not safe for concurrent use.
type Batch = udp.Batch

// Batch returns an empty batch.
func (t *Transport) Batch() *Batch { return t.demux.Batch() }

// A Writer writes packets of one moment to one seat. Until Close it keeps
// everybody else from the connection: it is for packets that are there, one after
// the other, each for less than it would cost alone. Not safe for concurrent use.
type Writer struct {
	seat  *Seat
	batch *Batch
	keys  *keys // nil: the seat is not connected
	at    time.Duration
}

// Writer begins to write into a batch. Writers of one seat must not be used
// concurrently, and the same goroutine must close one before it begins another of
// any seat of the connection.
func (s *Seat) Writer(b *Batch, now time.Time) Writer {
	w := Writer{seat: s, batch: b, keys: s.conn.keys.Load()}
	if w.keys == nil || s.conn.dest.Load() == nil {
		w.keys = nil
		return w
	}
	w.at = now.Sub(s.conn.out.start)
	s.conn.out.mu.Lock()
	return w
}

// Write seals one packet into the batch, or keeps it for a moment when the network
// takes no more now: then it goes in a batch of the transport's own. A number
// that was used before under its SSRC is refused.
func (w *Writer) Write(p *Packet) error {
	if w.keys == nil {
		return errNotReady
	}
	return w.seat.conn.out.write(w.batch, w.seat, w.keys, p, w.at)
}

// Close lets others use the connection. It is to be called once.
func (w *Writer) Close() {
	if w.keys != nil {
		w.seat.conn.out.mu.Unlock()
	}
}

// Write is a Writer's, for one packet.
func (s *Seat) Write(b *Batch, p Packet, now time.Time) error {
	w := s.Writer(b, now)
	defer w.Close()
	return w.Write(&p)
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

// Listen has f told what the subscriber says of the seat, by one goroutine for all
// seats, until [Subscriber.Close].
func (s *Seat) Listen(f func(Feedback)) { s.listener.Store(&f) }

// A Subscriber is a client's subscribe connection. Answer is not safe for
// concurrent use; everything else is.
type Subscriber struct {
	// Static after construction.
	conn *conn
	id   uint64 // of the session in SDP

	// Owned by the caller of Answer.
	version uint64

	mu sync.Mutex
	// Guarded by mu.
	seats   []*Seat // only Answer changes it
	heard   []heard // not yet told
	telling bool    // by a goroutine that ends when nothing is left
	closed  bool
	work    sync.WaitGroup
}

// heard is what was said of a seat.
type heard struct {
	seat *Seat
	f    Feedback
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
	// Trace is told what the estimator is told and says; nil: nobody is.
	Trace *trace.Connection
}

// Subscriber makes the answering side of a subscribe connection.
func (t *Transport) Subscriber(events SubscriberEvents) (*Subscriber, error) {
	var once sync.Once
	s := &Subscriber{id: rand.Uint64() >> 2} // id: a signed number with some clients
	lost := events.Lost
	events.Lost = func(reason string) { once.Do(func() { lost(reason) }) }
	s.conn = newConn(t, events, s.feedback)
	s.conn.out = newOutgoing(events.Trace)
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
	o.trace.Probe(bwe.Bitrate(wanted), p, ok, now.Sub(o.start))
	o.congestion.Unlock()
	if ok {
		o.begin(s.conn, p, now)
	}
}

// Takes returns the codecs that all seats for pictures take. Not to be called while
// Answer is.
func (s *Subscriber) Takes() rtpx.Codecs {
	takes := rtpx.AllVideo
	for _, seat := range s.seats {
		formats := seat.formats.Load()
		for c := rtpx.VP8; seat.video && c <= rtpx.H264; c++ {
			if formats[c].media == 0 {
				takes &^= 1 << c
			}
		}
	}
	return takes
}

// Describes reports whether all seats for pictures do. Not to be called while Answer
// is.
func (s *Subscriber) Describes() bool {
	return !slices.ContainsFunc(s.seats, func(seat *Seat) bool { return seat.video && !seat.Describes() })
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
	if err = errors.Join(o.Receives(), secured(o)); err != nil {
		return "", nil, fmt.Errorf("transport: taking the offer: %w", err)
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
			ssrc: ssrc, rtxSSRC: ssrc ^ 1,
		})
	}
	s.version++
	answer := session.Answer{
		ID: s.id, Version: s.version, Ufrag: own.ufrag, Password: own.password,
		Fingerprint: s.conn.t.fingerprint, Candidates: s.conn.t.candidates(),
	}
	var known []*payloadTypes
	agreed := silent
	for i, seat := range seats {
		wide := o.Sections[i].Wide()
		var types payloadTypes
		for c, f := range o.Sections[i].Formats() {
			types[c].media, types[c].rtx = f.PayloadType, f.RTXPayloadType
		}
		same := slices.IndexFunc(known, func(k *payloadTypes) bool { return *k == types })
		if same < 0 {
			same, known = len(known), append(known, &types)
		}
		seat.formats.Store(known[same])
		switch {
		case o.Sections[i].Reports(): // as in all others
			wide, agreed = unnumbered, streams
		case wide != 0:
			agreed = numbers
		}
		seat.wide.Store(uint32(wide))
		seat.described.Store(uint32(o.Sections[i].Described()))
		answer.Seats = append(answer.Seats, session.Seat{SSRC: seat.ssrc, RTXSSRC: seat.rtxSSRC, Stream: seat.stream, Track: seat.track})
	}
	s.conn.out.expect(agreed, time.Now())
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
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.seats, func(seat *Seat) bool { return seat.ssrc == ssrc })
	if i < 0 || s.closed || len(s.heard) == feedbackQueue {
		return // what is dropped is asked for again
	}
	f.Missing = slices.Clone(f.Missing)
	s.heard = append(s.heard, heard{s.seats[i], f})
	if !s.telling {
		s.telling = true
		s.work.Go(s.tell)
	}
}

// tell tells who listens to the seats, until nothing is left: most subscribers
// are silent most of the time.
func (s *Subscriber) tell() {
	defer s.conn.guard()
	for {
		s.mu.Lock()
		if len(s.heard) == 0 || s.closed {
			s.heard, s.telling = nil, false
			s.mu.Unlock()
			return
		}
		h := s.heard[0]
		s.heard = s.heard[1:]
		s.mu.Unlock()
		if f := h.seat.listener.Load(); f != nil {
			(*f)(h.f)
		}
	}
}

// A SenderReport maps a seat's clock for the subscriber.
type SenderReport = rtcpx.SenderReport

// WriteReports sends sender reports, as few packets as hold them.
func (s *Subscriber) WriteReports(reports []SenderReport) error {
	const most = 32 // of 28 bytes in a packet
	for part := range slices.Chunk(reports, most) {
		var plain []byte
		for _, r := range part {
			plain = rtcpx.AppendSenderReport(plain, r)
		}
		if err := s.conn.writeRTCP(plain); err != nil {
			return fmt.Errorf("transport: reporting to a subscriber: %w", err)
		}
	}
	return nil
}

// Close ends the connection. It returns when no goroutine of it is left.
func (s *Subscriber) Close() error {
	s.conn.close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.work.Wait()
	return nil
}
