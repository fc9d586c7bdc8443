package mls

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Each rule about a tree that a joiner gets (RFC 9420 §7.3, §7.9.2,
// §12.4.3.1), broken alone.
func TestTreesThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 4)
	kp := keyPackage(t, "late")
	commitAll(t, members, 0, CommitOptions{Public: true, Proposals: []*Proposal{Add(kp.Public)}}) // leaf 4 is unmerged in the root
	a := members[0]
	leaf := func(i uint32, change func(*LeafNode)) func(*tree) {
		return func(tr *tree) {
			l := *tr.leaf(i)
			change(&l)
			if int(i) < len(members) {
				ok(t, l.sign(members[i].signer, a.context.GroupID, i))
			}
			tr.set(2*i, &node{leaf: &l})
		}
	}
	parentNodeAt := func(x uint32, change func(*parentNode)) func(*tree) {
		return func(tr *tree) {
			p := *tr.nodes[x].parent
			p.unmerged = slices.Clone(p.unmerged)
			change(&p)
			tr.set(x, &node{parent: &p})
		}
	}
	for name, x := range map[string]struct {
		change func(*tree)
		reason string
	}{
		"nothing":               {func(*tree) {}, ""},
		"leaf signature":        {func(tr *tree) { l := *tr.leaf(1); l.signature = make([]byte, 64); tr.set(2, &node{leaf: &l}) }, "leaf 1: mls: invalid: leaf: mls: bad signature"},
		"leaf of another place": {func(tr *tree) { l := *tr.leaf(1); tr.set(2, &node{leaf: tr.leaf(2)}); tr.set(4, &node{leaf: &l}) }, "bad signature"},
		"encryption key twice":  {leaf(1, func(l *LeafNode) { l.EncryptionKey = a.Leaf(2).EncryptionKey }), "is in the tree twice"},
		"signature key twice":   {func(tr *tree) { l := *tr.leaf(1); l.SignatureKey = tr.leaf(2).SignatureKey; tr.set(2, &node{leaf: &l}) }, "signature key of leaf 2 is in the tree twice"},
		"leaf and node key":     {parentNodeAt(1, func(p *parentNode) { p.encryptionKey = a.Leaf(2).EncryptionKey }), "is in the tree twice"},
		"version":               {leaf(1, func(l *LeafNode) { l.Capabilities.Versions = nil }), "does not support MLS 1.0"},
		"suite":                 {leaf(1, func(l *LeafNode) { l.Capabilities.Suites = nil }), "does not support the cipher suite"},
		"group's extension":     {leaf(1, func(l *LeafNode) { l.Capabilities.Extensions = []ExtensionType{testLeafExtension, 0x1A1A} }), "the group's extension 0xf1cb"},
		"own extension":         {leaf(1, func(l *LeafNode) { l.Extensions = append(slices.Clone(l.Extensions), Extension{99, nil}) }), "is not in its capabilities"},
		"extension twice":       {leaf(1, func(l *LeafNode) { l.Extensions = append(slices.Clone(l.Extensions), l.Extensions[0]) }), "comes twice"},
		"unusable leaf key":     {leaf(1, func(l *LeafNode) { l.EncryptionKey = []byte{1} }), "leaf 1"},
		"unusable node key":     {parentNodeAt(1, func(p *parentNode) { p.encryptionKey = []byte{1} }), "node 1"},
		"leaf of small order":   {leaf(1, func(l *LeafNode) { l.EncryptionKey = make([]byte, 32) }), "unusable HPKE key"},
		"node of small order":   {parentNodeAt(1, func(p *parentNode) { p.encryptionKey = make([]byte, 32) }), "unusable HPKE key"},
		"parent hash of a leaf": {leaf(3, func(l *LeafNode) { l.parentHash = make([]byte, 32) }), "parent hash of node"},
		"parent hash of a node": {parentNodeAt(3, func(p *parentNode) { p.parentHash = []byte{1} }), "parent hash of node"},
		"node key":              {parentNodeAt(3, func(p *parentNode) { p.encryptionKey, _ = hexKey(t, a.suite) }), "parent hash of node"},
		"unmerged above":        {parentNodeAt(3, func(p *parentNode) { p.unmerged = []uint32{4} }), "unmerged leaves of node 3"},
		"unmerged falling":      {parentNodeAt(1, func(p *parentNode) { p.unmerged = []uint32{1, 0} }), "unmerged leaves of node 1"},
		"unmerged twice":        {parentNodeAt(1, func(p *parentNode) { p.unmerged = []uint32{1, 1} }), "unmerged leaves of node 1"},
		"unmerged nobody":       {parentNodeAt(3, func(p *parentNode) { p.unmerged = []uint32{77} }), "unmerged leaves of node 3"},
		"unmerged not below":    {parentNodeAt(3, func(p *parentNode) { p.unmerged = []uint32{2} }), "leaf 2 is unmerged in node 3 and not in 5"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := a.tree.clone()
			x.change(tr)
			err := tr.validate(&a.context, a.cfg)
			if x.reason == "" {
				ok(t, err)
				return
			}
			if !errors.Is(err, errTree) || !strings.Contains(err.Error(), x.reason) {
				t.Fatalf("got %v, want an invalid tree: %s", err, x.reason)
			}
		})
	}
	t.Run("leaf refused by the application", func(t *testing.T) {
		err := a.tree.validate(&a.context, &Config{CheckLeaf: func(l *LeafNode) error {
			if string(l.Credential.Identity) == "2" {
				return errors.New("not a friend")
			}
			return nil
		}})
		if err == nil || !strings.Contains(err.Error(), "not a friend") {
			t.Fatal(err)
		}
	})
}

func TestTreesThatDoNotParse(t *testing.T) {
	t.Parallel()
	s := suites[SuiteX25519]
	a := meeting(t, 2)[0]
	good := a.Tree()
	nodes := func(ns ...*node) []byte {
		var w writer
		w.vec(func(w *writer) {
			for _, n := range ns {
				if w.optional(n != nil) {
					if n.leaf != nil {
						w.u8(1)
						n.leaf.encode(w)
					} else {
						w.u8(2)
						n.parent.encode(w)
					}
				}
			}
		})
		return w.b
	}
	l, p := a.tree.nodes[0], a.tree.nodes[1]
	if _, err := parseTree(s, nodes(l, p, a.tree.nodes[2])); err != nil {
		t.Fatal(err)
	}
	blank := make([]*node, 2*maxLeaves)
	for name, b := range map[string][]byte{
		"empty": nodes(), "nothing": nil, "cut short": good[:len(good)-1], "too long": append(slices.Clone(good), 0),
		"blank at the end": nodes(l, p, nil), "node for a leaf": nodes(p), "leaf for a node": nodes(l, l, l),
		"unknown kind": {2, 1, 3}, "unknown presence": {1, 2}, "too wide": nodes(append(blank, l)...),
	} {
		if _, err := parseTree(s, b); err == nil {
			t.Errorf("%s: a tree", name)
		}
	}
}

func TestTheTreeIsBounded(t *testing.T) {
	t.Parallel()
	tr := newTree(suites[SuiteX25519], new(LeafNode))
	for i := uint32(1); i < maxLeaves; i++ {
		tr.nodes = append(tr.nodes, nil, &node{leaf: new(LeafNode)})
	}
	tr.hashes = make([][]byte, len(tr.nodes))
	if _, err := tr.addLeaf(new(LeafNode)); !errors.Is(err, errTreeFull) {
		t.Errorf("leaf %d: %v", maxLeaves, err)
	}
	tr.removeLeaf(7)
	if i, err := tr.addLeaf(new(LeafNode)); err != nil || i != 7 {
		t.Errorf("into the free place: %d, %v", i, err)
	}
}

// Rules about GroupInfo and Welcome (RFC 9420 §12.4.3, §12.4.3.1, §8.4).
func TestGroupInfosThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	a := members[0]
	for name, x := range map[string]struct {
		change func(*GroupInfo)
		resign bool
		reason string
	}{
		"nothing":               {func(*GroupInfo) {}, true, ""},
		"unknown extension":     {func(gi *GroupInfo) { gi.Extensions = append(gi.Extensions, Extension{0x5A5A, []byte("grease")}) }, true, ""},
		"signature":             {func(gi *GroupInfo) { gi.Context.Epoch++ }, false, "bad signature"},
		"suite":                 {func(gi *GroupInfo) { gi.Context.Suite = SuiteP256 }, true, "cipher suite"},
		"signer":                {func(gi *GroupInfo) { gi.signer = 9 }, true, "signer is no member"},
		"another signer":        {func(gi *GroupInfo) { gi.signer = 1 }, true, "bad signature"},
		"tree hash":             {func(gi *GroupInfo) { gi.Context.TreeHash = make([]byte, 32) }, true, "not the one of the group info"},
		"extension twice":       {func(gi *GroupInfo) { gi.Extensions = append(gi.Extensions, gi.Extensions[0]) }, true, "comes twice"},
		"tree of another epoch": {func(gi *GroupInfo) { gi.Extensions[0].Data = meeting(t, 1)[0].Tree() }, true, "bad signature"},
	} {
		t.Run(name, func(t *testing.T) {
			gi, err := a.GroupInfo(false, true)
			ok(t, err)
			x.change(gi)
			if x.resign {
				gi.signature, err = a.signer.sign("GroupInfoTBS", gi.tbs())
				ok(t, err)
			}
			_, err = verifyGroupInfo(a.suite, a.cfg, gi, nil)
			if x.reason == "" {
				ok(t, err)
			} else if err == nil || !strings.Contains(err.Error(), x.reason) {
				t.Fatalf("got %v, want %q", err, x.reason)
			}
		})
	}
	gc := &GroupContext{Epoch: 2}
	nonce := a.suite.zero()
	resumption := func(usage uint8) PSKID { return PSKID{Type: PSKResumption, Usage: usage, Nonce: nonce} }
	for name, ids := range map[string][]PSKID{
		"twice": {{Type: PSKExternal, Nonce: nonce}, {Type: PSKExternal, Nonce: nonce}}, "nonce": {{Type: PSKExternal, Nonce: nonce[1:]}},
		"branch after epoch 1": {resumption(UsageBranch)}, "re-init after epoch 1": {resumption(UsageReInit)}, "unknown usage": {resumption(9)},
	} {
		wantInvalid(t, checkWelcomePSKs(ids, gc, a.suite), "welcome")
		if strings.Contains(name, "epoch 1") {
			ok(t, checkWelcomePSKs(ids, &GroupContext{Epoch: 1}, a.suite))
			wantInvalid(t, checkWelcomePSKs([]PSKID{resumption(UsageBranch), resumption(UsageReInit)}, &GroupContext{Epoch: 1}, a.suite), "welcome")
		}
	}
}

func TestWelcomesThatBreakARule(t *testing.T) {
	t.Parallel()
	kp, other := keyPackage(t, "joins"), keyPackage(t, "other")
	a := meeting(t, 2)[0]
	_, m, next, err := a.Commit(CommitOptions{ForcePath: true, NoTree: true, Public: true, Proposals: []*Proposal{Add(kp.Public), Add(other.Public), a.NewPSK([]byte("link-1"))}})
	ok(t, err)
	for name, x := range map[string]struct {
		change func(*Welcome)
		cfg    Config
		kp     *KeyPackagePrivate
		tree   []byte
		reason string
	}{
		"suite":         {func(w *Welcome) { w.Suite = SuiteP384 }, testConfig(), kp, next.Tree(), "cipher suite"},
		"for others":    {func(*Welcome) {}, testConfig(), keyPackage(t, "x"), next.Tree(), "for others"},
		"no PSK":        {func(*Welcome) {}, Config{}, kp, next.Tree(), "unknown pre-shared key"},
		"wrong PSK":     {func(*Welcome) {}, Config{PSK: func(PSKID) []byte { return []byte("guess") }}, kp, next.Tree(), "group info"},
		"no tree":       {func(*Welcome) {}, testConfig(), kp, nil, "ratchet tree"},
		"older tree":    {func(*Welcome) {}, testConfig(), kp, a.Tree(), ""},
		"group info":    {func(w *Welcome) { w.groupInfo[9] ^= 1 }, testConfig(), kp, next.Tree(), "decrypting"},
		"secrets":       {func(w *Welcome) { w.secrets[0].secrets.ciphertext[0] ^= 1 }, testConfig(), kp, next.Tree(), "decrypting"},
		"other's share": {func(w *Welcome) { w.secrets[0].secrets = w.secrets[1].secrets }, testConfig(), kp, next.Tree(), "decrypting"},
	} {
		t.Run(name, func(t *testing.T) {
			w := wire(t, m).Welcome
			x.change(w)
			if _, e := Join(x.cfg, w, x.kp, x.tree); e == nil || !strings.Contains(e.Error(), x.reason) {
				t.Fatalf("got %v, want %q", e, x.reason)
			}
		})
	}
	g, err := Join(testConfig(), wire(t, m).Welcome, kp, next.Tree())
	ok(t, err)
	agree(t, []*Group{next, g})
	if _, err := Join(testConfig(), wire(t, m).Welcome, kp, next.Tree()); err == nil || !strings.Contains(err.Error(), "was used") {
		t.Errorf("a second join with the same key package: %v", err)
	}
}
