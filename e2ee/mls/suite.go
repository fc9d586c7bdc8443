package mls

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// A SuiteID names a cipher suite (RFC 9420 §17.1).
type SuiteID uint16

// The suites carried here: those of the RFC that the standard library has, and
// X-Wing under a private-use number until the RFC of the post-quantum suites
// gives it one. Its composition is that of MLKEM768X25519, AES-256-GCM,
// SHA-384, Ed25519; its DeriveKeyPair is that of crypto/hpke.
const (
	SuiteX25519 SuiteID = 0x0001 // X25519, AES-128-GCM, SHA-256, Ed25519
	SuiteP256   SuiteID = 0x0002 // P-256, AES-128-GCM, SHA-256, ECDSA
	SuiteP521   SuiteID = 0x0005 // P-521, AES-256-GCM, SHA-512, ECDSA
	SuiteP384   SuiteID = 0x0007 // P-384, AES-256-GCM, SHA-384, ECDSA
	SuiteXWing  SuiteID = 0xF001
)

const (
	versionMLS10 = 1 // ProtocolVersion
	nonceSize    = 12
)

type suite struct {
	id      SuiteID
	newHash func() hash.Hash
	size    int // of a hash and of a secret (Nh)
	kem     hpke.KEM
	kdf     hpke.KDF
	aead    hpke.AEAD
	keySize int
	curve   elliptic.Curve // of signatures; nil: Ed25519
	sigHash crypto.Hash    // with curve
}

var suites = map[SuiteID]*suite{
	SuiteX25519: {SuiteX25519, sha256.New, 32, hpke.DHKEM(ecdh.X25519()), hpke.HKDFSHA256(), hpke.AES128GCM(), 16, nil, 0},
	SuiteP256:   {SuiteP256, sha256.New, 32, hpke.DHKEM(ecdh.P256()), hpke.HKDFSHA256(), hpke.AES128GCM(), 16, elliptic.P256(), crypto.SHA256},
	SuiteP521:   {SuiteP521, sha512.New, 64, hpke.DHKEM(ecdh.P521()), hpke.HKDFSHA512(), hpke.AES256GCM(), 32, elliptic.P521(), crypto.SHA512},
	SuiteP384:   {SuiteP384, sha512.New384, 48, hpke.DHKEM(ecdh.P384()), hpke.HKDFSHA384(), hpke.AES256GCM(), 32, elliptic.P384(), crypto.SHA384},
	SuiteXWing:  {SuiteXWing, sha512.New384, 48, hpke.MLKEM768X25519(), hpke.HKDFSHA384(), hpke.AES256GCM(), 32, nil, 0},
}

func suiteByID(id SuiteID) (*suite, error) {
	if s := suites[id]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("mls: unsupported cipher suite %#04x", uint16(id))
}

func (s *suite) hash(parts ...[]byte) []byte {
	h := s.newHash()
	for _, b := range parts {
		h.Write(b)
	}
	return h.Sum(nil)
}

func (s *suite) mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(s.newHash, key)
	for _, b := range parts {
		h.Write(b)
	}
	return h.Sum(nil)
}

func (s *suite) zero() []byte { return make([]byte, s.size) }

// extract is KDF.Extract. It fails for no input but where FIPS mode forbids
// short keys, which ours are not.
func (s *suite) extract(salt, ikm []byte) []byte {
	k, err := hkdf.Extract(s.newHash, ikm, salt)
	if err != nil {
		panic("mls: extract: " + err.Error())
	}
	return k
}

// expandLabel is ExpandWithLabel (RFC 9420 §8).
func (s *suite) expandLabel(secret []byte, label string, context []byte, n int) []byte {
	var w writer
	w.u16(uint16(n))
	w.opaque([]byte("MLS 1.0 " + label))
	w.opaque(context)
	k, err := hkdf.Expand(s.newHash, secret, string(w.b), n)
	if err != nil {
		panic("mls: expand: " + err.Error())
	}
	return k
}

// derive is DeriveSecret (RFC 9420 §8).
func (s *suite) derive(secret []byte, label string) []byte {
	return s.expandLabel(secret, label, nil, s.size)
}

// deriveTree is DeriveTreeSecret (RFC 9420 §9.1).
func (s *suite) deriveTree(secret []byte, label string, generation uint32, n int) []byte {
	var w writer
	w.u32(generation)
	return s.expandLabel(secret, label, w.b, n)
}

// refHash is RefHash (RFC 9420 §5.2).
func (s *suite) refHash(label string, v []byte) []byte {
	var w writer
	w.opaque([]byte(label))
	w.opaque(v)
	return s.hash(w.b)
}

// labeled is the SignContent and EncryptContext of RFC 9420 §5.1.
func labeled(label string, content []byte) []byte {
	var w writer
	w.opaque([]byte("MLS 1.0 " + label))
	w.opaque(content)
	return w.b
}

func (s *suite) newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s *suite) seal(k messageKey, aad, plaintext []byte) ([]byte, error) {
	a, err := s.newAEAD(k.key)
	if err != nil {
		return nil, fmt.Errorf("mls: sealing: %w", err)
	}
	return a.Seal(nil, k.nonce, plaintext, aad), nil
}

func (s *suite) open(k messageKey, aad, ciphertext []byte) ([]byte, error) {
	a, err := s.newAEAD(k.key)
	if err != nil {
		return nil, fmt.Errorf("mls: opening: %w", err)
	}
	plaintext, err := a.Open(nil, k.nonce, ciphertext, aad)
	if err != nil {
		return nil, fmt.Errorf("mls: opening: %w", err)
	}
	return plaintext, nil
}

var errSignature = errors.New("mls: bad signature")

// generateSignature makes a signature key: an Ed25519 seed, or a big-endian
// ECDSA scalar, and the public key as the suite encodes it.
func (s *suite) generateSignature() (priv, pub []byte, err error) {
	if s.curve == nil {
		public, private, e := ed25519.GenerateKey(rand.Reader)
		return private.Seed(), public, e
	}
	k, err := ecdsa.GenerateKey(s.curve, rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if priv, err = k.Bytes(); err != nil {
		return nil, nil, err
	}
	pub, err = k.PublicKey.Bytes()
	return priv, pub, err
}

// sign is SignWithLabel (RFC 9420 §5.1.2).
func (s *suite) sign(priv []byte, label string, content []byte) ([]byte, error) {
	m := labeled(label, content)
	if s.curve == nil {
		if len(priv) != ed25519.SeedSize {
			return nil, errors.New("mls: signing: not an Ed25519 seed")
		}
		return ed25519.Sign(ed25519.NewKeyFromSeed(priv), m), nil
	}
	k, err := ecdsa.ParseRawPrivateKey(s.curve, priv)
	if err != nil {
		return nil, fmt.Errorf("mls: signing: %w", err)
	}
	h := s.sigHash.New()
	h.Write(m)
	return ecdsa.SignASN1(rand.Reader, k, h.Sum(nil))
}

// verify is VerifyWithLabel (RFC 9420 §5.1.2).
func (s *suite) verify(pub []byte, label string, content, signature []byte) error {
	m := labeled(label, content)
	if s.curve == nil {
		if len(pub) != ed25519.PublicKeySize || !verifyEd25519(pub, m, signature) {
			return errSignature
		}
		return nil
	}
	k, err := ecdsa.ParseUncompressedPublicKey(s.curve, pub)
	if err != nil {
		return errSignature
	}
	h := s.sigHash.New()
	h.Write(m)
	if !ecdsa.VerifyASN1(k, h.Sum(nil), signature) {
		return errSignature
	}
	return nil
}

// wipe overwrites secrets that were consumed. Best effort: the run-time and
// the primitives may hold copies.
func wipe(secrets ...[]byte) {
	for _, b := range secrets {
		clear(b)
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}
