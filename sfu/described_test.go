package sfu_test

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/sfu"
	"incamera/sfu/rtpx"
	"incamera/sfu/sfutest"
)

// The descriptors of key frames that Chromium 156 sends of AV1, in L1T3 and in
// L2T3_KEY: frame 1.
const (
	keyL1T3 = "800001800214eaa860414d1410208427027f0167"
	keyL2T3 = "c00001800514853aaaa8018004004002a02a0060010015d34514174d144c700874321651118543276809f8059813f80b38"
)

// A teller sends AV1 pictures of three temporal layers on one stream, as Chromium
// does: what they are is told by their dependency descriptors only.
type teller struct {
	inject  *sfu.Injector
	spatial bool // in two spatial layers, that need each other in key pictures only
	seq     uint16
	frame   uint16
	picture uint16
	moved   int // pictures since the latest key picture
	body    string
}

// A described packet is one that a teller sends.
type described struct{ raw, descriptor []byte }

// templates are those of the frames of four pictures in a row, by spatial layer.
func (p *teller) template(spatial int) byte {
	if !p.spatial {
		return [...]byte{1, 3, 2, 4}[p.moved%4]
	}
	return [2][4]byte{{1, 3, 2, 4}, {6, 8, 7, 9}}[spatial][p.moved%4]
}

// next returns the packets of the next picture. Behind the aggregation header they
// have their number, layers, picture, and how many pictures before it is the one
// that is referred to; 0: none.
func (p *teller) next(key bool) (all []described) {
	p.picture++
	p.moved++
	if key {
		p.moved = 0
	}
	layers := 1
	if p.spatial {
		layers = 2
	}
	temporal, back := [...]byte{0, 2, 1, 2}[p.moved%4], [...]byte{4, 1, 2, 1}[p.moved%4]
	if key {
		back = 0
	}
	for spatial := range layers {
		p.frame++
		for part := range parts {
			p.seq++
			first, last := part == 0, part == parts-1
			b := []byte{0x80, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, byte(spatial), temporal, 0, 0, back}
			if last && spatial == layers-1 {
				b[1] |= 0x80
			}
			binary.BigEndian.PutUint16(b[2:], p.seq)
			binary.BigEndian.PutUint32(b[4:], uint32(p.picture)*3000)
			binary.BigEndian.PutUint16(b[13:], p.seq)
			binary.BigEndian.PutUint16(b[17:], p.picture)
			if !first {
				b[12] |= 0x80 // Z
			} else if key && spatial == 0 {
				b[12] |= 0x08 // N
			}
			template := p.template(spatial)
			if key {
				template = byte(5 * spatial)
			}
			var d []byte
			if key && first && spatial == 0 {
				text := keyL1T3
				if p.spatial {
					text = keyL2T3
				}
				d, _ = hex.DecodeString(text)
				d[0] &^= 0x40
			} else {
				d = []byte{template, 0, 0}
				if first {
					d[0] |= 0x80
				}
			}
			if last {
				d[0] |= 0x40
			}
			binary.BigEndian.PutUint16(d[1:], p.frame)
			all = append(all, described{append(b, p.body...), d})
		}
	}
	return all
}

func (p *teller) send(key bool) {
	for _, d := range p.next(key) {
		p.inject.Describe(d.raw, d.descriptor)
	}
}

// mover is that of sfutest's clients: a key picture when one is asked for.
func (p *teller) mover(a *sfutest.Client) func() {
	asked := -1
	return func() {
		n := a.Requests()
		p.send(n != asked)
		asked = n
	}
}

// newTeller has a publish in AV1 as its camera, which b looks at.
func newTeller(t *testing.T, server *sfu.Server, a, b *sfutest.Client) (p *teller, seat int) {
	t.Helper()
	other, seat := newPyramid(t, server, a, b)
	_ = other
	return &teller{inject: sfu.NewInjectorOf(a.Peer, rtpx.AV1)}, seat
}

// A shown packet is one of a teller that has arrived.
type shown struct {
	sfutest.Received
	seq, picture      uint16
	spatial, temporal int
	back              uint16
	first             bool // of its frame
}

// ofTeller returns what arrived of a teller, in order, each packet once.
func ofTeller(all []sfutest.Received) (got []shown) {
	for _, r := range all {
		if p := r.Payload; len(p) >= 8 && p[0]&0x77 == 0x10 {
			got = append(got, shown{
				r, binary.BigEndian.Uint16(p[1:]), binary.BigEndian.Uint16(p[5:]), int(p[3]), int(p[4]), uint16(p[7]), p[0]&0x80 == 0,
			})
		}
	}
	slices.SortStableFunc(got, func(a, b shown) int { return int(int16(a.Seq - b.Seq)) })
	return slices.CompactFunc(got, func(a, b shown) bool { return a.Seq == b.Seq })
}

// whole waits until nothing is missing of what a teller has sent to a seat from a
// number on, and returns it. What was lost is asked for.
func whole(c *sfutest.Client, seat int, from uint16) (got []shown) {
	c.Until("no packet is missing", func() {
		for i := 1; i < len(got); i++ {
			for seq := got[i-1].Seq + 1; seq != got[i].Seq; seq++ {
				c.Nack(seat, seq)
			}
		}
	}, func() bool {
		got = slices.DeleteFunc(ofTeller(c.Received(seat)), func(r shown) bool { return int16(r.seq-from) < 0 })
		return len(got) > 0 && int(got[len(got)-1].Seq-got[0].Seq) == len(got)-1
	})
	return got
}

// plays fails unless what arrived can be decoded by who knows nothing of layers:
// frames are whole, each has what it refers to, and pictures end with a marker and
// nowhere else.
func plays(t *testing.T, got []shown) {
	t.Helper()
	type frame struct {
		picture uint16
		spatial int
	}
	had := map[frame]int{}
	for i, r := range got {
		f := frame{r.picture, r.spatial}
		if r.first != (had[f] == 0) {
			t.Fatalf("picture %d, layer %d: a frame begins in its middle", r.picture, r.spatial)
		}
		if had[f]++; had[f] < parts {
			continue
		}
		if i+1 < len(got) && (got[i+1].picture != r.picture) != r.Marker {
			t.Fatalf("picture %d, layer %d: the marker is %v", r.picture, r.spatial, r.Marker)
		}
		need := frame{r.picture - r.back, r.spatial}
		if r.back == 0 {
			need = frame{r.picture, max(0, r.spatial-1)}
		}
		if had[need] != parts {
			t.Fatalf("picture %d, layer %d: of the frame %v that it refers to there are %d packets", r.picture, r.spatial, need, had[need])
		}
	}
}

// lately returns which spatial and temporal layers the latest packets are of, false
// while there are fewer.
func lately(c *sfutest.Client, seat, latest int) (spatial [2]bool, temporal [3]bool, ok bool) {
	all := c.Received(seat)
	got := ofTeller(all[max(0, len(all)-2*latest):])
	if len(got) < latest {
		return spatial, temporal, false
	}
	for _, r := range got[len(got)-latest:] {
		spatial[r.spatial], temporal[r.temporal] = true, true
	}
	return spatial, temporal, true
}

var (
	allFrames, halfOfThem, quarter = [3]bool{true, true, true}, [3]bool{true, true, false}, [3]bool{true, false, false}
	smaller, larger                = [2]bool{true, false}, [2]bool{true, true}
)

// TestDescribedFramesSuitTheTile: of AV1 a tile of few lines gets half of the
// frames, a larger one all, and either is one continuous stream.
func TestDescribedFramesSuitTheTile(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newTeller(t, server, a, b)
	move := p.mover(a)
	for _, height := range []int{90, 150, 90, 360, 120} {
		want := allFrames
		if height <= 120 {
			want = halfOfThem
		}
		b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: height * 16 / 9, Height: height}})
		b.Until("as many frames as suit the tile", move, func() bool {
			_, temporal, ok := lately(b, seat, 8*parts)
			return ok && temporal == want
		})
	}
	plays(t, whole(b, seat, 1))
	if left := server.Stats().LeftOut; left == 0 {
		t.Error("nothing was left out")
	}
	if n := server.Stats().KeyFrameRequests; n > 2 {
		t.Errorf("%d key frames were asked for", n)
	}
}

// TestNetworkThatTakesFewerDescribedFrames: who cannot have all frames of AV1 has
// some, and is not paused.
func TestNetworkThatTakesFewerDescribedFrames(t *testing.T) {
	server := sfutest.Open(t)
	for left := 5; ; left-- {
		room := server.NewRoom()
		a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
		p, seat := newTeller(t, server, a, b)
		p.body = strings.Repeat("x", 500)
		// Of pictures that come by fits and starts pacing drops what does not fit in time.
		if longest := fewer(t, p, a, b, seat); longest < 500*time.Millisecond || left == 1 {
			plays(t, whole(b, seat, 1))
			return
		}
	}
}

// fewer has the network of b take all of a's frames, then less and less until only a
// quarter of them fits, and all again. It returns the longest pause between pictures:
// for how long the machine stood still.
func fewer(t *testing.T, p *teller, a, b *sfutest.Client, seat int) (longest time.Duration) {
	t.Helper()
	move, last := p.mover(a), time.Now()
	// A busy machine sends fewer pictures in a second, in fewer bits. By small steps, the
	// network never takes so little that of all of them more than half a second's would
	// have to wait, which pacing drops.
	takes := almostHalf
	less := func() int { takes *= 0.99; return int(takes) }
	for _, step := range []struct {
		estimate func() int
		want     [3]bool
	}{{all, allFrames}, {less, quarter}, {all, allFrames}} {
		b.Until("as many frames as the network takes", func() {
			longest, last = max(longest, time.Since(last)), time.Now()
			move()
			b.Estimate(step.estimate())
		}, func() bool {
			_, temporal, ok := lately(b, seat, 8*parts)
			return ok && temporal == step.want
		})
		if b.Paused("a", sfu.Camera) {
			t.Error("a picture of which a part is taken is paused")
		}
	}
	return longest
}

// almostHalf is what takes not quite half of the frames of 50 pictures in a second, in bits per second.
const almostHalf = 200_000.0

// all is what a network takes that takes all, in bits per second.
func all() int { return 9_000_000 }

// TestDescribedSpatialLayers: of several spatial layers in one stream of AV1 a
// seat gets those that suit its tile, fewer at once, and more from a key picture on.
func TestDescribedSpatialLayers(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.JoinBy(t, room, "b", sfutest.Way{Described: true})
	p, seat := newTeller(t, server, a, b)
	p.spatial = true
	move := p.mover(a)
	shows := func(height int, want [2]bool) {
		t.Helper()
		b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: height * 16 / 9, Height: height}})
		b.Until("as many spatial layers as suit the tile", move, func() bool {
			spatial, temporal, ok := lately(b, seat, 8*parts)
			return ok && spatial == want && temporal == allFrames
		})
	}
	shows(300, larger)
	asked := server.Stats().KeyFrameRequests
	shows(150, smaller)
	if more := server.Stats().KeyFrameRequests - asked; more != 0 {
		t.Errorf("%d key frames were asked for, for less", more)
	}
	shows(300, larger)
	plays(t, whole(b, seat, 1))
}

// TestDescriptorThatCannotBeRead: a packet with a malformed one reaches nobody, and
// one of a structure that is not there everybody; neither changes what is known.
func TestDescriptorThatCannotBeRead(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newTeller(t, server, a, b)
	b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: 160, Height: 90}})
	move := p.mover(a)
	b.Until("half of the frames", move, func() bool {
		_, temporal, ok := lately(b, seat, 8*parts)
		return ok && temporal == halfOfThem
	})
	has := func(want []described) (n int) {
		got := ofTeller(b.Received(seat))
		for _, d := range want {
			if slices.ContainsFunc(got, func(r shown) bool { return r.seq == binary.BigEndian.Uint16(d.raw[2:]) }) {
				n++
			}
		}
		return n
	}
	for p.moved%4 != 0 {
		p.send(false)
	}
	before := server.Stats()
	var broken, unknown []described
	for name, change := range map[string]func(d []byte) []byte{
		"too short":                      func(d []byte) []byte { return d[:2] },
		"empty":                          func([]byte) []byte { return []byte{} },
		"flags without their values":     func(d []byte) []byte { return append(slices.Clone(d), 0x20) },
		"a structure that ends too soon": func(d []byte) []byte { return append(slices.Clone(d), 0x80, 2, 0x14) },
		"a structure without the template": func(d []byte) []byte {
			key, _ := hex.DecodeString(keyL1T3)
			key[0] = d[0] | 0x3f
			return key
		},
	} {
		d := p.next(false)
		for i := range d {
			d[i].descriptor = change(d[i].descriptor)
			p.inject.Describe(d[i].raw, d[i].descriptor)
		}
		broken = append(broken, d...)
		_ = name
	}
	if n := server.Stats().Malformed - before.Malformed; int(n) != len(broken) {
		t.Errorf("%d of %d packets are malformed", n, len(broken))
	}
	d := p.next(false)
	for i := range d {
		d[i].descriptor[0] = d[i].descriptor[0]&0xc0 | 0x3f
		p.inject.Describe(d[i].raw, d[i].descriptor)
	}
	unknown = append(unknown, d...)
	d = p.next(false)
	for i := range d { // none: as the payload says, which is nothing
		p.inject.Inject(d[i].raw)
	}
	unknown = append(unknown, d...)
	for p.moved%4 != 0 {
		p.send(false)
	}
	p.send(false)
	last := p.next(false)
	for _, d := range last {
		p.inject.Describe(d.raw, d.descriptor)
	}
	b.Until("what follows has come", nil, func() bool { return has(last) == parts })
	if n := has(unknown); n != len(unknown) {
		t.Errorf("%d of %d packets came of frames of which nobody can say who needs them", n, len(unknown))
	}
	if n := has(broken); n != 0 {
		t.Errorf("%d packets with a malformed descriptor came", n)
	}
	b.Until("half of the frames again", func() { p.send(false) }, func() bool {
		_, temporal, ok := lately(b, seat, 8*parts)
		return ok && temporal == halfOfThem
	})
}

// TestStructureThatIsLate: of a key frame of which the packet with the structure is
// late all go on, and from then on as many as suit. One that is older than the
// structure that is there changes nothing.
func TestStructureThatIsLate(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newTeller(t, server, a, b)
	b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: 160, Height: 90}})
	half := func(what string, move func()) {
		t.Helper()
		before := len(b.Received(seat))
		b.Until(what, move, func() bool {
			_, temporal, _ := lately(b, seat, 8*parts)
			return temporal == halfOfThem && len(b.Received(seat)) > before+16*parts
		})
	}
	half("half of the frames", p.mover(a))
	old := p.next(true)
	key := p.next(true)
	p.inject.Describe(key[1].raw, renumber(key[1].descriptor, 32))
	for range 3 { // of the structure that is late
		for _, d := range p.next(false) {
			p.inject.Describe(d.raw, renumber(d.descriptor, 32))
		}
	}
	p.inject.Describe(key[0].raw, renumber(key[0].descriptor, 32))
	p.inject.Describe(old[0].raw, old[0].descriptor)
	half("half of the frames of the new structure", func() {
		for _, d := range p.next(false) {
			p.inject.Describe(d.raw, renumber(d.descriptor, 32))
		}
	})
	first := binary.BigEndian.Uint16(key[0].raw[2:])
	got := whole(b, seat, first)
	if got[0].seq != first {
		t.Fatal("the key frame did not come")
	}
	plays(t, got)
	if got[parts].temporal != 2 {
		t.Error("what nobody could say of who needs it did not come to all")
	}
}

// renumber gives a descriptor, and the structure in it, another offset of its
// templates.
func renumber(d []byte, offset byte) []byte {
	d = slices.Clone(d)
	d[0] = d[0]&0xc0 | d[0]&0x3f + offset
	if len(d) > 4 {
		d[3] = d[3]&0xf8 | offset>>3
		d[4] = d[4]&0x1f | offset<<5
	}
	return d
}
