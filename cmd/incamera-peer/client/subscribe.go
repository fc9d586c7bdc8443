package client

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"incamera/signaling/wire"
)

// The seats of a small meeting (PROTOCOL.md 1.4).
var smallMeeting = map[wire.Source]int{wire.SourceCamera: 9, wire.SourceMic: 9, wire.SourceScreen: 2, wire.SourceScreenAudio: 2}

// seatOrder are the sources in the order of their seats.
var seatOrder = []wire.Source{wire.SourceCamera, wire.SourceMic, wire.SourceScreen, wire.SourceScreenAudio}

// keyFrameEvery is how often a seat asks for a key frame at most.
const keyFrameEvery = 500 * time.Millisecond

// A listener takes what arrives on the seats. It is called from one goroutine
// per seat.
type listener interface {
	// packet notes a packet of a seat, and what it is of use for as a retransmission.
	packet(seat int, source wire.Source, as repetition)
	// frame takes a frame of an RTP time, and reports whether the seat now needs a
	// key frame.
	frame(seat int, source wire.Source, data []byte, at uint32) (again bool)
	// wantsKey notes that a key frame is asked for.
	wantsKey(seat int, source wire.Source)
	// reports takes what the server says of the seat's clock.
	reports(seat int, source wire.Source, r *rtcp.SenderReport)
}

// A subscriber receives on a subscribe connection.
type subscriber struct {
	pc      *webrtc.PeerConnection
	seats   []wire.Source
	to      listener
	missing *missing

	mu sync.Mutex
	// Guarded by mu until closed is set; then nothing is added.
	closed bool
	work   sync.WaitGroup
}

func newSubscriber(e *engine, cfg webrtc.Configuration, seats map[wire.Source]int, to listener) (*subscriber, error) {
	pc, err := e.subscribe.NewPeerConnection(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the subscribe connection: %w", err)
	}
	s := &subscriber{pc: pc, to: to}
	s.missing = newMissing(func(packets []rtcp.Packet) { _ = pc.WriteRTCP(packets) }) // what is missing still is asked for again
	for _, source := range seatOrder {
		kind := webrtc.RTPCodecTypeAudio
		if isPicture(source) {
			kind = webrtc.RTPCodecTypeVideo
		}
		for range seats[source] {
			if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				_ = pc.Close()
				return nil, fmt.Errorf("making a seat: %w", err)
			}
			s.seats = append(s.seats, source)
		}
	}
	pc.OnTrack(s.arrived)
	return s, nil
}

// offer returns the message to send. Call it once.
func (s *subscriber) offer() (wire.Subscribe, error) {
	sdp, err := offer(s.pc)
	return wire.Subscribe{SDP: sdp, Seats: s.seats}, err
}

func (s *subscriber) answered(sdp string) error { return answered(s.pc, sdp) }

// arrived reads a seat until the connection is closed. pion calls it on a
// goroutine of its own.
func (s *subscriber) arrived(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	seat := -1
	for i, tr := range s.pc.GetTransceivers() {
		if tr.Receiver() == receiver {
			seat = i
		}
	}
	if seat < 0 {
		return
	}
	source := s.seats[seat]
	s.work.Go(func() { s.listen(seat, receiver) })
	var frames assembler
	var came repetitions
	var asked time.Time
	lost := 0
	for {
		p, attributes, err := track.ReadRTP()
		if err != nil {
			return
		}
		repeated := attributes.Get(webrtc.AttributeRtxPayloadType) != nil
		if isPicture(source) {
			s.missing.came(uint32(track.SSRC()), p.SequenceNumber, p.Payload, repeated)
		}
		if len(p.Payload) == 0 {
			continue
		}
		s.to.packet(seat, source, came.packet(p.SequenceNumber, repeated))
		if !isPicture(source) {
			s.to.frame(seat, source, p.Payload, p.Timestamp)
			continue
		}
		again := false
		frames.push(p, time.Now(), func(data []byte, at uint32) {
			if s.to.frame(seat, source, data, at) {
				again = true
			}
		})
		if frames.lost > lost {
			lost, again = frames.lost, true
		}
		if again && time.Since(asked) >= keyFrameEvery {
			asked = time.Now()
			s.to.wantsKey(seat, source)
			_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}}) // the next drop asks again
		}
	}
}

// listen reads what the server says of a seat's clock.
func (s *subscriber) listen(seat int, receiver *webrtc.RTPReceiver) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if r, ok := p.(*rtcp.SenderReport); ok {
				s.to.reports(seat, s.seats[seat], r)
			}
		}
	}
}

// close ends the connection and waits for its goroutines.
func (s *subscriber) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.missing.end()
	err := s.pc.Close()
	s.work.Wait()
	return err
}
