package sfu_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"incamera/sfu"
	"incamera/sfu/rtpx"
	"incamera/sfu/sfutest"
)

// A pyramid sends VP9 pictures of three spatial and three temporal layers on one
// stream, in which spatial layers need each other in key pictures only (L3T3_KEY).
type pyramid struct {
	inject  *sfu.Injector
	seq     uint16
	picture uint16
	moved   int // pictures since the latest key picture
	body    string
}

// parts is how many packets each frame has.
const parts = 2

// packet returns one of a frame. Behind its descriptor it has its sequence number.
func (p *pyramid) packet(spatial, part int, marker bool) []byte {
	temporal, back := [...]byte{0, 2, 1, 2}[p.moved%4], [...]byte{4, 1, 2, 1}[p.moved%4]
	first := byte(0x80 | 0x20 | 0x10) // I, L, F
	layers := temporal<<5 | byte(spatial)<<1
	if temporal < 2 {
		layers |= 0x10 // U
	}
	switch {
	case p.moved > 0:
		first |= 0x40 // P
	case spatial > 0:
		layers |= 1 // D
	}
	if part == 0 {
		first |= 0x08
	}
	if part == parts-1 {
		first |= 0x04
	}
	payload := []byte{first, 0x80 | byte(p.picture>>8), byte(p.picture), layers}
	switch {
	case p.moved > 0:
		payload = append(payload, back<<1)
	case spatial == 0 && part == 0:
		payload[0] |= 0x02
		payload = append(payload, 2<<5) // three layers
	}
	p.seq++
	b := make([]byte, 12, 64)
	b[0], b[1] = 0x80, 98
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], p.seq)
	binary.BigEndian.PutUint32(b[4:], uint32(p.picture)*3000)
	b = append(b, payload...)
	b = binary.BigEndian.AppendUint16(b, p.seq)
	return append(b, p.body[:len(p.body)*(spatial+1)/3]...)
}

// packets returns those of the next picture.
func (p *pyramid) packets(key bool) (all [][]byte) {
	p.picture = (p.picture + 1) & 0x7fff
	p.moved++
	if key {
		p.moved = 0
	}
	for spatial := range 3 {
		for part := range parts {
			all = append(all, p.packet(spatial, part, spatial == 2 && part == parts-1))
		}
	}
	return all
}

func (p *pyramid) send(key bool) {
	for _, b := range p.packets(key) {
		p.inject.Inject(b)
	}
}

// mover is that of sfutest's clients: a key picture when one is asked for.
func (p *pyramid) mover(a *sfutest.Client) func() {
	asked := -1
	return func() {
		n := a.Requests()
		p.send(n != asked)
		asked = n
	}
}

// newPyramid has a publish a pyramid as its camera, which b looks at.
func newPyramid(t *testing.T, server *sfu.Server, a, b *sfutest.Client) (p *pyramid, seat int) {
	t.Helper()
	before := server.Stats().PacketsIn
	a.Until("a picture in VP8", func() { a.Picture(true, "") }, func() bool { return server.Stats().PacketsIn > before })
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetView(view("a"))
	b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
	seat = b.SeatOf("a", sfu.Camera)
	return &pyramid{inject: sfu.NewInjectorOf(a.Peer, rtpx.VP9)}, seat
}

// A layered packet is one of a pyramid that has arrived.
type layered struct {
	sfutest.Received
	info    rtpx.Info
	picture uint16
	seq     uint16 // as it was sent
}

// ofPyramid returns what arrived of a pyramid, in order, each packet once.
func ofPyramid(t *testing.T, all []sfutest.Received) (got []layered) {
	t.Helper()
	for _, r := range all {
		info, ok := rtpx.Parse(rtpx.VP9, r.Payload)
		if len(r.Payload) < 6 || r.Payload[0]&0x20 == 0 || !ok || !info.Layered {
			continue // empty, or VP8 from before it
		}
		at := 4
		if info.Predicted || info.Spatials > 0 {
			at++
		}
		got = append(got, layered{r, info, info.PictureID(r.Payload), binary.BigEndian.Uint16(r.Payload[at:])})
	}
	slices.SortStableFunc(got, func(a, b layered) int { return int(int16(a.Seq - b.Seq)) })
	return slices.CompactFunc(got, func(a, b layered) bool {
		same := a.Seq == b.Seq
		if same && (a.Marker != b.Marker || a.seq != b.seq) {
			t.Errorf("packet %d came twice, and not the same: %v, %v", a.Seq, a.Marker, b.Marker)
		}
		return same
	})
}

// decodes fails unless what arrived can be decoded: numbers go on without a gap,
// frames are whole, each has all that it refers to, and pictures end with a marker
// and nowhere else.
func decodes(t *testing.T, got []layered) {
	t.Helper()
	type frame struct {
		picture uint16
		spatial uint8
	}
	had := map[frame]int{}
	for i, r := range got {
		if i > 0 && r.Seq != got[i-1].Seq+1 {
			t.Fatalf("packet %d follows %d", r.Seq, got[i-1].Seq)
		}
		f := frame{r.picture, r.info.Spatial}
		if had[f]++; had[f] < parts {
			continue
		}
		if ends := i+1 == len(got) || got[i+1].picture != r.picture; ends != r.Marker && i+1 < len(got) {
			t.Fatalf("picture %d, layer %d: the marker is %v", r.picture, r.info.Spatial, r.Marker)
		}
		var needs []frame
		if r.info.InterLayer {
			needs = append(needs, frame{r.picture, r.info.Spatial - 1})
		}
		if r.info.Predicted {
			needs = append(needs, frame{(r.picture - uint16(r.Payload[4]>>1)) & 0x7fff, r.info.Spatial})
		}
		for _, need := range needs {
			if had[need] != parts {
				t.Fatalf("picture %d, layer %d: of the frame %v that it refers to there are %d packets", r.picture, r.info.Spatial, need, had[need])
			}
		}
	}
}

// topOf returns the highest spatial and temporal layers of the latest packets on a
// seat, -1 while there are fewer.
func topOf(t *testing.T, c *sfutest.Client, seat, latest int) (spatial, temporal int) {
	t.Helper()
	all := c.Received(seat)
	got := ofPyramid(t, all[max(0, len(all)-2*latest):])
	if len(got) < latest {
		return -1, -1
	}
	for _, r := range got[len(got)-latest:] {
		spatial, temporal = max(spatial, int(r.info.Spatial)), max(temporal, int(r.info.Temporal))
	}
	return spatial, temporal
}

// TestSpatialLayersFollowTheTile: of one stream with three spatial layers a seat
// gets those that suit its tile, at once where they are fewer, without asking for
// anything, and from a key picture on where they are more.
func TestSpatialLayersFollowTheTile(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newPyramid(t, server, a, b)
	move := p.mover(a)
	shows := func(height, want int) {
		t.Helper()
		b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: height * 16 / 9, Height: height}})
		b.Until("as many spatial layers as suit the tile", move, func() bool {
			spatial, temporal := topOf(t, b, seat, 24)
			return spatial == want && temporal == 2
		})
	}
	for _, height := range []int{720, 150, 300, 720} {
		want := map[int]int{150: 0, 300: 1, 720: 2}[height]
		shows(height, want)
	}
	asked := server.Stats().KeyFrameRequests
	shows(300, 1)
	shows(150, 0)
	if more := server.Stats().KeyFrameRequests - asked; more != 0 {
		t.Errorf("%d key frames were asked for, for less", more)
	}
	shows(720, 2)
	got := ofPyramid(t, b.Received(seat))
	decodes(t, got)
	// What comes again is what it was, its marker included. What is from before the
	// latest key picture does not.
	b.Until("some more", move, func() bool { return len(ofPyramid(t, b.Received(seat))) > len(got)+24 })
	got = ofPyramid(t, b.Received(seat))
	latest := got[len(got)-12:]
	had := func(r layered) (n int) {
		for _, other := range b.Received(seat) {
			if other.Seq == r.Seq {
				n++
			}
		}
		return n
	}
	for i := range latest {
		b.Nack(seat, latest[i].Seq)
	}
	b.Until("they come again", move, func() bool {
		return !slices.ContainsFunc(latest, func(r layered) bool { return had(r) < 2 })
	})
	decodes(t, ofPyramid(t, b.Received(seat)))
}

// TestNetworkThatTakesFewerSpatialLayers: who cannot have all of them has fewer,
// and is not paused.
func TestNetworkThatTakesFewerSpatialLayers(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newPyramid(t, server, a, b)
	p.body = strings.Repeat("x", 1200) // 190 kbit/s at five pictures in a second, which is far fewer than there are
	move := p.mover(a)
	shown := func(what string, estimate int, all bool) {
		t.Helper()
		b.Until(what, func() { move(); b.Estimate(estimate) }, func() bool {
			spatial, _ := topOf(t, b, seat, 24)
			return spatial >= 0 && (spatial == 2) == all
		})
	}
	shown("all layers", 9_000_000, true)
	shown("a smaller picture", 100_000, false)
	if b.Paused("a", sfu.Camera) {
		t.Error("a picture of which a part is taken is paused")
	}
	shown("all again", 9_000_000, true)
	decodes(t, ofPyramid(t, b.Received(seat)))
}

// TestSpatialFrameThatIsLate: a late packet of a layer that is sent has its place,
// and its marker; that of one that is left out is filled with an empty one.
func TestSpatialFrameThatIsLate(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newPyramid(t, server, a, b)
	b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: 480, Height: 270}})
	move := p.mover(a)
	b.Until("two layers come", move, func() bool {
		spatial, _ := topOf(t, b, seat, 12)
		return spatial == 1
	})
	before := len(ofPyramid(t, b.Received(seat)))
	var late [][]byte
	whole := func(leave ...int) {
		for i, packet := range p.packets(false) {
			if slices.Contains(leave, i) {
				late = append(late, packet)
			} else {
				p.inject.Inject(packet)
			}
		}
	}
	whole(3)    // the end of the middle layer
	whole(4, 5) // all of the highest
	whole()
	whole(0, 1) // all of the lowest
	whole()
	b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: 160, Height: 150}})
	b.Until("one layer comes", func() { p.send(false) }, func() bool {
		spatial, _ := topOf(t, b, seat, 4)
		return spatial == 0
	})
	n := len(b.Received(seat))
	whole(0, 1) // all that is sent; what is left out of it comes first
	whole()
	b.Until("the latest has come", nil, func() bool { return len(b.Received(seat)) >= n+2 })
	numbers := func() (missing, empty int) {
		had := map[uint16]bool{}
		for _, r := range b.Received(seat) {
			had[r.Seq] = true
			if len(r.Payload) == 0 {
				empty++
			}
		}
		all := ofPyramid(t, b.Received(seat))
		for seq := all[0].Seq; seq != all[len(all)-1].Seq; seq++ {
			if !had[seq] {
				missing++
			}
		}
		return missing, empty
	}
	if missing, empty := numbers(); missing != 7 || empty != 0 {
		t.Fatalf("%d numbers are missing, and %d packets empty", missing, empty)
	}
	for _, packet := range late { // when the seat gets less than then
		p.inject.Inject(packet)
	}
	b.Until("what was late has come", nil, func() bool { missing, _ := numbers(); return missing == 0 })
	if _, empty := numbers(); empty != 2 {
		t.Errorf("%d packets are empty, want the two of the layer that is left out", empty)
	}
	all := ofPyramid(t, b.Received(seat))
	// Pictures end with a marker, and are whole.
	for i, r := range all[before : len(all)-1] {
		if next := all[before+i+1]; r.Marker != (next.picture != r.picture) {
			t.Errorf("picture %d, layer %d: the marker is %v, and %d follows", r.picture, r.info.Spatial, r.Marker, next.picture)
		}
	}
}
