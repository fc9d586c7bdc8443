package main

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"incamera/sfu/bwe"
	"incamera/sfu/netlab"
)

const (
	controlEvery  = 5 * time.Millisecond
	controlReport = 50 * time.Millisecond
	controlSize   = 1200 // bytes of an IP packet
	headers       = 28   // of IPv4 and UDP
	// controlMost is what ann's largest layer and her voice come to on the wire: more
	// than she has, nobody can send of her.
	controlMost = 1860 * bwe.Kbps
)

// A controlStream is one stream whose rate is always what its estimate allows, up
// to that of the largest layer: what a sender without layers would make of a network. It is owned by one
// goroutine.
type controlStream struct {
	estimate *bwe.Estimator
	sent     map[uint32]time.Duration
	next     uint32 // number of the packet to send
	told     uint32 // number up to which packets were reported
	budget   float64
	probe    bwe.Probe
	until    time.Duration // of the probe
}

// due returns how many packets are to be sent now.
func (c *controlStream) due(now time.Duration) (n int) {
	rate := min(c.estimate.Target(), controlMost)
	if p, ok := c.estimate.Probe(2*rate, now); ok {
		c.probe, c.until = p, now+p.Lasts
	}
	if now < c.until {
		rate = c.probe.Rate
	}
	c.budget += float64(rate) / 8 * controlEvery.Seconds()
	for ; c.budget >= controlSize; c.budget -= controlSize {
		c.sent[c.next] = now
		c.next++
		n++
	}
	return n
}

// heard takes a report: numbers, in order, and when they came in µs.
func (c *controlStream) heard(report []byte, now time.Duration) {
	var acks []bwe.Ack
	for ; len(report) >= 12; report = report[12:] {
		number, at := binary.BigEndian.Uint32(report), time.Duration(binary.BigEndian.Uint64(report[4:]))*time.Microsecond
		for ; c.told <= number; c.told++ {
			acks = append(acks, bwe.Ack{Sent: c.sent[c.told], Size: controlSize, Lost: c.told < number, Arrived: at})
			delete(c.sent, c.told)
		}
	}
	c.estimate.Observe(acks, now)
}

// controlRun sends one stream over ben's network of N8, for as long as there is
// a rate of it for each second, and returns what came over his cable.
func controlRun(t *testing.T, rates []int) []netlab.Moment {
	t.Helper()
	lab := netlab.New(t, 1)
	sender, ben := lab.Host("sender", "10.77.0.1"), lab.Host("ben", "10.77.0.3")
	from, to := sender.ListenUDP(5000), ben.ListenUDP(5000)
	ben.Set(netlab.Profile{}, mobileNetwork)
	began := time.Now()
	const tries = 5 * second // as the meeting is there before its record begins
	var steps []netlab.Step
	steps = append(steps, netlab.Step{At: tries, Do: ben.Record})
	for i, rate := range rates {
		p := mobileNetwork
		p.Rate = rate
		steps = append(steps, netlab.Step{At: tries + time.Duration(i)*second, Do: func() { ben.Set(netlab.Profile{}, p) }})
	}
	steps = append(steps, netlab.Step{At: tries + time.Duration(len(rates))*second, Do: func() { _, _ = from.Close(), to.Close() }})
	var work sync.WaitGroup
	work.Go(func() { controlReceive(to, netip.AddrPortFrom(sender.Addr, 5000), began) })
	work.Go(func() { controlSend(from, netip.AddrPortFrom(ben.Addr, 5000), began) })
	lab.Follow(t.Context(), steps)
	_, _ = from.Close(), to.Close() // where the test was ended
	work.Wait()
	return ben.Recorded()
}

// controlSend sends until the socket is closed.
func controlSend(conn *net.UDPConn, to netip.AddrPort, began time.Time) {
	c := controlStream{estimate: bwe.New(1000 * bwe.Kbps), sent: map[uint32]time.Duration{}}
	b, report := make([]byte, controlSize-headers), make([]byte, 1500)
	for next := began; ; {
		next = next.Add(controlEvery)
		if conn.SetReadDeadline(next) != nil {
			return
		}
		n, err := conn.Read(report)
		now := time.Since(began)
		if err == nil {
			c.heard(report[:n], now)
			next = next.Add(-controlEvery)
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		number := c.next
		for range c.due(now) {
			binary.BigEndian.PutUint32(b, number)
			number++
			if _, err := conn.WriteToUDPAddrPort(b, to); err != nil {
				return
			}
		}
	}
}

// controlReceive reports until the socket is closed.
func controlReceive(conn *net.UDPConn, to netip.AddrPort, began time.Time) {
	var report []byte
	b := make([]byte, 1500)
	for next := began.Add(controlReport); ; {
		if conn.SetReadDeadline(next) != nil {
			return
		}
		n, err := conn.Read(b)
		switch {
		case err == nil && n >= 4:
			report = append(report, b[:4]...)
			report = binary.BigEndian.AppendUint64(report, uint64(time.Since(began).Microseconds()))
			if len(report) < 1200 {
				continue
			}
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return
		}
		next = time.Now().Add(controlReport)
		if len(report) > 0 {
			if _, err := conn.WriteToUDPAddrPort(report, to); err != nil {
				return
			}
			report = report[:0]
		}
	}
}
