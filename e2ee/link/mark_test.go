package link

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"incamera/e2ee/internal/golden"
)

func TestMarkVector(t *testing.T) {
	a, host, mod, _, _, g := court(t)
	l, _ := testLink()
	encoded, err := a.SignPolicy(Policy{Number: 9, Lobby: true, Grant: g}, mod)
	if err != nil {
		t.Fatal(err)
	}
	m := a.makeMark(l.Keys().Envelope, seed(0x90), encoded, host)
	golden.Check(t, "mark.json", map[string]any{
		"room": a.Room, "hostSeed": golden.Hex(host.Seed()), "hostKey": golden.Hex(a.Host), "secret": golden.Hex(l.Secret.Reveal()),
		"groupId": golden.Hex(a.GroupID), "policy": golden.Hex(encoded),
		"number": m.Number, "closed": m.Closed, "body": golden.Hex(m.Body), "signature": golden.Hex(m.Signature),
	})
	a.GroupID = nil // whoever reads it is in no group
	p, err := a.Open(l.Keys().Envelope, m)
	if err != nil || p.Number != 9 || !p.Lobby || !p.Grant.Equal(g) {
		t.Errorf("read back as %+v: %v", p, err)
	}
}

// TestForgedMarks: what nobody takes for the policy of the room's latest group.
func TestForgedMarks(t *testing.T) {
	a, host, mod, _, nobody, g := court(t)
	l, _ := testLink()
	key := l.Keys().Envelope
	encoded, err := a.SignPolicy(Policy{Number: 9, Lobby: true, Grant: g}, mod)
	if err != nil {
		t.Fatal(err)
	}
	good := a.MakeMark(key, encoded, host)
	signed := func(m Mark) Mark {
		m.Signature = ed25519.Sign(host, m.statement(a.Room))
		return m
	}
	change := func(f func(*Mark)) Mark {
		m := good
		m.Body = bytes.Clone(m.Body)
		f(&m)
		return m
	}
	at := Place{Room: a.Room, Kind: KindMark}
	other := append([]byte(a.Room), seed(0)[:16]...)
	for name, c := range map[string]struct {
		m   Mark
		why string
	}{
		"by a moderator":      {a.MakeMark(key, encoded, mod), "did not sign"},
		"by nobody":           {a.MakeMark(key, encoded, nobody), "did not sign"},
		"renumbered":          {change(func(m *Mark) { m.Number++ }), "did not sign"},
		"opened":              {change(func(m *Mark) { m.Closed = false }), "did not sign"},
		"another body":        {change(func(m *Mark) { m.Body[40] ^= 1 }), "did not sign"},
		"altered":             {signed(change(func(m *Mark) { m.Body[40] ^= 1 })), "altered"},
		"another number":      {signed(change(func(m *Mark) { m.Number = 8 })), "another than it says"},
		"open, it says":       {signed(change(func(m *Mark) { m.Closed = false })), "another than it says"},
		"of another group":    {signed(change(func(m *Mark) { m.Body = Seal(key, at, appendVec(appendVec(nil, other), encoded)) })), "for this group"},
		"a byte too many":     {signed(change(func(m *Mark) { m.Body = Seal(key, at, append(appendVec(appendVec(nil, a.GroupID), encoded), 0)) })), "too many"},
		"sealed as something": {signed(change(func(m *Mark) { m.Body = Seal(key, Place{Room: a.Room, Kind: KindApp}, []byte("x")) })), "altered"},
	} {
		if p, err := a.Open(key, c.m); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if _, err := a.Open(key, good); err != nil {
		t.Error(err)
	}
}
