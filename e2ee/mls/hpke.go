package mls

import (
	"crypto/hpke"
	"fmt"
)

type hpkeCiphertext struct{ kemOutput, ciphertext []byte }

func (c hpkeCiphertext) encode(w *writer) { w.opaque(c.kemOutput); w.opaque(c.ciphertext) }

func (c *hpkeCiphertext) decode(r *reader) {
	c.kemOutput = r.opaque()
	c.ciphertext = r.opaque()
}

// deriveKeyPair is KEM.DeriveKeyPair (RFC 9180 §4).
func (s *suite) deriveKeyPair(ikm []byte) (priv, pub []byte, err error) {
	k, err := s.kem.DeriveKeyPair(ikm)
	if err != nil {
		return nil, nil, fmt.Errorf("mls: deriving a key pair: %w", err)
	}
	priv, err = k.Bytes()
	return priv, k.PublicKey().Bytes(), err
}

func (s *suite) generateKeyPair() (priv, pub []byte, err error) {
	k, err := s.kem.GenerateKey()
	if err != nil {
		return nil, nil, fmt.Errorf("mls: generating a key pair: %w", err)
	}
	priv, err = k.Bytes()
	return priv, k.PublicKey().Bytes(), err
}

// checkKey reports whether anything can be encrypted to the public key. A leaf
// whose key cannot be used would make every later path of others fail.
func (s *suite) checkKey(pub []byte) error {
	pk, err := s.kem.NewPublicKey(pub)
	if err == nil {
		_, _, err = hpke.NewSender(pk, s.kdf, s.aead, nil)
	}
	if err != nil {
		return fmt.Errorf("mls: unusable HPKE key: %w", err)
	}
	return nil
}

// encryptLabel is EncryptWithLabel (RFC 9420 §5.1.3).
func (s *suite) encryptLabel(pub []byte, label string, context, plaintext []byte) (c hpkeCiphertext, err error) {
	pk, err := s.kem.NewPublicKey(pub)
	if err != nil {
		return c, fmt.Errorf("mls: encrypting: %w", err)
	}
	enc, sender, err := hpke.NewSender(pk, s.kdf, s.aead, labeled(label, context))
	if err != nil {
		return c, fmt.Errorf("mls: encrypting: %w", err)
	}
	c.kemOutput = enc
	c.ciphertext, err = sender.Seal(nil, plaintext)
	return c, err
}

// decryptLabel is DecryptWithLabel (RFC 9420 §5.1.3).
func (s *suite) decryptLabel(priv []byte, label string, context []byte, c hpkeCiphertext) ([]byte, error) {
	k, err := s.kem.NewPrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("mls: decrypting: %w", err)
	}
	recipient, err := hpke.NewRecipient(c.kemOutput, k, s.kdf, s.aead, labeled(label, context))
	if err != nil {
		return nil, fmt.Errorf("mls: decrypting: %w", err)
	}
	plaintext, err := recipient.Open(nil, c.ciphertext)
	if err != nil {
		return nil, fmt.Errorf("mls: decrypting: %w", err)
	}
	return plaintext, nil
}

const externalInitLabel = "MLS 1.0 external init secret"

// exportTo makes the init secret of an external commit (RFC 9420 §8.3).
func (s *suite) exportTo(pub []byte) (enc, secret []byte, err error) {
	pk, err := s.kem.NewPublicKey(pub)
	if err != nil {
		return nil, nil, fmt.Errorf("mls: external init: %w", err)
	}
	enc, sender, err := hpke.NewSender(pk, s.kdf, s.aead, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("mls: external init: %w", err)
	}
	secret, err = sender.Export(externalInitLabel, s.size)
	return enc, secret, err
}

func (s *suite) exportFrom(priv, enc []byte) ([]byte, error) {
	k, err := s.kem.NewPrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("mls: external init: %w", err)
	}
	recipient, err := hpke.NewRecipient(enc, k, s.kdf, s.aead, nil)
	if err != nil {
		return nil, fmt.Errorf("mls: external init: %w", err)
	}
	return recipient.Export(externalInitLabel, s.size)
}
