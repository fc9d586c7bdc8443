package rtcpx

import (
	"slices"
	"testing"

	"github.com/pion/rtcp"
)

func marshal(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// said is what is read of a compound packet.
type said struct {
	keyFrames []uint32
	missing   map[uint32][]uint16
}

func read(b []byte) said {
	s := said{missing: map[uint32][]uint16{}}
	for {
		p, rest, ok := Next(b)
		if !ok {
			return s
		}
		p.KeyFrame(func(ssrc uint32) { s.keyFrames = append(s.keyFrames, ssrc) })
		if ssrc, missing, ok := p.Missing(make([]uint16, 0, 64)); ok {
			s.missing[ssrc] = append(s.missing[ssrc], missing...)
		}
		b = rest
	}
}

var compound = []rtcp.Packet{
	&rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 7, FractionLost: 3}, {SSRC: 8}}},
	&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 7},
	&rtcp.FullIntraRequest{SenderSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 8, SequenceNumber: 3}, {SSRC: 9}}},
	&rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 65534, LostPackets: 0x8003}, {PacketID: 30}}},
	&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{7}},
	&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: 1, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "x"}}}}},
}

func TestCompound(t *testing.T) {
	got := read(marshal(t, compound...))
	if !slices.Equal(got.keyFrames, []uint32{7, 8, 9}) || len(got.missing) != 1 || !slices.Equal(got.missing[7], []uint16{65534, 65535, 0, 14, 30}) {
		t.Errorf("read %+v", got)
	}
}

// What is cut off says what its whole parts say, and nothing is read behind it.
func TestTruncated(t *testing.T) {
	b := marshal(t, compound...)
	whole := read(b)
	for n := range b {
		got := read(b[:n:n])
		if len(got.keyFrames) > len(whole.keyFrames) || len(got.missing[7]) > len(whole.missing[7]) {
			t.Fatalf("%d bytes say %+v", n, got)
		}
	}
}

func TestMoreMissingThanRoom(t *testing.T) {
	p, _, ok := Next(marshal(t, &rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xffff}, {PacketID: 100}}}))
	if !ok {
		t.Fatal("refused")
	}
	if _, missing, _ := p.Missing(make([]uint16, 0, 5)); !slices.Equal(missing, []uint16{1, 2, 3, 4, 5}) {
		t.Errorf("missing %v", missing)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	b := marshal(t, compound...)
	room := make([]uint16, 0, 64)
	keys := 0
	count := func(uint32) { keys++ }
	if n := testing.AllocsPerRun(100, func() {
		for p, rest, ok := Next(b); ok; p, rest, ok = Next(rest) {
			p.KeyFrame(count)
			p.Missing(room)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzNext holds what is read to what another reader says.
func FuzzNext(f *testing.F) {
	f.Add(marshal(f, compound...))
	for _, p := range compound {
		f.Add(marshal(f, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := read(b)
		packets, err := rtcp.Unmarshal(b)
		if err != nil {
			return // stricter elsewhere
		}
		var want said
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.PictureLossIndication:
				want.keyFrames = append(want.keyFrames, p.MediaSSRC)
			case *rtcp.FullIntraRequest:
				for _, e := range p.FIR {
					want.keyFrames = append(want.keyFrames, e.SSRC)
				}
			}
		}
		for _, ssrc := range got.keyFrames {
			if !slices.Contains(want.keyFrames, ssrc) {
				t.Fatalf("%x: key frames of %v, another reader says %v", b, got.keyFrames, want.keyFrames)
			}
		}
	})
}
