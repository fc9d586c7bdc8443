package session

import (
	"fmt"
	"strings"
)

// An Answer is what is said of our side.
type Answer struct {
	ID              uint64 // of the session
	Version         uint64 // counts its answers
	Ufrag, Password string
	Fingerprint     string // SHA-256 of our certificate, as in SDP
	Candidates      Candidates
	Seats           []Seat // one for each section of the offer
}

// A Seat is what is sent on a section.
type Seat struct {
	SSRC, RTXSSRC uint32
	Stream, Track string // media stream and track ids; tokens
}

// Write writes the answer to an offer: ICE-lite, DTLS server, all candidates,
// sending only.
//
// Of header extensions there is the transport-wide number only, by which a
// subscriber tells how its network does. The others are left out on purpose:
// streams are told apart by the SSRCs named here, and whatever else could be
// told in the clear is not ours to tell.
func (a Answer) Write(o *Offer) string {
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
	for i, s := range o.Sections {
		a.section(line, &s, a.Seats[i], i == 0)
	}
	return b.String()
}

func (a Answer) section(line func(string, ...any), s *Section, seat Seat, first bool) {
	formats := s.Formats()
	kind := "audio"
	if s.Video {
		kind = "video"
	}
	types, rtx := "", false
	for _, f := range formats {
		if f.PayloadType != 0 {
			types += fmt.Sprintf(" %d", f.PayloadType)
		}
		if f.RTXPayloadType != 0 {
			types += fmt.Sprintf(" %d", f.RTXPayloadType)
			rtx = true
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
	if id := s.Wide(); id != 0 {
		line("a=extmap:%d %s", id, TransportWide)
	}
	for _, f := range formats {
		if f.PayloadType == 0 {
			continue
		}
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
			line("a=rtpmap:%d rtx/90000", f.RTXPayloadType)
			line("a=fmtp:%d apt=%d", f.RTXPayloadType, f.PayloadType)
		}
	}
	if rtx {
		line("a=ssrc-group:FID %d %d", seat.SSRC, seat.RTXSSRC)
		line("a=ssrc:%d cname:incamera", seat.SSRC)
		line("a=ssrc:%d cname:incamera", seat.RTXSSRC)
	} else {
		line("a=ssrc:%d cname:incamera", seat.SSRC)
	}
	line("a=msid:%s %s", seat.Stream, seat.Track)
	line("a=sendonly")
	if !first {
		return // the first one's are those of all
	}
	for _, c := range a.Candidates.lines() {
		line("%s", c)
	}
}
