package mls

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// Each rule of RFC 9420 §7.3, §10.1, §12.1, §12.2 and §12.4 that a commit can
// break: one commit that breaks it alone, signed by a member, and the reason
// for which another member refuses it.
func TestCommitsThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 4)
	a, b := members[0], members[1]
	s := a.suite
	newcomer := keyPackage(t, "new")
	add := func(change func(*KeyPackage)) []*Proposal { return []*Proposal{Add(resigned(t, newcomer, change))} }
	capabilities := func(change func(*Capabilities)) []*Proposal {
		return add(func(k *KeyPackage) { change(&k.Leaf.Capabilities) })
	}
	drop := func(list []uint16, v uint16) []uint16 {
		return slices.DeleteFunc(slices.Clone(list), func(x uint16) bool { return x == v })
	}
	psk := a.NewPSK([]byte("link-1"))
	update, err := a.NewUpdate()
	ok(t, err)
	gce := func(es ...Extension) *Proposal {
		return &Proposal{Type: ProposalGroupContextExtensions, Extensions: es}
	}
	extInit := &Proposal{Type: ProposalExternalInit, KEMOutput: []byte("kem")}
	reInit := &Proposal{Type: ProposalReInit, ReInit: ReInit{GroupID: []byte("new"), Version: 1, Suite: SuiteX25519}}
	for name, c := range map[string]struct {
		proposals []*Proposal
		reason    string
	}{
		"§10.1 suite":             {add(func(k *KeyPackage) { k.Suite = SuiteP256 }), "key package: cipher suite"},
		"§10.1 init key":          {add(func(k *KeyPackage) { k.InitKey = k.Leaf.EncryptionKey }), "init key is the leaf's key"},
		"§10.1 unusable init key": {add(func(k *KeyPackage) { k.InitKey = make([]byte, 32) }), "unusable HPKE key"},
		"§10.1 short init key":    {add(func(k *KeyPackage) { k.InitKey = []byte{1} }), "unusable HPKE key"},
		"§10.1 signature": {[]*Proposal{Add(func() *KeyPackage {
			k := *newcomer.Public
			k.signature = slices.Clone(k.signature)
			k.signature[3] ^= 1
			return &k
		}())}, "key package: mls: bad signature"},
		"§13.4 key package extension twice": {add(func(k *KeyPackage) { k.Extensions = []Extension{{9, nil}, {9, nil}} }), "comes twice"},
		"§7.3 leaf source":                  {add(func(k *KeyPackage) { k.Leaf.source = sourceUpdate }), "leaf: source 2"},
		"§7.3 leaf signature": {[]*Proposal{Add(func() *KeyPackage {
			k := *newcomer.Public
			k.Leaf.signature = bytes.Repeat([]byte{1}, 64)
			var err error
			k.signature, err = newcomer.signer.sign("KeyPackageTBS", k.tbs())
			ok(t, err)
			return &k
		}())}, "leaf: mls: bad signature"},
		"§7.3 unusable key":      {add(func(k *KeyPackage) { k.Leaf.EncryptionKey = make([]byte, 32) }), "leaf: mls: unusable HPKE key"},
		"§7.2 lifetime over":     {add(func(k *KeyPackage) { k.Leaf.NotAfter = uint64(time.Now().Unix()) - 5 }), "not within its lifetime"},
		"§7.2 lifetime to come":  {add(func(k *KeyPackage) { k.Leaf.NotBefore = uint64(time.Now().Unix()) + 60 }), "not within its lifetime"},
		"§7.2 lifetime too long": {add(func(k *KeyPackage) { k.Leaf.NotAfter = ^uint64(0) }), "lifetime is too long"},
		"§7.3 version":           {capabilities(func(c *Capabilities) { c.Versions = drop(c.Versions, 1) }), "does not support MLS 1.0"},
		"§7.3 suite":             {capabilities(func(c *Capabilities) { c.Suites = drop(c.Suites, 1) }), "does not support the cipher suite"},
		"§7.3 own credential":    {capabilities(func(c *Capabilities) { c.Credentials = []uint16{CredentialX509} }), "its own credential"},
		"§7.3 own extension":     {capabilities(func(c *Capabilities) { c.Extensions = drop(c.Extensions, testLeafExtension) }), "is not in its capabilities"},
		"§13 group's extension":  {capabilities(func(c *Capabilities) { c.Extensions = drop(c.Extensions, testCardExtension) }), "the group's extension 0xf1cb"},
		"§13.4 leaf extension twice": {add(func(k *KeyPackage) {
			k.Leaf.Extensions = append(slices.Clone(k.Leaf.Extensions), k.Leaf.Extensions[0])
		}), "comes twice"},
		"§7.3 credential others lack": {add(func(k *KeyPackage) {
			k.Leaf.Credential = Credential{Type: CredentialX509, Certs: [][]byte{{1}}}
			k.Leaf.Capabilities.Credentials = []uint16{CredentialBasic, CredentialX509}
		}), "does not support credential 0x0002"},
		"§7.3 encryption key in use": {add(func(k *KeyPackage) { k.Leaf.EncryptionKey = a.Leaf(2).EncryptionKey }), "is in the tree twice"},
		"§12.2 the same Add twice":   {[]*Proposal{Add(newcomer.Public), Add(newcomer.Public)}, "is in the tree twice"},
		"§12.2 signature key twice": {[]*Proposal{Add(newcomer.Public), Add(keyPackage(t, "other", func(o *KeyPackageOptions) {
			o.Signer = newcomer.signer
		}).Public)}, "the signature key of leaf 5 is in the tree twice"},
		"§12.2 Add of a member":          {[]*Proposal{Add(keyPackage(t, "again", func(o *KeyPackageOptions) { o.Signer = members[2].signer }).Public)}, "the signature key of leaf 2 is in the tree twice"},
		"§12.2 Update by the committer":  {[]*Proposal{update}, "Update by the committer"},
		"§12.2 Remove of the committer":  {[]*Proposal{Remove(0)}, "Remove of the committer"},
		"§12.1.3 Remove of nobody":       {[]*Proposal{Remove(77)}, "Remove of leaf 77, which is empty"},
		"§12.2 two Removes":              {[]*Proposal{Remove(2), Remove(2)}, "leaf 2 is changed twice"},
		"§12.1.4 nonce":                  {[]*Proposal{{Type: ProposalPSK, PSK: PSKID{Type: PSKExternal, ID: []byte("link-1"), Nonce: make([]byte, 31)}}}, "nonce of 31 bytes"},
		"§12.1.4 usage":                  {[]*Proposal{{Type: ProposalPSK, PSK: PSKID{Type: PSKResumption, Usage: UsageBranch, GroupID: a.ID(), Nonce: s.zero()}}}, "re-initialised or branched"},
		"§12.2 the same PSK twice":       {[]*Proposal{psk, psk}, "the same PreSharedKey twice"},
		"§8.4 unknown PSK":               {[]*Proposal{a.NewPSK([]byte("link-2"))}, "unknown pre-shared key"},
		"§12.2 ReInit with others":       {[]*Proposal{reInit, psk}, "ReInit with other proposals"},
		"§12.1.5 ReInit to version 0":    {[]*Proposal{{Type: ProposalReInit, ReInit: ReInit{Suite: SuiteX25519}}}, "older version"},
		"§12.2 ExternalInit of a member": {[]*Proposal{extInit}, "ExternalInit where none may be"},
		"§12.2 two GCE":                  {[]*Proposal{gce(), gce()}, "two GroupContextExtensions"},
		"§12.1.7 extension unsupported":  {[]*Proposal{gce(Extension{0x7777, nil})}, "the group's extension 0x7777"},
		"§13.4 GCE twice":                {[]*Proposal{gce(Extension{testCardExtension, nil}, Extension{testCardExtension, nil})}, "comes twice"},
		"§11.1 required extension":       {[]*Proposal{gce(RequiredCapabilities{Extensions: []uint16{0x7778}}.Extension())}, "required extension 0x7778"},
		"§11.1 required proposal":        {[]*Proposal{gce(RequiredCapabilities{Proposals: []uint16{0x7779}}.Extension())}, "required proposal 0x7779"},
		"§11.1 required credential":      {[]*Proposal{gce(RequiredCapabilities{Credentials: []uint16{2}}.Extension())}, "required credential 0x0002"},
		"§11.1 malformed":                {[]*Proposal{gce(Extension{ExtRequiredCapabilities, []byte{1}})}, "required capabilities: malformed"},
		"§12.1.8.1 malformed":            {[]*Proposal{gce(Extension{ExtExternalSenders, []byte{1}})}, "external senders: malformed"},
		"§12.4 Remove without a path":    {[]*Proposal{Remove(2)}, "without the path"},
		"§12.4 GCE without a path":       {[]*Proposal{gce(Extension{testCardExtension, []byte("other")})}, "without the path"},
		"§12.4 nothing without a path":   {nil, "without the path"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, b, forge(t, a, c.proposals), c.reason) })
	}
	agree(t, members)
}

func TestCommitsByReferenceThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 4)
	a, b, c := members[0], members[1], members[2]
	propose := func(change func(*Proposal)) []byte {
		p, err := c.NewUpdate()
		ok(t, err)
		change(p)
		m, err := c.Propose(p, true)
		ok(t, err)
		ev, err := b.Process(wire(t, m))
		ok(t, err)
		if ev.Proposal == nil {
			t.Fatal("no proposal in the event")
		}
		return wire(t, m).Public.auth.ref(a.suite)
	}
	resign := func(l *LeafNode) { ok(t, l.sign(c.signer, c.context.GroupID, c.me)) }
	refs := func(refs ...[]byte) func(*authContent) {
		return func(x *authContent) {
			for _, r := range refs {
				x.content.commit.proposals = append(x.content.commit.proposals, proposalOrRef{ref: r})
			}
		}
	}
	good := propose(func(*Proposal) {})
	for name, x := range map[string]struct {
		refs   [][]byte
		reason string
	}{
		"§12.4.2 unknown reference":  {[][]byte{bytes.Repeat([]byte{1}, 32)}, "did not come"},
		"§12.4 Update without path":  {[][]byte{good}, "without the path"},
		"§12.2 the same twice":       {[][]byte{good, good}, "leaf 2 is changed twice"},
		"§12.1.2 Update's signature": {[][]byte{propose(func(p *Proposal) { p.Leaf.signature[0] ^= 1 })}, "bad signature"},
		"§12.1.2 Update's source":    {[][]byte{propose(func(p *Proposal) { p.Leaf.source = sourceCommit; resign(p.Leaf) })}, "leaf: source 3"},
		"§12.1.2 Update's key": {[][]byte{propose(func(p *Proposal) {
			p.Leaf.EncryptionKey = c.Leaf(2).EncryptionKey
			resign(p.Leaf)
		})}, "keeps the encryption key"},
		"§12.1.2 Update's unusable key": {[][]byte{propose(func(p *Proposal) {
			p.Leaf.EncryptionKey = make([]byte, 32)
			resign(p.Leaf)
		})}, "unusable HPKE key"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, b, forge(t, a, nil, refs(x.refs...)), x.reason) })
	}
}

// Rules about the path (RFC 9420 §7.3, §7.6, §12.4.2).
func TestPathsThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 4)
	a, b := members[0], members[1]
	resign := func(l *LeafNode) { ok(t, l.sign(a.signer, a.context.GroupID, a.me)) }
	for name, x := range map[string]struct {
		change func(*updatePath)
		reason string
	}{
		"source":           {func(p *updatePath) { p.leaf.source = sourceUpdate; resign(&p.leaf) }, "leaf: source 2"},
		"signature":        {func(p *updatePath) { p.leaf.signature[5] ^= 1 }, "leaf: mls: bad signature"},
		"same leaf key":    {func(p *updatePath) { p.leaf.EncryptionKey = a.Leaf(0).EncryptionKey; resign(&p.leaf) }, "key that is in the tree"},
		"unusable key":     {func(p *updatePath) { p.leaf.EncryptionKey = make([]byte, 32); resign(&p.leaf) }, "unusable HPKE key"},
		"parent hash":      {func(p *updatePath) { p.leaf.parentHash = make([]byte, 32); resign(&p.leaf) }, "wrong parent hash"},
		"node key in tree": {func(p *updatePath) { p.nodes[0].encryptionKey = a.Leaf(3).EncryptionKey }, "key that is in the tree"},
		"node key twice":   {func(p *updatePath) { p.nodes[0].encryptionKey = p.nodes[1].encryptionKey }, "key that is in the tree"},
		"node key short":   {func(p *updatePath) { p.nodes[0].encryptionKey = []byte{1, 2} }, "path: "},
		"too long":         {func(p *updatePath) { p.nodes = append(p.nodes, p.nodes[0]) }, "wrong length"},
		"too short":        {func(p *updatePath) { p.nodes = p.nodes[:1] }, "wrong length"},
		"secret too many":  {func(p *updatePath) { p.nodes[0].secrets = append(p.nodes[0].secrets, p.nodes[0].secrets[0]) }, "wrong number of secrets"},
		"no secret":        {func(p *updatePath) { p.nodes[1].secrets = nil }, "wrong number of secrets"},
		"forged secret":    {func(p *updatePath) { p.nodes[0].secrets[0].ciphertext[0] ^= 1 }, "path secret"},
		"secret of another node": {func(p *updatePath) {
			tr := a.tree.clone()
			tr.setPath(0, tr.filteredPath(0), [][]byte{p.nodes[0].encryptionKey, p.nodes[1].encryptionKey})
			tr.set(0, &node{leaf: &p.leaf})
			context := a.provisional(&changes{extensions: a.context.Extensions}, tr.hash())
			var err error
			p.nodes[0].secrets[0], err = a.suite.encryptLabel(a.Leaf(1).EncryptionKey, "UpdatePathNode", marshal(context), a.suite.zero())
			ok(t, err)
		}, "does not match the public key"},
		"capabilities": {func(p *updatePath) { p.leaf.Capabilities.Versions = nil; resign(&p.leaf) }, "does not support MLS 1.0"},
		"credential that others lack": {func(p *updatePath) {
			p.leaf.Credential = Credential{Type: CredentialX509}
			p.leaf.Capabilities.Credentials = []uint16{1, 2}
			resign(&p.leaf)
		}, "does not support credential 0x0002"},
		"signature key of another": {func(p *updatePath) {
			p.leaf.SignatureKey = a.Leaf(2).SignatureKey
			ok(t, p.leaf.sign(members[2].signer, a.context.GroupID, 0))
		}, "signature key of leaf 2 is in the tree twice"},
		"unusable node key": {func(p *updatePath) { p.nodes[0].encryptionKey = make([]byte, 32) }, "path: mls: unusable HPKE key"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, b, forge(t, a, nil, withPath(t, a, x.change)), x.reason) })
	}
	t.Run("confirmation tag", func(t *testing.T) { refused(t, b, forge(t, a, nil, withPath(t, a)), "bad confirmation tag") })
	agree(t, members)
}

func hexKey(t testing.TB, s *suite) (pub, priv []byte) {
	t.Helper()
	priv, pub, err := s.generateKeyPair()
	ok(t, err)
	return pub, priv
}

// Rules about external commits (RFC 9420 §12.2, §12.4.3.2).
func TestExternalCommitsThatBreakARule(t *testing.T) {
	t.Parallel()
	members := meeting(t, 3)
	b := members[1]
	kp := keyPackage(t, "outside")
	gi, err := members[0].GroupInfo(true, true)
	ok(t, err)
	m, _, err := joinExternally(&Config{}, kp, ExternalJoin{GroupInfo: gi})
	ok(t, err)
	forged := func(change func(*commit)) *Message {
		x := wire(t, m)
		change(x.Public.auth.content.commit)
		ok(t, x.Public.auth.sign(kp.signer, &b.context))
		return wire(t, x)
	}
	add := func(ps ...*Proposal) func(*commit) {
		return func(c *commit) { c.byValue(ps, Sender{}) }
	}
	for name, x := range map[string]struct {
		change func(*commit)
		reason string
	}{
		"no ExternalInit":  {func(c *commit) { c.proposals = nil }, "without ExternalInit"},
		"two ExternalInit": {func(c *commit) { c.proposals = append(c.proposals, c.proposals[0]) }, "ExternalInit where none may be"},
		"an Add":           {add(Add(keyPackage(t, "x").Public)), "external commit with a proposal of type 1"},
		"a ReInit":         {add(&Proposal{Type: ProposalReInit}), "external commit with a proposal of type 5"},
		"two Removes":      {add(Remove(0), Remove(2)), "external commit with two Removes"},
		"somebody else":    {add(Remove(2)), "removes somebody else"},
		"no path":          {func(c *commit) { c.path = nil }, "external commit without a path"},
		"by reference":     {func(c *commit) { c.proposals = append(c.proposals, proposalOrRef{ref: []byte("r")}) }, "did not come"},
		"another's key": {func(c *commit) {
			c.path.leaf.SignatureKey = b.Leaf(2).SignatureKey
		}, "bad signature"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, b, forged(x.change), x.reason) })
	}
	t.Run("by a known reference", func(t *testing.T) {
		p, err := members[0].Propose(b.NewPSK([]byte("link-1")), true)
		ok(t, err)
		_, err = b.Process(wire(t, p))
		ok(t, err)
		refused(t, b, forged(func(c *commit) {
			c.proposals = append(c.proposals, proposalOrRef{ref: p.Public.auth.ref(b.suite)})
		}), "external commit with a proposal by reference")
	})
	if ev, err := b.Process(wire(t, m)); err != nil || ev.Next == nil || len(ev.Commit.Added) != 1 || ev.Sender.Index != 3 {
		t.Fatalf("the one that breaks no rule: %+v, %v", ev, err)
	}
}
