package mls

import (
	"bytes"
	"fmt"
	"slices"
)

// hash is the tree hash (RFC 9420 §7.8).
func (t *tree) hash() []byte { return t.hashAt(t.root()) }

func (t *tree) hashAt(x uint32) []byte {
	if h := t.hashes[x]; h != nil {
		return h
	}
	h := t.rawHash(x, nil)
	t.hashes[x] = h
	return h
}

// rawHash hashes subtree x as it was before the leaves in without came.
func (t *tree) rawHash(x uint32, without []uint32) []byte {
	var w writer
	n := t.nodes[x]
	if level(x) == 0 {
		w.u8(1)
		w.u32(x / 2)
		if w.optional(n != nil && !slices.Contains(without, x/2)) {
			n.leaf.encode(&w)
		}
		return t.s.hash(w.b)
	}
	w.u8(2)
	if w.optional(n != nil) {
		p := *n.parent
		if len(without) > 0 {
			p.unmerged = slices.DeleteFunc(slices.Clone(p.unmerged), func(u uint32) bool { return slices.Contains(without, u) })
		}
		p.encode(&w)
	}
	w.opaque(t.hashWithout(left(x), without))
	w.opaque(t.hashWithout(right(x), without))
	return t.s.hash(w.b)
}

func (t *tree) hashWithout(x uint32, without []uint32) []byte {
	var in []uint32
	for _, u := range without {
		if below(2*u, x) {
			in = append(in, u)
		}
	}
	if len(in) == 0 {
		return t.hashAt(x)
	}
	return t.rawHash(x, in)
}

// parentHash is the parent hash of node p towards the child that is not sib
// (RFC 9420 §7.9).
func (t *tree) parentHash(p, sib uint32) []byte {
	n := t.nodes[p].parent
	var w writer
	w.opaque(n.encryptionKey)
	w.opaque(n.parentHash)
	w.opaque(t.hashWithout(sib, n.unmerged))
	return t.s.hash(w.b)
}

// setPath replaces the filtered direct path of leaf i by fresh nodes with the
// given keys and returns the parent hash for the leaf (RFC 9420 §7.9).
func (t *tree) setPath(i uint32, steps []pathStep, keys [][]byte) []byte {
	t.blankPath(i)
	hash := []byte{}
	for k := len(steps) - 1; k >= 0; k-- {
		t.set(steps[k].node, &node{parent: &parentNode{encryptionKey: keys[k], parentHash: hash}})
		hash = t.parentHash(steps[k].node, steps[k].copath)
	}
	return hash
}

// verifyParentHashes checks that each parent node was made by somebody below
// it (RFC 9420 §7.9.2).
func (t *tree) verifyParentHashes() error {
	for x, n := range t.nodes {
		if n == nil || n.parent == nil {
			continue
		}
		p := uint32(x)
		if !t.madeBelow(p, left(p), right(p)) && !t.madeBelow(p, right(p), left(p)) {
			return fmt.Errorf("%w: parent hash of node %d", errTree, x)
		}
	}
	return nil
}

// madeBelow reports whether a node below child holds the parent hash of p, and
// all others in the resolution of child came to p later.
func (t *tree) madeBelow(p, child, sib uint32) bool {
	res := t.resolution(child, nil)
	want := t.parentHash(p, sib)
	var later []uint32
	for _, u := range t.nodes[p].parent.unmerged {
		if below(2*u, child) {
			later = append(later, 2*u)
		}
	}
	for k, d := range res {
		n := t.nodes[d]
		var got []byte
		if n.parent != nil {
			got = n.parent.parentHash
		} else if n.leaf.source == sourceCommit {
			got = n.leaf.parentHash
		}
		if got == nil || !bytes.Equal(got, want) {
			continue
		}
		rest := slices.Delete(slices.Clone(res), k, k+1)
		slices.Sort(rest)
		if slices.Equal(rest, later) {
			return true
		}
	}
	return false
}

// verifyUnmerged checks the list of node x (RFC 9420 §12.4.3.1): it rises,
// names members below x, and each node between member and x that is not blank
// names the member too.
func (t *tree) verifyUnmerged(x uint32) error {
	last := -1
	for _, u := range t.nodes[x].parent.unmerged {
		if int(u) <= last || t.leaf(u) == nil || !below(2*u, x) {
			return fmt.Errorf("%w: unmerged leaves of node %d", errTree, x)
		}
		last = int(u)
		for y := parent(2 * u); y != x; y = parent(y) {
			if n := t.nodes[y]; n != nil && !slices.Contains(n.parent.unmerged, u) {
				return fmt.Errorf("%w: leaf %d is unmerged in node %d and not in %d", errTree, u, x, y)
			}
		}
	}
	return nil
}
