package bwe

import (
	"encoding/binary"
	"testing"
	"time"
)

// TestREMB: what the subscriber itself estimates counts alone where nothing
// else is said, and is a bound where it is.
func TestREMB(t *testing.T) {
	e := New(800 * Kbps)
	if e.Begun() || e.Target() != 800*Kbps {
		t.Errorf("at first %d", e.Target())
	}
	e.REMB(2000 * Kbps)
	if !e.Begun() || e.Target() != 2000*Kbps {
		t.Errorf("with REMB %d", e.Target())
	}
	e.Observe([]Ack{{Sent: 1, Arrived: 2, Size: 100}}, time.Second)
	if e.Target() != 800*Kbps {
		t.Errorf("with both %d", e.Target())
	}
	e.REMB(1)
	if e.Target() != Least || e.Cause() != Told {
		t.Errorf("with less than the least %d, %v", e.Target(), e.Cause())
	}
}

// TestFull: what keeps an estimate from being higher is a queue of ours where one
// was seen, and neither another's nor loss.
func TestFull(t *testing.T) {
	e := New(800 * Kbps)
	if e.Full() {
		t.Error("a network of which nothing is known is full")
	}
	e.control.capacity.sample(500 * Kbps)
	if !e.Full() {
		t.Error("where a queue has shown what it takes, it is not full")
	}
	e.queue.foreign = true
	if e.Full() {
		t.Error("another's queue is ours")
	}
	e.queue.foreign = false
	e.dropped, e.fell, e.latest = 2000*Kbps, 5*time.Second, 5*time.Second+backWithin-1
	if e.Full() {
		t.Error("a network that was much faster a moment ago is full")
	}
	e.latest++
	if !e.Full() {
		t.Error("a network that was much faster long ago is not full")
	}
	e.fell = e.latest
	if e.dropped = e.Target(); !e.Full() {
		t.Error("a network that is as fast again is not full")
	}
	if e.REMB(100 * Kbps); e.Full() {
		t.Error("what the subscriber itself estimates is a queue")
	}
}

// TestSilenceHolds: who is not heard of is not sent more, and is not probed.
func TestSilenceHolds(t *testing.T) {
	e := New(800 * Kbps)
	if _, ok := e.Probe(2000*Kbps, time.Second); ok {
		t.Error("who has said nothing is probed")
	}
	e.Observe([]Ack{{Sent: 1, Arrived: 2, Size: 100}}, time.Second)
	if e.Holds(time.Second) {
		t.Error("who is heard of is held")
	}
	if _, ok := e.Probe(700*Kbps, time.Second); ok {
		t.Error("what there is already is probed for")
	}
	if !e.Holds(time.Second + silentFor + 1) {
		t.Error("who is silent is not held")
	}
	if _, ok := e.Probe(2000*Kbps, time.Second+silentFor+1); ok {
		t.Error("who is silent is probed")
	}
	p, ok := e.Probe(2000*Kbps, time.Second)
	if !ok || p.Rate < 1000*Kbps || p.Rate > 2400*Kbps || p.Lasts != probeFor {
		t.Errorf("the first probe: %+v, %v", p, ok)
	}
	if _, ok := e.Probe(2000*Kbps, time.Second+time.Millisecond); ok {
		t.Error("two probes at once")
	}
}

// TestLateIsNotLost: a packet that comes after it was said to be lost.
func TestLateIsNotLost(t *testing.T) {
	e := New(800 * Kbps)
	var acks []Ack
	for i := range 100 {
		at := time.Duration(i) * 10 * time.Millisecond
		acks = append(acks, Ack{Sent: at, Arrived: at, Size: 100, Lost: i%2 == 0})
	}
	e.Observe(acks, time.Second)
	if share := e.LossShare(); share < 0.4 {
		t.Fatalf("%.2f are lost of a half", share)
	}
	for range 100 {
		e.Observe([]Ack{{Sent: time.Second, Arrived: time.Second, Size: 100, Late: true}}, time.Second)
	}
	if recent := e.loss.recent(); recent > 0 {
		t.Errorf("%.2f of the latest are lost though they came", recent)
	}
}

// FuzzObserve: whatever a subscriber says, an estimate stays within bounds.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
	f.Fuzz(func(t *testing.T, b []byte) {
		e := New(500 * Kbps)
		now := time.Duration(0)
		var acks []Ack
		for b = b[:min(len(b), 5000)]; len(b) >= 10; b = b[10:] {
			acks = append(acks, Ack{
				Sent:    now - time.Duration(b[0])*time.Millisecond,
				Arrived: time.Duration(int64(binary.BigEndian.Uint64(b[1:]))),
				Size:    int(b[9]) * 6, Lost: b[0]&1 != 0, Late: b[0]&2 != 0, Unheard: b[0]&12 == 12,
			})
			if b[9]&3 == 0 {
				e.Observe(acks, now)
				e.Probe(Bitrate(b[9])*100*Kbps, now)
				acks = acks[:0]
			}
			now += time.Duration(b[9]) * time.Millisecond
			if got := e.Target(); got < Least || got > Most {
				t.Fatalf("the target is %d", got)
			}
			if share := e.LossShare(); share < 0 || share > 1 {
				t.Fatalf("the loss is %f", share)
			}
		}
	})
}

// TestLostReportIsNoSlowNetwork: what nothing is said about has arrived at the
// rate of the rest.
func TestLostReportIsNoSlowNetwork(t *testing.T) {
	e := New(800 * Kbps)
	var acks []Ack
	for i := range 200 { // 1 Mbit/s
		at := time.Duration(i) * 8 * time.Millisecond
		acks = append(acks, Ack{Sent: at, Arrived: at, Size: 1000, Unheard: i%20 < 10})
		if i%20 == 19 {
			e.Observe(acks, at)
			acks = acks[:0]
		}
	}
	if got := e.Acked(); got < 800*Kbps || got > 1200*Kbps {
		t.Errorf("%d arrive of a million", got)
	}
}

// TestMeterParts: the beginning and the end of the window.
func TestMeterParts(t *testing.T) {
	var m meter
	if m.earliest() != 0 || m.latest() != 0 {
		t.Error("an empty meter has rates")
	}
	const size = 1250 // 10 kbit
	for at := time.Duration(0); at < time.Second; at += 10 * time.Millisecond {
		n := 1
		if at >= 800*time.Millisecond {
			n = 4
		}
		m.add(at, n*size)
	}
	whole, ok := m.rate()
	if !ok || m.earliest() != 1000*Kbps || m.latest() != 4000*Kbps || whole != 2000*Kbps {
		t.Errorf("the window has %d, at first %d, and at last %d", whole, m.earliest(), m.latest())
	}
}

// TestLargerPicture: the key frame of a larger picture makes a queue in which it
// arrives as fast as the network takes it. That it was not sent before says
// nothing about the network, and it is not taken back.
func TestLargerPicture(t *testing.T) {
	for name, takes := range map[string]Bitrate{"there is room": 4000 * Kbps, "there is none": 1400 * Kbps} {
		t.Run(name, func(t *testing.T) {
			e := New(2300 * Kbps)
			var free time.Duration // of the network
			var acks []Ack
			for now := time.Duration(0); now < 4*time.Second; now += 5 * time.Millisecond {
				rate := 600 * Kbps
				switch {
				case now >= 3090*time.Millisecond:
					rate = 1800 * Kbps
				case now >= 3*time.Second: // the key frame, paced
					rate = 5800 * Kbps
				}
				for size := int(rate) / 8 / 200; size > 0; size -= 1200 {
					free = max(free, now) + time.Duration(float64(min(size, 1200)*8)/float64(takes)*float64(time.Second))
					acks = append(acks, Ack{Sent: now, Arrived: free + 20*time.Millisecond, Size: min(size, 1200)})
				}
				if now%(50*time.Millisecond) == 0 {
					n := 0
					for n < len(acks) && acks[n].Arrived <= now {
						n++
					}
					e.Observe(acks[:n], now)
					acks = acks[n:]
				}
			}
			if got := e.Target(); (got >= 2000*Kbps) != (takes == 4000*Kbps) {
				t.Errorf("a network that takes %d is held to take %d", takes, got)
			}
		})
	}
}

// TestWhoseQueueItIs: a queue that stays though less is sent is another's, one
// that shrinks is ours, however long that takes, and so is one for which we have not
// made way.
func TestWhoseQueueItIs(t *testing.T) {
	for name, c := range map[string]struct {
		shrinks float64 // of the time
		size    int     // of its packets, those before it being of 1000
		held    Bitrate // what was estimated just before
		foreign bool
	}{"stays": {0, 600, 0, true}, "grows": {-0.05, 600, 0, true}, "shrinks": {0.15, 600, 0, false}, "stays as we do": {0, 900, 0, false}, "stays though nothing is to spare": {0, 900, 2000 * Kbps, true}} {
		var q queue
		var m meter
		at, long := time.Duration(0), 2*time.Second
		packet := func(arrived time.Duration, size int) {
			m.add(at, size)
			q.packet(&Ack{Sent: at, Arrived: arrived}, size, &m)
		}
		for ; at < time.Second; at += 10 * time.Millisecond {
			packet(at, 1000)
		}
		q.hold(c.held, at)
		for ; at < 10*time.Second; at += 10 * time.Millisecond {
			packet(at+long-time.Duration(c.shrinks*float64(at)), c.size)
		}
		if q.foreign != c.foreign {
			t.Errorf("a queue that %s is another's: %v", name, q.foreign)
		}
	}
}

// TestBusy: what a network takes is measured while packets wait for each other,
// however little was sent before, and not by jitter.
func TestBusy(t *testing.T) {
	for name, c := range map[string]struct {
		takes  Bitrate
		jitter time.Duration
		want   bool
	}{"a queue": {2000 * Kbps, 0, true}, "jitter": {50_000 * Kbps, 15 * time.Millisecond, false}, "neither": {50_000 * Kbps, 0, false}} {
		var q queue
		var m meter
		var free time.Duration // of the network
		for now := time.Duration(0); now < 2*time.Second; now += 10 * time.Millisecond {
			n := 1 // 1 Mbit/s
			if now >= 1900*time.Millisecond {
				n = 4 // a key frame
			}
			for range n {
				free = max(free, now) + time.Duration(1250*8*float64(time.Second)/float64(c.takes))
				a := &Ack{Sent: now, Arrived: free + 20*time.Millisecond, Size: 1250}
				if now/(10*time.Millisecond)%2 == 0 {
					a.Arrived += c.jitter
				}
				m.add(a.Arrived, a.Size)
				q.packet(a, a.Size, &m)
			}
		}
		takes, ok := q.takes()
		if ok != c.want || ok && (takes < c.takes*95/100 || takes > c.takes*105/100) {
			t.Errorf("%s: a network that takes %d is seen to take %d, %v", name, c.takes, takes, ok)
		}
	}
}
