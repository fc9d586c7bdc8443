package mls

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

const (
	// keepEpochs is for how many past epochs late application messages are
	// read. More keeps their keys longer, fewer loses messages that a commit
	// overtook.
	keepEpochs = 3
	// keepResumption is of how many past epochs the resumption PSK is kept.
	keepResumption = 8
	// maxPending is how many proposals of an epoch may wait for a commit.
	maxPending = 1024

	defaultMaxLifetime = 90 * 24 * time.Hour
)

// What callers tell apart. Other errors of this package mean that a message
// is to be dropped.
var (
	// ErrOwnMessage is a message that this member sent, come back to it.
	ErrOwnMessage = errors.New("mls: own message")
	// ErrWrongEpoch is a message of another group or epoch.
	ErrWrongEpoch = errors.New("mls: wrong group or epoch")
	// ErrReInit is the end of a group whose members agreed to make it anew.
	ErrReInit = errors.New("mls: the group is to be re-initialised")
)

// A Config is what the application adds to the RFC. Its functions are called
// from within Create, Join, Process and so on, in the same goroutine, and must
// not call back into the group. The zero value allows all that the RFC allows,
// and knows no PSK.
type Config struct {
	// PSK returns the pre-shared key with the ID, nil for an unknown one. The
	// group's own resumption PSKs are not asked for. It is not changed.
	PSK func(PSKID) []byte

	// CheckLeaf is the authentication service (RFC 9420 §5.3.1). It is called
	// for every leaf that comes by Add, Update, path or ratchet tree, after
	// the RFC's own checks.
	CheckLeaf func(*LeafNode) error

	// CheckCommit is the policy about whole commits, others' and our own. It is
	// called after all checks that need no secret, and before any key of the
	// new epoch is derived. An error refuses the commit.
	CheckCommit func(*CommitInfo) error

	Now         func() time.Time // nil: time.Now
	MaxLifetime time.Duration    // of a KeyPackage's leaf; 0: 90 days; negative: any
	Padding     int              // private messages are padded to a multiple of this many bytes
}

func (c *Config) psk(id PSKID) []byte {
	if c.PSK == nil {
		return nil
	}
	return c.PSK(id)
}

func (c *Config) checkCommit(ci *CommitInfo) error {
	if c.CheckCommit == nil {
		return nil
	}
	if err := c.CheckCommit(ci); err != nil {
		return fmt.Errorf("mls: commit refused: %w", err)
	}
	return nil
}

// A CommitInfo describes a commit, authenticated, before the new epoch is
// taken. All of it is shared and not to be changed.
type CommitInfo struct {
	Epoch     uint64 // that the commit ends
	Sender    Sender // Index is set for an external commit too: the leaf it takes
	AAD       []byte
	Proposals []CommitProposal
	Path      *LeafNode // the committer's new leaf; nil: a commit without a path
	Added     []Member  // by Add proposals and by external commit
	Removed   []uint32
}

// A CommitProposal is a proposal in a commit.
type CommitProposal struct {
	*Proposal
	Sender Sender // who proposed
	ByRef  bool   // sent before the commit
}

// A Member is a leaf and its index.
type Member struct {
	Index uint32
	Leaf  *LeafNode
}

// pastEpoch reads late application messages.
type pastEpoch struct {
	context    GroupContext
	tree       *tree
	secretTree *secretTree // shared with the Group of that epoch: a key is used once
	senderData []byte
}

// A Group is one member's view of one epoch. It is used by one goroutine at a
// time. Commit and Process leave it in its epoch and return the Group of the
// next; the caller takes that one and calls Wipe on the one it leaves. It does
// not print its secrets.
type Group struct {
	suite      *suite
	cfg        *Config
	context    GroupContext
	tree       *tree
	me         uint32
	priv       privTree
	signer     *Signer
	secrets    *epochSecrets
	secretTree *secretTree
	interim    []byte // transcript hash
	confirmTag []byte
	pending    map[string]sent   // proposals by reference
	updateKeys map[string][]byte // of own Updates: private by public key
	history    history
	reInit     *ReInit
}

type history struct {
	past       map[uint64]*pastEpoch
	resumption map[uint64][]byte
}

// Create makes a group with one member. It consumes the KeyPackage.
func Create(cfg Config, groupID []byte, kp *KeyPackagePrivate, extensions ...Extension) (*Group, error) {
	fail := func(err error) (*Group, error) { return nil, fmt.Errorf("mls: creating a group: %w", err) }
	if kp.leafPriv == nil {
		return fail(errors.New("the key package was used"))
	}
	s, l := kp.suite, kp.Public.Leaf
	if err := cfg.checkLeaf(&l); err != nil {
		return fail(err)
	}
	g := newGroup(s, &cfg, kp.signer)
	g.tree = newTree(s, &l)
	if err := g.tree.checkMembers(extensions); err != nil {
		return fail(err)
	}
	g.priv = privTree{0: slices.Clone(kp.leafPriv)}
	g.context = GroupContext{
		Suite: s.id, GroupID: bytes.Clone(groupID), TreeHash: g.tree.hash(),
		ConfirmedTranscriptHash: []byte{}, Extensions: slices.Clone(extensions),
	}
	g.install(s.fromEpochSecret(randomBytes(s.size)))
	g.confirmTag = s.mac(g.secrets.confirmation, g.context.ConfirmedTranscriptHash)
	g.interim = s.interimHash(g.context.ConfirmedTranscriptHash, g.confirmTag)
	kp.Wipe()
	return g, nil
}

func newGroup(s *suite, cfg *Config, signer *Signer) *Group {
	return &Group{
		suite: s, cfg: cfg, signer: signer, pending: map[string]sent{}, updateKeys: map[string][]byte{},
		history: history{past: map[uint64]*pastEpoch{}, resumption: map[uint64][]byte{}},
	}
}

func (g *Group) install(e *epochSecrets) {
	g.secrets = e
	g.secretTree = newSecretTree(g.suite, g.tree.leaves(), e.encryption)
	e.encryption = nil
}

// ID is the group's identifier. The caller does not change it, nor what the
// methods below return.
func (g *Group) ID() []byte { return g.context.GroupID }

// Epoch is the number of the epoch.
func (g *Group) Epoch() uint64 { return g.context.Epoch }

// Suite is the group's cipher suite.
func (g *Group) Suite() SuiteID { return g.suite.id }

// Me is our own leaf index.
func (g *Group) Me() uint32 { return g.me }

// Leaf returns the member with the index, nil for an empty leaf.
func (g *Group) Leaf(i uint32) *LeafNode { return g.tree.leaf(i) }

// Members returns all members in the order of their leaves.
func (g *Group) Members() (out []Member) {
	for i, l := range g.tree.members {
		out = append(out, Member{i, l})
	}
	return out
}

// Context is the GroupContext of the epoch.
func (g *Group) Context() GroupContext { return g.context }

// Extension returns the data of an extension of the GroupContext.
func (g *Group) Extension(t ExtensionType) ([]byte, bool) {
	return findExtension(g.context.Extensions, t)
}

// Tree is the ratchet tree as joiners need it (RFC 9420 §12.4.3.3).
func (g *Group) Tree() []byte { return g.tree.marshal() }

// ConfirmedTranscriptHash is the same for all who came the same way.
func (g *Group) ConfirmedTranscriptHash() []byte { return g.context.ConfirmedTranscriptHash }

// EpochAuthenticator is the same for all members of the epoch, and nobody else
// knows it (RFC 9420 §8.7). The caller may keep a copy.
func (g *Group) EpochAuthenticator() []byte { return bytes.Clone(g.secrets.authenticator) }

// ReInit returns what the members agreed to make the group anew as, nil for a
// group that goes on.
func (g *Group) ReInit() *ReInit { return g.reInit }

// Export derives a secret of n bytes, at most 255 hashes (RFC 9420 §8.5).
func (g *Group) Export(label string, context []byte, n int) []byte {
	return g.suite.export(g.secrets.exporter, label, context, n)
}

// Format prints group and epoch, and no secret, whatever the verb.
func (g *Group) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "mls group %.4x epoch %d [secret]", g.context.GroupID, g.context.Epoch)
}

// LogValue logs the epoch, and no secret.
func (g *Group) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(g)) }

// Wipe destroys the secrets of g but for those that keep uses: the Group that
// takes its place, or, for a next Group that is not taken, the one that stays;
// nil when the meeting is over. g is not used afterwards.
func (g *Group) Wipe(keep *Group) {
	shared := map[*secretTree]bool{}
	if keep != nil {
		shared[keep.secretTree] = true
		for _, p := range keep.history.past {
			shared[p.secretTree] = true
		}
	}
	for _, p := range g.history.past {
		wipe(p.senderData)
		if !shared[p.secretTree] {
			p.secretTree.wipe()
		}
	}
	if !shared[g.secretTree] {
		g.secretTree.wipe()
	}
	for _, k := range g.history.resumption {
		wipe(k)
	}
	for _, k := range g.updateKeys {
		wipe(k)
	}
	g.priv.wipe()
	g.secrets.wipe()
}

// Forget destroys what is kept of the epochs up to this one for late messages
// and for resumption.
func (g *Group) Forget(epoch uint64) {
	for e, p := range g.history.past {
		if e <= epoch {
			p.secretTree.wipe()
			wipe(p.senderData)
			delete(g.history.past, e)
		}
	}
	for e, k := range g.history.resumption {
		if e <= epoch {
			wipe(k)
			delete(g.history.resumption, e)
		}
	}
}

func (g *Group) findPSK(id PSKID) []byte {
	if id.Type == PSKResumption && bytes.Equal(id.GroupID, g.context.GroupID) {
		if id.Epoch == g.context.Epoch && g.secrets != nil {
			return g.secrets.resumption
		}
		if k := g.history.resumption[id.Epoch]; k != nil {
			return k
		}
	}
	return g.cfg.psk(id)
}

// confirm checks the confirmation tag (RFC 9420 §6.1) and closes the
// transcript of the epoch.
func (g *Group) confirm(tag []byte) error {
	if !hmac.Equal(g.suite.mac(g.secrets.confirmation, g.context.ConfirmedTranscriptHash), tag) {
		return errors.New("mls: bad confirmation tag")
	}
	g.confirmTag = tag
	g.interim = g.suite.interimHash(g.context.ConfirmedTranscriptHash, tag)
	return nil
}

// provisional is the GroupContext under which a path is encrypted (RFC 9420
// §12.4.1): that of the next epoch with the old transcript.
func (g *Group) provisional(r *changes, treeHash []byte) *GroupContext {
	return &GroupContext{
		Suite: g.suite.id, GroupID: g.context.GroupID, Epoch: g.context.Epoch + 1, TreeHash: treeHash,
		ConfirmedTranscriptHash: g.context.ConfirmedTranscriptHash, Extensions: r.extensions,
	}
}

// next starts the Group of the next epoch, which has no secrets yet.
func (g *Group) next(r *changes, a *authContent) *Group {
	n := newGroup(g.suite, g.cfg, g.signer)
	n.tree, n.me, n.priv, n.reInit = r.tree, g.me, g.priv.clone(), r.reInit
	n.context = *g.provisional(r, r.tree.hash())
	n.context.ConfirmedTranscriptHash = g.suite.confirmedHash(g.interim, a)
	if g.secrets == nil { // an external joiner has no past
		return n
	}
	for e, p := range g.history.past {
		if e+keepEpochs >= n.context.Epoch {
			n.history.past[e] = &pastEpoch{p.context, p.tree, p.secretTree, bytes.Clone(p.senderData)}
		}
	}
	n.history.past[g.context.Epoch] = &pastEpoch{g.context, g.tree, g.secretTree, bytes.Clone(g.secrets.senderData)}
	for e, k := range g.history.resumption {
		if e+keepResumption >= n.context.Epoch {
			n.history.resumption[e] = bytes.Clone(k)
		}
	}
	n.history.resumption[g.context.Epoch] = bytes.Clone(g.secrets.resumption)
	return n
}
