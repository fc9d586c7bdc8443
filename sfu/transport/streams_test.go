package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pionsrtp "github.com/pion/srtp/v3"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/srtp"
	"incamera/sfu/transport/udp"
)

// sourcesOffer is of a voice, a camera with two layers, and a screen whose streams
// are named.
const sourcesOffer = `v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlig
a=fingerprint:sha-256 BF:C9:5A:A0:0E:4D:9D:5F:1E:9B:51:6C:5D:1B:0F:9C:25:7D:38:0D:6C:BD:5C:6D:6F:07:75:DB:9F:D5:62:4B
a=setup:actpass
a=mid:0
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
m=video 9 UDP/TLS/RTP/SAVPF 96 97 100 101
a=mid:1
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 nack
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:100 VP9/90000
a=fmtp:100 profile-id=0
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=rid:q send
a=rid:h send
a=simulcast:send q;h
m=video 9 UDP/TLS/RTP/SAVPF 96 97
a=mid:2
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc-group:FID 600 601
a=ssrc:600 cname:x
a=ssrc:601 cname:x
`

// A sender is a client that has the keys, without a network.
type sender struct {
	t    *testing.T
	p    *Publisher
	seal *pionsrtp.Context
	read *pionsrtp.Context
	now  time.Time

	mu sync.Mutex
	// Guarded by mu.
	heard []rtcp.Packet

	layers []string  // that have arrived, and gone
	got    []string  // packets
	came   time.Time // when the latest came
	last   time.Time // and when it was delivered
	during func()    // called while a packet is delivered
	lost   func(reason string)
}

// A sink keeps what one layer brings, in words.
type sink struct {
	s    *sender
	name string
}

func (k *sink) Receive(b []byte, described uint8, came, now time.Time) {
	k.s.came, k.s.last = came, now
	h, _ := rtpx.ParseHeader(b)
	told := ""
	if descriptor := rtpx.Extension(b, described); described != 0 && descriptor != nil {
		told = fmt.Sprintf(" told %x", descriptor)
	}
	k.s.got = append(k.s.got, fmt.Sprintf("%s %d pt %d ssrc %d %s%s", k.name, h.Seq, h.PayloadType, h.SSRC, h.Payload, told))
	if k.s.during != nil {
		k.s.during()
	}
}

func (k *sink) Report(r Report, _ time.Time) {
	k.s.got = append(k.s.got, fmt.Sprintf("%s report %d", k.name, r.RTP))
}
func (k *sink) Gone() { k.s.layers = append(k.s.layers, "-"+k.name) }

func newSender(t *testing.T) *sender {
	t.Helper()
	return newSenderTo(t, openTransport(t, 15*time.Second))
}

func newSenderTo(t *testing.T, tr *Transport) *sender {
	t.Helper()
	s := &sender{t: t, now: time.Unix(1_700_000_000, 0), lost: func(reason string) { t.Error(reason) }}
	s.p = tr.Publisher(PublisherEvents{
		Lost: func(reason string) { s.lost(reason) },
		Arrived: func(l *Layer) Sink {
			name := fmt.Sprint(l.Mid, l.RID, " ", l.Codec)
			s.layers = append(s.layers, "+"+name)
			return &sink{s, name}
		},
	})
	t.Cleanup(func() { _ = s.p.Close() })
	master, salt := bytes.Repeat([]byte{3}, 16), bytes.Repeat([]byte{4}, 12)
	context := func() *pionsrtp.Context {
		c, err := pionsrtp.CreateContext(master, salt, pionsrtp.ProtectionProfileAeadAes128Gcm, pionsrtp.SRTCPReplayProtection(64))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s.seal, s.read = context(), context()
	m := srtp.Master{Key: master, Salt: salt}
	k := &keys{
		rtp: must(srtp.New(srtp.AEADAES128GCM, m)), in: must(srtp.NewControl(srtp.AEADAES128GCM, m)),
		out: must(srtp.NewControl(srtp.AEADAES128GCM, m)),
	}
	s.p.conn.keys.Store(k)
	s.p.conn.dest.Store(udp.Through(s.hear))
	s.offer(sourcesOffer)
	return s
}

// hear takes what the publisher is told.
func (s *sender) hear(b []byte) {
	plain, err := s.read.DecryptRTCP(nil, b, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, packets...)
}

func (s *sender) offer(text string) {
	s.t.Helper()
	o, err := session.Parse(text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.p.line.reader = o.Reader()
	s.p.rebind(s.p.line.reader)
}

// packet returns a sealed packet. ext are its header extensions.
func (s *sender) packet(ssrc uint32, seq uint16, payloadType uint8, payload string, ext map[uint8]string) []byte {
	s.t.Helper()
	h := rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: seq, SSRC: ssrc, Timestamp: 3000 * uint32(seq)}
	if len(ext) > 0 {
		h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileOneByte
	}
	for id, v := range ext {
		if err := h.SetExtension(id, []byte(v)); err != nil {
			s.t.Fatal(err)
		}
	}
	plain, err := h.Marshal()
	if err != nil {
		s.t.Fatal(err)
	}
	sealed, err := s.seal.EncryptRTP(nil, append(plain, payload...), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return sealed
}

func (s *sender) send(ssrc uint32, seq uint16, payloadType uint8, payload string, ext map[uint8]string) {
	s.t.Helper()
	s.give(s.packet(ssrc, seq, payloadType, payload, ext))
}

func (s *sender) give(b []byte) { s.p.receive(b, netip.AddrPort{}, s.now) }

// expect fails unless these packets have been delivered since the last call.
func (s *sender) expect(want ...string) {
	s.t.Helper()
	if !slices.Equal(s.got, want) {
		s.t.Errorf("delivered\n\t%s\nwant\n\t%s", strings.Join(s.got, "\n\t"), strings.Join(want, "\n\t"))
	}
	s.got = nil
}

// q and h label packets of the camera's layers.
var q, h = map[uint8]string{4: "1", 10: "q"}, map[uint8]string{4: "1", 10: "h"}

func TestStreamsAreToldApart(t *testing.T) {
	s := newSender(t)
	s.send(50, 9, 111, "voice", map[uint8]string{4: "0"})
	s.send(70, 1, 96, "\x10h1", h)
	s.send(60, 7, 96, "\x10q7", q)
	s.send(60, 8, 96, "\x10q8", nil) // clients stop to say so
	s.send(600, 3, 96, "\x10screen", nil)
	s.expect("0 opus 9 pt 111 ssrc 50 voice", "1h vp8 1 pt 96 ssrc 70 \x10h1", "1q vp8 7 pt 96 ssrc 60 \x10q7", "1q vp8 8 pt 96 ssrc 60 \x10q8", "2 vp8 3 pt 96 ssrc 600 \x10screen")
	// Retransmissions, by label and by name, are what they were the first time.
	s.send(61, 1, 97, "\x00\x06\x10q6", map[uint8]string{4: "1", 11: "q"})
	s.send(601, 1, 97, "\x00\x02\x10screen", nil)
	s.send(61, 2, 97, "", nil) // a probe
	s.send(61, 3, 97, "\x00", nil)
	s.expect("1q vp8 6 pt 96 ssrc 60 \x10q6", "2 vp8 2 pt 96 ssrc 600 \x10screen")
	// Another codec under way is another layer; so is another stream in its place.
	s.send(60, 9, 100, "\x08vp9", nil)
	s.send(61, 4, 97, "\x00\x08\x10q8", nil) // of the codec that it was
	s.send(62, 1, 100, "\x08new", q)
	s.send(60, 10, 100, "\x08old", nil)
	s.send(61, 5, 101, "\x00\x09\x08new", map[uint8]string{4: "1", 11: "q"})
	s.expect("1q vp9 9 pt 100 ssrc 60 \x08vp9", "1q vp9 1 pt 100 ssrc 62 \x08new", "1q vp9 9 pt 100 ssrc 62 \x08new")
	want := []string{"+0 opus", "+1h vp8", "+1q vp8", "+2 vp8", "-1q vp8", "+1q vp9", "-1q vp9", "+1q vp9"}
	if !slices.Equal(s.layers, want) {
		t.Errorf("layers came and went as %q, want %q", s.layers, want)
	}
	s.offer(strings.NewReplacer("a=mid:0", "a=mid:9", "BUNDLE 0", "BUNDLE 9").Replace(sourcesOffer))
	if err := s.p.Close(); err != nil {
		t.Fatal(err)
	}
	s.layers = s.layers[len(want):]
	slices.Sort(s.layers)
	if !slices.Equal(s.layers, []string{"-0 opus", "-1h vp8", "-1q vp9", "-2 vp8"}) {
		t.Errorf("in the end %q", s.layers)
	}
}

// A descriptor comes with its packet, the first time and again, of AV1 and nothing
// else, from when it was agreed on.
func TestDescriptorsAreDelivered(t *testing.T) {
	s := newSender(t)
	screen := func(codecs, extension string) string {
		return strings.Replace(sourcesOffer, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\na=mid:2\n",
			"m=video 9 UDP/TLS/RTP/SAVPF "+codecs+"\na=mid:2\n"+extension+"a=rtpmap:45 AV1/90000\na=rtpmap:46 rtx/90000\na=fmtp:46 apt=45\n", 1)
	}
	const named = "a=extmap:12 " + rtpx.DependencyURI + "\n"
	told := map[uint8]string{12: "\x80\x00\x07"}
	s.offer(screen("45 46 96 97", ""))
	s.send(600, 1, 45, "\x10one", told)
	s.offer(screen("45 46", named))
	s.send(600, 2, 45, "\x10two", told)
	s.send(600, 3, 45, "\x10three", nil)
	s.send(601, 1, 46, "\x00\x00\x10zero", map[uint8]string{12: "\x40\x00\x06"})
	s.send(60, 1, 96, "\x10camera", map[uint8]string{4: "1", 10: "q", 12: "\x80\x00\x07"})
	s.expect("2 av1 1 pt 45 ssrc 600 \x10one", "2 av1 2 pt 45 ssrc 600 \x10two told 800007", "2 av1 3 pt 45 ssrc 600 \x10three",
		"2 av1 0 pt 45 ssrc 600 \x10zero told 400006", "1q vp8 1 pt 96 ssrc 60 \x10camera")
	if want := []string{"+2 av1", "+1q vp8"}; !slices.Equal(s.layers, want) {
		t.Errorf("layers came and went as %q, want %q", s.layers, want)
	}
}

// What is of no source is not delivered, and nothing is kept of it.
func TestStreamsOfNoSource(t *testing.T) {
	s := newSender(t)
	s.send(80, 1, 96, "\x10", nil)                                       // nobody has named it
	s.send(81, 1, 96, "\x10", map[uint8]string{4: "7", 10: "q"})         // no such section
	s.send(82, 1, 96, "\x10", map[uint8]string{4: "1", 10: "x"})         // no such layer
	s.send(83, 1, 96, "\x10", map[uint8]string{4: "1"})                  // no layer
	s.send(84, 1, 98, "\x10", q)                                         // no such codec
	s.send(85, 1, 111, "\x10", q)                                        // that of another section
	s.send(86, 1, 97, "\x00\x01\x10", map[uint8]string{4: "1", 11: "q"}) // retransmissions of nothing
	s.send(601, 1, 97, "\x00\x01\x10", nil)                              // as above
	s.expect()
	if len(s.p.streams) > 0 || len(s.layers) > 0 {
		t.Errorf("%d streams are kept, layers %q", len(s.p.streams), s.layers)
	}
	if n := s.p.conn.t.Garbage(); n > 0 {
		t.Errorf("%d packets of the client are taken for garbage", n)
	}
	// As many as there is room for, the latest of which are kept.
	for i := range uint32(3 * maxStreams) {
		s.now = s.now.Add(time.Millisecond)
		s.send(60, uint16(i), 96, "\x11", q)
		s.send(1000+i, 1, 97, "", map[uint8]string{4: "1", 11: "q"})
	}
	if n := len(s.p.streams); n != maxStreams || len(s.layers) != 1 {
		t.Errorf("%d streams are kept, layers %q", n, s.layers)
	}
}

func TestForgedPacketsAreDropped(t *testing.T) {
	s := newSender(t)
	good := s.packet(60, 7, 96, "\x10q7", q)
	for at := range good {
		forged := bytes.Clone(good)
		forged[at] ^= 0x20
		s.give(forged)
		s.give(bytes.Clone(good[:at]))
	}
	s.expect()
	if n := s.p.conn.t.Garbage(); n != uint64(2*len(good)) || len(s.p.streams) > 0 || s.p.conn.proved.Load() {
		t.Errorf("%d of %d are garbage, %d streams are kept", n, 2*len(good), len(s.p.streams))
	}
	s.give(bytes.Clone(good))
	s.expect("1q vp8 7 pt 96 ssrc 60 \x10q7")
	s.give(good)
	s.expect() // once
	if !s.p.conn.proved.Load() {
		t.Error("the client has not proved that it has the keys")
	}
}

// What was opened once is not opened again, whatever has become of its stream:
// who repeats it neither ends a layer nor keeps a connection alive.
func TestReplayedPacketsAreDropped(t *testing.T) {
	s := newSender(t)
	early, nothing := s.packet(60, 7, 96, "\x10q7", q), s.packet(80, 1, 96, "\x10", nil)
	s.give(bytes.Clone(early))
	s.give(bytes.Clone(nothing)) // of no source
	s.send(62, 1, 96, "\x10new", q)
	s.got = nil
	garbage, layers := s.p.conn.t.Garbage(), len(s.layers)
	s.give(early)
	s.give(nothing)
	if n := s.p.conn.t.Garbage() - garbage; n != 2 || len(s.layers) != layers {
		t.Errorf("%d of 2 repeated packets are garbage; layers %q", n, s.layers)
	}
	s.send(62, 2, 96, "\x10new", nil)
	s.expect("1q vp8 2 pt 96 ssrc 62 \x10new")
	// There is an end to what is remembered, and nothing of others is taken then.
	for i := range uint32(2 * maxSSRCs) {
		s.send(1000+i, 1, 96, "\x10", nil)
	}
	if n := len(s.p.opens); n != maxSSRCs {
		t.Errorf("%d SSRCs are remembered", n)
	}
}

// A packet that is late is of the codec that its stream had: it ends nothing.
func TestCodecOfLatePackets(t *testing.T) {
	s := newSender(t)
	s.send(60, 7, 96, "\x10q7", q)
	s.send(60, 10, 100, "\x08vp9", nil)
	s.send(60, 9, 96, "\x11late", nil)
	s.send(60, 11, 100, "\x08vp9", nil)
	s.expect("1q vp8 7 pt 96 ssrc 60 \x10q7", "1q vp9 10 pt 100 ssrc 60 \x08vp9", "1q vp9 11 pt 100 ssrc 60 \x08vp9")
	if want := []string{"+1q vp8", "-1q vp8", "+1q vp9"}; !slices.Equal(s.layers, want) {
		t.Errorf("layers came and went as %q, want %q", s.layers, want)
	}
}

// Who has its layers come and go all the time makes little work of it for others.
func TestLayersArriveSeldom(t *testing.T) {
	s := newSender(t)
	for i := range uint16(1000) {
		s.send(60, 2*i, 96, "\x10", q)
		s.send(60, 2*i+1, 100, "\x08", q)
		s.send(1000+uint32(i), 1, 96, "\x10", h)
	}
	if n := len(s.layers); n > 2*arriveAtOnce {
		t.Errorf("layers came and went %d times", n)
	}
	s.now = s.now.Add(time.Second)
	before := len(s.layers)
	for i := range uint16(1000) {
		s.send(60, 2000+2*i, 96, "\x10", q)
		s.send(60, 2001+2*i, 100, "\x08", q)
	}
	if n := len(s.layers) - before; n != 2*arriveEach {
		t.Errorf("they came and went %d times in a second", n)
	}
}

// The sender hears what is missing, when its packets came, and what was lost.
func TestSenderIsTold(t *testing.T) {
	s := newSender(t)
	wide := uint16(65_530)
	for seq := range uint16(20) {
		s.now = s.now.Add(5 * time.Millisecond)
		if wide++; seq == 7 || seq == 8 {
			continue // lost
		}
		ext := map[uint8]string{3: string(binary.BigEndian.AppendUint16(nil, wide)), 4: "1", 10: "q"}
		s.send(60, seq, 96, "\x11", ext)
		s.p.talk(s.now)
	}
	s.send(60, 7, 96, "\x11again", nil) // where there is no stream for it, as it was
	s.send(60, 7, 96, "\x11again", nil)
	if n := len(s.got); n == 0 || s.got[n-1] != "1q vp8 7 pt 96 ssrc 60 \x11again" || s.got[n-2] == s.got[n-1] {
		t.Errorf("what was asked for came as %q", s.got)
	}
	sealed, err := s.seal.EncryptRTCP(nil, must(rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 60, NTPTime: 1 << 32, RTPTime: 77}})), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.got = nil
	s.give(bytes.Clone(sealed))
	s.give(sealed) // a repeated one is garbage
	s.expect("1q vp8 report 77")
	s.now = s.now.Add(2 * time.Second)
	s.send(60, 20, 96, "\x11", nil)
	s.p.talk(s.now)
	if err := (&Layer{SSRC: 60, conn: s.p.conn}).RequestKeyFrame(); err != nil {
		t.Fatal(err)
	}
	var nacks []uint16
	var last *rtcp.ReceiverReport
	arrived, requests := map[uint16]bool{}, 0
	for _, p := range s.heard {
		switch p := p.(type) {
		case *rtcp.TransportLayerNack:
			for _, pair := range p.Nacks {
				nacks = append(nacks, pair.PacketList()...)
			}
		case *rtcp.ReceiverReport:
			last = p
		case *rtcp.PictureLossIndication:
			requests++
		case *rtcp.TransportLayerCC:
			seq := p.BaseSequenceNumber
			for _, chunk := range p.PacketChunks {
				switch chunk := chunk.(type) {
				case *rtcp.RunLengthChunk:
					for range chunk.RunLength {
						arrived[seq] = chunk.PacketStatusSymbol != rtcp.TypeTCCPacketNotReceived
						seq++
					}
				case *rtcp.StatusVectorChunk:
					for _, symbol := range chunk.SymbolList {
						if int(seq-p.BaseSequenceNumber) < int(p.PacketStatusCount) {
							arrived[seq] = symbol != rtcp.TypeTCCPacketNotReceived
						}
						seq++
					}
				}
			}
		}
	}
	if len(nacks) < 2 || nacks[0] != 7 || nacks[1] != 8 || requests != 1 {
		t.Errorf("asked again for %v, and %d times for a key frame", nacks, requests)
	}
	if last == nil || len(last.Reports) != 1 || last.Reports[0].SSRC != 60 || last.Reports[0].TotalLost != 1 || last.Reports[0].LastSenderReport != 1<<16 {
		t.Errorf("the latest report is %+v", last)
	}
	for seq := range uint16(20) {
		if got, ok := arrived[65_531+seq]; !ok || got != (seq != 7 && seq != 8) {
			t.Errorf("packet %d is said to have arrived: %v (%v)", seq, got, ok)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Whoever has taken the line takes all of it, however many put packets into it
// and whenever it is closed.
func TestLineIsTakenByOne(t *testing.T) {
	s := newSender(t)
	var packets [][]byte
	for seq := range uint16(300) {
		packets = append(packets, s.packet(60, seq, 96, "\x11", q))
	}
	var all sync.WaitGroup
	for part := range slices.Chunk(packets, 100) {
		all.Go(func() {
			for _, b := range part {
				if s.p.put(b, netip.AddrPort{}, s.now) {
					s.p.work()
				}
			}
		})
	}
	all.Wait()
	if len(s.got) != len(packets) {
		t.Errorf("%d of %d packets were delivered", len(s.got), len(packets))
	}
	s.got = nil
	s.during = func() {
		if s.during = nil; s.p.put(s.packet(60, 301, 96, "\x11", q), netip.AddrPort{}, s.now) {
			t.Error("the line is taken twice")
		}
	}
	if s.p.put(s.packet(60, 300, 96, "\x11", q), netip.AddrPort{}, s.now) {
		s.p.work()
	}
	if len(s.got) != 2 {
		t.Errorf("%d packets were delivered, want the one that came meanwhile, too", len(s.got))
	}
	// Who has others to serve takes what is there, and no more.
	s.p.line.brief, s.got = true, nil
	delivered := make(chan int, 1)
	s.during = func() {
		if len(s.got) == 1 { // on the caller's goroutine
			s.p.put(s.packet(60, 501, 96, "\x11", q), netip.AddrPort{}, s.now)
			delivered <- len(s.got)
		}
	}
	if !s.p.put(s.packet(60, 500, 96, "\x11", q), netip.AddrPort{}, s.now) {
		t.Error("the line is nobody's, and cannot be taken")
	}
	if more := s.p.round(); !more || <-delivered != 1 || len(s.got) != 1 {
		t.Errorf("%d packets were delivered in a round, more: %v", len(s.got), more)
	}
	s.p.work()
	s.during = nil
	all.Go(func() {
		for _, b := range packets {
			if s.p.put(b, netip.AddrPort{}, s.now) {
				s.p.work()
			}
		}
	})
	if err := s.p.Close(); err != nil {
		t.Fatal(err)
	}
	before := len(s.got)
	all.Wait()
	if s.p.put(packets[0], netip.AddrPort{}, s.now) || len(s.got) != before {
		t.Error("something is delivered after the end")
	}
	if s.p.Close() == nil {
		t.Error("it can be closed twice")
	}
}

// However often a client begins anew, and whoever has forged a check from its
// address: the port knows it by its latest names, and its next check brings it back.
func TestConnectionsAreFound(t *testing.T) {
	s, other := newSender(t), newSender(t)
	d := s.p.conn.t.demux
	for i := range 20 {
		if _, err := s.p.conn.offered(&session.Offer{Ufrag: fmt.Sprint(i), Password: "p"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.ufrags); n != restartKeeps {
		t.Errorf("%d names are kept, want %d", n, restartKeeps)
	}
	at := netip.MustParseAddrPort("192.0.2.1:1000")
	check := func() {
		s.p.conn.mu.Lock()
		defer s.p.conn.mu.Unlock()
		s.p.conn.path(at, s.now)
	}
	check()
	d.addAddr(at, other.p.conn)
	check()
	if d.addrs[at] != s.p.conn {
		t.Error("its packets are somebody else's for good")
	}
}

// There is an end to what waits, and what is dropped for that is counted.
func TestLineIsBounded(t *testing.T) {
	s := newSender(t)
	b := s.packet(60, 1, 96, "\x11", q)
	for i := range 2 * maxLine {
		if took := s.p.put(b, netip.AddrPort{}, s.now); took != (i == 0) {
			t.Fatalf("packet %d: the line is to be taken: %v", i, took)
		}
	}
	if n, dropped := len(s.p.line.packets), s.p.conn.t.Overrun(); n != maxLine || dropped != maxLine {
		t.Errorf("%d packets wait, %d were dropped, want %d each", n, dropped, maxLine)
	}
	s.p.work()
	if len(s.got) != 1 {
		t.Errorf("%d packets were delivered of one that came often", len(s.got))
	}
}
