package client

import (
	"fmt"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/signaling/wire"
)

// TestPostQuantumSizes: the largest messages of the largest post-quantum room
// are within the limits of the socket: everybody added at once, and a path to
// those who have never sent one.
func TestPostQuantumSizes(t *testing.T) {
	t.Parallel()
	const sealed = 64 // what an envelope adds, and more
	keyPackage := func(i int) *mls.KeyPackagePrivate {
		signer, err := mls.NewSigner(mls.SuiteXWing)
		if err != nil {
			t.Fatal(err)
		}
		kp, err := mls.NewKeyPackage(mls.KeyPackageOptions{
			Signer: signer, Credential: mls.Credential{Type: mls.CredentialBasic, Identity: fmt.Appendf(nil, "%016d", i)},
			LeafExtensions: []mls.Extension{{Type: link.LeafExtension, Data: make([]byte, 512)}}, // the longest name there is
			Capabilities:   mls.Capabilities{Extensions: []mls.ExtensionType{link.LeafExtension}},
			NotBefore:      time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return kp
	}
	within := func(what string, m *mls.Message, limit int) {
		t.Helper()
		n := len(m.Marshal()) + sealed
		t.Logf("%s: %d bytes of %d", what, n, limit)
		if n > limit {
			t.Errorf("%s: %d bytes, more than %d", what, n, limit)
		}
	}
	g, err := mls.Create(mls.Config{}, []byte("room"), keyPackage(0))
	if err != nil {
		t.Fatal(err)
	}
	o := mls.CommitOptions{Public: true, NoTree: true}
	for i := range link.MaxPostQuantum - 1 {
		kp := keyPackage(i + 1)
		if i == 0 {
			within("ask", kp.Public.Message(), wire.MaxAsk)
		}
		o.Proposals = append(o.Proposals, mls.Add(kp.Public))
	}
	commit, welcome, all, err := g.Commit(o)
	if err != nil {
		t.Fatal(err)
	}
	within("commit of all", commit, wire.MaxCommit)
	within("welcome of all", welcome, wire.MaxWelcome)
	commit, _, warm, err := all.Commit(mls.CommitOptions{Proposals: []*mls.Proposal{mls.Remove(63)}, Public: true})
	if err != nil {
		t.Fatal(err)
	}
	within("remove in a cold tree", commit, wire.MaxCommit)
	// A tree in which all have sent a path has 63 nodes besides.
	if n := len(warm.Tree()) + 63*1400 + sealed; n > wire.MaxTree {
		t.Errorf("tree: %d bytes, more than %d", n, wire.MaxTree)
	}
}
