package sfu_test

import (
	"context"
	"fmt"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// smallMeeting are the seats that clients offer at first (PROTOCOL.md 1.4).
func smallMeeting() (kinds []sfu.Source) {
	for _, some := range []struct {
		kind sfu.Source
		n    int
	}{{sfu.Camera, 9}, {sfu.Mic, 9}, {sfu.Screen, 2}, {sfu.ScreenAudio, 2}} {
		for range some.n {
			kinds = append(kinds, some.kind)
		}
	}
	return kinds
}

// TestIdleMemory: a peer that has negotiated the seats of a small meeting, on
// which is nobody, takes 24 kB at most: 17 when it was written, 100 when each seat and
// each fingerprint held on to the offer. Its connection is not established: what
// establishing leaves, TestRest looks at.
func TestIdleMemory(t *testing.T) {
	const peers, most = 200, 24 << 10
	room := sfutest.Open(t).NewRoom()
	kinds := smallMeeting()
	offer := sfutest.Offer(t, kinds...)
	join := func(i int) {
		p, err := room.NewPeer(sfu.PeerID(fmt.Sprint("idle ", i)), sfu.Events{Seats: func([]sfu.Seat) {}, Closed: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		p.SetInside(true)
		// A text of its own, as it comes off a socket: nothing may hold on to it.
		if _, err = p.Subscribe(context.Background(), string([]byte(offer)), kinds); err != nil {
			t.Fatal(err)
		}
	}
	join(-1) // what all share
	before := sfu.Held()
	for i := range peers {
		join(i)
	}
	each := (sfu.Held() - before) / peers
	t.Logf("%d bytes for each idle peer", each)
	if each > most {
		t.Errorf("an idle peer takes %d bytes, want %d at most", each, most)
	}
	room.Close()
}
