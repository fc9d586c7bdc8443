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

const (
	subscribers = 200
	frame       = 8 // packets
)

// BenchmarkMedia measures what one packet to one of 200 subscribers costs, over
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
//   - video: frames of 8 packets, each of 1200 bytes on the wire;
//   - voice: single packets of 128 bytes.
func BenchmarkMedia(b *testing.B) {
	for _, load := range []struct {
		name        string
		burst, wire int
	}{{"video", frame, 1200}, {"voice", 1, 128}} {
		b.Run(load.name+"/pion", func(b *testing.B) { stock(b, load.burst, load.wire) })
		b.Run(load.name+"/incamera", func(b *testing.B) { ours(b, load.burst, load.wire) })
		b.Run(load.name+"/bare", func(b *testing.B) { bare(b, load.burst, load.wire) })
	}
}

// window is how many packets are measured at once: some ten milliseconds.
const window = 20_000

// measure runs send, which sends a burst to everybody, and reports the cost of a
// packet. sent returns how many have been sent so far.
func measure(b *testing.B, burst int, send func(), sent func() uint64) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, cpu, bursts := sent(), threadCPU(b), 0
	least, fewest := math.Inf(1), math.Inf(1)
	for b.Loop() {
		for range frame / burst {
			send()
			bursts++
		}
		n := sent() - start
		if n < window {
			continue
		}
		now := threadCPU(b)
		runtime.ReadMemStats(&after)
		if want := uint64(bursts * burst * subscribers); n < want*9/10 {
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
func ours(b *testing.B, burst, wire int) {
	server := sfutest.Open(b)
	room := server.NewRoom()
	a := sfutest.Join(b, room, "a")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	crowd := sfutest.Gather(b, room, subscribers, "a")
	before := server.Stats().PacketsOut
	a.Until("everybody gets pictures", func() {
		before = server.Stats().PacketsOut
		a.Picture(true, "")
	}, func() bool { return server.Stats().PacketsOut-before >= subscribers })
	crowd.Deafen()
	const header, tag = 12, 16
	packet := make([]byte, wire-tag)
	packet[0] = 0x80
	copy(packet[header:], []byte{0x90, 0x80, 0x80, 0, 0x10})
	inject := sfu.NewInjector(a.Peer)
	seq := uint16(0)
	send := func() {
		for i := range burst {
			seq++
			packet[1] = 96
			if i == burst-1 {
				packet[1] |= 0x80
			}
			binary.BigEndian.PutUint16(packet[2:], seq)
			binary.BigEndian.PutUint32(packet[4:], uint32(seq)*3000)
			inject.Inject(packet)
		}
	}
	send()
	packet[header+4] = 0x11 // no key frame
	measure(b, burst, send, func() uint64 { return server.Stats().PacketsOut })
}

// stock is what most servers in Go do: a track of pion for each subscriber.
func stock(b *testing.B, burst, wire int) {
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
	var tracks []*webrtc.TrackLocalStaticRTP
	var clients []*net.UDPConn
	for range subscribers {
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
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "v", "s")
		if err != nil {
			b.Fatal(err)
		}
		if _, err = from.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			b.Fatal(err)
		}
		connect(b, from, to)
		tracks = append(tracks, track)
	}
	for _, conn := range clients {
		sfutest.Deafen(b, conn)
	}
	const header, tag = 12, 16
	p := &rtp.Packet{Header: rtp.Header{Version: 2}, Payload: bytes.Repeat([]byte{1}, wire-header-tag)}
	sent := uint64(0)
	measure(b, burst, func() {
		for i := range burst {
			p.SequenceNumber++
			p.Timestamp += 3000
			p.Marker = i == burst-1
			for _, track := range tracks {
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
func bare(b *testing.B, burst, wire int) {
	type mmsghdr struct {
		hdr unix.Msghdr
		len uint32
	}
	const header, tag, batch = 12, 16, 16
	type destination struct {
		aead cipher.AEAD
		addr unix.RawSockaddrInet4
	}
	to := make([]destination, subscribers)
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
	measure(b, burst, func() {
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
