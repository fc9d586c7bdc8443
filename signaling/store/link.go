package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// KeepLink notes until when the links of a room hold no more that are below a
// number, or below one that was noted before. The key is a MAC: it says nothing
// of the room to who has not its id. What is over goes with each call.
func (s *Store) KeepLink(ctx context.Context, key []byte, number uint32, until, now time.Time) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM link WHERE until <= ?", now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO link VALUES (?1, ?2, ?3)
			ON CONFLICT (room) DO UPDATE SET number = max(number, ?2), until = ?3`, key, number, until.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("store: noting a link: %w", err)
	}
	return nil
}

// LeastLink returns the number that KeepLink has noted, 0 for none.
func (s *Store) LeastLink(ctx context.Context, key []byte, now time.Time) (number uint32, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT number FROM link WHERE room = ? AND until > ?", key, now.UnixMilli()).Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("store: reading a link: %w", err)
	}
	return number, nil
}
