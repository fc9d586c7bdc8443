package transport

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// What waited for a busy server is told to its sender as it came, and sent on as of
// now: a wait of ours is nobody's network.
func TestWaitIsNobodysNetwork(t *testing.T) {
	s := newSender(t)
	began := time.Now()
	for i := range uint16(3) {
		ext := map[uint8]string{3: string(binary.BigEndian.AppendUint16(nil, i)), 4: "1", 10: "q"}
		came := began.Add(time.Duration(i)*10*time.Millisecond - time.Second)
		if take := s.p.put(s.packet(60, i, 96, "\x11", ext), netip.AddrPort{}, came); take != (i == 0) {
			t.Fatalf("packet %d: the line is to be taken: %v", i, take)
		}
	}
	s.p.work()
	if len(s.got) != 3 || s.last.Before(began) || !s.came.Equal(began.Add(20*time.Millisecond-time.Second)) {
		t.Errorf("%d packets were delivered, the last %v before the line was taken, as if it had come %v before", len(s.got), began.Sub(s.last), began.Sub(s.came))
	}
	s.p.talk(time.Now().Add(feedbackEvery))
	for _, p := range s.heard {
		cc, ok := p.(*rtcp.TransportLayerCC)
		if !ok {
			continue
		}
		if len(cc.RecvDeltas) != 3 || cc.RecvDeltas[1].Delta != 10_000 || cc.RecvDeltas[2].Delta != 10_000 {
			t.Errorf("of three packets at ten milliseconds the sender is told %+v", cc)
		}
		return
	}
	t.Error("the sender is told of no packets")
}
