package mls

import (
	"fmt"
	"log/slog"
)

const hidden = "[secret]"

// A Signer is the signature key of a leaf. It does not print.
type Signer struct {
	suite     *suite
	priv, pub []byte
}

// NewSigner makes a fresh signature key for the suite.
func NewSigner(id SuiteID) (*Signer, error) {
	s, err := suiteByID(id)
	if err != nil {
		return nil, err
	}
	priv, pub, err := s.generateSignature()
	if err != nil {
		return nil, fmt.Errorf("mls: generating a signature key: %w", err)
	}
	return &Signer{s, priv, pub}, nil
}

// Public returns the public key as it stands in a leaf; the caller does not
// change it.
func (k *Signer) Public() []byte { return k.pub }

func (k *Signer) sign(label string, content []byte) ([]byte, error) {
	return k.suite.sign(k.priv, label, content)
}

// Format prints that there is a key, whatever the verb.
func (k *Signer) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue says that there is a key.
func (k *Signer) LogValue() slog.Value { return slog.StringValue(hidden) }
