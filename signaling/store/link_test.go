package store

import (
	"testing"
	"time"
)

// TestLinks: a noted number stays for its time and over a reopening, is raised
// and never lowered meanwhile, and belongs to one room.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ctx := t.Context()
	key, other := []byte("a room"), []byte("another")
	least := func(s *Store, key []byte, at time.Time) uint32 {
		t.Helper()
		n, err := s.LeastLink(ctx, key, at)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	keep := func(number uint32, until, now time.Time) {
		t.Helper()
		if err := s.KeepLink(ctx, key, number, until, now); err != nil {
			t.Fatal(err)
		}
	}
	keep(3, start.Add(time.Hour), start)
	keep(2, start.Add(2*time.Hour), start) // an attempt of before ends later
	if n, m := least(s, key, start.Add(2*time.Hour-1e6)), least(s, other, start); n != 3 || m != 0 {
		t.Errorf("kept: %d; of another room: %d", n, m)
	}
	if n := least(s, key, start.Add(2*time.Hour)); n != 0 {
		t.Errorf("%d after its time", n)
	}
	if n := least(open(t, dir), key, start); n != 3 {
		t.Errorf("%d after a restart", n)
	}
	keep(2, start.Add(5*time.Hour), start.Add(2*time.Hour))
	if n := least(s, key, start.Add(3*time.Hour)); n != 2 {
		t.Errorf("what is over still counts: %d", n)
	}
}

// TestOlderStoreIsBroughtUp: a store of version 1 keeps what is in it.
func TestOlderStoreIsBroughtUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	p, _ := mustMake(t, s, Invite, 1, time.Hour)
	if _, err := s.db.ExecContext(t.Context(), "DROP TABLE link; PRAGMA user_version = 1;"); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	list, err := again.Passes(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != p.ID {
		t.Errorf("%v, %v", list, err)
	}
	if err := again.KeepLink(t.Context(), []byte("a room"), 2, start.Add(time.Hour), start); err != nil {
		t.Error(err)
	}
}
