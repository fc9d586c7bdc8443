package sfu

import (
	"slices"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/bwe"
	"incamera/sfu/layer"
	"incamera/sfu/quality"
	"incamera/sfu/rtpx"
	"incamera/sfu/transport"
)

// share is how much of what the network takes is given to what is sent anew:
// the rest is for retransmissions, and for the layers' rates to vary.
const share = 0.95

// adapt gives the seats the layers that the network takes, most important first,
// and has more looked for when that is not all. It returns how it goes, and is
// called by run.
func (p *Peer) adapt(now time.Time) quality.Grade {
	p.conns.Lock()
	sub := p.conns.subscriber
	p.conns.Unlock()
	if sub == nil {
		return quality.Good
	}
	p.room.mu.Lock()
	seats, tiles := p.ranked()
	p.room.mu.Unlock()
	c := sub.Congestion()
	if !c.Bounded {
		return quality.Good
	}
	claims := make([]allocate.Claim, 0, len(seats))
	claiming := seats[:0]
	reserved := int64(0)
	for i, s := range seats {
		src := s.owner()
		if src == nil {
			continue
		}
		rates := src.rates(now)
		if !s.kind.IsVideo() {
			reserved += rates[0]
			continue
		}
		if rates == [layer.Count]int64{} {
			continue // nothing is there yet, or any more
		}
		claims = append(claims, allocate.Claim{
			Wanted: tiles[i], Rates: rates, Now: s.allowed, Prominent: s.kind == Screen || len(claims) == 0, Changed: s.changed.Sub(p.began),
		})
		claiming = append(claiming, s)
	}
	target := int64(share*float64(c.Target)) - reserved
	if c.Cause == bwe.Untried {
		target = max(target, least(claims))
	}
	sure := p.floor.Update(target, now.Sub(p.began))
	got, missing := allocate.Bits(claims, allocate.Budget{Now: target, Sure: sure}, now.Sub(p.began))
	p.allow(claiming, claims, got, now)
	if missing > 0 {
		sub.Probe(c.Target+missing, now)
	}
	paused, less := false, false
	for i := range claims {
		paused = paused || got[i] == layer.None
		less = less || claims[i].Short(got[i])
	}
	return quality.Down(paused, less, c.Loss, c.Queue)
}

// silentFor is after what time a picture that is on and does not come is one that
// the publisher's network does not carry: encoders take a second to begin.
const silentFor = 3 * time.Second

// grade judges how the peer's connections do, and tells of a change.
func (p *Peer) grade(down quality.Grade, now time.Time) {
	changed := p.down.Update(down, now)
	if p.up.Update(p.upwards(now), now) || changed {
		if p.events.Quality != nil {
			p.events.Quality(p.up.Grade(), p.down.Grade())
		}
	}
}

// upwards returns how what the peer sends comes.
func (p *Peer) upwards(now time.Time) quality.Grade {
	p.room.mu.Lock()
	on := p.on[Camera] && p.inside
	p.room.mu.Unlock()
	loss := 0.0
	for _, src := range p.sources {
		for i, last := range src.lastPackets() {
			if in := src.layers[i].Load(); in != nil && now.Sub(last) < layer.AliveFor {
				loss = max(loss, float64(in.loss.Load())/1000)
			}
		}
	}
	wanted := int(p.sources[Camera].watched.Load())
	rates := p.sources[Camera].rates(now)
	if !on || wanted == 0 || rates != [layer.Count]int64{} {
		p.up.since = time.Time{}
	} else if p.up.since.IsZero() {
		p.up.since = now
	}
	// A layer that is there no more, though somebody wants it: the sender's own
	// estimate has taken it away. One that was never there its camera has not.
	less := false
	for i := 1; i < wanted; i++ {
		in := p.sources[Camera].layers[i].Load()
		less = less || on && in != nil && in.lastPacket.Load() != 0 && rates[i] == 0 && rates[0] != 0
	}
	return quality.Up(!p.up.since.IsZero() && now.Sub(p.up.since) >= silentFor, less, loss)
}

// least is what the lowest layers of all take: nobody's picture is withheld only
// because it was not tried yet whether the network takes it.
func least(claims []allocate.Claim) (sum int64) {
	for i := range claims {
		for _, rate := range claims[i].Rates {
			if rate > 0 {
				sum += rate
				break
			}
		}
	}
	return sum
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
		if highest := got[i]; highest != layer.None && highest >= claims[i].Wanted {
			tell = s.allow(unlimited, now) || tell
		} else {
			tell = s.allow(highest, now) || tell
		}
	}
	if tell {
		p.room.mu.Lock()
		p.tellSeats()
		p.room.mu.Unlock()
	}
}

// ranked returns the seats, most important first, and the layers that suit
// their tiles. Called under the room's mutex.
func (p *Peer) ranked() (seats []*seat, tiles []int) {
	seats = slices.Clone(p.seats)
	slices.SortStableFunc(seats, func(a, b *seat) int {
		if a.kind != b.kind {
			return int(b.kind) - int(a.kind) // screens before cameras
		}
		return a.rank - b.rank
	})
	tiles = make([]int, len(seats))
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
	h := s.repair.probe()
	if h == nil {
		return 0
	}
	return s.again(b, h, true, now)
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
		Padded: true, Probe: true, PayloadType: to.RTXPayloadType, SSRC: to.RTXSSRC, Seq: s.repair.next(), Payload: padding[:],
	}, now) {
		return 0
	}
	return len(padding)
}
