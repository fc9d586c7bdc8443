//go:build !churn

package mls

import (
	"crypto/hpke"

	"incamera/e2ee/eddsa"
)

// What follows is computed by all members of a group from the same inputs. The
// churn simulator, which has hundreds of them in one process, is built with the
// tag churn and computes each once (pure_churn.go). Nothing else is: here nothing
// is remembered.

func verifyEd25519(pub, message, signature []byte) bool {
	return eddsa.Verify(pub, message, signature)
}

// ParseMessage decodes a message of at most 4 MiB, in memory of its own. What
// it accepts, Marshal encodes to the same bytes. Nothing but the syntax is
// checked.
func ParseMessage(b []byte) (*Message, error) { return parseMessage(b) }

func parseTree(s *suite, b []byte) (*tree, error) { return readTree(s, b) }

func (s *suite) privateKey(b []byte) (hpke.PrivateKey, error) { return s.kem.NewPrivateKey(b) }

// deriveKeyPair is KEM.DeriveKeyPair (RFC 9180 §4).
func (s *suite) deriveKeyPair(ikm []byte) (priv, pub []byte, err error) {
	return s.computeKeyPair(ikm)
}
