package mls

import (
	"errors"
	"fmt"
	"slices"
)

// parentNode is ParentNode (RFC 9420 §7.1).
type parentNode struct {
	encryptionKey []byte
	parentHash    []byte
	unmerged      []uint32 // leaf indices, rising
}

func (p *parentNode) encode(w *writer) {
	w.opaque(p.encryptionKey)
	w.opaque(p.parentHash)
	w.vec(func(w *writer) {
		for _, u := range p.unmerged {
			w.u32(u)
		}
	})
}

func (p *parentNode) decode(r *reader) {
	p.encryptionKey = r.opaque()
	p.parentHash = r.opaque()
	r.vec(maxLeaves, func(r *reader) { p.unmerged = append(p.unmerged, r.u32()) })
}

// node holds one of the two. It is immutable once stored in a tree, so that
// the trees of successive epochs share nodes.
type node struct {
	leaf   *LeafNode
	parent *parentNode
}

func (n *node) key() []byte {
	if n.leaf != nil {
		return n.leaf.EncryptionKey
	}
	return n.parent.encryptionKey
}

// tree is the public ratchet tree (RFC 9420 §7).
type tree struct {
	s      *suite
	nodes  []*node  // 2·k-1 of them, k a power of two; nil: blank
	hashes [][]byte // of the subtrees, nil where not known
}

var (
	errTree     = errors.New("mls: invalid ratchet tree")
	errTreeFull = fmt.Errorf("mls: a group has at most %d members", maxLeaves)
)

func newTree(s *suite, l *LeafNode) *tree {
	return &tree{s: s, nodes: []*node{{leaf: l}}, hashes: make([][]byte, 1)}
}

func (t *tree) clone() *tree {
	return &tree{s: t.s, nodes: slices.Clone(t.nodes), hashes: slices.Clone(t.hashes)}
}

// leaves is the width of the tree in leaves, blank ones included.
func (t *tree) leaves() uint32 { return uint32(len(t.nodes)+1) / 2 }
func (t *tree) root() uint32   { return root(t.leaves()) }

// leaf returns nil for a blank leaf and for one outside of the tree.
func (t *tree) leaf(i uint32) *LeafNode {
	if i >= t.leaves() || t.nodes[2*i] == nil {
		return nil
	}
	return t.nodes[2*i].leaf
}

// members yields the leaves that are not blank, in order.
func (t *tree) members(yield func(uint32, *LeafNode) bool) {
	for i := uint32(0); i < t.leaves(); i++ {
		if l := t.leaf(i); l != nil && !yield(i, l) {
			return
		}
	}
}

// set stores a node and forgets the hashes that depend on it.
func (t *tree) set(x uint32, n *node) {
	t.nodes[x] = n
	for r := t.root(); ; x = parent(x) {
		t.hashes[x] = nil
		if x == r {
			return
		}
	}
}

// directPath is the nodes from the parent of x to the root.
func (t *tree) directPath(x uint32) (out []uint32) {
	for r := t.root(); x != r; {
		x = parent(x)
		out = append(out, x)
	}
	return out
}

// addLeaf puts a leaf in the leftmost free place (RFC 9420 §12.1.1).
func (t *tree) addLeaf(l *LeafNode) (uint32, error) {
	i := uint32(0)
	for i < t.leaves() && t.nodes[2*i] != nil {
		i++
	}
	if i == maxLeaves {
		return 0, errTreeFull
	}
	if i == t.leaves() {
		t.nodes = append(t.nodes, make([]*node, len(t.nodes)+1)...)
		t.hashes = append(t.hashes, make([][]byte, len(t.hashes)+1)...)
	}
	for _, x := range t.directPath(2 * i) {
		if n := t.nodes[x]; n != nil {
			p := *n.parent
			at, _ := slices.BinarySearch(p.unmerged, i)
			p.unmerged = slices.Insert(slices.Clone(p.unmerged), at, i)
			t.set(x, &node{parent: &p})
		}
	}
	t.set(2*i, &node{leaf: l})
	return i, nil
}

func (t *tree) blankPath(i uint32) {
	for _, x := range t.directPath(2 * i) {
		t.set(x, nil)
	}
}

// removeLeaf blanks a leaf and its path, and cuts off a right half that became
// empty (RFC 9420 §12.1.3, §7.7).
func (t *tree) removeLeaf(i uint32) {
	t.blankPath(i)
	t.set(2*i, nil)
	for t.leaves() > 1 {
		half := len(t.nodes) / 2 // index of the root, size of its left subtree
		if slices.ContainsFunc(t.nodes[half+1:], func(n *node) bool { return n != nil }) {
			return
		}
		t.nodes, t.hashes = t.nodes[:half:half], t.hashes[:half:half]
	}
}

// updateLeaf is RFC 9420 §12.1.2.
func (t *tree) updateLeaf(i uint32, l *LeafNode) {
	t.blankPath(i)
	t.set(2*i, &node{leaf: l})
}

// resolution appends that of node x (RFC 9420 §4.1.1) to out.
func (t *tree) resolution(x uint32, out []uint32) []uint32 {
	if n := t.nodes[x]; n != nil {
		out = append(out, x)
		if n.parent != nil {
			for _, u := range n.parent.unmerged {
				out = append(out, 2*u)
			}
		}
		return out
	}
	if level(x) == 0 {
		return out
	}
	return t.resolution(right(x), t.resolution(left(x), out))
}

type pathStep struct {
	node, copath uint32
	res          []uint32 // resolution of the copath node
}

// filteredPath is the filtered direct path of a leaf (RFC 9420 §4.1.2).
func (t *tree) filteredPath(i uint32) (out []pathStep) {
	x := 2 * i
	for r := t.root(); x != r; {
		s := sibling(x)
		x = parent(x)
		if res := t.resolution(s, nil); len(res) > 0 {
			out = append(out, pathStep{x, s, res})
		}
	}
	return out
}

// marshal encodes the ratchet_tree extension (RFC 9420 §12.4.3.3).
func (t *tree) marshal() []byte {
	last := len(t.nodes)
	for last > 0 && t.nodes[last-1] == nil {
		last--
	}
	var w writer
	w.vec(func(w *writer) {
		for _, n := range t.nodes[:last] {
			switch {
			case !w.optional(n != nil):
			case n.leaf != nil:
				w.u8(1)
				n.leaf.encode(w)
			default:
				w.u8(2)
				n.parent.encode(w)
			}
		}
	})
	return w.b
}

func decodeNode(r *reader) *node {
	if !r.optional() {
		return nil
	}
	switch r.u8() {
	case 1:
		n := &node{leaf: new(LeafNode)}
		n.leaf.decode(r)
		return n
	case 2:
		n := &node{parent: new(parentNode)}
		n.parent.decode(r)
		return n
	}
	r.fail()
	return nil
}

// readTree reads a ratchet_tree extension, which must not end in a blank
// node, and makes its width that of a full tree. A tree is otherwise checked by
// validate.
func readTree(s *suite, b []byte) (*tree, error) {
	if len(b) > maxMessage {
		return nil, errTreeFull
	}
	t := &tree{s: s}
	if err := unmarshal(b, func(r *reader) {
		r.vec(2*maxLeaves-1, func(r *reader) { t.nodes = append(t.nodes, decodeNode(r)) })
	}); err != nil {
		return nil, fmt.Errorf("mls: ratchet tree: %w", err)
	}
	if len(t.nodes) == 0 || t.nodes[len(t.nodes)-1] == nil {
		return nil, fmt.Errorf("%w: it ends in a blank node", errTree)
	}
	for x, n := range t.nodes {
		if n != nil && (n.leaf != nil) != (x%2 == 0) {
			return nil, fmt.Errorf("%w: node %d is of the wrong kind", errTree, x)
		}
	}
	width := 1
	for width < len(t.nodes) {
		width = 2*width + 1
	}
	t.nodes = append(t.nodes, make([]*node, width-len(t.nodes))...)
	t.hashes = make([][]byte, width)
	return t, nil
}
