package client

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"incamera/signaling/wire"
)

// published are the m-lines of a publish connection, in order.
var published = []wire.Source{wire.SourceMic, wire.SourceCamera, wire.SourceScreen, wire.SourceScreenAudio}

// layers are the names of the camera's layers, smallest first.
var layers = []string{"q", "h", "f"}

// packetSize leaves space for SRTP, RTP and UDP in the smallest usual network.
const packetSize = 1150

// A sealer makes the bytes to send of a frame, nil for nothing. It is called
// from several goroutines.
type sealer func(source wire.Source, key bool, payload []byte) []byte

// An asker hears that the server asks for a key frame, or for packets again, of
// which it had asked for some already. It is called from several goroutines.
type asker func(source wire.Source, key bool, packets, again int)

// A publisher sends clips on a publish connection.
type publisher struct {
	pc   *webrtc.PeerConnection
	seal sealer
	told asker
	stop chan struct{}
	work sync.WaitGroup
	outs map[wire.Source][]*output
	key  map[wire.Source]chan struct{} // one slot: a key frame is asked for
}

// An output is one stream: a source, or a layer of the camera.
type output struct {
	track  *webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	rid    string
	labels []label // on each packet; set by answered
	rtp    rtp.Packetizer
	ticks  uint32 // of the RTP clock per frame
}

// A label is a header extension that says where a packet belongs.
type label struct {
	id    uint8
	value string
}

func newPublisher(e *engine, cfg webrtc.Configuration, seal sealer, told asker) (*publisher, error) {
	pc, err := e.publish.NewPeerConnection(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the publish connection: %w", err)
	}
	p := &publisher{
		pc: pc, seal: seal, told: told, stop: make(chan struct{}),
		outs: map[wire.Source][]*output{}, key: map[wire.Source]chan struct{}{},
	}
	for _, source := range published {
		p.key[source] = make(chan struct{}, 1)
		if err := p.add(source); err != nil {
			return nil, errors.Join(fmt.Errorf("publishing the %s: %w", source, err), pc.Close())
		}
	}
	return p, nil
}

func (p *publisher) add(source wire.Source) error {
	rids := []string{""}
	if source == wire.SourceCamera {
		rids = layers
	}
	var sender *webrtc.RTPSender
	for _, rid := range rids {
		o := &output{rid: rid}
		var options []func(*webrtc.TrackLocalStaticRTP)
		if rid != "" {
			options = append(options, webrtc.WithRTPStreamID(rid))
		}
		capability, payloader := opus.RTPCodecCapability, rtp.Payloader(&codecs.OpusPayloader{})
		if isPicture(source) {
			capability, payloader = vp8.RTPCodecCapability, &codecs.VP8Payloader{EnablePictureID: true}
		}
		var err error
		if o.track, err = webrtc.NewTrackLocalStaticRTP(capability, string(source), "incamera", options...); err != nil {
			return err
		}
		o.rtp = rtp.NewPacketizer(packetSize, 0, 0, payloader, rtp.NewRandomSequencer(), capability.ClockRate)
		if sender == nil {
			tr, err := p.pc.AddTransceiverFromTrack(o.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
			if err != nil {
				return err
			}
			sender = tr.Sender()
		} else if err := sender.AddEncoding(o.track); err != nil {
			return err
		}
		o.sender = sender
		p.outs[source] = append(p.outs[source], o)
		p.work.Go(func() { p.listen(source, o) })
	}
	return nil
}

func isPicture(s wire.Source) bool { return s == wire.SourceCamera || s == wire.SourceScreen }

// offer returns the message to send. Call it once.
func (p *publisher) offer() (wire.Publish, error) {
	sdp, err := offer(p.pc)
	if err != nil {
		return wire.Publish{}, err
	}
	m := wire.Publish{SDP: sdp}
	for i, tr := range p.pc.GetTransceivers() {
		m.Mids = append(m.Mids, wire.MidSource{Mid: tr.Mid(), Source: published[i]})
	}
	return m, nil
}

// listen waits for requests of key frames, and counts those of packets, which
// pion answers.
func (p *publisher) listen(source wire.Source, o *output) {
	var asked window
	for {
		var packets []rtcp.Packet
		var err error
		if o.rid == "" {
			packets, _, err = o.sender.ReadRTCP()
		} else {
			packets, _, err = o.sender.ReadSimulcastRTCP(o.rid)
		}
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet := packet.(type) {
			case *rtcp.TransportLayerNack:
				all, again := 0, 0
				for _, pair := range packet.Nacks {
					pair.Range(func(seq uint16) bool {
						if all++; asked.add(seq) {
							again++
						}
						return true
					})
				}
				p.told(source, false, all, again)
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.told(source, true, 0, 0)
				select {
				case p.key[source] <- struct{}{}:
				default:
				}
			}
		}
	}
}

// play sends a clip in a loop on the first streams of a source until the
// publisher is closed.
func (p *publisher) play(source wire.Source, c *clip, streams int) {
	outs := p.outs[source][:min(streams, len(p.outs[source]))]
	for _, o := range outs {
		o.ticks = uint32(c.every * time.Duration(o.track.Codec().ClockRate) / time.Second)
	}
	p.work.Go(func() {
		ticker := time.NewTicker(c.every)
		defer ticker.Stop()
		sealed := false // somebody has keys for us
		for i := 0; ; i++ {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
			}
			wanted := !sealed
			select {
			case <-p.key[source]:
				wanted = true
			default:
			}
			i = c.at(i, wanted)
			sealed = p.sendAll(source, outs, c.frames[i])
		}
	})
}

// sendAll reports whether the frame was sealed and sent.
func (p *publisher) sendAll(source wire.Source, outs []*output, f frame) bool {
	for _, o := range outs {
		b := p.seal(source, f.key, f.data)
		if b == nil {
			o.rtp.SkipSamples(o.ticks)
			return false
		}
		for _, packet := range o.rtp.Packetize(b, o.ticks) {
			if err := o.send(packet); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				return false
			}
		}
	}
	return true
}

func (o *output) send(packet *rtp.Packet) error {
	for _, l := range o.labels {
		if err := packet.SetExtension(l.id, []byte(l.value)); err != nil {
			return fmt.Errorf("naming a layer: %w", err)
		}
	}
	return o.track.WriteRTP(packet)
}

// answered takes the server's answer; play may follow.
func (p *publisher) answered(sdp string) error {
	if err := answered(p.pc, sdp); err != nil {
		return err
	}
	for i, tr := range p.pc.GetTransceivers() {
		for _, o := range p.outs[published[i]] {
			if o.rid == "" {
				continue // its SSRC was in the offer
			}
			for _, e := range o.sender.GetParameters().HeaderExtensions {
				switch e.URI {
				case extensionMid:
					o.labels = append(o.labels, label{uint8(e.ID), tr.Mid()})
				case extensionRid:
					o.labels = append(o.labels, label{uint8(e.ID), o.rid})
				}
			}
		}
	}
	return nil
}

// close ends everything and waits for it.
func (p *publisher) close() error {
	close(p.stop)
	err := p.pc.Close()
	p.work.Wait()
	return err
}
