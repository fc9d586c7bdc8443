package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// An Entry is one line of the audit log: that something was done, and by which
// pass. Who did it and for which room is not kept.
type Entry struct {
	Seq     int64     `json:"seq"` // from 1, without gaps
	At      time.Time `json:"at"`
	Event   string    `json:"event"`
	Subject string    `json:"subject,omitempty"` // the id of a pass
	Hash    string    `json:"hash"`              // of this entry and all before it
}

// link returns the hash of an entry: SHA-256("incamera audit v1" ‖ hash of the
// entry before, 32 zeros for the first ‖ uint64 seq ‖ uint64 milliseconds ‖
// uint32 length ‖ event ‖ uint32 length ‖ subject).
func link(before []byte, seq, at int64, event, subject string) []byte {
	b := append([]byte("incamera audit v1"), before...)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	for _, text := range []string{event, subject} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// note appends to the log in the transaction of what it is about. In memory
// there is no log: nobody could read it.
func (s *Store) note(ctx context.Context, tx *sql.Tx, event, subject string, now time.Time) error {
	if !s.durable {
		return nil
	}
	seq, before := int64(0), make([]byte, sha256.Size)
	err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&seq, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	at := now.UnixMilli()
	_, err = tx.ExecContext(ctx, "INSERT INTO audit VALUES (?, ?, ?, ?, ?)", seq+1, at, event, subject, link(before, seq+1, at, event, subject))
	return err
}

// Note appends an event that no pass is about.
func (s *Store) Note(ctx context.Context, event string, now time.Time) error {
	return failed("writing the audit log", s.change(ctx, func(tx *sql.Tx) error { return s.note(ctx, tx, event, "", now) }))
}

// Audit reads the log and checks its chain. It returns the entries up to the
// first that does not follow from those before it, and then an error that names
// it. A log whose end was cut off, or that was written anew from some entry on,
// is a log like any other: compare the last hash with one that was noted elsewhere.
func (s *Store) Audit(ctx context.Context) (list []Entry, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT seq, at, event, subject, hash FROM audit ORDER BY seq")
	if err != nil {
		return nil, fmt.Errorf("store: reading the audit log: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	before := make([]byte, sha256.Size)
	for rows.Next() {
		var e Entry
		var at int64
		var hash []byte
		if err := rows.Scan(&e.Seq, &at, &e.Event, &e.Subject, &hash); err != nil {
			return list, fmt.Errorf("store: reading the audit log: %w", err)
		}
		if e.Seq != int64(len(list))+1 {
			return list, fmt.Errorf("the audit log was altered: entry %d is missing", len(list)+1)
		}
		if !bytes.Equal(hash, link(before, e.Seq, at, e.Event, e.Subject)) {
			return list, fmt.Errorf("the audit log was altered: entry %d is not what was written", e.Seq)
		}
		before = hash
		e.At, e.Hash = time.UnixMilli(at).UTC(), hex.EncodeToString(hash)
		list = append(list, e)
	}
	return list, failed("reading the audit log", rows.Err())
}
