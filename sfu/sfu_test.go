package sfu_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/sfu"
	"incamera/sfu/munge"
	"incamera/sfu/sfutest"
)

// TestMain fails when goroutines of ours are left after all tests.
func TestMain(m *testing.M) {
	if kind := os.Getenv(joinServer); kind != "" {
		serveJoins(kind)
		return
	}
	code := m.Run()
	left := leaked()
	// What was told to end may be on its last lines: nobody can wait for a goroutine of a library.
	for end := time.Now().Add(5 * time.Second); left != "" && time.Now().Before(end); left = leaked() {
		runtime.Gosched()
	}
	if code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines are left:\n"+left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that run code of the server, other
// than the caller's.
func leaked() string {
	buf := make([]byte, 1<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	var left []string
	for _, s := range stacks[1:] {
		if strings.Contains(s, "incamera/sfu.") || strings.Contains(s, "incamera/sfu/transport.") {
			left = append(left, s)
		}
	}
	return strings.Join(left, "\n\n")
}

func view(owner sfu.PeerID) []sfu.Tile {
	return []sfu.Tile{{Owner: owner, Kind: sfu.Camera, Width: 1280, Height: 720}}
}

// watch has from see the camera of to, and returns its seat.
func watch(from *sfutest.Client, to sfu.PeerID, source *sfutest.Client) int {
	from.Peer.SetView(view(to))
	from.Until("the camera is on a seat", nil, func() bool { return from.SeatOf(to, sfu.Camera) >= 0 })
	seat := from.SeatOf(to, sfu.Camera)
	n := len(from.Received(seat))
	from.Until("pictures arrive", func() { source.Picture(true, string(to)) }, func() bool {
		return len(from.Received(seat)) > n
	})
	return seat
}

func TestEverybodyGetsEverybody(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	ids := []sfu.PeerID{"a", "b", "c"}
	clients := map[sfu.PeerID]*sfutest.Client{}
	for _, id := range ids {
		clients[id] = sfutest.Join(t, room, id)
	}
	for _, id := range ids {
		clients[id].Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	}
	for _, to := range ids {
		var tiles []sfu.Tile
		for _, from := range ids {
			tiles = append(tiles, view(from)...) // oneself is left out
		}
		clients[to].Peer.SetView(tiles)
	}
	for _, to := range ids {
		c := clients[to]
		for _, from := range ids {
			if from == to {
				continue
			}
			for _, kind := range []sfu.Source{sfu.Mic, sfu.Camera} {
				c.Until("a seat for "+string(from), nil, func() bool { return c.SeatOf(from, kind) >= 0 })
				seat := c.SeatOf(from, kind)
				c.Until(string(to)+" receives "+kind.String()+" of "+string(from), func() {
					clients[from].Voice(string(from))
					clients[from].Picture(true, string(from))
				}, func() bool { return len(c.Received(seat)) > 2 })
				for _, r := range c.Received(seat) {
					body := string(r.Payload)
					if kind == sfu.Camera {
						body = sfutest.Body(r)
					}
					if body != string(from) {
						t.Fatalf("on the seat of %s's %v %s received %q", from, kind, to, body)
					}
				}
			}
		}
	}
}

func TestRoomsAreApart(t *testing.T) {
	server := sfutest.Open(t)
	a := sfutest.Join(t, server.NewRoom(), "a")
	b := sfutest.Join(t, server.NewRoom(), "b")
	a.Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	b.Peer.SetView(view("a"))
	c := sfutest.Join(t, server.NewRoom(), "c")
	_ = c
	for _, s := range b.Seats() {
		if s.Owner != "" {
			t.Errorf("seat %d holds somebody of another room", s.Index)
		}
	}
}

// A seat is one continuous stream whoever is on it.
func TestSeatGoesOnOverSources(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat := watch(c, "a", a)
	for range 3 {
		if got := watch(c, "b", b); got != seat {
			t.Fatalf("b is on seat %d, a was on %d", got, seat)
		}
		watch(c, "a", a)
	}
	inOrder(t, c, seat)
}

func TestNewcomerStartsAtAKeyFrameThatWasAskedFor(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetView(view("a"))
	b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
	seat := b.SeatOf("a", sfu.Camera)
	before := a.Requests()
	a.Until("a key frame is asked for", func() { a.Picture(false, "delta") }, func() bool { return a.Requests() > before })
	if n := len(b.Received(seat)); n > 0 {
		t.Errorf("%d packets came before a key frame", n)
	}
	b.Until("the key frame comes", func() { a.Picture(true, "key") }, func() bool { return len(b.Received(seat)) > 0 })
	if got := sfutest.Body(b.Received(seat)[0]); got != "key" {
		t.Errorf("the first packet is %q", got)
	}
}

func TestLossIsRepaired(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat := watch(b, "a", a)
	n := len(b.Received(seat))
	b.Until("deltas arrive", func() { a.Picture(false, "delta") }, func() bool { return len(b.Received(seat)) > n+2 })
	missed := b.Received(seat)[n]
	// The receiver takes a retransmission for a late packet of the stream.
	again := func() (copies int) {
		for _, r := range b.Received(seat) {
			if r.Seq == missed.Seq {
				if !bytes.Equal(r.Payload, missed.Payload) || r.Timestamp != missed.Timestamp {
					t.Fatalf("it comes again as %+v, was %+v", r, missed)
				}
				copies++
			}
		}
		return copies
	}
	b.Until("the packet comes again", func() {
		b.Nack(seat, missed.Seq)
		a.Picture(false, "delta") // the receiver looks for retransmissions when media arrives
	}, func() bool { return again() > 1 })
	asked := server.Stats().Asked
	b.Until("it is asked for often", func() { b.Nack(seat, missed.Seq) }, func() bool { return server.Stats().Asked > asked+10 })
	if got := again(); got > 4 {
		t.Errorf("it was sent %d times", got)
	}
}

// inOrder fails unless what has come on a seat is one continuous stream, in which
// probes may have repeated some, and packets may have overtaken each other: those
// that wait for their time are sent by another goroutine than those that need not.
func inOrder(t *testing.T, c *sfutest.Client, seat int) {
	t.Helper()
	var got []sfutest.Received
	c.Until("no packet is missing", nil, func() bool {
		got = slices.Clone(c.Received(seat))
		slices.SortStableFunc(got, func(a, b sfutest.Received) int { return int(int16(a.Seq - b.Seq)) })
		got = slices.CompactFunc(got, func(a, b sfutest.Received) bool { return a.Seq == b.Seq && bytes.Equal(a.Payload, b.Payload) })
		return len(got) > 0 && int(got[len(got)-1].Seq-got[0].Seq) == len(got)-1
	})
	for i := 1; i < len(got); i++ {
		if got[i].SSRC != got[0].SSRC || got[i].Seq != got[i-1].Seq+1 || int32(got[i].Timestamp-got[i-1].Timestamp) <= 0 ||
			sfutest.PictureID(got[i]) != (sfutest.PictureID(got[i-1])+1)&0x7fff {
			t.Fatalf("packet %d (%+v) does not follow %+v", i, got[i], got[i-1])
		}
	}
}

func TestViewChangeSwitchesLayer(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a", "q", "h", "f"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat, n := -1, 0
	for _, step := range []struct {
		height int
		rid    string
	}{{90, "q"}, {720, "f"}, {360, "h"}, {180, "q"}} {
		b.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: step.height * 16 / 9, Height: step.height}})
		b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
		seat = b.SeatOf("a", sfu.Camera)
		b.Until(step.rid+" is shown", func() { n++; a.Picture(n%4 == 0, "") }, func() bool {
			got := b.Received(seat)
			return len(got) > 0 && sfutest.Body(got[len(got)-1]) == step.rid
		})
	}
	inOrder(t, b, seat)
}

func TestLayerThatStopsIsReplaced(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a", "q", "h", "f"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	b.Peer.SetView(view("a"))
	b.Until("a seat", nil, func() bool { return b.SeatOf("a", sfu.Camera) >= 0 })
	seat := b.SeatOf("a", sfu.Camera)
	shown := func(rid string) func() bool {
		return func() bool {
			got := b.Received(seat)
			return len(got) > 0 && sfutest.Body(got[len(got)-1]) == rid
		}
	}
	b.Until("the largest is shown", func() { a.Picture(true, "") }, shown("f"))
	b.Until("the next is shown", func() {
		a.Layer(0, true, "")
		a.Layer(1, true, "")
	}, shown("h"))
	inOrder(t, b, seat)
}

// TestDemandFollowsTheViews: a publisher hears what nobody watches after a
// while, what somebody watches at once, and all of it again when it has
// connected anew.
func TestDemandFollowsTheViews(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a", "q", "h", "f"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	if camera, screen := a.Demand(); camera != 3 || screen != 3 {
		t.Fatalf("at first %d and %d layers are wanted, want all", camera, screen)
	}
	wants := func(what string, camera, screen int) {
		t.Helper()
		a.Until(what, nil, func() bool { gotCamera, gotScreen := a.Demand(); return gotCamera == camera && gotScreen == screen })
	}
	look := func(from *sfutest.Client, height int) {
		from.Peer.SetView([]sfu.Tile{{Owner: "a", Kind: sfu.Camera, Width: height * 16 / 9, Height: height}})
	}
	a.Peer.SetSources([]sfu.Source{sfu.Camera, sfu.Screen})
	look(b, 180)
	look(c, 360)
	wants("two layers, and the screen, which needs no view", 2, 3)
	look(c, 720)
	wants("all layers again", 3, 3)
	a.Republish()
	c.Peer.SetView(nil)
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	wants("one layer, and no screen", 1, 0)
	b.Leave()
	wants("nothing", 0, 0)
	a.Republish()
	a.Until("told anew, though nothing has changed", nil, func() bool { camera, _ := a.Demand(); return camera == 0 })
	look(c, 90)
	wants("the smallest", 1, 0)
}

// TestCodecsFollowWhoIsInside: everybody hears which codecs all take, from before
// somebody is inside who takes less until after.
func TestCodecsFollowWhoIsInside(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	takes := func(want ...string) {
		t.Helper()
		for _, c := range []*sfutest.Client{a, b} {
			c.Until(fmt.Sprint("all take ", want), nil, func() bool { return slices.Equal(c.Codecs(), want) })
		}
	}
	takes("vp8", "vp9", "av1", "h264")
	c := sfutest.JoinBy(t, room, "c", sfutest.Way{VP8: true})
	takes("vp8")
	c.Peer.SetInside(false)
	takes("vp8", "vp9", "av1", "h264")
	c.Peer.SetInside(true)
	takes("vp8")
	c.Leave()
	takes("vp8", "vp9", "av1", "h264")
}

// A publisher whose connection broke offers another one: its seats go on.
func TestSeatGoesOnOverConnections(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat := watch(b, "a", a)
	for range 2 {
		a.Republish()
		if got := watch(b, "a", a); got != seat {
			t.Fatalf("a moved from seat %d to %d", seat, got)
		}
	}
	inOrder(t, b, seat)
}

func TestPublishIsOfferedAgain(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	watch(b, "a", a)
	fingerprint := regexp.MustCompile(`a=fingerprint:\S+ \S+`)
	first := fingerprint.FindString(a.Reoffer())
	if second := fingerprint.FindString(a.Reoffer()); first == "" || first != second {
		t.Errorf("the answers are of two connections: %q and %q", first, second)
	}
	watch(b, "a", a)
}

func TestSeatsGrow(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	first := watch(b, "a", a)
	before := len(b.Seats())
	b.Grow(sfu.Camera, sfu.Camera)
	b.Until("the new seats are told", nil, func() bool { return len(b.Seats()) == before+2 })
	if got := watch(b, "a", a); got != first {
		t.Errorf("a moved from seat %d to %d", first, got)
	}
	inOrder(t, b, first)
	ids := []sfu.PeerID{"c", "d"}
	tiles := view("a")
	for _, id := range ids {
		c := sfutest.Join(t, room, id)
		c.Peer.SetSources([]sfu.Source{sfu.Camera})
		tiles = append(tiles, view(id)...)
		b.Peer.SetView(tiles)
		b.Until("a seat", nil, func() bool { return b.SeatOf(id, sfu.Camera) >= 0 })
		seat := b.SeatOf(id, sfu.Camera)
		b.Until("pictures on a seat, new or old", func() { c.Picture(true, string(id)) }, func() bool { return len(b.Received(seat)) > 2 })
	}
	if b.SeatOf("d", sfu.Camera) < before {
		t.Errorf("no new seat is used: %v", b.Seats())
	}
}

// Voice and face are on seats of one media stream, for lip sync.
func TestVoiceAndFaceAreInStep(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	a.Peer.SetSources([]sfu.Source{sfu.Mic})
	b.Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	c.Until("both are heard", nil, func() bool { return c.SeatOf("a", sfu.Mic) >= 0 && c.SeatOf("b", sfu.Mic) >= 0 })
	c.Peer.SetView(view("b"))
	c.Until("b is seen", nil, func() bool { return c.SeatOf("b", sfu.Camera) >= 0 })
	nth := func(seat int) (n int) {
		for _, s := range c.Seats()[:seat] {
			if s.Kind == c.Seats()[seat].Kind {
				n++
			}
		}
		return n
	}
	if voice, face := nth(c.SeatOf("b", sfu.Mic)), nth(c.SeatOf("b", sfu.Camera)); voice != face {
		t.Errorf("the voice is on microphone seat %d, the face on camera seat %d", voice, face)
	}
}

func TestSenderReportsAreOnOurClock(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	seat := watch(b, "a", a)
	wrong := time.Now().Add(5 * time.Hour) // the publisher's clock
	b.Until("a report comes", func() {
		a.Picture(false, "")
		a.Report(munge.ToNTP(wrong.UnixNano()))
	}, func() bool { _, ok := b.LatestReport(seat); return ok })
	r, _ := b.LatestReport(seat)
	if off := time.Since(time.Unix(0, munge.FromNTP(r.NTPTime))).Abs(); off > time.Minute {
		t.Errorf("the report is off by %v", off)
	}
	got := b.Received(seat)
	if off := int32(r.RTPTime-got[len(got)-1].Timestamp) / 90_000; off < -connectSeconds || off > connectSeconds {
		t.Errorf("the report's timestamp is off by %d s", off)
	}
	if r.PacketCount == 0 || int(r.PacketCount) > len(got)+2 {
		t.Errorf("the report counts %d packets, %d were received", r.PacketCount, len(got))
	}
}

// connectSeconds is how many seconds a busy machine may lose in a test.
const connectSeconds = 30

func TestRepeatedPacketsAreDropped(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	watch(b, "a", a)
	// SRTP lets no packet through twice, so it is given to the forwarder.
	inject := sfu.NewInjector(a.Peer)
	raw := []byte{0x80, 0x80 | 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0x80, 0x80, 0, 0x10}
	inject.Inject(raw)
	before := server.Stats()
	for range 5 {
		inject.Inject(raw)
	}
	if after := server.Stats(); after.Duplicates != before.Duplicates+5 || after.PacketsOut != before.PacketsOut {
		t.Errorf("five repeated packets: %+v, before %+v", after, before)
	}
}

// The parts of a frame arrive as they were, whatever their sizes, and also when
// the last one is missing.
func TestFramesOfManyPackets(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	seats := map[*sfutest.Client]int{b: watch(b, "a", a), c: watch(c, "a", a)}
	inject := sfu.NewInjector(a.Peer)
	var want []int
	// Of the pictures that were sent to get seats, with bodies of a byte at most, some may still be under way.
	injected := func(client *sfutest.Client) (bodies []string) {
		for _, r := range client.Received(seats[client]) {
			if body := sfutest.Body(r); len(body) > 1 {
				bodies = append(bodies, body)
			}
		}
		return bodies
	}
	for i, size := range []int{1000, 1001, 1000, 700, 1100, 1099, 1099, 3} {
		raw := append([]byte{0x80, 96, 0, byte(i), 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0x80, 0x80, 0, 0x10}, bytes.Repeat([]byte{byte(i)}, size)...)
		if i == 3 {
			raw[1] |= 0x80 // the end of a frame
		}
		if i > 0 {
			raw[12] &^= 0x10 // no beginning
		}
		inject.Inject(raw)
		want = append(want, size)
	}
	for client := range seats {
		client.Until("all packets arrive", nil, func() bool { return len(injected(client)) >= len(want) })
		for i, body := range injected(client)[:len(want)] {
			if body != strings.Repeat(string(rune(i)), want[i]) {
				t.Errorf("packet %d arrived with %d bytes, want %d", i, len(body), want[i])
			}
		}
	}
}

func TestSilentSubscriberDelaysNobody(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	watch(b, "a", a)
	seat := watch(c, "a", a)
	b.Vanish()
	start := len(c.Received(seat))
	began := time.Now()
	c.Until("300 packets arrive", func() {
		for range 30 {
			a.Picture(false, "")
		}
	}, func() bool { return len(c.Received(seat)) >= start+300 })
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("300 packets beside a silent subscriber took %v", took)
	}
}

func TestSilentPeerIsTold(t *testing.T) {
	room := sfutest.OpenWith(t, sfu.Config{LostAfter: 4 * time.Second}).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Mic})
	b.Until("a is seated", nil, func() bool { return b.SeatOf("a", sfu.Mic) >= 0 })
	a.Vanish()
	b.Until("a is told to be lost", nil, func() bool { return a.Lost() != "" })
	a.Peer.Close() // what signaling does then
	b.Until("its seat is free", nil, func() bool { return b.SeatOf("a", sfu.Mic) < 0 })
}

// TestOutsideNothingFlows: a peer that is connected and not inside gets no
// packet of anybody's, and nobody gets any of its.
func TestOutsideNothingFlows(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, guest := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "guest")
	guest.Peer.SetInside(false)
	for _, c := range []*sfutest.Client{a, b, guest} {
		c.Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	}
	guest.Peer.SetView(append(view("a"), view("b")...))
	b.Peer.SetView(view("guest"))
	n := 0
	talk := func() {
		a.Voice("a")
		a.Picture(true, "a")
		guest.Voice("guest")
		guest.Picture(true, "guest")
		n++
	}
	b.Until("the voice of a is heard", talk, func() bool {
		seat := b.SeatOf("a", sfu.Mic)
		return n > 20 && seat >= 0 && len(b.Received(seat)) > 5
	})
	for _, s := range guest.Seats() {
		if s.Owner != "" || len(guest.Received(s.Index)) > 0 {
			t.Errorf("the guest has %+v and %d packets", s, len(guest.Received(s.Index)))
		}
	}
	if b.SeatOf("guest", sfu.Mic) >= 0 || b.SeatOf("guest", sfu.Camera) >= 0 {
		t.Error("the guest is on a seat")
	}
	guest.Peer.SetInside(true)
	watch(guest, "a", a)
	watch(b, "guest", guest)
	guest.Peer.SetInside(false)
	b.Until("the seats are free", nil, func() bool { return b.SeatOf("guest", sfu.Mic) < 0 && b.SeatOf("guest", sfu.Camera) < 0 })
	guest.Until("it sees nobody", nil, func() bool { return guest.SeatOf("a", sfu.Camera) < 0 && guest.SeatOf("a", sfu.Mic) < 0 })
}

// TestWithheldIsNotForwarded: of a source that is withheld nobody gets a packet,
// whatever its publisher sends, until it is given back.
func TestWithheldIsNotForwarded(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetWithheld([]sfu.Source{sfu.Mic})
	a.Peer.SetSources([]sfu.Source{sfu.Mic, sfu.Camera})
	b.Peer.SetView(view("a"))
	n := 0
	talk := func() {
		a.Voice("a")
		a.Picture(true, "a")
		n++
	}
	b.Until("the picture of a is seen", talk, func() bool {
		seat := b.SeatOf("a", sfu.Camera)
		return n > 20 && seat >= 0 && len(b.Received(seat)) > 5
	})
	if b.SeatOf("a", sfu.Mic) >= 0 {
		t.Error("the voice that is withheld is on a seat")
	}
	a.Peer.SetWithheld([]sfu.Source{sfu.Camera})
	b.Until("the voice of a is heard", talk, func() bool {
		seat := b.SeatOf("a", sfu.Mic)
		return seat >= 0 && len(b.Received(seat)) > 5
	})
	if b.SeatOf("a", sfu.Camera) >= 0 {
		t.Error("the picture that is withheld is on a seat")
	}
}

func TestCameraOffFreesItsSeat(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera, sfu.Mic})
	watch(b, "a", a)
	a.Peer.SetSources([]sfu.Source{sfu.Mic})
	b.Until("the seat is free", nil, func() bool { return b.SeatOf("a", sfu.Camera) < 0 && b.SeatOf("a", sfu.Mic) >= 0 })
}

func TestVanishedPublisherFreesItsSeats(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Camera, sfu.Mic})
	watch(b, "a", a)
	a.Peer.Close()
	b.Until("the seats are free", nil, func() bool { return b.SeatOf("a", sfu.Camera) < 0 && b.SeatOf("a", sfu.Mic) < 0 })
}

func TestScreenIsSeatedWithoutAsking(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b")
	a.Peer.SetSources([]sfu.Source{sfu.Screen, sfu.ScreenAudio})
	b.Until("both are seated", nil, func() bool { return b.SeatOf("a", sfu.Screen) >= 0 && b.SeatOf("a", sfu.ScreenAudio) >= 0 })
}
