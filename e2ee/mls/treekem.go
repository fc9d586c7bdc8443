package mls

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// privTree holds the private keys that a member knows, by node index. Each
// Group has copies of its own, so that it can wipe them.
type privTree map[uint32][]byte

func (p privTree) clone() privTree {
	c := maps.Clone(p)
	for x, k := range c {
		c[x] = slices.Clone(k)
	}
	return c
}

func (p privTree) wipe() {
	for _, k := range p {
		clear(k)
	}
	clear(p)
}

// prune forgets the keys of nodes that were blanked.
func (p privTree) prune(t *tree) {
	for x, k := range p {
		if int(x) >= len(t.nodes) || t.nodes[x] == nil {
			clear(k)
			delete(p, x)
		}
	}
}

// implant derives the private keys of the nodes of a path from the path secret
// of the first, checks them against the tree, and returns the commit secret
// (RFC 9420 §7.4). It consumes secret.
func (t *tree) implant(priv privTree, path []uint32, secret []byte) (commitSecret []byte, err error) {
	for _, x := range path {
		nodeSecret := t.s.derive(secret, "node")
		sk, pk, err := t.s.deriveKeyPair(nodeSecret)
		wipe(nodeSecret)
		if err != nil {
			return nil, err
		}
		if t.nodes[x] == nil || subtle.ConstantTimeCompare(pk, t.nodes[x].key()) != 1 {
			return nil, fmt.Errorf("mls: the path secret does not match the public key of node %d", x)
		}
		priv[x] = sk
		next := t.s.derive(secret, "path")
		wipe(secret)
		secret = next
	}
	return secret, nil
}

// ownPath is what making a path leaves behind.
type ownPath struct {
	path         *updatePath
	priv         privTree          // of leaf and path
	secrets      map[uint32][]byte // path secrets by node, for those who join
	commitSecret []byte
}

func (p *ownPath) wipe() {
	for _, s := range p.secrets {
		wipe(s)
	}
	wipe(p.commitSecret)
}

// encap makes a path for leaf i (RFC 9420 §7.5) and puts it in the tree. Its
// secrets go to everybody but the leaves in exclude, who get them by Welcome.
// contextFor returns the provisional GroupContext for the new tree hash.
func (t *tree) encap(i uint32, signer *Signer, groupID []byte, exclude []uint32, contextFor func(treeHash []byte) *GroupContext) (*ownPath, error) {
	s := t.s
	steps := t.filteredPath(i)
	own := &ownPath{priv: privTree{}, secrets: map[uint32][]byte{}}
	secret := randomBytes(s.size)
	keys := make([][]byte, len(steps))
	for k, st := range steps {
		own.secrets[st.node] = secret
		nodeSecret := s.derive(secret, "node")
		sk, pk, err := s.deriveKeyPair(nodeSecret)
		wipe(nodeSecret)
		if err != nil {
			return nil, err
		}
		own.priv[st.node], keys[k] = sk, pk
		secret = s.derive(secret, "path")
	}
	own.commitSecret = secret
	old := t.leaf(i)
	parentHash := t.setPath(i, steps, keys)
	sk, pk, err := s.generateKeyPair()
	if err != nil {
		return nil, err
	}
	own.priv[2*i] = sk
	l := old.renewed(sourceCommit, pk)
	l.parentHash = parentHash
	if err := l.sign(signer, groupID, i); err != nil {
		return nil, err
	}
	t.set(2*i, &node{leaf: l})
	context := marshal(contextFor(t.hash()))
	own.path = &updatePath{leaf: *l}
	for k, st := range steps {
		n := updatePathNode{encryptionKey: keys[k]}
		for _, x := range t.receivers(st, exclude) {
			c, err := s.encryptLabel(t.nodes[x].key(), "UpdatePathNode", context, own.secrets[st.node])
			if err != nil {
				return nil, fmt.Errorf("mls: making a path: node %d: %w", x, err)
			}
			n.secrets = append(n.secrets, c)
		}
		own.path.nodes = append(own.path.nodes, n)
	}
	return own, nil
}

// receivers is the resolution of a step's copath without the new leaves.
func (t *tree) receivers(st pathStep, exclude []uint32) []uint32 {
	if len(exclude) == 0 {
		return st.res
	}
	return slices.DeleteFunc(slices.Clone(st.res), func(x uint32) bool { return x%2 == 0 && slices.Contains(exclude, x/2) })
}

// applyPath puts a received path in the public tree (RFC 9420 §12.4.2). Its
// leaf was validated but for the parent hash.
func (t *tree) applyPath(i uint32, up *updatePath, exclude []uint32) ([]pathStep, error) {
	steps := t.filteredPath(i)
	if len(steps) != len(up.nodes) {
		return nil, errors.New("mls: path of the wrong length")
	}
	have := map[string]bool{}
	for _, n := range t.nodes {
		if n != nil {
			have[string(n.key())] = true
		}
	}
	if have[string(up.leaf.EncryptionKey)] {
		return nil, errors.New("mls: path with a key that is in the tree")
	}
	have[string(up.leaf.EncryptionKey)] = true
	keys := make([][]byte, len(steps))
	for k, n := range up.nodes {
		if have[string(n.encryptionKey)] {
			return nil, errors.New("mls: path with a key that is in the tree")
		}
		have[string(n.encryptionKey)] = true
		if err := t.s.checkKey(n.encryptionKey); err != nil {
			return nil, fmt.Errorf("mls: path: %w", err)
		}
		if len(n.secrets) != len(t.receivers(steps[k], exclude)) {
			return nil, errors.New("mls: path with the wrong number of secrets")
		}
		keys[k] = n.encryptionKey
	}
	hash := t.setPath(i, steps, keys)
	if subtle.ConstantTimeCompare(hash, up.leaf.parentHash) != 1 {
		return nil, errors.New("mls: path with a wrong parent hash")
	}
	t.set(2*i, &node{leaf: &up.leaf})
	return steps, nil
}

// decap decrypts the path secret that member me can read, implants the path's
// private keys in priv and returns the commit secret (RFC 9420 §7.5).
func (t *tree) decap(me uint32, priv privTree, steps []pathStep, up *updatePath, exclude []uint32, context []byte) ([]byte, error) {
	for k, st := range steps {
		if !below(2*me, st.copath) {
			continue
		}
		for j, x := range t.receivers(st, exclude) {
			sk := priv[x]
			if sk == nil || !below(2*me, x) {
				continue
			}
			secret, err := t.s.decryptLabel(sk, "UpdatePathNode", context, up.nodes[k].secrets[j])
			if err != nil {
				return nil, fmt.Errorf("mls: path secret: %w", err)
			}
			var path []uint32
			for _, q := range steps[k:] {
				path = append(path, q.node)
			}
			return t.implant(priv, path, secret)
		}
	}
	return nil, errors.New("mls: no key for the path")
}
