package mls

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// A KeyPackage is what a client publishes so that others can add it (RFC 9420
// §10).
type KeyPackage struct {
	Suite      SuiteID
	InitKey    []byte
	Leaf       LeafNode
	Extensions []Extension

	signature []byte
}

func (k *KeyPackage) encodeTBS(w *writer) {
	w.u16(versionMLS10)
	w.u16(uint16(k.Suite))
	w.opaque(k.InitKey)
	k.Leaf.encode(w)
	encodeVec(w, k.Extensions)
}

func (k *KeyPackage) encode(w *writer) { k.encodeTBS(w); w.opaque(k.signature) }

func (k *KeyPackage) decode(r *reader) {
	if r.u16() != versionMLS10 {
		r.fail()
	}
	k.Suite = SuiteID(r.u16())
	k.InitKey = r.opaque()
	k.Leaf.decode(r)
	k.Extensions = decodeExtensions(r)
	k.signature = r.opaque()
}

func (k *KeyPackage) tbs() []byte {
	var w writer
	k.encodeTBS(&w)
	return w.b
}

// Message returns the MLSMessage that carries the KeyPackage.
func (k *KeyPackage) Message() *Message {
	return &Message{Wire: WireKeyPackage, KeyPackage: k}
}

// Ref is the KeyPackageRef (RFC 9420 §5.2), nil for an unknown suite.
func (k *KeyPackage) Ref() []byte {
	s, err := suiteByID(k.Suite)
	if err != nil {
		return nil
	}
	return s.refHash("MLS 1.0 KeyPackage Reference", marshal(k))
}

// KeyPackageOptions is what goes into a KeyPackage besides fresh keys.
type KeyPackageOptions struct {
	Signer         *Signer // the suite is the signer's
	Credential     Credential
	LeafExtensions []Extension
	NotBefore      time.Time
	NotAfter       time.Time

	// Capabilities of the client. Versions, Suites and Credentials may be left
	// empty: then they are MLS 1.0, the suite and the type of Credential.
	// Extensions must list each non-default type of LeafExtensions and of the
	// GroupContext of groups to join.
	Capabilities Capabilities
}

// KeyPackagePrivate is a KeyPackage of our own with its private keys. It joins
// one group, once; Create and Join consume it. It does not print its secrets.
type KeyPackagePrivate struct {
	Public *KeyPackage

	suite              *suite
	signer             *Signer
	initPriv, leafPriv []byte
}

// NewKeyPackage makes a KeyPackage with fresh HPKE keys.
func NewKeyPackage(o KeyPackageOptions) (*KeyPackagePrivate, error) {
	if o.Signer == nil || o.NotBefore.Unix() < 0 || o.NotAfter.Before(o.NotBefore) {
		return nil, errors.New("mls: making a key package: no signer or no lifetime")
	}
	s := o.Signer.suite
	fail := func(err error) (*KeyPackagePrivate, error) {
		return nil, fmt.Errorf("mls: making a key package: %w", err)
	}
	p := &KeyPackagePrivate{Public: &KeyPackage{Suite: s.id}, suite: s, signer: o.Signer}
	k := p.Public
	var err error
	if p.initPriv, k.InitKey, err = s.generateKeyPair(); err != nil {
		return fail(err)
	}
	var leafKey []byte
	if p.leafPriv, leafKey, err = s.generateKeyPair(); err != nil {
		return fail(err)
	}
	c := o.Capabilities
	if len(c.Versions) == 0 {
		c.Versions = []uint16{versionMLS10}
	}
	if len(c.Suites) == 0 {
		c.Suites = []uint16{uint16(s.id)}
	}
	if len(c.Credentials) == 0 {
		c.Credentials = []CredentialType{o.Credential.Type}
	}
	k.Leaf = LeafNode{
		EncryptionKey: leafKey, SignatureKey: o.Signer.pub, Credential: o.Credential, Capabilities: c,
		NotBefore: uint64(o.NotBefore.Unix()), NotAfter: uint64(o.NotAfter.Unix()),
		Extensions: slices.Clone(o.LeafExtensions), source: sourceKeyPackage,
	}
	if err = k.Leaf.sign(o.Signer, nil, 0); err != nil {
		return fail(err)
	}
	if k.signature, err = o.Signer.sign("KeyPackageTBS", k.tbs()); err != nil {
		return fail(err)
	}
	if err := k.validate(s); err != nil {
		return fail(err)
	}
	return p, nil
}

// Wipe destroys the private keys of a KeyPackage that will not be used.
func (p *KeyPackagePrivate) Wipe() {
	wipe(p.initPriv, p.leafPriv)
	p.initPriv, p.leafPriv = nil, nil
}

// Format prints that there is a secret, whatever the verb.
func (p *KeyPackagePrivate) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue says that there is a secret.
func (p *KeyPackagePrivate) LogValue() slog.Value { return slog.StringValue(hidden) }
