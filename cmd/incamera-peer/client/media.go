package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"

	"incamera/signaling/wire"
)

// mediaPair is the pair of media connections. Owned by Run but for broken.
type mediaPair struct {
	picture, sound *clip

	publisher  *publisher
	subscriber *subscriber
	offered    struct{ publish, subscribe int } // offers without an answer
	broken     chan struct{}                    // one slot: a connection failed
	restarts   []time.Time
}

// load reads the clips. rate is in frames each second; 0: as they were made.
func (m *mediaPair) load(rate int) (err error) {
	m.broken = make(chan struct{}, 1)
	if m.picture, err = picture(); err != nil {
		return err
	}
	if rate > 0 {
		m.picture.every = time.Second / time.Duration(rate)
	}
	m.sound, err = sound()
	return err
}

// restartMedia makes both connections anew, at most three times a minute.
func (c *Client) restartMedia() {
	m := &c.media
	m.close()
	now := time.Now()
	recent := m.restarts[:0]
	for _, t := range m.restarts {
		if now.Sub(t) < time.Minute {
			recent = append(recent, t)
		}
	}
	m.restarts = append(recent, now)
	if len(m.restarts) > 3 {
		c.failed(errors.New("media connections break too often and are given up"))
		return
	}
	if err := c.startMedia(); err != nil {
		c.failed(err)
		m.close()
	}
}

func (c *Client) startMedia() (err error) {
	m := &c.media
	cfg := c.engine.configuration(c.cfg.Link.Server, c.relay)
	if len(c.cfg.Seats) > 0 {
		if m.subscriber, err = newSubscriber(c.engine, cfg, c.cfg.Seats, c); err != nil {
			return err
		}
		m.watch(c, "subscribe", m.subscriber.pc)
		subscribe, offerErr := m.subscriber.offer()
		if offerErr != nil {
			return offerErr
		}
		c.send(subscribe)
		m.offered.subscribe++
	}
	if len(c.cfg.Publish) == 0 && !c.cfg.Muted {
		return nil
	}
	if m.publisher, err = newPublisher(c.engine, cfg, c.seal, c.asked); err != nil {
		return err
	}
	m.watch(c, "publish", m.publisher.pc)
	publish, err := m.publisher.offer()
	if err != nil {
		return err
	}
	c.send(publish)
	m.offered.publish++
	return nil
}

func (m *mediaPair) watch(c *Client, name string, pc *webrtc.PeerConnection) {
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		way := selected(pc)
		c.note(func(r *Report) {
			r.Media[name] = s.String()
			if s == webrtc.PeerConnectionStateConnected {
				r.Ways[name] = way
			}
		})
		if s == webrtc.PeerConnectionStateFailed {
			select {
			case m.broken <- struct{}{}:
			default:
			}
		}
	})
}

// published takes the answer to the latest offer.
func (m *mediaPair) published(c *Client, sdp string) {
	if m.offered.publish--; m.offered.publish > 0 || m.publisher == nil {
		return
	}
	if err := m.publisher.answered(sdp); err != nil {
		c.failed(err)
		return
	}
	for _, source := range c.cfg.Publish {
		clip := m.sound
		if isPicture(source) {
			clip = m.picture
		}
		switch {
		case len(c.cfg.Bitrates) == 0 || source != wire.SourceCamera && source != wire.SourceMic:
			m.publisher.play(source, clip, max(1, c.cfg.Layers))
		case source == wire.SourceCamera:
			m.publisher.draw(c.cfg.Bitrates)
		default:
			m.publisher.voice()
		}
	}
}

// subscribed takes the answer to the latest offer.
func (m *mediaPair) subscribed(c *Client, sdp string) {
	if m.offered.subscribe--; m.offered.subscribe > 0 || m.subscriber == nil {
		return
	}
	if err := m.subscriber.answered(sdp); err != nil {
		c.failed(err)
	}
}

// refused notes that an offer has no answer.
func (m *mediaPair) refused(c *Client, about string) {
	switch about {
	case "publish":
		m.offered.publish--
	case "subscribe":
		m.offered.subscribe--
	default:
		return
	}
	c.failed(fmt.Errorf("%s: no media that way", about))
}

// close ends both connections.
func (m *mediaPair) close() {
	if m.publisher != nil {
		_ = m.publisher.close() // nobody is left to hear of an error
	}
	if m.subscriber != nil {
		_ = m.subscriber.close()
	}
	m.publisher, m.subscriber = nil, nil
}
