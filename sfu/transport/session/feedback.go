package session

import (
	"slices"

	"incamera/sfu/rtpx"
)

// Of those who can tell of packets both ways, RFC 8888 is preferred to transport-wide
// numbers: it needs no header extension, so each packet is 8 bytes shorter and shows
// one thing less, and it is a standard where the other is an expired draft. Its times
// are coarser, by which estimates are no worse (bwe's TestCoarseTimes). No browser offers
// it unasked. Answering both is no use: a receiver then sends either, or both.

// ccfb is how feedback of RFC 8888 is offered.
type ccfb uint8

const (
	noReports     ccfb = iota
	reportsOfAll       // for any payload type, as §6 wants it
	reportsOfEach      // for each payload type by name, as Chromium 156 writes it
)

// reports are the words for it.
const reports = "ack ccfb"

// offersReports returns how the section offers feedback of RFC 8888.
func (s *Section) offersReports() ccfb {
	switch {
	case slices.Contains(s.feedback["*"], reports):
		return reportsOfAll
	case len(s.formats) > 0 && !slices.ContainsFunc(s.formats, func(pt string) bool { return !slices.Contains(s.feedback[pt], reports) }):
		return reportsOfEach
	}
	return noReports
}

// agreeOnReports notes in each section whether there will be such feedback: of all of
// them or of none, as one report is on all streams of the connection.
func (o *Offer) agreeOnReports() {
	for i := range o.Sections {
		if o.Sections[i].offersReports() == noReports {
			return
		}
	}
	for i := range o.Sections {
		o.Sections[i].ccfb = o.Sections[i].offersReports()
	}
}

// Reports reports whether the client tells of packets that it receives by streams
// and their numbers (RFC 8888). Then there is no [Section.Wide].
func (s *Section) Reports() bool { return s.ccfb != noReports }

// Wide returns under which id packets that the client receives carry their
// transport-wide number; 0: not at all.
func (s *Section) Wide() uint8 {
	if s.Reports() {
		return 0
	}
	return s.numbered("sendonly")
}

// Described returns under which id packets of AV1 that the client receives have their
// dependency descriptor; 0: not at all. Those of key frames are too long for
// elements of one byte, of which transport-wide numbers are otherwise.
func (s *Section) Described() uint8 {
	if s.oneWay[described] == "sendonly" || !s.mixed || s.Formats()[rtpx.AV1].PayloadType == 0 {
		return 0
	}
	return s.ids[described]
}

// numbered returns the id unless the extension goes the other way only.
func (s *Section) numbered(otherWay string) uint8 {
	for _, pt := range s.formats {
		if s.codec(pt) != 0 && s.says(pt, "transport-cc") && s.oneWay[wide] != otherWay {
			return s.ids[wide]
		}
	}
	return 0
}

func (s *Section) says(pt, feedback string) bool {
	return slices.Contains(s.feedback[pt], feedback) || slices.Contains(s.feedback["*"], feedback)
}

// reports writes that there are to be reports, as it was offered.
func (s *Section) reports(line writeLine) {
	switch s.ccfb {
	case noReports:
	case reportsOfAll:
		line("a=rtcp-fb:* %s", reports)
	case reportsOfEach:
		formats := s.Formats()
		for _, c := range s.order() {
			line("a=rtcp-fb:%d %s", formats[c].PayloadType, reports)
			if rtx := formats[c].RTXPayloadType; rtx != 0 {
				line("a=rtcp-fb:%d %s", rtx, reports)
			}
		}
	}
}
