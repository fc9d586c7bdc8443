package mls

// A SenderType says who sent a message (RFC 9420 §6).
type SenderType uint8

// The sender types.
const (
	SenderMember      SenderType = 1
	SenderExternal    SenderType = 2
	SenderNewProposal SenderType = 3
	SenderNewCommit   SenderType = 4
)

// A ContentType says what a message holds (RFC 9420 §6).
type ContentType uint8

// The content types.
const (
	ContentApplication ContentType = 1
	ContentProposal    ContentType = 2
	ContentCommit      ContentType = 3
)

// A WireFormat says how a message is framed (RFC 9420 §6).
type WireFormat uint16

// The wire formats.
const (
	WirePublic     WireFormat = 1
	WirePrivate    WireFormat = 2
	WireWelcome    WireFormat = 3
	WireGroupInfo  WireFormat = 4
	WireKeyPackage WireFormat = 5
)

// A Sender is a member by its leaf index, an external sender by its index in
// the group's list, or somebody new.
type Sender struct {
	Type  SenderType
	Index uint32
}

func (s Sender) encode(w *writer) {
	w.u8(uint8(s.Type))
	if s.Type == SenderMember || s.Type == SenderExternal {
		w.u32(s.Index)
	}
}

func (s *Sender) decode(r *reader) {
	switch s.Type = SenderType(r.u8()); s.Type {
	case SenderMember, SenderExternal:
		s.Index = r.u32()
	case SenderNewProposal, SenderNewCommit:
	default:
		r.fail()
	}
}

// framedContent is FramedContent (RFC 9420 §6).
type framedContent struct {
	groupID     []byte
	epoch       uint64
	sender      Sender
	aad         []byte
	kind        ContentType
	application []byte
	proposal    *Proposal
	commit      *commit
}

func (f *framedContent) encodeBody(w *writer) {
	switch f.kind {
	case ContentApplication:
		w.opaque(f.application)
	case ContentProposal:
		f.proposal.encode(w)
	case ContentCommit:
		f.commit.encode(w)
	}
}

func (f *framedContent) decodeBody(r *reader) {
	switch f.kind {
	case ContentApplication:
		f.application = r.opaque()
	case ContentProposal:
		f.proposal = new(Proposal)
		f.proposal.decode(r)
	case ContentCommit:
		f.commit = new(commit)
		f.commit.decode(r)
	default:
		r.fail()
	}
}

func (f *framedContent) encode(w *writer) {
	w.opaque(f.groupID)
	w.u64(f.epoch)
	f.sender.encode(w)
	w.opaque(f.aad)
	w.u8(uint8(f.kind))
	f.encodeBody(w)
}

func (f *framedContent) decode(r *reader) {
	f.groupID = r.opaque()
	f.epoch = r.u64()
	f.sender.decode(r)
	f.aad = r.opaque()
	f.kind = ContentType(r.u8())
	f.decodeBody(r)
}

// authContent is AuthenticatedContent (RFC 9420 §6).
type authContent struct {
	wire            WireFormat
	content         framedContent
	encoded         []byte // content, where it was read: it is hashed four times; nil: not known
	signature       []byte
	confirmationTag []byte // of a commit
}

// encodeContent writes the content as it was read, which is the only encoding
// that it has.
func (a *authContent) encodeContent(w *writer) {
	if a.encoded != nil {
		w.raw(a.encoded)
		return
	}
	a.content.encode(w)
}

func (a *authContent) encodeAuth(w *writer) {
	w.opaque(a.signature)
	if a.content.kind == ContentCommit {
		w.opaque(a.confirmationTag)
	}
}

func (a *authContent) decodeAuth(r *reader) {
	a.signature = r.opaque()
	if a.content.kind == ContentCommit {
		a.confirmationTag = r.opaque()
	}
}

func (a *authContent) encode(w *writer) {
	w.u16(uint16(a.wire))
	a.content.encode(w)
	a.encodeAuth(w)
}

func (a *authContent) decode(r *reader) {
	a.wire = WireFormat(r.u16())
	a.content.decode(r)
	a.decodeAuth(r)
}

// tbs is FramedContentTBS (RFC 9420 §6.1).
func (a *authContent) tbs(gc *GroupContext) []byte {
	var w writer
	w.u16(versionMLS10)
	w.u16(uint16(a.wire))
	a.encodeContent(&w)
	if t := a.content.sender.Type; t == SenderMember || t == SenderNewCommit {
		gc.encode(&w)
	}
	return w.b
}

func (a *authContent) sign(k *Signer, gc *GroupContext) (err error) {
	a.encoded = nil
	a.signature, err = k.sign("FramedContentTBS", a.tbs(gc))
	return err
}

func (a *authContent) verify(s *suite, pub []byte, gc *GroupContext) error {
	return s.verify(pub, "FramedContentTBS", a.tbs(gc), a.signature)
}

// membershipTag is that of RFC 9420 §6.2.
func (a *authContent) membershipTag(s *suite, key []byte, gc *GroupContext) []byte {
	w := writer{b: a.tbs(gc)}
	a.encodeAuth(&w)
	return s.mac(key, w.b)
}

// ref is the ProposalRef (RFC 9420 §5.2).
func (a *authContent) ref(s *suite) []byte {
	return s.refHash("MLS 1.0 Proposal Reference", marshal(a))
}

// A PrivateMessage is signed and encrypted (RFC 9420 §6.3).
type PrivateMessage struct {
	GroupID []byte
	Epoch   uint64
	Kind    ContentType
	AAD     []byte

	senderData []byte
	ciphertext []byte
}

func (p *PrivateMessage) encode(w *writer) {
	w.opaque(p.GroupID)
	w.u64(p.Epoch)
	w.u8(uint8(p.Kind))
	w.opaque(p.AAD)
	w.opaque(p.senderData)
	w.opaque(p.ciphertext)
}

func (p *PrivateMessage) decode(r *reader) {
	p.GroupID = r.opaque()
	p.Epoch = r.u64()
	if p.Kind = ContentType(r.u8()); p.Kind < ContentApplication || p.Kind > ContentCommit {
		r.fail()
	}
	p.AAD = r.opaque()
	p.senderData = r.opaque()
	p.ciphertext = r.opaque()
}

// A PublicMessage is signed and not encrypted (RFC 9420 §6.2). What it says is
// believed only when Group.Process accepted it.
type PublicMessage struct {
	auth          authContent
	membershipTag []byte // of a member's
}

// GroupID is the group that the message says it is for.
func (p *PublicMessage) GroupID() []byte { return p.auth.content.groupID }

// Epoch is the epoch that the message says it is for.
func (p *PublicMessage) Epoch() uint64 { return p.auth.content.epoch }

// Kind is what the message holds.
func (p *PublicMessage) Kind() ContentType { return p.auth.content.kind }

func (p *PublicMessage) encode(w *writer) {
	p.auth.content.encode(w)
	p.auth.encodeAuth(w)
	if p.auth.content.sender.Type == SenderMember {
		w.opaque(p.membershipTag)
	}
}

func (p *PublicMessage) decode(r *reader) {
	p.auth.wire = WirePublic
	before := r.b
	p.auth.content.decode(r)
	p.auth.encoded = append([]byte{}, before[:len(before)-len(r.b)]...)
	p.auth.decodeAuth(r)
	if p.auth.content.sender.Type == SenderMember {
		p.membershipTag = r.opaque()
	}
}
