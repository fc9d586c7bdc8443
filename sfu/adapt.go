package sfu

import (
	"slices"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/bwe"
	"incamera/sfu/layer"
	"incamera/sfu/quality"
	"incamera/sfu/rtpx"
	"incamera/sfu/trace"
	"incamera/sfu/transport"
)

// adapt gives the seats the steps that the network takes, most important first,
// and has more looked for when that is not all. It returns how it goes, and is
// called by run.
func (p *Peer) adapt(now time.Time) (down trace.Down) {
	down.Cause = bwe.Untried.String()
	p.conns.Lock()
	sub := p.conns.subscriber
	p.conns.Unlock()
	if sub == nil {
		return down
	}
	p.room.mu.Lock()
	seats, tiles := p.ranked()
	p.room.mu.Unlock()
	c := sub.Congestion()
	if !c.Bounded {
		return down
	}
	down.Loss, down.Queue, down.Cause = c.Loss, c.Queue, c.Cause.String()
	claims := make([]allocate.Claim, 0, len(seats))
	claiming := seats[:0]
	reserved := int64(0)
	for i, s := range seats {
		src := s.owner()
		if src == nil {
			continue // since just now
		}
		s.takesTrip(c.RTT)
		rates := src.rates(now)
		if !s.kind.IsVideo() {
			if top := rates[0].Top(); top != layer.None {
				reserved += rates[0][top]
			}
			continue
		}
		if s.isPlain(src.layers[0].Load()) {
			rates = [layer.Count]layer.Rates{rates[0]}
		}
		ladder := layer.Ladder(rates, tiles[i].calm)
		if ladder == [layer.Steps]int64{} {
			continue // nothing is there yet, or any more
		}
		claims = append(claims, allocate.Claim{
			Wanted: layer.Step(tiles[i].layer, layer.Temporals-1), Rates: ladder, Now: s.allowed, Prominent: s.kind == Screen || len(claims) == 0, Changed: s.changed.Sub(p.began),
		})
		claiming = append(claiming, s)
	}
	enough := proven(c)
	budget := allocate.Budget{Now: allocate.Available(c.Target, reserved, enough, claims)}
	budget.Sure = p.floor.Update(budget.Now, now.Sub(p.began))
	got, missing := allocate.Bits(claims, budget, now.Sub(p.began))
	if p.room.trace != nil {
		e := &trace.Adapt{Target: c.Target, Reserved: reserved, Proven: enough, Waiting: c.Waiting, Dropped: c.Dropped, Now: budget.Now, Sure: budget.Sure, Missing: missing}
		for i := range claims {
			e.Claims = append(e.Claims, trace.Claim{Seat: claiming[i].index, Claim: claims[i], Got: got[i]})
		}
		p.room.trace.Put(e, p.number, now)
	}
	p.allow(claiming, claims, got, now)
	if missing > 0 {
		sub.Probe(c.Target+missing, now)
	}
	for i := range claims {
		down.Paused = down.Paused || got[i] == layer.None
		down.Less = down.Less || claims[i].Short(got[i])
	}
	return down
}

// silentFor is after what time a picture that is on and does not come is one that
// the publisher's network does not carry: encoders take a second to begin.
const silentFor = 3 * time.Second

// grade judges how the peer's connections do, and tells of a change.
func (p *Peer) grade(down trace.Down, now time.Time) {
	up := p.upwards(now)
	changed := p.down.Update(quality.Down(down.Paused, down.Less, down.Loss, down.Queue), now)
	if p.up.Update(quality.Up(up.Silent, up.Less, up.Loss), now) || changed {
		if p.events.Quality != nil {
			p.events.Quality(
				Quality{p.up.Grade(), quality.CauseOf(p.up.Grade(), up.Loss, 0)},
				Quality{p.down.Grade(), quality.CauseOf(p.down.Grade(), down.Loss, down.Queue)},
			)
		}
	}
	if p.room.trace != nil {
		p.room.trace.Put(&trace.Quality{Down: down, Up: up, Judged: trace.Judged{Down: p.down.Grade().String(), Up: p.up.Grade().String()}}, p.number, now)
	}
}

// upwards returns how what the peer sends comes.
func (p *Peer) upwards(now time.Time) (up trace.Up) {
	p.room.mu.Lock()
	on := p.on[Camera] && p.inside
	p.room.mu.Unlock()
	for _, src := range p.sources {
		for i, last := range src.lastPackets() {
			if in, _ := src.part(i); in != nil && now.Sub(last) < layer.AliveFor {
				up.Loss = max(up.Loss, float64(in.loss.Load())/1000)
			}
		}
	}
	wanted := int(p.sources[Camera].watched.Load())
	rates := p.sources[Camera].rates(now)
	if !on || wanted == 0 || rates != [layer.Count]layer.Rates{} {
		p.up.since = time.Time{}
	} else if p.up.since.IsZero() {
		p.up.since = now
	}
	// A layer that is there no more, though somebody wants it: the sender's own
	// estimate has taken it away. One that was never there its camera has not.
	for i := 1; i < wanted; i++ {
		in, spatial := p.sources[Camera].part(i)
		up.Less = up.Less || on && in != nil && in.parts[spatial].last.Load() != 0 && rates[i] == layer.Rates{} && rates[0] != layer.Rates{}
	}
	up.Silent = !p.up.since.IsZero() && now.Sub(p.up.since) >= silentFor
	return up
}

// Signs that a network takes no more. A busy computer's jitter looks like the
// beginning of a queue, and by that alone nobody's picture is withheld: packets
// are lost, or wait for longer than jitter makes them.
const (
	provenLoss  = 0.02
	provenQueue = 250 * time.Millisecond
)

// proven reports whether the estimate is one by which pictures may be withheld,
// not only shown in a lower layer.
func proven(c transport.Congestion) bool {
	switch c.Cause {
	case bwe.Untried:
		return false
	case bwe.Queue:
		return c.Loss >= provenLoss || c.Queue >= provenQueue
	case bwe.Loss, bwe.Told:
	}
	return true
}

// allow gives the seats their layers, and tells of those that are paused, or
// are no longer.
func (p *Peer) allow(seats []*seat, claims []allocate.Claim, got []int, now time.Time) {
	tell := false
	for i, s := range seats {
		if got[i] != s.allowed {
			s.allowed, s.changed = got[i], now
		}
		// Where it has all that it wants, nothing keeps it from more.
		if got[i] != layer.None && layer.Of(got[i]) >= layer.Of(claims[i].Wanted) && !claims[i].Short(got[i]) {
			tell = s.allow(layer.Unlimited, now) || tell
		} else {
			tell = s.allow(got[i], now) || tell
		}
	}
	if tell {
		p.room.mu.Lock()
		p.tellSeats()
		p.room.mu.Unlock()
	}
}

// ranked returns the seats on which somebody is, most important first, and what
// suits their tiles. Called under the room's mutex.
func (p *Peer) ranked() (seats []*seat, tiles []suits) {
	for _, s := range p.seats {
		if s.owner() != nil {
			seats = append(seats, s)
		}
	}
	if seats == nil {
		return nil, nil
	}
	slices.SortStableFunc(seats, func(a, b *seat) int {
		if a.kind != b.kind {
			return int(b.kind) - int(a.kind) // screens before cameras
		}
		return a.rank - b.rank
	})
	tiles = make([]suits, len(seats))
	for i, s := range seats {
		tiles[i] = s.tile
	}
	return seats, tiles
}

// fill sends about that many bytes as part of a probe: packets that went
// already, and where there are none, padding.
func (p *Peer) fill(b *transport.Batch, bytes int, now time.Time) {
	p.room.mu.Lock()
	seats := p.seats
	p.room.mu.Unlock()
	for range maxFill {
		sent := 0
		for _, s := range seats {
			if bytes <= 0 {
				return
			}
			n := s.repeat(b, now)
			sent, bytes = sent+n, bytes-n
		}
		if sent == 0 {
			break
		}
	}
	for _, s := range seats {
		for range maxFill {
			n := 0
			if bytes > 0 {
				n = s.pad(b, now)
			}
			if n == 0 {
				break
			}
			bytes -= n
		}
	}
}

// maxFill bounds the packets of one part of a probe, of each seat.
const maxFill = 64

// repeat sends a packet that went already, and returns its size, 0 when there is
// none.
func (s *seat) repeat(b *transport.Batch, now time.Time) int {
	if !s.kind.IsVideo() {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.going == nil {
		return 0
	}
	h, ok := s.repair.probe()
	if !ok {
		return 0
	}
	return s.again(b, &h, true, now)
}

// padding is an RTP packet's payload of nothing (RFC 3550 §5.1).
var padding = func() (p [255]byte) {
	p[254] = 255
	return p
}()

// pad sends a packet of nothing, and returns its size.
func (s *seat) pad(b *transport.Batch, now time.Time) int {
	if !s.kind.IsVideo() {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to, ok := s.wire.Stream(rtpx.VP8)
	if !ok || to.RTXSSRC == 0 || !s.write(b, transport.Packet{
		Padded: true, Probe: true, PayloadType: to.RTXPayloadType, SSRC: to.RTXSSRC, Seq: s.nextRTX(), Payload: padding[:],
	}, now) {
		return 0
	}
	return len(padding)
}
