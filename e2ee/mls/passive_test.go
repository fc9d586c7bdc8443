package mls

import (
	"bytes"
	"testing"
)

// leftPad undoes that the vectors strip leading zeros of EC private keys.
func leftPad(b []byte, n int) []byte {
	return append(make([]byte, max(0, n-len(b))), b...)
}

// passive is a member that only follows, in the form of the official vectors.
type passive struct {
	CS   uint16       `json:"cipher_suite"`
	PSKs []passivePSK `json:"external_psks"`
	KP   hx           `json:"key_package"`
	Sig  hx           `json:"signature_priv"`
	Enc  hx           `json:"encryption_priv"`
	Init hx           `json:"init_priv"`

	Welcome hx             `json:"welcome"`
	Tree    hx             `json:"ratchet_tree"`
	Auth    hx             `json:"initial_epoch_authenticator"`
	Epochs  []passiveEpoch `json:"epochs"`
}

type passivePSK struct {
	ID  hx `json:"psk_id"`
	PSK hx `json:"psk"`
}

type passiveEpoch struct {
	Proposals []hx `json:"proposals"`
	Commit    hx   `json:"commit"`
	Auth      hx   `json:"epoch_authenticator"`
}

func testPassive(t *testing.T, file string) {
	each(t, file, func(v passive) uint16 { return v.CS }, func(t *testing.T, v passive) { v.run(t) })
}

func (v passive) run(t *testing.T) {
	cfg := Config{MaxLifetime: -1, PSK: func(id PSKID) []byte {
		for _, p := range v.PSKs {
			if id.Type == PSKExternal && bytes.Equal(p.ID, id.ID) {
				return p.PSK
			}
		}
		return nil
	}}
	kp, err := ParseMessage(v.KP)
	ok(t, err)
	s := suites[SuiteID(v.CS)]
	ok(t, kp.KeyPackage.validate(s))
	w, err := ParseMessage(v.Welcome)
	ok(t, err)
	if s.curve != nil {
		n := (s.curve.Params().BitSize + 7) / 8
		v.Init, v.Enc, v.Sig = leftPad(v.Init, n), leftPad(v.Enc, n), leftPad(v.Sig, n)
	}
	g, err := Join(cfg, w.Welcome, &KeyPackagePrivate{kp.KeyPackage, s, &Signer{s, v.Sig, kp.KeyPackage.Leaf.SignatureKey}, v.Init, v.Enc}, v.Tree)
	ok(t, err)
	eq(t, "auth0", g.EpochAuthenticator(), v.Auth)
	for i, e := range v.Epochs {
		for _, p := range e.Proposals {
			m, err := ParseMessage(p)
			ok(t, err)
			if _, err = g.Process(m); err != nil {
				t.Fatal("proposal in epoch", i, err)
			}
		}
		m, err := ParseMessage(e.Commit)
		ok(t, err)
		ev, err := g.Process(m)
		if err != nil {
			t.Fatal("commit in epoch", i, err)
		}
		g = ev.Next
		eq(t, "auth", g.EpochAuthenticator(), e.Auth)
	}
}

func TestPassiveWelcome(t *testing.T) { testPassive(t, "passive-client-welcome.json") }
func TestPassiveCommit(t *testing.T) {
	testPassive(t, "passive-client-handling-commit.json")
}
