package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"incamera/sfu/rtpx"
)

// sources is what a browser offers that sends a camera with simulcast, a voice
// and, from one with named streams, a screen; shortened.
const sources = `v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
m=audio 9 UDP/TLS/RTP/SAVPF 111 63
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
a=fingerprint:sha-256 BF:C9:5A:A0:0E:4D:9D:5F:1E:9B:51:6C:5D:1B:0F:9C:25:7D:38:0D:6C:BD:5C:6D:6F:07:75:DB:9F:D5:62:4B
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=ssrc:500 cname:x
a=ssrc:500 msid:a b
m=video 9 UDP/TLS/RTP/SAVPF 39 40 96 97
a=mid:1
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11/sendrecv urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendonly
a=rtcp-mux
a=rtpmap:39 AV1/90000
a=rtcp-fb:39 goog-remb
a=rtcp-fb:39 transport-cc
a=rtcp-fb:39 nack
a=rtcp-fb:39 nack pli
a=rtpmap:40 rtx/90000
a=fmtp:40 apt=39
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 nack
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rid:q send
a=rid:h send
a=rid:f send
a=rid:x recv
a=simulcast:send q;h,f;~f;z
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=mid:2
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=inactive
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc-group:FID 600 601
a=ssrc-group:FEC 600 602
a=ssrc:600 cname:x
a=ssrc:601 cname:x
`

func TestAnswerToSources(t *testing.T) {
	o, err := Parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	if err = o.Sends(); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(answer.Receive(o), "m=")
	if len(parts) != 4 {
		t.Fatalf("%d sections", len(parts)-1)
	}
	for i, lines := range [][]string{
		{"a=group:BUNDLE 0 1 2", "a=ice-lite", "a=fingerprint:sha-256 AB:CD"},
		{"audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=setup:passive", "a=extmap:3 " + TransportWide, "a=extmap:4 " + uris[mid], "a=rtcp-fb:111 transport-cc", "a=recvonly", "a=end-of-candidates"},
		{"video 9 UDP/TLS/RTP/SAVPF 39 40 96 97", "a=extmap:10 " + uris[rid], "a=extmap:11 " + uris[repairedRID], "a=rid:q recv", "a=simulcast:recv q;h;f", "a=rtcp-fb:39 nack pli", "a=fmtp:97 apt=96", "a=recvonly"},
		{"video 9 UDP/TLS/RTP/SAVPF 96 97", "a=inactive"},
	} {
		for _, line := range lines {
			if !strings.Contains("\r\n"+parts[i], "\r\n"+line+"\r\n") {
				t.Errorf("part %d of the answer lacks %q:\n%s", i, line, parts[i])
			}
		}
	}
	for _, not := range []string{"goog-remb", "audio-level", "abs-send-time", "red/", "ssrc", "rid:x", "rid:z", "sendonly"} {
		if strings.Contains(strings.Join(parts, "m="), not) {
			t.Errorf("the answer has %q", not)
		}
	}
}

func TestWhoReceivesIsNoSource(t *testing.T) {
	o, err := Parse(strings.Replace(sources, "a=sendonly", "a=recvonly", 1))
	if err != nil {
		t.Fatal(err)
	}
	if o.Sends() == nil {
		t.Error("it is taken")
	}
}

// TestDescriptorIsAgreedOn: the dependency descriptor is taken where pictures come in
// AV1, and the section cannot fall back to VP8, of which browsers leave out the
// picture ids then.
func TestDescriptorIsAgreedOn(t *testing.T) {
	const (
		named = "a=extmap:12 " + rtpx.DependencyURI + "\n"
		alone = "m=video 9 UDP/TLS/RTP/SAVPF 39 40\n"
		both  = "m=video 9 UDP/TLS/RTP/SAVPF 39 40 96 97\n"
	)
	for name, tc := range map[string]struct {
		camera, extension, codec string
		want                     bool
	}{
		"AV1 alone":                      {alone, named, "AV1", true},
		"AV1 and VP9":                    {both, named, "VP9", true},
		"AV1 and VP8":                    {both, named, "VP8", false},
		"AV1 alone, not offered":         {alone, "", "AV1", false},
		"AV1 alone, for what comes back": {alone, strings.Replace(named, ":12 ", ":12/recvonly ", 1), "AV1", false},
		"AV1 alone, not at all":          {alone, strings.Replace(named, ":12 ", ":12/inactive ", 1), "AV1", false},
		"VP9 alone":                      {"m=video 9 UDP/TLS/RTP/SAVPF 96 97\n", named, "VP9", false},
	} {
		offer := strings.NewReplacer(both, tc.camera, "a=mid:1\n", "a=mid:1\n"+tc.extension, "a=rtpmap:96 VP8", "a=rtpmap:96 "+tc.codec).Replace(sources)
		// What the screen offers is VP8 in any case.
		offer = strings.Replace(offer, "a=mid:2\n", "a=mid:2\n"+tc.extension, 1)
		screen := strings.LastIndex(offer, "a=rtpmap:96 ")
		offer = offer[:screen] + "a=rtpmap:96 VP8/90000" + offer[screen+len("a=rtpmap:96 "+tc.codec+"/90000"):]
		o, err := Parse(offer)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(answer.Receive(o), "m=")
		if got := strings.Contains(parts[2], "a=extmap:12 "+rtpx.DependencyURI+"\r\n"); got != tc.want {
			t.Errorf("%s: the descriptor is in the answer: %v", name, got)
		}
		if strings.Contains(parts[1]+parts[3], rtpx.DependencyURI) {
			t.Errorf("%s: the descriptor is where it was not to be", name)
		}
		if got, want := o.Reader().Described(), map[bool]uint8{true: 12}[tc.want]; got != want {
			t.Errorf("%s: packets have their descriptors under %d, want %d", name, got, want)
		}
	}
}

// labelled returns a packet with these header extensions.
func labelled(t *testing.T, values map[uint8]string) []byte {
	t.Helper()
	h := rtp.Header{Version: 2, Extension: true, ExtensionProfile: rtp.ExtensionProfileOneByte}
	for id, v := range values {
		if err := h.SetExtension(id, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReader(t *testing.T) {
	o, err := Parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	r := o.Reader()
	l := r.Labels(labelled(t, map[uint8]string{3: "\x01\x02", 4: "1", 10: "h", 11: "f", 2: "abc"}))
	if got := fmt.Sprintf("%d %v %s %s %s", l.Wide, l.Numbered, l.Mid, l.RID, l.RepairedRID); got != "258 true 1 h f" {
		t.Errorf("read %s", got)
	}
	for _, tc := range []struct {
		ssrc uint32
		mid  string
		want string
	}{{9, "1", "1"}, {600, "", "2"}, {601, "", "2"}, {600, "0", "0"}, {602, "", ""}, {500, "7", ""}, {500, "", "0"}} {
		got := ""
		if s := r.Find(tc.ssrc, Labels{Mid: []byte(tc.mid)}); s != nil {
			got = s.Mid
		}
		if got != tc.want {
			t.Errorf("stream %d with mid %q is of source %q, want %q", tc.ssrc, tc.mid, got, tc.want)
		}
	}
	camera := &r.Sources[1]
	if fmt.Sprint(camera.Layers) != "[q h f]" || !camera.Video || camera.Retransmits(rtpx.VP9) || !camera.Retransmits(rtpx.VP8) || r.Sources[2].Retransmits(rtpx.VP8) || camera.PayloadType(rtpx.AV1) != 39 {
		t.Errorf("the camera is %+v", camera)
	}
	for pt, want := range map[uint8]string{39: "av1 false", 40: "av1 true", 96: "vp8 false", 97: "vp8 true", 111: " false", 0: " false"} {
		if c, rtx := camera.Codec(pt); fmt.Sprint(c, rtx) != want {
			t.Errorf("payload type %d is %d %v, want %s", pt, c, rtx, want)
		}
	}
	if media, ok := r.Sources[2].Repaired(601); !ok || media != 600 {
		t.Errorf("601 repairs %d (%v)", media, ok)
	}
	if _, ok := r.Sources[2].Repaired(602); ok {
		t.Error("602 repairs something")
	}
}

// However often a payload type is named, or a fingerprint, there is an end to it.
func TestRepetitions(t *testing.T) {
	for _, pt := range []string{"0", "96"} {
		m := "m=video 9 UDP/TLS/RTP/SAVPF" + strings.Repeat(" "+pt, 50_000) + "\n"
		o, err := Parse(strings.Replace(sources, "m=video 9 UDP/TLS/RTP/SAVPF 39 40 96 97\n", m+"a=rtpmap:0 VP8/90000\n", 1))
		if err != nil {
			t.Fatal(err)
		}
		s := &o.Sections[1]
		if taken := s.Formats()[rtpx.VP8].PayloadType; len(s.formats) != 1 || (len(s.order()) > 0) != (pt == "96") || (o.Sends() == nil) != (pt == "96") || fmt.Sprint(taken) != map[string]string{"0": "0", "96": "96"}[pt] {
			t.Errorf("%s, 50,000 times: %d formats, %d codecs, VP8 is %d", pt, len(s.formats), len(s.order()), taken)
		}
	}
	many := ""
	for i := range maxFingerprints + 1 {
		many += fmt.Sprintf("a=fingerprint:sha-256 %02X:00\n", i)
	}
	if _, err := Parse(strings.Replace(sources, "a=mid:0\n", "a=mid:0\n"+many, 1)); err == nil {
		t.Error("any number of fingerprints is taken")
	}
}
