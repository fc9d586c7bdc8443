package mls

// The proposal types of RFC 9420 §17.4.
const (
	ProposalAdd                    ProposalType = 1
	ProposalUpdate                 ProposalType = 2
	ProposalRemove                 ProposalType = 3
	ProposalPSK                    ProposalType = 4
	ProposalReInit                 ProposalType = 5
	ProposalExternalInit           ProposalType = 6
	ProposalGroupContextExtensions ProposalType = 7
)

// The kinds of pre-shared keys, and what a resumption PSK is for (RFC 9420
// §8.4).
const (
	PSKExternal   uint8 = 1
	PSKResumption uint8 = 2

	UsageApplication uint8 = 1
	UsageReInit      uint8 = 2
	UsageBranch      uint8 = 3
)

// A PSKID is PreSharedKeyID (RFC 9420 §8.4).
type PSKID struct {
	Type    uint8
	ID      []byte // external
	Usage   uint8  // resumption, as the following two
	GroupID []byte
	Epoch   uint64
	Nonce   []byte // random, as long as a hash
}

func (p PSKID) encode(w *writer) {
	w.u8(p.Type)
	if p.Type == PSKExternal {
		w.opaque(p.ID)
	} else {
		w.u8(p.Usage)
		w.opaque(p.GroupID)
		w.u64(p.Epoch)
	}
	w.opaque(p.Nonce)
}

func (p *PSKID) decode(r *reader) {
	switch p.Type = r.u8(); p.Type {
	case PSKExternal:
		p.ID = r.opaque()
	case PSKResumption:
		p.Usage = r.u8()
		p.GroupID = r.opaque()
		p.Epoch = r.u64()
	default:
		r.fail()
	}
	p.Nonce = r.opaque()
}

// ReInit asks for the group to be made anew (RFC 9420 §12.1.5).
type ReInit struct {
	GroupID    []byte
	Version    uint16
	Suite      SuiteID
	Extensions []Extension
}

// A Proposal is one change to a group (RFC 9420 §12.1). Type says which of the
// other fields count.
type Proposal struct {
	Type       ProposalType
	KeyPackage *KeyPackage // Add
	Leaf       *LeafNode   // Update
	Removed    uint32      // Remove: leaf index
	PSK        PSKID       // PreSharedKey
	ReInit     ReInit      // ReInit
	KEMOutput  []byte      // ExternalInit
	Extensions []Extension // GroupContextExtensions
}

// Add proposes that the owner of the KeyPackage joins.
func Add(k *KeyPackage) *Proposal { return &Proposal{Type: ProposalAdd, KeyPackage: k} }

// Remove proposes that the member leaves.
func Remove(leaf uint32) *Proposal { return &Proposal{Type: ProposalRemove, Removed: leaf} }

func (p *Proposal) encode(w *writer) {
	w.u16(p.Type)
	switch p.Type {
	case ProposalAdd:
		p.KeyPackage.encode(w)
	case ProposalUpdate:
		p.Leaf.encode(w)
	case ProposalRemove:
		w.u32(p.Removed)
	case ProposalPSK:
		p.PSK.encode(w)
	case ProposalReInit:
		w.opaque(p.ReInit.GroupID)
		w.u16(p.ReInit.Version)
		w.u16(uint16(p.ReInit.Suite))
		encodeVec(w, p.ReInit.Extensions)
	case ProposalExternalInit:
		w.opaque(p.KEMOutput)
	case ProposalGroupContextExtensions:
		encodeVec(w, p.Extensions)
	}
}

func (p *Proposal) decode(r *reader) {
	switch p.Type = r.u16(); p.Type {
	case ProposalAdd:
		p.KeyPackage = new(KeyPackage)
		p.KeyPackage.decode(r)
	case ProposalUpdate:
		p.Leaf = new(LeafNode)
		p.Leaf.decode(r)
	case ProposalRemove:
		p.Removed = r.u32()
	case ProposalPSK:
		p.PSK.decode(r)
	case ProposalReInit:
		p.ReInit.GroupID = r.opaque()
		p.ReInit.Version = r.u16()
		p.ReInit.Suite = SuiteID(r.u16())
		p.ReInit.Extensions = decodeExtensions(r)
	case ProposalExternalInit:
		p.KEMOutput = r.opaque()
	case ProposalGroupContextExtensions:
		p.Extensions = decodeExtensions(r)
	default: // its body cannot be known; we say so by listing no other in our capabilities
		r.fail()
	}
}

// proposalOrRef holds a proposal by value or the hash of one that was sent.
type proposalOrRef struct {
	proposal *Proposal
	ref      []byte
}

func (p proposalOrRef) encode(w *writer) {
	if p.proposal != nil {
		w.u8(1)
		p.proposal.encode(w)
		return
	}
	w.u8(2)
	w.opaque(p.ref)
}

func (p *proposalOrRef) decode(r *reader) {
	switch r.u8() {
	case 1:
		p.proposal = new(Proposal)
		p.proposal.decode(r)
	case 2:
		p.ref = r.opaque()
	default:
		r.fail()
	}
}

type updatePathNode struct {
	encryptionKey []byte
	secrets       []hpkeCiphertext
}

func (n updatePathNode) encode(w *writer) { w.opaque(n.encryptionKey); encodeVec(w, n.secrets) }

// updatePath is UpdatePath (RFC 9420 §7.6).
type updatePath struct {
	leaf  LeafNode
	nodes []updatePathNode
}

func (u *updatePath) encode(w *writer) { u.leaf.encode(w); encodeVec(w, u.nodes) }

func (u *updatePath) decode(r *reader) {
	u.leaf.decode(r)
	r.vec(maxPathNodes, func(r *reader) {
		n := updatePathNode{encryptionKey: r.opaque()}
		r.vec(maxLeaves, func(r *reader) {
			var c hpkeCiphertext
			c.decode(r)
			n.secrets = append(n.secrets, c)
		})
		u.nodes = append(u.nodes, n)
	})
}

// commit is Commit (RFC 9420 §12.4).
type commit struct {
	proposals []proposalOrRef
	path      *updatePath
}

func (c *commit) encode(w *writer) {
	encodeVec(w, c.proposals)
	if w.optional(c.path != nil) {
		c.path.encode(w)
	}
}

func (c *commit) decode(r *reader) {
	r.vec(maxProposals, func(r *reader) {
		var p proposalOrRef
		p.decode(r)
		c.proposals = append(c.proposals, p)
	})
	if r.optional() {
		c.path = new(updatePath)
		c.path.decode(r)
	}
}
