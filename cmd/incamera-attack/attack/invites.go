package attack

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"incamera/e2ee/link"
	"incamera/signaling"
	"incamera/signaling/store"
	"incamera/signaling/wire"
)

const creationFile = "signaling/creation.go"

// invites are ways to use a closed server without being invited, or more than
// was meant.
var invites = []*Attack{
	{
		Name: "uninvited probing of a closed server", Claim: "C24",
		Do: func(t *Trial) {
			t.try("who has no invite that holds asks a closed server for rooms that are there and rooms that are not, with invites that never were, are used up, expired, or revoked")
			s := t.closedServer()
			there := newRoomOf(t)
			s.made(t, there, s.invite(t, time.Hour))
			used, expired := s.invite(t, time.Hour), s.invite(t, -time.Second)
			s.made(t, newRoomOf(t), used)
			revoked := s.revoked(t)
			answers := map[string][]string{}
			for what, secret := range map[string][]byte{
				"no invite": nil, "one that never was": bytes.Repeat([]byte{1}, store.SecretSize), "a used one": used, "an expired one": expired, "a revoked one": revoked,
			} {
				other := there // its room, but another link
				other.create.TokenHash = make([]byte, sha256.Size)
				for where, r := range map[string]closedRoom{"a room that is there": other, "a room that is not": newRoomOf(t)} {
					a := s.make(t, r, secret)
					answers[a] = append(answers[a], what+" for "+where)
				}
			}
			t.sawf("Eve", "%d answers to 10 questions", len(answers))
			for a, to := range answers {
				t.must(bytes.Contains([]byte(a), []byte("403")) || len(answers) > 1, "she is not refused: %s", a)
				t.sawf("Eve", "%d times %.90s", len(to), a)
			}
			t.goal(len(answers) > 1, "Eve tells one case from another")
		},
		Defence: "invites are looked at first, and what does not hold has one answer",
		Without: []Edit{{
			"signaling/rooms.go", "	// From here on whoever is not invited hears just that",
			"	if err != nil {\n		return err\n	}\n	// From here on whoever is not invited hears just that",
		}},
	},
	{
		Name: "permit shown for another room", Claim: "C24",
		Do: func(t *Trial) {
			t.try("who was once in a meeting shows the permit of that room to make another, and to make that one with a later end")
			s := t.closedServer()
			there := newRoomOf(t)
			s.made(t, there, s.invite(t, time.Hour))
			status, body := s.post(t, "/api/look", wire.EncodeBody(wire.Look{Room: string(there.link.Room), Token: there.link.Keys().Token.Reveal()}))
			looked, err := wire.DecodeBody[wire.Looked](body)
			t.check(err, "reading the permit")
			t.must(status == http.StatusOK && len(looked.Permit) == wire.PermitSize, "there is no permit: %d", status)
			other := newRoomOf(t)
			other.create.Permit = looked.Permit
			a := s.make(t, other, nil)
			t.sawf("Eve", "for another room: %.60s", a)
			t.goal(bytes.Contains([]byte(a), []byte("201")), "Eve makes another room")
			later := newRoomOf(t)
			later.create.Permit = bytes.Clone(looked.Permit)
			later.create.Permit[7]++ // of the end
			a = s.make(t, later, nil)
			t.goal(bytes.Contains([]byte(a), []byte("201")), "Eve makes a room by a permit that she has altered")
		},
		Defence: "a permit is a MAC over room, token and end",
		Without: []Edit{{creationFile, "return hmac.Equal(m.Permit, s.permit(m.Room, m.TokenHash, end)) && now.Before(end)", "return now.Before(end)"}},
	},
	{
		Name: "invite used twice", Claim: "C25",
		Do: func(t *Trial) {
			t.try("who has an invite for one meeting makes sixteen by it, at once and after each other")
			s := t.closedServer()
			one := s.invite(t, time.Hour)
			var all sync.WaitGroup
			var mu sync.Mutex
			made := 0
			try := func(r closedRoom) {
				a := s.make(t, r, one)
				mu.Lock()
				defer mu.Unlock()
				if bytes.Contains([]byte(a), []byte("201")) {
					made++
				}
			}
			var rooms []closedRoom
			for range 16 {
				rooms = append(rooms, newRoomOf(t))
			}
			for _, r := range rooms[:8] {
				all.Go(func() { try(r) })
			}
			all.Wait()
			for _, r := range rooms[8:] {
				try(r)
			}
			t.sawf("server", "made %d rooms", made)
			t.must(made > 0, "the invite does not hold")
			t.goal(made > 1, "Eve has more than one meeting")
		},
		Defence: "using an invite and counting it is one transaction",
		Without: []Edit{{"signaling/store/pass.go", "UPDATE pass SET uses = CASE WHEN uses > 0 THEN uses - 1 ELSE uses END", "UPDATE pass SET uses = uses"}},
	},
}

// A closedServer makes rooms for who is invited.
type closedServer struct {
	url   string
	store *store.Store
}

// A closedRoom is a room that somebody wants to make.
type closedRoom struct {
	link   link.Link
	create wire.CreateRoom
}

func (t *Trial) closedServer() *closedServer {
	ctx := context.Background()
	passes, err := store.Open(ctx, "")
	t.check(err, "opening a store")
	key, err := passes.PermitKey(ctx)
	t.check(err, "reading the store")
	cfg := signaling.DefaultConfig()
	free := signaling.Budget{PerSecond: math.MaxFloat64, Burst: math.MaxInt32}
	cfg.Budgets = signaling.Budgets{Create: free, Look: free, Socket: free, Messages: free, Bytes: free}
	cfg.Store, cfg.PermitKey = passes, key
	meetings := signaling.New(cfg)
	front := httptest.NewServer(meetings)
	t.cleanup = append(t.cleanup, func() {
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = meetings.Close(end) // what it says is no part of the attack
		front.Close()
		_ = passes.Close()
	})
	return &closedServer{front.URL, passes}
}

// invite is one for one meeting.
func (s *closedServer) invite(t *Trial, life time.Duration) []byte {
	_, secret, err := s.store.Make(context.Background(), store.Invite, 1, life, "", time.Now())
	t.check(err, "making an invite")
	return secret
}

// revoked is an invite that was taken back.
func (s *closedServer) revoked(t *Trial) []byte {
	p, secret, err := s.store.Make(context.Background(), store.Invite, 1, time.Hour, "", time.Now())
	t.check(err, "making an invite")
	t.check(s.store.Revoke(context.Background(), p.ID, time.Now()), "revoking an invite")
	return secret
}

// newRoomOf makes what is needed to make a room.
func newRoomOf(t *Trial) closedRoom {
	public, host, err := ed25519.GenerateKey(rand.Reader)
	t.check(err, "making a host key")
	l := link.Link{Server: "http://localhost", Room: link.RoomOf(public), Secret: link.NewSecret()}
	card, err := link.Card{HostKey: public, Suite: link.Suite, LinkNumber: 1, Created: time.Now(), Title: "The meeting"}.Sign(host)
	t.check(err, "signing a card")
	hash := sha256.Sum256(l.Keys().Token.Reveal())
	return closedRoom{l, wire.CreateRoom{Room: string(l.Room), HostKey: public, TokenHash: hash[:], Card: link.SealCard(l.Keys().Card, l.Room, card)}}
}

// make asks for a room, and returns the whole answer but for its date.
func (s *closedServer) make(t *Trial, r closedRoom, invite []byte) string {
	m := r.create
	m.Invite = invite
	status, body := s.post(t, "/api/rooms", wire.EncodeBody(m))
	return fmt.Sprintf("%d %s", status, body)
}

func (s *closedServer) made(t *Trial, r closedRoom, invite []byte) {
	a := s.make(t, r, invite)
	t.must(strings.HasPrefix(a, "201"), "making a room: %s", a)
}

func (s *closedServer) post(t *Trial, path string, body []byte) (int, []byte) {
	answer, err := http.Post(s.url+path, "application/json", bytes.NewReader(body)) //nolint:gosec,noctx // on loopback
	t.check(err, "asking the server")
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	t.check(err, "reading the answer")
	return answer.StatusCode, b
}
