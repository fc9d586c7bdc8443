package files

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"
)

var (
	start = time.Unix(1_700_000_000, 0)
	now   = func() time.Time { return start }
	a, b  = ID{1}, ID{2}
)

func store(t *testing.T, change func(*Limits)) *Store {
	t.Helper()
	l := Limits{File: 1000, Room: 1500, Total: 2000, Files: 3, All: 4, Life: time.Hour, Stall: time.Minute}
	if change != nil {
		change(&l)
	}
	dir := t.TempDir()
	s, err := New(dir, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for room := range s.rooms {
			s.EndRoom(room)
		}
		if s.used != 0 || s.count != 0 {
			t.Errorf("%d bytes of %d files are left in the books", s.used, s.count)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("on the disk: %v, %v", left, err)
		}
	})
	return s
}

func (s *Store) mustOpen(t *testing.T, room string, id ID, owner string, size int64) []byte {
	t.Helper()
	grant, _, err := s.Open(room, id, owner, size, start)
	if err != nil {
		t.Fatal(err)
	}
	return grant
}

// content returns n bytes that differ from place to place.
func content(n int) []byte {
	c := make([]byte, n)
	for i := range c {
		c[i] = byte(i*7 + i>>8)
	}
	return c
}

func (s *Store) read(t *testing.T, room string, id ID, at time.Time) ([]byte, error) {
	t.Helper()
	var got []byte
	err := s.Read(room, id, at, func(r *io.SectionReader) {
		var err error
		if got, err = io.ReadAll(r); err != nil {
			t.Error(err)
		}
	})
	return got, err
}

func TestRefused(t *testing.T) {
	s := store(t, nil)
	grant := s.mustOpen(t, "room", a, "ann", 900)
	for what, err := range map[string]error{
		"nothing":          second(s.Open("room", b, "ann", 0, start)),
		"too large":        second(s.Open("room", b, "ann", 1001, start)),
		"negative":         second(s.Open("room", b, "ann", -1, start)),
		"beyond the room":  second(s.Open("room", b, "ann", 601, start)),
		"of another":       second(s.Open("room", a, "ben", 900, start)),
		"of another size":  second(s.Open("room", a, "ann", 901, start)),
		"too much in all":  func() error { s.mustOpen(t, "two", a, "x", 900); return second(s.Open("three", a, "y", 201, start)) }(),
		"no such file":     third(s.Write("room", b, grant, 0, bytes.NewReader(content(1)), now)),
		"another's grant":  third(s.Write("two", a, grant, 0, bytes.NewReader(content(1)), now)),
		"no grant":         third(s.Write("room", a, nil, 0, bytes.NewReader(content(1)), now)),
		"a gap":            third(s.Write("room", a, grant, 1, bytes.NewReader(content(1)), now)),
		"before the start": third(s.Write("room", a, grant, -1, bytes.NewReader(content(1)), now)),
		"more than said":   third(s.Write("room", a, grant, 0, bytes.NewReader(content(901)), now)),
		"not whole":        second(s.read(t, "room", a, start)),
		"not there":        second(s.read(t, "room", b, start)),
		"taken back":       s.Remove("room", a, content(32)),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, received, err := s.Open("room", a, "ann", 900, start); err != nil || received != 0 {
		t.Errorf("nothing was taken, but %d is there, %v", received, err)
	}
}

func second[T any](_ T, rest ...any) error { return last(rest) }
func third[T any](_ T, rest ...any) error  { return last(rest) }
func last(rest []any) error {
	err, _ := rest[len(rest)-1].(error)
	return err
}

// An upload goes on where the last one ended, and is read in whole only.
func TestResume(t *testing.T) {
	s := store(t, func(l *Limits) { *l = DefaultLimits() })
	want := content(200_000)
	old := s.mustOpen(t, "room", a, "ann", 200_000)
	broken := io.MultiReader(bytes.NewReader(want[:100_000]), brokenReader{})
	received, err := s.Write("room", a, old, 0, broken, now)
	if received != 100_000 || err == nil {
		t.Fatalf("%d bytes of a connection that broke, %v", received, err)
	}
	grant, received, err := s.Open("room", a, "ann", 200_000, start)
	if received != 100_000 || err != nil {
		t.Fatalf("goes on at %d, %v", received, err)
	}
	if _, err = s.Write("room", a, old, 100_000, bytes.NewReader(want[100_000:]), now); !errors.Is(err, ErrNone) {
		t.Errorf("the old grant: %v", err)
	}
	if received, err = s.Write("room", a, grant, 100_000, bytes.NewReader(want[100_000:]), now); received != 200_000 || err != nil {
		t.Fatalf("%d bytes, %v", received, err)
	}
	if got, err := s.read(t, "room", a, start); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes come back, %v", len(got), err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// An upload that hangs is overtaken by the next, and cannot write any more.
func TestOvertaken(t *testing.T) {
	s := store(t, nil)
	grant := s.mustOpen(t, "room", a, "ann", 10)
	r, w := io.Pipe()
	var hung sync.WaitGroup
	var err error
	hung.Go(func() { _, err = s.Write("room", a, grant, 0, r, now) })
	if _, e := w.Write([]byte("xx")); e != nil { // now the first upload has begun
		t.Fatal(e)
	}
	grant, received, e := s.Open("room", a, "ann", 10, start)
	if e != nil || received != 0 {
		t.Fatal(received, e)
	}
	if received, e = s.Write("room", a, grant, 0, bytes.NewReader([]byte("0123456789")), now); e != nil || received != 10 {
		t.Fatal(received, e)
	}
	_ = w.Close()
	hung.Wait()
	if !errors.Is(err, ErrOffset) {
		t.Errorf("the first upload: %v", err)
	}
	if got, err := s.read(t, "room", a, start); string(got) != "0123456789" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestExpiry(t *testing.T) {
	s := store(t, nil)
	whole, part := s.mustOpen(t, "room", a, "ann", 10), s.mustOpen(t, "room", b, "ann", 10)
	for id, n := range map[ID]int{a: 10, b: 9} {
		grant := whole
		if id == b {
			grant = part
		}
		if _, err := s.Write("room", id, grant, 0, bytes.NewReader(content(n)), now); err != nil {
			t.Fatal(err)
		}
	}
	s.Expire(start.Add(time.Minute))
	if n, used := s.Usage(); n != 1 || used != 10 {
		t.Errorf("%d files of %d bytes when the upload has hung for too long", n, used)
	}
	if _, err := s.read(t, "room", a, start.Add(time.Hour-1)); err != nil {
		t.Error(err)
	}
	if _, err := s.read(t, "room", a, start.Add(time.Hour)); !errors.Is(err, ErrNone) {
		t.Errorf("after its time: %v", err)
	}
}

// A file that goes while somebody reads it is read to the end, and closed then.
func TestGoneWhileRead(t *testing.T) {
	s := store(t, nil)
	grant := s.mustOpen(t, "room", a, "ann", 10)
	if _, err := s.Write("room", a, grant, 0, bytes.NewReader(content(10)), now); err != nil {
		t.Fatal(err)
	}
	disk := s.rooms["room"][a].disk
	err := s.Read("room", a, start, func(r *io.SectionReader) {
		s.EndRoom("room")
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content(10)) {
			t.Errorf("%q, %v", got, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := disk.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open: %v", err)
	}
	if _, err := s.read(t, "room", a, start); !errors.Is(err, ErrNone) {
		t.Errorf("after the room: %v", err)
	}
}

// Counts are limited, too: each file holds a descriptor.
func TestCounts(t *testing.T) {
	s := store(t, nil)
	for i := range 3 {
		s.mustOpen(t, "room", ID{byte(i)}, "ann", 1)
	}
	if _, _, err := s.Open("room", ID{9}, "ann", 1, start); !errors.Is(err, ErrRoomFull) {
		t.Errorf("a fourth: %v", err)
	}
	s.mustOpen(t, "two", a, "ben", 1)
	if _, _, err := s.Open("three", a, "cy", 1, start); !errors.Is(err, ErrFull) {
		t.Errorf("a fifth: %v", err)
	}
	s.EndRoom("room")
	s.mustOpen(t, "three", a, "cy", 1)
}

func TestNoPlace(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(file, DefaultLimits()); err == nil {
		t.Error("a store in what is no folder")
	}
}
