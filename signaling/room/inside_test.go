package room

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"testing/synctest"

	"incamera/signaling/wire"
)

// TestWaitingHearsNothing: who is in the room and not in the group learns of
// nobody, and has no media, whatever it says.
func TestWaitingHearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, ben := pair(t, r)
		guest := join(t, r)
		for i, c := range []*client{ann, ben, guest} {
			c.say(publish("offer"))
			synctest.Wait()
			if p := media.peer(i); p.isInside() != (c != guest) {
				t.Errorf("inside the media: %t", p.isInside())
			}
		}
		expect[wire.Published](guest)
		ann.say(wire.Sources{On: []wire.Source{wire.SourceMic}})
		ann.say(wire.App{Generation: 1, Epoch: 1, Body: []byte("secret")})
		late := join(t, r)
		_ = late.try(wire.Leave{})
		ben.Break(t.Context())
		guest.say(wire.Ask{Generation: 1, Body: []byte("k")})
		guest.say(wire.View{Tiles: []wire.Tile{{Session: ann.ID, Source: wire.SourceCamera}}})
		guest.say(wire.Sources{On: []wire.Source{wire.SourceCamera}})
		guest.quiet()
		for _, m := range []any{
			wire.Since{Generation: 1},
			wire.App{Generation: 1, Epoch: 1, Body: []byte("x")},
			wire.Commit{Generation: 1, Epoch: 1, Body: []byte("c"), To: []wire.SessionID{guest.ID}, Welcome: []byte("w"), Tree: []byte("t")},
		} {
			guest.say(m)
			expect[wire.Failed](guest)
		}
		guest.quiet()
		ann.say(wire.Commit{Generation: 1, Epoch: 1, Body: []byte("c"), To: []wire.SessionID{guest.ID}, Welcome: []byte("w"), Tree: []byte("t")})
		p := expect[wire.Peers](guest)
		i := slices.IndexFunc(p.Peers, func(q wire.Peer) bool { return q.Session == ann.ID })
		if len(p.Peers) != 2 || i < 0 || !slices.Equal(p.Peers[i].On, []wire.Source{wire.SourceMic}) || !p.Peers[1-i].Away {
			t.Errorf("let in among %+v", p.Peers)
		}
		expect[wire.Welcomed](guest)
		synctest.Wait()
		if !media.peer(2).isInside() {
			t.Error("a member has no media")
		}
		guest.say(wire.Ask{Generation: 1, Body: []byte("k")}) // it has lost its state
		synctest.Wait()
		if media.peer(2).isInside() {
			t.Error("media flows to who is no member any more")
		}
	})
}

func (p *fakePeer) isInside() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inside
}

// TestSendBack: the host's order takes a session out of the group at once,
// which goes on, asks again, and waits; nobody else's order does.
func TestSendBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, ben := pair(t, r)
		order := func(by ed25519.PrivateKey, label string) wire.SendBack {
			return wire.SendBack{Session: ben.ID, Signature: ed25519.Sign(by, []byte(label+"\x00room"+string(ben.ID)))}
		}
		_, own, _ := ed25519.GenerateKey(nil)
		for name, m := range map[string]wire.SendBack{
			"by somebody else": order(own, "incamera send back v1"), "an order to remove": order(hostKey, "incamera remove v1"),
		} {
			ann.say(m)
			if f := expect[wire.Failed](ann); f.About != "send_back" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		ben.quiet()
		ann.say(order(hostKey, "incamera send back v1"))
		expect[wire.SentBack](ben)
		ann.say(wire.App{Generation: 1, Epoch: 1, Body: []byte("for members")})
		expect[wire.Said](ann)
		ben.quiet() // hears nothing of the group
		ben.say(wire.Ask{Generation: 1, Body: []byte("again")})
		if a := expect[wire.Asked](ann); a.From != ben.ID {
			t.Errorf("%+v", a)
		}
		ann.say(order(hostKey, "incamera send back v1")) // who waits already
		expect[wire.SentBack](ben)
		ann.quiet()
	})
}
