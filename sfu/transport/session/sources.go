package session

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"incamera/sfu/rtpx"
)

// Sends fails unless each section of the offer sends what we forward, or nothing
// goes on it.
func (o *Offer) Sends() error {
	for i := range o.Sections {
		s := &o.Sections[i]
		switch {
		case s.receives && !s.sends:
			return fmt.Errorf("session: media section %d of the offer does not send", i)
		case len(s.order()) == 0:
			return fmt.Errorf("session: media section %d of the offer has no codec that we forward", i)
		}
	}
	return nil
}

// sources is Formats for what the client sends.
func (s *Section) sources() [rtpx.H264 + 1]Format { return s.list("recvonly", false) }

// order returns the codecs that are taken, in the offer's order: browsers send
// with the first.
func (s *Section) order() (out []rtpx.Codec) {
	formats := s.Formats()
	for _, pt := range s.formats {
		if c := s.codec(pt); c != 0 && formats[c].PayloadType != 0 && formats[c].PayloadType == number(pt) {
			out = append(out, c)
		}
	}
	return out
}

// Layers returns the ids of the simulcast layers that the section sends; none
// without simulcast.
func (s *Section) Layers() (out []string) {
	for _, id := range s.layers {
		if slices.Contains(s.rids, id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// A Source is what is read of the packets of a section.
type Source struct {
	Mid    string
	Video  bool
	Layers []string // as [Section.Layers]

	types [rtpx.H264 + 1]struct {
		media, rtx uint8
		nack       bool
	}
	ssrcs  []uint32
	repair [][2]uint32
}

// A Reader tells the streams of a publish connection apart. It is not changed, and
// keeps nothing of the offer.
type Reader struct {
	Sources []Source

	ids [extensions]uint8
}

// Reader returns that of an offer.
func (o *Offer) Reader() *Reader {
	r := &Reader{}
	for i := range o.Sections {
		s := &o.Sections[i]
		src := Source{Mid: strings.Clone(s.Mid), Video: s.Video, ssrcs: s.ssrcs, repair: s.repair}
		for _, id := range s.Layers() {
			src.Layers = append(src.Layers, strings.Clone(id))
		}
		for c, f := range s.sources() {
			src.types[c].media, src.types[c].rtx = f.PayloadType, f.RTXPayloadType
			src.types[c].nack = slices.Contains(strings.Split(f.feedback, ","), "nack")
		}
		r.Sources = append(r.Sources, src)
		// Those of bundled sections mean the same (RFC 8843 §9.2).
		for n := range s.ids {
			if id := s.labelled(n); id != 0 {
				r.ids[n] = id
			}
		}
	}
	return r
}

// labelled returns under which id packets that the client sends have an extension;
// 0: not at all.
func (s *Section) labelled(extension int) uint8 {
	switch extension {
	case wide:
		return s.numbered("recvonly")
	case described:
		if formats := s.sources(); formats[rtpx.AV1].PayloadType == 0 || formats[rtpx.VP8].PayloadType != 0 {
			return 0
		}
	}
	if s.oneWay[extension] == "recvonly" {
		return 0
	}
	return s.ids[extension]
}

// Labels are what a packet says about itself in its header extensions. Slices are
// part of the packet.
type Labels struct {
	Wide     uint16 // transport-wide number
	Numbered bool   // it has one

	Mid, RID, RepairedRID []byte
}

// Labels reads those of a packet.
func (r *Reader) Labels(packet []byte) (l Labels) {
	rtpx.Extensions(packet, func(id uint8, value []byte) {
		switch id {
		case r.ids[wide]:
			if len(value) == 2 {
				l.Wide, l.Numbered = binary.BigEndian.Uint16(value), true
			}
		case r.ids[mid]:
			l.Mid = value
		case r.ids[rid]:
			l.RID = value
		case r.ids[repairedRID]:
			l.RepairedRID = value
		}
	})
	return l
}

// Described returns under which id packets have their dependency descriptor; 0: that
// was not agreed on.
func (r *Reader) Described() uint8 { return r.ids[described] }

// Find returns to which source a stream belongs: that which its packet names, or
// else the one whose section names it. It returns nil when neither does.
func (r *Reader) Find(ssrc uint32, l Labels) *Source {
	for i := range r.Sources {
		s := &r.Sources[i]
		if len(l.Mid) > 0 {
			if string(l.Mid) == s.Mid {
				return s
			}
		} else if slices.Contains(s.ssrcs, ssrc) {
			return s
		}
	}
	return nil
}

// Codec returns what a payload type stands for, and whether for retransmissions
// of it; 0: nothing that is taken.
func (s *Source) Codec(payloadType uint8) (c rtpx.Codec, rtx bool) {
	for c, t := range s.types {
		switch {
		case t.media == 0:
		case payloadType == t.media:
			return rtpx.Codec(c), false
		case payloadType == t.rtx:
			return rtpx.Codec(c), true
		}
	}
	return 0, false
}

// PayloadType returns which one a codec has; 0: it is not taken.
func (s *Source) PayloadType(c rtpx.Codec) uint8 { return s.types[c].media }

// Retransmits reports whether packets of a codec may be asked for again: they come
// on a stream of their own, where that was negotiated, or as they were.
func (s *Source) Retransmits(c rtpx.Codec) bool { return s.types[c].nack }

// Repaired returns of which stream the section says that another one has its
// retransmissions.
func (s *Source) Repaired(rtx uint32) (media uint32, ok bool) {
	for _, pair := range s.repair {
		if pair[1] == rtx {
			return pair[0], true
		}
	}
	return 0, false
}
