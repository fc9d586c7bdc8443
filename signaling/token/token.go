// Package token compares secrets that clients show with hashes that the server
// keeps, so that the server's memory holds nothing that lets somebody in.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// Size is the size of a hash in bytes.
const Size = sha256.Size

// A Hash is SHA-256 of a secret of at least 128 random bits; with that much no
// salt and no slow function are needed. The zero value matches nothing that
// can be found. Comparing with == is not constant in time: use [Hash.Matches]
// and [Hash.Equal].
type Hash struct{ sum [Size]byte }

// Of returns the hash of a secret.
func Of(secret []byte) Hash { return Hash{sha256.Sum256(secret)} }

// Parse takes a hash that a client computed. It fails on any other size.
func Parse(b []byte) (Hash, error) {
	var h Hash
	if len(b) != Size {
		return h, fmt.Errorf("token: hash of %d bytes, want %d", len(b), Size)
	}
	copy(h.sum[:], b)
	return h, nil
}

// Matches reports whether secret has this hash, in time that depends on
// neither.
func (h Hash) Matches(secret []byte) bool { return h.Equal(Of(secret)) }

// Equal compares in constant time.
func (h Hash) Equal(other Hash) bool {
	return subtle.ConstantTimeCompare(h.sum[:], other.sum[:]) == 1
}

// New returns 32 fresh random bytes and their hash.
func New() (secret []byte, h Hash) {
	secret = make([]byte, Size)
	_, _ = rand.Read(secret) // never fails; crypto/rand ends the process instead
	return secret, Of(secret)
}

// String hides the hash: it lets nobody in, but names a room for those who
// have the link.
func (Hash) String() string { return "[secret]" }

// GoString hides the hash from %#v.
func (Hash) GoString() string { return "[secret]" }

// LogValue hides the hash from logs.
func (Hash) LogValue() slog.Value { return slog.StringValue("[secret]") }
