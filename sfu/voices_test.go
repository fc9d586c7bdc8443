package sfu_test

import (
	"fmt"
	"slices"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
)

// A crowd are peers with open microphones and no connection: whether they are on
// a seat can be seen all the same.
func crowd(t *testing.T, room *sfu.Room, n int) (peers []*sfu.Peer, ids []sfu.PeerID) {
	t.Helper()
	for i := range n {
		id := sfu.PeerID(fmt.Sprintf("m%02d", i))
		p, err := room.NewPeer(id, sfu.Events{Seats: func([]sfu.Seat) {}, Closed: func(string) {}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		p.SetInside(true)
		p.SetSources([]sfu.Source{sfu.Mic})
		peers, ids = append(peers, p), append(ids, id)
	}
	return peers, ids
}

// hears returns who is on the seats for sound, in the order of these.
func hears(c *sfutest.Client) (owners []sfu.PeerID) {
	for _, s := range c.Seats() {
		if s.Kind == sfu.Mic && s.Owner != "" {
			owners = append(owners, s.Owner)
		}
	}
	return owners
}

// moved returns how many seats have another owner.
func moved(before, after []sfu.PeerID) (n int) {
	for i := range before {
		if i < len(after) && before[i] != after[i] {
			n++
		}
	}
	return n
}

// listener is a client with seats for the sound of a large meeting.
func listener(t *testing.T, room *sfu.Room, id sfu.PeerID) *sfutest.Client {
	t.Helper()
	c := sfutest.Join(t, room, id)
	var more []sfu.Source
	for range 14 { // beside those that it has
		more = append(more, sfu.Mic)
	}
	c.Grow(more...)
	return c
}

// TestWhoSpeaksHasASeat: of twenty microphones sixteen are on seats; who speaks
// takes one, by one change of the map, and nobody else moves.
func TestWhoSpeaksHasASeat(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	l := listener(t, room, "listener")
	peers, ids := crowd(t, room, 20)
	l.Until("sixteen are heard", nil, func() bool { return len(hears(l)) == 16 })
	for _, first := range ids[:16] {
		if !slices.Contains(hears(l), first) {
			t.Fatalf("%s was there first and is not heard: %v", first, hears(l))
		}
	}
	for i, id := range ids[16:] {
		before := hears(l)
		peers[16+i].SetSpeaking(true)
		l.Until(string(id)+" is heard", nil, func() bool { return l.SeatOf(id, sfu.Mic) >= 0 })
		if n := moved(before, hears(l)); n != 1 {
			t.Errorf("%d seats changed their owners for %s", n, id)
		}
		peers[16+i].SetSpeaking(false)
	}
	for _, id := range ids[16:] {
		if l.SeatOf(id, sfu.Mic) < 0 {
			t.Errorf("%s spoke last and is not heard any more", id)
		}
	}
}

// TestWhoIsMutedSpeaksInVain: who has no microphone that others may hear, by his
// own wish, by the host's, or because he waits in the lobby, takes no seat by
// saying that he speaks, not from who speaks either.
func TestWhoIsMutedSpeaksInVain(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	l := listener(t, room, "listener")
	peers, ids := crowd(t, room, 20)
	l.Until("sixteen are heard", nil, func() bool { return len(hears(l)) == 16 })
	peers[17].SetSources(nil)
	peers[18].SetWithheld([]sfu.Source{sfu.Mic})
	peers[19].SetInside(false)
	for _, p := range peers[17:] {
		p.SetSpeaking(true)
	}
	for i := range 15 {
		peers[i].SetSpeaking(true)
	}
	peers[16].SetSpeaking(true)
	l.Until("the last who may be heard is", nil, func() bool { return l.SeatOf(ids[16], sfu.Mic) >= 0 })
	for i, id := range ids {
		if is, want := l.SeatOf(id, sfu.Mic) >= 0, i < 15 || i == 16; is != want {
			t.Errorf("%s is heard: %v, want %v", id, is, want)
		}
	}
}

// TestAllAreHeardInTurn: twenty who say to speak always are all heard, one after
// the other, by what time does alone.
func TestAllAreHeardInTurn(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	l := listener(t, room, "listener")
	peers, ids := crowd(t, room, 20)
	for _, p := range peers {
		p.SetSpeaking(true)
	}
	for _, id := range ids {
		l.Until(string(id)+" is heard", nil, func() bool { return l.SeatOf(id, sfu.Mic) >= 0 })
	}
}

// TestVoicesChangeOnOneStream: a seat for sound goes on without a gap in its
// numbers whoever takes it, and nobody hears of anything but the map.
func TestVoicesChangeOnOneStream(t *testing.T) {
	room := sfutest.Open(t).NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	d := sfutest.Join(t, room, "d") // two seats for sound
	for _, p := range []*sfutest.Client{a, b, c} {
		p.Peer.SetSources([]sfu.Source{sfu.Mic})
	}
	talkers := map[sfu.PeerID]*sfutest.Client{"a": a, "b": b, "c": c}
	for _, id := range []sfu.PeerID{"c", "a", "b", "c", "b", "a"} {
		talkers[id].Peer.SetSpeaking(true)
		d.Until(string(id)+" is on a seat", nil, func() bool { return d.SeatOf(id, sfu.Mic) >= 0 })
		seat := d.SeatOf(id, sfu.Mic)
		d.Until(string(id)+" is heard", func() { talkers[id].Voice(string(id)) }, func() bool {
			got := d.Received(seat)
			return len(got) > 0 && string(got[len(got)-1].Payload) == string(id)
		})
		talkers[id].Peer.SetSpeaking(false)
	}
	switches := 0
	for _, s := range d.Seats() {
		if s.Kind != sfu.Mic {
			continue
		}
		got := d.Received(s.Index)
		for i := 1; i < len(got); i++ {
			if got[i].SSRC != got[0].SSRC || got[i].Seq != got[i-1].Seq+1 || int32(got[i].Timestamp-got[i-1].Timestamp) <= 0 {
				t.Fatalf("packet %d (%+v) does not follow %+v", i, got[i], got[i-1])
			}
			if !slices.Equal(got[i].Payload, got[i-1].Payload) {
				switches++
			}
		}
	}
	if switches == 0 {
		t.Error("no seat has changed its owner")
	}
}
