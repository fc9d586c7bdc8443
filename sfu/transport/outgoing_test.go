package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/bwe"
	"incamera/sfu/transport/rtcpx"
	"incamera/sfu/transport/session"
)

// watchTelling connects a viewer that tells of each packet, as browsers do.
func watchTelling(t testing.TB, tr *Transport) *viewer {
	t.Helper()
	v := watchAs(t, tr, nil, func(me *webrtc.MediaEngine, registry *interceptor.Registry) error {
		if err := agreeToTell(me); err != nil {
			return err
		}
		sender, err := twcc.NewSenderInterceptor(twcc.SendInterval(20 * time.Millisecond))
		registry.Add(sender)
		return err
	})
	if v.seat.wide.Load() == 0 || !v.sub.Congestion().Bounded {
		t.Fatal("it was not agreed to tell of packets")
	}
	return v
}

// agreeToTell has a viewer offer to tell of each packet.
func agreeToTell(me *webrtc.MediaEngine) error {
	me.RegisterFeedback(webrtc.RTCPFeedback{Type: "transport-cc"}, webrtc.RTPCodecTypeVideo)
	return me.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: session.TransportWide}, webrtc.RTPCodecTypeVideo)
}

func (v *viewer) write(p Packet) {
	v.t.Helper()
	b := v.tr.Batch()
	defer b.Send()
	if err := v.seat.Write(b, p, time.Now()); err != nil {
		v.t.Fatal(err)
	}
}

func (v *viewer) next() *rtp.Packet {
	v.t.Helper()
	select {
	case p := <-v.got:
		return p
	case <-time.After(patience):
		v.t.Fatal("a packet has not arrived")
		return nil
	}
}

// TestTellsOfPackets: packets carry numbers, in order, behind which another
// implementation reads the payload; what it says of them is understood.
func TestTellsOfPackets(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s := v.ready()
	for i := range 40 {
		v.write(Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: uint16(i), Payload: []byte("picture")})
		p := v.next()
		if !bytes.Equal(p.Payload, []byte("picture")) || !p.Extension {
			t.Fatalf("packet %d arrived as %+v", i, p)
		}
		ids := p.GetExtensionIDs()
		if len(ids) != 1 || binary.BigEndian.Uint16(p.GetExtension(ids[0])) != uint16(i) {
			t.Fatalf("packet %d has the extensions %v of %x", i, ids, p.GetExtension(ids[0]))
		}
	}
	until(t, "the viewer has told of packets", func() bool { return v.sub.Congestion().Begun })
	c := v.sub.Congestion()
	if c.Loss != 0 || c.RTT <= 0 || c.RTT > patience {
		t.Errorf("what it told is understood as %+v", c)
	}
}

// TestHoldsBack: of what is more than the network is held to take some waits,
// and comes in order, without anybody's doing.
func TestHoldsBack(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s := v.ready()
	b, came := v.tr.Batch(), time.Now().Add(-time.Minute)
	b.SetCame(came)
	for i := range 100 {
		if i == 99 { // as what is sent again
			b.Send()
			b = v.tr.Batch()
		}
		p := Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: uint16(i), Payload: make([]byte, 1100)}
		if err := v.seat.Write(b, p, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	waiting := v.sub.Congestion().Waiting
	b.Send()
	if waiting < 40*1100 {
		t.Errorf("%d bytes wait", waiting)
	}
	for i := range 100 {
		if p := v.next(); p.SequenceNumber != uint16(i) {
			t.Fatalf("packet %d in the place of %d", p.SequenceNumber, i)
		}
	}
	if waiting := v.sub.Congestion().Waiting; waiting != 0 {
		t.Errorf("%d bytes still wait", waiting)
	}
	until(t, "what has waited is counted, and nothing that is sent again", func() bool {
		sent, paced := v.tr.Delays()
		return sent.Total()+paced.Total() == 99
	})
	if _, paced := v.tr.Delays(); paced.Total() < 40 || paced.Quantile(0) != time.Second {
		t.Errorf("what came a minute ago has waited for %+v", paced)
	}
	full := error(nil)
	b = v.tr.Batch()
	defer b.Send()
	for i := 100; i < 2000 && full == nil; i++ {
		full = v.seat.Write(b, Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: uint16(i), Payload: make([]byte, 1100)}, time.Now())
	}
	if c := v.sub.Congestion(); !errors.Is(full, errFull) || c.Dropped != 1 || c.Waiting > 1<<20 {
		t.Errorf("2 MB are taken: %v, %+v", full, c)
	}
}

// TestFullIsPacedCloser: where a queue has shown what the network takes, what is more
// goes slower than where nothing has.
func TestFullIsPacedCloser(t *testing.T) {
	went := map[bool]int{}
	for _, full := range []bool{false, true} {
		o := newOutgoing(nil)
		o.setPace(judgement{target: 1000 * bwe.Kbps, full: full}, 0)
		for at := time.Duration(0); at < time.Second; at += time.Millisecond {
			for o.pacer.Take(1200, at) {
				went[full]++
			}
		}
	}
	if float64(went[true]) > 0.7*float64(went[false]) || float64(went[true]) < 1.2*1_000_000/8/1200 {
		t.Errorf("packets that went in a second: %v", went)
	}
}

// TestSlowAtOnce: what waits for a network that has become slow at once is given up, and
// the seat is told as if the subscriber had asked for a key frame; one that is a little
// slower keeps it.
func TestSlowAtOnce(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s := v.ready()
	asked := make(chan Feedback, 10)
	v.seat.Listen(func(f Feedback) { asked <- f })
	v.write(Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: 0, Payload: []byte("picture")})
	until(t, "the viewer has told of packets", func() bool { return v.sub.Congestion().Begun })
	o, now := v.seat.conn.out, time.Now()
	o.mu.Lock()
	o.waits = true // the pacing goroutine is not told: however slow this one is, all stays
	o.mu.Unlock()
	o.setPace(judgement{target: startRate, untried: true}, now.Sub(o.start))
	b := v.tr.Batch()
	for i := range 100 {
		if err := v.seat.Write(b, Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: uint16(i + 1), Payload: make([]byte, 1100)}, now); err != nil {
			t.Fatal(err)
		}
	}
	b.Send()
	waits := v.sub.Congestion().Waiting
	o.setPace(judgement{target: startRate, loss: 0.1}, now.Sub(o.start))
	if c := v.sub.Congestion(); waits < 80*1100 || c.Dropped != 0 || len(asked) > 0 {
		t.Errorf("of %d bytes %d wait for a network that is a little slower, %d packets were dropped", waits, c.Waiting, c.Dropped)
	}
	o.setPace(judgement{target: bwe.Least, loss: 0.5}, now.Sub(o.start))
	if c := v.sub.Congestion(); c.Waiting != 0 || c.Dropped == 0 {
		t.Errorf("%d bytes wait for a slow network, %d packets were dropped", c.Waiting, c.Dropped)
	}
	select {
	case f := <-asked:
		if !f.KeyFrame || f.Missing != nil {
			t.Errorf("the seat is told %+v", f)
		}
	case <-time.After(patience):
		t.Error("the seat is not told")
	}
}

// TestProbeIsOfWhatWaits: a probe sends what waits, and asks for more when nothing does.
func TestProbeIsOfWhatWaits(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s := v.ready()
	o, now := v.seat.conn.out, time.Now()
	at := now.Sub(o.start)
	o.mu.Lock()
	o.waits = true // the pacing goroutine is not told
	o.pacer.SetRate(int64(bwe.Least), false, at)
	o.mu.Unlock()
	b := v.tr.Batch()
	defer b.Send()
	for i := range 12 {
		if err := v.seat.Write(b, Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: uint16(i), Payload: make([]byte, 1100)}, now); err != nil {
			t.Fatal(err)
		}
	}
	waits := v.sub.Congestion().Waiting
	o.mu.Lock()
	o.probe = probe{rate: 2000 * bwe.Kbps, begun: at, until: at + time.Second, before: o.bytes}
	o.mu.Unlock()
	// 5000 bytes by then.
	lacking, more := o.drain(b, v.seat.conn, now.Add(20*time.Millisecond))
	if left := v.sub.Congestion().Waiting; waits-left < 5000 || waits-left > 6500 || lacking > 0 || !more {
		t.Errorf("of %d bytes %d still wait, and %d are asked for (%v)", waits, left, lacking, more)
	}
	lacking, _ = o.drain(b, v.seat.conn, now.Add(100*time.Millisecond))
	if left := v.sub.Congestion().Waiting; left != 0 || lacking < 10_000 {
		t.Errorf("%d bytes still wait, %d are asked for", left, lacking)
	}
}

// TestProbes: to try more, packets are asked for, sent at once, and told of.
func TestProbes(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s := v.ready()
	v.write(Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: 1, Payload: []byte("picture")})
	v.next()
	until(t, "the viewer has told of packets", func() bool { return v.sub.Congestion().Begun })
	asked, seq := make(chan int, 1000), uint16(0)
	v.fill.Store(func(b *Batch, bytes int, now time.Time) {
		asked <- bytes
		for ; bytes > 0; bytes -= 1000 {
			seq++
			if err := v.seat.Write(b, Packet{Probe: true, PayloadType: s.RTXPayloadType, SSRC: s.RTXSSRC, Seq: seq, Payload: make([]byte, 1000)}, now); err != nil {
				t.Error(err)
			}
		}
	})
	total := 0
	until(t, "a probe was filled", func() bool {
		// What it finds a busy machine can spoil: TestProbeFinds has a clock of its own.
		v.sub.Probe(2*v.sub.Congestion().Target, time.Now())
		for len(asked) > 0 {
			total += <-asked
		}
		return total > 5000
	})
}

// TestProbeFinds: packets that a probe sent, and that arrived as fast, raise the
// estimate; those that arrived no faster than before do not.
func TestProbeFinds(t *testing.T) {
	for _, tc := range []struct {
		name string
		take bwe.Bitrate // what the network takes
		more bool
	}{
		{"a network that takes more", 100_000 * bwe.Kbps, true},
		{"a network that does not", startRate, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const size, owd = 1000, 10 * time.Millisecond
			o := newOutgoing(nil)
			at := 10 * time.Second
			arrived := at // when the latest did
			send := func(n int, rate bwe.Bitrate) (first uint16, arrivals []time.Duration) {
				first = uint16(o.next)
				for range n {
					o.note(size, at)
					arrived = max(arrived, at+owd) + takes(size, tc.take)
					arrivals = append(arrivals, arrived)
					at += takes(size, rate)
				}
				return first, arrivals
			}
			hear := func(first uint16, arrivals []time.Duration) {
				if at = max(at, arrived+owd); !o.arrivals(tellTimes(t, first, arrivals), at) {
					t.Fatal("it is not understood")
				}
			}
			for range 20 {
				hear(send(5, startRate/2))
			}
			before := o.congestion.estimator.Target()
			p, ok := o.congestion.estimator.Probe(2*before, at)
			if !ok {
				t.Fatal("no probe")
			}
			hear(send(int(int64(p.Rate)*int64(p.Lasts)/int64(time.Second)/8/size)+1, p.Rate))
			if after := o.congestion.estimator.Target(); tc.more != (after > before*3/2) {
				t.Errorf("a probe at %d kbit/s for %v: from %d to %d kbit/s", p.Rate/bwe.Kbps, p.Lasts, before/bwe.Kbps, after/bwe.Kbps)
			}
		})
	}
}

// takes is the time of a packet at a rate.
func takes(size int, rate bwe.Bitrate) time.Duration {
	return time.Duration(int64(size) * 8 * int64(time.Second) / int64(rate))
}

// tell makes transport-wide feedback that these packets arrived, or not.
func tell(t testing.TB, base uint16, arrived ...bool) rtcpx.Packet {
	t.Helper()
	times := make([]time.Duration, len(arrived))
	at := time.Duration(0)
	for i, yes := range arrived {
		times[i] = -1
		if yes {
			at += 250 * time.Microsecond
			times[i] = at
		}
	}
	return tellTimes(t, base, times)
}

// tellTimes makes transport-wide feedback of when packets arrived; -1: not.
func tellTimes(t testing.TB, base uint16, arrivals []time.Duration) rtcpx.Packet {
	t.Helper()
	const unit, tick = 64 * time.Millisecond, 250 * time.Microsecond
	var at time.Duration // of the packet before, as the receiver tells it
	for _, a := range arrivals {
		if a >= 0 {
			at = a.Truncate(unit)
			break
		}
	}
	fb := &rtcp.TransportLayerCC{
		Header:             rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback},
		BaseSequenceNumber: base, PacketStatusCount: uint16(len(arrivals)), ReferenceTime: uint32(at / unit),
	}
	size := 20
	for _, a := range arrivals {
		chunk := &rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, RunLength: 1}
		if a >= 0 {
			delta := (a - at).Truncate(tick)
			at += delta
			chunk.PacketStatusSymbol = rtcp.TypeTCCPacketReceivedSmallDelta
			size++
			if delta > 255*tick {
				chunk.PacketStatusSymbol = rtcp.TypeTCCPacketReceivedLargeDelta
				size++
			}
			fb.RecvDeltas = append(fb.RecvDeltas, &rtcp.RecvDelta{Type: chunk.PacketStatusSymbol, Delta: delta.Microseconds()})
		}
		size += 2
		fb.PacketChunks = append(fb.PacketChunks, chunk)
	}
	fb.Header.Padding = size%4 != 0
	fb.Header.Length = uint16((size+3)/4 - 1)
	b, err := fb.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	p, _, ok := rtcpx.Next(b)
	if !ok {
		t.Fatal("no RTCP")
	}
	return p
}

// TestArrivals: each packet counts once; one that was said to be lost and came
// is late; those that a lost report had spoken of are unheard; what was never
// sent, or is long forgotten, is nothing.
func TestArrivals(t *testing.T) {
	o := newOutgoing(nil)
	at := 10 * time.Second
	for i := range 30 {
		o.note(1000+i, at+time.Duration(i)*time.Millisecond)
	}
	hear := func(base uint16, arrived ...bool) []bwe.Ack {
		if !o.arrivals(tell(t, base, arrived...), 11*time.Second) {
			t.Fatal("it is not understood")
		}
		return o.acks
	}
	acks := hear(0, true, false, true)
	if len(acks) != 3 || acks[0].Sent != at || acks[0].Size != 1000 || acks[0].Lost || !acks[1].Lost || acks[2].Size != 1002 || acks[2].Arrived <= acks[0].Arrived {
		t.Errorf("three packets: %+v", acks)
	}
	if acks = hear(0, true, false, true); len(acks) != 0 {
		t.Errorf("the same once more: %+v", acks)
	}
	if acks = hear(1, true); len(acks) != 1 || !acks[0].Late || acks[0].Lost {
		t.Errorf("one that was lost: %+v", acks)
	}
	if acks = hear(6, true); len(acks) != 4 || !acks[0].Unheard || acks[0].Size != 1003 || !acks[2].Unheard || acks[3].Unheard {
		t.Errorf("behind a gap: %+v", acks)
	}
	for _, base := range []uint16{30, 1000, 40000, 65535} {
		if acks = hear(base, true); len(acks) != 0 {
			t.Errorf("number %d, which was not sent: %+v", base, acks)
		}
	}
	for i := range 3 * sentSize {
		o.note(500, at+time.Duration(i)*time.Millisecond)
	}
	if acks = hear(uint16(3*sentSize+30-sentSize-1), true); len(acks) != 0 {
		t.Errorf("long ago: %+v", acks)
	}
	if acks = hear(uint16(3*sentSize+29), true); len(acks) > sentSize || acks[len(acks)-1].Size != 500 {
		t.Errorf("the latest, behind more than is remembered: %d acks", len(acks))
	}
}

func TestClockStartsOver(t *testing.T) {
	const turn = 64 * time.Millisecond << 24
	var c clock
	last := time.Duration(0)
	for i, at := range []time.Duration{turn - 2*time.Second, turn - time.Second, time.Second, 2 * time.Second, turn - 3*time.Second, 3 * time.Second} {
		got := c.time(at)
		if i == 4 { // late
			if got >= last {
				t.Errorf("what is late is at %v", got)
			}
			continue
		}
		if i == 0 && got != clockMargin {
			t.Errorf("it begins at %v, whatever the receiver's clock was", got)
		}
		if got <= last {
			t.Errorf("step %d is at %v, after %v", i, got, last)
		}
		last = got
	}
}

// TestSoundGoesTwice: where packets are lost, and there is room, each packet of
// sound goes once more after the next, byte for byte; pictures never do.
func TestSoundGoesTwice(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s, o, seq := v.ready(), v.sub.conn.out, uint16(0)
	now := time.Now()
	// come writes packets and returns the numbers of those that come of them, in order.
	come := func(packets, want int) (numbers []uint16) {
		t.Helper()
		b := v.tr.Batch()
		for range packets {
			if err := v.seat.Write(b, Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: seq, Payload: []byte("a sound that lasts 20 ms")}, now); err != nil {
				t.Fatal(err)
			}
			seq++
		}
		b.Send()
		var got [][]byte
		until(t, "packets have come", func() bool {
			got = append(got, v.socket.media()...)
			return len(got) >= want
		})
		first := map[uint16][]byte{}
		for _, p := range got {
			n := binary.BigEndian.Uint16(p[2:])
			if numbers = append(numbers, n); first[n] == nil {
				first[n] = p
			} else if !bytes.Equal(first[n], p) {
				t.Fatalf("packet %d came as two different ones: a nonce was used twice", n)
			}
		}
		return numbers
	}
	want := func(when string, got []uint16, want ...uint16) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: packets %v have come, want %v", when, got, want)
		}
	}
	o.setPace(judgement{target: startRate, loss: 0.1}, now.Sub(o.start))
	want("pictures", come(3, 3), 0, 1, 2)
	o.mu.Lock()
	v.seat.video, o.twice = false, 0 // nobody else looks at it
	o.mu.Unlock()
	o.setPace(judgement{target: startRate, loss: lossFrom * 0.9}, now.Sub(o.start))
	want("little is lost", come(3, 3), 3, 4, 5)
	o.setPace(judgement{target: leastForTwice - 1, loss: 0.5}, now.Sub(o.start))
	want("there is no room", come(3, 3), 6, 7, 8)
	o.setPace(judgement{target: startRate, loss: lossFrom}, now.Sub(o.start))
	want("packets are lost", come(3, 5), 9, 10, 9, 11, 10)
	o.mu.Lock()
	for n, twice := range map[uint64]bool{1<<16 + 8: false, 1<<16 + 9: true, 1<<16 + 10: true, 1<<16 + 11: false} {
		if o.place(n).twice != twice {
			t.Errorf("packet %d is noted to have gone twice: %v", n-1<<16, !twice)
		}
	}
	o.mu.Unlock()
	now = now.Add(twiceFor)
	want("long after a loss", come(3, 3), 12, 13, 14)
}
