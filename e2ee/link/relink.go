package link

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"

	"incamera/e2ee/eddsa"
)

// MaxOldLinks is how many links of before a card names. More would make it
// larger than what the server keeps.
const MaxOldLinks = 16

// The order makes the server change the link, and so nobody but the server is
// given it. Members are told under a label of its own: most announcements are
// heard by somebody who would like to carry them out.
const (
	relinkLabel   = "incamera relink v1\x00"
	announceLabel = "incamera link announced v1\x00"
)

// An OldLink is what is needed of a link that holds no more: leaves that came
// by it are still in the group, and whoever joins checks them.
type OldLink struct {
	Number    uint32
	Admission Secret
}

// Changed is what the card of a changed link says beside. The zero value is
// that of a first link.
type Changed struct {
	TokenHash [32]byte  // of this link: no two links share a card
	Older     []OldLink // in order of their numbers, distinct
}

func (c Changed) append(b []byte) []byte {
	var older []byte
	for _, o := range c.Older {
		older = append(binary.BigEndian.AppendUint32(older, o.Number), o.Admission.Reveal()...)
	}
	return appendVec(append(b, c.TokenHash[:]...), older)
}

func readChanged(r *reader) (c Changed) {
	c.TokenHash = [32]byte(r.take(32))
	older := reader{b: r.vec()}
	for len(older.b) > 0 && !older.bad {
		c.Older = append(c.Older, OldLink{older.u32(), SecretFrom(older.take(32))})
	}
	r.bad = r.bad || older.bad
	return c
}

func (c Changed) valid(number uint32) error {
	switch {
	case number > 1 && c.TokenHash == [32]byte{}:
		return errors.New("a changed link without its token")
	case number == 1 && (c.TokenHash != [32]byte{} || len(c.Older) > 0):
		return errors.New("a first link with links before it")
	case len(c.Older) > MaxOldLinks:
		return fmt.Errorf("%d links of before, at most %d are allowed", len(c.Older), MaxOldLinks)
	}
	last := uint32(0)
	for _, o := range c.Older {
		if o.Number <= last || o.Number >= number {
			return errors.New("its links of before are not in their order")
		}
		last = o.Number
	}
	return nil
}

// CheckAny checks a leaf that may have come by the card's link or by one that
// it names of before, and returns the number of that link. present is the
// admission key of the card's; c.LinkNumber is of no account.
func (c LeafContext) CheckAny(card Card, present Secret, extension []byte) (l Leaf, number uint32, err error) {
	for _, o := range append([]OldLink{{card.LinkNumber, present}}, card.Older...) {
		c.LinkNumber = o.Number
		if l, err = c.Check(o.Admission, extension); err == nil {
			return l, o.Number, nil
		}
	}
	return Leaf{}, 0, err
}

// A Relink is the host's order that the room has another link: with it the
// server knows what it has to.
type Relink struct {
	Number    uint32 // of the link, from 2
	TokenHash [32]byte
	Card      []byte // sealed with the link's card key
	Signature []byte // nil where it is known what was ordered, but not the order
}

func (r Relink) statement(label string, room Room) []byte {
	b := binary.BigEndian.AppendUint32([]byte(label+string(room)), r.Number)
	return append(append(b, r.TokenHash[:]...), r.Card...)
}

// Holds reports whether the room's host has given the order.
func (r Relink) Holds(room Room, host ed25519.PublicKey) bool {
	return r.Number > 1 && eddsa.Verify(host, r.statement(relinkLabel, room), r.Signature)
}

// A Next is a link that takes the place of another.
type Next struct {
	Secret    Secret
	Keys      Keys
	Card      Card
	Hash      [32]byte // of the card
	Order     Relink   // signed where the host has made it
	Announced []byte   // the host's signature, for members: no order
}

// Change makes the link after that of a card. older names the links by which
// somebody is in the group, the card's own among them.
func (c Card) Change(room Room, secret Secret, older []OldLink, host ed25519.PrivateKey) (Next, error) {
	return c.change(room, secret, newSalt(), older, host)
}

func (c Card) change(room Room, secret Secret, salt []byte, older []OldLink, host ed25519.PrivateKey) (Next, error) {
	n := Next{Secret: secret, Keys: Link{Room: room, Secret: secret}.Keys(), Card: c}
	n.Card.LinkNumber++
	n.Card.Changed = Changed{n.Keys.TokenHash(), older}
	encoded, err := n.Card.Sign(host)
	if err != nil {
		return Next{}, fmt.Errorf("changing the link: %w", err)
	}
	n.Hash = CardHash(encoded)
	sealed := sealWith(n.Keys.Card, Place{Room: room, Kind: KindCard}, salt, encoded)
	n.Order = Relink{Number: n.Card.LinkNumber, TokenHash: n.Keys.TokenHash(), Card: sealed}
	n.Order.Signature = ed25519.Sign(host, n.Order.statement(relinkLabel, room))
	n.Announced = ed25519.Sign(host, n.Order.statement(announceLabel, room))
	return n, nil
}

// OpenNext checks what a member is told of the link after that of its card:
// its secret, its sealed card, and the host's signature of the announcement.
func (c Card) OpenNext(room Room, secret Secret, sealed, announced []byte) (Next, error) {
	fail := func(err error) (Next, error) { return Next{}, fmt.Errorf("taking another link: %w", err) }
	n := Next{Secret: secret, Keys: Link{Room: room, Secret: secret}.Keys()}
	card, encoded, err := OpenCard(n.Keys.Card, room, sealed)
	if err != nil {
		return fail(err)
	}
	n.Card, n.Hash = card, CardHash(encoded)
	n.Order, n.Announced = Relink{Number: card.LinkNumber, TokenHash: n.Keys.TokenHash(), Card: sealed}, announced
	switch {
	case card.LinkNumber != c.LinkNumber+1:
		err = fmt.Errorf("link %d after link %d", card.LinkNumber, c.LinkNumber)
	case card.Suite != c.Suite:
		err = errors.New("it is for a group of another suite")
	case card.TokenHash != n.Order.TokenHash:
		err = errors.New("its card is of another link")
	case !eddsa.Verify(c.HostKey, n.Order.statement(announceLabel, room), announced):
		err = errors.New("the host has not announced it")
	}
	if err != nil {
		return fail(err)
	}
	return n, nil
}
