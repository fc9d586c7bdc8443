package signaling

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"time"

	"incamera/signaling/store"
	"incamera/signaling/wire"
)

// Who may make rooms (PROTOCOL.md 1.6). Without a store: anybody. With one:
// whoever shows an invite, an admin pass, or a permit of this server for the
// same room, which everybody has who looked at it. So a meeting comes back
// after a restart, and no room is ever written down.

// permitLife is how long after a look a room may be made again. Shorter, and a
// long meeting does not survive a restart; longer, and links work for longer
// after a meeting's end.
const permitLife = 24 * time.Hour

// The one answer to an invite that is missing, unknown, expired, used up or
// revoked: the second where people can sign in.
const (
	textInvite = "Making a meeting here needs an invite, and there is none, or it holds no longer."
	textSignIn = "Making a meeting here needs signing in, or an invite, and there is none, or it holds no longer."
)

var errUninvited = errors.New("signaling: no invite that holds")

// permit returns uint64 milliseconds of its end ‖ HMAC-SHA256 of it and the
// room, by the key that only this server has.
func (s *Server) permit(name string, tokenHash []byte, end time.Time) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(end.UnixMilli()))
	mac := hmac.New(sha256.New, s.permitKey)
	mac.Write([]byte("incamera permit v1"))
	mac.Write([]byte(name)) // of a fixed length, like the others
	mac.Write(tokenHash)
	mac.Write(b)
	return mac.Sum(b)
}

// permits reports whether m shows a permit for its room that holds.
func (s *Server) permits(m wire.CreateRoom, now time.Time) bool {
	if len(m.Permit) != wire.PermitSize {
		return false
	}
	end := time.UnixMilli(int64(binary.BigEndian.Uint64(m.Permit)))
	return hmac.Equal(m.Permit, s.permit(m.Room, m.TokenHash, end)) && now.Before(end)
}

// spend takes what allows making the room of m. giveBack is for when no room
// comes of it; it is never nil.
func (s *Server) spend(ctx context.Context, m wire.CreateRoom, now time.Time) (giveBack func(), err error) {
	if s.cfg.Store == nil || s.permits(m, now) {
		return func() {}, nil
	}
	id, err := s.cfg.Store.Spend(ctx, m.Invite, now)
	if errors.Is(err, store.ErrRefused) {
		s.counters.uninvited.Add(1)
		return func() {}, errUninvited
	}
	return func() {
		if refundErr := s.cfg.Store.Refund(context.WithoutCancel(ctx), id, now); refundErr != nil {
			s.cfg.Log.Error("an invite could not be given back", "error", refundErr)
		}
	}, err
}

func (s *Server) uninvited(w http.ResponseWriter) {
	if s.cfg.SignIn != nil {
		answerError(w, http.StatusForbidden, wire.CodeSignIn, textSignIn)
		return
	}
	answerError(w, http.StatusForbidden, wire.CodeInvite, textInvite)
}

func (s *Server) redeem(w http.ResponseWriter, r *http.Request) {
	m, ok := read[wire.Redeem](w, r)
	if !ok {
		return
	}
	if s.cfg.Store == nil {
		s.uninvited(w)
		return
	}
	secret, err := s.cfg.Store.Redeem(r.Context(), m.Link, time.Now())
	switch {
	case errors.Is(err, store.ErrRefused):
		s.counters.unredeemed.Add(1)
		s.uninvited(w)
	case err != nil:
		s.cfg.Log.Error("an admin link could not be used", "error", err)
		answerError(w, http.StatusServiceUnavailable, wire.CodeUnavailable, "The server cannot do this now.")
	default:
		s.cfg.Log.Info("admin link used")
		answer(w, http.StatusOK, wire.EncodeBody(wire.Redeemed{Invite: secret}))
	}
}
