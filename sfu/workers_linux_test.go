package sfu_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// BenchmarkWorkers measures what a packet costs when one sender's packets are
// forwarded at a time, and when those of two in different rooms are, by two
// threads: whether they are in each other's way more than by sharing the machine,
// which two that only seal tell. Each sends frames of 8 packets of
// 1200 bytes to 100 subscribers. CPU time is that of the threads, the least of
// several windows.
func BenchmarkWorkers(b *testing.B) {
	const most, subscribers = 2, 100
	server := sfutest.Open(b)
	var injectors []*sfu.Injector
	for i := range most {
		room := server.NewRoom()
		id := sfu.PeerID(fmt.Sprint("sender-", i))
		c := sfutest.Join(b, room, id)
		c.Peer.SetSources([]sfu.Source{sfu.Camera})
		crowd := sfutest.Gather(b, room, subscribers, id)
		before := server.Stats().PacketsOut
		c.Until("everybody gets pictures", func() {
			before = server.Stats().PacketsOut
			c.Picture(true, "")
		}, func() bool { return server.Stats().PacketsOut-before >= subscribers })
		injectors = append(injectors, sfu.NewInjector(c.Peer))
		crowd.Deafen()
	}
	var seqs [most]uint16
	burst := func(i int, packet []byte) {
		for n := range frame {
			seqs[i]++
			packet[1] = 96
			if n == frame-1 {
				packet[1] |= 0x80
			}
			binary.BigEndian.PutUint16(packet[2:], seqs[i])
			binary.BigEndian.PutUint32(packet[4:], uint32(seqs[i])*3000)
			injectors[i].Inject(packet)
		}
	}
	packet := [most][]byte{}
	for i := range packet {
		packet[i] = make([]byte, 1200-16)
		packet[i][0] = 0x80
		copy(packet[i][12:], []byte{0x90, 0x80, 0x80, 0, 0x10})
		burst(i, packet[i])
		packet[i][16] = 0x11 // no key frame from now on
	}
	forward := func(worker int) (packets int) {
		const bursts = window / frame / subscribers
		for range bursts {
			burst(worker, packet[worker])
		}
		return bursts * frame * subscribers
	}
	for workers := 1; workers <= most; workers++ {
		b.Run(fmt.Sprint("incamera/", workers), func(b *testing.B) { together(b, workers, forward) })
	}
	for workers := 1; workers <= most; workers++ {
		b.Run(fmt.Sprint("bare/", workers), func(b *testing.B) { together(b, workers, func(int) int { return sealing(b) }) })
	}
}

// together has workers do the same on threads of their own, and reports the cost of
// a packet.
func together(b *testing.B, workers int, work func(worker int) (packets int)) {
	least := math.Inf(1)
	for b.Loop() {
		costs := make([]float64, workers)
		var all sync.WaitGroup
		for i := range workers {
			all.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				before := threadCPU(b)
				n := work(i)
				costs[i] = float64((threadCPU(b) - before).Nanoseconds()) / 1000 / float64(n)
			})
		}
		all.Wait()
		sum := 0.0
		for _, cost := range costs {
			sum += cost
		}
		least = min(least, sum/float64(workers))
	}
	b.ReportMetric(least, "cpu-us/packet")
	b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
}

// sealing seals as many packets and sends none: threads that share nothing but the
// machine.
func sealing(b *testing.B) (packets int) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		b.Error(err)
		return 1
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Error(err)
		return 1
	}
	payload, packet, nonce := make([]byte, 1200), make([]byte, 0, 1300), make([]byte, 12)
	for i := range uint64(window) {
		binary.BigEndian.PutUint64(nonce, i)
		aead.Seal(packet, nonce, payload, nil)
	}
	return window
}
