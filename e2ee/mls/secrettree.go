package mls

import "errors"

// How far a ratchet goes ahead in one message, and how many keys of messages
// that did not come it keeps. More serves a network that loses more; it costs
// an attacking member's victims the derivations, and keeps keys longer.
const (
	maxForward = 1024
	maxSkipped = 1024
)

var (
	errKeyUsed = errors.New("mls: message key already used")
	errTooFar  = errors.New("mls: message generation too far ahead")
)

type messageKey struct{ key, nonce []byte }

func (k messageKey) wipe() { wipe(k.key, k.nonce) }

// ratchet is one of the two of a leaf (RFC 9420 §9.1).
type ratchet struct {
	secret     []byte
	generation uint32
	skipped    map[uint32]messageKey
}

// step returns the key of the current generation and moves on.
func (r *ratchet) step(s *suite) messageKey {
	k := messageKey{
		s.deriveTree(r.secret, "key", r.generation, s.keySize),
		s.deriveTree(r.secret, "nonce", r.generation, nonceSize),
	}
	next := s.deriveTree(r.secret, "secret", r.generation, s.size)
	wipe(r.secret)
	r.secret = next
	r.generation++
	return k
}

// get returns the key of a generation, and done, which consumes it. Until done
// is called the ratchet stands where it was, so that a forged message moves
// nothing.
func (r *ratchet) get(s *suite, generation uint32) (k messageKey, done func(), err error) {
	if generation < r.generation {
		k = r.skipped[generation]
		if k.key == nil {
			return k, nil, errKeyUsed
		}
		return k, func() {
			k.wipe()
			delete(r.skipped, generation)
		}, nil
	}
	if generation-r.generation > maxForward {
		return k, nil, errTooFar
	}
	ahead := ratchet{secret: append([]byte{}, r.secret...), generation: r.generation}
	var skipped []messageKey
	for ahead.generation < generation {
		skipped = append(skipped, ahead.step(s))
	}
	k = ahead.step(s)
	return k, func() { r.skip(&ahead, skipped, k) }, nil
}

// skip moves the ratchet to where ahead stands, keeps the skipped keys and
// destroys the one that was used.
func (r *ratchet) skip(ahead *ratchet, skipped []messageKey, used messageKey) {
	used.wipe()
	if r.skipped == nil {
		r.skipped = map[uint32]messageKey{}
	}
	for i, k := range skipped {
		r.skipped[r.generation+uint32(i)] = k
	}
	for g, k := range r.skipped {
		if uint64(g)+maxSkipped < uint64(ahead.generation) {
			k.wipe()
			delete(r.skipped, g)
		}
	}
	wipe(r.secret)
	r.secret, r.generation = ahead.secret, ahead.generation
}

func (r *ratchet) wipe() {
	wipe(r.secret)
	for _, k := range r.skipped {
		k.wipe()
	}
}

// secretTree derives the ratchets of all leaves (RFC 9420 §9) and forgets what
// is above the ones it has derived.
type secretTree struct {
	s         *suite
	leaves    uint32
	nodes     map[uint32][]byte
	handshake map[uint32]*ratchet
	app       map[uint32]*ratchet
}

// newSecretTree consumes the encryption secret.
func newSecretTree(s *suite, leaves uint32, secret []byte) *secretTree {
	return &secretTree{
		s: s, leaves: leaves, nodes: map[uint32][]byte{root(leaves): secret},
		handshake: map[uint32]*ratchet{}, app: map[uint32]*ratchet{},
	}
}

func (t *secretTree) ratchet(leaf uint32, kind ContentType) (*ratchet, error) {
	if leaf >= t.leaves {
		return nil, errors.New("mls: the sender is not in the tree")
	}
	if t.handshake[leaf] == nil {
		t.descend(leaf)
	}
	if kind == ContentApplication {
		return t.app[leaf], nil
	}
	return t.handshake[leaf], nil
}

// descend derives the secrets from the lowest known node down to the leaf.
func (t *secretTree) descend(leaf uint32) {
	x := root(t.leaves)
	for x != 2*leaf {
		if secret, ok := t.nodes[x]; ok {
			t.nodes[left(x)] = t.s.expandLabel(secret, "tree", []byte("left"), t.s.size)
			t.nodes[right(x)] = t.s.expandLabel(secret, "tree", []byte("right"), t.s.size)
			wipe(secret)
			delete(t.nodes, x)
		}
		if below(2*leaf, left(x)) {
			x = left(x)
		} else {
			x = right(x)
		}
	}
	secret := t.nodes[x]
	delete(t.nodes, x)
	t.handshake[leaf] = &ratchet{secret: t.s.expandLabel(secret, "handshake", nil, t.s.size)}
	t.app[leaf] = &ratchet{secret: t.s.expandLabel(secret, "application", nil, t.s.size)}
	wipe(secret)
}

func (t *secretTree) wipe() {
	for _, secret := range t.nodes {
		wipe(secret)
	}
	for leaf := range t.handshake {
		t.handshake[leaf].wipe()
		t.app[leaf].wipe()
	}
	clear(t.nodes)
	clear(t.handshake)
	clear(t.app)
	t.leaves = 0
}
