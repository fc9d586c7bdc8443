package link

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"incamera/e2ee/internal/golden"
)

func publicOf(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// court is a room's host, two moderators in order of their keys, somebody who
// is neither, and a group.
func court(t *testing.T) (a Authority, host, mod, second, nobody ed25519.PrivateKey, g Grant) {
	t.Helper()
	l, host := testLink()
	mod, second, nobody = ed25519.NewKeyFromSeed(seed(1)), ed25519.NewKeyFromSeed(seed(2)), ed25519.NewKeyFromSeed(seed(3))
	a = Authority{Room: l.Room, Host: publicOf(host), GroupID: append([]byte(l.Room), seed(0x70)[:16]...)}
	g, err := MakeGrant(l.Room, host, 3, []ed25519.PublicKey{publicOf(mod), publicOf(second)})
	if err != nil {
		t.Fatal(err)
	}
	return a, host, mod, second, nobody, g
}

func TestPolicyVectors(t *testing.T) {
	a, host, mod, _, _, g := court(t)
	sign := func(p Policy, by ed25519.PrivateKey) golden.Hex {
		b, err := a.SignPolicy(p, by)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := a.ParsePolicy(b); err != nil || back.Number != p.Number || back.Lobby != p.Lobby || back.Locked != p.Locked || !back.Grant.Equal(p.Grant) {
			t.Errorf("read back as %+v: %v", back, err)
		}
		return b
	}
	packages := [][]byte{[]byte("first key package"), []byte("second key package")}
	p := Policy{Number: 9, Lobby: true, Grant: g}
	admitted := a.SignAdmissions(p, packages, mod)
	if err := a.CheckAdmissions(p, packages, admitted); err != nil {
		t.Error(err)
	}
	golden.Check(t, "policy.json", map[string]any{
		"room": a.Room, "hostSeed": golden.Hex(host.Seed()), "hostKey": golden.Hex(a.Host), "groupId": golden.Hex(a.GroupID),
		"moderatorSeed": golden.Hex(mod.Seed()), "grant": golden.Hex(g.encode()), "grantNumber": g.Number,
		"moderators": []golden.Hex{golden.Hex(g.Moderators[0]), golden.Hex(g.Moderators[1])},
		"open":       sign(Policy{Number: 1}, host), "lobby": sign(Policy{Number: 2, Lobby: true}, host),
		"locked":    sign(Policy{Number: 0x01020304, Lobby: true, Locked: true, Grant: g}, host),
		"moderated": sign(p, mod), "moderatedNumber": p.Number,
		"keyPackages": []golden.Hex{packages[0], packages[1]}, "admissions": golden.Hex(admitted),
		"removalSession": "c2Vzc2lvbi0x", "removal": golden.Hex(SignRemoval(a.Room, "c2Vzc2lvbi0x", host)),
	})
}

// TestForgedPolicies: what nobody takes for the room's policy.
func TestForgedPolicies(t *testing.T) {
	a, host, mod, _, nobody, g := court(t)
	good, err := a.SignPolicy(Policy{Number: 9, Lobby: true, Grant: g}, mod)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		for _, b := range [][]byte{bad, good[:i], append(slices.Clone(good), 0)} {
			if p, bad := a.ParsePolicy(b); bad == nil {
				t.Fatalf("damaged at %d it is read as %+v", i, p)
			}
		}
	}
	otherGroup, otherRoom := a, a
	otherGroup.GroupID = append([]byte(a.Room), seed(0x71)[:16]...)
	otherRoom.Host = publicOf(nobody)
	foreign, err := MakeGrant(a.Room, nobody, 4, []ed25519.PublicKey{publicOf(nobody)})
	if err != nil {
		t.Fatal(err)
	}
	// raw signs whatever it is told to.
	raw := func(number uint32, flags byte, grant []byte, by ed25519.PrivateKey) []byte {
		b := binary.BigEndian.AppendUint32([]byte{1}, number)
		b = append(appendVec(append(b, flags), grant), publicOf(by)...)
		return append(b, ed25519.Sign(by, append(a.bound(policyLabel), b...))...)
	}
	unsorted := Grant{Number: 5, Moderators: []ed25519.PublicKey{g.Moderators[1], g.Moderators[0]}}
	unsorted.signature = ed25519.Sign(host, unsorted.statement(a.Room))
	for name, c := range map[string]struct {
		a       Authority
		encoded []byte
		why     string
	}{
		"of another group":             {otherGroup, good, "for this group"},
		"of another host":              {otherRoom, good, "grant"},
		"by nobody of note":            {a, raw(1, 1, g.encode(), nobody), "no moderator"},
		"by a moderator without grant": {a, raw(1, 1, nil, mod), "no moderator"},
		"with a grant of his own":      {a, raw(1, 1, foreign.encode(), nobody), "did not sign its grant"},
		"with number 0":                {a, raw(0, 1, nil, host), "number 0"},
		"with an unknown flag":         {a, raw(1, 4, nil, host), "not known"},
		"with moderators out of order": {a, raw(1, 0, unsorted.encode(), host), "not sorted"},
	} {
		if p, err := c.a.ParsePolicy(c.encoded); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %+v, %v, want %q", name, p, err, c.why)
		}
	}
	if _, err := a.SignPolicy(Policy{Number: 1}, mod); err == nil {
		t.Error("somebody signs a policy who may not")
	}
}

func TestPolicyFollows(t *testing.T) {
	a, host, mod, _, _, g := court(t)
	grant := func(n uint32, keys ...ed25519.PublicKey) Grant {
		made, err := MakeGrant(a.Room, host, n, keys)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	old := Policy{Number: 5, Lobby: true, Grant: g}
	for name, p := range map[string]Policy{
		"the same number":        {Number: 5, Grant: g},
		"a lower number":         {Number: 4, Grant: g},
		"a grant of before":      {Number: 6, Grant: grant(2, publicOf(mod))},
		"another of that number": {Number: 6, Grant: grant(3, publicOf(mod))},
		"no grant any more":      {Number: 6},
	} {
		if p.Follows(old) == nil {
			t.Errorf("%s follows", name)
		}
	}
	for _, p := range []Policy{{Number: 6, Grant: g}, {Number: 9, Lobby: true, Grant: grant(4)}} {
		if err := p.Follows(old); err != nil {
			t.Error(err)
		}
	}
}

// TestForgedAdmissions: nobody gets in by a signature that is not for him.
func TestForgedAdmissions(t *testing.T) {
	a, host, mod, second, nobody, g := court(t)
	p := Policy{Number: 9, Lobby: true, Grant: g}
	first, other := []byte("first"), []byte("other")
	both := [][]byte{first, other}
	mixed := append(a.SignAdmissions(p, both[:1], mod), a.SignAdmissions(p, both[1:], second)[1:]...)
	for _, ok := range [][]byte{a.SignAdmissions(p, both, host), a.SignAdmissions(p, both, mod), mixed} {
		if err := a.CheckAdmissions(p, both, ok); err != nil {
			t.Error(err)
		}
	}
	later := p
	later.Number++
	otherGroup := a
	otherGroup.GroupID = append([]byte(a.Room), seed(0x71)[:16]...)
	for name, signed := range map[string][]byte{
		"nothing":             nil,
		"one too few":         a.SignAdmissions(p, both[:1], mod),
		"one too many":        a.SignAdmissions(p, append(both, both[0]), mod),
		"in another order":    a.SignAdmissions(p, [][]byte{other, first}, mod),
		"for somebody else":   a.SignAdmissions(p, [][]byte{first, []byte("third")}, mod),
		"by nobody of note":   a.SignAdmissions(p, both, nobody),
		"of another policy":   a.SignAdmissions(later, both, mod),
		"of another group":    otherGroup.SignAdmissions(p, both, mod),
		"of another version":  append([]byte{2}, a.SignAdmissions(p, both, mod)[1:]...),
		"with something more": append(a.SignAdmissions(p, both, mod), 0),
	} {
		if a.CheckAdmissions(p, both, signed) == nil {
			t.Errorf("%s lets them in", name)
		}
	}
	if a.CheckAdmissions(p, nil, a.SignAdmissions(p, both, mod)) == nil {
		t.Error("a signature for nobody is taken")
	}
}
