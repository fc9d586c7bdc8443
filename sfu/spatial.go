package sfu

import (
	"time"

	"incamera/sfu/rtpx"
)

// begin begins a picture of a stream with several spatial layers: from a fresh one
// on the seat may get more of them, with any fewer. Called under mu.
func (s *seat) begin(p *packet, now time.Time) {
	fresh, before := !p.info.Predicted, s.selector
	s.selector.Picture(fresh)
	if s.selector != before {
		s.trace.Spatial(fresh, s.selector.Current(), now)
	}
	top := s.selector.Current()
	if s.isPlain(s.layer) {
		top = min(top, 0)
	}
	s.tops.Begin(p.in.Timestamp, top)
}

// isPlain reports whether of a stream's spatial layers the subscriber takes the lowest
// only: of AV1 it takes the frames of a picture for several pictures where it has no
// descriptors. Safe for concurrent use.
func (s *seat) isPlain(in *incoming) bool {
	return in != nil && in.wire.Codec == rtpx.AV1 && in.spatial.Load() && !s.wire.Describes()
}

// above reports whether a packet of a stream with several spatial layers is of one
// that is not sent of its picture. Called under mu.
func (s *seat) above(p *packet) bool { return int(p.info.Spatial) > s.tops.At(p.in.Timestamp) }

// ends reports whether a picture ends with the packet: it is the last one of the
// highest spatial layer that is sent. Called under mu.
func (s *seat) ends(p *packet) bool {
	return p.header.Marker || p.spatial && p.info.End && int(p.info.Spatial) == s.tops.At(p.in.Timestamp)
}
