// Package store keeps what must outlive a restart: who may make rooms, and the
// audit log. It is one SQLite file, which the server and the operator's
// commands open at the same time. Nothing of a meeting is in it: no room, no
// name, no address; but for a day, under a MAC, the number of a link that was
// changed.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // without cgo: the server stays one static binary
)

// fileName is that of the database in its folder.
const fileName = "incamera.db"

// busyTime is how long one process waits for another's transaction. Longer, and
// a stuck command stops the server from making rooms for longer; shorter, and
// two that meet fail.
const busyTime = 5 * time.Second

// schema is made at the first opening, and then brought up to the last version.
const schema = `
CREATE TABLE pass (
	id      TEXT PRIMARY KEY,     -- public, for lists and the audit log
	hash    BLOB NOT NULL UNIQUE, -- SHA-256 of the secret; the secret itself is nowhere
	kind    TEXT NOT NULL,
	note    TEXT NOT NULL,
	created INTEGER NOT NULL,     -- times are in milliseconds of Unix time
	expires INTEGER NOT NULL,
	uses    INTEGER NOT NULL,     -- left; -1: without limit
	revoked INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
	seq     INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	event   TEXT NOT NULL,
	subject TEXT NOT NULL,
	hash    BLOB NOT NULL
) STRICT;
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
PRAGMA user_version = 1;
`

// steps lead from each version to the next.
var steps = []string{
	// 1 to 2: links that hold no more
	`CREATE TABLE link (
		room   BLOB PRIMARY KEY,  -- a MAC of the room's id
		number INTEGER NOT NULL,
		until  INTEGER NOT NULL
	) STRICT;
	PRAGMA user_version = 2;`,
}

// A Store is safe for concurrent use, by several processes, too. What a method
// has returned from without an error is on the disk.
type Store struct {
	db      *sql.DB
	durable bool
}

// Open opens the store in dir, and makes both where they are missing. With an
// empty dir it is in memory, and ends with the process.
func Open(ctx context.Context, dir string) (*Store, error) {
	name := "file::memory:"
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("store: making the folder: %w", err)
		}
		file := filepath.Join(dir, fileName)
		// SQLite makes files by the umask; this one holds who may come in.
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("store: opening: %w; it must belong to the user that the server runs as", err)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("store: opening: %w", err)
		}
		name = "file:" + (&url.URL{Path: file}).EscapedPath()
	}
	// FULL: a transaction that has ended survives the loss of power, not only of the process.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTime.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)",
	}}
	db, err := sql.Open("sqlite", name+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("store: opening: %w", err)
	}
	db.SetMaxOpenConns(1) // in memory each connection would be a store of its own
	s := &Store{db, dir != ""}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: opening %s: %w", name, err), db.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(steps)+1 {
			return fmt.Errorf("it is of version %d, made by a newer incamera; run that", version)
		}
		if version == 0 {
			if _, err := tx.ExecContext(ctx, schema); err != nil {
				return err
			}
			key := make([]byte, 32)
			_, _ = rand.Read(key) // never fails; crypto/rand ends the process instead
			if _, err := tx.ExecContext(ctx, "INSERT INTO setting VALUES ('permit key', ?)", key); err != nil {
				return err
			}
			version = 1
		}
		for _, step := range steps[version-1:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close ends the store.
func (s *Store) Close() error { return s.db.Close() }

// change runs f in one transaction, which is done as a whole or not at all.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// PermitKey returns the key by which the server knows its own permits again.
func (s *Store) PermitKey(ctx context.Context) ([]byte, error) { return s.setting(ctx, "permit key") }

// URL returns where the server was last reached, "" before its first start.
func (s *Store) URL(ctx context.Context) (string, error) {
	b, err := s.setting(ctx, "url")
	return string(b), err
}

// SetURL notes where the server is reached, for links that commands print.
func (s *Store) SetURL(ctx context.Context, url string) error {
	_, err := s.db.ExecContext(ctx, "INSERT INTO setting VALUES ('url', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1", []byte(url))
	if err != nil {
		return fmt.Errorf("store: noting the address: %w", err)
	}
	return nil
}

func (s *Store) setting(ctx context.Context, name string) (value []byte, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: reading the %s: %w", name, err)
	}
	return value, nil
}
