package link

import (
	"crypto/rand"
	"fmt"
	"log/slog"
)

const hidden = "[secret]"

// A Secret is 32 bytes that cannot be printed, logged or marshalled. The zero
// value holds nothing.
//
// The function keeps them out of a printed struct that holds a Secret in an
// unexported field: there no method of ours is asked, and even a pointer is
// followed when the verb does not fit.
type Secret struct{ reveal func() []byte }

// NewSecret makes a secret of random bytes.
func NewSecret() Secret {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return SecretFrom(b[:])
}

// SecretFrom copies b, which must be 32 bytes.
func SecretFrom(b []byte) Secret {
	own := [32]byte(b)
	return Secret{func() []byte { return own[:] }}
}

// Reveal returns the bytes themselves, which the caller does not change.
func (s Secret) Reveal() []byte {
	if s.reveal == nil {
		panic("link: an empty secret is used")
	}
	return s.reveal()
}

// Format prints that there is a secret, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// String says that there is a secret.
func (Secret) String() string { return hidden }

// LogValue says that there is a secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText says that there is a secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
