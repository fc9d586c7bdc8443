package link

import (
	"crypto/ed25519"
	"encoding/binary"
	"math"
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
	g, err := MakeGrant(l.Room, host, 3, publicOf(ed25519.NewKeyFromSeed(seed(4))), []ed25519.PublicKey{publicOf(mod), publicOf(second)})
	if err != nil {
		t.Fatal(err)
	}
	return a, host, mod, second, nobody, g
}

func TestPolicyVectors(t *testing.T) {
	a, host, mod, second, _, g := court(t)
	sign := func(p Policy, by ed25519.PrivateKey) golden.Hex {
		b, err := a.SignPolicy(p, by)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := a.ParsePolicy(b); err != nil || back.Number != p.Number || !back.Same(p) {
			t.Errorf("read back as %+v: %v", back, err)
		}
		return b
	}
	exceptions := []Exception{{publicOf(mod), Listening}, {publicOf(second), 0}}
	slices.SortFunc(exceptions, compareExceptions)
	full := Policy{
		Number: 10, Lobby: true, Withheld: ActScreen | ActChat, Exceptions: exceptions,
		Full: 300, Locks: 1_800_000_000_000, Ends: 1_800_003_600_000, Hostless: 5, Keep: 1440, Grant: g,
	}
	pass := MakePass(a.Room, host, 3, RoleModerator, "c2Vzc2lvbi0x")
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
		"full": sign(full, mod), "fullExceptions": []golden.Hex{golden.Hex(exceptions[0].Device), golden.Hex(exceptions[1].Device)},
		"fullWithheld": []int{int(exceptions[0].Withheld), int(exceptions[1].Withheld)},
		"keyPackages":  []golden.Hex{packages[0], packages[1]}, "admissions": golden.Hex(admitted),
		"passSession": pass.Session, "passGrant": pass.Grant, "passRole": pass.Role, "pass": golden.Hex(pass.Signature),
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
	foreign, err := MakeGrant(a.Room, nobody, 4, nil, []ed25519.PublicKey{publicOf(nobody)})
	if err != nil {
		t.Fatal(err)
	}
	// raw signs whatever it is told to.
	raw := func(number uint32, flags byte, grant []byte, by ed25519.PrivateKey, acts ...byte) []byte {
		b := binary.BigEndian.AppendUint32([]byte{policyVersion}, number)
		b = append(b, flags)
		if len(acts) == 0 {
			acts = []byte{0, 0}
		}
		b = append(b, acts...)
		b = append(b, make([]byte, 2+8+8+2+2)...)
		b = append(appendVec(b, grant), publicOf(by)...)
		return append(b, ed25519.Sign(by, append(a.bound(policyLabel), b...))...)
	}
	swapped := []Exception{{g.Moderators[1], 1}, {g.Moderators[0], 1}}
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
		"withholding what is unknown":  {a, raw(1, 0, nil, host, 16, 0), "not known"},
		"with half an exception":       {a, raw(1, 0, nil, host, 0, 1, 7), "truncated"},
		"with exceptions out of order": {a, raw(1, 0, nil, host, append([]byte{0, 0x40, 66}, (Policy{Exceptions: swapped}).encodeExceptions()...)...), "not sorted"},
		"with an unknown exception":    {a, raw(1, 0, nil, host, append([]byte{0, 33}, (Policy{Exceptions: []Exception{{publicOf(mod), 16}}}).encodeExceptions()...)...), "not known"},
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

// TestWithheld: nothing is withheld from moderators, and an exception goes
// before what holds for everybody.
func TestWithheld(t *testing.T) {
	_, _, mod, _, nobody, g := court(t)
	p := Policy{Withheld: ActScreen, Grant: g}
	one, err := p.Except(publicOf(nobody), Listening)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    Policy
		who  ed25519.PublicKey
		want Acts
	}{
		{p, publicOf(nobody), ActScreen},
		{p, publicOf(mod), 0},
		{p, g.Own, 0},
		{one, publicOf(nobody), Listening},
		{one, publicOf(ed25519.NewKeyFromSeed(seed(9))), ActScreen},
	} {
		if got := c.p.Withholds(c.who); got != c.want {
			t.Errorf("withheld: %b, want %b", got, c.want)
		}
	}
	if none, bad := one.Except(publicOf(nobody), ActScreen); bad != nil || len(none.Exceptions) != 0 || len(one.Exceptions) != 1 {
		t.Errorf("an exception that is none stays: %+v, %v", none.Exceptions, bad)
	}
	for i := range byte(MaxExceptions) {
		if p, err = p.Except(publicOf(ed25519.NewKeyFromSeed(seed(100+i))), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = p.Except(publicOf(nobody), 0); err == nil {
		t.Error("there are more exceptions than are allowed")
	}
}

// TestForgedPasses: a pass holds for its room, role, grant and session only.
func TestForgedPasses(t *testing.T) {
	a, host, mod, _, _, _ := court(t)
	good := MakePass(a.Room, host, 3, RoleModerator, "session")
	if !good.Holds(a.Room, a.Host) {
		t.Fatal("the host's own pass does not hold")
	}
	session, grant, role, none := good, good, good, good
	session.Session, grant.Grant, role.Role, none.Role = "another", 4, RoleHost, 0
	for name, p := range map[string]Pass{
		"for another session": session, "of another grant": grant, "with a higher role": role, "with no role": none,
		"by a moderator":   MakePass(a.Room, mod, 3, RoleModerator, "session"),
		"of another room":  MakePass("other"+a.Room[5:], host, 3, RoleModerator, "session"),
		"with role 3":      MakePass(a.Room, host, 3, 3, "session"),
		"without a signer": {Grant: 3, Role: RoleModerator, Session: "session"},
	} {
		if p.Holds(a.Room, a.Host) {
			t.Errorf("a pass %s holds", name)
		}
	}
}

func TestPolicyFollows(t *testing.T) {
	a, host, mod, _, _, g := court(t)
	grant := func(n uint32, keys ...ed25519.PublicKey) Grant {
		made, err := MakeGrant(a.Room, host, n, nil, keys)
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
		"a leap":                 {Number: 5 + MaxStep + 1, Grant: g},
		"the last number":        {Number: math.MaxUint32, Grant: g},
	} {
		if p.Follows(old) == nil {
			t.Errorf("%s follows", name)
		}
	}
	for _, p := range []Policy{{Number: 6, Grant: g}, {Number: 9, Lobby: true, Grant: grant(4)}, {Number: 5 + MaxStep, Grant: g}} {
		if err := p.Follows(old); err != nil {
			t.Error(err)
		}
	}
}

// TestNextNumber: whoever makes a policy takes a number that follows, whatever
// he knows, as long as there is one.
func TestNextNumber(t *testing.T) {
	const last = math.MaxUint32
	var vectors [][3]uint32
	for _, c := range [][3]uint32{ // in force, known, next
		{0, 0, 1},
		{5, 3, 6},
		{5, 9, 10},
		{5, MaxStep + 4, MaxStep + 5},
		{5, MaxStep + 5, MaxStep + 5},
		{0, last, MaxStep},
		{last - 1, 0, last},
		{last - 1, last, last},
		{last - MaxStep, last, last},
		{last, 0, 0},
		{last, last, 0},
	} {
		old := Policy{Number: c[0]}
		got := old.NextNumber(c[1])
		if got != c[2] {
			t.Errorf("after %d, knowing of %d: %d, want %d", c[0], c[1], got, c[2])
		}
		if err := (Policy{Number: got}).Follows(old); (err == nil) != (got != 0) {
			t.Errorf("%d after %d: %v", got, c[0], err)
		}
		vectors = append(vectors, [3]uint32{c[0], c[1], got})
	}
	golden.Check(t, "numbers.json", vectors)
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
