// Package files keeps what people of a meeting send each other as files:
// sealed bytes that nobody here can read, for as long as the meeting lasts and
// no longer than a time limit.
//
// A file has no name on the disk: it is unlinked as soon as it is made, so that
// whatever ends the process, its disk space is free again and nothing is left
// to find. Everything may be called concurrently. Nothing is held in memory
// beyond the 64 KiB under way in each upload.
package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"incamera/signaling/token"
)

// Why something is not done.
var (
	// ErrNone: there is no such file, not whole yet, or not for this grant.
	ErrNone = errors.New("files: no such file")
	// ErrTooLarge: more than one file may have.
	ErrTooLarge = errors.New("files: too large")
	// ErrRoomFull: more than the files of one room may have.
	ErrRoomFull = errors.New("files: the room has too many files")
	// ErrFull: more than the files of all rooms may have.
	ErrFull = errors.New("files: too many files in all rooms")
	// ErrOffset: bytes that do not follow what is there.
	ErrOffset = errors.New("files: these bytes are not the next ones")
)

// ID names a file in its room. Whoever sends it draws it at random.
type ID [16]byte

// Limits are in sealed bytes. See [DefaultLimits].
type Limits struct {
	File, Room, Total int64
	Files             int           // of one room
	All               int           // of all rooms: each holds a file descriptor
	Life              time.Duration // of a whole file, after its last byte
	Stall             time.Duration // of an upload, after its last byte
}

// DefaultLimits returns what a server of some hundred people can spare.
func DefaultLimits() Limits {
	return Limits{File: 100 << 20, Room: 500 << 20, Total: 5 << 30, Files: 200, All: 2000, Life: 24 * time.Hour, Stall: 15 * time.Minute}
}

// A Store keeps the files of all rooms.
type Store struct {
	limits Limits // static
	dir    string // static

	mu    sync.Mutex
	rooms map[string]map[ID]*file
	used  int64 // bytes promised to all files
	count int
}

// A file is one upload, and what it becomes.
type file struct {
	size  int64  // static
	owner string // static: the session that sends it

	// Guarded by the store's mutex.
	grant token.Hash
	until time.Time
	users int // who read or write now
	gone  bool
	disk  *os.File

	// Guarded by mu, which is held while bytes are written: of two uploads at
	// once only the later one goes on.
	mu       sync.Mutex
	received int64
	turn     int
}

// New returns an empty store that keeps its bytes in dir, which it makes where
// it is missing. It fails when files without a name cannot be had there.
func New(dir string, limits Limits) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	s := &Store{limits: limits, dir: dir, rooms: map[string]map[ID]*file{}}
	f, err := s.nameless()
	if err != nil {
		return nil, err
	}
	return s, f.Close()
}

// Max returns how large a file may be, in sealed bytes.
func (s *Store) Max() int64 { return s.limits.File }

func (s *Store) nameless() (*os.File, error) {
	f, err := os.CreateTemp(s.dir, "incamera-")
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // its name stays; it is empty
		return nil, fmt.Errorf("files: %w", err)
	}
	return f, nil
}

// Open begins an upload of so many sealed bytes, or goes on with one of the
// same owner. What was granted before for it holds no longer.
func (s *Store) Open(room string, id ID, owner string, size int64, now time.Time) (grant []byte, received int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	f := s.rooms[room][id]
	if f == nil {
		if f, err = s.add(room, id, owner, size, now); err != nil {
			return nil, 0, err
		}
	}
	if f.owner != owner || f.size != size {
		return nil, 0, ErrNone
	}
	grant, f.grant = token.New()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++ // an upload under way is of a connection that was given up
	return grant, f.received, nil
}

func (s *Store) add(room string, id ID, owner string, size int64, now time.Time) (*file, error) {
	used := int64(0)
	for _, f := range s.rooms[room] {
		used += f.size
	}
	switch {
	case size < 1 || size > s.limits.File:
		return nil, ErrTooLarge
	case used+size > s.limits.Room || len(s.rooms[room]) >= s.limits.Files:
		return nil, ErrRoomFull
	case s.used+size > s.limits.Total || s.count >= s.limits.All:
		return nil, ErrFull
	}
	disk, err := s.nameless()
	if err != nil {
		return nil, err
	}
	f := &file{size: size, owner: owner, disk: disk, until: now.Add(s.limits.Stall)}
	if s.rooms[room] == nil {
		s.rooms[room] = map[ID]*file{}
	}
	s.rooms[room][id] = f
	s.used += size
	s.count++
	return f, nil
}

// find returns a file in use by one more, until release.
func (s *Store) find(room string, id ID, now time.Time) *file {
	s.expire(now)
	f := s.rooms[room][id]
	if f != nil {
		f.users++
	}
	return f
}

func (s *Store) release(f *file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.users--
	s.closeUnused(f)
}

func (s *Store) closeUnused(f *file) {
	if f.gone && f.users == 0 {
		_ = f.disk.Close() // nobody wants what was in it
	}
}

// remove forgets a file; its bytes are gone when the last who uses it is done.
func (s *Store) remove(room string, id ID) {
	f := s.rooms[room][id]
	delete(s.rooms[room], id)
	if len(s.rooms[room]) == 0 {
		delete(s.rooms, room)
	}
	s.used -= f.size
	s.count--
	f.gone = true
	s.closeUnused(f)
}

func (s *Store) expire(now time.Time) {
	for room, all := range s.rooms {
		for id, f := range all {
			if !now.Before(f.until) {
				s.remove(room, id)
			}
		}
	}
}

// Expire lets go of what has been kept for long enough.
func (s *Store) Expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
}

// Write appends what r says, from an offset that must be where the upload
// stands. What has come stays, even when r fails: the upload goes on from there.
func (s *Store) Write(room string, id ID, grant []byte, offset int64, r io.Reader, now func() time.Time) (received int64, err error) {
	s.mu.Lock()
	f := s.find(room, id, now())
	granted := f != nil && f.grant.Matches(grant)
	s.mu.Unlock()
	if f == nil {
		return 0, ErrNone
	}
	defer s.release(f)
	if !granted {
		return 0, ErrNone
	}
	f.mu.Lock()
	received = f.received
	f.turn++
	turn := f.turn
	f.mu.Unlock()
	if offset != received {
		return received, ErrOffset
	}
	buf := make([]byte, 64<<10)
	for {
		n, readErr := io.ReadFull(r, buf)
		if n > 0 {
			if received, err = f.write(turn, buf[:n]); err != nil {
				return received, err
			}
			s.extend(f, received, now())
		}
		switch {
		case readErr == io.EOF || errors.Is(readErr, io.ErrUnexpectedEOF): // also a connection that broke: what has come has come
			return received, nil
		case readErr != nil:
			return received, fmt.Errorf("files: reading an upload: %w", readErr)
		}
	}
}

// write fails with ErrOffset when another upload of the same file has begun.
func (f *file) write(turn int, b []byte) (received int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case turn != f.turn:
		return f.received, ErrOffset
	case f.received+int64(len(b)) > f.size:
		return f.received, ErrTooLarge
	}
	if _, err := f.disk.WriteAt(b, f.received); err != nil {
		return f.received, fmt.Errorf("%w: %w", ErrFull, err)
	}
	f.received += int64(len(b))
	return f.received, nil
}

func (s *Store) extend(f *file, received int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	life := s.limits.Stall
	if received == f.size {
		life = s.limits.Life
	}
	f.until = now.Add(life)
}

// Read passes a whole file to use, which must not keep it. A file that is
// removed meanwhile stays readable until then.
func (s *Store) Read(room string, id ID, now time.Time, use func(*io.SectionReader)) error {
	s.mu.Lock()
	f := s.find(room, id, now)
	s.mu.Unlock()
	if f == nil {
		return ErrNone
	}
	defer s.release(f)
	f.mu.Lock()
	whole := f.received == f.size
	f.mu.Unlock()
	if !whole {
		return ErrNone
	}
	use(io.NewSectionReader(f.disk, 0, f.size))
	return nil
}

// Remove forgets a file of whoever holds the grant.
func (s *Store) Remove(room string, id ID, grant []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.rooms[room][id]
	if f == nil || !f.grant.Matches(grant) {
		return ErrNone
	}
	s.remove(room, id)
	return nil
}

// EndRoom forgets all files of a room.
func (s *Store) EndRoom(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.rooms[room] {
		s.remove(room, id)
	}
}

// Usage returns how many files there are, and how many bytes are promised to
// them.
func (s *Store) Usage() (count int, used int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.used
}
