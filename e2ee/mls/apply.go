package mls

import (
	"bytes"
	"slices"
)

// sent is a proposal and who made it.
type sent struct {
	proposal *Proposal
	sender   Sender
	byRef    bool
}

// changes is what a list of proposals makes of a group.
type changes struct {
	tree         *tree
	extensions   []Extension
	added        []uint32
	packages     []*KeyPackage // of added
	removed      []uint32
	psks         []PSKID
	needPath     bool // RFC 9420 §12.4: with an Update, Remove, ExternalInit or GroupContextExtensions, and without any proposal
	externalInit []byte
	reInit       *ReInit
	joined       bool // by our own external commit
}

// apply checks the proposals of a commit, one by one (RFC 9420 §12.1) and as a
// list (§12.2), and applies them in the order of §12.3.
func (g *Group) apply(list []sent, committer Sender) (*changes, error) {
	c := &proposalCheck{
		g: g, committer: committer, touched: map[uint32]bool{}, psks: map[string]bool{},
		changes: &changes{tree: g.tree.clone(), extensions: g.context.Extensions, needPath: len(list) == 0},
	}
	for _, q := range list {
		if err := c.check(q, len(list)); err != nil {
			return nil, err
		}
	}
	if c.external() && c.externalInit == nil {
		return nil, invalid("external commit without ExternalInit")
	}
	r := c.changes
	for _, q := range list {
		if q.proposal.Type == ProposalUpdate {
			r.tree.updateLeaf(q.sender.Index, q.proposal.Leaf)
		}
	}
	for _, leaf := range r.removed {
		r.tree.removeLeaf(leaf)
	}
	for _, k := range r.packages {
		l := k.Leaf
		i, err := r.tree.addLeaf(&l)
		if err != nil {
			return nil, err
		}
		r.added = append(r.added, i)
	}
	return r, r.tree.checkChanged(g.tree, g.context.Extensions, r.extensions)
}

// proposalCheck goes through one list of proposals.
type proposalCheck struct {
	*changes
	g         *Group
	committer Sender
	touched   map[uint32]bool // leaves updated or removed
	psks      map[string]bool
	replaced  bool // by GroupContextExtensions
}

func (c *proposalCheck) external() bool { return c.committer.Type == SenderNewCommit }

func (c *proposalCheck) check(q sent, of int) error {
	p := q.proposal
	if c.external() {
		if q.byRef {
			return invalid("external commit with a proposal by reference")
		}
		if p.Type != ProposalExternalInit && p.Type != ProposalRemove && p.Type != ProposalPSK {
			return invalid("external commit with a proposal of type %d", p.Type)
		}
	}
	switch p.Type {
	case ProposalAdd:
		return c.add(p)
	case ProposalUpdate:
		return c.update(q)
	case ProposalRemove:
		return c.remove(p)
	case ProposalPSK:
		return c.psk(p)
	case ProposalReInit:
		if of != 1 {
			return invalid("ReInit with other proposals")
		}
		if p.ReInit.Version < versionMLS10 {
			return invalid("ReInit to an older version")
		}
		c.reInit = &p.ReInit
	case ProposalExternalInit:
		if !c.external() || c.externalInit != nil {
			return invalid("ExternalInit where none may be")
		}
		c.externalInit, c.needPath = p.KEMOutput, true
	case ProposalGroupContextExtensions:
		if c.replaced {
			return invalid("two GroupContextExtensions")
		}
		c.replaced, c.needPath, c.extensions = true, true, p.Extensions
	default:
		return invalid("proposal of type %d", p.Type)
	}
	return nil
}

// add checks an Add (RFC 9420 §12.1.1). That it adds nobody twice is seen in
// the tree.
func (c *proposalCheck) add(p *Proposal) error {
	if err := p.KeyPackage.validate(c.g.suite); err != nil {
		return err
	}
	if err := c.g.cfg.checkLifetime(&p.KeyPackage.Leaf); err != nil {
		return err
	}
	if err := c.g.cfg.checkLeaf(&p.KeyPackage.Leaf); err != nil {
		return err
	}
	c.packages = append(c.packages, p.KeyPackage)
	return nil
}

// update checks an Update (RFC 9420 §12.1.2).
func (c *proposalCheck) update(q sent) error {
	i, l := q.sender.Index, q.proposal.Leaf
	switch {
	case q.sender.Type != SenderMember:
		return invalid("Update by somebody who is no member")
	case q.sender == c.committer:
		return invalid("Update by the committer")
	case c.touched[i]:
		return invalid("leaf %d is changed twice", i)
	}
	old := c.g.tree.leaf(i)
	if old == nil || bytes.Equal(old.EncryptionKey, l.EncryptionKey) {
		return invalid("Update that keeps the encryption key")
	}
	if err := l.validate(c.g.suite, sourceUpdate, c.g.context.GroupID, i); err != nil {
		return err
	}
	if err := c.g.cfg.checkLeaf(l); err != nil {
		return err
	}
	c.touched[i], c.needPath = true, true
	return nil
}

// remove checks a Remove (RFC 9420 §12.1.3, and §12.2 for external commits).
func (c *proposalCheck) remove(p *Proposal) error {
	switch {
	case c.g.tree.leaf(p.Removed) == nil:
		return invalid("Remove of leaf %d, which is empty", p.Removed)
	case c.touched[p.Removed]:
		return invalid("leaf %d is changed twice", p.Removed)
	case c.committer == Sender{SenderMember, p.Removed}:
		return invalid("Remove of the committer")
	case c.external() && len(c.removed) > 0:
		return invalid("external commit with two Removes")
	}
	c.touched[p.Removed], c.needPath = true, true
	c.removed = append(c.removed, p.Removed)
	return nil
}

// psk checks a PreSharedKey (RFC 9420 §12.1.4).
func (c *proposalCheck) psk(p *Proposal) error {
	id := string(marshal(p.PSK))
	switch {
	case len(p.PSK.Nonce) != c.g.suite.size:
		return invalid("PreSharedKey with a nonce of %d bytes", len(p.PSK.Nonce))
	case p.PSK.Type == PSKResumption && p.PSK.Usage != UsageApplication:
		return invalid("PreSharedKey of a re-initialised or branched group")
	case c.psks[id]:
		return invalid("the same PreSharedKey twice")
	}
	c.psks[id] = true
	c.changes.psks = append(c.changes.psks, p.PSK)
	return nil
}

// info is what the application may judge about the commit.
func (r *changes) info(a *authContent, list []sent) *CommitInfo {
	ci := &CommitInfo{Epoch: a.content.epoch, Sender: a.content.sender, AAD: a.content.aad, Removed: r.removed}
	for _, q := range list {
		ci.Proposals = append(ci.Proposals, CommitProposal{q.proposal, q.sender, q.byRef})
	}
	for _, i := range r.added {
		ci.Added = append(ci.Added, Member{i, r.tree.leaf(i)})
	}
	if p := a.content.commit.path; p != nil {
		ci.Path = &p.leaf
	}
	return ci
}

func sameCredential(a, b Credential) bool {
	return a.Type == b.Type && bytes.Equal(a.Identity, b.Identity) && slices.EqualFunc(a.Certs, b.Certs, bytes.Equal)
}
