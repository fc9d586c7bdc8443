package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"incamera/signaling/store"
	"incamera/signaling/wire"
)

func TestEverybodyMakes(t *testing.T) {
	for _, tc := range []struct {
		c    Config
		want bool
	}{
		{Config{Listen: "127.0.0.1:8080"}, true},
		{Config{Listen: "[::1]:8080"}, true},
		{Config{Listen: "127.0.0.1:8080", BehindProxy: true}, false},
		{Config{Listen: "0.0.0.0:443", TLS: selfSigned}, false},
		{Config{Listen: ":443", TLS: selfSigned}, false},
		{Config{Listen: "192.168.1.10:443", TLS: selfSigned}, false},
		{Config{Listen: "192.168.1.10:443", TLS: selfSigned, Open: true}, true},
		{Config{Listen: "rubbish"}, false},
	} {
		if got := tc.c.everybodyMakes(); got != tc.want {
			t.Errorf("%+v: %v", tc.c, got)
		}
	}
}

// post sends a body, and returns the answer's status and body.
func (p *process) post(path string, body []byte) (int, string) {
	p.t.Helper()
	client := http.Client{Transport: insecure()}
	defer client.CloseIdleConnections()
	res, err := client.Post(p.url+path, "application/json", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// makeRoom tries to make a room with the secret of an invite.
func (p *process) makeRoom(seed string, invite []byte) int {
	l := roomFor(seed)
	l.Invite = invite
	status, _ := p.post("/api/rooms", wire.EncodeBody(l))
	return status
}

func tokenFor(seed string) []byte {
	token := sha256.Sum256([]byte("token" + seed))
	return token[:]
}

// roomFor returns what makes a room.
func roomFor(seed string) wire.CreateRoom {
	key, hash := sha256.Sum256([]byte("key"+seed)), sha256.Sum256(tokenFor(seed))
	digest := sha256.Sum256(append([]byte("incamera room v1"), key[:]...))
	room := strings.ToLower(base32.StdEncoding.EncodeToString(digest[:]))[:wire.RoomLength]
	return wire.CreateRoom{Room: room, HostKey: key[:], TokenHash: hash[:], Card: []byte("card")}
}

var passLinkPattern = regexp.MustCompile(`(https://\S+)/#(admin|invite)=(\S+)`)

// secretIn finds a link in what was printed.
func secretIn(t *testing.T, text, kind, url string) []byte {
	t.Helper()
	m := passLinkPattern.FindStringSubmatch(text)
	if m == nil || m[1] != url || m[2] != kind {
		t.Fatalf("no %s link of %s in %q", kind, url, text)
	}
	secret, err := base64.RawURLEncoding.DecodeString(m[3])
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestClosedServer goes the operator's way: the first start, the admin link, an
// invite, its end, the audit log, and a restart.
func TestClosedServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"--listen", "0.0.0.0:0", "--metrics", "", "--tls", selfSigned, "--data", dir}
	p := start(t, args...)
	if len(p.stdout) != 5 {
		t.Fatalf("stdout: %q", p.stdout)
	}
	link := secretIn(t, p.stdout[2], "admin", p.url)
	if status := p.makeRoom("a", nil); status != http.StatusForbidden {
		t.Errorf("without an invite: %d", status)
	}
	status, body := p.post("/api/redeem", wire.EncodeBody(wire.Redeem{Link: link}))
	pass, err := wire.DecodeBody[wire.Redeemed]([]byte(body))
	if err != nil {
		t.Fatalf("%d %s", status, body)
	}
	if status := p.makeRoom("a", pass.Invite); status != http.StatusCreated {
		t.Errorf("by the admin: %d", status)
	}
	cli := func(args ...string) string {
		t.Helper()
		out, err := command(t, append(args, "--data", dir)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	made := cli("invite", "create", "--note", "for Ann") // while the server runs
	invite := secretIn(t, made, "invite", p.url)
	for i, want := range []int{http.StatusCreated, http.StatusForbidden} {
		if status := p.makeRoom(string(rune('b'+i)), invite); status != want {
			t.Errorf("room %d by an invite for one: %d", i+1, status)
		}
	}
	made = cli("invite", "create", "--uses", "0")
	invite = secretIn(t, made, "invite", p.url)
	id := regexp.MustCompile(`Id (\S+),`).FindStringSubmatch(made)[1]
	if list := cli("invite", "list"); !strings.Contains(list, id+"  invite      holds  uses left: any") || !strings.Contains(list, "ended  uses left: 0") || !strings.Contains(list, "for Ann") {
		t.Errorf("list:\n%s", list)
	}
	cli("invite", "revoke", id)
	if status := p.makeRoom("d", invite); status != http.StatusForbidden {
		t.Errorf("by a revoked invite: %d", status)
	}
	if out, err := command(t, "invite", "revoke", "gone", "--data", dir).CombinedOutput(); err == nil || !strings.Contains(string(out), "no invite has this id") {
		t.Errorf("%v %s", err, out)
	}
	log := cli("audit")
	fields := strings.Fields(log)
	last := fields[len(fields)-1]
	for _, want := range []string{"server started", "admin-link made", "admin-link used", "room made", "invite made", "revoked"} {
		if !strings.Contains(log, want) {
			t.Errorf("nothing about %q in\n%s", want, log)
		}
	}
	secondLink := secretIn(t, cli("admin-link"), "admin", p.url)
	cli("audit", "--head", last)
	if out, err := command(t, "audit", "--data", dir, "--head", strings.Repeat("0", 64)).CombinedOutput(); err == nil || !strings.Contains(string(out), "cut off or written anew") {
		t.Errorf("another head: %v", err)
	}
	p.stop(syscall.SIGTERM)
	for _, secret := range [][]byte{link, pass.Invite, invite, secondLink} {
		if strings.Contains(p.stderr.String(), base64.RawURLEncoding.EncodeToString(secret)) {
			t.Error("a secret is in the log")
		}
	}

	p = start(t, args...)
	if len(p.stdout) != 4 {
		t.Errorf("another admin link, though one was used: %q", p.stdout)
	}
	if status := p.makeRoom("e", pass.Invite); status != http.StatusCreated {
		t.Errorf("by the admin after a restart: %d", status)
	}
	p.stop(syscall.SIGTERM)

	p = start(t, "--listen", "0.0.0.0:0", "--metrics", "", "--tls", selfSigned, "--open")
	if status := p.makeRoom("a", nil); status != http.StatusCreated || len(p.stdout) != 4 {
		t.Errorf("an open server: %d %q", status, p.stdout)
	}
	p.stop(syscall.SIGTERM)
}

func TestStoreThatIsNotThere(t *testing.T) {
	for want, args := range map[string][]string{
		"give the one of the server": {"invite", "list"},
		"has none; give the --data":  {"audit", "--data", t.TempDir()},
	} {
		if out, err := command(t, args...).CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q in %s", err, want, out)
		}
	}
}

// TestAdminLinkUntilUsed: as long as nobody has used one, each start prints a
// new link, and the one before holds no longer.
func TestAdminLinkUntilUsed(t *testing.T) {
	ctx, dir, now := t.Context(), t.TempDir(), time.Now()
	c := Config{Listen: "0.0.0.0:443", TLS: selfSigned, Data: dir}
	var links [][]byte
	for range 2 {
		s, _, notes, err := openStore(ctx, &c, "https://meet.example.org", now)
		if err != nil || len(notes) != 1 {
			t.Fatalf("%q, %v", notes, err)
		}
		links = append(links, secretIn(t, notes[0], "admin", "https://meet.example.org"))
		if _, _, err := s.Make(ctx, store.Invite, 1, time.Hour, "", now); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Redeem(ctx, links[0], now); !errors.Is(err, store.ErrRefused) {
		t.Errorf("the link of the first start: %v", err)
	}
	if _, err := s.Redeem(ctx, links[1], now); err != nil {
		t.Errorf("the link of the second start: %v", err)
	}
	if notes, err := firstLink(ctx, s, "https://meet.example.org", now); err != nil || notes != nil {
		t.Errorf("after it was used: %q, %v", notes, err)
	}
}
