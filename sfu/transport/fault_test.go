package transport

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"incamera/sfu/rtpx"
)

// A safeBuffer is what is logged.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// canary stands for what a packet has.
const canary = "canary-of-a-packet"

// TestFaults: whatever panics of what runs a connection's packets ends it, and
// nothing else; of what was written meanwhile nothing goes out, and of the packet
// nothing is logged.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		where string // in the log
		fails func(t *testing.T, tr *Transport, v *viewer) (lost <-chan string)
	}{
		"taking a publisher's packets": {"transport.(*sink).Receive", func(t *testing.T, tr *Transport, v *viewer) <-chan string {
			t.Helper()
			s, lost := newSenderTo(t, tr), make(chan string, 2)
			s.lost = func(reason string) { lost <- reason }
			s.during = func() {
				b := tr.Batch()
				v.put(b)
				panic(canary)
			}
			for seq := range uint16(2) {
				if s.p.put(s.packet(60, seq, 96, "\x11", q), netip.AddrPort{}, s.now) {
					s.p.work()
				}
			}
			if len(s.got) != 1 {
				t.Errorf("%d packets are delivered, want the one that failed", len(s.got))
			}
			if err := s.p.Close(); err != nil {
				t.Error(err)
			}
			return lost
		}},
		"telling what a subscriber says": {"transport.TestFaults", func(t *testing.T, _ *Transport, v *viewer) <-chan string {
			t.Helper()
			v.seat.Listen(func(Feedback) { panic(canary) })
			v.ask()
			return v.lost
		}},
		"filling a probe": {"transport.TestFaults", func(t *testing.T, _ *Transport, v *viewer) <-chan string {
			t.Helper()
			v.fill.Store(func(b *Batch, _ int, _ time.Time) {
				v.put(b)
				panic(canary)
			})
			v.write(Packet{PayloadType: v.ready().PayloadType, SSRC: v.ready().SSRC, Seq: 1, Payload: []byte("picture")})
			v.next()
			until(t, "a probe begins", func() bool {
				v.sub.Probe(2*v.sub.Congestion().Target, time.Now())
				return len(v.lost) > 0
			})
			return v.lost
		}},
		"taking what a subscriber sends": {"transport.(*conn).feedback", func(t *testing.T, _ *Transport, v *viewer) <-chan string {
			t.Helper()
			v.ready()
			v.sub.conn.reading.Lock()
			v.sub.conn.said = nil
			v.sub.conn.reading.Unlock()
			v.ask()
			return v.lost
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var logged safeBuffer
			tr := openWith(t, Config{Listen: netip.MustParseAddrPort("127.0.0.1:0"), LostAfter: 15 * time.Second, Log: slog.New(slog.NewTextHandler(&logged, nil))})
			bystander := watchWith(t, tr, nil)
			bystander.ready()
			v := watchTelling(t, tr)
			v.ready()
			lost := c.fails(t, tr, v)
			select {
			case <-lost:
			case <-time.After(patience):
				t.Fatal("the connection goes on")
			}
			bystander.send(1, 100, 100)
			if tr.Faults() != 1 {
				t.Errorf("%d faults are counted", tr.Faults())
			}
			if len(v.got) > 0 {
				t.Errorf("what was written goes out: %+v", <-v.got)
			}
			if text := logged.String(); !strings.Contains(text, c.where) || strings.Contains(text, canary) || strings.Count(text, "\n") != 1 {
				t.Errorf("the log has, of a fault in %s:\n%s", c.where, text)
			}
		})
	}
}

// ask asks for a key frame, as soon as the viewer's side is ready, too.
func (v *viewer) ask() {
	v.t.Helper()
	pli := &rtcp.PictureLossIndication{MediaSSRC: v.ready().SSRC}
	until(v.t, "a key frame can be asked for", func() bool { return v.pc.WriteRTCP([]rtcp.Packet{pli}) == nil })
}

// put writes a packet into a batch.
func (v *viewer) put(b *Batch) {
	s, ok := v.seat.Stream(rtpx.VP8)
	if ok {
		_ = v.seat.Write(b, Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: 7, Probe: true, Payload: []byte(canary)}, time.Now()) // or it is gone
	}
}
