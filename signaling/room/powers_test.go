package room

import (
	"crypto/ed25519"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"incamera/signaling/wire"
)

// A power is what somebody may do with a message.
type power int

const (
	ofHost    power = iota // by the host's word only
	ofMembers              // of those in the group
	ofAll                  // of everybody, for himself
)

// A world is a room with a host, a member, and those who have no word of the
// host's: one who waits, a member, a listener, and one who was a moderator.
type world struct {
	media                         *fakeMedia
	host, victim                  *client
	guest, plain, listener, relic *client
}

func newWorld(t *testing.T) *world {
	w := &world{media: &fakeMedia{}}
	r := start(t, w.media)
	all := inside(t, r, 5)
	w.host, w.victim, w.plain, w.listener, w.relic = all[0], all[1], all[2], all[3], all[4]
	w.guest = join(t, r)
	for _, c := range all {
		expect[wire.Arrived](c)
	}
	for _, c := range append(all, w.guest) {
		c.say(publish("offer"))
		expect[wire.Published](c)
	}
	w.host.moderates(1, wire.RoleHost)
	w.relic.moderates(1, wire.RoleModerator)
	w.relic.say(wire.Note{To: w.guest.ID, Body: []byte("he may, now")})
	expect[wire.Noted](w.guest)
	w.host.moderates(2, wire.RoleHost)
	w.host.say(wire.Rules{Generation: 1, Epoch: 4, Others: []wire.Withheld{{Session: w.listener.ID, Sources: []wire.Source{wire.SourceMic}}}})
	synctest.Wait()
	return w
}

func (w *world) all() []*client {
	return []*client{w.host, w.victim, w.plain, w.listener, w.relic, w.guest}
}

// An attempt is what somebody sends who wants more than he may.
type attempt struct {
	power power
	of    func(w *world, by *client) []any
}

// The signature of somebody who is not the host.
func forged(statement string) []byte {
	_, own, _ := ed25519.GenerateKey(nil)
	return ed25519.Sign(own, []byte(statement))
}

var onlyMic = []wire.Source{wire.SourceMic}

// attempts is what can be tried with each message that there is.
var attempts = map[string]attempt{
	"moderate": {ofHost, func(w *world, by *client) []any {
		_, own, _ := ed25519.GenerateKey(nil)
		promoted := pass(hostKey, "room", 2, wire.RoleModerator, by.ID)
		promoted.Role = wire.RoleHost
		fresher := pass(hostKey, "room", 1, wire.RoleModerator, by.ID)
		fresher.Grant = 3
		return []any{
			pass(own, "room", 2, wire.RoleHost, by.ID), pass(hostKey, "room", 2, wire.RoleHost, w.host.ID),
			pass(hostKey, "rome", 2, wire.RoleHost, by.ID), promoted, fresher,
		}
	}},
	"remove": {ofHost, func(w *world, by *client) []any {
		return []any{wire.Remove{Session: w.host.ID}, wire.Remove{Session: w.victim.ID}, wire.Remove{Session: by.ID}, wire.Remove{Session: "nobody"}}
	}},
	"rules": {ofHost, func(w *world, by *client) []any {
		return []any{
			wire.Rules{Generation: 1, Epoch: 4, Withheld: onlyMic},
			wire.Rules{Generation: 1, Epoch: 4},
			wire.Rules{Generation: 1, Epoch: 4, Ends: 1, Hostless: 1, Keep: 1},
			wire.Rules{Generation: 9, Epoch: 9},
		}
	}},
	"restart": {ofHost, func(*world, *client) []any { return []any{wire.Restart{Generation: 1}, wire.Restart{Generation: 9}} }},
	"end":     {ofHost, func(*world, *client) []any { return []any{wire.End{}} }},
	"note": {ofHost, func(w *world, by *client) []any {
		return []any{wire.Note{To: w.guest.ID, Body: []byte("come in")}, wire.Note{To: w.victim.ID, Body: []byte("n")}}
	}},
	"send_back": {ofHost, func(w *world, by *client) []any {
		ofAnother := ed25519.Sign(hostKey, []byte("incamera send back v1\x00room"+string(w.plain.ID)))
		return []any{
			wire.SendBack{Session: w.victim.ID, Signature: forged("incamera send back v1\x00room" + string(w.victim.ID))},
			wire.SendBack{Session: w.victim.ID, Signature: ofAnother},
		}
	}},
	"mark": {ofHost, func(*world, *client) []any {
		return []any{wire.Mark{Number: 9, Body: []byte("open"), Signature: forged("incamera mark v1\x00room")}}
	}},
	"commit": {ofMembers, func(w *world, by *client) []any {
		return []any{
			wire.Commit{Generation: 1, Epoch: 4, Body: []byte("c")},
			wire.Commit{Generation: 1, Epoch: 4, Body: []byte("c"), To: []wire.SessionID{by.ID}, Welcome: []byte("w"), Tree: []byte("t")},
		}
	}},
	"app":   {ofMembers, func(*world, *client) []any { return []any{wire.App{Generation: 1, Epoch: 4, Body: []byte("a")}} }},
	"since": {ofMembers, func(*world, *client) []any { return []any{wire.Since{Generation: 1}} }},
	"beat":  {ofMembers, func(*world, *client) []any { return []any{wire.Beat{Generation: 1, Body: []byte("b")}} }},
	"join":  {ofAll, nil}, "ack": {ofAll, nil}, "leave": {ofAll, nil},
	// Of who may not be heard the media plane hears nothing: speaking_test.go.
	"speaking": {ofAll, nil},
	// Of these members hear who waits, and nobody else hears anything.
	"found": {ofAll, nil}, "ask": {ofAll, nil}, "sources": {ofAll, nil}, "view": {ofAll, nil}, "publish": {ofAll, nil}, "subscribe": {ofAll, nil},
}

// silent are those messages that come too late so often that the server says
// nothing of them.
var silent = map[string]bool{"beat": true}

// TestOrdersOfOthers: every message that there is, sent by everybody to whom it does
// not belong. It is refused, and nobody notices: nobody hears anything, and
// everybody's media is as it was.
func TestOrdersOfOthers(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(wire.ClientMessages)) {
		a, ok := attempts[name]
		if !ok {
			t.Errorf("nobody has tried what a stranger gets with %q: add it to the attempts", name)
			continue
		}
		if a.of == nil {
			continue
		}
		for who, by := range map[string]func(*world) *client{
			"guest":            func(w *world) *client { return w.guest },
			"member":           func(w *world) *client { return w.plain },
			"listener":         func(w *world) *client { return w.listener },
			"former moderator": func(w *world) *client { return w.relic },
			"guest with a pass": func(w *world) *client {
				w.guest.say(pass(hostKey, "room", 1, wire.RoleHost, w.guest.ID))
				return w.guest
			}, // a void one
		} {
			if a.power == ofMembers && who != "guest" {
				continue
			}
			t.Run(name+" by a "+who, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { tryPower(t, newWorld(t), by, name, a) })
			})
		}
	}
	for name := range attempts {
		if _, ok := wire.ClientMessages[name]; !ok {
			t.Errorf("there is no message %q", name)
		}
	}
}

func tryPower(t *testing.T, w *world, of func(*world) *client, name string, a attempt) {
	by := of(w)
	for _, m := range a.of(w, by) {
		if wire.TypeName(m) != name {
			t.Fatalf("%T is tried for %q", m, name)
		}
		by.say(m)
		if silent[name] {
			continue
		}
		if f := expect[wire.Failed](by); f.About != name {
			t.Errorf("%+v: %+v", m, f)
		}
	}
	for i, c := range w.all() {
		c.quiet()
		p := w.media.peer(i)
		if c == w.guest == p.isInside() || p.isClosed() || (c == w.listener) != slices.Equal(p.isWithheld(), onlyMic) {
			t.Errorf("media of %d is not as it was", i)
		}
	}
	// The host's word is still worth something, and that of nobody else has come in its place.
	w.host.say(wire.Remove{Session: w.victim.ID})
	if e := expect[wire.Ended](w.victim); e.Reason != wire.ReasonRemoved {
		t.Errorf("%+v", e)
	}
}
