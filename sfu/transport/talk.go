package transport

import (
	"time"

	"incamera/sfu/transport/rtcpx"
)

const (
	// feedbackEvery is how often senders hear when their packets came. Less often,
	// and their estimate of the network is late; more often, and it costs both sides
	// more than it tells.
	feedbackEvery = 50 * time.Millisecond
	// reportEvery is how often senders hear what is lost of each stream.
	reportEvery = time.Second
	// wideEnough is how many packets are told of before their time: half of what is
	// remembered.
	wideEnough = 400
)

// talk tells the sender what is due, and has the timer fire when more will be. It
// is called by who has taken the line.
func (p *Publisher) talk(now time.Time) {
	use := scratches.Get().(*scratch) //nolint:forcetypeassert,errcheck // it holds nothing else
	defer scratches.Put(use)
	out := use.plain[:0]
	for _, s := range p.streams {
		if s.layer == nil || !s.asks {
			continue
		}
		if missing := s.gaps.Due(use.missing[:0], now); len(missing) > 0 {
			out = rtcpx.AppendMissing(out, ownSSRC, s.ssrc, missing)
			p.flush(&out)
		}
	}
	if p.tell.came && p.tell.next.IsZero() {
		p.tell.next = now.Add(feedbackEvery)
	}
	due := !p.tell.next.IsZero() && !now.Before(p.tell.next)
	if p.wide != nil && (due || p.wide.Waiting() >= wideEnough) {
		for p.wide.Waiting() > 0 {
			waiting := p.wide.Waiting()
			out = p.wide.Append(out, ownSSRC, p.media())
			p.flush(&out)
			if p.wide.Waiting() == waiting {
				break // nothing of it has come
			}
		}
	}
	if due {
		p.tell.next = time.Time{}
		if p.tell.came {
			p.tell.next = now.Add(feedbackEvery)
			if !now.Before(p.tell.report) {
				p.tell.report = now.Add(reportEvery)
				out = p.report(out, now)
			}
		}
		p.tell.came = false
	}
	p.flush(&out)
	p.arm(now)
}

// flush sends what was written.
func (p *Publisher) flush(out *[]byte) {
	if len(*out) > 0 {
		// A failure means that the connection is gone, which its owner hears of.
		_ = p.conn.writeRTCP(*out)
	}
	*out = (*out)[:0]
}

// report appends receiver reports on all streams.
func (p *Publisher) report(out []byte, now time.Time) []byte {
	var blocks [rtcpx.MaxBlocks]rtcpx.Block
	n := 0
	for _, s := range p.streams {
		if b, ok := s.statistics.Block(s.ssrc, now); ok {
			blocks[n] = b
			if n++; n == len(blocks) {
				out = rtcpx.AppendReceiverReport(out, ownSSRC, blocks[:n])
				p.flush(&out)
				n = 0
			}
		}
	}
	if n > 0 {
		out = rtcpx.AppendReceiverReport(out, ownSSRC, blocks[:n])
	}
	return out
}

// media returns an SSRC that feedback about all streams names.
func (p *Publisher) media() uint32 {
	if len(p.streams) == 0 {
		return 0
	}
	return p.streams[0].ssrc
}

// arm has the timer fire when there is something to tell.
func (p *Publisher) arm(now time.Time) {
	next := p.tell.next
	for _, s := range p.streams {
		if s.layer == nil || !s.asks {
			continue
		}
		if at := s.gaps.Next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() || !p.tell.armed.IsZero() && !next.Before(p.tell.armed) {
		return
	}
	p.tell.armed = next
	p.timer.Reset(max(next.Sub(now), time.Millisecond))
}
