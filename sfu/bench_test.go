package sfu_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// BenchmarkForward measures one packet of 1100 bytes, of a frame of 8, to n
// subscribers through rewriting, SRTP and the UDP socket, over loopback. Its CPU time is that of
// the forwarding thread alone, so that the receivers in the
// same process do not count; their sockets have a filter that drops media, so
// that nobody is woken. On loopback the thread also pays for the receiving side
// of the kernel.
func BenchmarkForward(b *testing.B) {
	for _, n := range []int{50, 200} {
		b.Run(fmt.Sprintf("1to%d", n), func(b *testing.B) { forward(b, n) })
	}
}

func forward(b *testing.B, n int) {
	server := sfutest.Open(b)
	room := server.NewRoom()
	a := sfutest.Join(b, room, "a")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	crowd := sfutest.Gather(b, room, n, "a")
	before := server.Stats().PacketsOut
	a.Until("everybody gets pictures", func() {
		before = server.Stats().PacketsOut
		a.Picture(true, "")
	}, func() bool { return server.Stats().PacketsOut-before >= uint64(n) })
	crowd.Deafen()
	packet := make([]byte, 1100)
	packet[0], packet[1] = 0x80, 0x80|96 // a frame of one packet
	copy(packet[12:], []byte{0x90, 0x80, 0x80, 0, 0x10})
	inject := sfu.NewInjector(a.Peer)
	inject.Inject(packet)
	packet[16] = 0x11 // no key frame
	i := 0
	next := func() {
		i++
		packet[1] = 96
		if i%8 == 0 {
			packet[1] |= 0x80 // the end of a frame
		}
		binary.BigEndian.PutUint16(packet[2:], uint16(i))
		binary.BigEndian.PutUint32(packet[4:], uint32(i*3000))
		inject.Inject(packet)
	}
	for i < 1024 { // the memory of the layer's ring is taken once
		next()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old := runtime.MemProfileRate
	runtime.MemProfileRate = 1 // to tell our allocations from all others
	defer func() { runtime.MemProfileRate = old }()
	before = server.Stats().PacketsOut
	allocs := forwardAllocs()
	cpu := threadCPU(b)
	begun := i
	for b.Loop() {
		next()
	}
	cpu = threadCPU(b) - cpu
	out := server.Stats().PacketsOut - before
	allocs = forwardAllocs() - allocs
	if want := uint64((i - begun) * n); out < want*9/10 {
		b.Fatalf("%d of %d packets were forwarded", out, want)
	}
	b.ReportMetric(float64(cpu.Nanoseconds())/1000/float64(out), "cpu-us/packet")
	b.ReportMetric(float64(allocs)/float64(out), "allocs/packet")
	b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
}

// BenchmarkCutOff is the time from the order to close a peer, which is what the
// removal of its session does, to the last packet that anybody gets of it, and
// that it gets of others: it goes on sending a packet each millisecond, and
// would go on receiving. Everything runs over loopback, in one process.
func BenchmarkCutOff(b *testing.B) {
	room := sfutest.Open(b).NewRoom()
	stays := sfutest.Join(b, room, "stays")
	stays.Peer.SetSources([]sfu.Source{sfu.Mic})
	var from, to time.Duration
	each := time.NewTicker(time.Millisecond)
	defer each.Stop()
	for i := range b.N {
		id := sfu.PeerID(fmt.Sprint("goes ", i))
		goes := sfutest.Join(b, room, id)
		goes.Peer.SetSources([]sfu.Source{sfu.Mic})
		talk := func() { goes.Voice("x"); stays.Voice("y") }
		heard := func(c *sfutest.Client, owner sfu.PeerID) int {
			if seat := c.SeatOf(owner, sfu.Mic); seat >= 0 {
				return len(c.Received(seat))
			}
			return 0
		}
		stays.Until("both are heard", talk, func() bool { return heard(stays, id) > 5 && heard(goes, "stays") > 5 })
		mine, theirs := stays.SeatOf(id, sfu.Mic), goes.SeatOf("stays", sfu.Mic)
		before := [2]int{len(stays.Received(mine)), len(goes.Received(theirs))}
		closed := make(chan struct{})
		begun := time.Now()
		go func() {
			defer close(closed)
			goes.Peer.Close()
		}()
		var last [2]time.Duration
		for quiet := begun; time.Since(quiet) < 100*time.Millisecond; {
			talk()
			now := [2]int{len(stays.Received(mine)), len(goes.Received(theirs))}
			for k := range now {
				if now[k] > before[k] {
					last[k], quiet = time.Since(begun), time.Now()
				}
			}
			before = now
			<-each.C
		}
		<-closed
		from, to = from+last[0], to+last[1]
		goes.Leave()
	}
	b.ReportMetric(float64(from.Microseconds())/1000/float64(b.N), "ms-from-it")
	b.ReportMetric(float64(to.Microseconds())/1000/float64(b.N), "ms-to-it")
	b.ReportMetric(0, "ns/op")
}

// forwardAllocs counts the objects allocated so far below the function that
// takes a packet.
func forwardAllocs() (n int64) {
	runtime.GC()
	runtime.GC() // the profile is that of the collection before the last
	records := make([]runtime.MemProfileRecord, 4096)
	count, ok := runtime.MemProfile(records, true)
	for !ok {
		records = make([]runtime.MemProfileRecord, count+1024)
		count, ok = runtime.MemProfile(records, true)
	}
	for _, r := range records[:count] {
		frames := runtime.CallersFrames(r.Stack())
		for {
			f, more := frames.Next()
			if strings.HasSuffix(f.Function, "(*incoming).receive") {
				n += r.AllocObjects
				break
			}
			if !more {
				break
			}
		}
	}
	return n
}

// threadCPU returns the processor time of the thread so far, to the nanosecond: that
// of getrusage(2) goes on with the kernel's ticks, of which a window has two.
func threadCPU(b *testing.B) time.Duration {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
