package transport

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/ccfb"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/bwe"
	"incamera/sfu/transport/rtcpx"
)

// offerReports has an offer offer feedback of RFC 8888.
func offerReports(offer string) string {
	return strings.ReplaceAll(offer, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-fb:* ack ccfb\r\n")
}

// watchReporting connects a viewer that tells of each packet by streams, though it could
// by transport-wide numbers.
func watchReporting(t testing.TB, tr *Transport) *viewer {
	t.Helper()
	v := watchAs(t, tr, offerReports, func(me *webrtc.MediaEngine, registry *interceptor.Registry) error {
		if err := agreeToTell(me); err != nil {
			return err
		}
		sender, err := ccfb.NewSenderInterceptor(ccfb.SendInterval(20 * time.Millisecond))
		registry.Add(sender)
		return err
	})
	if v.seat.wide.Load() != unnumbered || !v.sub.Congestion().Bounded {
		t.Fatal("it was not agreed to tell of packets")
	}
	return v
}

// TestTellsByStreams: packets carry no extension, and what another implementation says
// of them is understood, of retransmissions and probes, too.
func TestTellsByStreams(t *testing.T) {
	tr := openTransport(t, 15*time.Second)
	v := watchReporting(t, tr)
	s, o := v.ready(), v.sub.conn.out
	if s.RTXSSRC == 0 {
		t.Fatal("no retransmissions were agreed to")
	}
	for i := range 40 {
		v.write(Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: uint16(65_520 + i), Payload: []byte("picture")})
		if p := v.next(); !bytes.Equal(p.Payload, []byte("picture")) || p.Extension {
			t.Fatalf("packet %d arrived as %+v", i, p)
		}
	}
	for i := range 40 { // of what it has
		v.write(Packet{PayloadType: s.RTXPayloadType, SSRC: s.RTXSSRC, Seq: uint16(i), Probe: i%2 == 0, Payload: []byte{0, byte(i), 'p'}})
	}
	until(t, "the viewer has told of all packets", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		told := 0
		for n := uint64(1 << 16); n < o.next; n++ {
			if o.place(n).state == arrived {
				told++
			}
		}
		return told == 80
	})
	if c := v.sub.Congestion(); !c.Begun || c.Loss != 0 || c.RTT <= 0 || c.RTT > patience {
		t.Errorf("what it told is understood as %+v", c)
	}
	if told := tr.Told(); told.Streams == 0 || told.Numbers != 0 || told.Estimates != 0 {
		t.Errorf("it was told %+v", told)
	}
}

// TestOffersAgain: who offers reports later is sent no numbers from then on, and what it
// says in another way than was agreed to says nothing.
func TestOffersAgain(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s, o, seq := v.ready(), v.sub.conn.out, uint16(0)
	later := func() time.Duration { return time.Since(o.start) + time.Second }
	numbered := func() bool {
		seq++
		v.write(Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: seq, Payload: []byte("picture")})
		return v.next().Extension
	}
	report := func() bool {
		v.sub.conn.reading.Lock()
		defer v.sub.conn.reading.Unlock()
		return o.report(reportOf(t, later(), said{s.SSRC, seq, []time.Duration{0}}), later())
	}
	if !numbered() {
		t.Error("a packet has no number")
	}
	if report() {
		t.Error("a report is taken before that was agreed to")
	}
	v.offer(nil, offerReports)
	if numbered() {
		t.Error("a packet has a number")
	}
	if !report() {
		t.Error("a report is not taken")
	}
	v.sub.conn.reading.Lock()
	if o.arrivals(tell(t, uint16(o.next)-1, true), later()) {
		t.Error("transport-wide feedback is taken that was not agreed to")
	}
	v.sub.conn.reading.Unlock()
	v.offer(nil, nil)
	if numbered() || report() {
		t.Error("nothing is agreed to, and a packet has a number, or a report is taken")
	}
}

// said is what a report says of one.
type said struct {
	ssrc  uint32
	first uint16
	ago   []time.Duration // how long before the report packets arrived; gone: they have not
}

const gone time.Duration = -1

// reportOf makes feedback of RFC 8888, made at that time of the receiver's clock.
func reportOf(t testing.TB, at time.Duration, about ...said) rtcpx.Packet {
	t.Helper()
	fb := &rtcp.CCFeedbackReport{SenderSSRC: 1, ReportTimestamp: uint32(at << 16 / time.Second)}
	for _, s := range about {
		b := rtcp.CCFeedbackReportBlock{MediaSSRC: s.ssrc, BeginSequence: s.first}
		for _, ago := range s.ago {
			b.MetricBlocks = append(b.MetricBlocks, rtcp.CCFeedbackMetricBlock{Received: ago != gone, ArrivalTimeOffset: uint16(max(0, ago) << 10 / time.Second)})
		}
		fb.ReportBlocks = append(fb.ReportBlocks, b)
	}
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

// reporting is a connection whose subscriber tells by streams.
func reporting() *outgoing {
	o := newOutgoing(nil)
	o.expect(streams, o.start)
	return o
}

func (o *outgoing) sends(ssrc uint32, seq uint16, size int, at time.Duration) {
	o.note(size, at)
	o.name(ssrc, seq)
}

// TestReports: each packet counts once, in the order of sending whatever its stream; one
// that was said to be lost and came is late; those that a lost report had spoken of are
// unheard, and stay so.
func TestReports(t *testing.T) {
	const ms = time.Millisecond
	o, at := reporting(), 10*time.Second
	for i := range 20 { // two streams in turns, numbers that start over
		o.sends(7, uint16(65_530+i), 1000+i, at+time.Duration(2*i)*ms)
		o.sends(8, uint16(i), 2000+i, at+time.Duration(2*i+1)*ms)
	}
	hear := func(after time.Duration, about ...said) []bwe.Ack {
		t.Helper()
		if now := at + after; !o.report(reportOf(t, time.Hour+now, about...), now) {
			t.Fatal("it is not understood")
		}
		return o.acks
	}
	acks := hear(100*ms, said{8, 0, []time.Duration{60 * ms, gone}}, said{7, 65_530, []time.Duration{61 * ms, gone, 50 * ms}})
	if len(acks) != 5 {
		t.Fatalf("five packets: %+v", acks)
	}
	for i, want := range []struct {
		size int
		sent time.Duration
		lost bool
	}{{1000, 0, false}, {2000, ms, false}, {1001, 2 * ms, true}, {2001, 3 * ms, true}, {1002, 4 * ms, false}} {
		if a := acks[i]; a.Size != want.size || a.Sent != at+want.sent || a.Lost != want.lost || a.Unheard || a.Late || a.Arrived%arrivalTick != 0 {
			t.Errorf("packet %d: %+v, want %+v", i, a, want)
		}
	}
	if first, last := acks[0].Arrived, acks[4].Arrived; last-first < 10*ms || last-first > 12*ms {
		t.Errorf("they arrived at %v and at %v", first, last)
	}
	if acks = hear(110*ms, said{7, 65_530, []time.Duration{71 * ms, gone, 60 * ms}}); len(acks) != 0 {
		t.Errorf("the same once more: %+v", acks)
	}
	if acks = hear(120*ms, said{7, 65_531, []time.Duration{30 * ms}}); len(acks) != 1 || !acks[0].Late || acks[0].Lost || acks[0].Size != 1001 {
		t.Errorf("one that was lost: %+v", acks)
	}
	if acks = hear(130*ms, said{7, 1, []time.Duration{10 * ms}}); len(acks) != 5 || !acks[0].Unheard || acks[0].Size != 1003 || !acks[3].Unheard || acks[4].Unheard || acks[4].Size != 1007 {
		t.Errorf("behind a gap: %+v", acks)
	}
	if acks = hear(140*ms, said{7, 65_533, []time.Duration{90 * ms, gone}}, said{7, 1, []time.Duration{20 * ms}}); len(acks) != 0 {
		t.Errorf("what was skipped, and the same again: %+v", acks)
	}
	o.twice = time.Hour
	o.place(o.next - 1).twice = true
	if acks = hear(150*ms, said{8, 19, []time.Duration{0}}); len(acks) != 18 || !acks[17].Twice || acks[16].Twice {
		t.Errorf("one that went twice, behind a gap: %+v", acks)
	}
}

// What a network is held to take, and all that is known of it.
type known struct {
	target, acked bwe.Bitrate
	cause         bwe.Cause
	loss          float64
	queue, rtt    time.Duration
	begun         bool
}

func (o *outgoing) known() known {
	e := o.congestion.estimator
	return known{e.Target(), e.Acked(), e.Cause(), e.LossShare(), e.QueueDelay(), e.RTT(), e.Begun()}
}

// TestForgedReports: what is malformed, or says what cannot be, moves no estimate and
// takes nothing from what is said of the same packets later.
func TestForgedReports(t *testing.T) {
	const ms = time.Millisecond
	fine := said{7, 100, []time.Duration{20 * ms, gone, 10 * ms}}
	forge := map[string]func(o *outgoing, clock time.Duration) rtcpx.Packet{
		"an unknown stream": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{9, 100, []time.Duration{0, gone, 0}})
		},
		"no stream": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{0, 0, []time.Duration{0, gone, 0}})
		},
		"another stream's numbers": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{8, 100, []time.Duration{0, gone, 0}})
		},
		"numbers never sent": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{7, 5000, []time.Duration{0, gone, 0}})
		},
		"numbers to come": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{7, 200, []time.Duration{0, gone, 0}})
		},
		"numbers long forgotten": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{8, 10_000, []time.Duration{0, gone, 0}})
		},
		"arrivals before sending": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{7, 100, []time.Duration{150 * ms, 7 * time.Second, 1000 * ms}})
		},
		"times that run back": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock-200*ms, fine)
		},
		"times that run far back": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock-3*time.Hour, fine)
		},
		"a cut one": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			p := reportOf(t, clock, fine)
			p.Body = p.Body[:len(p.Body)-4]
			return p
		},
		"one of more than it has": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			p := reportOf(t, clock, fine)
			p.Body[10] = 1
			return p
		},
		"one that is too long": func(_ *outgoing, clock time.Duration) rtcpx.Packet {
			return reportOf(t, clock, said{7, 100, make([]time.Duration, 4098)})
		},
		"the other way of telling": func(o *outgoing, clock time.Duration) rtcpx.Packet {
			return tell(t, uint16(o.next)-3, true, false, true)
		},
	}
	for what, f := range forge {
		t.Run(what, func(t *testing.T) {
			o, now := reporting(), 10*time.Second
			clock := func() time.Duration { return now + 5*time.Hour }
			for i := range sentSize { // will be forgotten
				o.sends(8, uint16(10_000+i), 500, now)
			}
			seq := uint16(0)
			for range 50 { // a network that is known
				for range 2 {
					o.sends(7, seq, 1000, now)
					seq++
					now += 10 * ms
				}
				if !o.report(reportOf(t, clock(), said{7, seq - 2, []time.Duration{15 * ms, 5 * ms}}), now) {
					t.Fatal("a good report is not understood")
				}
				o.observe(now)
			}
			for i := range sentSize { // so that many are forgotten
				o.sends(6, uint16(i), 500, now)
			}
			for range 3 {
				o.sends(7, seq, 1000, now)
				seq++
				now += 10 * ms
			}
			if seq != 103 {
				t.Fatalf("the numbers go to %d", seq)
			}
			before := o.known()
			if !before.begun || before.target <= 0 || before.acked <= 0 {
				t.Fatalf("the network is not known: %+v", before)
			}
			now += 20 * ms
			p := f(o, clock())
			if o.hears(p, o.start.Add(now)); len(o.acks) != 0 && o.known() != before {
				t.Errorf("it says something of %d packets", len(o.acks))
			}
			if after := o.known(); after != before {
				t.Errorf("the estimate moves from %+v to %+v", before, after)
			}
			now += 20 * ms
			if o.hears(reportOf(t, clock(), fine), o.start.Add(now)) != streams || len(o.acks) != 3 {
				t.Errorf("then something is said of %d packets, want 3", len(o.acks))
			}
		})
	}
}

// TestReportClock: times go on where a receiver's start over, where its clock is set, and
// do not run back.
func TestReportClock(t *testing.T) {
	const s = time.Second
	var c reportClock
	last := time.Duration(0)
	for i, step := range []struct {
		made, now, told time.Duration // told is since the step before; -1: not
	}{
		{rtcpx.ReportTurn - s, 10 * s, clockMargin},
		{rtcpx.ReportTurn - s/2, 10*s + s/2, s / 2},
		{s / 2, 11*s + s/2, s},           // it starts over
		{s / 4, 11*s + s*3/4, gone},      // one that was overtaken
		{s / 2, 11*s + s*3/4, 0},         // one of the same time
		{s * 3 / 2, 13 * s, s},           // one that was held up
		{30 * s, 14 * s, s},              // its clock was set forward
		{2 * s, 15 * s, gone},            // and back
		{3 * s, 15*s + s*9/10, gone},     // ...
		{5 * s, 16*s + s/2, 2*s + s/2},   // another clock
		{6 * s, 17*s + s/2, s},           // goes on
		{3*3600*s + 6*s, 18*s + s/2, s},  // set forward by much
		{40_000 * s, 60 * s, 41*s + s/2}, // and again
	} {
		told, ok := c.time(step.made, step.now)
		if ok != (step.told != gone) || ok && told-last != step.told {
			t.Fatalf("step %d: %v is told as %v later (%v), want %v", i, step.made, told-last, ok, step.told)
		}
		if ok {
			last = told
		}
	}
}

// TestReportsAllocateNothing, once there is memory for the largest.
func TestReportsAllocateNothing(t *testing.T) {
	o, now, seq := reporting(), 10*time.Second, uint16(0)
	about := []said{{7, 0, make([]time.Duration, 40)}, {8, 0, make([]time.Duration, 40)}}
	hear := func() {
		for range 40 {
			o.sends(7, seq, 1000, now)
			o.sends(8, seq, 1000, now)
			seq++
		}
		now += 50 * time.Millisecond
		for i := range about {
			about[i].first = seq - 40
		}
	}
	var parts []rtcpx.Packet
	var times []time.Duration
	for range 64 { // made before, as another implementation makes them
		hear()
		parts, times = append(parts, reportOf(t, now, about...)), append(times, now)
	}
	o, now, seq = reporting(), 10*time.Second, 0
	i, total := 0, 0
	one := func() {
		hear()
		if now != times[i] || !o.report(parts[i], now) {
			t.Fatal("it is not understood")
		}
		total += len(o.acks)
		i++
	}
	for i < 32 {
		one()
	}
	if n := testing.AllocsPerRun(30, one); n != 0 || total < 60*80 {
		t.Errorf("%.0f allocations for each report, of %d packets in all", n, total)
	}
}

// FuzzReport: whatever a report says, no packet counts twice, none that was not sent, and
// each as it was sent.
func FuzzReport(f *testing.F) {
	good := reportOf(f, 9*time.Second, said{7, 0, make([]time.Duration, 20)}, said{8, 5, []time.Duration{gone, 0}})
	f.Add(good.Body, good.Body)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		o, rng := reporting(), rand.New(rand.NewPCG(1, uint64(len(first))))
		for i := range 100 {
			o.sends(7+uint32(rng.IntN(2)), uint16(i), 100+i, 10*time.Second+time.Duration(i)*time.Millisecond)
		}
		counted := map[int]int{}
		for _, body := range [][]byte{first, second} {
			p := rtcpx.Packet{Type: good.Type, Count: good.Count, Body: body}
			if o.hears(p, o.start.Add(11*time.Second)) != streams {
				continue
			}
			last := time.Duration(0)
			for _, a := range o.acks {
				i := a.Size - 100
				if a.Sent < last || a.Sent != 10*time.Second+time.Duration(i)*time.Millisecond || !a.Lost && !a.Unheard && (a.Arrived <= 0 || a.Arrived%arrivalTick != 0) {
					t.Fatalf("%+v", a)
				}
				last = a.Sent
				if !a.Late {
					counted[i]++
				}
				if counted[i] != 1 {
					t.Fatalf("packet %d counts %d times", i, counted[i])
				}
			}
		}
	})
}
