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
var smallMeeting = []struct {
	source wire.Source
	n      int
}{{wire.SourceCamera, 9}, {wire.SourceMic, 9}, {wire.SourceScreen, 2}, {wire.SourceScreenAudio, 2}}

// keyFrameEvery is how often a seat asks for a key frame at most.
const keyFrameEvery = 500 * time.Millisecond

// A listener takes what arrives on the seats. It is called from one goroutine
// per seat.
type listener interface {
	// packet notes a packet of a seat.
	packet(seat int, source wire.Source)
	// frame takes a frame, and reports whether the seat now needs a key frame.
	frame(seat int, source wire.Source, data []byte) (again bool)
}

// A subscriber receives on a subscribe connection.
type subscriber struct {
	pc    *webrtc.PeerConnection
	seats []wire.Source
	to    listener

	mu sync.Mutex
	// Guarded by mu until closed is set; then nothing is added.
	closed bool
	work   sync.WaitGroup
}

func newSubscriber(e *engine, cfg webrtc.Configuration, to listener) (*subscriber, error) {
	pc, err := e.subscribe.NewPeerConnection(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the subscribe connection: %w", err)
	}
	s := &subscriber{pc: pc, to: to}
	for _, some := range smallMeeting {
		kind := webrtc.RTPCodecTypeAudio
		if isPicture(some.source) {
			kind = webrtc.RTPCodecTypeVideo
		}
		for range some.n {
			if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				_ = pc.Close()
				return nil, fmt.Errorf("making a seat: %w", err)
			}
			s.seats = append(s.seats, some.source)
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
	var frames assembler
	var asked time.Time
	lost := 0
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if len(p.Payload) == 0 {
			continue
		}
		s.to.packet(seat, source)
		if !isPicture(source) {
			s.to.frame(seat, source, p.Payload)
			continue
		}
		again := false
		frames.push(p, time.Now(), func(data []byte) {
			if s.to.frame(seat, source, data) {
				again = true
			}
		})
		if frames.lost > lost {
			lost, again = frames.lost, true
		}
		if again && time.Since(asked) >= keyFrameEvery {
			asked = time.Now()
			_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}}) // the next drop asks again
		}
	}
}

// close ends the connection and waits for its goroutines.
func (s *subscriber) close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.pc.Close()
	s.work.Wait()
	return err
}
