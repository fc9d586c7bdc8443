package transport

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/rtpx"
)

// A Layer is one incoming stream: a source, or one simulcast layer of it.
type Layer struct {
	Mid   string
	RID   string // empty without simulcast
	SSRC  uint32
	Codec rtpx.Codec

	pc       *webrtc.PeerConnection
	track    *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
}

// Read reads one RTP packet into buf, retransmissions under their original
// numbers. It fails for good when the connection is closed.
func (l *Layer) Read(buf []byte) (int, error) {
	n, _, err := l.track.Read(buf)
	return n, err
}

// A Report is the mapping of clocks in a sender report.
type Report struct {
	NTP uint64
	RTP uint32
}

// ReadReports calls f for each sender report of the layer, until the
// connection is closed. It must run, for pion to process RTCP.
func (l *Layer) ReadReports(f func(Report)) {
	buf := make([]byte, 1500)
	for {
		var n int
		var err error
		if l.RID != "" {
			n, _, err = l.receiver.ReadSimulcast(buf, l.RID)
		} else {
			n, _, err = l.receiver.Read(buf)
		}
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == l.SSRC {
				f(Report{sr.NTPTime, sr.RTPTime})
			}
		}
	}
}

// RequestKeyFrame sends a PLI to the publisher.
func (l *Layer) RequestKeyFrame() error {
	if err := l.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: l.SSRC}}); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return fmt.Errorf("transport: asking for a key frame: %w", err)
	}
	return nil
}

// A Publisher is a client's publish connection.
type Publisher struct {
	t  *Transport
	pc *webrtc.PeerConnection
}

// Publisher makes the answering side of a publish connection. arrived is
// called for each incoming layer, each on a goroutine of its own that may be
// kept; lost once when the connection fails.
func (t *Transport) Publisher(arrived func(*Layer), lost func(reason string)) (*Publisher, error) {
	pc, err := t.publish.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	watch(pc, lost)
	pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		mid := ""
		for _, tr := range pc.GetTransceivers() {
			if tr.Receiver() == receiver {
				mid = tr.Mid()
			}
		}
		arrived(&Layer{
			Mid: mid, RID: track.RID(), SSRC: uint32(track.SSRC()), Codec: codecOf(track.Codec().MimeType),
			pc: pc, track: track, receiver: receiver,
		})
	})
	return &Publisher{t, pc}, nil
}

// Answer answers an offer, the first or a later one.
func (p *Publisher) Answer(ctx context.Context, offer string) (string, error) {
	if err := checkSections(offer); err != nil {
		return "", err
	}
	return answer(ctx, p.pc, offer, p.t.candidates())
}

// Close ends the connection and all reads of its layers.
func (p *Publisher) Close() error { return p.pc.Close() }
