package mls

import "slices"

// An ExtensionType is, like the types below, a plain number: a value that nobody
// here knows is data, not an error (RFC 9420 §13).
type ExtensionType = uint16

// A ProposalType is one of those of RFC 9420 §17.4, or unknown.
type ProposalType = uint16

// A CredentialType is one of those of RFC 9420 §17.5, or unknown.
type CredentialType = uint16

// The credential types of RFC 9420 §17.5.
const (
	CredentialBasic CredentialType = 1
	CredentialX509  CredentialType = 2
)

// A Credential says who a leaf is (RFC 9420 §5.3). What it is worth is for
// Config.CheckLeaf to say.
type Credential struct {
	Type     CredentialType
	Identity []byte   // of a basic credential
	Certs    [][]byte // of an x509 credential
}

func (c Credential) encode(w *writer) {
	w.u16(c.Type)
	if c.Type == CredentialBasic {
		w.opaque(c.Identity)
		return
	}
	w.vec(func(w *writer) {
		for _, x := range c.Certs {
			w.opaque(x)
		}
	})
}

func (c *Credential) decode(r *reader) {
	switch c.Type = r.u16(); c.Type {
	case CredentialBasic:
		c.Identity = r.opaque()
	case CredentialX509:
		r.vec(maxCerts, func(r *reader) { c.Certs = append(c.Certs, r.opaque()) })
	default: // its body cannot be known
		r.fail()
	}
}

// Capabilities says what a client understands beyond the defaults of RFC 9420
// §7.2. Unknown and GREASE values in it are ignored.
type Capabilities struct {
	Versions    []uint16
	Suites      []uint16
	Extensions  []ExtensionType
	Proposals   []ProposalType
	Credentials []CredentialType
}

func (c Capabilities) encode(w *writer) {
	w.u16s(c.Versions)
	w.u16s(c.Suites)
	w.u16s(c.Extensions)
	w.u16s(c.Proposals)
	w.u16s(c.Credentials)
}

func (c *Capabilities) decode(r *reader) {
	c.Versions = r.u16s()
	c.Suites = r.u16s()
	c.Extensions = r.u16s()
	c.Proposals = r.u16s()
	c.Credentials = r.u16s()
}

// The extension types of RFC 9420 §17.3. All clients understand them, so they
// are not listed in capabilities.
const (
	ExtApplicationID        ExtensionType = 1
	ExtRatchetTree          ExtensionType = 2
	ExtRequiredCapabilities ExtensionType = 3
	ExtExternalPub          ExtensionType = 4
	ExtExternalSenders      ExtensionType = 5
)

func defaultExtension(t ExtensionType) bool { return t >= 1 && t <= ExtExternalSenders }
func defaultProposal(t ProposalType) bool   { return t >= 1 && t <= ProposalGroupContextExtensions }

// An Extension is opaque but for those of the RFC.
type Extension struct {
	Type ExtensionType
	Data []byte
}

func (e Extension) encode(w *writer) { w.u16(e.Type); w.opaque(e.Data) }

func decodeExtensions(r *reader) (out []Extension) {
	r.vec(maxExtensions, func(r *reader) { out = append(out, Extension{r.u16(), r.opaque()}) })
	return out
}

func findExtension(es []Extension, t ExtensionType) ([]byte, bool) {
	i := slices.IndexFunc(es, func(e Extension) bool { return e.Type == t })
	if i < 0 {
		return nil, false
	}
	return es[i].Data, true
}

// A leafSource says by what message a leaf came into the tree.
type leafSource uint8

const (
	sourceKeyPackage leafSource = 1
	sourceUpdate     leafSource = 2
	sourceCommit     leafSource = 3
)

// A LeafNode is a member in the ratchet tree (RFC 9420 §7.2). One that a Group
// hands out is shared and not to be changed.
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	NotBefore     uint64 // Unix seconds; with NotAfter the lifetime of a leaf from a KeyPackage
	NotAfter      uint64
	Extensions    []Extension

	source     leafSource
	parentHash []byte // of a leaf from a commit
	signature  []byte
}

// Extension returns the data of the leaf's extension, and whether it has one.
func (l *LeafNode) Extension(t ExtensionType) ([]byte, bool) {
	return findExtension(l.Extensions, t)
}

func (l *LeafNode) encodeTBS(w *writer) {
	w.opaque(l.EncryptionKey)
	w.opaque(l.SignatureKey)
	l.Credential.encode(w)
	l.Capabilities.encode(w)
	w.u8(uint8(l.source))
	switch l.source {
	case sourceKeyPackage:
		w.u64(l.NotBefore)
		w.u64(l.NotAfter)
	case sourceUpdate:
	case sourceCommit:
		w.opaque(l.parentHash)
	}
	encodeVec(w, l.Extensions)
}

func (l *LeafNode) encode(w *writer) { l.encodeTBS(w); w.opaque(l.signature) }

func (l *LeafNode) decode(r *reader) {
	l.EncryptionKey = r.opaque()
	l.SignatureKey = r.opaque()
	l.Credential.decode(r)
	l.Capabilities.decode(r)
	switch l.source = leafSource(r.u8()); l.source {
	case sourceKeyPackage:
		l.NotBefore = r.u64()
		l.NotAfter = r.u64()
	case sourceUpdate:
	case sourceCommit:
		l.parentHash = r.opaque()
	default:
		r.fail()
	}
	l.Extensions = decodeExtensions(r)
	l.signature = r.opaque()
}

// tbs is LeafNodeTBS (RFC 9420 §7.2).
func (l *LeafNode) tbs(groupID []byte, leaf uint32) []byte {
	var w writer
	l.encodeTBS(&w)
	if l.source != sourceKeyPackage {
		w.opaque(groupID)
		w.u32(leaf)
	}
	return w.b
}

func (l *LeafNode) sign(k *Signer, groupID []byte, leaf uint32) (err error) {
	l.signature, err = k.sign("LeafNodeTBS", l.tbs(groupID, leaf))
	return err
}

func (l *LeafNode) verify(s *suite, groupID []byte, leaf uint32) error {
	return s.verify(l.SignatureKey, "LeafNodeTBS", l.tbs(groupID, leaf), l.signature)
}

// renewed returns the leaf with another encryption key, as an Update or a path
// holds it. It is not signed yet.
func (l *LeafNode) renewed(source leafSource, encryptionKey []byte) *LeafNode {
	n := *l
	n.EncryptionKey, n.source = encryptionKey, source
	n.parentHash, n.signature, n.NotBefore, n.NotAfter = nil, nil, 0, 0
	return &n
}
