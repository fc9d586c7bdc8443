package client

import (
	"bytes"
	"math/rand/v2"
	"testing"

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
		a.push(p, func(f []byte) { got = append(got, f) })
		if i%5 == 0 {
			a.push(p, func(f []byte) { t.Error("a repeated packet makes a frame") })
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
		a.push(p, func(f []byte) {
			if got++; !whole[string(f)] {
				t.Error("a frame that nobody sent")
			}
		})
	}
	if a.lost == 0 || got < 140 || got >= 200 {
		t.Errorf("%d frames of %d, %d begun and not ended", got, len(frames), a.lost)
	}
}
