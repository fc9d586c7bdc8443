package mls

import "fmt"

// A GroupContext is what all members of an epoch agree on (RFC 9420 §8.1).
type GroupContext struct {
	Suite                   SuiteID
	GroupID                 []byte
	Epoch                   uint64
	TreeHash                []byte
	ConfirmedTranscriptHash []byte
	Extensions              []Extension
}

func (g GroupContext) encode(w *writer) {
	w.u16(versionMLS10)
	w.u16(uint16(g.Suite))
	w.opaque(g.GroupID)
	w.u64(g.Epoch)
	w.opaque(g.TreeHash)
	w.opaque(g.ConfirmedTranscriptHash)
	encodeVec(w, g.Extensions)
}

func (g *GroupContext) decode(r *reader) {
	if r.u16() != versionMLS10 {
		r.fail()
	}
	g.Suite = SuiteID(r.u16())
	g.GroupID = r.opaque()
	g.Epoch = r.u64()
	g.TreeHash = r.opaque()
	g.ConfirmedTranscriptHash = r.opaque()
	g.Extensions = decodeExtensions(r)
}

// A GroupInfo lets somebody into a group (RFC 9420 §12.4.3). Unknown
// extensions in it are ignored.
type GroupInfo struct {
	Context    GroupContext
	Extensions []Extension

	confirmationTag []byte
	signer          uint32
	signature       []byte
}

func (g *GroupInfo) encodeTBS(w *writer) {
	g.Context.encode(w)
	encodeVec(w, g.Extensions)
	w.opaque(g.confirmationTag)
	w.u32(g.signer)
}

func (g *GroupInfo) encode(w *writer) { g.encodeTBS(w); w.opaque(g.signature) }

func (g *GroupInfo) decode(r *reader) {
	g.Context.decode(r)
	g.Extensions = decodeExtensions(r)
	g.confirmationTag = r.opaque()
	g.signer = r.u32()
	g.signature = r.opaque()
}

func (g *GroupInfo) tbs() []byte {
	var w writer
	g.encodeTBS(&w)
	return w.b
}

type encryptedGroupSecrets struct {
	newMember []byte // KeyPackageRef
	secrets   hpkeCiphertext
}

func (e encryptedGroupSecrets) encode(w *writer) { w.opaque(e.newMember); e.secrets.encode(w) }

// A Welcome brings new members the secrets of an epoch (RFC 9420 §12.4.3.1).
type Welcome struct {
	Suite SuiteID

	secrets   []encryptedGroupSecrets
	groupInfo []byte // encrypted
}

// For reports whether the Welcome holds the secrets for the owner of the
// KeyPackage with the reference.
func (m *Welcome) For(ref []byte) bool { return m.find(ref) >= 0 }

func (m *Welcome) find(ref []byte) int {
	for i, e := range m.secrets {
		if string(e.newMember) == string(ref) {
			return i
		}
	}
	return -1
}

func (m *Welcome) encode(w *writer) {
	w.u16(uint16(m.Suite))
	encodeVec(w, m.secrets)
	w.opaque(m.groupInfo)
}

func (m *Welcome) decode(r *reader) {
	m.Suite = SuiteID(r.u16())
	r.vec(maxLeaves, func(r *reader) {
		e := encryptedGroupSecrets{newMember: r.opaque()}
		e.secrets.decode(r)
		m.secrets = append(m.secrets, e)
	})
	m.groupInfo = r.opaque()
}

// groupSecrets is GroupSecrets (RFC 9420 §12.4.3.1).
type groupSecrets struct {
	joiner     []byte
	pathSecret []byte // nil: none
	psks       []PSKID
}

func (g *groupSecrets) encode(w *writer) {
	w.opaque(g.joiner)
	if w.optional(g.pathSecret != nil) {
		w.opaque(g.pathSecret)
	}
	encodeVec(w, g.psks)
}

func (g *groupSecrets) decode(r *reader) {
	g.joiner = r.opaque()
	if r.optional() {
		g.pathSecret = r.opaque()
	}
	r.vec(maxPSKs, func(r *reader) {
		var p PSKID
		p.decode(r)
		g.psks = append(g.psks, p)
	})
}

// A Message is MLSMessage (RFC 9420 §6): Wire says which of the others is set.
type Message struct {
	Wire       WireFormat
	Public     *PublicMessage
	Private    *PrivateMessage
	Welcome    *Welcome
	GroupInfo  *GroupInfo
	KeyPackage *KeyPackage
}

// body is the part that Wire names, nil for a format that is unknown.
func (m *Message) body() encoder {
	switch m.Wire {
	case WirePublic:
		return m.Public
	case WirePrivate:
		return m.Private
	case WireWelcome:
		return m.Welcome
	case WireGroupInfo:
		return m.GroupInfo
	case WireKeyPackage:
		return m.KeyPackage
	}
	return nil
}

// Marshal encodes the message.
func (m *Message) Marshal() []byte {
	var w writer
	w.u16(versionMLS10)
	w.u16(uint16(m.Wire))
	m.body().encode(&w)
	return w.b
}

func parseMessage(b []byte) (*Message, error) {
	if len(b) > maxMessage {
		return nil, fmt.Errorf("mls: a message of %d bytes", len(b))
	}
	m := new(Message)
	if err := unmarshal(b, m.decode); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Message) decode(r *reader) {
	if r.u16() != versionMLS10 {
		r.fail()
		return
	}
	switch m.Wire = WireFormat(r.u16()); m.Wire {
	case WirePublic:
		m.Public = new(PublicMessage)
		m.Public.decode(r)
	case WirePrivate:
		m.Private = new(PrivateMessage)
		m.Private.decode(r)
	case WireWelcome:
		m.Welcome = new(Welcome)
		m.Welcome.decode(r)
	case WireGroupInfo:
		m.GroupInfo = new(GroupInfo)
		m.GroupInfo.decode(r)
	case WireKeyPackage:
		m.KeyPackage = new(KeyPackage)
		m.KeyPackage.decode(r)
	default:
		r.fail()
	}
}
