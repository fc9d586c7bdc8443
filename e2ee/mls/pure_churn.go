//go:build churn

package mls

import (
	"crypto/hpke"
	"slices"
	"sync"

	"incamera/e2ee/eddsa"
)

// remembered holds the results of pure functions by all that goes into them. It
// is emptied when it is full.
type remembered[T any] struct {
	mu    sync.Mutex
	of    map[string]T
	bytes int
}

const rememberBytes = 64 << 20 // of inputs, for each function

func (r *remembered[T]) get(compute func() T, inputs ...[]byte) T {
	var w writer
	for _, b := range inputs {
		w.opaque(b)
	}
	r.mu.Lock()
	v, ok := r.of[string(w.b)]
	r.mu.Unlock()
	if ok {
		return v
	}
	v = compute()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil || r.bytes > rememberBytes {
		r.of, r.bytes = map[string]T{}, 0
	}
	r.of[string(w.b)] = v
	r.bytes += len(w.b)
	return v
}

type (
	parsedMessage struct {
		m   *Message
		err error
	}
	parsedTree struct {
		t   *tree
		err error
	}
	hpkeKey struct {
		k   hpke.PrivateKey
		err error
	}
	keyPair struct {
		priv, pub []byte
		err       error
	}
)

var (
	verified remembered[bool]
	messages remembered[parsedMessage]
	trees    remembered[parsedTree]
	hpkeKeys remembered[hpkeKey]
	keyPairs remembered[keyPair]
)

func verifyEd25519(pub, message, signature []byte) bool {
	return verified.get(func() bool { return eddsa.Verify(pub, message, signature) }, pub, message, signature)
}

// ParseMessage returns a message that others may share.
func ParseMessage(b []byte) (*Message, error) {
	p := messages.get(func() parsedMessage { m, err := parseMessage(b); return parsedMessage{m, err} }, b)
	return p.m, p.err
}

func parseTree(s *suite, b []byte) (*tree, error) {
	p := trees.get(func() parsedTree {
		t, err := readTree(s, b)
		if err == nil {
			t.hash() // and that of all subtrees
		}
		return parsedTree{t, err}
	}, []byte{byte(s.id >> 8), byte(s.id)}, b)
	if p.err != nil {
		return nil, p.err
	}
	return p.t.clone(), nil
}

func (s *suite) privateKey(b []byte) (hpke.PrivateKey, error) {
	p := hpkeKeys.get(func() hpkeKey { k, err := s.kem.NewPrivateKey(b); return hpkeKey{k, err} }, []byte{byte(s.id >> 8), byte(s.id)}, b)
	return p.k, p.err
}

func (s *suite) deriveKeyPair(ikm []byte) (priv, pub []byte, err error) {
	p := keyPairs.get(func() keyPair { priv, pub, err := s.computeKeyPair(ikm); return keyPair{priv, pub, err} }, []byte{byte(s.id >> 8), byte(s.id)}, ikm)
	return slices.Clone(p.priv), p.pub, p.err // the caller wipes what it gets
}
