package client

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// packets makes n frames of different sizes, and their packets from a
// sequence number near the wrap.
func packets(n int) (frames [][]byte, all []*rtp.Packet) {
	z := rtp.NewPacketizer(200, 96, 1, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewFixedSequencer(65500), 90000)
	for i := range n {
		frame := bytes.Repeat([]byte{byte(i), 1, 2}, 10+i*40%400)
		frames = append(frames, frame)
		all = append(all, z.Packetize(frame, 6000)...)
	}
	return frames, all
}

func TestAssemble(t *testing.T) {
	frames, all := packets(60)
	random := rand.New(rand.NewPCG(1, 2))
	for i := 1; i+3 < len(all); i += 4 { // out of order by up to three
		random.Shuffle(3, func(a, b int) { all[i+a], all[i+b] = all[i+b], all[i+a] })
	}
	var a assembler
	var got [][]byte
	for i, p := range all {
		a.push(p, time.Unix(0, 0), func(f []byte, _ uint32) { got = append(got, f) })
		if i%5 == 0 {
			a.push(p, time.Unix(0, 0), func(f []byte, _ uint32) { t.Error("a repeated packet makes a frame") })
		}
	}
	if len(got) != len(frames) || a.lost != 0 {
		t.Fatalf("%d frames of %d, %d lost", len(got), len(frames), a.lost)
	}
	for i := range got {
		if !bytes.Equal(got[i], frames[i]) {
			t.Errorf("frame %d differs", i)
		}
	}
}

func TestAssembleWithLoss(t *testing.T) {
	frames, all := packets(200)
	whole := map[string]bool{}
	for _, f := range frames {
		whole[string(f)] = true
	}
	var a assembler
	got := 0
	for i, p := range all {
		if i > 0 && i%50 == 0 {
			continue
		}
		a.push(p, time.Unix(0, 0), func(f []byte, _ uint32) {
			if got++; !whole[string(f)] {
				t.Error("a frame that nobody sent")
			}
		})
	}
	if a.lost == 0 || got < 140 || got >= 200 {
		t.Errorf("%d frames of %d, %d begun and not ended", got, len(frames), a.lost)
	}
}

// TestAssemblerGivesUpInTime: what is missing for good holds up what came
// after it for no longer than it may.
func TestAssemblerGivesUpInTime(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	var a assembler
	var got int
	push := func(seq uint16, after time.Duration) {
		p := &rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(seq), Marker: true}, Payload: []byte{0x10, 1, 2}}
		a.push(p, start.Add(after), func([]byte, uint32) { got++ })
	}
	push(1, 0)
	push(4, time.Second) // 2 and 3 are lost
	push(5, time.Second+patience-time.Millisecond)
	if got != 1 {
		t.Errorf("%d frames before it gives up, want 1", got)
	}
	push(6, time.Second+patience)
	if got != 4 {
		t.Errorf("%d frames after it gave up, want 4", got)
	}
	push(9, 3*time.Second)
	push(8, 3*time.Second+patience-time.Millisecond)
	push(7, 3*time.Second+patience-time.Millisecond) // a retransmission
	if got != 7 {
		t.Errorf("%d frames after a retransmission, want 7", got)
	}
}
