package sfu_test

import (
	"strings"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// TestNetworkThatTakesLittle: of two pictures the less important one is paused
// when the subscriber's network does not take both, it is told, and comes back
// with the network; the other one is not touched.
func TestNetworkThatTakesLittle(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	for _, p := range []*sfutest.Client{a, c} {
		p.Peer.SetSources([]sfu.Source{sfu.Camera})
	}
	b.Peer.SetView(append(view("a"), view("c")...))
	seats := map[sfu.PeerID]int{}
	b.Until("both have seats", nil, func() bool {
		seats["a"], seats["c"] = b.SeatOf("a", sfu.Camera), b.SeatOf("c", sfu.Camera)
		return seats["a"] >= 0 && seats["c"] >= 0
	})
	n, large := 0, strings.Repeat("x", 1000) // 400 kbit/s
	both := func() {
		a.Picture(n%4 == 0, large)
		c.Picture(n%4 == 0, large)
		n++
	}
	more := func(who sfu.PeerID) func() bool {
		had := len(b.Received(seats[who]))
		return func() bool { return len(b.Received(seats[who])) > had+12 }
	}
	b.Until("both are shown", both, func() bool { return len(b.Received(seats["a"])) > 3 && len(b.Received(seats["c"])) > 3 })
	if b.Paused("a", sfu.Camera) || b.Paused("c", sfu.Camera) {
		t.Fatal("something is paused that is shown")
	}
	b.Until("c is paused", func() { both(); b.Estimate(90_000) }, func() bool { return b.Paused("c", sfu.Camera) })
	had := len(b.Received(seats["c"]))
	b.Until("a goes on", func() { both(); b.Estimate(90_000) }, more("a"))
	if b.Paused("a", sfu.Camera) {
		t.Error("the most important picture is paused")
	}
	if got := len(b.Received(seats["c"])) - had; got > 3 { // what was under way
		t.Errorf("%d pictures came of who is paused", got)
	}
	b.Until("c is back", func() { both(); b.Estimate(5_000_000) }, func() bool { return !b.Paused("c", sfu.Camera) })
	b.Until("c is shown again", both, more("c"))
	inOrder(t, b, seats["c"])
}
