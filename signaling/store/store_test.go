package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var start = time.UnixMilli(1_800_000_000_000)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustMake(t *testing.T, s *Store, kind Kind, uses int, life time.Duration) (Pass, []byte) {
	t.Helper()
	p, secret, err := s.Make(t.Context(), kind, uses, life, "", start)
	if err != nil {
		t.Fatal(err)
	}
	return p, secret
}

// TestRefusals: each reason is the same error, and none of them changes anything.
func TestRefusals(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	_, once := mustMake(t, s, Invite, 1, time.Hour)
	twice, twiceSecret := mustMake(t, s, Invite, 2, time.Hour)
	revoked, revokedSecret := mustMake(t, s, Invite, Unlimited, time.Hour)
	_, link := mustMake(t, s, AdminLink, 1, time.Hour)
	if err := s.Revoke(ctx, revoked.ID, start); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Spend(ctx, once, start); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		secret []byte
		at     time.Time
	}{
		"unknown": {make([]byte, SecretSize), start}, "none": {nil, start}, "used": {once, start}, "expired": {twiceSecret, start.Add(time.Hour)},
		"revoked": {revokedSecret, start}, "an admin link": {link, start},
	} {
		if _, err := s.Spend(ctx, tc.secret, tc.at); !errors.Is(err, ErrRefused) || err.Error() != ErrRefused.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, secret := range map[string][]byte{"an invite": twiceSecret, "unknown": make([]byte, SecretSize), "none": nil} {
		if _, err := s.Redeem(ctx, secret, start); !errors.Is(err, ErrRefused) {
			t.Errorf("redeeming %s: %v", name, err)
		}
	}
	for i := range 2 {
		if id, err := s.Spend(ctx, twiceSecret, start.Add(time.Hour-time.Millisecond)); err != nil || id != twice.ID {
			t.Errorf("use %d: %s, %v", i, id, err)
		}
	}
	if err := s.Refund(ctx, twice.ID, start); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Spend(ctx, twiceSecret, start); err != nil {
		t.Errorf("after it was given back: %v", err)
	}
	if _, err := s.Spend(ctx, twiceSecret, start); !errors.Is(err, ErrRefused) {
		t.Errorf("once more: %v", err)
	}
	if err := s.Revoke(ctx, "gone", start); !errors.Is(err, ErrNoPass) {
		t.Errorf("revoking nothing: %v", err)
	}
}

func TestAdminLink(t *testing.T) {
	s := open(t, "")
	_, old := mustMake(t, s, AdminLink, 1, AdminLinkLife)
	_, link := mustMake(t, s, AdminLink, 1, AdminLinkLife)
	if _, err := s.Redeem(t.Context(), old, start); !errors.Is(err, ErrRefused) {
		t.Errorf("a link that another has replaced: %v", err)
	}
	if _, err := s.Redeem(t.Context(), link, start.Add(AdminLinkLife)); !errors.Is(err, ErrRefused) {
		t.Errorf("after a day: %v", err)
	}
	admin, err := s.Redeem(t.Context(), link, start)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Redeem(t.Context(), link, start); !errors.Is(err, ErrRefused) {
		t.Errorf("a second time: %v", err)
	}
	for range 3 {
		if _, err := s.Spend(t.Context(), admin, start.Add(time.Hour)); err != nil {
			t.Error(err)
		}
	}
	mustMake(t, s, AdminLink, 1, AdminLinkLife)
	if _, err := s.Spend(t.Context(), admin, start); err != nil {
		t.Errorf("another link revokes the pass of the first: %v", err)
	}
}

// TestOneUseInARace: however many ask at once, by however many processes, an
// invite for one room makes one.
func TestOneUseInARace(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{open(t, dir), open(t, dir)}
	_, secret := mustMake(t, stores[0], Invite, 1, time.Hour)
	var wg sync.WaitGroup
	results := make(chan error, 16)
	for i := range cap(results) {
		wg.Go(func() {
			_, err := stores[i%2].Spend(context.Background(), secret, start)
			results <- err
		})
	}
	wg.Wait()
	close(results)
	made := 0
	for err := range results {
		if err == nil {
			made++
		} else if !errors.Is(err, ErrRefused) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("made %d rooms", made)
	}
}

// TestNothingSecretIsKept: the file is for its owner, and holds no secret.
func TestNothingSecretIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, dir)
	_, secret := mustMake(t, s, Invite, 1, time.Hour)
	if err := s.SetURL(t.Context(), "https://meet.example.org"); err != nil {
		t.Fatal(err)
	}
	if u, err := s.URL(t.Context()); u != "https://meet.example.org" || err != nil {
		t.Errorf("%q, %v", u, err)
	}
	found := false
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), string(secret)) {
			t.Errorf("%s has the secret of an invite", f)
		}
		found = found || strings.Contains(string(text), "meet.example.org")
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	if !found {
		t.Error("the search finds nothing")
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestNewerStore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.db.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "newer incamera") {
		t.Errorf("%v", err)
	}
}

// TestAuditShowsChanges: every way to alter an entry that others follow, and to
// take one out, is found; so is another end, by who knows the right one.
func TestAuditShowsChanges(t *testing.T) {
	for name, tc := range map[string]struct{ sql, want string }{
		"nothing":               {"SELECT 1", ""},
		"another event":         {"UPDATE audit SET event = 'x' WHERE seq = 3", "entry 3 is not"},
		"another subject":       {"UPDATE audit SET subject = 'x' WHERE seq = 1", "entry 1 is not"},
		"another time":          {"UPDATE audit SET at = at + 1 WHERE seq = 4", "entry 4 is not"},
		"another hash":          {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", "entry 2 is not"},
		"an entry less":         {"DELETE FROM audit WHERE seq = 2", "entry 2 is missing"},
		"without its beginning": {"DELETE FROM audit WHERE seq = 1", "entry 1 is missing"},
		"the event's end moved": {"UPDATE audit SET event = event || substr(subject, 1, 1), subject = substr(subject, 2) WHERE seq = 1", "entry 1 is not"},
	} {
		s := open(t, t.TempDir())
		p, secret := mustMake(t, s, Invite, 3, time.Hour)
		for range 3 {
			if _, err := s.Spend(t.Context(), secret, start); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(s.Revoke(t.Context(), p.ID, start), s.Note(t.Context(), "started", start)); err != nil {
			t.Fatal(err)
		}
		before, err := s.Audit(t.Context())
		if err != nil || len(before) != 6 {
			t.Fatalf("%d entries, %v", len(before), err)
		}
		if _, err := s.db.ExecContext(t.Context(), tc.sql); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Audit(t.Context()); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
