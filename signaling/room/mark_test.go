package room

import (
	"crypto/ed25519"
	"encoding/binary"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"incamera/signaling/wire"
)

// markOf signs a mark as the host of some room would.
func markOf(by ed25519.PrivateKey, room string, number uint32, closed bool) wire.Mark {
	m := wire.Mark{Number: number, Closed: closed, Body: []byte("sealed policy")}
	b := binary.BigEndian.AppendUint32([]byte("incamera mark v1\x00"+room), number)
	b = append(b, map[bool]byte{true: 1}[closed])
	m.Signature = ed25519.Sign(by, append(b, m.Body...))
	return m
}

// TestMark: what the host says of the policy is shown to everybody who is here
// or comes, in the group or not; nobody else puts one there, and none of before.
func TestMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		cleo := join(t, r) // waits outside
		expect[wire.Arrived](ann)
		expect[wire.Arrived](ben)
		if ann.joined.Mark != nil {
			t.Error("a mark that nobody has made")
		}
		_, own, _ := ed25519.GenerateKey(nil)
		good := markOf(hostKey, "room", 3, true)
		later, other, open := good, good, good
		later.Number, other.Body, open.Closed = 4, []byte("another policy"), false
		for name, m := range map[string]wire.Mark{
			"by somebody else": markOf(own, "room", 3, true), "of another room": markOf(hostKey, "rome", 3, true),
			"numbered anew": later, "of another body": other, "opened": open,
		} {
			ben.say(m)
			if f := expect[wire.Failed](ben); f.About != "mark" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		ann.quiet()
		ben.say(good) // whoever sends it: the host has signed it
		for _, c := range []*client{ann, ben, cleo} {
			if m := expect[wire.Marked](c).Mark; m.Number != 3 || !m.Closed || string(m.Body) != "sealed policy" {
				t.Errorf("%+v", m)
			}
		}
		ann.say(markOf(hostKey, "room", 2, false))
		ann.say(good)
		ann.quiet()
		cleo.quiet()
		if m := join(t, r).joined.Mark; m == nil || m.Number != 3 {
			t.Errorf("who comes later is shown %+v", m)
		}
		expect[wire.Arrived](ann)
		r.Mark(markOf(own, "room", 9, false))
		r.Mark(markOf(hostKey, "room", 4, false))
		if m := expect[wire.Marked](ann).Mark; m.Number != 4 || m.Closed {
			t.Errorf("%+v", m)
		}
	})
}

// TestMarkOfBefore: a room that is made again begins with the mark that its
// maker knows.
func TestMarkOfBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := markOf(hostKey, "room", 7, true)
		about := About{Name: "room", HostKey: hostKey.Public().(ed25519.PublicKey), Mark: &m}
		r := New(DefaultConfig(), about, nil, slog.New(slog.DiscardHandler))
		go r.Run(t.Context())
		ann := join(t, r)
		if k := ann.joined.Mark; k == nil || k.Number != 7 {
			t.Errorf("%+v", k)
		}
		ann.say(markOf(hostKey, "room", 6, false))
		ann.quiet()
	})
}

// TestClosedGroupIsKept: where not everybody gets in, a group is not given up
// because all of its members are away for a moment, only when their sessions
// end.
func TestClosedGroupIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := join(t, r)
		ann.say(wire.Found{Generation: 1})
		expect[wire.Peers](ann)
		expect[wire.Founded](ann)
		ann.say(markOf(hostKey, "room", 1, true))
		expect[wire.Marked](ann)
		ben := join(t, r)
		ben.say(wire.Ask{Generation: 1, Body: []byte("k")})
		expect[wire.Arrived](ann)
		expect[wire.Asked](ann)
		ann.Break(t.Context())
		began := time.Now()
		if g := expect[wire.Reset](ben).Generation; g != 2 {
			t.Errorf("generation %d", g)
		}
		if took := time.Since(began); took != DefaultConfig().ResumeTime {
			t.Errorf("given up after %v", took)
		}
	})
}
