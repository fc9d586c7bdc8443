package mls

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"
)

// An Event is a message that Process has accepted.
type Event struct {
	Kind        ContentType
	Epoch       uint64 // in which it was sent; an application message may be late
	Sender      Sender
	AAD         []byte
	Application []byte
	Proposal    *Proposal
	Commit      *CommitInfo
	Next        *Group // of a commit: the Group to take
	Evicted     bool   // by the commit; there is no Next
}

// Process authenticates a message of the group and says what it is. A proposal
// is kept for the next commit. A commit is checked to the end and changes
// nothing: the caller takes Event.Next, or keeps g and refuses the commit.
//
// Application messages of the last three epochs are read too. A private message
// is read once; a second time is an error. Besides ErrOwnMessage and
// ErrWrongEpoch, an error means that the message is to be dropped.
func (g *Group) Process(m *Message) (*Event, error) {
	ev, err := g.process(m)
	if err != nil {
		return nil, fmt.Errorf("mls: processing: %w", err)
	}
	return ev, nil
}

func (g *Group) process(m *Message) (*Event, error) {
	a, in, done, err := g.open(m)
	if err != nil {
		return nil, err
	}
	c := &a.content
	key, err := g.senderKey(c, in.tree)
	if err != nil {
		return nil, err
	}
	if err := a.verify(g.suite, key, &in.context); err != nil {
		return nil, err
	}
	done()
	if c.kind != ContentApplication && g.reInit != nil {
		return nil, ErrReInit
	}
	ev := &Event{Kind: c.kind, Epoch: c.epoch, Sender: c.sender, AAD: c.aad}
	switch c.kind {
	case ContentApplication:
		ev.Application = c.application
	case ContentProposal:
		ev.Proposal = c.proposal
		return ev, g.remember(a)
	case ContentCommit:
		return ev, g.processCommit(a, ev)
	}
	return ev, nil
}

// open removes the protection of a message: membership tag or encryption. in
// is the epoch it was sent in.
func (g *Group) open(m *Message) (a *authContent, in *pastEpoch, done func(), err error) {
	now := &pastEpoch{g.context, g.tree, g.secretTree, g.secrets.senderData}
	switch m.Wire {
	case WirePublic:
		a, err := g.openPublic(m.Public)
		return a, now, func() {}, err
	case WirePrivate:
		p := m.Private
		if !bytes.Equal(p.GroupID, g.context.GroupID) {
			return nil, nil, nil, ErrWrongEpoch
		}
		in := now
		if p.Epoch != g.context.Epoch {
			if in = g.history.past[p.Epoch]; in == nil || p.Kind != ContentApplication {
				return nil, nil, nil, ErrWrongEpoch
			}
		}
		a, done, err := unprotect(in.secretTree, in.senderData, p, g.me)
		return a, in, done, err
	default:
		return nil, nil, nil, errors.New("it is no message of a group")
	}
}

// openPublic is RFC 9420 §6.2.
func (g *Group) openPublic(p *PublicMessage) (*authContent, error) {
	a := p.auth
	c := &a.content
	switch {
	case !bytes.Equal(c.groupID, g.context.GroupID) || c.epoch != g.context.Epoch:
		return nil, ErrWrongEpoch
	case c.kind == ContentApplication:
		return nil, invalid("application message in the clear")
	case c.sender.Type != SenderMember:
		return &a, nil
	case !hmac.Equal(a.membershipTag(g.suite, g.secrets.membership, &g.context), p.membershipTag):
		return nil, errors.New("bad membership tag")
	case c.sender.Index == g.me:
		return nil, ErrOwnMessage
	}
	return &a, nil
}

// senderKey is the key that must have signed a content (RFC 9420 §6.1), and
// checks that this kind of sender may send it (§12.1.8).
func (g *Group) senderKey(c *framedContent, t *tree) ([]byte, error) {
	switch c.sender.Type {
	case SenderMember:
		if l := t.leaf(c.sender.Index); l != nil {
			return l.SignatureKey, nil
		}
		return nil, invalid("the sender is no member")
	case SenderExternal:
		senders, err := externalSenders(g.context.Extensions)
		if err != nil || int64(c.sender.Index) >= int64(len(senders)) || c.kind != ContentProposal || !mayProposeExternally(c.proposal.Type) {
			return nil, invalid("external sender")
		}
		return senders[c.sender.Index].signatureKey, nil
	case SenderNewProposal:
		if c.kind != ContentProposal || c.proposal.Type != ProposalAdd {
			return nil, invalid("a new member proposes something else than itself")
		}
		return c.proposal.KeyPackage.Leaf.SignatureKey, nil
	case SenderNewCommit:
		if c.kind != ContentCommit || c.commit.path == nil {
			return nil, invalid("external commit without a path")
		}
		return c.commit.path.leaf.SignatureKey, nil
	}
	return nil, invalid("unknown kind of sender")
}

// mayProposeExternally is RFC 9420 §12.1.8, table 5.
func mayProposeExternally(t ProposalType) bool {
	switch t {
	case ProposalAdd, ProposalRemove, ProposalPSK, ProposalReInit, ProposalGroupContextExtensions:
		return true
	}
	return false
}

func (g *Group) remember(a *authContent) error {
	if len(g.pending) >= maxPending {
		return errors.New("too many proposals wait for a commit")
	}
	g.pending[string(a.ref(g.suite))] = sent{a.content.proposal, a.content.sender, true}
	return nil
}

// proposals are those of a commit, by value and by reference.
func (g *Group) proposals(a *authContent) (list []sent, err error) {
	for _, p := range a.content.commit.proposals {
		q := sent{p.proposal, a.content.sender, false}
		if p.proposal == nil {
			var ok bool
			if q, ok = g.pending[string(p.ref)]; !ok {
				return nil, invalid("a commit refers to a proposal that did not come")
			}
		}
		list = append(list, q)
	}
	return list, nil
}

// processCommit is RFC 9420 §12.4.2.
func (g *Group) processCommit(a *authContent, ev *Event) error {
	c := a.content.commit
	list, err := g.proposals(a)
	if err != nil {
		return err
	}
	r, err := g.apply(list, a.content.sender)
	if err != nil {
		return err
	}
	if r.needPath && c.path == nil {
		return invalid("a commit without the path that its proposals need")
	}
	ev.Commit = r.info(a, list)
	var steps []pathStep
	if c.path != nil {
		if steps, err = g.takePath(r, a, ev); err != nil {
			return err
		}
	}
	if err := g.cfg.checkCommit(ev.Commit); err != nil {
		return err
	}
	if slices.Contains(r.removed, g.me) {
		ev.Evicted = true
		return nil
	}
	n := g.next(r, a)
	for _, q := range list {
		if q.proposal.Type == ProposalUpdate && q.sender.Index == g.me {
			n.priv.wipe()
			n.priv[2*g.me] = slices.Clone(g.updateKeys[string(q.proposal.Leaf.EncryptionKey)])
		}
	}
	n.priv.prune(n.tree)
	if err := g.enter(n, r, a, steps); err != nil {
		return err
	}
	ev.Next = n
	return nil
}

// takePath checks the path of a commit and puts it in the new tree.
func (g *Group) takePath(r *changes, a *authContent, ev *Event) ([]pathStep, error) {
	from, path := a.content.sender.Index, a.content.commit.path
	if a.content.sender.Type == SenderNewCommit {
		if err := g.checkReplaced(r, &path.leaf); err != nil {
			return nil, err
		}
		l := path.leaf
		l.EncryptionKey = nil // applyPath brings it
		var err error
		if from, err = r.tree.addLeaf(&l); err != nil {
			return nil, err
		}
	}
	if err := path.leaf.validate(g.suite, sourceCommit, g.context.GroupID, from); err != nil {
		return nil, err
	}
	if err := g.cfg.checkLeaf(&path.leaf); err != nil {
		return nil, err
	}
	steps, err := r.tree.applyPath(from, path, r.added)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if a.content.sender.Type == SenderNewCommit {
		ev.Commit.joined(from)
		ev.Sender.Index = from
	}
	return steps, r.tree.checkChanged(g.tree, g.context.Extensions, r.extensions)
}

// checkReplaced checks that who comes by external commit and removes a member
// is that member (RFC 9420 §12.2).
func (g *Group) checkReplaced(r *changes, l *LeafNode) error {
	for _, i := range r.removed {
		if !sameCredential(g.tree.leaf(i).Credential, l.Credential) {
			return invalid("external commit that removes somebody else")
		}
	}
	return nil
}

// joined notes who came by external commit.
func (ci *CommitInfo) joined(leaf uint32) {
	ci.Sender.Index = leaf
	ci.Added = []Member{{leaf, ci.Path}}
}

// enter derives the secrets of the next epoch and checks the confirmation tag.
func (g *Group) enter(n *Group, r *changes, a *authContent, steps []pathStep) (err error) {
	s, path := g.suite, a.content.commit.path
	commitSecret, initSecret := s.zero(), bytes.Clone(g.secrets.init)
	if path != nil {
		context := marshal(g.provisional(r, n.context.TreeHash))
		if commitSecret, err = n.tree.decap(n.me, n.priv, steps, path, r.added, context); err != nil {
			return err
		}
	}
	if r.externalInit != nil {
		if initSecret, err = g.externalInit(r.externalInit); err != nil {
			return err
		}
	}
	psk, err := s.pskSecret(r.psks, g.findPSK)
	if err != nil {
		return err
	}
	n.install(s.epochSecrets(s.joinerSecret(initSecret, commitSecret, &n.context), psk, &n.context))
	wipe(psk, initSecret)
	return n.confirm(a.confirmationTag)
}

// externalInit is the init secret that an external commit gives to the members
// (RFC 9420 §8.3).
func (g *Group) externalInit(kemOutput []byte) ([]byte, error) {
	priv, _, err := g.suite.deriveKeyPair(g.secrets.external)
	if err != nil {
		return nil, err
	}
	defer wipe(priv)
	return g.suite.exportFrom(priv, kemOutput)
}
