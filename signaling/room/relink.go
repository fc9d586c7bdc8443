package room

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"

	"incamera/signaling/delivery"
	"incamera/signaling/token"
	"incamera/signaling/wire"
)

const relinkLabel = "incamera relink v1\x00"

var errOldLink = errors.New("room: the link is not a later one")

// A Link is what the server knows of the link by which people come.
// Immutable.
type Link struct {
	Number uint32     // from 1
	Token  token.Hash // of the join token
	Card   []byte     // sealed; handed to everybody who joins
	Order  []byte     // the host's signature of the order that made it; nil: it is the first
}

// Link returns the link that holds now. Safe for concurrent use.
func (r *Room) Link() *Link { return r.link.Load() }

// Ordered reports whether the host has signed the order that the room has
// another link.
func (a About) Ordered(m wire.Relink) bool {
	statement := binary.BigEndian.AppendUint32([]byte(relinkLabel+a.Name), m.Number)
	statement = append(append(statement, m.TokenHash...), m.Card...)
	return m.Number > 1 && len(a.HostKey) == ed25519.PublicKeySize && ed25519.Verify(a.HostKey, statement, m.Signature)
}

// Relink carries out an order that somebody knows from before, when the room
// was made again by an older link: everybody who is here came by that, and
// goes. An older order is ignored, one that the host has not signed too. It
// returns when that is done. Safe for concurrent use.
func (r *Room) Relink(m wire.Relink) {
	_ = r.do(context.Background(), func() {
		if m.Number > r.Link().Number && r.about.Ordered(m) {
			r.relink(m, func(*session) bool { return false })
		}
	}) // without a room there is nothing to order
}

// commit carries out a commit, and the change of the link that goes with it,
// or neither of them. What it does already is no fault to say again.
func (r *Room) commit(s *session, m wire.Commit) (out []delivery.Out, err error) {
	_, before := r.delivery.Epoch()
	if m.Relink != nil && m.Epoch == before && m.Relink.Number <= r.Link().Number && !r.Link().is(*m.Relink) {
		return nil, errOldLink
	}
	out, err = r.delivery.Commit(s.id, m)
	if _, after := r.delivery.Epoch(); m.Relink != nil && err == nil && after > before {
		r.relink(*m.Relink, func(s *session) bool { return r.delivery.IsMember(s.id) })
	}
	return out, err
}

// is reports whether an order makes this link: under its number there may be
// another, of another page of the host's.
func (l *Link) is(m wire.Relink) bool {
	hash, err := token.Parse(m.TokenHash)
	return err == nil && l.Number == m.Number && l.Token.Equal(hash)
}

// relink puts another link up, which is noted before anybody hears of it.
// Those sessions end that do not stay.
func (r *Room) relink(m wire.Relink, stays func(*session) bool) {
	hash, err := token.Parse(m.TokenHash)
	if err != nil {
		panic("room: internal error: a token hash of another size")
	}
	if r.cfg.Relinked != nil {
		r.cfg.Relinked(r.about.Name, m.Number)
	}
	r.link.Store(&Link{Number: m.Number, Token: hash, Card: m.Card, Order: m.Signature})
	gone := 0
	for _, s := range r.sessions {
		if !stays(s) {
			r.doom(s, wire.ReasonRelinked)
			gone++
		}
	}
	r.log.Info("link changed", "number", m.Number, "sessions ended", gone)
}
