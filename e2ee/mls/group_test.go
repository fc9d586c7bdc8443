package mls

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestAllSuites(t *testing.T) {
	t.Parallel()
	for id := range suites {
		t.Run(fmt.Sprintf("%#04x", uint16(id)), func(t *testing.T) {
			t.Parallel()
			var kps []*KeyPackagePrivate
			for i := range 3 {
				kp, err := NewKeyPackage(testOptions(t, id, fmt.Sprint(i)))
				ok(t, err)
				kps = append(kps, kp)
			}
			g, err := Create(testConfig(), []byte("g"), kps[0])
			ok(t, err)
			members := []*Group{g}
			for _, kp := range kps[1:] {
				w := commitAll(t, members, 0, CommitOptions{Proposals: []*Proposal{Add(kp.Public), members[0].NewPSK([]byte("link-1"))}})
				joined, err := Join(testConfig(), wire(t, w).Welcome, kp, nil)
				ok(t, err)
				members = append(members, joined)
				agree(t, members)
			}
			commitAll(t, members, 2, CommitOptions{ForcePath: true})
			commitAll(t, members, 1, CommitOptions{Proposals: []*Proposal{Remove(0)}})
			if members[0] != nil || members[1].Suite() != id {
				t.Error("the member is still there")
			}
		})
	}
}

func TestRandomMembership(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		random := rand.New(rand.NewPCG(seed, 9))
		members := meeting(t, 2)
		for step := range 30 {
			var present []int
			for i, g := range members {
				if g != nil {
					present = append(present, i)
				}
			}
			pick := func() int { return present[random.IntN(len(present))] }
			by := pick()
			o := CommitOptions{Public: random.IntN(2) == 0, ForcePath: random.IntN(3) == 0, NoTree: true, AAD: []byte{byte(step)}}
			o.Proposals = append(o.Proposals, members[by].NewPSK([]byte("link-1")))
			var joins []*KeyPackagePrivate
			for range random.IntN(3) {
				kp := keyPackage(t, fmt.Sprint(seed, step, len(joins)))
				joins = append(joins, kp)
				o.Proposals = append(o.Proposals, Add(kp.Public))
			}
			if victim := pick(); victim != by && len(present) > 3 {
				o.Proposals = append(o.Proposals, Remove(members[victim].Me()))
			}
			w := commitAll(t, members, by, o)
			for _, kp := range joins {
				g, err := Join(testConfig(), wire(t, w).Welcome, kp, members[by].Tree())
				ok(t, err)
				members = append(members, g)
			}
			agree(t, members)
		}
	}
}

func TestExternalCommit(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	kp := keyPackage(t, "2") // the same credential as member 2, whose state is lost
	gi, err := members[0].GroupInfo(true, false)
	ok(t, err)
	old := members[2].Me()
	info := wire(t, &Message{Wire: WireGroupInfo, GroupInfo: gi}).GroupInfo
	m, g, err := JoinExternally(testConfig(), kp, ExternalJoin{GroupInfo: info, Tree: members[0].Tree(), Replace: &old, PSKs: []PSKID{info.NewPSK([]byte("link-1"))}})
	ok(t, err)
	for i, x := range members {
		ev, err := x.Process(wire(t, m))
		ok(t, err)
		if i == 2 {
			if !ev.Evicted || ev.Next != nil {
				t.Errorf("the old leaf goes on: %+v", ev)
			}
			members[2] = g
			continue
		}
		if len(ev.Commit.Added) != 1 || ev.Commit.Added[0].Index != g.Me() || ev.Commit.Sender.Index != g.Me() || ev.Commit.Removed[0] != old {
			t.Errorf("%+v", ev.Commit)
		}
		members[i] = ev.Next
	}
	agree(t, members)
	commitAll(t, members, 2, CommitOptions{ForcePath: true})
}

func TestEvictedMemberKnowsNothingOfTheNextEpoch(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	gone := members[2]
	m, _, next, err := members[0].Commit(CommitOptions{Public: true, Proposals: []*Proposal{Remove(2)}})
	ok(t, err)
	ev, err := gone.Process(wire(t, m))
	ok(t, err)
	if !ev.Evicted || ev.Next != nil || ev.Commit == nil || len(ev.Commit.Removed) != 1 {
		t.Fatalf("%+v", ev)
	}
	// Even if it tries: its keys are for no node of the path.
	a := wire(t, m).Public.auth
	r, err := gone.apply([]sent{{proposal: Remove(2), sender: a.content.sender}}, a.content.sender)
	ok(t, err)
	steps, err := gone.takePath(r, &a, &Event{Commit: r.info(&a, nil)})
	ok(t, err)
	if err = gone.enter(gone.next(r, &a), r, &a, steps); err == nil {
		t.Error("an evicted member enters the next epoch")
	}
	said, err := next.Encrypt([]byte("gone?"), nil)
	ok(t, err)
	if _, err := gone.Process(wire(t, said)); !errors.Is(err, ErrWrongEpoch) {
		t.Errorf("an evicted member reads: %v", err)
	}
}

func TestApplicationMessages(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	for i := range members {
		members[i].cfg.Padding = 256
	}
	a, b := members[0], members[1]
	var late []*Message
	for i := range 4 {
		m, err := a.Encrypt([]byte(fmt.Sprint("text ", i)), []byte("aad"))
		ok(t, err)
		late = append(late, wire(t, m))
	}
	if len(late[0].Private.ciphertext) != 256+16 {
		t.Errorf("a short text becomes %d bytes", len(late[0].Private.ciphertext))
	}
	read := func(g *Group, m *Message, want string) {
		t.Helper()
		ev, err := g.Process(m)
		if err != nil || string(ev.Application) != want || ev.Sender != (Sender{SenderMember, 0}) || string(ev.AAD) != "aad" {
			t.Fatalf("want %q: %+v, %v", want, ev, err)
		}
	}
	refuse := func(g *Group, m *Message, reason error) {
		t.Helper()
		if ev, err := g.Process(m); !errors.Is(err, reason) || ev != nil {
			t.Fatalf("want %v: %+v, %v", reason, ev, err)
		}
	}
	read(b, late[2], "text 2") // out of order
	refuse(b, late[2], errKeyUsed)
	read(b, late[0], "text 0")
	refuse(b, late[0], errKeyUsed)
	refuse(a, late[0], ErrOwnMessage)
	forged := wire(t, late[1])
	forged.Private.ciphertext[0] ^= 1
	if _, err := b.Process(forged); err == nil {
		t.Fatal("a forged message is read")
	}
	read(b, late[1], "text 1") // the forged one has consumed nothing
	for range keepEpochs {
		commitAll(t, members, 2, CommitOptions{})
	}
	read(members[1], late[3], "text 3")
	refuse(members[1], late[3], errKeyUsed)
	commitAll(t, members, 2, CommitOptions{})
	refuse(members[1], late[0], ErrWrongEpoch)
}

func TestMessagesThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 2)
	a, b := members[0], members[1]
	private := func(change func(*PrivateMessage)) *Message {
		m, err := a.Encrypt([]byte("x"), []byte("aad"))
		ok(t, err)
		m = wire(t, m)
		change(m.Private)
		return m
	}
	public := func(change func(*authContent), after func(*PublicMessage)) *Message {
		m := forge(t, a, nil, withPath(t, a), change)
		after(m.Public)
		return m
	}
	none, unchanged := func(*authContent) {}, func(*PublicMessage) {}
	for name, x := range map[string]struct {
		m      *Message
		reason string
	}{
		"membership tag":        {public(none, func(p *PublicMessage) { p.membershipTag[0] ^= 1 }), "bad membership tag"},
		"epoch":                 {public(func(c *authContent) { c.content.epoch++ }, unchanged), "wrong group or epoch"},
		"group":                 {public(func(c *authContent) { c.content.groupID = []byte("other") }, unchanged), "wrong group or epoch"},
		"application in clear":  {public(func(c *authContent) { c.content.kind = ContentApplication }, unchanged), "application message in the clear"},
		"sender is nobody":      {public(func(c *authContent) { c.content.sender.Index = 9 }, unchanged), "the sender is no member"},
		"sender is another":     {public(func(c *authContent) { c.content.sender.Index = 1 }, unchanged), "own message"},
		"external sender":       {public(func(c *authContent) { c.content.sender.Type = SenderExternal }, unchanged), "external sender"},
		"new member's proposal": {public(func(c *authContent) { c.content.sender.Type = SenderNewProposal }, unchanged), "something else than itself"},
		"signature": {func() *Message {
			x := forge(t, a, nil, withPath(t, a))
			x.Public.auth.signature[0] ^= 1
			x.Public.membershipTag = x.Public.auth.membershipTag(a.suite, a.secrets.membership, &a.context)
			return x
		}(), "bad signature"},
		"private epoch": {private(func(p *PrivateMessage) { p.Epoch += 5 }), "wrong group or epoch"},
		"private group": {private(func(p *PrivateMessage) { p.GroupID = nil }), "wrong group or epoch"},
		"private aad":   {private(func(p *PrivateMessage) { p.AAD = nil }), "opening"},
		"private kind":  {private(func(p *PrivateMessage) { p.Kind = ContentProposal }), "opening"},
		"sender data":   {private(func(p *PrivateMessage) { p.senderData[0] ^= 1 }), "opening"},
		"ciphertext":    {private(func(p *PrivateMessage) { p.ciphertext[20] ^= 1 }), "opening"},
		"generation too far": {func() *Message {
			r, _ := a.secretTree.ratchet(0, ContentApplication)
			old := *r
			r.generation += 5000
			m := private(func(*PrivateMessage) {})
			*r = old
			return m
		}(), "too far ahead"},
		"a key package": {keyPackage(t, "x").Public.Message(), "no message of a group"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, b, x.m, x.reason) })
	}
	t.Run("padding", func(t *testing.T) {
		x := &authContent{content: framedContent{kind: ContentApplication}}
		if err := x.decodePadded([]byte{1, 'x', 0, 0, 0, 1}); err == nil || !strings.Contains(err.Error(), "non-zero padding") {
			t.Error(err)
		}
		ok(t, x.decodePadded([]byte{1, 'x', 0, 0, 0, 0}))
	})
	agree(t, members)
}

func TestPolicyIsAskedBeforeTheEpochIsTaken(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	a, b := members[0], members[1]
	kp := keyPackage(t, "new")
	var asked *CommitInfo
	b.cfg.CheckCommit = func(ci *CommitInfo) error {
		asked = ci
		return errors.New("not by this one")
	}
	m, _, next, err := a.Commit(CommitOptions{Public: true, AAD: []byte("why"), Proposals: []*Proposal{Remove(2), Add(kp.Public), a.NewPSK([]byte("link-1"))}})
	ok(t, err)
	refused(t, b, wire(t, m), "not by this one")
	if asked.Epoch != b.Epoch() || asked.Sender != (Sender{SenderMember, 0}) || string(asked.AAD) != "why" || len(asked.Proposals) != 3 ||
		asked.Path == nil || len(asked.Removed) != 1 || len(asked.Added) != 1 || asked.Added[0].Index != 2 || asked.Proposals[0].ByRef {
		t.Errorf("the policy sees %+v", asked)
	}
	if _, _, _, err = b.Commit(CommitOptions{}); err == nil || !strings.Contains(err.Error(), "not by this one") {
		t.Errorf("the policy is not asked about our own commit: %v", err)
	}
	b.cfg.CheckCommit = nil
	b.cfg.CheckLeaf = func(l *LeafNode) error {
		if data, _ := l.Extension(testLeafExtension); string(data) == "leaf of new" {
			return errors.New("unknown to us")
		}
		return nil
	}
	refused(t, b, wire(t, m), "unknown to us")
	b.cfg.CheckLeaf = nil
	ev, err := b.Process(wire(t, m))
	ok(t, err)
	agree(t, []*Group{next, ev.Next})
}

func TestCommitThatIsNotAccepted(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	_, _, lost, err := members[0].Commit(CommitOptions{Public: true, ForcePath: true})
	ok(t, err)
	lost.Wipe(members[0])
	commitAll(t, members, 1, CommitOptions{Public: true, ForcePath: true})
	m, err := members[0].Encrypt([]byte("still here"), nil)
	ok(t, err)
	ev, err := members[2].Process(wire(t, m))
	ok(t, err)
	if string(ev.Application) != "still here" {
		t.Errorf("%q", ev.Application)
	}
}

func TestPendingProposals(t *testing.T) {
	t.Parallel()
	members := meeting(t, 4)
	send := func(from int, p *Proposal, public bool) {
		m, err := members[from].Propose(p, public)
		ok(t, err)
		for i, g := range members {
			if i != from {
				_, err := g.Process(wire(t, m))
				ok(t, err)
			}
		}
	}
	for i := range members {
		p, err := members[i].NewUpdate()
		ok(t, err)
		send(i, p, i%2 == 0)
	}
	send(1, Remove(3), true)
	send(2, Remove(3), true)
	send(2, Remove(0), false) // the committer, who cannot commit it
	kp := keyPackage(t, "new")
	send(0, Add(kp.Public), true)
	send(2, Add(kp.Public), true)
	commitAll(t, members, 0, CommitOptions{})
	if members[3] != nil || len(members[0].Members()) != 4 {
		t.Errorf("%d members", len(members[0].Members()))
	}
}

func TestReInitEndsTheGroup(t *testing.T) {
	t.Parallel()
	members := meeting(t, 2)
	commitAll(t, members, 0, CommitOptions{Proposals: []*Proposal{{Type: ProposalReInit, ReInit: ReInit{GroupID: []byte("n"), Version: 1, Suite: SuiteXWing}}}})
	for _, g := range members {
		if g.ReInit() == nil || g.ReInit().Suite != SuiteXWing {
			t.Error("it is not known")
		}
		if _, _, _, err := g.Commit(CommitOptions{}); !errors.Is(err, ErrReInit) {
			t.Error(err)
		}
		if _, err := g.Propose(Remove(1), true); !errors.Is(err, ErrReInit) {
			t.Error(err)
		}
	}
	refused(t, members[1], forge(t, members[0], nil, withPath(t, members[0])), ErrReInit.Error())
}

func TestWipeLeavesNothing(t *testing.T) {
	t.Parallel()
	members := meeting(t, 2)
	old := members[0]
	secrets, app := old.secrets, old.secretTree
	held := [][]byte{secrets.init, secrets.exporter, secrets.confirmation, secrets.membership, secrets.resumption, old.priv[0]}
	commitAll(t, members, 1, CommitOptions{ForcePath: true, Public: true}) // wipes old, keeps its secret tree for late messages
	for i, b := range held {
		if len(b) == 0 || string(b) != string(make([]byte, len(b))) {
			t.Errorf("secret %d is still there: %x", i, b)
		}
	}
	if app.leaves == 0 {
		t.Error("late messages cannot be read")
	}
	members[0].Wipe(nil)
	if app.leaves != 0 || len(app.nodes) != 0 {
		t.Error("keys of the past are still there")
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	members := meeting(t, 2)
	say := func(text string) *Message {
		m, err := members[1].Encrypt([]byte(text), nil)
		ok(t, err)
		return wire(t, m)
	}
	late, later := say("late"), say("later")
	app, epoch := members[0].secretTree, members[0].Epoch()
	commitAll(t, members, 1, CommitOptions{ForcePath: true, Public: true})
	past := members[0].history.past[epoch]
	resumption := members[0].history.resumption[epoch]
	_, err := members[0].Process(late)
	ok(t, err)
	members[0].Forget(epoch - 1)
	if app.leaves == 0 {
		t.Error("the keys of another epoch are gone, too")
	}
	members[0].Forget(epoch)
	for what, secret := range map[string][]byte{"sender data": past.senderData, "resumption": resumption} {
		if len(secret) == 0 || string(secret) != string(make([]byte, len(secret))) {
			t.Errorf("%s: %x", what, secret)
		}
	}
	if app.leaves != 0 || len(app.nodes)+len(app.app) != 0 || len(members[0].history.past)+len(members[0].history.resumption) != 0 {
		t.Error("keys of the past are still there")
	}
	if _, err := members[0].Process(later); !errors.Is(err, ErrWrongEpoch) {
		t.Errorf("a message of a forgotten epoch: %v", err)
	}
	commitAll(t, members, 0, CommitOptions{ForcePath: true, Public: true})
}

func TestNothingSecretPrints(t *testing.T) {
	t.Parallel()
	kp := keyPackage(t, "p")
	g := meeting(t, 1)[0]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{kp, kp.signer, g} {
			if s := fmt.Sprintf(verb, v); !strings.Contains(s, hidden) || len(s) > 60 {
				t.Errorf("%s of a %T prints %s", verb, v, s)
			}
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	t.Parallel()
	if _, err := ParseMessage(make([]byte, maxMessage+1)); err == nil || !strings.Contains(err.Error(), "4194305 bytes") {
		t.Error(err)
	}
	l := keyPackage(t, "big").Public.Leaf
	many := func(n int, change func(*LeafNode, int)) error {
		x := l
		change(&x, n)
		return unmarshal(marshal(&x), new(LeafNode).decode)
	}
	for name, c := range map[string]struct {
		limit  int
		change func(*LeafNode, int)
	}{
		"extensions":   {maxExtensions, func(l *LeafNode, n int) { l.Extensions = make([]Extension, n) }},
		"capabilities": {maxListed, func(l *LeafNode, n int) { l.Capabilities.Suites = make([]uint16, n) }},
		"certificates": {maxCerts, func(l *LeafNode, n int) { l.Credential = Credential{Type: CredentialX509, Certs: make([][]byte, n)} }},
	} {
		ok(t, many(c.limit, c.change))
		if err := many(c.limit+1, c.change); err == nil {
			t.Errorf("%d %s", c.limit+1, name)
		}
	}
}

func TestAKeyPackageIsUsedOnce(t *testing.T) {
	t.Parallel()
	kp := keyPackage(t, "once")
	_, err := Create(testConfig(), []byte("one"), kp)
	ok(t, err)
	if _, err := Create(testConfig(), []byte("two"), kp); err == nil || !strings.Contains(err.Error(), "was used") {
		t.Error(err)
	}
}

func TestPendingIsBounded(t *testing.T) {
	t.Parallel()
	members := meeting(t, 2)
	for i := range maxPending {
		members[1].pending[fmt.Sprint(i)] = sent{}
	}
	m, err := members[0].Propose(Remove(1), true)
	ok(t, err)
	refused(t, members[1], wire(t, m), "too many proposals")
}
