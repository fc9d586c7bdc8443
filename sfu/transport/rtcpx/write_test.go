package rtcpx

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// What is written another implementation reads as it was meant.
func TestOthersReadWhatIsWritten(t *testing.T) {
	b := AppendReceiverReport(nil, 1, []Block{{7, 128, -2, 70_000, 9, 10, 11}, {SSRC: 8, Lost: 1 << 30}})
	b = AppendSenderReport(b, SenderReport{2, 1 << 40, 3, 4, 5})
	b = AppendKeyFrameRequest(b, 1, 7)
	b = AppendMissing(b, 1, 7, []uint16{65_534, 65_535, 0, 14, 15, 16, 400})
	got, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	want := []rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: 1, ProfileExtensions: []byte{}, Reports: []rtcp.ReceptionReport{
			{SSRC: 7, FractionLost: 128, TotalLost: 0xff_fffe, LastSequenceNumber: 70_000, Jitter: 9, LastSenderReport: 10, Delay: 11},
			{SSRC: 8, TotalLost: 0x7f_ffff},
		}},
		&rtcp.SenderReport{SSRC: 2, NTPTime: 1 << 40, RTPTime: 3, PacketCount: 4, OctetCount: 5},
		&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 7},
		&rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: 65_534, LostPackets: 0x8003}, {PacketID: 15, LostPackets: 1}, {PacketID: 400}}},
	}
	if len(got) != len(want) {
		t.Fatalf("%d parts are read, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("part %d is read as %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestSenderReport(t *testing.T) {
	want := SenderReport{SSRC: 2, NTP: 1 << 40, RTP: 3}
	p, _, _ := Next(AppendSenderReport(nil, want))
	if got, ok := p.SenderReport(); !ok || got != want {
		t.Errorf("read %+v (%v), want %+v", got, ok, want)
	}
	p.Body = p.Body[:23]
	if _, ok := p.SenderReport(); ok {
		t.Error("one that is cut off is read")
	}
}

// arrivals are of a network with loss, late packets and pauses.
func arrivals(rng *rand.Rand, n int) (out []time.Duration) {
	at := time.Duration(rng.Int64N(int64(time.Hour)))
	loss := rng.IntN(100)
	for range n {
		switch rng.IntN(50) {
		case 0:
			at += time.Duration(rng.Int64N(int64(2 * time.Second)))
		case 1:
			at = max(0, at-time.Duration(rng.Int64N(int64(100*time.Millisecond))))
		default:
			at += time.Duration(rng.Int64N(int64(3 * time.Millisecond)))
		}
		if rng.IntN(100) < loss {
			out = append(out, Lost)
		} else {
			out = append(out, at)
		}
	}
	return out
}

// What is written of arrivals both we and another implementation read again.
func TestArrivalsAreReadAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		all := arrivals(rng, 1+rng.IntN(600))
		if !slices.ContainsFunc(all[:min(len(all), MaxArrivals)], func(a time.Duration) bool { return a != Lost }) {
			continue
		}
		base := uint16(rng.Uint32())
		b, told := AppendArrivals(nil, 1, 2, base, 9, all)
		if told == 0 || len(b) > 1200 || len(b)%4 != 0 {
			t.Fatalf("round %d: %d of %d are told in %d bytes", round, told, len(all), len(b))
		}
		p, rest, ok := Next(b)
		if !ok || len(rest) > 0 {
			t.Fatalf("round %d: no whole part", round)
		}
		i := 0
		gotBase, count, ok := p.Arrivals(func(a Arrival) {
			if a.Seq != base+uint16(i) || a.Received != (all[i] != Lost) || a.Received && a.At/tick != all[i]/tick {
				t.Fatalf("round %d: packet %d of %d is told as %+v, want %v", round, i, told, a, all[i])
			}
			i++
		})
		if !ok || gotBase != base || count != 9 || i != told {
			t.Fatalf("round %d: base %d, count %d, %d packets (%v), want %d, 9, %d", round, gotBase, count, i, ok, base, told)
		}
		var other rtcp.TransportLayerCC
		if err := other.Unmarshal(b); err != nil || other.PacketStatusCount != uint16(told) {
			t.Fatalf("round %d: another implementation reads %d packets (%v), want %d", round, other.PacketStatusCount, err, told)
		}
	}
}

func TestArrivalsThatCannotBeTold(t *testing.T) {
	if b, told := AppendArrivals(nil, 1, 2, 3, 4, []time.Duration{Lost, Lost}); told != 0 || len(b) > 0 {
		t.Errorf("%d are told in %d bytes", told, len(b))
	}
	far := []time.Duration{time.Second, time.Second, Lost, time.Minute, time.Minute}
	if _, told := AppendArrivals(nil, 1, 2, 3, 4, far); told != 2 {
		t.Errorf("%d are told before a long pause, want 2", told)
	}
}
