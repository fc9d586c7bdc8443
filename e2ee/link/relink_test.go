package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/internal/golden"
)

// firstAndNext is a room's first link with its card, and the one that takes
// its place.
func firstAndNext(t *testing.T) (first Link, host ed25519.PrivateKey, card Card, next Next) {
	t.Helper()
	first, host = testLink()
	card = Card{HostKey: host.Public().(ed25519.PublicKey), Suite: Suite, LinkNumber: 1, Created: time.UnixMilli(1795000000123), Title: "Küche & Kaffee"}
	next, err := card.change(first.Room, SecretFrom(seed(0x11)), seed(0xb0), []OldLink{{1, first.Keys().Admission}}, host)
	if err != nil {
		t.Fatal(err)
	}
	return first, host, card, next
}

func TestRelinkVector(t *testing.T) {
	l, host, card, n := firstAndNext(t)
	before, err := card.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	after, err := n.Card.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	at := LeafContext{Room: l.Room, LinkNumber: 1, MemberID: MemberID(seed(0x70)), SignatureKey: seed(0x90)}
	old, err := at.Make(l.Keys().Admission, ed25519.NewKeyFromSeed(seed(0x60)), "a-session", "Ada")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "relink.json", map[string]any{
		"room": l.Room, "hostSeed": golden.Hex(host.Seed()), "hostKey": golden.Hex(card.HostKey),
		"before": golden.Hex(before), "admissionBefore": golden.Hex(l.Keys().Admission.Reveal()),
		"secret": golden.Hex(n.Secret.Reveal()), "salt": golden.Hex(seed(0xb0)), "admission": golden.Hex(n.Keys.Admission.Reveal()),
		"number": n.Order.Number, "pskId": string(PSKID(n.Order.Number)), "encoded": golden.Hex(after), "hash": golden.Hex(n.Hash[:]),
		"tokenHash": golden.Hex(n.Order.TokenHash[:]), "card": golden.Hex(n.Order.Card), "signature": golden.Hex(n.Order.Signature), "announced": golden.Hex(n.Announced),
		"memberId": golden.Hex(at.MemberID[:]), "signatureKey": golden.Hex(at.SignatureKey), "oldLeaf": golden.Hex(old),
	})
	got, err := card.OpenNext(l.Room, n.Secret, n.Order.Card, n.Announced)
	if err != nil || got.Order.Signature != nil || got.Hash != n.Hash || got.Card.Title != card.Title || !got.Card.Created.Equal(card.Created) || got.Card.LinkNumber != 2 {
		t.Fatalf("taken as %+v: %v", got, err)
	}
	if _, number, err := at.CheckAny(got.Card, got.Keys.Admission, old); err != nil || number != 1 {
		t.Errorf("a leaf that came by the first link is of link %d: %v", number, err)
	}
	if _, err := at.Check(got.Keys.Admission, old); err == nil {
		t.Error("a leaf of the first link passes for one of the second")
	}
}

// TestForgedRelinks: what nobody takes for another link of the room.
func TestForgedRelinks(t *testing.T) {
	l, host, card, good := firstAndNext(t)
	stranger := ed25519.NewKeyFromSeed(seed(9))
	older := []OldLink{{1, l.Keys().Admission}}
	make := func(from Card, secret Secret, by ed25519.PrivateKey) Next {
		n, err := from.Change(l.Room, secret, older, by)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	resigned := func(n Next) Next {
		n.Order.Signature = ed25519.Sign(host, n.Order.statement(relinkLabel, l.Room))
		n.Announced = ed25519.Sign(host, n.Order.statement(announceLabel, l.Room))
		return n
	}
	change := func(n Next, f func(*Next)) Next {
		f(&n)
		return n
	}
	second, pq, other := card, card, make(card, SecretFrom(seed(0x21)), host)
	second.LinkNumber, second.TokenHash = 2, [32]byte{1}
	pq.Suite = SuitePostQuantum
	lying := good.Card
	lying.TokenHash = other.Order.TokenHash
	encoded, err := lying.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		n   Next
		why string
	}{
		"by a stranger":        {make(card, good.Secret, stranger), "did not sign"},
		"announced by another": {change(good, func(n *Next) { n.Announced = ed25519.Sign(stranger, n.Order.statement(announceLabel, l.Room)) }), "not announced"},
		"not announced":        {change(good, func(n *Next) { n.Announced = nil }), "not announced"},
		"word of another link": {change(good, func(n *Next) { n.Announced = other.Announced }), "not announced"},
		"ordered only":         {change(good, func(n *Next) { n.Announced = n.Order.Signature }), "not announced"},
		"another secret":       {change(good, func(n *Next) { n.Secret = other.Secret }), "altered"},
		"a link left out":      {make(second, good.Secret, host), "link 3 after link 1"},
		"another suite":        {make(pq, good.Secret, host), "another suite"},
		"another's token":      {resigned(change(good, func(n *Next) { n.Order.Card = SealCard(n.Keys.Card, l.Room, encoded) })), "another link"},
		"another card":         {change(good, func(n *Next) { n.Order.Card = other.Order.Card }), "altered"},
	} {
		if n, err := card.OpenNext(l.Room, c.n.Secret, c.n.Order.Card, c.n.Announced); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %+v, %v", name, n.Card, err)
		}
	}
	if _, err := good.Card.OpenNext(l.Room, good.Secret, good.Order.Card, good.Announced); err == nil {
		t.Error("a link takes its own place")
	}
	o := good.Order
	for name, bad := range map[string]Relink{
		"renumbered":    {o.Number + 1, o.TokenHash, o.Card, o.Signature},
		"another token": {o.Number, other.Order.TokenHash, o.Card, o.Signature},
		"another card":  {o.Number, o.TokenHash, other.Order.Card, o.Signature},
		"announced":     {o.Number, o.TokenHash, o.Card, good.Announced},
		"link 1":        resigned(change(good, func(n *Next) { n.Order.Number = 1 })).Order,
	} {
		if bad.Holds(l.Room, card.HostKey) {
			t.Errorf("an order that is %s holds", name)
		}
	}
	if o.Holds(RoomOf(stranger.Public().(ed25519.PublicKey)), card.HostKey) || !o.Holds(l.Room, card.HostKey) {
		t.Error("an order is not for its room")
	}
}

func TestChangedCards(t *testing.T) {
	l, host, _, next := firstAndNext(t)
	good, err := next.Card.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err = ParseCard(l.Room, bad); err == nil {
			t.Errorf("it is accepted with byte %d altered", i)
		}
	}
	key := SecretFrom(seed(1))
	many := make([]OldLink, MaxOldLinks+1)
	for i := range many {
		many[i] = OldLink{uint32(i + 1), key}
	}
	token := [32]byte{1}
	for name, c := range map[string]struct {
		number  uint32
		changed Changed
	}{
		"no token":           {2, Changed{}},
		"out of order":       {4, Changed{token, []OldLink{{2, key}, {1, key}}}},
		"twice":              {4, Changed{token, []OldLink{{2, key}, {2, key}}}},
		"number 0":           {4, Changed{token, []OldLink{{0, key}}}},
		"itself":             {4, Changed{token, []OldLink{{4, key}}}},
		"too many":           {99, Changed{token, many}},
		"first with a token": {1, Changed{token, nil}},
		"first with others":  {1, Changed{Older: []OldLink{{1, key}}}},
	} {
		card := next.Card
		card.LinkNumber, card.Changed = c.number, c.changed
		if _, err := card.Sign(host); err == nil {
			t.Errorf("%s: the host signs it", name)
		}
		b := card.encode()
		b = append(b, ed25519.Sign(host, cardStatement(l.Room, b))...)
		if _, err := ParseCard(l.Room, b); err == nil && c.number > 1 { // that of a first link has no place for it
			t.Errorf("%s: it is accepted", name)
		}
	}
	// The version follows from the number: one card, one encoding.
	first := next.Card
	first.LinkNumber, first.Changed = 1, Changed{}
	for number, b := range map[uint32][]byte{1: next.Card.encode(), 2: first.encode()} {
		binary.BigEndian.PutUint32(b[35:], number)
		b = append(b, ed25519.Sign(host, cardStatement(l.Room, b))...)
		if _, err := ParseCard(l.Room, b); err == nil || !strings.Contains(err.Error(), "version") {
			t.Errorf("link %d in the version of others: %v", number, err)
		}
	}
}
