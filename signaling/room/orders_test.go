package room

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"incamera/signaling/wire"
)

// pass is what the holder of a key vouches for.
func pass(by ed25519.PrivateKey, room string, grant, role uint32, id wire.SessionID) wire.Moderate {
	b := binary.BigEndian.AppendUint32([]byte("incamera pass v1\x00"+room), grant)
	b = append(append(b, byte(role)), id...)
	return wire.Moderate{Grant: grant, Role: role, Signature: ed25519.Sign(by, b)}
}

func (c *client) moderates(grant, role uint32) {
	c.t.Helper()
	c.say(pass(hostKey, "room", grant, role, c.ID))
}

// refusedAll checks that each order is refused, and that others hear nothing.
func refusedAll(t *testing.T, c *client, others []*client, orders ...any) {
	t.Helper()
	for _, m := range orders {
		c.say(m)
		if f := expect[wire.Failed](c); f.About != wire.TypeName(m) {
			t.Errorf("%T: %+v", m, f)
		}
	}
	for _, o := range others {
		o.quiet()
	}
}

func TestRemove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, ben := pair(t, r)
		ben.say(publish("offer"))
		expect[wire.Published](ben)
		ann.moderates(1, wire.RoleModerator)
		ann.say(wire.Remove{Session: ben.ID})
		if e := expect[wire.Ended](ben); e.Reason != wire.ReasonRemoved {
			t.Errorf("%+v", e)
		}
		if m := ben.next(); m != nil || !errors.Is(ben.Err, ErrEnded) {
			t.Errorf("got %T, %v", m, ben.Err)
		}
		if l := expect[wire.Left](ann); l.Session != ben.ID || l.Reason != wire.ReasonRemoved {
			t.Errorf("%+v", l)
		}
		synctest.Wait()
		if p := media.peer(0); !p.isClosed() {
			t.Error("his media goes on")
		}
		ann.say(wire.Remove{Session: ben.ID}) // who is gone already
		ann.quiet()
	})
}

// TestModeratorBelowHost: a moderator neither removes the host nor ends the
// meeting, and a later grant takes the pass back.
func TestModeratorBelowHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		all := inside(t, r, 3)
		ann, ben, cleo := all[0], all[1], all[2]
		ann.moderates(1, wire.RoleHost)
		ben.moderates(1, wire.RoleModerator)
		refusedAll(t, ben, []*client{ann, cleo}, wire.Remove{Session: ann.ID}, wire.End{})
		ben.say(wire.Rules{Generation: 1, Epoch: 2})
		ben.quiet()
		ann.moderates(2, wire.RoleHost)
		refusedAll(t, ben, []*client{ann, cleo}, wire.Remove{Session: cleo.ID}, wire.Rules{Generation: 1, Epoch: 2})
		ben.moderates(1, wire.RoleModerator) // the old one again
		refusedAll(t, ben, []*client{ann, cleo}, wire.Remove{Session: cleo.ID})
		ben.moderates(2, wire.RoleModerator)
		ben.say(wire.Remove{Session: cleo.ID})
		expect[wire.Ended](cleo)
	})
}

// TestRules: what is withheld from sessions is told to the media plane, for
// those who come later, too; late and premature rules change nothing.
func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, ben := pair(t, r)
		for _, c := range []*client{ann, ben} {
			c.say(publish("offer"))
			expect[wire.Published](c)
		}
		ann.moderates(1, wire.RoleModerator)
		want := func(what string, lists ...[]wire.Source) {
			t.Helper()
			synctest.Wait()
			for i, list := range lists {
				if got := media.peer(i).isWithheld(); !slices.Equal(got, list) {
					t.Errorf("%s: %v is withheld from peer %d, want %v", what, got, i, list)
				}
			}
		}
		mic, camera := []wire.Source{wire.SourceMic}, []wire.Source{wire.SourceCamera}
		ann.say(wire.Rules{Generation: 1, Epoch: 1, Withheld: mic, Others: []wire.Withheld{{Session: ann.ID}}})
		want("all but one", nil, mic)
		late := join(t, r)
		late.say(publish("offer"))
		expect[wire.Published](late)
		want("who comes later", nil, mic, mic)
		ann.say(wire.Rules{Generation: 1, Epoch: 0, Withheld: camera})
		ann.say(wire.Rules{Generation: 1, Epoch: 2, Withheld: camera})
		ann.say(wire.Rules{Generation: 2, Epoch: 0, Withheld: camera})
		want("late and premature ones", nil, mic, mic)
		ann.say(wire.Rules{Generation: 1, Epoch: 1, Others: []wire.Withheld{{Session: ben.ID, Sources: camera}}})
		want("one alone", nil, camera, nil)
	})
}

// ending runs a room of its own and returns what closes when it is over.
func ending(t *testing.T) (*Room, <-chan struct{}) {
	r := New(DefaultConfig(), About{Name: "room", HostKey: hostKey.Public().(ed25519.PublicKey)}, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	over := make(chan struct{})
	go func() { r.Run(ctx); close(over) }()
	return r, over
}

// TestEnd: the host ends the meeting for all, at once or when its time is up;
// one whose last host has left ends after the time that was set, and not while
// a host is there.
func TestEnd(t *testing.T) {
	const limit = 60 // seconds
	for name, c := range map[string]struct {
		rules  wire.Rules
		do     func(ann, ben *client)
		reason wire.LeaveReason
		after  time.Duration
	}{
		"for all":  {wire.Rules{}, func(ann, _ *client) { ann.say(wire.End{}) }, wire.ReasonEnded, 0},
		"in time":  {wire.Rules{Ends: limit}, func(_, _ *client) {}, wire.ReasonOver, limit * time.Second},
		"deserted": {wire.Rules{Hostless: limit}, func(ann, _ *client) { _ = ann.try(wire.Leave{}) }, wire.ReasonOver, limit * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, over := ending(t)
				ann, ben := pair(t, r)
				ann.moderates(1, wire.RoleHost)
				c.rules.Generation, c.rules.Epoch = 1, 1
				ann.say(c.rules)
				synctest.Wait()
				began := time.Now()
				c.do(ann, ben)
				if name == "deserted" {
					expect[wire.Left](ben)
				}
				if e := expect[wire.Ended](ben); e.Reason != c.reason || time.Since(began) != c.after {
					t.Errorf("%+v after %v", e, time.Since(began))
				}
				<-over
				if !r.Closed() {
					t.Error("it counts as left")
				}
				if _, err := r.Enter(t.Context(), r.Link(), nil); !errors.Is(err, ErrClosed) {
					t.Errorf("somebody enters: %v", err)
				}
			})
		})
	}
}

// TestHostlessOnlyWithoutHost: a host that is there, or back in time, keeps the
// meeting going; one without a socket does not.
func TestHostlessOnlyWithoutHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := ending(t)
		ann, ben := pair(t, r)
		ann.moderates(1, wire.RoleHost)
		ann.say(wire.Rules{Generation: 1, Epoch: 1, Hostless: 10})
		time.Sleep(time.Hour) // of the bubble's clock
		ann.Break(t.Context())
		time.Sleep(9 * time.Second)
		ann.back(r)
		time.Sleep(time.Hour)
		ben.say(wire.Sources{})
		ann.Break(t.Context())
		time.Sleep(11 * time.Second)
		if err := ben.try(wire.Sources{}); err == nil {
			t.Error("the meeting goes on without a host")
		}
	})
}

// TestKeep: an empty room is kept for as long as the host said.
func TestKeep(t *testing.T) {
	for keep, want := range map[uint32]time.Duration{0: DefaultConfig().IdleUsed, 60: time.Minute, 1 << 31: DefaultConfig().MaxKeep} {
		synctest.Test(t, func(t *testing.T) {
			r, over := ending(t)
			ann := inside(t, r, 1)[0]
			ann.moderates(1, wire.RoleModerator)
			ann.say(wire.Rules{Generation: 1, Epoch: 0, Keep: keep})
			began := time.Now()
			_ = ann.try(wire.Leave{})
			<-over
			if took := time.Since(began); took != want || r.Closed() {
				t.Errorf("kept for %v, want %v; closed: %t", took, want, r.Closed())
			}
		})
	}
}

// TestNote: a word of a moderator's reaches who waits, and nobody else.
func TestNote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		guest := join(t, r)
		for _, c := range []*client{ann, ben} {
			expect[wire.Arrived](c)
		}
		ann.moderates(1, wire.RoleModerator)
		ann.say(wire.Note{To: guest.ID, Body: []byte("sealed")})
		if n := expect[wire.Noted](guest); string(n.Body) != "sealed" {
			t.Errorf("%q", n.Body)
		}
		ann.say(wire.Note{To: ben.ID, Body: []byte("sealed")})
		ann.say(wire.Note{To: "nobody", Body: []byte("sealed")})
		for _, c := range []*client{ann, ben, guest} {
			c.quiet()
		}
	})
}
