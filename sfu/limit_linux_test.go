package sfu_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

const frame = 8 // packets

// A load is who sends what to whom.
type load struct {
	name         string
	senders      int
	subscribers  int // to each
	burst, bytes int // packets at once; of each on the wire
}

// BenchmarkMedia measures what one packet to one subscriber costs, over
// loopback, in CPU time of the thread that sends: with stock pion and its
// default interceptors, with this server from where a packet has arrived, and
// with nothing but the cipher and the kernel. It takes the least of several
// windows, as others use the machine, too. Allocations are those of the whole
// process, its idle subscribers included.
//
// The subscribers are in the same process; their sockets have a filter that
// drops media, so that they cost the sender the kernel's way to them and nobody
// anything else. Not counted are wake-ups of Go's poller by the sending socket
// and the work of the garbage collector, which are on other threads, and which
// only stock pion has.
//
//   - video: to 200, frames of 8 packets, each of 1200 bytes on the wire;
//   - voice: to 200, single packets of 128 bytes;
//   - meeting: of ten, each of whom sends such frames to nine.
func BenchmarkMedia(b *testing.B) {
	for _, l := range []load{
		{"video", 1, 200, frame, 1200},
		{"voice", 1, 200, 1, 128},
		{"meeting", 10, 9, frame, 1200},
	} {
		b.Run(l.name+"/pion", func(b *testing.B) { stock(b, l) })
		b.Run(l.name+"/incamera", func(b *testing.B) { ours(b, l) })
		b.Run(l.name+"/bare", func(b *testing.B) { bare(b, l) })
	}
}

// window is how many packets are measured at once: some ten milliseconds.
const window = 20_000

// measure runs send, which sends a burst of the sender with that number to all
// its subscribers, and reports the cost of a packet. sent returns how many have
// been sent so far.
func measure(b *testing.B, l load, send func(sender int), sent func() uint64) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, cpu, bursts := sent(), threadCPU(b), 0
	least, fewest := math.Inf(1), math.Inf(1)
	for b.Loop() {
		// So that a round of each is about as many packets.
		for range frame / l.burst * max(1, 200/l.subscribers/l.senders) {
			for i := range l.senders {
				send(i)
				bursts++
			}
		}
		n := sent() - start
		if n < window {
			continue
		}
		now := threadCPU(b)
		runtime.ReadMemStats(&after)
		if want := uint64(bursts * l.burst * l.subscribers); n < want*9/10 {
			b.Fatalf("%d of %d packets were sent", n, want)
		}
		least = min(least, float64((now-cpu).Nanoseconds())/1000/float64(n))
		fewest = min(fewest, float64(after.Mallocs-before.Mallocs)/float64(n))
		runtime.ReadMemStats(&before)
		start, cpu, bursts = sent(), threadCPU(b), 0
	}
	if math.IsInf(least, 1) {
		b.Fatalf("fewer than %d packets were sent", window)
	}
	b.ReportMetric(least, "cpu-us/packet")
	b.ReportMetric(fewest, "allocs/packet")
	b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
}

// ours sends through the server, from the packet that has arrived on.
func ours(b *testing.B, l load) {
	server := sfutest.Open(b)
	room := server.NewRoom()
	var senders []*sfutest.Client
	var ids []sfu.PeerID
	for i := range l.senders {
		id := sfu.PeerID(fmt.Sprintf("sender-%d", i))
		c := sfutest.Join(b, room, id)
		c.Peer.SetSources([]sfu.Source{sfu.Camera})
		senders, ids = append(senders, c), append(ids, id)
	}
	crowd := sfutest.Gather(b, room, l.subscribers, ids...)
	var injectors []*sfu.Injector
	for _, c := range senders {
		before := server.Stats().PacketsOut
		c.Until("everybody gets pictures", func() {
			before = server.Stats().PacketsOut
			c.Picture(true, "")
		}, func() bool { return server.Stats().PacketsOut-before >= uint64(l.subscribers) })
		injectors = append(injectors, sfu.NewInjector(c.Peer))
	}
	crowd.Deafen()
	const header, tag = 12, 16
	packet := make([]byte, l.bytes-tag)
	packet[0] = 0x80
	copy(packet[header:], []byte{0x90, 0x80, 0x80, 0, 0x10})
	seqs := make([]uint16, l.senders)
	send := func(sender int) {
		for i := range l.burst {
			seqs[sender]++
			packet[1] = 96
			if i == l.burst-1 {
				packet[1] |= 0x80
			}
			binary.BigEndian.PutUint16(packet[2:], seqs[sender])
			binary.BigEndian.PutUint32(packet[4:], uint32(seqs[sender])*3000)
			injectors[sender].Inject(packet)
		}
	}
	for i := range l.senders {
		send(i)
	}
	packet[header+4] = 0x11 // no key frame
	measure(b, l, send, func() uint64 { return server.Stats().PacketsOut })
}

// stock is what most servers in Go do: a track of pion for each subscriber.
func stock(b *testing.B, l load) {
	open := func(options ...func(*webrtc.API)) (*webrtc.API, *net.UDPConn) {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.SetReadBuffer(4 << 20)
		_ = conn.SetWriteBuffer(4 << 20)
		mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})
		b.Cleanup(func() { _ = mux.Close() })
		var se webrtc.SettingEngine
		se.SetIncludeLoopbackCandidate(true)
		se.SetICEUDPMux(mux)
		se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
		me := &webrtc.MediaEngine{}
		if err := me.RegisterDefaultCodecs(); err != nil {
			b.Fatal(err)
		}
		registry := &interceptor.Registry{}
		if err := webrtc.RegisterDefaultInterceptors(me, registry); err != nil {
			b.Fatal(err)
		}
		return webrtc.NewAPI(append(options, webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(se))...), conn
	}
	server, _ := open()
	tracks := make([][]*webrtc.TrackLocalStaticRTP, l.senders)
	var clients []*net.UDPConn
	for range l.subscribers {
		api, conn := open()
		clients = append(clients, conn)
		from, err := server.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = from.Close() })
		to, err := api.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = to.Close() })
		for i := range tracks {
			track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, fmt.Sprint("v", i), fmt.Sprint("s", i))
			if err != nil {
				b.Fatal(err)
			}
			if _, err = from.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
				b.Fatal(err)
			}
			tracks[i] = append(tracks[i], track)
		}
		connect(b, from, to)
	}
	for _, conn := range clients {
		sfutest.Deafen(b, conn)
	}
	const header, tag = 12, 16
	p := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: bytes.Repeat([]byte{1}, l.bytes-header-tag)}
	sent := uint64(0)
	measure(b, l, func(sender int) {
		for i := range l.burst {
			p.SequenceNumber++
			p.Timestamp += 3000
			p.Marker = i == l.burst-1
			for _, track := range tracks[sender] {
				if err := track.WriteRTP(p); err == nil {
					sent++
				}
			}
		}
	}, func() uint64 { return sent })
}

func connect(b *testing.B, from, to *webrtc.PeerConnection) {
	b.Helper()
	done := make(chan struct{}, 2)
	for _, pc := range []*webrtc.PeerConnection{from, to} {
		pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			if s == webrtc.PeerConnectionStateConnected {
				done <- struct{}{}
			}
		})
	}
	describe := func(pc *webrtc.PeerConnection, make func() (webrtc.SessionDescription, error)) webrtc.SessionDescription {
		d, err := make()
		if err != nil {
			b.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(pc)
		if err := pc.SetLocalDescription(d); err != nil {
			b.Fatal(err)
		}
		<-gathered
		return *pc.LocalDescription()
	}
	if err := to.SetRemoteDescription(describe(from, func() (webrtc.SessionDescription, error) { return from.CreateOffer(nil) })); err != nil {
		b.Fatal(err)
	}
	if err := from.SetRemoteDescription(describe(to, func() (webrtc.SessionDescription, error) { return to.CreateAnswer(nil) })); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), connectSeconds*time.Second)
	defer cancel()
	for range 2 {
		select {
		case <-done:
		case <-ctx.Done():
			b.Fatal("a peer of pion is not connected")
		}
	}
}

// bare seals each packet for each subscriber and sends each burst as one
// message: what no server can do without.
func bare(b *testing.B, l load) {
	burst, wire := l.burst, l.bytes
	type mmsghdr struct {
		hdr unix.Msghdr
		len uint32
	}
	const header, tag, batch = 12, 16, 16
	type destination struct {
		aead cipher.AEAD
		addr unix.RawSockaddrInet4
	}
	to := make([]destination, l.subscribers)
	for i := range to {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		sfutest.Deafen(b, conn)
		block, err := aes.NewCipher(fmt.Appendf(nil, "%016d", i))
		if err != nil {
			b.Fatal(err)
		}
		if to[i].aead, err = cipher.NewGCM(block); err != nil {
			b.Fatal(err)
		}
		to[i].addr.Family, to[i].addr.Addr = unix.AF_INET, [4]byte{127, 0, 0, 1}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&to[i].addr.Port))[:], conn.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = unix.Close(fd) })
	if burst > 1 { // for all that is sent
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT, wire); err != nil {
			b.Skipf("this kernel does not take runs: %v", err)
		}
	}
	arena, payload, nonce := make([]byte, batch*burst*wire), make([]byte, wire-header-tag), make([]byte, 12)
	msgs, iov := make([]mmsghdr, batch), make([]unix.Iovec, batch)
	sent, counter := uint64(0), uint64(0)
	measure(b, l, func(int) {
		for at := 0; at < len(to); at += batch {
			now := to[at:min(at+batch, len(to))]
			used := 0
			for i := range now {
				from := used
				for range burst {
					counter++
					binary.BigEndian.PutUint64(nonce, counter)
					p := arena[used : used+wire]
					p[0] = 0x80
					now[i].aead.Seal(p[header:header], nonce, payload, p[:header])
					used += wire
				}
				iov[i].Base = &arena[from]
				iov[i].SetLen(used - from)
				msgs[i].hdr.Iov, msgs[i].hdr.Name, msgs[i].hdr.Namelen = &iov[i], (*byte)(unsafe.Pointer(&now[i].addr)), unix.SizeofSockaddrInet4
				msgs[i].hdr.SetIovlen(1)
			}
			n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(now)), unix.MSG_DONTWAIT, 0, 0)
			if errno != 0 {
				b.Fatal(errno)
			}
			sent += uint64(n) * uint64(burst)
		}
	}, func() uint64 { return sent })
}
