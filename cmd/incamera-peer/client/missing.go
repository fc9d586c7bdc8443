package client

import (
	"sync"
	"time"

	"github.com/pion/rtcp"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/reception"
)

// missing are the packets of pictures that have not come on one connection. They are
// asked for again as browsers do, which pion does not: it asks once in 100 ms, and
// goes on when they have come on the stream of retransmissions. Sound is not asked
// for. Safe for concurrent use.
type missing struct {
	ask func([]rtcp.Packet)

	mu sync.Mutex
	// Guarded by mu.
	trip    reception.Trip // to the server, and back
	streams map[uint32]*reception.Gaps
	timer   *time.Timer // nil after the end
	armed   time.Time   // when the timer fires; zero: it does not
}

// newMissing returns what asks by calling ask, until it is ended.
func newMissing(ask func([]rtcp.Packet)) *missing {
	m := &missing{ask: ask, streams: map[uint32]*reception.Gaps{}}
	m.timer = time.AfterFunc(time.Hour, m.due)
	m.timer.Stop()
	return m
}

// came notes a packet of a stream; repeated says that it came on that of
// retransmissions.
func (m *missing) came(ssrc uint32, seq uint16, payload []byte, repeated bool) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.timer == nil {
		return
	}
	g := m.streams[ssrc]
	if g == nil {
		fresh := reception.NewGaps(&m.trip)
		g = &fresh
		m.streams[ssrc] = g
	}
	g.Note(seq, now, repeated)
	if info, ok := rtpx.Parse(rtpx.VP8, payload); ok && info.KeyFrame {
		g.Forget(seq) // what was before a key frame is of no use any more
	}
	m.arm(now)
}

// arm has the timer fire when something is to be asked for. Called under mu.
func (m *missing) arm(now time.Time) {
	var next time.Time
	for _, g := range m.streams {
		if at := g.Next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.Equal(m.armed) {
		return
	}
	m.armed = next
	if next.IsZero() {
		m.timer.Stop()
	} else {
		m.timer.Reset(next.Sub(now))
	}
}

// due asks for what it is time to ask for.
func (m *missing) due() {
	var asked []rtcp.Packet
	m.mu.Lock()
	if m.timer == nil {
		m.mu.Unlock()
		return
	}
	now := time.Now()
	for ssrc, g := range m.streams {
		if seqs := g.Due(nil, now); len(seqs) > 0 {
			asked = append(asked, &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)})
		}
	}
	m.armed = time.Time{}
	m.arm(now)
	m.mu.Unlock()
	if len(asked) > 0 {
		m.ask(asked)
	}
}

// end has nothing asked for from now on, but what is being asked for.
func (m *missing) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.timer != nil {
		m.timer.Stop()
		m.timer = nil
	}
}
