package signaling

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"

	"incamera/signaling/store"
	"incamera/signaling/wire"
)

// closed starts a server on which making rooms needs an invite.
func closed(t *testing.T, change func(*Config)) (*fixture, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, err := s.PermitKey(t.Context())
	if err != nil || len(key) != 32 {
		t.Fatal(err)
	}
	return serve(t, func(c *Config) {
		c.Store, c.PermitKey = s, key
		if change != nil {
			change(c)
		}
	}), s
}

func invite(t *testing.T, s *store.Store, kind store.Kind, uses int, life time.Duration) (store.Pass, []byte) {
	t.Helper()
	p, secret, err := s.Make(context.Background(), kind, uses, life, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return p, secret
}

// TestOneAnswerToTheUninvited: why an invite does not hold, and whether the room
// is there, cannot be told from the answer.
func TestOneAnswerToTheUninvited(t *testing.T) {
	f, s := closed(t, nil)
	_, good := invite(t, s, store.Invite, 2, time.Hour)
	there := newLink("there")
	m := there.create()
	m.Invite = good
	if status, body := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	_, used := invite(t, s, store.Invite, 1, time.Hour)
	if _, err := s.Spend(t.Context(), used, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, expired := invite(t, s, store.Invite, 1, -time.Second)
	p, revoked := invite(t, s, store.Invite, 1, time.Hour)
	if err := s.Revoke(t.Context(), p.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, adminLink := invite(t, s, store.AdminLink, 1, time.Hour)
	ask := func(l link, change func(*wire.CreateRoom)) string {
		m := l.create()
		change(&m)
		status, body := f.post("/api/rooms", wire.EncodeBody(m))
		if status != http.StatusForbidden {
			t.Errorf("%d %s", status, body)
		}
		return body
	}
	want := ask(newLink("new"), func(*wire.CreateRoom) {})
	if !strings.Contains(want, `{"code":"invite"`) {
		t.Errorf("the answer: %s", want)
	}
	for name, secret := range map[string][]byte{"unknown": bytes.Repeat([]byte{1}, 32), "used": used, "expired": expired, "revoked": revoked, "an admin link": adminLink} {
		if got := ask(newLink("new"), func(m *wire.CreateRoom) { m.Invite = secret }); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := ask(there, func(m *wire.CreateRoom) { m.TokenHash = make([]byte, 32) }); got != want {
		t.Errorf("a room that is there, with another token: %s, want %s", got, want)
	}
	if status, _ := f.post("/api/rooms", wire.EncodeBody(there.create())); status != http.StatusCreated {
		t.Errorf("the same room by who has its link: %d", status)
	}
	if status, body := f.post("/api/redeem", wire.EncodeBody(wire.Redeem{Link: good})); status != http.StatusForbidden || body != want {
		t.Errorf("an invite is no admin link: %d %s", status, body)
	}
	for _, m := range f.Metrics() {
		if m.Name == "incamera_auth_failures_total" && m.Value != map[string]float64{"invite": 7, "admin-link": 1}[m.Of] {
			t.Errorf("%s of %s is %v", m.Name, m.Of, m.Value)
		}
	}
}

func TestInviteMakesSoManyRooms(t *testing.T) {
	f, s := closed(t, func(c *Config) { c.MaxRooms = 2 })
	_, secret := invite(t, s, store.Invite, 2, time.Hour)
	post := func(seed string) int {
		m := newLink(seed).create()
		m.Invite = secret
		status, _ := f.post("/api/rooms", wire.EncodeBody(m))
		return status
	}
	for i, want := range []int{201, 201, 403} {
		if seed := string(rune('a' + i)); post(seed) != want {
			t.Errorf("room %s: want %d", seed, want)
		}
	}
	if post("a") != 201 {
		t.Error("the answer got lost, and asking again is refused")
	}
	_, secret = invite(t, s, store.Invite, 1, time.Hour)
	if status := post("d"); status != 503 {
		t.Errorf("a third of two rooms: %d", status)
	}
	if _, err := s.Spend(t.Context(), secret, time.Now()); err != nil {
		t.Errorf("an invite of which no room came is gone: %v", err)
	}
}

// TestMeetingSurvivesRestart: who looked at a room may make it again on the next
// server with the same store, and no other room, and not for ever.
func TestMeetingSurvivesRestart(t *testing.T) {
	f, s := closed(t, nil)
	_, secret := invite(t, s, store.Invite, 1, time.Hour)
	l := newLink("a")
	m := l.create()
	m.Invite = secret
	f.post("/api/rooms", wire.EncodeBody(m))
	_, body := f.post("/api/look", wire.EncodeBody(wire.Look{Room: l.room, Token: l.token}))
	looked, err := wire.DecodeBody[wire.Looked]([]byte(body[strings.LastIndex(body, `{"card"`):]))
	if err != nil || len(looked.Permit) != wire.PermitSize {
		t.Fatalf("%s: %v", body, err)
	}
	next := serve(t, func(c *Config) { c.Store, c.PermitKey = s, f.permitKey })
	stranger := serve(t, func(c *Config) { c.Store, c.PermitKey = s, make([]byte, 32) })
	again := func(f *fixture, l link, permit []byte) int {
		m := l.create()
		m.Permit = permit
		status, _ := f.post("/api/rooms", wire.EncodeBody(m))
		return status
	}
	altered := bytes.Clone(looked.Permit)
	altered[7]++ // a later end
	hash := sha256.Sum256(l.token)
	past := f.permit(l.room, hash[:], time.Now().Add(-time.Second))
	for name, status := range map[string]int{
		"another room": again(next, newLink("b"), looked.Permit), "a later end": again(next, l, altered),
		"after its end": again(next, l, past), "of another server": again(stranger, l, looked.Permit),
	} {
		if status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := again(next, l, looked.Permit); status != http.StatusCreated {
		t.Errorf("after a restart: %d", status)
	}
}

func TestAdminLinkOverHTTP(t *testing.T) {
	f, s := closed(t, nil)
	_, link := invite(t, s, store.AdminLink, 1, time.Hour)
	status, body := f.post("/api/redeem", wire.EncodeBody(wire.Redeem{Link: link}))
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	pass, err := wire.DecodeBody[wire.Redeemed]([]byte(body[strings.LastIndex(body, "{"):]))
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []string{"a", "b"} {
		m := newLink(seed).create()
		m.Invite = pass.Invite
		if status, body := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
			t.Errorf("%d %s", status, body)
		}
	}
	if status, _ := f.post("/api/redeem", wire.EncodeBody(wire.Redeem{Link: link})); status != http.StatusForbidden {
		t.Errorf("a second time: %d", status)
	}
	open := serve(t, nil)
	if status, _ := open.post("/api/redeem", wire.EncodeBody(wire.Redeem{Link: link})); status != http.StatusForbidden {
		t.Errorf("where there is nothing to redeem: %d", status)
	}
}
