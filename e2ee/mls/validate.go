package mls

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrInvalid is in the chain of every error about a leaf, KeyPackage, proposal
// or commit that breaks a rule of RFC 9420.
var ErrInvalid = errors.New("mls: invalid")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

// validate checks a KeyPackage as far as it stands alone (RFC 9420 §10.1).
func (k *KeyPackage) validate(s *suite) error {
	if k.Suite != s.id {
		return invalid("key package: cipher suite %#04x", uint16(k.Suite))
	}
	if string(k.InitKey) == string(k.Leaf.EncryptionKey) {
		return invalid("key package: init key is the leaf's key")
	}
	if err := uniqueExtensions(k.Extensions); err != nil {
		return err
	}
	if err := s.checkKey(k.InitKey); err != nil {
		return fmt.Errorf("%w: key package: %w", ErrInvalid, err)
	}
	if err := s.verify(k.Leaf.SignatureKey, "KeyPackageTBS", k.tbs(), k.signature); err != nil {
		return fmt.Errorf("%w: key package: %w", ErrInvalid, err)
	}
	return k.Leaf.validate(s, sourceKeyPackage, nil, 0)
}

// validate checks a leaf as far as it stands alone (RFC 9420 §7.3): where it
// came from, its signature, and that its capabilities cover what it uses.
// What it has to do with other members is for tree.checkMembers, its lifetime
// for Config, who it is for Config.CheckLeaf.
func (l *LeafNode) validate(s *suite, source leafSource, groupID []byte, index uint32) error {
	if l.source != source {
		return invalid("leaf: source %d instead of %d", l.source, source)
	}
	if err := l.verify(s, groupID, index); err != nil {
		return fmt.Errorf("%w: leaf: %w", ErrInvalid, err)
	}
	if err := s.checkKey(l.EncryptionKey); err != nil {
		return fmt.Errorf("%w: leaf: %w", ErrInvalid, err)
	}
	c := &l.Capabilities
	if !slices.Contains(c.Versions, versionMLS10) {
		return invalid("leaf: it does not support MLS 1.0")
	}
	if !slices.Contains(c.Suites, uint16(s.id)) {
		return invalid("leaf: it does not support the cipher suite")
	}
	if !slices.Contains(c.Credentials, l.Credential.Type) {
		return invalid("leaf: it does not support its own credential")
	}
	for _, e := range l.Extensions {
		if !c.supportsExtension(e.Type) {
			return invalid("leaf: extension %#04x is not in its capabilities", e.Type)
		}
	}
	return uniqueExtensions(l.Extensions)
}

func (c *Capabilities) supportsExtension(t ExtensionType) bool {
	return defaultExtension(t) || slices.Contains(c.Extensions, t)
}

func (c *Capabilities) supportsProposal(t ProposalType) bool {
	return defaultProposal(t) || slices.Contains(c.Proposals, t)
}

// uniqueExtensions checks that no type comes twice (RFC 9420 §13.4).
func uniqueExtensions(es []Extension) error {
	seen := map[ExtensionType]bool{}
	for _, e := range es {
		if seen[e.Type] {
			return invalid("extension %#04x comes twice", e.Type)
		}
		seen[e.Type] = true
	}
	return nil
}

// checkLifetime checks a leaf that is about to be added (RFC 9420 §7.2, §7.3).
func (c *Config) checkLifetime(l *LeafNode) error {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	if t := uint64(now().Unix()); t < l.NotBefore || t > l.NotAfter {
		return invalid("leaf: it is not within its lifetime")
	}
	longest := c.MaxLifetime
	if longest == 0 {
		longest = defaultMaxLifetime
	}
	if longest > 0 && l.NotAfter-l.NotBefore > uint64(longest/time.Second) {
		return invalid("leaf: its lifetime is too long")
	}
	return nil
}

func (c *Config) checkLeaf(l *LeafNode) error {
	if c.CheckLeaf == nil {
		return nil
	}
	if err := c.CheckLeaf(l); err != nil {
		return fmt.Errorf("mls: leaf refused: %w", err)
	}
	return nil
}

// RequiredCapabilities is the extension of that name (RFC 9420 §11.1).
type RequiredCapabilities struct {
	Extensions  []ExtensionType
	Proposals   []ProposalType
	Credentials []CredentialType
}

// Extension encodes it for a GroupContext.
func (q RequiredCapabilities) Extension() Extension {
	var w writer
	w.u16s(q.Extensions)
	w.u16s(q.Proposals)
	w.u16s(q.Credentials)
	return Extension{ExtRequiredCapabilities, w.b}
}

func (q *RequiredCapabilities) decode(r *reader) {
	q.Extensions = r.u16s()
	q.Proposals = r.u16s()
	q.Credentials = r.u16s()
}

type externalSender struct {
	signatureKey []byte
	credential   Credential
}

func externalSenders(es []Extension) (out []externalSender, err error) {
	data, ok := findExtension(es, ExtExternalSenders)
	if !ok {
		return nil, nil
	}
	err = unmarshal(data, func(r *reader) {
		r.vec(maxSenders, func(r *reader) {
			var e externalSender
			e.signatureKey = r.opaque()
			e.credential.decode(r)
			out = append(out, e)
		})
	})
	return out, err
}

// groupNeeds is what each member of a group must support.
type groupNeeds struct {
	required    RequiredCapabilities
	extensions  []Extension
	credentials []CredentialType // in use
}

func needsOf(extensions []Extension) (*groupNeeds, error) {
	n := &groupNeeds{extensions: extensions}
	if err := uniqueExtensions(extensions); err != nil {
		return nil, err
	}
	if data, ok := findExtension(extensions, ExtRequiredCapabilities); ok {
		if err := unmarshal(data, n.required.decode); err != nil {
			return nil, invalid("required capabilities: malformed")
		}
	}
	if _, err := externalSenders(extensions); err != nil {
		return nil, invalid("external senders: malformed")
	}
	return n, nil
}

func (n *groupNeeds) use(t CredentialType) {
	if !slices.Contains(n.credentials, t) {
		n.credentials = append(n.credentials, t)
	}
}

// check is the part of RFC 9420 §7.3 and §13 that is about one leaf and the
// group.
func (n *groupNeeds) check(l *LeafNode) error {
	c := &l.Capabilities
	for _, e := range n.extensions {
		if !c.supportsExtension(e.Type) {
			return invalid("leaf: it does not support the group's extension %#04x", e.Type)
		}
	}
	for _, t := range n.required.Extensions {
		if !c.supportsExtension(t) {
			return invalid("leaf: it does not support the required extension %#04x", t)
		}
	}
	for _, t := range n.required.Proposals {
		if !c.supportsProposal(t) {
			return invalid("leaf: it does not support the required proposal %#04x", t)
		}
	}
	for _, t := range n.required.Credentials {
		if !slices.Contains(c.Credentials, t) {
			return invalid("leaf: it does not support the required credential %#04x", t)
		}
	}
	for _, t := range n.credentials {
		if !slices.Contains(c.Credentials, t) {
			return invalid("leaf: it does not support credential %#04x, which is in use", t)
		}
	}
	return nil
}

// checkMembers checks that no key is in the tree twice, and that each member
// supports what the group and the other members use (RFC 9420 §7.3, §12.2).
func (t *tree) checkMembers(extensions []Extension) error {
	needs, err := needsOf(extensions)
	if err != nil {
		return err
	}
	encryption, signature := map[string]bool{}, map[string]bool{}
	for x, n := range t.nodes {
		if n == nil {
			continue
		}
		if encryption[string(n.key())] {
			return invalid("the encryption key of node %d is in the tree twice", x)
		}
		encryption[string(n.key())] = true
		if n.leaf == nil {
			continue
		}
		if signature[string(n.leaf.SignatureKey)] {
			return invalid("the signature key of leaf %d is in the tree twice", x/2)
		}
		signature[string(n.leaf.SignatureKey)] = true
		needs.use(n.leaf.Credential.Type)
	}
	for _, l := range t.members {
		if err := needs.check(l); err != nil {
			return err
		}
	}
	return nil
}

// checkChanged is checkMembers for a tree that was made of old, which has been
// checked with the extensions was: what is new is compared with the rest, and
// nothing else is looked at.
func (t *tree) checkChanged(old *tree, was, extensions []Extension) error {
	needs, err := needsOf(extensions)
	if err != nil {
		return err
	}
	at := func(x int) *node {
		if x < len(old.nodes) {
			return old.nodes[x]
		}
		return nil
	}
	encryption, signature := map[string]bool{}, map[string]bool{} // that old does not have in their place
	var leaves []*LeafNode
	for x, n := range t.nodes {
		o := at(x)
		if n == nil || n == o {
			continue
		}
		if o == nil || !bytes.Equal(o.key(), n.key()) { // else it is a parent to which a leaf was added
			if encryption[string(n.key())] {
				return invalid("the encryption key of node %d is in the tree twice", x)
			}
			encryption[string(n.key())] = true
		}
		if n.leaf == nil {
			continue
		}
		leaves = append(leaves, n.leaf)
		if o == nil || !bytes.Equal(o.leaf.SignatureKey, n.leaf.SignatureKey) {
			if signature[string(n.leaf.SignatureKey)] {
				return invalid("the signature key of leaf %d is in the tree twice", x/2)
			}
			signature[string(n.leaf.SignatureKey)] = true
		}
	}
	for x, n := range t.nodes {
		if n == nil {
			continue
		}
		o := at(x)
		if encryption[string(n.key())] && o != nil && bytes.Equal(o.key(), n.key()) {
			return invalid("the encryption key of node %d is in the tree twice", x)
		}
		if n.leaf == nil {
			continue
		}
		if len(signature) > 0 && signature[string(n.leaf.SignatureKey)] && o != nil && bytes.Equal(o.leaf.SignatureKey, n.leaf.SignatureKey) {
			return invalid("the signature key of leaf %d is in the tree twice", x/2)
		}
		needs.use(n.leaf.Credential.Type)
	}
	same := slices.EqualFunc(was, extensions, func(a, b Extension) bool { return a.Type == b.Type && bytes.Equal(a.Data, b.Data) })
	if !same || len(needs.credentials) > 1 { // with one kind of credential each leaf supports its own
		leaves = leaves[:0]
		for _, l := range t.members {
			leaves = append(leaves, l)
		}
	}
	for _, l := range leaves {
		if err := needs.check(l); err != nil {
			return err
		}
	}
	return nil
}

// validate checks a tree that somebody else handed over (RFC 9420 §12.4.3.1).
// Lifetimes are not looked at: a member stays one when its KeyPackage has run
// out, and refusing it here would shut out whoever joins later.
func (t *tree) validate(gc *GroupContext, cfg *Config) error {
	if err := t.checkMembers(gc.Extensions); err != nil {
		return fmt.Errorf("%w: %w", errTree, err)
	}
	for x, n := range t.nodes {
		if n == nil {
			continue
		}
		if n.leaf == nil {
			if err := t.verifyUnmerged(uint32(x)); err != nil {
				return err
			}
			if err := t.s.checkKey(n.parent.encryptionKey); err != nil {
				return fmt.Errorf("%w: node %d: %w", errTree, x, err)
			}
			continue
		}
		if err := n.leaf.validate(t.s, n.leaf.source, gc.GroupID, uint32(x)/2); err != nil {
			return fmt.Errorf("%w: leaf %d: %w", errTree, x/2, err)
		}
		if err := cfg.checkLeaf(n.leaf); err != nil {
			return fmt.Errorf("%w: leaf %d: %w", errTree, x/2, err)
		}
	}
	return t.verifyParentHashes()
}
