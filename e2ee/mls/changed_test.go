package mls

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestCheckChanged: of a tree that was made of one that is as it should be,
// checkChanged says what checkMembers says, which looks at all of it.
func TestCheckChanged(t *testing.T) {
	s := suites[SuiteX25519]
	kinds := []CredentialType{CredentialBasic, CredentialX509}
	contexts := [][]Extension{
		nil, {{0xaaaa, nil}}, {RequiredCapabilities{Credentials: []uint16{CredentialX509}}.Extension()}, {{1, nil}, {1, nil}},
	}
	agreed := map[bool]int{}
	for seed := range uint64(4000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		key := func() []byte { return fmt.Append(nil, rng.IntN(60)) }
		leaf := func() *LeafNode {
			l := &LeafNode{EncryptionKey: key(), SignatureKey: key(), Credential: Credential{Type: kinds[min(1, rng.IntN(12))^1]}}
			l.Capabilities.Credentials = []uint16{l.Credential.Type}
			if rng.IntN(3) > 0 {
				l.Capabilities.Credentials = kinds
			}
			if rng.IntN(8) > 0 {
				l.Capabilities.Extensions = []uint16{0xaaaa}
			}
			return l
		}
		change := func(x *tree) {
			i := uint32(rng.IntN(int(x.leaves())))
			switch at := x.leaf(i); {
			case at == nil || rng.IntN(3) == 0:
				if _, err := x.addLeaf(leaf()); err != nil {
					t.Fatal(err)
				}
			case rng.IntN(2) == 0 && x.leaves() > 1:
				x.removeLeaf(i)
			default:
				steps := x.filteredPath(i)
				keys := make([][]byte, len(steps))
				for k := range keys {
					keys[k] = key()
				}
				x.setPath(i, steps, keys)
				l := *at
				l.EncryptionKey = key()
				x.set(2*i, &node{leaf: &l})
			}
		}
		old, was := newTree(s, leaf()), contexts[rng.IntN(len(contexts))]
		for range rng.IntN(8) {
			if next := old.clone(); true {
				if change(next); next.checkMembers(was) == nil {
					old = next
				}
			}
		}
		if old.checkMembers(was) != nil {
			continue
		}
		next, is := old.clone(), was
		for range 1 + rng.IntN(3) {
			change(next)
		}
		if rng.IntN(4) == 0 {
			is = contexts[rng.IntN(len(contexts))]
		}
		want, got := next.checkMembers(is), next.checkChanged(old, was, is)
		if (want == nil) != (got == nil) {
			t.Fatalf("seed %d: checkChanged says %v, checkMembers %v", seed, got, want)
		}
		agreed[want == nil]++
	}
	if agreed[true] < 200 || agreed[false] < 200 {
		t.Errorf("too few of one kind: %v", agreed)
	}
}
