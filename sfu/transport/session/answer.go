package session

import (
	"fmt"
	"strings"

	"incamera/sfu/rtpx"
)

// An Answer is what is said of our side.
type Answer struct {
	ID              uint64 // of the session
	Version         uint64 // counts its answers
	Ufrag, Password string
	Fingerprint     string // SHA-256 of our certificate, as in SDP
	Candidates      Candidates
	Seats           []Seat // one for each section of the offer; of what is sent
}

// A Seat is what is sent on a section.
type Seat struct {
	SSRC, RTXSSRC uint32
	Stream, Track string // media stream and track ids; tokens
}

// Write writes the answer to an offer: ICE-lite, DTLS server, all candidates,
// sending only.
//
// Of header extensions there are the transport-wide number at most, by which a
// subscriber tells how its network does, and the dependency descriptor, without
// which it cannot tell apart the spatial layers of AV1. The others are left out on purpose:
// streams are told apart by the SSRCs named here, and whatever else could be
// told in the clear is not ours to tell.
func (a Answer) Write(o *Offer) string {
	return a.write(o, func(line writeLine, s *Section, i int) {
		if id := s.Wide(); id != 0 {
			line("a=extmap:%d %s", id, TransportWide)
		}
		if id := s.Described(); id != 0 {
			line("a=extmap:%d %s", id, rtpx.DependencyURI)
		}
		seat := a.Seats[i]
		if a.formats(line, s.Formats(), s.order()) {
			line("a=ssrc-group:FID %d %d", seat.SSRC, seat.RTXSSRC)
			line("a=ssrc:%d cname:incamera", seat.SSRC)
			line("a=ssrc:%d cname:incamera", seat.RTXSSRC)
		} else {
			line("a=ssrc:%d cname:incamera", seat.SSRC)
		}
		s.reports(line)
		line("a=msid:%s %s", seat.Stream, seat.Track)
		line("a=sendonly")
	})
}

// Receive writes the answer to an offer of sources: as Write, receiving only.
//
// Of header extensions there are those by which streams are told apart and
// packets are numbered. Left out on purpose are ssrc-audio-level (who speaks is
// not ours to know), video-orientation, content-type, timing, color-space and
// playout-delay (clear metadata). The dependency descriptor is there for AV1 where
// the section cannot fall back to VP8: Chromium's leaves out with it the picture
// ids that subscribers without it need.
func (a Answer) Receive(o *Offer) string {
	return a.write(o, func(line writeLine, s *Section, _ int) {
		for i := range s.ids {
			if id := s.labelled(i); id != 0 {
				line("a=extmap:%d %s", id, uris[i])
			}
		}
		a.formats(line, s.sources(), s.order())
		layers := s.Layers()
		for _, id := range layers {
			line("a=rid:%s recv", id)
		}
		if len(layers) > 0 {
			line("a=simulcast:recv %s", strings.Join(layers, ";"))
		}
		if s.receives {
			line("a=inactive")
		} else {
			line("a=recvonly")
		}
	})
}

// A writeLine writes one line of a description.
type writeLine = func(format string, args ...any)

// write writes all but what is said of the media of each section.
func (a Answer) write(o *Offer, media func(line writeLine, s *Section, i int)) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=- %d %d IN IP4 0.0.0.0", a.ID, a.Version)
	line("s=-")
	line("t=0 0")
	b.WriteString("a=group:BUNDLE")
	for _, s := range o.Sections {
		b.WriteString(" " + s.Mid)
	}
	line("")
	line("a=ice-lite")
	line("a=extmap-allow-mixed")
	line("a=msid-semantic: WMS *")
	line("a=fingerprint:sha-256 %s", a.Fingerprint)
	for i := range o.Sections {
		s := &o.Sections[i]
		a.head(line, s)
		media(line, s, i)
		if i > 0 {
			continue // the first one's are those of all
		}
		for _, c := range a.Candidates.lines() {
			line("%s", c)
		}
	}
	return b.String()
}

// head writes an m-line and what is said of its connection.
func (a Answer) head(line writeLine, s *Section) {
	kind, types := "audio", ""
	if s.Video {
		kind = "video"
	}
	formats := s.Formats()
	for _, c := range s.order() {
		types += fmt.Sprintf(" %d", formats[c].PayloadType)
		if formats[c].RTXPayloadType != 0 {
			types += fmt.Sprintf(" %d", formats[c].RTXPayloadType)
		}
	}
	line("m=%s 9 UDP/TLS/RTP/SAVPF%s", kind, types)
	line("c=IN IP4 0.0.0.0")
	line("a=setup:passive")
	line("a=mid:%s", s.Mid)
	line("a=ice-ufrag:%s", a.Ufrag)
	line("a=ice-pwd:%s", a.Password)
	line("a=rtcp-mux")
	line("a=rtcp-rsize")
}

// formats writes what is said of the codecs, and reports whether any is
// retransmitted.
func (a Answer) formats(line writeLine, formats [rtpx.H264 + 1]Format, order []rtpx.Codec) (rtx bool) {
	for _, c := range order {
		f := formats[c]
		line("a=rtpmap:%d %s", f.PayloadType, f.name)
		if f.fmtp != "" {
			line("a=fmtp:%d %s", f.PayloadType, f.fmtp)
		}
		for fb := range strings.SplitSeq(f.feedback, ",") {
			if fb != "" {
				line("a=rtcp-fb:%d %s", f.PayloadType, fb)
			}
		}
		if f.RTXPayloadType != 0 {
			rtx = true
			line("a=rtpmap:%d rtx/90000", f.RTXPayloadType)
			line("a=fmtp:%d apt=%d", f.RTXPayloadType, f.PayloadType)
		}
	}
	return rtx
}
