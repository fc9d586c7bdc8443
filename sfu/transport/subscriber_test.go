package transport

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/rtpx"
)

const patience = 20 * time.Second // on a busy machine

func openTransport(t testing.TB, lostAfter time.Duration) *Transport {
	t.Helper()
	return openWith(t, Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), LostAfter: lostAfter})
}

func openWith(t testing.TB, cfg Config) *Transport {
	t.Helper()
	tr, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// recorder is a client's socket that remembers the RTCP that it has sent, and
// the DTLS and the RTP that have come.
type recorder struct {
	net.PacketConn
	mu              sync.Mutex
	rtcp, dtls, rtp [][]byte
	deaf            atomic.Bool // to the last flight of a handshake
}

func (r *recorder) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := r.PacketConn.ReadFrom(b)
	for r.deaf.Load() && n > 4 && (b[0] == 20 || b[0] == 22 && b[4] == 1) { // ChangeCipherSpec, or what is sealed
		n, from, err = r.PacketConn.ReadFrom(b)
	}
	if n > 0 && b[0] >= 20 && b[0] <= 63 {
		r.mu.Lock()
		r.dtls = append(r.dtls, bytes.Clone(b[:n]))
		r.mu.Unlock()
	}
	if n > 1 && b[0] >= 128 && (b[1] < 192 || b[1] > 223) {
		r.mu.Lock()
		r.rtp = append(r.rtp, bytes.Clone(b[:n]))
		r.mu.Unlock()
	}
	return n, from, err
}

// records returns epochs and numbers of the sealed records that have come (RFC
// 6347 §4.1: type, version, epoch in two bytes, number in six, length in two).
func (r *recorder) records() (numbers [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, packet := range r.dtls {
		for len(packet) >= 13 {
			if number := packet[3:11]; number[1] > 0 {
				numbers = append(numbers, number)
			}
			packet = packet[min(len(packet), 13+int(packet[11])<<8+int(packet[12])):]
		}
	}
	return numbers
}

// media returns the RTP that has come since the last call.
func (r *recorder) media() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.rtp
	r.rtp = nil
	return got
}

func (r *recorder) WriteTo(b []byte, to net.Addr) (int, error) {
	if len(b) > 1 && b[0] >= 128 && b[1] >= 192 && b[1] <= 223 {
		r.mu.Lock()
		r.rtcp = append(r.rtcp, bytes.Clone(b))
		r.mu.Unlock()
	}
	return r.PacketConn.WriteTo(b, to)
}

// A viewer is a client of one picture.
type viewer struct {
	t      testing.TB
	tr     *Transport
	sub    *Subscriber
	seat   *Seat
	pc     *webrtc.PeerConnection
	socket *recorder
	answer string
	got    chan *rtp.Packet
	asked  chan Feedback
	lost   chan string
	moved  atomic.Int32
	fill   atomic.Value // func(*Batch, int, time.Time)
}

// watchWith connects a viewer; change, if not nil, changes its offer on the way.
func watchWith(t testing.TB, tr *Transport, change func(string) string, profiles ...dtls.SRTPProtectionProfile) *viewer {
	t.Helper()
	return watchAs(t, tr, change, func(*webrtc.MediaEngine, *interceptor.Registry) error { return nil }, profiles...)
}

// watchAs has setup prepare the viewer's side.
func watchAs(t testing.TB, tr *Transport, change func(string) string, setup func(*webrtc.MediaEngine, *interceptor.Registry) error, profiles ...dtls.SRTPProtectionProfile) *viewer {
	t.Helper()
	v := newViewer(t, tr, setup, profiles...)
	v.offer(nil, change)
	return v
}

// newViewer returns one that is not connected yet.
func newViewer(t testing.TB, tr *Transport, setup func(*webrtc.MediaEngine, *interceptor.Registry) error, profiles ...dtls.SRTPProtectionProfile) *viewer {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{t: t, tr: tr, socket: &recorder{PacketConn: socket}, got: make(chan *rtp.Packet, 1000), asked: make(chan Feedback, 1000), lost: make(chan string, 2)}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: v.socket})
	t.Cleanup(func() { _ = mux.Close() })
	me := &webrtc.MediaEngine{}
	if err = me.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	registry := &interceptor.Registry{}
	if err = setup(me, registry); err != nil {
		t.Fatal(err)
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetICEUDPMux(mux)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	if profiles != nil {
		se.SetSRTPProtectionProfiles(profiles...)
	}
	if v.pc, err = webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(registry)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.pc.Close() })
	if _, err = v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	v.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, readErr := track.ReadRTP()
			if readErr != nil {
				return
			}
			v.got <- p
		}
	})
	if v.sub, err = tr.Subscriber(SubscriberEvents{
		Lost:  func(reason string) { v.lost <- reason },
		Moved: func() { v.moved.Add(1) },
		Fill:  func(b *Batch, bytes int, now time.Time) { v.fill.Load().(func(*Batch, int, time.Time))(b, bytes, now) },
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.sub.Close() })
	return v
}

func (v *viewer) offer(options *webrtc.OfferOptions, change func(string) string) {
	v.t.Helper()
	o, err := v.pc.CreateOffer(options)
	if err != nil {
		v.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(v.pc)
	if err = v.pc.SetLocalDescription(o); err != nil {
		v.t.Fatal(err)
	}
	<-gathered
	text := v.pc.LocalDescription().SDP
	if change != nil {
		text = change(text)
	}
	answer, fresh, err := v.sub.Answer(v.t.Context(), text, []SeatSpec{{Video: true, Stream: "s"}})
	if err != nil {
		v.t.Fatal(err)
	}
	if len(fresh) == 1 {
		v.seat = fresh[0]
		v.seat.Listen(func(f Feedback) { v.asked <- f })
	}
	v.answer = answer
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		v.t.Fatal(err)
	}
}

// until waits for what must come to hold.
func until(t testing.TB, what string, check func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

// ready waits until packets can be sent.
func (v *viewer) ready() Stream {
	v.t.Helper()
	var s Stream
	until(v.t, "the viewer is connected", func() (ok bool) {
		s, ok = v.seat.Stream(rtpx.VP8)
		return ok
	})
	return s
}

// send sends packets of these sizes in one batch, and expects them all.
func (v *viewer) send(seq uint16, sizes ...int) {
	v.t.Helper()
	s := v.ready()
	b := v.tr.Batch()
	for i, size := range sizes {
		p := Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: seq + uint16(i), Timestamp: 7, Marker: i == len(sizes)-1, Payload: bytes.Repeat([]byte{0x10 | byte(i)}, size)}
		if err := v.seat.Write(b, p, time.Now()); err != nil {
			v.t.Fatal(err)
		}
	}
	b.Send()
	for i, size := range sizes {
		select {
		case p := <-v.got:
			if p.SequenceNumber != seq+uint16(i) || p.Timestamp != 7 || p.Marker != (i == len(sizes)-1) || !bytes.Equal(p.Payload, bytes.Repeat([]byte{0x10 | byte(i)}, size)) {
				v.t.Fatalf("packet %d of %v arrived as %+v", i, sizes, p)
			}
		case <-time.After(patience):
			v.t.Fatalf("packet %d of %v has not arrived", i, sizes)
		}
	}
}

func TestBurstsArriveWithEitherProfile(t *testing.T) {
	for _, profile := range []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80} {
		v := watchWith(t, openTransport(t, 15*time.Second), nil, profile)
		for i, seq := 0, uint16(65500); i < 20; i++ { // over a turn of the numbers
			v.send(seq, 1100, 1100, 1100, 1099, 500, 1100)
			seq += 6
		}
	}
}

// A port on all addresses is offered at each of them, or, where it is known by
// others, at those only: the ones of a container mean nothing outside.
func TestAllAddressesAreOffered(t *testing.T) {
	local, public := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.7")
	for _, listen := range []string{"0.0.0.0:0", "[::]:0"} {
		addr := netip.MustParseAddrPort(listen)
		told := watchWith(t, openWith(t, Config{Listen: addr, Advertise: []netip.Addr{public, local, public}, LostAfter: 15 * time.Second}), nil)
		told.send(1, 1000, 1000)
		if n := strings.Count(told.answer, "a=candidate:"); n != 2 || !strings.Contains(told.answer, " 192.0.2.7 ") || !strings.Contains(told.answer, " 127.0.0.1 ") {
			t.Errorf("%s: instead of the two addresses that were given, %d are offered:\n%s", listen, n, told.answer)
		}
		v := watchWith(t, openWith(t, Config{Listen: addr, LostAfter: 15 * time.Second}), nil)
		v.send(1, 1000, 1000)
		if !strings.Contains(v.answer, " 127.0.0.1 ") || strings.Contains(v.answer, " 0.0.0.0 ") || strings.Contains(v.answer, " :: ") {
			t.Errorf("%s is offered as\n%s", listen, v.answer)
		}
	}
}

func TestNumbersAreUsedOnce(t *testing.T) {
	v := watchWith(t, openTransport(t, 15*time.Second), nil)
	v.send(100, 10, 10)
	s := v.ready()
	b := v.tr.Batch()
	defer b.Send()
	for want, p := range map[error]Packet{
		errRepeated: {SSRC: s.SSRC, Seq: 101, Payload: []byte("another")},
		errNotOurs:  {SSRC: s.SSRC + 2, Seq: 102, Payload: []byte("x")},
		errTooLarge: {SSRC: s.SSRC, Seq: 102, Payload: make([]byte, 1500)},
	} {
		if err := v.seat.Write(b, p, time.Now()); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// Who comes with another certificate than the offer's gets nothing.
func TestForeignCertificateGetsNoKeys(t *testing.T) {
	fingerprint := regexp.MustCompile(`(a=fingerprint:sha-256 )(..)`)
	v := watchWith(t, openTransport(t, 15*time.Second), func(offer string) string {
		return fingerprint.ReplaceAllStringFunc(offer, func(m string) string {
			if strings.HasSuffix(m, "00") {
				return m[:len(m)-2] + "01"
			}
			return m[:len(m)-2] + "00"
		})
	})
	select {
	case <-v.lost:
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
	if _, ok := v.seat.Stream(rtpx.VP8); ok {
		t.Error("there are keys")
	}
}

// check makes a connectivity check.
func check(username, password string, priority uint32, nominate bool) []byte {
	b := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	attr := func(kind uint16, v []byte) {
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
		b = append(b, v...)
		b = append(b, make([]byte, -len(v)&3)...)
	}
	attr(6, []byte(username))
	attr(0x24, binary.BigEndian.AppendUint32(nil, priority))
	if nominate {
		attr(0x25, nil)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+24-20))
	mac := hmac.New(sha1.New, []byte(password))
	mac.Write(b)
	attr(8, mac.Sum(nil))
	return b
}

func (v *viewer) credentials() (ufrag, password string) {
	find := func(name string) string {
		m := regexp.MustCompile(`a=` + name + `:(\S+)`).FindStringSubmatch(v.answer)
		if m == nil {
			v.t.Fatal("no " + name)
		}
		return m[1]
	}
	return find("ice-ufrag"), find("ice-pwd")
}

// stranger is a socket of somebody else.
func stranger(t testing.TB, tr *Transport) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(tr.local()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Garbage, forged checks and replays, from elsewhere and from the client's own
// address: pictures go on to the client, nobody gets an answer, and nothing is
// asked for twice.
func TestStrangersDisturbNothing(t *testing.T) {
	tr := openTransport(t, 15*time.Second)
	v := watchWith(t, tr, nil)
	v.send(1, 1000, 1000)
	ufrag, password := v.credentials()
	if err := v.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: v.ready().SSRC}}); err != nil {
		t.Fatal(err)
	}
	select {
	case f := <-v.asked:
		if !f.KeyFrame {
			t.Fatalf("asked for %+v", f)
		}
	case <-time.After(patience):
		t.Fatal("the client is not heard")
	}
	other, before, sent := stranger(t, tr), tr.Garbage(), uint64(0)
	for _, forged := range [][]byte{
		check(ufrag+":x", password+"x", 1<<31, true),
		check(ufrag+":x", "", 1<<31, true),
		check("nobody:x", password, 1<<31, true),
		{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		[]byte("\x16\xfe\xfd garbage"), []byte("\x80\xc9 garbage that looks like RTCP"), []byte("\x80\x60 garbage that looks like RTP"),
	} {
		if _, err := other.Write(forged); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	sent-- // pion does not count the check without a name
	v.socket.mu.Lock()
	replays := v.socket.rtcp
	v.socket.mu.Unlock()
	if len(replays) == 0 {
		t.Fatal("no RTCP to replay")
	}
	to := net.UDPAddrFromAddrPort(tr.local())
	for _, b := range append(replays, []byte("\x80\xc9 garbage that looks like RTCP"), []byte("\x80\x60 garbage that looks like RTP")) {
		if _, err := v.socket.PacketConn.WriteTo(b, to); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	for range 2 * inboxSize { // a flood of DTLS, which has no good sign in it
		if _, err := v.socket.PacketConn.WriteTo([]byte("\x16\xfe\xfd garbage"), to); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all of it is counted", func() bool { return tr.Garbage()-before >= sent })
	v.send(3, 1000, 1000)
	select {
	case f := <-v.asked:
		t.Errorf("a replay asked for %+v", f)
	default:
	}
	_ = other.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := other.Read(make([]byte, 1500)); err == nil {
		t.Errorf("a stranger got %d bytes", n)
	}
}

func TestRestartOfICE(t *testing.T) {
	v := watchWith(t, openTransport(t, 15*time.Second), nil)
	v.send(1, 500)
	before, _ := v.credentials()
	v.offer(&webrtc.OfferOptions{ICERestart: true}, nil)
	if after, _ := v.credentials(); after == before {
		t.Error("the credentials are the old ones")
	}
	// While it looks for a path the client drops what comes.
	until(t, "the client has a path again", func() bool { return v.pc.ICEConnectionState() == webrtc.ICEConnectionStateConnected })
	v.send(2, 500, 500)
	again := v.answer
	v.offer(nil, nil) // no restart: nothing changes but the version
	version := regexp.MustCompile(`(?m)^o=.*$`)
	if got := version.ReplaceAllString(v.answer, ""); got != version.ReplaceAllString(again, "") {
		t.Errorf("answered with\n%s\nthen with\n%s", again, v.answer)
	}
	v.send(4, 500)
}

// A nominated path is used; one of lower priority not while the better one
// lasts.
func TestPaths(t *testing.T) {
	tr := openTransport(t, 15*time.Second)
	v := watchWith(t, tr, nil)
	v.send(1, 100)
	ufrag, password := v.credentials()
	c := v.sub.conn
	goes := func(to *net.UDPConn) func() bool {
		return func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, p := range c.paths {
				if p.selected && c.dest.Load() == p.dest {
					return p.addr == to.LocalAddr().(*net.UDPAddr).AddrPort()
				}
			}
			return false
		}
	}
	better, worse, silent := stranger(t, tr), stranger(t, tr), stranger(t, tr)
	say := func(who *net.UDPConn, priority uint32, nominate bool) {
		t.Helper()
		if _, err := who.Write(check(ufrag+":x", password, priority, nominate)); err != nil {
			t.Fatal(err)
		}
		_ = who.SetReadDeadline(time.Now().Add(patience))
		if _, err := who.Read(make([]byte, 1500)); err != nil {
			t.Fatal(err)
		}
	}
	say(silent, 1<<31-1, false)
	say(better, 1<<31-1, true)
	until(t, "the better path is used", goes(better))
	say(worse, 1, true)
	say(silent, 1<<31-1, false)
	if !goes(better)() {
		t.Error("the better path was left")
	}
	c.mu.Lock()
	for _, p := range c.paths {
		p.nominated = p.nominated.Add(-2 * nominationHolds)
	}
	c.mu.Unlock()
	say(worse, 1, true)
	until(t, "the path that is left is used", goes(worse))
	say(silent, 1<<31-1, false)
	if !goes(worse)() {
		t.Error("a path on which something comes was left for one that is not nominated")
	}
	c.mu.Lock()
	for _, p := range c.paths {
		p.heard = p.heard.Add(-silentFor)
	}
	c.mu.Unlock()
	say(silent, 1<<31-1, false)
	until(t, "a silent path is left for one that is not", goes(silent))
	for range 3 * maxPaths {
		say(stranger(t, tr), 1, false)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.paths) > maxPaths || len(tr.demux.addrs) > maxPaths {
		t.Errorf("%d paths are kept", len(c.paths))
	}
}

func TestSilenceIsTold(t *testing.T) {
	v := watchWith(t, openTransport(t, time.Second), nil)
	v.ready()
	_ = v.socket.Close()
	select {
	case <-v.lost:
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
}
