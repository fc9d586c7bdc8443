package mls

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// frame starts a content of our own.
func (g *Group) frame(kind ContentType, aad []byte, public bool) *authContent {
	a := &authContent{wire: WirePrivate, content: framedContent{
		groupID: g.context.GroupID, epoch: g.context.Epoch, sender: Sender{SenderMember, g.me},
		aad: append([]byte{}, aad...), kind: kind,
	}}
	if public {
		a.wire = WirePublic
	}
	return a
}

// protect frames a signed content as its wire format says.
func (g *Group) protect(a *authContent) (*Message, error) {
	if a.wire == WirePublic {
		tag := a.membershipTag(g.suite, g.secrets.membership, &g.context)
		return &Message{Wire: WirePublic, Public: &PublicMessage{*a, tag}}, nil
	}
	p, err := protect(g.secretTree, g.secrets.senderData, a, g.cfg.Padding)
	if err != nil {
		return nil, err
	}
	return &Message{Wire: WirePrivate, Private: p}, nil
}

// Encrypt makes an application message (RFC 9420 §15), padded as Config says.
func (g *Group) Encrypt(data, aad []byte) (*Message, error) {
	a := g.frame(ContentApplication, aad, false)
	a.content.application = data
	if err := a.sign(g.signer, &g.context); err != nil {
		return nil, err
	}
	return g.protect(a)
}

// Propose signs a proposal and keeps it for the next commit, as all members do
// that receive it.
func (g *Group) Propose(p *Proposal, public bool) (*Message, error) {
	if g.reInit != nil {
		return nil, ErrReInit
	}
	a := g.frame(ContentProposal, nil, public)
	a.content.proposal = p
	if err := a.sign(g.signer, &g.context); err != nil {
		return nil, err
	}
	if err := g.remember(a); err != nil {
		return nil, err
	}
	return g.protect(a)
}

// NewUpdate makes an Update proposal of our leaf with a fresh encryption key.
func (g *Group) NewUpdate() (*Proposal, error) {
	priv, pub, err := g.suite.generateKeyPair()
	if err != nil {
		return nil, err
	}
	l := g.tree.leaf(g.me).renewed(sourceUpdate, pub)
	if err := l.sign(g.signer, g.context.GroupID, g.me); err != nil {
		return nil, err
	}
	g.updateKeys[string(pub)] = priv
	return &Proposal{Type: ProposalUpdate, Leaf: l}, nil
}

// NewPSK makes a PreSharedKey proposal of the external PSK with the ID.
func (g *Group) NewPSK(id []byte) *Proposal {
	return &Proposal{Type: ProposalPSK, PSK: PSKID{Type: PSKExternal, ID: bytes.Clone(id), Nonce: randomBytes(g.suite.size)}}
}

// CommitOptions say what a commit holds and how it is sent.
type CommitOptions struct {
	Proposals     []*Proposal // by value
	IgnorePending bool        // leave out the proposals that were sent
	ForcePath     bool        // also where the proposals need none
	Public        bool        // as a PublicMessage
	NoTree        bool        // leave the ratchet tree out of the Welcome
	AAD           []byte
}

// Commit makes a commit of our own: the commit itself, the Welcome for those
// it adds (nil for none), and the Group to take when the delivery service has
// accepted it. Until then g goes on as it is; a commit that is not accepted is
// forgotten by next.Wipe(g).
//
// Of the proposals that were sent, those that this member cannot commit are
// left out: its own Update or removal, and what contradicts another.
func (g *Group) Commit(o CommitOptions) (message, welcome *Message, next *Group, err error) {
	message, welcome, next, err = g.commit(o)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("mls: committing: %w", err)
	}
	return message, welcome, next, nil
}

func (g *Group) commit(o CommitOptions) (_, welcome *Message, _ *Group, err error) {
	if g.reInit != nil {
		return nil, nil, nil, ErrReInit
	}
	a := g.frame(ContentCommit, o.AAD, o.Public)
	a.content.commit = new(commit)
	var list []sent
	if !o.IgnorePending {
		list = g.takePending(a.content.commit)
	}
	list = append(list, a.content.commit.byValue(o.Proposals, a.content.sender)...)
	r, err := g.apply(list, a.content.sender)
	if err != nil {
		return nil, nil, nil, err
	}
	n, own, err := g.finish(r, a, list, o.ForcePath, g.secrets.init)
	if err != nil {
		return nil, nil, nil, err
	}
	defer own.wipe()
	m, err := g.protect(a)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(r.added) > 0 {
		if welcome, err = n.welcome(r, own.secrets, !o.NoTree); err != nil {
			return nil, nil, nil, err
		}
	}
	return m, welcome, n, nil
}

func (c *commit) byValue(proposals []*Proposal, sender Sender) (list []sent) {
	for _, p := range proposals {
		c.proposals = append(c.proposals, proposalOrRef{proposal: p})
		list = append(list, sent{proposal: p, sender: sender})
	}
	return list
}

// takePending puts the proposals that were sent in the commit. Where two
// change one leaf, the Remove wins (RFC 9420 §12.2).
func (g *Group) takePending(c *commit) (list []sent) {
	refs := slices.Sorted(maps.Keys(g.pending))
	removed, added, updated := map[uint32]bool{}, map[string]bool{}, map[uint32]bool{}
	for _, ref := range refs {
		if q := g.pending[ref]; q.proposal.Type == ProposalRemove {
			removed[q.proposal.Removed] = true
		}
	}
	takenRemoves := map[uint32]bool{}
	for _, ref := range refs {
		q := g.pending[ref]
		switch p := q.proposal; p.Type {
		case ProposalUpdate:
			if q.sender.Index == g.me || removed[q.sender.Index] || updated[q.sender.Index] {
				continue
			}
			updated[q.sender.Index] = true
		case ProposalRemove:
			if p.Removed == g.me || takenRemoves[p.Removed] {
				continue
			}
			takenRemoves[p.Removed] = true
		case ProposalAdd:
			if added[string(p.KeyPackage.Leaf.SignatureKey)] {
				continue
			}
			added[string(p.KeyPackage.Leaf.SignatureKey)] = true
		}
		c.proposals = append(c.proposals, proposalOrRef{ref: []byte(ref)})
		list = append(list, q)
	}
	return list
}

// finish makes path, signature and confirmation tag of a commit, and the Group
// of the next epoch (RFC 9420 §12.4.1).
func (g *Group) finish(r *changes, a *authContent, list []sent, force bool, initSecret []byte) (*Group, *ownPath, error) {
	s := g.suite
	own := &ownPath{commitSecret: s.zero()}
	if r.needPath || force {
		var err error
		contextFor := func(treeHash []byte) *GroupContext { return g.provisional(r, treeHash) }
		if own, err = r.tree.encap(g.me, g.signer, g.context.GroupID, r.added, contextFor); err != nil {
			return nil, nil, err
		}
		a.content.commit.path = own.path
	}
	info := r.info(a, list)
	if r.joined {
		if err := r.tree.checkMembers(r.extensions); err != nil {
			return nil, nil, err
		}
		if err := g.checkReplaced(r, &own.path.leaf); err != nil {
			return nil, nil, err
		}
		info.joined(g.me)
	}
	if err := g.cfg.checkCommit(info); err != nil {
		return nil, nil, err
	}
	if err := a.sign(g.signer, &g.context); err != nil {
		return nil, nil, err
	}
	psk, err := s.pskSecret(r.psks, g.findPSK)
	if err != nil {
		return nil, nil, err
	}
	n := g.next(r, a)
	maps.Copy(n.priv, own.priv)
	n.priv.prune(n.tree)
	n.install(s.epochSecrets(s.joinerSecret(initSecret, own.commitSecret, &n.context), psk, &n.context))
	wipe(psk)
	a.confirmationTag = s.mac(n.secrets.confirmation, n.context.ConfirmedTranscriptHash)
	return n, own, n.confirm(a.confirmationTag)
}

// welcome makes the Welcome of a commit, called on the Group of the epoch that
// it opens (RFC 9420 §12.4.3.1).
func (g *Group) welcome(r *changes, pathSecrets map[uint32][]byte, withTree bool) (*Message, error) {
	s := g.suite
	gi, err := g.GroupInfo(false, withTree)
	if err != nil {
		return nil, err
	}
	key := s.welcomeKey(g.secrets.welcome)
	defer key.wipe()
	w := &Welcome{Suite: s.id}
	if w.groupInfo, err = s.seal(key, nil, marshal(gi)); err != nil {
		return nil, err
	}
	for i, kp := range r.packages {
		gs := groupSecrets{joiner: g.secrets.joiner, psks: r.psks}
		for _, x := range g.tree.directPath(2 * r.added[i]) {
			if secret := pathSecrets[x]; secret != nil {
				gs.pathSecret = secret
				break
			}
		}
		plaintext := marshal(&gs)
		c, err := s.encryptLabel(kp.InitKey, "Welcome", w.groupInfo, plaintext)
		wipe(plaintext)
		if err != nil {
			return nil, err
		}
		w.secrets = append(w.secrets, encryptedGroupSecrets{kp.Ref(), c})
	}
	return &Message{Wire: WireWelcome, Welcome: w}, nil
}
