package sfu_test

import (
	"fmt"
	"testing"

	"incamera/sfu"
	"incamera/sfu/rtpx"
	"incamera/sfu/sfutest"
)

// TestDescriptorsArePassedOn: who has agreed to dependency descriptors gets them with
// their packets, the first time and again. Frames of one source keep the distances of
// their numbers, and those of the next one go on from there.
func TestDescriptorsArePassedOn(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "c")
	b := sfutest.JoinBy(t, room, "b", sfutest.Way{Described: true})
	var structure rtpx.Dependencies
	var latest uint16 // number of a frame
	from := 0
	for i, source := range []struct {
		client *sfutest.Client
		owner  sfu.PeerID
		frame  uint16 // the number of the one before the first
	}{{a, "a", 40_000}, {c, "c", 65_530}, {a, "a", 7}} {
		p, seat := newTeller(t, server, source.client, b)
		p.spatial, p.frame = true, source.frame
		b.Peer.SetView([]sfu.Tile{{Owner: source.owner, Kind: sfu.Camera, Width: 533, Height: 300}})
		move := p.mover(source.client)
		var got []shown
		b.Until("pictures in both layers", move, func() bool {
			got = ofTeller(b.Received(seat)[from:])
			for len(got) > 0 && !begins(got[0]) { // of the source before
				got = got[1:]
			}
			spatial, _, ok := lately(b, seat, 12*parts)
			return ok && len(got) > 24*parts && spatial == larger
		})
		first := uint16(0)
		for n, r := range got {
			d, is := structure.Parse(r.Descriptor, true)
			if is != rtpx.Read || n == 0 && !d.Key {
				t.Fatalf("source %d: the descriptor %x of packet %d is %v, key: %t", i, r.Descriptor, n, is, d.Key)
			}
			if int(d.Spatial) != r.spatial || d.Start != r.first {
				t.Errorf("source %d: picture %d, layer %d is said to be of layer %d, its first packet: %t", i, r.picture, r.spatial, d.Spatial, d.Start)
			}
			if n == 0 {
				if first = d.Frame; i > 0 && int16(first-latest) <= 0 {
					t.Errorf("source %d: frame %d comes after %d", i, first, latest)
				}
			}
			if at := 2*(r.picture-got[0].picture) + uint16(r.spatial-got[0].spatial); d.Frame-first != at {
				t.Errorf("source %d: frame %d is %d after the first, want %d", i, d.Frame, d.Frame-first, at)
			}
			if int16(d.Frame-latest) > 0 || i == 0 && n == 0 {
				latest = d.Frame
			}
		}
		lost := got[len(got)-5]
		b.Until("a packet again", func() {
			b.Nack(seat, lost.Seq)
			move() // by which pion notices it
		}, func() bool {
			times := 0
			for _, r := range b.Received(seat) {
				if r.Seq != lost.Seq {
					continue
				}
				if times++; string(r.Descriptor) != string(lost.Descriptor) {
					t.Fatalf("source %d: it came with %x, and again with %x", i, lost.Descriptor, r.Descriptor)
				}
			}
			return times > 1
		})
		got = ofTeller(b.Received(seat)[from:])
		if d, is := structure.Parse(got[len(got)-1].Descriptor, true); is == rtpx.Read {
			latest = d.Frame
		}
		from = len(b.Received(seat))
	}
}

// TestFramesAreCountedAnew: who begins to count his frames anew is seen again from his next key
// picture on, with numbers that go on.
func TestFramesAreCountedAnew(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.JoinBy(t, room, "b", sfutest.Way{Described: true})
	p, seat := newTeller(t, server, a, b)
	move := p.mover(a)
	b.Until("pictures", move, func() bool { return len(ofTeller(b.Received(seat))) > 8*parts })
	last, _ := rtpx.Frame(ofTeller(b.Received(seat))[0].Descriptor)
	p.frame += 30_000
	p.send(true)
	from := p.picture
	b.Until("pictures again", move, func() bool {
		all := ofTeller(b.Received(seat))
		return len(all) > 0 && int16(all[len(all)-1].picture-from) > 8
	})
	for _, r := range ofTeller(b.Received(seat)) {
		number, _ := rtpx.Frame(r.Descriptor)
		if ahead := number - last; ahead > 2 {
			t.Fatalf("frame %d comes after %d", number, last)
		}
		last = number
	}
}

// TestWhatIsNoDescriptorIsNotPassedOn: what came in a packet's header extension before that was
// agreed on, or after, is nothing that anybody has read, also when the packet goes again.
func TestWhatIsNoDescriptorIsNotPassedOn(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.JoinBy(t, room, "b", sfutest.Way{Described: true})
	p, seat := newTeller(t, server, a, b)
	n := 0
	move := func() { // of each picture the first packet has a descriptor only
		for i, d := range p.next(n%50 == 0) {
			if i == 0 {
				p.inject.Describe(d.raw, d.descriptor)
			} else {
				p.inject.Extend(d.raw, []byte{0xc5, 1, 2, 3})
			}
		}
		n++
	}
	var again uint16
	b.Until("pictures", move, func() bool {
		got := ofTeller(b.Received(seat))
		for _, r := range got {
			if !r.first {
				again = r.Seq
			}
		}
		return len(got) > 6*parts
	})
	times := 0
	b.Until("a packet again", func() {
		b.Nack(seat, again)
		move()
	}, func() bool {
		times = 0
		for _, r := range b.Received(seat) {
			if r.Seq != again {
				continue
			}
			if times++; r.Descriptor != nil {
				t.Fatalf("with the packet comes %x", r.Descriptor)
			}
		}
		return times > 1
	})
	described := 0
	for _, r := range ofTeller(b.Received(seat)) {
		if r.first != (r.Descriptor != nil) {
			t.Fatalf("picture %d, its first packet: %t, has %x", r.picture, r.first, r.Descriptor)
		}
		if r.first {
			described++
		}
	}
	if described == 0 {
		t.Error("nothing was described")
	}
}

// begins reports whether a coded video sequence does with a packet.
func begins(r shown) bool {
	d, is := (&rtpx.Dependencies{}).Parse(r.Descriptor, true)
	return is == rtpx.Read && d.Key
}

// TestUndescribedSpatialLayers: who has not agreed to descriptors gets none, and of
// several spatial layers of AV1 one: it cannot tell them apart. Pictures end with it.
func TestUndescribedSpatialLayers(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	p, seat := newTeller(t, server, a, b)
	p.spatial = true
	b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: 533, Height: 300}})
	b.Until("many pictures", p.mover(a), func() bool { return len(ofTeller(b.Received(seat))) > 40*parts })
	got := whole(b, seat, 1)
	plays(t, got)
	for _, r := range got {
		if r.spatial > 0 || r.Descriptor != nil {
			t.Fatalf("picture %d: layer %d, descriptor %x", r.picture, r.spatial, r.Descriptor)
		}
	}
}

// TestDescribedFollowsWhoIsInside: everybody hears whether all take descriptors, from
// before somebody is inside who does not until after.
func TestDescribedFollowsWhoIsInside(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a := sfutest.JoinBy(t, room, "a", sfutest.Way{Described: true})
	b := sfutest.JoinBy(t, room, "b", sfutest.Way{Described: true})
	all := func(want bool) {
		t.Helper()
		for _, c := range []*sfutest.Client{a, b} {
			c.Until(fmt.Sprint("all take descriptors: ", want), nil, func() bool { return c.AllDescribed() == want && len(c.Codecs()) == 4 })
		}
	}
	all(true)
	c := sfutest.Join(t, room, "c")
	all(false)
	c.Peer.SetInside(false)
	all(true)
	c.Peer.SetInside(true)
	all(false)
	c.Leave()
	all(true)
}
