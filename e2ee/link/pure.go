//go:build !churn

package link

import (
	"crypto/ed25519"

	"incamera/e2ee/eddsa"
)

// What follows is computed by all members from the same inputs. The churn
// simulator, which has hundreds of them in one process, is built with the tag
// churn and computes each once (pure_churn.go). Nothing else is: here nothing is
// remembered.

func verify(pub ed25519.PublicKey, message, signature []byte) bool {
	return eddsa.Verify(pub, message, signature)
}

// Open returns what was sealed for a place. The result is the caller's.
func Open(key Secret, at Place, sealed []byte) ([]byte, error) { return open(key, at, sealed) }
