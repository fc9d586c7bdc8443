package mls

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// verifyGroupInfo checks a GroupInfo and its tree (RFC 9420 §12.4.3.1). The
// tree is the one in the GroupInfo where there is one.
func verifyGroupInfo(s *suite, cfg *Config, gi *GroupInfo, treeBytes []byte) (*tree, error) {
	if gi.Context.Suite != s.id {
		return nil, invalid("group info: cipher suite %#04x", uint16(gi.Context.Suite))
	}
	if err := uniqueExtensions(gi.Extensions); err != nil {
		return nil, err
	}
	if b, ok := findExtension(gi.Extensions, ExtRatchetTree); ok {
		treeBytes = b
	}
	t, err := parseTree(s, treeBytes)
	if err != nil {
		return nil, err
	}
	l := t.leaf(gi.signer)
	if l == nil {
		return nil, invalid("group info: the signer is no member")
	}
	if err := s.verify(l.SignatureKey, "GroupInfoTBS", gi.tbs(), gi.signature); err != nil {
		return nil, fmt.Errorf("%w: group info: %w", ErrInvalid, err)
	}
	if !bytes.Equal(t.hash(), gi.Context.TreeHash) {
		return nil, fmt.Errorf("%w: it is not the one of the group info", errTree)
	}
	return t, t.validate(&gi.Context, cfg)
}

// Join enters a group by a Welcome (RFC 9420 §12.4.3.1). treeBytes is the
// ratchet tree where it is not in the Welcome. On success the KeyPackage is
// consumed; on failure it can be tried with another Welcome.
func Join(cfg Config, m *Welcome, kp *KeyPackagePrivate, treeBytes []byte) (*Group, error) {
	g, err := join(&cfg, m, kp, treeBytes)
	if err != nil {
		return nil, fmt.Errorf("mls: joining: %w", err)
	}
	kp.Wipe()
	return g, nil
}

func join(cfg *Config, m *Welcome, kp *KeyPackagePrivate, treeBytes []byte) (*Group, error) {
	s := kp.suite
	if kp.initPriv == nil {
		return nil, errors.New("the key package was used")
	}
	if m.Suite != s.id {
		return nil, invalid("welcome: cipher suite %#04x", uint16(m.Suite))
	}
	gs, err := openGroupSecrets(m, kp)
	if err != nil {
		return nil, err
	}
	psk, err := s.pskSecret(gs.psks, cfg.psk)
	if err != nil {
		return nil, err
	}
	gi, err := openGroupInfo(s, m, gs.joiner, psk)
	if err != nil {
		return nil, err
	}
	if err = checkWelcomePSKs(gs.psks, &gi.Context, s); err != nil {
		return nil, err
	}
	g := newGroup(s, cfg, kp.signer)
	g.context = gi.Context
	if g.tree, err = verifyGroupInfo(s, cfg, gi, treeBytes); err != nil {
		return nil, err
	}
	if g.me, err = g.tree.find(&kp.Public.Leaf); err != nil {
		return nil, err
	}
	g.priv = privTree{2 * g.me: slices.Clone(kp.leafPriv)}
	if gs.pathSecret != nil {
		if err := g.implantFrom(gi.signer, gs.pathSecret); err != nil {
			return nil, err
		}
	}
	g.install(s.epochSecrets(gs.joiner, psk, &g.context))
	wipe(psk)
	return g, g.confirm(gi.confirmationTag)
}

func openGroupSecrets(m *Welcome, kp *KeyPackagePrivate) (*groupSecrets, error) {
	i := m.find(kp.Public.Ref())
	if i < 0 {
		return nil, errors.New("the welcome is for others")
	}
	b, err := kp.suite.decryptLabel(kp.initPriv, "Welcome", m.groupInfo, m.secrets[i].secrets)
	if err != nil {
		return nil, err
	}
	defer wipe(b)
	gs := new(groupSecrets)
	if err := unmarshal(b, gs.decode); err != nil {
		return nil, fmt.Errorf("group secrets: %w", err)
	}
	return gs, nil
}

func openGroupInfo(s *suite, m *Welcome, joiner, psk []byte) (*GroupInfo, error) {
	mixed := s.extract(joiner, psk)
	secret := s.derive(mixed, "welcome")
	key := s.welcomeKey(secret)
	defer wipe(mixed, secret, key.key, key.nonce)
	b, err := s.open(key, nil, m.groupInfo)
	if err != nil {
		return nil, fmt.Errorf("group info: %w", err)
	}
	gi := new(GroupInfo)
	if err := unmarshal(b, gi.decode); err != nil {
		return nil, fmt.Errorf("group info: %w", err)
	}
	return gi, nil
}

// checkWelcomePSKs is the second step of RFC 9420 §12.4.3.1, and §8.4.
func checkWelcomePSKs(ids []PSKID, gc *GroupContext, s *suite) error {
	seen, origins := map[string]bool{}, 0
	for _, id := range ids {
		key := string(marshal(id))
		if seen[key] || len(id.Nonce) != s.size {
			return invalid("welcome: a pre-shared key twice, or with a nonce of %d bytes", len(id.Nonce))
		}
		seen[key] = true
		if id.Type != PSKResumption {
			continue
		}
		switch id.Usage {
		case UsageApplication:
		case UsageReInit, UsageBranch:
			if origins++; origins > 1 || gc.Epoch != 1 {
				return invalid("welcome: a pre-shared key of another group's end, here")
			}
		default:
			return invalid("welcome: a resumption key for usage %d", id.Usage)
		}
	}
	return nil
}

// find returns the index of a leaf that is in the tree as it is.
func (t *tree) find(l *LeafNode) (uint32, error) {
	want := marshal(l)
	for i, m := range t.members {
		if bytes.Equal(m.SignatureKey, l.SignatureKey) && bytes.Equal(marshal(m), want) {
			return i, nil
		}
	}
	return 0, invalid("welcome: our leaf is not in the tree")
}

// implantFrom takes the path secret that the committer gave to a joiner.
func (g *Group) implantFrom(committer uint32, secret []byte) error {
	var path []uint32
	for _, st := range g.tree.filteredPath(committer) {
		if len(path) > 0 || below(2*g.me, st.copath) {
			path = append(path, st.node)
		}
	}
	if len(path) == 0 {
		return invalid("welcome: a path secret for nobody")
	}
	commitSecret, err := g.tree.implant(g.priv, path, secret)
	wipe(commitSecret)
	return err
}

// GroupInfo returns a signed GroupInfo (RFC 9420 §12.4.3). With external it
// lets a new member join by external commit, with withTree it carries the
// ratchet tree.
func (g *Group) GroupInfo(external, withTree bool, extra ...Extension) (*GroupInfo, error) {
	gi := &GroupInfo{Context: g.context, confirmationTag: g.confirmTag, signer: g.me, Extensions: slices.Clone(extra)}
	if external {
		priv, pub, err := g.suite.deriveKeyPair(g.secrets.external)
		if err != nil {
			return nil, err
		}
		wipe(priv)
		var w writer
		w.opaque(pub)
		gi.Extensions = append(gi.Extensions, Extension{ExtExternalPub, w.b})
	}
	if withTree {
		gi.Extensions = append(gi.Extensions, Extension{ExtRatchetTree, g.tree.marshal()})
	}
	var err error
	gi.signature, err = g.signer.sign("GroupInfoTBS", gi.tbs())
	return gi, err
}

// ExternalJoin is what an external commit needs (RFC 9420 §12.4.3.2).
type ExternalJoin struct {
	GroupInfo *GroupInfo
	Tree      []byte  // where it is not in the GroupInfo
	Replace   *uint32 // our own old leaf, which must have the same credential; nil: none
	PSKs      []PSKID
	AAD       []byte
}

// NewPSK makes the ID of an external PSK for an external commit to the group.
func (g *GroupInfo) NewPSK(id []byte) PSKID {
	var nonce []byte
	if s := suites[g.Context.Suite]; s != nil {
		nonce = randomBytes(s.size)
	}
	return PSKID{Type: PSKExternal, ID: bytes.Clone(id), Nonce: nonce}
}

// JoinExternally makes an external commit and the Group to take when it is
// accepted. It consumes the KeyPackage.
func JoinExternally(cfg Config, kp *KeyPackagePrivate, o ExternalJoin) (*Message, *Group, error) {
	m, g, err := joinExternally(&cfg, kp, o)
	if err != nil {
		return nil, nil, fmt.Errorf("mls: joining by external commit: %w", err)
	}
	kp.Wipe()
	return m, g, nil
}

func joinExternally(cfg *Config, kp *KeyPackagePrivate, o ExternalJoin) (*Message, *Group, error) {
	s, gi := kp.suite, o.GroupInfo
	if kp.leafPriv == nil {
		return nil, nil, errors.New("the key package was used")
	}
	t, err := verifyGroupInfo(s, cfg, gi, o.Tree)
	if err != nil {
		return nil, nil, err
	}
	data, _ := findExtension(gi.Extensions, ExtExternalPub)
	var pub []byte
	if err = unmarshal(data, func(r *reader) { pub = r.opaque() }); err != nil {
		return nil, nil, fmt.Errorf("external_pub: %w", err)
	}
	kem, initSecret, err := s.exportTo(pub)
	if err != nil {
		return nil, nil, err
	}
	g := newGroup(s, cfg, kp.signer)
	g.context, g.tree, g.priv = gi.Context, t, privTree{}
	g.interim = s.interimHash(gi.Context.ConfirmedTranscriptHash, gi.confirmationTag)
	a := &authContent{wire: WirePublic, content: framedContent{
		groupID: g.context.GroupID, epoch: g.context.Epoch, sender: Sender{Type: SenderNewCommit},
		aad: bytes.Clone(o.AAD), kind: ContentCommit, commit: new(commit),
	}}
	proposals := []*Proposal{{Type: ProposalExternalInit, KEMOutput: kem}}
	if o.Replace != nil {
		proposals = append(proposals, Remove(*o.Replace))
	}
	for _, id := range o.PSKs {
		proposals = append(proposals, &Proposal{Type: ProposalPSK, PSK: id})
	}
	list := a.content.commit.byValue(proposals, a.content.sender)
	r, err := g.apply(list, a.content.sender)
	if err != nil {
		return nil, nil, err
	}
	l := kp.Public.Leaf
	if g.me, err = r.tree.addLeaf(&l); err != nil {
		return nil, nil, err
	}
	r.joined = true
	n, own, err := g.finish(r, a, list, true, initSecret)
	if err != nil {
		return nil, nil, err
	}
	own.wipe()
	return &Message{Wire: WirePublic, Public: &PublicMessage{auth: *a}}, n, nil
}
