package room

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"

	"incamera/signaling/token"
	"incamera/signaling/wire"
)

// relinkBy is an order of the holder of a key; its token is made of n.
func relinkBy(by ed25519.PrivateKey, room string, number uint32, n byte) wire.Relink {
	hash := bytes.Repeat([]byte{n}, token.Size)
	m := wire.Relink{Number: number, TokenHash: hash, Card: []byte{'c', n}}
	said := binary.BigEndian.AppendUint32([]byte("incamera relink v1\x00"+room), number)
	m.Signature = ed25519.Sign(by, append(append(said, hash...), m.Card...))
	return m
}

// announcementOf is the host's word to members, as they could show it.
func announcementOf(m wire.Relink) []byte {
	said := binary.BigEndian.AppendUint32([]byte("incamera link announced v1\x00room"), m.Number)
	return ed25519.Sign(hostKey, append(append(said, m.TokenHash...), m.Card...))
}

func (c *client) changes(epoch uint64, m wire.Relink) {
	c.t.Helper()
	c.say(wire.Commit{Generation: 1, Epoch: epoch, Body: []byte("c"), Relink: &m})
}

// TestRelink: with the commit that changes the link goes who waits by the one
// before; members stay, one whose socket is broken too, and comes back by its
// session. The rest of the world comes by the new one.
func TestRelink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		old := r.Link()
		waits := join(t, r)
		expect[wire.Arrived](ann)
		expect[wire.Arrived](ben)
		ben.Break(t.Context())
		expect[wire.Away](ann)
		m := relinkBy(hostKey, "room", 2, 7)
		ann.moderates(1, wire.RoleHost)
		ann.changes(1, m)
		if l := r.Link(); l.Number != 2 || string(l.Card) != "c\x07" || !bytes.Equal(l.Order, m.Signature) {
			t.Errorf("the link is %+v", l)
		}
		if e := expect[wire.Ended](waits); e.Reason != wire.ReasonRelinked || e.Text == "" {
			t.Errorf("%+v", e)
		}
		if c := expect[wire.Committed](ann); c.Epoch != 1 {
			t.Errorf("%+v", c)
		}
		if l := expect[wire.Left](ann); l.Session != waits.ID || l.Reason != wire.ReasonRelinked {
			t.Errorf("%+v", l)
		}
		if _, err := r.Enter(t.Context(), old, nil); !errors.Is(err, ErrRefused) {
			t.Errorf("by the old link: %v", err)
		}
		if _, err := r.Enter(t.Context(), nil, &wire.Resume{Session: waits.ID, Secret: waits.joined.Secret}); !errors.Is(err, ErrRefused) {
			t.Errorf("back into a session that has ended: %v", err)
		}
		conn, err := r.Enter(t.Context(), nil, &wire.Resume{Session: ben.ID, Secret: ben.joined.Secret, Received: ben.got})
		if err != nil || conn.ID != ben.ID {
			t.Fatalf("a member does not come back: %v", err)
		}
		ben.Conn = conn
		if _, resumed := ben.frame(); !resumed.(wire.Joined).Resumed {
			t.Error("his session does not go on")
		}
		expect[wire.Committed](ben)
		expect[wire.Away](ann)
		if cay := join(t, r); string(cay.joined.Card) != "c\x07" {
			t.Errorf("a newcomer gets card %q", cay.joined.Card)
		}
	})
}

// TestNoRelink: what changes no link, whoever says it.
func TestNoRelink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		_, stranger, _ := ed25519.GenerateKey(nil)
		ben.changes(1, relinkBy(hostKey, "room", 3, 3)) // the host's order, by another
		if f := expect[wire.Failed](ben); f.About != "commit" || r.Link().Number != 1 {
			t.Errorf("%+v, link %d", f, r.Link().Number)
		}
		ann.moderates(1, wire.RoleHost)
		ben.moderates(1, wire.RoleModerator)
		ben.changes(1, relinkBy(hostKey, "room", 3, 3))
		if f := expect[wire.Failed](ben); f.About != "commit" || r.Link().Number != 1 {
			t.Errorf("by a moderator: %+v, link %d", f, r.Link().Number)
		}
		ann.changes(1, relinkBy(hostKey, "room", 3, 3))
		expect[wire.Committed](ann)
		expect[wire.Committed](ben)
		link := r.Link()
		forged := func(f func(*wire.Relink)) wire.Relink {
			m := relinkBy(hostKey, "room", 4, 4)
			f(&m)
			return m
		}
		for name, m := range map[string]wire.Relink{
			"by a stranger":    relinkBy(stranger, "room", 4, 4),
			"of another room":  relinkBy(hostKey, "another", 4, 4),
			"renumbered":       forged(func(m *wire.Relink) { m.Number++ }),
			"with other token": forged(func(m *wire.Relink) { m.TokenHash = bytes.Repeat([]byte{9}, 32) }),
			"with other card":  forged(func(m *wire.Relink) { m.Card = []byte("x") }),
			"another of its":   relinkBy(hostKey, "room", 3, 5),
			"announced only":   forged(func(m *wire.Relink) { m.Signature = announcementOf(*m) }),
			"of before":        relinkBy(hostKey, "room", 2, 2),
		} {
			ann.changes(2, m)
			if f := expect[wire.Failed](ann); f.About != "commit" || r.Link() != link {
				t.Errorf("%s: %+v, link %d", name, f, r.Link().Number)
			}
			r.Relink(m)
			if r.Link() != link {
				t.Errorf("%s, by who makes the room: link %d", name, r.Link().Number)
			}
		}
		good := relinkBy(hostKey, "room", 4, 4)
		ben.moderates(1, wire.RoleHost)
		ben.say(wire.Commit{Generation: 1, Epoch: 1, Body: []byte("c"), Relink: &good}) // too late
		if c := expect[wire.CommitRefused](ben); c.Epoch != 2 || r.Link() != link {
			t.Errorf("%+v", c)
		}
		waits := join(t, r)
		waits.moderates(1, wire.RoleHost)
		waits.say(wire.Commit{Generation: 1, Epoch: 2, Body: []byte("c"), Relink: &good})
		if expect[wire.Failed](waits); r.Link() != link {
			t.Error("who is no member changes the link")
		}
		ann.say(wire.Commit{Generation: 1, Epoch: 2, Body: []byte("c")})
		if expect[wire.Arrived](ann); r.Link() != link {
			t.Error("a commit without an order changes the link")
		}
	})
}

// TestRelinkNoted: a number is noted of what is carried out, and of nothing
// else; what is carried out already is carried out once more.
func TestRelinkNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		var noted []uint32
		cfg.Relinked = func(room string, number uint32) {
			if room != "room" {
				t.Errorf("of room %q", room)
			}
			noted = append(noted, number)
		}
		r := New(cfg, About{Name: "room", HostKey: hostKey.Public().(ed25519.PublicKey), Card: []byte("card")}, nil, slog.New(slog.DiscardHandler))
		go r.Run(t.Context())
		ann, ben := pair(t, r)
		two := relinkBy(hostKey, "room", 2, 2)
		ben.changes(1, two) // by who is no host
		expect[wire.Failed](ben)
		ann.moderates(1, wire.RoleHost)
		ann.changes(0, two) // too late
		expect[wire.CommitRefused](ann)
		ann.changes(2, two) // too early
		expect[wire.Failed](ann)
		waits := join(t, r)
		waits.moderates(1, wire.RoleHost)
		waits.changes(1, two) // by who is no member
		expect[wire.Failed](waits)
		if len(noted) != 0 || r.Link().Number != 1 {
			t.Fatalf("noted %v, link %d", noted, r.Link().Number)
		}
		ann.changes(1, two)
		expect[wire.Arrived](ann)
		expect[wire.Committed](ann)
		ann.changes(2, two) // once more
		expect[wire.Left](ann)
		if c := expect[wire.Committed](ann); c.Epoch != 2 || !slices.Equal(noted, []uint32{2, 2}) || r.Link().Number != 2 {
			t.Errorf("%+v, noted %v, link %d", c, noted, r.Link().Number)
		}
	})
}

// TestRelinkWhenMadeAgain: a room that somebody made again by a link of before
// is emptied by who knows the later one.
func TestRelinkWhenMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		r.Relink(relinkBy(hostKey, "room", 2, 2))
		for _, c := range []*client{ann, ben} {
			if e := expect[wire.Ended](c); e.Reason != wire.ReasonRelinked {
				t.Errorf("%+v", e)
			}
		}
		if l := r.Link(); l.Number != 2 || r.People() != 0 {
			t.Errorf("link %d, %d people", l.Number, r.People())
		}
		if cay := join(t, r); cay.joined.Founded {
			t.Error("the group of before is still there")
		}
	})
}
