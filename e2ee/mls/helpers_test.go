package mls

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	testLeafExtension ExtensionType = 0xF1CA
	testCardExtension ExtensionType = 0xF1CB
)

var testPSK = []byte("what only the link says")

func testConfig() Config {
	return Config{PSK: func(id PSKID) []byte {
		if string(id.ID) == "link-1" {
			return testPSK
		}
		return nil
	}}
}

// testOptions is a KeyPackage as meetings have them, with GREASE in it.
func testOptions(t testing.TB, id SuiteID, name string) KeyPackageOptions {
	t.Helper()
	signer, err := NewSigner(id)
	ok(t, err)
	now := time.Now()
	return KeyPackageOptions{
		Signer: signer, Credential: Credential{Type: CredentialBasic, Identity: []byte(name)},
		LeafExtensions: []Extension{{testLeafExtension, []byte("leaf of " + name)}, {0x1A1A, []byte("grease")}},
		NotBefore:      now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		Capabilities: Capabilities{
			Versions: []uint16{versionMLS10, 0x0A0A}, Suites: []uint16{0x2A2A, uint16(id)},
			Extensions: []ExtensionType{testLeafExtension, testCardExtension, 0x1A1A}, Proposals: []ProposalType{0x3A3A},
			Credentials: []CredentialType{CredentialBasic, 0x4A4A},
		},
	}
}

func keyPackage(t testing.TB, name string, change ...func(*KeyPackageOptions)) *KeyPackagePrivate {
	t.Helper()
	o := testOptions(t, SuiteX25519, name)
	for _, f := range change {
		f(&o)
	}
	kp, err := NewKeyPackage(o)
	ok(t, err)
	return kp
}

// resigned returns the KeyPackage after a change, signed again.
func resigned(t testing.TB, kp *KeyPackagePrivate, change func(*KeyPackage)) *KeyPackage {
	t.Helper()
	k := *kp.Public
	change(&k)
	ok(t, k.Leaf.sign(kp.signer, nil, 0))
	var err error
	k.signature, err = kp.signer.sign("KeyPackageTBS", k.tbs())
	ok(t, err)
	return &k
}

// meeting makes a group of n members in one epoch; each has sent a path.
func meeting(t testing.TB, n int, extensions ...Extension) []*Group {
	t.Helper()
	g, err := Create(testConfig(), []byte("room"), keyPackage(t, "0"), append([]Extension{{testCardExtension, []byte("card")}}, extensions...)...)
	ok(t, err)
	members := []*Group{g}
	if n == 1 {
		return members
	}
	var kps []*KeyPackagePrivate
	o := CommitOptions{Public: true, NoTree: true}
	for i := 1; i < n; i++ {
		kps = append(kps, keyPackage(t, fmt.Sprint(i)))
		o.Proposals = append(o.Proposals, Add(kps[i-1].Public))
	}
	_, welcome, next, err := g.Commit(o)
	ok(t, err)
	members[0] = next
	for _, kp := range kps {
		m, err := Join(testConfig(), wire(t, welcome).Welcome, kp, next.Tree())
		ok(t, err)
		members = append(members, m)
	}
	for i := range members {
		commitAll(t, members, i, CommitOptions{ForcePath: true, Public: true})
	}
	return members
}

// wire is what a message is after it was sent.
func wire(t testing.TB, m *Message) *Message {
	t.Helper()
	got, err := ParseMessage(m.Marshal())
	ok(t, err)
	return got
}

// commitAll lets a member commit and all others follow, but for those that
// are removed, who become nil. It returns the Welcome.
func commitAll(t testing.TB, members []*Group, by int, o CommitOptions) *Message {
	t.Helper()
	m, welcome, next, err := members[by].Commit(o)
	ok(t, err)
	for i, g := range members {
		if g == nil || i == by {
			continue
		}
		ev, err := g.Process(wire(t, m))
		ok(t, err)
		if g.Wipe(ev.Next); ev.Evicted {
			members[i] = nil
			continue
		}
		members[i] = ev.Next
	}
	members[by].Wipe(next)
	members[by] = next
	agree(t, members)
	return welcome
}

func agree(t testing.TB, members []*Group) {
	t.Helper()
	var first *Group
	for _, g := range members {
		switch {
		case g == nil:
		case first == nil:
			first = g
		default:
			eq(t, "authenticator", g.EpochAuthenticator(), first.EpochAuthenticator())
			eq(t, "base key", g.Export("SFrame 1.0 Base Key", nil, 16), first.Export("SFrame 1.0 Base Key", nil, 16))
			eq(t, "transcript", g.ConfirmedTranscriptHash(), first.ConfirmedTranscriptHash())
			eq(t, "tree", g.Tree(), first.Tree())
		}
	}
}

// forge signs a commit without asking whether it is valid. change sees it
// before it is signed.
func forge(t testing.TB, g *Group, proposals []*Proposal, change ...func(*authContent)) *Message {
	t.Helper()
	a := g.frame(ContentCommit, nil, true)
	a.content.commit = new(commit)
	a.content.commit.byValue(proposals, a.content.sender)
	a.confirmationTag = make([]byte, g.suite.size)
	for _, f := range change {
		f(a)
	}
	ok(t, a.sign(g.signer, &g.context))
	m, err := g.protect(a)
	ok(t, err)
	return wire(t, m)
}

// withPath gives a forged commit a path that is right for its proposals.
func withPath(t testing.TB, g *Group, change ...func(*updatePath)) func(*authContent) {
	return func(a *authContent) {
		t.Helper()
		list, err := g.proposals(a)
		ok(t, err)
		r, err := g.apply(list, a.content.sender)
		ok(t, err)
		own, err := r.tree.encap(g.me, g.signer, g.context.GroupID, r.added, func(h []byte) *GroupContext { return g.provisional(r, h) })
		ok(t, err)
		for _, f := range change {
			f(own.path)
		}
		a.content.commit.path = own.path
	}
}

// refused fails unless the receiver refuses the message for the reason, and
// goes on as if it had not come.
func refused(t *testing.T, g *Group, m *Message, reason string) {
	t.Helper()
	ev, err := g.Process(m)
	if err == nil {
		t.Fatalf("accepted; it is to be refused: %s", reason)
	}
	if !strings.Contains(err.Error(), reason) {
		t.Fatalf("refused because of %q, want %q", err, reason)
	}
	if ev != nil {
		t.Fatalf("an event besides the error %v", err)
	}
}

func wantInvalid(t *testing.T, err error, reason string) {
	t.Helper()
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), reason) {
		t.Fatalf("got %v, want invalid: %s", err, reason)
	}
}
