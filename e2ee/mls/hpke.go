package mls

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/hex"
	"errors"
	"fmt"
)

type hpkeCiphertext struct{ kemOutput, ciphertext []byte }

func (c hpkeCiphertext) encode(w *writer) { w.opaque(c.kemOutput); w.opaque(c.ciphertext) }

func (c *hpkeCiphertext) decode(r *reader) {
	c.kemOutput = r.opaque()
	c.ciphertext = r.opaque()
}

func (s *suite) computeKeyPair(ikm []byte) (priv, pub []byte, err error) {
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
// or a node whose key cannot be used would make every later path of others fail. X25519
// fails for points of small order only, the curves of NIST for what is no key at
// all; encrypting something to see that it works would cost each member more
// than all else that is checked of an Add.
func (s *suite) checkKey(pub []byte) error {
	if _, err := s.kem.NewPublicKey(pub); err != nil {
		return fmt.Errorf("mls: unusable HPKE key: %w", err)
	}
	if !s.endsInX25519() {
		return nil
	}
	point := [32]byte(pub[len(pub)-32:])
	point[31] &= 0x7f // RFC 7748 §5: the highest bit is ignored
	if smallOrder[point] {
		return errors.New("mls: unusable HPKE key: a point of small order")
	}
	return nil
}

// endsInX25519 reports whether the last 32 bytes of a public key are one of
// X25519.
func (s *suite) endsInX25519() bool {
	return s.kem.ID() == hpke.DHKEM(ecdh.X25519()).ID() || s.kem.ID() == hpke.MLKEM768X25519().ID()
}

// smallOrder holds the points of Curve25519 and its twist whose order divides
// 8, in all encodings of 255 bits.
var smallOrder = func() map[[32]byte]bool {
	points := map[[32]byte]bool{}
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, which is 0
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1, which is 1
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			panic("mls: a point: " + err.Error())
		}
		points[[32]byte(b)] = true
	}
	return points
}()

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
	k, err := s.privateKey(priv)
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
	k, err := s.privateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("mls: external init: %w", err)
	}
	recipient, err := hpke.NewRecipient(enc, k, s.kdf, s.aead, nil)
	if err != nil {
		return nil, fmt.Errorf("mls: external init: %w", err)
	}
	return recipient.Export(externalInitLabel, s.size)
}
