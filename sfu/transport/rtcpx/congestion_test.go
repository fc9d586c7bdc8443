package rtcpx

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// heard reads the transport-wide feedback that b is.
func heard(t testing.TB, b []byte) (all []Arrival, base uint16, count uint8, ok bool) {
	t.Helper()
	p, _, ok := Next(b)
	if !ok {
		t.Fatal("no RTCP")
	}
	base, count, ok = p.Arrivals(func(a Arrival) { all = append(all, a) })
	return all, base, count, ok
}

// wide is feedback with each kind of chunk: 3 that arrived, a run of 20 that
// did not, 14 of which every other arrived, 7 with all kinds of deltas.
var wide = &rtcp.TransportLayerCC{
	Header:     rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 10, Padding: true},
	SenderSSRC: 1, MediaSSRC: 2, BaseSequenceNumber: 65530, PacketStatusCount: 43, ReferenceTime: 1000, FbPktCount: 7,
	PacketChunks: []rtcp.PacketStatusChunk{
		&rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 3},
		&rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, PacketStatusSymbol: rtcp.TypeTCCPacketNotReceived, RunLength: 20},
		&rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeOneBit, SymbolList: []uint16{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}},
		&rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit, SymbolList: []uint16{2, 0, 1, 1, 0, 1, 0}},
	},
	RecvDeltas: []*rtcp.RecvDelta{
		{Type: 1, Delta: 0},
		{Type: 1, Delta: 250},
		{Type: 1, Delta: 63750},
		{Type: 1, Delta: 1000},
		{Type: 1, Delta: 1000},
		{Type: 1, Delta: 1000},
		{Type: 1, Delta: 1000},
		{Type: 1, Delta: 1000},
		{Type: 1, Delta: 1000},
		{Type: 1, Delta: 1000},
		{Type: 2, Delta: -5000},
		{Type: 1, Delta: 250},
		{Type: 1, Delta: 250},
		{Type: 1, Delta: 250},
	},
}

func TestArrivals(t *testing.T) {
	got, base, count, ok := heard(t, marshal(t, wide))
	if !ok || base != 65530 || count != 7 || len(got) != 44-1 {
		t.Fatalf("%d packets from %d, count %d, %v", len(got), base, count, ok)
	}
	const start = 1000 * 64 * time.Millisecond
	for i, want := range map[int]Arrival{
		0:  {Seq: 65530, Received: true, At: start},
		2:  {Seq: 65532, Received: true, At: start + 64*time.Millisecond},
		3:  {Seq: 65533},
		6:  {Seq: 0},
		22: {Seq: 16},
		23: {Seq: 17, Received: true, At: start + 65*time.Millisecond},
		24: {Seq: 18},
		37: {Seq: 31, Received: true, At: start + 66*time.Millisecond},
		39: {Seq: 33, Received: true, At: start + 66250*time.Microsecond},
		42: {Seq: 36, Received: true, At: start + 66750*time.Microsecond},
	} {
		if i >= len(got) || got[i] != want {
			t.Errorf("packet %d: %+v, want %+v", i, got[min(i, len(got)-1)], want)
		}
	}
}

// What is cut off, or speaks of too much, says nothing.
func TestArrivalsRefused(t *testing.T) {
	whole := marshal(t, wide)
	p, _, _ := Next(whole)
	for n := range 16 + 8 + 15 {
		cut := Packet{p.Type, p.Count, p.Body[:n]}
		if _, _, ok := cut.Arrivals(func(Arrival) { t.Errorf("%d bytes say something", n) }); ok {
			t.Errorf("%d bytes are taken", n)
		}
	}
	change := func(what string, f func(body []byte)) {
		b := slices.Clone(p.Body)
		f(b)
		if _, _, ok := (Packet{p.Type, p.Count, b}).Arrivals(func(Arrival) { t.Errorf("%s says something", what) }); ok {
			t.Errorf("%s is taken", what)
		}
	}
	change("no packet", func(b []byte) { b[10], b[11] = 0, 0 })
	change("a reserved symbol", func(b []byte) { b[16] |= 0x60 })
	change("more than is described", func(b []byte) { b[11] = 200 })
	change("a flood", func(b []byte) { b[10], b[16], b[17] = 0x1f, 0x1f, 0xff })
}

// fb is feedback of RFC 8888 on two streams.
func fb(t testing.TB) []byte {
	return marshal(t, &rtcp.CCFeedbackReport{
		SenderSSRC: 1,
		ReportBlocks: []rtcp.CCFeedbackReportBlock{
			{MediaSSRC: 7, BeginSequence: 65535, MetricBlocks: []rtcp.CCFeedbackMetricBlock{
				{Received: true, ArrivalTimeOffset: 1024}, {}, {Received: true, ArrivalTimeOffset: 0},
			}},
			{MediaSSRC: 8, BeginSequence: 5, MetricBlocks: []rtcp.CCFeedbackMetricBlock{
				{Received: true, ArrivalTimeOffset: 0x1ffe}, {Received: true, ArrivalTimeOffset: 512},
			}},
		},
		ReportTimestamp: 10 << 16,
	})
}

func TestCongestion(t *testing.T) {
	p, _, _ := Next(fb(t))
	var got []Arrival
	r, ok := p.Congestion()
	r.Arrivals(func(a Arrival) { got = append(got, a) })
	want := []Arrival{
		{SSRC: 7, Seq: 65535, Received: true, At: 9 * time.Second},
		{SSRC: 7, Seq: 0},
		{SSRC: 7, Seq: 1, Received: true, At: 10 * time.Second},
		// The fourth arrived too long ago to say when.
		{SSRC: 8, Seq: 6, Received: true, At: 9500 * time.Millisecond},
	}
	if !ok || !slices.Equal(got, want) || r.At != 10*time.Second {
		t.Errorf("%+v at %v, %v", got, r.At, ok)
	}
}

// What is cut off, or speaks of too much, says nothing.
func TestCongestionRefused(t *testing.T) {
	p, _, _ := Next(fb(t))
	for n := range len(p.Body) {
		// Cut behind a whole block it is a report of less, with another time.
		if cut := (Packet{p.Type, p.Count, p.Body[:n]}); n != 8 && n != 24 {
			if r, ok := cut.Congestion(); ok {
				t.Errorf("%d bytes are taken", n)
				r.Arrivals(func(Arrival) { t.Errorf("%d bytes say something", n) })
			}
		}
	}
	refused := func(what string, b []byte) {
		if _, ok := (Packet{p.Type, p.Count, b}).Congestion(); ok {
			t.Errorf("%s is taken", what)
		}
	}
	more := slices.Clone(p.Body)
	more[11]++
	more[11]++
	refused("more than is described", more)
	flood := make([]byte, 4+8+2*(maxStatuses+2)+4)
	flood[10], flood[11] = (maxStatuses+1)>>8, (maxStatuses+1)&0xff
	refused("a flood", flood)
	var many []byte // the same in blocks of 8
	for range maxStatuses/8 + 1 {
		many = append(many, append([]byte{0, 0, 0, 1, 0, 0, 0, 8}, make([]byte, 16)...)...)
	}
	refused("a flood of blocks", slices.Concat(make([]byte, 4), many, make([]byte, 4)))
	if _, ok := (Packet{p.Type, transportWide, p.Body}).Congestion(); ok {
		t.Error("another format is taken")
	}
}

func TestREMB(t *testing.T) {
	for _, bitrate := range []float32{0, 1e5, 1.5e6, 1e9} {
		p, _, _ := Next(marshal(t, &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: bitrate, SSRCs: []uint32{7}}))
		got, ok := p.REMB()
		if !ok || float32(got) < bitrate*0.999 || float32(got) > bitrate*1.001 {
			t.Errorf("%.0f is read as %d, %v", bitrate, got, ok)
		}
	}
	p, _, _ := Next(marshal(t, compound[1]))
	if _, ok := p.REMB(); ok {
		t.Error("a PLI is an estimate")
	}
}

func TestCongestionAllocatesNothing(t *testing.T) {
	b, sum := marshal(t, wide), time.Duration(0)
	c := fb(t)
	if n := testing.AllocsPerRun(100, func() {
		p, _, _ := Next(b)
		_, _, _ = p.Arrivals(func(a Arrival) { sum += a.At })
		p, _, _ = Next(c)
		r, _ := p.Congestion()
		r.Arrivals(func(a Arrival) { sum += a.At })
		_, _ = p.REMB()
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// FuzzArrivals: what we take another reader takes, too, and reads the same.
func FuzzArrivals(f *testing.F) {
	f.Add(marshal(f, wide))
	f.Add(fb(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, ok := Next(b)
		if !ok {
			return
		}
		sameReport(t, b[:len(b)-len(rest)], p)
		var got []Arrival
		_, _, ok = p.Arrivals(func(a Arrival) { got = append(got, a) })
		if !ok {
			if len(got) > 0 {
				t.Fatal("it says something, and is not taken")
			}
			return
		}
		var want rtcp.TransportLayerCC
		if want.Unmarshal(b[:len(b)-len(rest)]) != nil {
			return // it is stricter about padding and what follows the last delta
		}
		if len(got) != int(want.PacketStatusCount) {
			t.Fatalf("%d packets, want %d", len(got), want.PacketStatusCount)
		}
		at, n := time.Duration(want.ReferenceTime)*64*time.Millisecond, 0
		for i, a := range got {
			if a.Seq != want.BaseSequenceNumber+uint16(i) {
				t.Fatalf("packet %d has number %d", i, a.Seq)
			}
			if !a.Received {
				continue
			}
			if n == len(want.RecvDeltas) {
				t.Fatal("more arrived than another reader reads")
			}
			if at += time.Duration(want.RecvDeltas[n].Delta) * time.Microsecond; a.At != at {
				t.Fatalf("packet %d came at %v, want %v", i, a.At, at)
			}
			n++
		}
		if n != len(want.RecvDeltas) {
			t.Fatalf("%d arrived, want %d", n, len(want.RecvDeltas))
		}
	})
}

// sameReport fails unless another reader reads the same of a report, if the part is
// one.
func sameReport(t *testing.T, b []byte, p Packet) {
	t.Helper()
	r, ok := p.Congestion()
	if !ok || b[0]&0x20 != 0 { // it knows no padding
		return
	}
	var got []Arrival
	r.Arrivals(func(a Arrival) { got = append(got, a) })
	var other rtcp.CCFeedbackReport
	if err := other.Unmarshal(b); err != nil {
		t.Fatalf("another reader refuses it: %v", err)
	}
	var want []Arrival
	for _, block := range other.ReportBlocks {
		for i, m := range block.MetricBlocks {
			a := Arrival{SSRC: block.MediaSSRC, Seq: block.BeginSequence + uint16(i), Received: m.Received}
			if m.Received {
				a.At = r.At - time.Duration(m.ArrivalTimeOffset)*time.Second>>10
			}
			if !m.Received || m.ArrivalTimeOffset < 0x1ffe {
				want = append(want, a)
			}
		}
	}
	if !slices.Equal(got, want) || uint64(r.At) != uint64(other.ReportTimestamp)*uint64(time.Second)>>16 {
		t.Fatalf("it says %+v at %v, to another reader %+v at %d", got, r.At, want, other.ReportTimestamp)
	}
}
