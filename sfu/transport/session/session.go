// Package session reads the offers of publish and subscribe connections and
// writes the answers to them: the part of SDP (RFC 8829) that a fixed set of
// sources, or of seats, on one bundled connection needs. All functions are pure.
package session

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"incamera/sfu/rtpx"
)

const (
	// MaxSections bounds the m-lines of an offer: each costs a seat.
	MaxSections = 64
	// maxFingerprints bounds the certificates that a client may come with: it has one.
	maxFingerprints = 16
	// maxRIDs is how many simulcast layers of a source are taken.
	maxRIDs = 3
	// maxSSRCs bounds the streams that a section names: with simulcast and
	// retransmissions there are six.
	maxSSRCs = 16
)

// An Offer is what is read of one.
type Offer struct {
	Ufrag, Password string
	Fingerprints    []Fingerprint
	Sections        []Section

	passive bool
	mixed   bool // header extensions of both forms may come on one stream (RFC 8285 §6)
}

// A Fingerprint is of the certificate with which the client comes (RFC 8122).
type Fingerprint struct {
	Hash string // lower case, as "sha-256"
	Sum  []byte
}

// A Section is an m-line.
type Section struct {
	Video bool
	Mid   string

	formats  []string // payload types, in the offer's order
	names    map[string]string
	fmtp     map[string]string
	feedback map[string][]string
	ids      [extensions]uint8  // 0: not offered
	oneWay   [extensions]string // the direction, seen from the client; empty: both
	ccfb     ccfb
	mux      bool
	mixed    bool // see Offer; of this one
	sends    bool // it does not receive
	receives bool // it does not send

	// Of what the client sends.
	rids   []string // those it describes
	layers []string // those of simulcast, in its order
	ssrcs  []uint32
	repair [][2]uint32 // a stream, and that of its retransmissions
}

// The header extensions that are used.
const (
	wide        = iota // transport-wide numbers
	mid                // of the section that a packet belongs to
	rid                // of its layer
	repairedRID        // of the layer that it retransmits
	described          // how its frame relates to others
	extensions
)

// TransportWide names the extension of numbers that count over all streams of
// a connection (draft-holmer-rmcat-transport-wide-cc-extensions-01).
const TransportWide = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// uris are the names of header extensions (RFC 8843 §15, RFC 8852 §4; AV1 RTP
// specification, A).
var uris = [extensions]string{
	TransportWide, "urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
	"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", rtpx.DependencyURI,
}

// Parse reads an offer. The error says what is missing; it quotes nothing of
// the offer.
func Parse(text string) (*Offer, error) {
	o := &Offer{}
	var group []string
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if lines[0] != "v=0" {
		return nil, errors.New("session: reading the offer: it is no session description")
	}
	for _, line := range lines {
		kind, value, ok := strings.Cut(line, "=")
		switch {
		case line == "":
		case !ok || len(kind) != 1 || strings.ContainsAny(line, "\r\x00"):
			return nil, errors.New("session: reading the offer: a line is not type=value")
		case kind == "m":
			s, err := parseMedia(value)
			if len(o.Sections) == MaxSections {
				return nil, fmt.Errorf("session: reading the offer: more than %d media sections", MaxSections)
			}
			if err != nil {
				return nil, fmt.Errorf("session: reading media section %d: %w", len(o.Sections), err)
			}
			o.Sections = append(o.Sections, s)
		case kind == "a":
			name, rest, _ := strings.Cut(value, ":")
			if name == "group" && strings.HasPrefix(rest, "BUNDLE ") {
				group = strings.Fields(rest)[1:]
			} else if err := o.attribute(name, rest); err != nil {
				return nil, err
			}
		}
	}
	for i := range o.Sections {
		o.Sections[i].mixed = o.Sections[i].mixed || o.mixed
	}
	o.agreeOnReports()
	return o, o.check(group)
}

func parseMedia(value string) (s Section, err error) {
	f := strings.Fields(value)
	if len(f) < 4 || f[0] != "audio" && f[0] != "video" || f[2] != "UDP/TLS/RTP/SAVPF" {
		return s, errors.New("it is neither sound nor picture over DTLS-SRTP")
	}
	var formats []string
	var listed [128]bool // each counts once, however often it is named: what is done for each pair of them stays bounded
	for _, pt := range f[3:] {
		n, err := strconv.ParseUint(pt, 10, 8)
		if err != nil || n > 127 {
			return s, errors.New("a payload type is not between 0 and 127")
		}
		if !listed[n] {
			listed[n] = true
			formats = append(formats, pt)
		}
	}
	return Section{Video: f[0] == "video", formats: formats, names: map[string]string{}, fmtp: map[string]string{}, feedback: map[string][]string{}}, nil
}

// attribute takes one of the session or of the latest section. With all of them
// bundled, the first to name credentials names them for all.
func (o *Offer) attribute(name, value string) error {
	switch name {
	case "ice-ufrag":
		if o.Ufrag == "" {
			o.Ufrag = value
		}
	case "ice-pwd":
		if o.Password == "" {
			o.Password = value
		}
	case "extmap-allow-mixed":
		if o.mixed = o.mixed || len(o.Sections) == 0; !o.mixed {
			o.Sections[len(o.Sections)-1].mixed = true
		}
	case "setup":
		o.passive = o.passive || value == "passive"
	case "fingerprint":
		hash, sum, _ := strings.Cut(value, " ")
		b, err := hex.DecodeString(strings.ReplaceAll(sum, ":", ""))
		if err != nil || len(b) == 0 {
			return errors.New("session: reading the offer: a fingerprint is no list of bytes")
		}
		if len(o.Fingerprints) == maxFingerprints {
			return errors.New("session: reading the offer: too many fingerprints")
		}
		f := Fingerprint{strings.Clone(strings.ToLower(hash)), b} // it outlives the offer, which must not
		if !slices.ContainsFunc(o.Fingerprints, func(g Fingerprint) bool { return g.Hash == f.Hash && slices.Equal(g.Sum, f.Sum) }) {
			o.Fingerprints = append(o.Fingerprints, f)
		}
	}
	if len(o.Sections) > 0 {
		o.Sections[len(o.Sections)-1].attribute(name, value)
	}
	return nil
}

func (s *Section) attribute(name, value string) {
	pt, rest, _ := strings.Cut(value, " ")
	switch name {
	case "mid":
		s.Mid = value
	case "rtcp-mux":
		s.mux = true
	case "sendonly":
		s.sends = true
	case "recvonly":
		s.receives = true
	case "inactive":
		s.sends, s.receives = true, true
	case "rid":
		if direction, _, _ := strings.Cut(rest, " "); direction == "send" && isRID(pt) && len(s.rids) < maxRIDs {
			s.rids = append(s.rids, pt)
		}
	case "simulcast":
		s.simulcast(value)
	case "ssrc":
		if n, err := strconv.ParseUint(pt, 10, 32); err == nil && len(s.ssrcs) < maxSSRCs && !slices.Contains(s.ssrcs, uint32(n)) {
			s.ssrcs = append(s.ssrcs, uint32(n))
		}
	case "ssrc-group":
		f := strings.Fields(rest)
		if pt != "FID" || len(f) != 2 || len(s.repair) == maxSSRCs {
			return
		}
		media, err := strconv.ParseUint(f[0], 10, 32)
		rtx, errRTX := strconv.ParseUint(f[1], 10, 32)
		if err == nil && errRTX == nil {
			s.repair = append(s.repair, [2]uint32{uint32(media), uint32(rtx)})
		}
	case "rtpmap":
		s.names[pt] = strings.ToLower(rest)
	case "fmtp":
		s.fmtp[pt] = rest
	case "rtcp-fb":
		s.feedback[pt] = append(s.feedback[pt], rest)
	case "extmap":
		uri, _, _ := strings.Cut(rest, " ")
		id, direction, _ := strings.Cut(pt, "/")
		i := slices.Index(uris[:], uri)
		// 15 stands for none of the one-byte ids (RFC 8285 §4.2).
		if n, err := strconv.ParseUint(id, 10, 8); i >= 0 && err == nil && n > 0 && n < 15 && direction != "inactive" {
			s.ids[i] = uint8(n)
			s.oneWay[i] = direction
		}
	}
}

// simulcast takes a list like "send q;h,m;~f" (RFC 8853 §5.1): of alternatives the
// first.
func (s *Section) simulcast(value string) {
	f := strings.Fields(value)
	for i := 0; i+1 < len(f); i += 2 {
		if f[i] != "send" {
			continue
		}
		for alternatives := range strings.SplitSeq(f[i+1], ";") {
			first, _, _ := strings.Cut(alternatives, ",")
			if id := strings.TrimPrefix(first, "~"); isRID(id) && len(s.layers) < maxRIDs {
				s.layers = append(s.layers, id)
			}
		}
	}
}

// isRID reports whether s is an identifier of RFC 8851 §10, and short.
func isRID(s string) bool {
	return s != "" && len(s) <= 16 && strings.IndexFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}) < 0
}

func (o *Offer) check(group []string) error {
	switch {
	case len(o.Sections) == 0:
		return errors.New("session: the offer has no media section")
	case o.Ufrag == "" || o.Password == "":
		return errors.New("session: the offer has no ICE credentials")
	case len(o.Fingerprints) == 0:
		return errors.New("session: the offer has no fingerprint")
	case o.passive:
		return errors.New("session: the offer wants to be the DTLS server; so do we")
	}
	mids := map[string]bool{}
	for i, s := range o.Sections {
		if !isToken(s.Mid) || mids[s.Mid] {
			return fmt.Errorf("session: media section %d of the offer has no mid of its own", i)
		}
		mids[s.Mid] = true
		switch {
		case len(o.Sections) > 1 && !slices.Contains(group, s.Mid):
			return fmt.Errorf("session: media section %d of the offer is not bundled: offer with max-bundle", i)
		case !s.mux:
			return fmt.Errorf("session: media section %d of the offer does without rtcp-mux", i)
		}
	}
	return nil
}

// Receives fails unless all sections of the offer receive.
func (o *Offer) Receives() error {
	if i := slices.IndexFunc(o.Sections, func(s Section) bool { return s.sends }); i >= 0 {
		return fmt.Errorf("session: media section %d of the offer does not receive", i)
	}
	return nil
}

// isToken reports whether s is a short token of RFC 8866 §9.
func isToken(s string) bool {
	const others = "!#$%&'*+-.^_`{|}~"
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(others, c) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// A Format is how a codec goes over the connection.
type Format struct {
	PayloadType    uint8
	RTXPayloadType uint8 // 0: no retransmissions

	name, fmtp string
	feedback   string // comma-separated
}

// Formats returns how the codecs go that the section takes and that we can
// forward, by codec; a PayloadType of 0 means not at all.
func (s *Section) Formats() [rtpx.H264 + 1]Format { return s.list("sendonly", true) }

// list is Formats for one direction: that which an extension that goes the other
// way only says nothing for. A receiver may have an estimate of its own.
func (s *Section) list(otherWay string, receiver bool) (out [rtpx.H264 + 1]Format) {
	for _, pt := range s.formats {
		c := s.codec(pt)
		// 0 is PCMU's (RFC 3551 §6), whatever the offer says.
		if c == 0 || number(pt) == 0 || out[c].PayloadType != 0 || c.IsVideo() != s.Video {
			continue
		}
		f := Format{PayloadType: number(pt), name: names[c], fmtp: s.fmtp[pt]}
		switch c {
		case rtpx.Opus:
			// No NACK: what is lost of a voice comes too late when sent again, and there is no RTX to send it on.
			f.fmtp = "minptime=10;useinbandfec=1"
		case rtpx.VP8:
			f.fmtp = "" // limits of a receiver, which we are not
		default: // the profile
		}
		told := receiver && s.Reports()
		if !told && s.ids[wide] != 0 && s.oneWay[wide] != otherWay && s.says(pt, "transport-cc") {
			told, f.feedback = true, ",transport-cc"
		}
		if s.Video {
			known := []string{"nack", "nack pli", "ccm fir"}
			if receiver && !told { // it can give us no better
				known = append(known, "goog-remb")
			}
			for _, fb := range known {
				if s.says(pt, fb) {
					f.feedback += "," + fb
				}
			}
			for _, rtx := range s.formats {
				if s.names[rtx] == "rtx/90000" && parameter(s.fmtp[rtx], "apt") == pt {
					f.RTXPayloadType = number(rtx)
				}
			}
		}
		out[c] = f
	}
	return out
}

var names = [rtpx.H264 + 1]string{rtpx.Opus: "opus/48000/2", rtpx.VP8: "VP8/90000", rtpx.VP9: "VP9/90000", rtpx.AV1: "AV1/90000", rtpx.H264: "H264/90000"}

// codec returns what a payload type stands for, 0 for what we do not forward:
// other profiles are other codecs.
func (s *Section) codec(pt string) rtpx.Codec {
	fmtp := s.fmtp[pt]
	for c := rtpx.Opus; c <= rtpx.H264; c++ {
		if strings.ToLower(names[c]) != s.names[pt] {
			continue
		}
		profile := ""
		switch c {
		case rtpx.VP9:
			profile = parameter(fmtp, "profile-id")
		case rtpx.AV1:
			profile = parameter(fmtp, "profile")
		case rtpx.H264: // constrained baseline
			if parameter(fmtp, "packetization-mode") != "1" || !strings.HasPrefix(strings.ToLower(parameter(fmtp, "profile-level-id")), "42e0") {
				continue
			}
		default: // of one profile
		}
		if profile == "" || profile == "0" {
			return c
		}
	}
	return 0
}

// parameter returns one of a list like "a=1;b=2".
func parameter(fmtp, name string) string {
	for p := range strings.SplitSeq(fmtp, ";") {
		if k, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// number returns a payload type that Parse has checked.
func number(pt string) uint8 {
	n, err := strconv.ParseUint(pt, 10, 7)
	if err != nil {
		panic("session: internal error: " + err.Error())
	}
	return uint8(n)
}
