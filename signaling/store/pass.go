package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Kind says what a pass allows.
type Kind string

// The kinds.
const (
	// Invite: makes rooms, so many times.
	Invite Kind = "invite"
	// AdminLink: is exchanged for an Admin pass, once.
	AdminLink Kind = "admin-link"
	// Admin: makes rooms without limit, and is shown to the API of the server's operators.
	Admin Kind = "admin"
	// SignedIn: makes rooms without limit, for SignInLife. It is what somebody
	// gets who signed in at the operator's provider.
	SignedIn Kind = "signed-in"
	// Token: is shown to the API of the server's operators by programs.
	Token Kind = "token"
)

// Unlimited as a number of uses.
const Unlimited = -1

// Lives of what comes of an admin link. The link lies in a terminal and its
// scrollback; the pass in one browser, that does not forget it meanwhile.
const (
	AdminLinkLife = 24 * time.Hour
	adminLife     = 365 * 24 * time.Hour
	// SignInLife is how long a sign-in holds. Longer, and who may no longer sign
	// in makes meetings for longer; shorter, and people sign in twice in a day.
	SignInLife = 12 * time.Hour
)

// SecretSize is the size of a secret in bytes.
const SecretSize = 32

// Errors that callers tell apart.
var (
	// ErrRefused: there is no such pass, or it has expired, is used up, revoked
	// or of another kind. Which of these is for nobody to know.
	ErrRefused = errors.New("store: refused")
	// ErrNoPass: no pass has this id. For the operator only.
	ErrNoPass = errors.New("no invite has this id")
)

// A Pass is what allows its holder to make rooms. It holds no secret.
type Pass struct {
	ID      string    `json:"id"`
	Kind    Kind      `json:"kind"`
	Note    string    `json:"note,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Uses    int       `json:"uses"` // left, or Unlimited
	Revoked bool      `json:"revoked"`
}

// Valid reports whether the pass allows anything at the given time.
func (p Pass) Valid(now time.Time) bool {
	return !p.Revoked && p.Uses != 0 && now.Before(p.Expires)
}

// Make makes a pass and returns its secret, which is kept nowhere. An
// AdminLink that was not used yet is revoked by another.
func (s *Store) Make(ctx context.Context, kind Kind, uses int, life time.Duration, note string, now time.Time) (p Pass, secret []byte, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if kind == AdminLink {
			if _, err = tx.ExecContext(ctx, "UPDATE pass SET revoked = 1 WHERE kind = ? AND uses <> 0", AdminLink); err != nil {
				return err
			}
		}
		if kind == SignedIn { // there is one for each sign-in of everybody: those that ended go
			if _, err = tx.ExecContext(ctx, "DELETE FROM pass WHERE kind = ? AND expires <= ?", SignedIn, now.UnixMilli()); err != nil {
				return err
			}
		}
		p, secret, err = s.insert(ctx, tx, kind, uses, life, note, now)
		return err
	})
	if err != nil {
		return Pass{}, nil, fmt.Errorf("store: making an invite: %w", err)
	}
	return p, secret, nil
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, kind Kind, uses int, life time.Duration, note string, now time.Time) (Pass, []byte, error) {
	secret := make([]byte, SecretSize)
	_, _ = rand.Read(secret) // never fails; crypto/rand ends the process instead
	hash := sha256.Sum256(secret)
	p := Pass{
		ID: strings.ToLower(rand.Text()[:10]), Kind: kind, Note: note, Uses: uses,
		Created: now.Truncate(time.Millisecond), Expires: now.Add(life).Truncate(time.Millisecond),
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO pass VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
		p.ID, hash[:], kind, note, p.Created.UnixMilli(), p.Expires.UnixMilli(), uses)
	if err != nil {
		return p, nil, err
	}
	return p, secret, s.note(ctx, tx, string(kind)+" made", p.ID, now)
}

// take uses a pass of one of three kinds once.
func (s *Store) take(ctx context.Context, tx *sql.Tx, secret []byte, kinds [3]Kind, now time.Time) (id string, err error) {
	hash := sha256.Sum256(secret)
	err = tx.QueryRowContext(ctx, `UPDATE pass SET uses = CASE WHEN uses > 0 THEN uses - 1 ELSE uses END
		WHERE hash = ? AND kind IN (?, ?, ?) AND revoked = 0 AND uses <> 0 AND expires > ? RETURNING id`,
		hash[:], kinds[0], kinds[1], kinds[2], now.UnixMilli()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrRefused
	}
	return id, err
}

// Spend uses what makes rooms for one room, and returns the pass's id.
func (s *Store) Spend(ctx context.Context, secret []byte, now time.Time) (id string, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if id, err = s.take(ctx, tx, secret, [3]Kind{Invite, Admin, SignedIn}, now); err != nil {
			return err
		}
		return s.note(ctx, tx, "room made", id, now)
	})
	return id, failed("using an invite", err)
}

// Refund gives back what Spend took, when no room came of it.
func (s *Store) Refund(ctx context.Context, id string, now time.Time) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE pass SET uses = uses + 1 WHERE id = ? AND uses >= 0", id); err != nil {
			return err
		}
		return s.note(ctx, tx, "room not made", id, now)
	})
	return failed("giving back an invite", err)
}

// Redeem exchanges an admin link for an admin pass, and returns its secret.
func (s *Store) Redeem(ctx context.Context, link []byte, now time.Time) (secret []byte, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		var id string
		if id, err = s.take(ctx, tx, link, [3]Kind{AdminLink}, now); err != nil {
			return err
		}
		if err = s.note(ctx, tx, "admin-link used", id, now); err != nil {
			return err
		}
		_, secret, err = s.insert(ctx, tx, Admin, Unlimited, adminLife, "", now)
		return err
	})
	return secret, failed("using an admin link", err)
}

// Authorize finds the pass or token of an operator that has this secret, and
// returns its id. ErrRefused: there is none that holds.
func (s *Store) Authorize(ctx context.Context, secret []byte, now time.Time) (id string, err error) {
	hash := sha256.Sum256(secret)
	err = s.db.QueryRowContext(ctx, "SELECT id FROM pass WHERE hash = ? AND kind IN (?, ?) AND revoked = 0 AND uses <> 0 AND expires > ?",
		hash[:], Admin, Token, now.UnixMilli()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrRefused
	}
	return id, failed("checking an operator's pass", err)
}

// failed adds what was attempted to everything but a refusal.
func failed(doing string, err error) error {
	if err == nil || errors.Is(err, ErrRefused) {
		return err
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

// Revoke makes a pass worth nothing. Rooms that were made with it stay.
func (s *Store) Revoke(ctx context.Context, id string, now time.Time) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE pass SET revoked = 1 WHERE id = ?", id)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNoPass, err)
		}
		return s.note(ctx, tx, "revoked", id, now)
	})
	if errors.Is(err, ErrNoPass) {
		return fmt.Errorf("revoking %q: %w", id, ErrNoPass)
	}
	return failed("revoking", err)
}

// Passes returns all passes, those that allow nothing any more included, in the
// order in which they were made.
func (s *Store) Passes(ctx context.Context) (list []Pass, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, kind, note, created, expires, uses, revoked FROM pass ORDER BY created, id")
	if err != nil {
		return nil, fmt.Errorf("store: listing invites: %w", err)
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var p Pass
		var created, expires int64
		if err := rows.Scan(&p.ID, &p.Kind, &p.Note, &created, &expires, &p.Uses, &p.Revoked); err != nil {
			return nil, fmt.Errorf("store: listing invites: %w", err)
		}
		p.Created, p.Expires = time.UnixMilli(created).UTC(), time.UnixMilli(expires).UTC()
		list = append(list, p)
	}
	return list, failed("listing invites", rows.Err())
}
