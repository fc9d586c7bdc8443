package session

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"incamera/sfu/rtpx"
)

// offer is what a browser offers for one picture and one voice, shortened.
const offer = `v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 35 36 39 40 102 103 45
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
a=ice-options:trickle
a=fingerprint:sha-256 BF:C9:5A:A0:0E:4D:9D:5F:1E:9B:51:6C:5D:1B:0F:9C:25:7D:38:0D:6C:BD:5C:6D:6F:07:75:DB:9F:D5:62:4B
a=setup:actpass
a=mid:0
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=recvonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 VP9/90000
a=fmtp:98 profile-id=2
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:100 VP9/90000
a=fmtp:100 profile-id=0
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=rtpmap:35 H264/90000
a=fmtp:35 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f
a=rtpmap:36 rtx/90000
a=fmtp:36 apt=35
a=rtpmap:39 AV1/90000
a=fmtp:39 level-idx=5;profile=0;tier=0
a=rtpmap:40 rtx/90000
a=fmtp:40 apt=39
a=rtpmap:102 H264/90000
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:45 ulpfec/90000
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9
c=IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
a=fingerprint:sha-256 BF:C9:5A:A0:0E:4D:9D:5F:1E:9B:51:6C:5D:1B:0F:9C:25:7D:38:0D:6C:BD:5C:6D:6F:07:75:DB:9F:D5:62:4B
a=setup:actpass
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
`

func TestOffer(t *testing.T) {
	o, err := Parse(strings.ReplaceAll(offer, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if o.Ufrag != "4ZcD" || o.Password != "2/1muCWoOi3uLifh0NuRHlig" || len(o.Fingerprints) != 1 || o.Fingerprints[0].Sum[31] != 0x4b || len(o.Sections) != 2 {
		t.Errorf("read %+v", o)
	}
	video, audio := o.Sections[0].Formats(), o.Sections[1].Formats()
	for c, want := range map[rtpx.Codec][2]uint8{rtpx.VP8: {96, 97}, rtpx.VP9: {100, 101}, rtpx.AV1: {39, 40}, rtpx.H264: {102, 103}, rtpx.Opus: {0, 0}} {
		if got := video[c]; got.PayloadType != want[0] || got.RTXPayloadType != want[1] {
			t.Errorf("codec %d goes as %+v, want %v", c, got, want)
		}
	}
	if audio[rtpx.Opus].PayloadType != 111 || audio[rtpx.Opus].feedback != "" || audio[rtpx.VP8].PayloadType != 0 {
		t.Errorf("sound goes as %+v", audio)
	}
}

var answer = Answer{
	ID: 1, Version: 2, Ufrag: "u", Password: "p", Fingerprint: "AB:CD", Candidates: Candidates{
		UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:443")}, TCP: []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:443")},
	},
}

func TestAnswer(t *testing.T) {
	o, err := Parse(offer)
	if err != nil {
		t.Fatal(err)
	}
	a := answer
	a.Seats = []Seat{{10, 11, "s", "t0"}, {20, 21, "s", "t1"}}
	text := a.Write(o)
	for _, line := range []string{
		"a=group:BUNDLE 0 1", "a=ice-lite", "m=video 9 UDP/TLS/RTP/SAVPF 96 97 100 101 39 40 102 103", "m=audio 9 UDP/TLS/RTP/SAVPF 111",
		"a=setup:passive", "a=sendonly", "a=ssrc-group:FID 10 11", "a=ssrc:20 cname:incamera", "a=rtcp-fb:96 nack pli", "a=fmtp:103 apt=102", "a=msid:s t1",
		"a=rtcp-fb:96 transport-cc", "a=candidate:1 1 udp 2130706431 192.0.2.1 443 typ host",
		"a=candidate:2 1 tcp 1526726655 2001:db8::1 443 typ host tcptype passive\r\na=end-of-candidates", "a=fingerprint:sha-256 AB:CD",
	} {
		if !strings.Contains(text, line+"\r\n") {
			t.Errorf("the answer lacks %q:\n%s", line, text)
		}
	}
	if n := strings.Count(text, "a=extmap:"); n != 1 || !strings.Contains(text, "a=extmap:3 "+TransportWide+"\r\n") {
		t.Errorf("%d extensions are taken", n)
	}
	for _, not := range []string{"goog-remb", "G722", "red", "rtcp-fb:111", "ssrc:21"} {
		if strings.Contains(text, not) {
			t.Errorf("the answer has %q", not)
		}
	}
}

// Without transport-wide numbers, or where one half of them is missing, the
// receiver's own estimate is taken.
func TestAnswerWithoutTransportWide(t *testing.T) {
	for _, change := range []struct{ from, to string }{
		{"a=extmap:3 ", "a=extmap:0 "},
		{"a=extmap:3 ", "a=extmap:15 "},
		{"a=extmap:3 ", "a=extmap:3/sendonly "},
		{"a=extmap:3 http://www.ietf.org/id/draft-holmer", "a=extmap:3 http://www.ietf.org/id/draft-other"},
		{"a=rtcp-fb:96 transport-cc\n", ""},
	} {
		o, err := Parse(strings.Replace(offer, change.from, change.to, 1))
		if err != nil {
			t.Fatal(err)
		}
		if id := o.Sections[0].Wide(); id != 0 {
			t.Errorf("with %q for %q numbers go under id %d", change.to, change.from, id)
		}
		a := answer
		a.Seats = []Seat{{10, 11, "s", "t0"}, {20, 21, "s", "t1"}}
		if text := a.Write(o); strings.Contains(text, "extmap:") || strings.Contains(text, "transport-cc") || !strings.Contains(text, "a=rtcp-fb:96 goog-remb\r\n") {
			t.Errorf("with %q for %q the answer is\n%s", change.to, change.from, text)
		}
	}
}

// Descriptors go where they were offered for what is received, with AV1 and with leave
// to mix forms of header extensions, as those of key frames are long.
func TestAnswerWithDescriptors(t *testing.T) {
	const here = "a=mid:0\n"
	named := here + "a=extmap:7 " + rtpx.DependencyURI + "\n"
	for name, tc := range map[string]struct {
		change []string
		want   uint8
	}{
		"offered":                {[]string{here, named}, 7},
		"not offered":            {nil, 0},
		"leave for the section":  {[]string{"a=extmap-allow-mixed\n", "", here, named + "a=extmap-allow-mixed\n"}, 7},
		"no leave":               {[]string{"a=extmap-allow-mixed\n", "", here, named}, 0},
		"leave for another":      {[]string{"a=extmap-allow-mixed\n", "", here, named, "a=mid:1\n", "a=mid:1\na=extmap-allow-mixed\n"}, 0},
		"for what it sends only": {[]string{here, strings.Replace(named, "extmap:7", "extmap:7/sendonly", 1)}, 0},
		"without AV1":            {[]string{here, named, "AV1/90000", "AVX/90000"}, 0},
	} {
		o, err := Parse(strings.NewReplacer(tc.change...).Replace(offer))
		if err != nil {
			t.Fatal(err)
		}
		if id := o.Sections[0].Described(); id != tc.want {
			t.Errorf("%s: descriptors go under id %d, want %d", name, id, tc.want)
		}
		a := answer
		a.Seats = []Seat{{10, 11, "s", "t0"}, {20, 21, "s", "t1"}}
		if got := strings.Count(a.Write(o), "a=extmap:7 "+rtpx.DependencyURI+"\r\n"); got != int(tc.want/7) {
			t.Errorf("%s: they are %d times in the answer", name, got)
		}
	}
}

// reporting is the offer with feedback of RFC 8888, for any payload type and for each.
func reporting() map[string]string {
	each := offer
	for _, section := range []struct{ before, types string }{{"a=rtpmap:96 ", "96 97 98 99 100 101 35 36 39 40 102 103 45"}, {"a=rtpmap:111 ", "111 63 9"}} {
		lines := ""
		for _, pt := range strings.Fields(section.types) {
			lines += "a=rtcp-fb:" + pt + " ack ccfb\n"
		}
		each = strings.Replace(each, section.before, lines+section.before, 1)
	}
	return map[string]string{"any": strings.ReplaceAll(offer, "a=rtcp-mux\n", "a=rtcp-mux\na=rtcp-fb:* ack ccfb\n"), "each": each}
}

// Reports by streams are preferred to transport-wide numbers, and agreed to in the words
// of the offer. Of a publisher nobody else's way of telling is taken.
func TestAnswerWithReports(t *testing.T) {
	for how, text := range reporting() {
		o, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		a := answer
		a.Seats = []Seat{{10, 11, "s", "t0"}, {20, 21, "s", "t1"}}
		got, want := a.Write(o), map[string]int{"a=rtcp-fb:* ack ccfb\r\n": 2}
		if how == "each" {
			want = map[string]int{}
			for _, pt := range []string{"96", "97", "100", "101", "39", "40", "102", "103", "111"} {
				want["a=rtcp-fb:"+pt+" ack ccfb\r\n"] = 1
			}
		}
		n := 0
		for line, times := range want {
			if strings.Count(got, line) != times {
				t.Errorf("%s: %q is not %d times in\n%s", how, line, times, got)
			}
			n += times
		}
		if strings.Count(got, "ccfb") != n || strings.Contains(got, "transport-cc") || strings.Contains(got, "extmap:") || strings.Contains(got, "goog-remb") || !strings.Contains(got, "a=rtcp-fb:96 nack pli\r\n") {
			t.Errorf("%s: the answer is\n%s", how, got)
		}
		if s := &o.Sections[0]; !s.Reports() || s.Wide() != 0 {
			t.Errorf("%s: reports %v, numbers under %d", how, s.Reports(), s.Wide())
		}
		publish, err := Parse(strings.ReplaceAll(text, "a=recvonly", "a=sendonly"))
		if err != nil {
			t.Fatal(err)
		}
		if got = a.Receive(publish); strings.Contains(got, "ccfb") || !strings.Contains(got, "a=rtcp-fb:96 transport-cc\r\n") || publish.Reader().ids[wide] != 3 {
			t.Errorf("%s: a publisher is answered\n%s", how, got)
		}
	}
}

// What is not offered for all streams is not agreed to for any.
func TestAnswerWithoutReports(t *testing.T) {
	offers := reporting()
	for _, change := range []struct{ how, from, to string }{
		{"any", "a=rtcp-fb:* ack ccfb\na=rtpmap:111", "a=rtpmap:111"},
		{"any", "a=rtcp-fb:* ack ccfb\na=rtcp-rsize", "a=rtcp-rsize"},
		{"any", "rtcp-fb:* ack ccfb", "rtcp-fb:96 ack ccfb"},
		{"any", "rtcp-fb:* ack ccfb", "rtcp-fb:* ack"},
		{"any", "rtcp-fb:* ack ccfb", "rtcp-fb:* nack ccfb"},
		{"any", "rtcp-fb:* ack ccfb", "rtcp-fb:* ack ccfb more"},
		{"each", "a=rtcp-fb:97 ack ccfb\n", ""},
		{"each", "a=rtcp-fb:63 ack ccfb\n", ""},
		{"each", "a=rtcp-fb:111 ack ccfb\n", ""},
	} {
		text := strings.Replace(offers[change.how], change.from, change.to, 1)
		if text == offers[change.how] {
			t.Fatalf("%q is not in the offer", change.from)
		}
		o, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		a := answer
		a.Seats = []Seat{{10, 11, "s", "t0"}, {20, 21, "s", "t1"}}
		if got := a.Write(o); strings.Contains(got, "ccfb") || !strings.Contains(got, "a=rtcp-fb:96 transport-cc\r\n") || o.Sections[0].Wide() != 3 {
			t.Errorf("with %q for %q the answer is\n%s", change.to, change.from, got)
		}
	}
}

// What is changed in a good offer makes it a bad one.
func TestRefused(t *testing.T) {
	for _, change := range []struct{ from, to string }{
		{"v=0", "v=1"},
		{"a=group:BUNDLE 0 1", "a=group:BUNDLE 0"},
		{"a=ice-ufrag:4ZcD\n", ""},
		{"a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig\n", ""},
		{"a=fingerprint:sha-256 BF", "a=x BF"},
		{"a=fingerprint:sha-256 BF", "a=fingerprint:sha-256 XX"},
		{"a=setup:actpass", "a=setup:passive"},
		{"a=mid:1", "a=mid:0"},
		{"a=mid:1", "a=mid:1 2"},
		{"a=rtcp-mux\na=rtpmap:111", "a=rtpmap:111"},
		{"a=recvonly", "a=sendonly"},
		{"a=recvonly", "a=inactive"},
		{"m=audio", "m=application"},
		{"UDP/TLS/RTP/SAVPF 111", "RTP/AVP 111"},
		{"SAVPF 111", "SAVPF 128"},
		{"SAVPF 111 63 9", "SAVPF"},
		{"s=-", "nonsense"},
		{"profile-id=0", "profile-id=0\ra=candidate:x"},
	} {
		text := strings.ReplaceAll(offer, change.from, change.to)
		if text == offer {
			t.Fatalf("%q is not in the offer", change.from)
		}
		o, err := Parse(text)
		if err == nil {
			err = o.Receives()
		}
		if err == nil {
			t.Errorf("with %q for %q it is taken", change.to, change.from)
		}
	}
	if _, err := Parse(offer + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\n", MaxSections)); err == nil {
		t.Error("more sections than allowed are taken")
	}
}

// FuzzParse: what is answered is a session description for another reader, with
// a section for each one that was offered.
func FuzzParse(f *testing.F) {
	f.Add(offer)
	f.Add(sources)
	f.Add(reporting()["any"])
	f.Add(reporting()["each"])
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := Parse(text)
		if err != nil {
			return
		}
		a := answer
		a.Seats = make([]Seat, len(o.Sections))
		for i, s := range o.Sections {
			if s.Formats() == [rtpx.H264 + 1]Format{} {
				return // refused by who answers
			}
			a.Seats[i] = Seat{uint32(2*i + 2), uint32(2*i + 3), "s", "t"}
		}
		o.Reader()
		for _, answer := range []string{a.Write(o), a.Receive(o)} {
			var s sdp.SessionDescription
			if err := s.UnmarshalString(answer); err != nil || len(s.MediaDescriptions) != len(o.Sections) {
				t.Fatalf("%q is answered with\n%s\n%v", text, answer, err)
			}
		}
	})
}

func TestCandidates(t *testing.T) {
	c := Candidates{
		UDP:     []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:443")},
		Relayed: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:10443")},
	}
	want := []string{"a=candidate:1 1 udp 2130706431 10.0.0.1 443 typ host", "a=candidate:2 1 udp 16777215 10.0.0.1 10443 typ host", "a=end-of-candidates"}
	if got := c.lines(); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
