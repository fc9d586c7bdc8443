package signaling

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"incamera/signaling/store"
	"incamera/signaling/wire"
)

// A changed room has a first link, and one that takes its place.
type changed struct {
	first, second link
	order         wire.Relink
	host          ed25519.PrivateKey
}

func newChanged(seed string) changed {
	sum := sha256.Sum256([]byte("host " + seed))
	host := ed25519.NewKeyFromSeed(sum[:])
	key := host.Public().(ed25519.PublicKey)
	make := func(seed string) link {
		tok := sha256.Sum256([]byte("token " + seed))
		return link{roomOf(key), key, tok[:]}
	}
	c := changed{first: make(seed + " 1"), second: make(seed + " 2"), host: host}
	hash := sha256.Sum256(c.second.token)
	c.order = wire.Relink{Number: 2, TokenHash: hash[:], Card: []byte("another card")}
	said := binary.BigEndian.AppendUint32([]byte("incamera relink v1\x00"+c.first.room), 2)
	c.order.Signature = ed25519.Sign(host, append(append(said, hash[:]...), c.order.Card...))
	return c
}

// createSecond makes the room by its second link.
func (c changed) createSecond() wire.CreateRoom {
	m := c.second.create()
	m.Card, m.Number, m.Relink = c.order.Card, 2, c.order.Signature
	return m
}

func (f *fixture) mustCreate(m wire.CreateRoom) {
	f.t.Helper()
	if status, body := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
		f.t.Fatalf("create: %d %s", status, body)
	}
}

func (f *fixture) look(l link) (status int, answer string) {
	f.t.Helper()
	return f.post("/api/look", wire.EncodeBody(wire.Look{Room: l.room, Token: l.token}))
}

// change founds a group in the room and changes its link.
func (f *fixture) change(c changed) *client {
	f.t.Helper()
	ann := f.join(c.first)
	ann.say(wire.Found{Generation: 1})
	expect[wire.Peers](ann)
	expect[wire.Founded](ann)
	said := append(binary.BigEndian.AppendUint32([]byte("incamera pass v1\x00"+c.first.room), 1), byte(wire.RoleHost))
	ann.say(wire.Moderate{Grant: 1, Role: wire.RoleHost, Signature: ed25519.Sign(c.host, append(said, ann.joined.Session...))})
	ann.say(wire.Commit{Generation: 1, Body: []byte("c"), Relink: &c.order})
	expect[wire.Committed](ann)
	return ann
}

// refusal is what the socket says to a join.
func (f *fixture) refusal(j wire.Join) wire.Refused {
	f.t.Helper()
	c := f.dial()
	c.write(wire.Head{}, j)
	_, m, err := c.read()
	r, ok := m.(wire.Refused)
	if err != nil || !ok {
		f.t.Fatalf("%T, %v", m, err)
	}
	return r
}

// TestOldLink: by the link of before there is no meeting, and no answer tells
// it from a room that never was; a member whose socket broke comes back.
func TestOldLink(t *testing.T) {
	f := serve(t, nil)
	c := newChanged("old")
	f.mustCreate(c.first.create())
	waits := f.join(c.first)
	ann := f.change(c)
	if e := expect[wire.Ended](waits); e.Reason != wire.ReasonRelinked {
		t.Errorf("%+v", e)
	}
	never := newChanged("never").first
	oldStatus, old := f.look(c.first)
	status, unknown := f.look(never)
	if oldStatus != http.StatusNotFound || oldStatus != status || old != unknown {
		t.Errorf("looking by the old link: %d %s\nat no room: %d %s", oldStatus, old, status, unknown)
	}
	resume := &wire.Resume{Session: waits.joined.Session, Secret: waits.joined.Secret}
	none := f.refusal(wire.Join{Room: never.room, Token: never.token})
	for name, j := range map[string]wire.Join{
		"by the old link":        {Room: c.first.room, Token: c.first.token},
		"of a session that went": {Room: c.first.room, Token: c.first.token, Resume: resume},
		"with a wrong secret":    {Room: c.first.room, Token: c.first.token, Resume: &wire.Resume{Session: ann.joined.Session, Secret: resume.Secret}},
	} {
		if r := f.refusal(j); r != none {
			t.Errorf("%s: %+v, and of no room %+v", name, r, none)
		}
	}
	if status, body := f.post("/api/rooms", wire.EncodeBody(c.first.create())); status != http.StatusConflict {
		t.Errorf("made again by the old link: %d %s", status, body)
	}
	_, body := f.look(c.second)
	looked, err := wire.DecodeBody[wire.Looked]([]byte(body[strings.LastIndex(body, `{"card"`):]))
	if err != nil || looked.Number != 2 || !bytes.Equal(looked.Relink, c.order.Signature) || string(looked.Card) != "another card" {
		t.Errorf("by the new link: %+v, %v", looked, err)
	}
	ann.Close()
	back := f.dial()
	back.enter(wire.Join{Room: c.first.room, Token: c.first.token, Resume: &wire.Resume{Session: ann.joined.Session, Secret: ann.joined.Secret, Received: ann.got}})
	if !back.joined.Resumed {
		t.Error("a member does not come back")
	}
}

// TestOldLinkAfterRestart: neither the end of the process nor that of the room
// brings the old link back, though whoever has it has a permit; the new one
// makes the room again.
func TestOldLinkAfterRestart(t *testing.T) {
	dir := t.TempDir()
	open := func() (*fixture, *store.Store) {
		s, err := store.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		key, err := s.PermitKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return serve(t, func(c *Config) { c.Store, c.PermitKey = s, key }), s
	}
	f, s := open()
	c := newChanged("restart")
	permit := func(l link) []byte {
		hash := sha256.Sum256(l.token)
		return f.permit(l.room, hash[:], time.Now().Add(time.Hour))
	}
	first, second := c.first.create(), c.createSecond()
	first.Permit, second.Permit = permit(c.first), permit(c.second)
	_, first.Invite = invite(t, s, store.Invite, 1, time.Hour)
	f.mustCreate(first)
	f.change(c)

	f, s = open()
	uninvited := first
	uninvited.Invite, uninvited.Permit = nil, nil
	if status, _ := f.post("/api/rooms", wire.EncodeBody(uninvited)); status != http.StatusForbidden {
		t.Errorf("who is not invited is told %d", status)
	}
	_, first.Invite = invite(t, s, store.Invite, 1, time.Hour)
	if status, body := f.post("/api/rooms", wire.EncodeBody(first)); status != http.StatusConflict {
		t.Fatalf("the old link is back: %d %s", status, body)
	}
	f.mustCreate(second)
	if status, _ := f.look(c.second); status != http.StatusOK {
		t.Errorf("by the new link: %d", status)
	}
	if status, _ := f.look(c.first); status != http.StatusNotFound {
		t.Errorf("by the old link: %d", status)
	}
	// What is on the disk does not name the room.
	if n, err := s.LeastLink(t.Context(), []byte(c.first.room), time.Now()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if key := f.linkKey(c.first.room); strings.Contains(hex.EncodeToString(key), c.first.room) || bytes.Equal(key, f.linkKey(newChanged("other").first.room)) {
		t.Error("the key is not one of the room's own")
	}
}

// TestStaleOrderNotesNothing: an order that somebody has, and that is carried
// out by nobody, does not keep the link that holds from coming back.
func TestStaleOrderNotesNothing(t *testing.T) {
	f := serve(t, func(c *Config) { c.Room.IdleUsed = time.Millisecond })
	c := newChanged("stale")
	f.mustCreate(c.first.create())
	ann := f.join(c.first)
	ann.say(wire.Found{Generation: 1})
	expect[wire.Peers](ann)
	expect[wire.Founded](ann)
	ann.say(wire.Commit{Generation: 1, Body: []byte("c")})
	expect[wire.Committed](ann)
	ann.say(wire.Commit{Generation: 1, Body: []byte("c"), Relink: &c.order}) // of an epoch that is over
	expect[wire.Failed](ann)
	ann.say(wire.Leave{})
	f.loops.Wait()
	f.mustCreate(c.first.create())
}

// TestOldLinkAfterTheRoom: the same where there is no store, when everybody has
// left.
func TestOldLinkAfterTheRoom(t *testing.T) {
	f := serve(t, func(c *Config) { c.Room.IdleUsed = time.Millisecond })
	c := newChanged("over")
	f.mustCreate(c.first.create())
	ann := f.change(c)
	f.links.mu.Lock()
	f.links.kept = nil // a day has passed
	f.links.mu.Unlock()
	ann.say(wire.Leave{})
	f.loops.Wait()
	if status, body := f.post("/api/rooms", wire.EncodeBody(c.first.create())); status != http.StatusConflict {
		t.Errorf("the old link is back: %d %s", status, body)
	}
	f.mustCreate(c.createSecond())
	if n := f.links.least(c.first.room, time.Now().Add(permitLife-time.Minute)); n != 2 {
		t.Errorf("number %d", n)
	}
	if n := f.links.least(c.first.room, time.Now().Add(permitLife+time.Minute)); n != 0 {
		t.Errorf("number %d for ever", n)
	}
}

// TestLaterLinkPrevails: on a server that remembers nothing somebody makes the
// room again by the old link; whoever comes by the later one puts that up.
func TestLaterLinkPrevails(t *testing.T) {
	f := serve(t, nil)
	c := newChanged("later")
	f.mustCreate(c.first.create())
	there := f.join(c.first)
	forged := c.createSecond()
	forged.Relink = bytes.Repeat([]byte{1}, wire.SignatureSize)
	if status, _ := f.post("/api/rooms", wire.EncodeBody(forged)); status != http.StatusBadRequest {
		t.Errorf("a forged order: %d", status)
	}
	unordered := c.second.create()
	if status, _ := f.post("/api/rooms", wire.EncodeBody(unordered)); status != http.StatusConflict {
		t.Errorf("another token without an order: %d", status)
	}
	f.mustCreate(c.createSecond())
	if e := expect[wire.Ended](there); e.Reason != wire.ReasonRelinked {
		t.Errorf("%+v", e)
	}
	f.join(c.second)
	if status, _ := f.post("/api/rooms", wire.EncodeBody(c.first.create())); status != http.StatusConflict {
		t.Errorf("back to the old link: %d", status)
	}
}
