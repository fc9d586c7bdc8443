package sfu_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// layersOf returns which temporal layers are in the latest pictures.
func layersOf(got []sfutest.Received, latest int) (out [3]bool) {
	for _, r := range got[max(0, len(got)-latest):] {
		out[sfutest.Temporal(r)] = true
	}
	return out
}

// mover returns what sends pictures that move, a key frame when one is asked for.
func mover(a *sfutest.Client, body string) func() {
	asked := -1
	return func() {
		n := a.Requests()
		a.Move(n != asked, body)
		asked = n
	}
}

// TestSmallTilesMoveLess: a tile of few lines gets half of the frames, a larger
// one all, and either is one continuous stream.
func TestSmallTilesMoveLess(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a", "q", "h", "f"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	move, seat := mover(a, ""), -1
	shows := func(height int, want [3]bool) {
		t.Helper()
		b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: height * 16 / 9, Height: height}})
		b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
		seat = b.SeatOf("a", sfu.Camera)
		b.Until("as many frames as suit the tile", move, func() bool {
			got := b.Received(seat)
			return len(got) >= 12 && layersOf(got, 12) == want
		})
	}
	all, half := [3]bool{true, true, true}, [3]bool{true, true, false}
	for _, height := range []int{90, 150, 90, 360, 120} {
		want := all
		if height <= 120 {
			want = half
		}
		shows(height, want)
	}
	inOrder(t, b, seat)
	if left := server.Stats().LeftOut; left == 0 {
		t.Error("nothing was left out")
	}
}

// TestNetworkThatTakesFewerFrames: who cannot have all frames of a picture has
// some of them, and is not paused; of those that were left out none comes when
// it is asked for.
func TestNetworkThatTakesFewerFrames(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetView(view("a"))
	b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
	seat := b.SeatOf("a", sfu.Camera)
	move := mover(a, strings.Repeat("x", 1000)) // 400 kbit/s
	shown := func(what string, estimate int, want [3]bool) {
		t.Helper()
		b.Until(what, func() { move(); b.Estimate(estimate) }, func() bool {
			got := b.Received(seat)
			return len(got) >= 16 && layersOf(got, 16) == want
		})
	}
	shown("all frames", 5_000_000, [3]bool{true, true, true})
	shown("a quarter of the frames", 20_000, [3]bool{true, false, false})
	if b.Paused("a", sfu.Camera) {
		t.Error("a picture of which a part is taken is paused")
	}
	shown("all again", 5_000_000, [3]bool{true, true, true})
	got := b.Received(seat)
	inOrder(t, b, seat)
	had := map[uint16]bool{}
	for _, r := range got {
		had[r.Seq] = true
	}
	asked := server.Stats().Asked
	first := got[0].Seq
	b.Until("all are asked for", func() {
		for seq := first; had[seq]; seq++ {
			b.Nack(seat, seq)
		}
		move()
	}, func() bool { return server.Stats().Asked > asked+uint64(len(got)) })
	inOrder(t, b, seat) // what came again is what it was
}

// TestFrameThatIsLate: of frames that are left out nothing comes; where the
// place of a late packet was kept, because nobody knew what it was, an empty one
// fills it.
func TestFrameThatIsLate(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: 160, Height: 90}})
	b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
	seat := b.SeatOf("a", sfu.Camera)
	b.Until("half of the frames come", mover(a, ""), func() bool {
		got := b.Received(seat)
		return len(got) > 12 && layersOf(got, 6) == [3]bool{true, true, false}
	})
	inject := sfu.NewInjector(a.Peer)
	packet := func(seq uint16, picture, tl0, temporal byte, key, marker bool) {
		p := make([]byte, 12, 32)
		p[0], p[1] = 0x80, 96
		if marker {
			p[1] |= 0x80
		}
		binary.BigEndian.PutUint16(p[2:], seq)
		binary.BigEndian.PutUint32(p[4:], uint32(picture)*3000)
		first := byte(0x11)
		if key {
			first = 0x10
		}
		inject.Inject(append(p, 0x90, 0xe0, 0x80, picture, tl0, temporal<<6, first, byte(seq)))
	}
	injected := func() []sfutest.Received { // after what was under way
		got := b.Received(seat)
		return got[slices.IndexFunc(append(got, sfutest.Received{Payload: make([]byte, 8)}), func(r sfutest.Received) bool { return len(r.Payload) == 8 }):]
	}
	left := server.Stats().LeftOut
	packet(1, 1, 1, 0, true, true)
	packet(2, 2, 1, 1, false, false) // from a key frame on as many as suit, and all packets of each
	packet(3, 2, 1, 1, false, true)
	packet(4, 3, 1, 2, false, false)
	packet(6, 3, 1, 2, false, true) // 5 is lost
	packet(7, 4, 2, 0, false, true)
	packet(5, 3, 1, 2, false, false) // and is late
	packet(9, 6, 2, 1, false, true)  // 8 is lost, a whole frame
	packet(8, 5, 2, 2, false, true)  // and is late
	packet(10, 7, 2, 3, false, true) // of a fourth layer
	packet(11, 8, 3, 0, false, true)
	b.Until("all have come", nil, func() bool { return len(injected()) >= 8 })
	byseq, first := map[uint16]sfutest.Received{}, injected()[0].Seq
	for _, r := range injected() {
		byseq[r.Seq-first] = r
	}
	for i, want := range []int{1, 2, 3, 0, 7, 0, 9, 11} { // numbers that came; 0: an empty one
		r, ok := byseq[uint16(i)]
		switch {
		case !ok:
			t.Errorf("packet %d did not come", i)
		case want == 0 && len(r.Payload) > 0:
			t.Errorf("packet %d holds %x", i, r.Payload)
		case want > 0 && (len(r.Payload) != 8 || int(r.Payload[7]) != want):
			t.Errorf("packet %d holds %x, want that of %d", i, r.Payload, want)
		}
	}
	if got := server.Stats().LeftOut - left; got != 5 {
		t.Errorf("%d packets were left out, want 5", got)
	}
}
