package transport

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/session"
)

// TestDescriptorsGoOut: where it was agreed on, a descriptor of any length goes with its
// packet, beside a transport-wide number or alone, at once and when the packet had to wait; and
// nowhere else.
func TestDescriptorsGoOut(t *testing.T) {
	for _, tc := range []struct {
		described, numbered, waits bool
	}{{true, true, false}, {true, false, false}, {false, true, false}, {false, false, false}, {true, true, true}} {
		t.Run(fmt.Sprintf("described %t, numbered %t, waits %t", tc.described, tc.numbered, tc.waits), func(t *testing.T) {
			v := watchAs(t, openTransport(t, 15*time.Second), nil, func(me *webrtc.MediaEngine, _ *interceptor.Registry) error {
				var described, numbered error
				if tc.described {
					described = me.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: rtpx.DependencyURI}, webrtc.RTPCodecTypeVideo)
				}
				if tc.numbered {
					numbered = agreeToTell(me)
				}
				return errors.Join(described, numbered)
			})
			s := v.ready()
			seq := uint16(0)
			write := func(payload, descriptor []byte) {
				seq++
				v.write(Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: seq, Payload: payload, Descriptor: descriptor})
			}
			pace := func(rate int64) {
				o := v.sub.conn.out
				o.mu.Lock()
				defer o.mu.Unlock()
				o.pacer.SetRate(rate, false, time.Since(o.start))
			}
			if tc.waits {
				pace(50_000) // next to nothing goes until everything is written
				for v.sub.Congestion().Waiting < 3_000 {
					write(make([]byte, 1100), nil)
				}
			}
			var numbers []uint16
			var again [255]byte // nobody keeps what he is given
			for _, size := range []int{3, 4, 5, 6, 100, 255} {
				copy(again[:], bytes.Repeat([]byte{byte(size)}, size))
				write([]byte{1, 2, 3}, again[:size])
			}
			if waits := v.sub.Congestion().Waiting > 0; waits != tc.waits {
				t.Fatalf("something waits: %t", waits)
			}
			if tc.waits {
				pace(5_000_000)
			}
			for _, size := range []int{3, 4, 5, 6, 100, 255} {
				p := v.next()
				for len(p.Payload) > 3 {
					p = v.next()
				}
				values := map[string][]byte{}
				for _, e := range v.pc.GetReceivers()[0].GetParameters().HeaderExtensions {
					values[e.URI] = p.GetExtension(uint8(e.ID))
				}
				if want := bytes.Repeat([]byte{byte(size)}, size); tc.described != bytes.Equal(values[rtpx.DependencyURI], want) {
					t.Errorf("a descriptor of %d bytes came as %x", size, values[rtpx.DependencyURI])
				}
				if number := values[session.TransportWide]; len(number) == 2 {
					numbers = append(numbers, uint16(number[0])<<8|uint16(number[1]))
				}
				if !bytes.Equal(p.Payload, []byte{1, 2, 3}) {
					t.Errorf("the payload is %x", p.Payload)
				}
			}
			if want := map[bool]int{true: 6}[tc.numbered]; len(numbers) != want || !slices.IsSorted(numbers) || len(slices.Compact(numbers)) != want {
				t.Errorf("the packets have the numbers %v", numbers)
			}
		})
	}
}

// TestDescribedPacketThatIsTooLarge is not sent, as one whose payload alone is.
func TestDescribedPacketThatIsTooLarge(t *testing.T) {
	v := watchTelling(t, openTransport(t, 15*time.Second))
	s := v.ready()
	b := v.tr.Batch()
	defer b.Send()
	p := Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Payload: make([]byte, maxPacket-280)}
	if err := v.seat.Write(b, p, time.Now()); err != nil {
		t.Fatal(err)
	}
	p.Seq, p.Descriptor = 1, make([]byte, 255)
	if err := v.seat.Write(b, p, time.Now()); !errors.Is(err, errTooLarge) {
		t.Errorf("it is written: %v", err)
	}
}
