package mls

import (
	"crypto/hpke"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"incamera/e2ee/internal/golden"
)

// TestXWingDraft reads the vectors of draft-ietf-hpke-pq, which the browser's
// code reads too.
func TestXWingDraft(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		KDF, AEAD                  uint16
		Info, IKMR, SKR, PKR, Enc  hx
		AAD, Plaintext, Ciphertext hx
	}
	b, err := os.ReadFile("../../testdata/e2ee/xwing-draft.json")
	ok(t, err)
	ok(t, json.Unmarshal(b, &vectors))
	if len(vectors) != 2 {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		priv, pub, err := suites[SuiteXWing].deriveKeyPair(v.IKMR)
		ok(t, err)
		eq(t, "private key", priv, v.SKR)
		eq(t, "public key", pub, v.PKR)
		k, err := hpke.MLKEM768X25519().NewPrivateKey(priv)
		ok(t, err)
		kdf, err := hpke.NewKDF(v.KDF)
		ok(t, err)
		aead, err := hpke.NewAEAD(v.AEAD)
		ok(t, err)
		r, err := hpke.NewRecipient(v.Enc, k, kdf, aead, v.Info)
		ok(t, err)
		got, err := r.Open(v.AAD, v.Ciphertext)
		ok(t, err)
		eq(t, "plaintext", got, v.Plaintext)
	}
}

// TestXWingSuite holds what the suite does to labels and secrets.
func TestXWingSuite(t *testing.T) {
	t.Parallel()
	s := suites[SuiteXWing]
	type vector struct {
		IKM        golden.Hex `json:"ikm"`
		Priv       golden.Hex `json:"priv"`
		Pub        golden.Hex `json:"pub"`
		Label      string     `json:"label"`
		Context    golden.Hex `json:"context"`
		Plaintext  golden.Hex `json:"plaintext"`
		Kem        golden.Hex `json:"kem"`
		Sealed     golden.Hex `json:"sealed"`
		InitKem    golden.Hex `json:"initKem"` // of an external commit
		InitSecret golden.Hex `json:"initSecret"`
		Derived    golden.Hex `json:"derived"` // from plaintext, as the three below
		Exported   golden.Hex `json:"exported"`
		Ref        golden.Hex `json:"ref"`
		PSK        golden.Hex `json:"psk"`
	}
	follows := func(v *vector) {
		v.Derived = s.derive(v.Plaintext, v.Label)
		v.Exported = s.export(v.Plaintext, v.Label, v.Context, 16)
		v.Ref = s.refHash(v.Label, v.Plaintext)
		var err error
		v.PSK, err = s.pskSecret([]PSKID{{Type: PSKExternal, ID: v.Context, Nonce: v.Plaintext}}, func(PSKID) []byte { return v.IKM })
		ok(t, err)
	}
	var v vector
	golden.Kept(t, "xwing.json", &v, func() any {
		m := vector{IKM: []byte("where keys come from, 32 bytes at least"), Label: "UpdatePathNode", Context: []byte("context"), Plaintext: make([]byte, s.size)}
		for i := range m.Plaintext {
			m.Plaintext[i] = byte(i)
		}
		var err error
		m.Priv, m.Pub, err = s.deriveKeyPair(m.IKM)
		ok(t, err)
		c, err := s.encryptLabel(m.Pub, m.Label, m.Context, m.Plaintext)
		ok(t, err)
		m.Kem, m.Sealed = c.kemOutput, c.ciphertext
		m.InitKem, m.InitSecret, err = s.exportTo(m.Pub)
		ok(t, err)
		follows(&m)
		return m
	})
	priv, pub, err := s.deriveKeyPair(v.IKM)
	ok(t, err)
	eq(t, "private key", priv, v.Priv)
	eq(t, "public key", pub, v.Pub)
	got, err := s.decryptLabel(priv, v.Label, v.Context, hpkeCiphertext{v.Kem, v.Sealed})
	ok(t, err)
	eq(t, "plaintext", got, v.Plaintext)
	got, err = s.exportFrom(priv, v.InitKem)
	ok(t, err)
	eq(t, "init secret", got, v.InitSecret)
	again := v
	follows(&again)
	for what, pair := range map[string][2][]byte{
		"derived": {again.Derived, v.Derived}, "exported": {again.Exported, v.Exported}, "ref": {again.Ref, v.Ref}, "psk": {again.PSK, v.PSK},
	} {
		eq(t, what, pair[0], pair[1])
	}
}

// TestXWingGroup follows a group of the suite that was recorded: joining with
// the link's PSK, a path, a Remove, an Add.
func TestXWingGroup(t *testing.T) {
	t.Parallel()
	var v []passive
	golden.Kept(t, "xwing-group.json", &v, func() any { return []passive{recordXWing(t)} })
	if len(v) != 1 || len(v[0].Epochs) != 4 || v[0].CS != uint16(SuiteXWing) {
		t.Fatal("another recording")
	}
	v[0].run(t)
}

func recordXWing(t *testing.T) passive {
	xwing := func(name string) *KeyPackagePrivate {
		o := testOptions(t, SuiteXWing, name)
		o.NotBefore, o.NotAfter = time.Unix(0, 0), time.Unix(1<<40, 0)
		kp, err := NewKeyPackage(o)
		ok(t, err)
		return kp
	}
	cfg := testConfig()
	cfg.MaxLifetime = -1
	founder, err := Create(cfg, []byte("room"), xwing("0"), Extension{testCardExtension, []byte("card")})
	ok(t, err)
	own, second := xwing("1"), xwing("2")
	v := passive{
		CS: uint16(SuiteXWing), PSKs: []passivePSK{{hx("link-1"), testPSK}}, KP: own.Public.Message().Marshal(),
		Sig: slices.Clone(own.signer.priv), Enc: slices.Clone(own.leafPriv), Init: slices.Clone(own.initPriv),
	}
	psk := func(g *Group) *Proposal { return g.NewPSK([]byte("link-1")) }
	_, welcome, next, err := founder.Commit(CommitOptions{
		Proposals: []*Proposal{psk(founder), Add(own.Public), Add(second.Public)}, Public: true, NoTree: true,
	})
	ok(t, err)
	v.Welcome, v.Tree, v.Auth = welcome.Marshal(), next.Tree(), next.EpochAuthenticator()
	other, err := Join(cfg, wire(t, welcome).Welcome, second, next.Tree())
	ok(t, err)
	members := []*Group{next, other}
	for _, step := range []struct {
		by int
		o  CommitOptions
	}{
		{0, CommitOptions{ForcePath: true}},
		{1, CommitOptions{ForcePath: true}},
		{0, CommitOptions{Proposals: []*Proposal{Add(xwing("3").Public)}}},
		{0, CommitOptions{Proposals: []*Proposal{Remove(2)}}},
	} {
		g := members[step.by]
		step.o.Public, step.o.NoTree = true, true
		step.o.Proposals = append(step.o.Proposals, psk(g))
		m, _, after, err := g.Commit(step.o)
		ok(t, err)
		v.Epochs = append(v.Epochs, passiveEpoch{[]hx{}, m.Marshal(), after.EpochAuthenticator()})
		ev, err := members[1-step.by].Process(wire(t, m))
		ok(t, err)
		members[step.by], members[1-step.by] = after, ev.Next
	}
	return v
}
