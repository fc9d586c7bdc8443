package attack

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math/big"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/signaling/wire"
)

// A mallory is a participant that has the link and keeps to no rules but those
// of RFC 9420, and not always to those.
type mallory struct {
	m      *meeting
	p      *person
	own    *mls.KeyPackagePrivate
	group  *mls.Group
	groups []*mls.Group // of every epoch

	asked   map[wire.SessionID][]byte // the latest of each
	pskOf   map[string]link.Secret    // of links of his own, by id
	lobbyUp uint64                    // the epoch in which the host has put the lobby up last
}

// mallory lets one into the meeting.
func (m *meeting) mallory() *mallory {
	x := &mallory{m: m, asked: map[wire.SessionID][]byte{}}
	x.p = m.enter("Mallory")
	x.p.raw = x.hear
	m.pass(time.Second)
	m.t.must(x.group != nil, "Mallory is not let in")
	return x
}

// lax is a Config that checks nothing.
func (x *mallory) lax() mls.Config {
	return mls.Config{PSK: func(id mls.PSKID) []byte {
		if bytes.Equal(id.ID, link.PSKID(1)) {
			return x.m.cfg.Keys.PSK.Reveal()
		}
		if own, ok := x.pskOf[string(id.ID)]; ok {
			return own.Reveal()
		}
		sum := sha256.Sum256(id.ID)
		return sum[:]
	}, Now: func() time.Time { return x.m.now }}
}

// hear joins when asked to, and follows commits.
func (x *mallory) hear(in group.Input) (out group.Output) {
	switch in := in.(type) {
	case group.Joined:
		x.own = x.keyPackage(says{session: x.p.session, name: x.p.name})
		out.Send = append(out.Send, group.Ask{Generation: in.Generation, Body: x.seal(link.KindAsk, 0, x.own.Public.Message().Marshal())})
	case group.Welcomed:
		tree, err := link.Open(x.m.cfg.Keys.Envelope, x.place(link.KindTree, in.Epoch), in.Tree)
		x.m.t.check(err, "Mallory opens the tree")
		g, err := mls.Join(x.lax(), x.open(link.KindWelcome, in.Epoch, in.Body).Welcome, x.own, tree)
		x.m.t.check(err, "Mallory joins")
		x.enter(g)
	case group.Asked:
		x.asked[wire.SessionID(in.From)] = in.Body
	case group.Committed:
		if x.group == nil || in.From == string(x.p.session) {
			break
		}
		if ev, err := x.group.Process(x.open(link.KindCommit, in.Epoch, in.Body)); err == nil && ev.Next != nil {
			x.enter(ev.Next)
		}
	}
	return out
}

func (x *mallory) enter(g *mls.Group) {
	x.group = g
	x.groups = append(x.groups, g)
}

// keys are the frame keys of the epoch, as if Mallory were on a leaf.
func (x *mallory) keys(self uint32) keys.Epoch {
	return keys.Epoch{Number: x.group.Epoch(), Base: keys.NewBaseKey(x.group.Export("SFrame 1.0 Base Key", nil, keys.BaseKeySize)), Self: self}
}

func (x *mallory) place(k link.Kind, epoch uint64) link.Place {
	generation, _ := x.m.service.State()
	return link.Place{Room: x.m.link.Room, Kind: k, Generation: generation, Epoch: epoch}
}

func (x *mallory) seal(k link.Kind, epoch uint64, b []byte) []byte {
	return link.Seal(x.m.cfg.Keys.Envelope, x.place(k, epoch), b)
}

func (x *mallory) open(k link.Kind, epoch uint64, b []byte) *mls.Message {
	plain, err := link.Open(x.m.cfg.Keys.Envelope, x.place(k, epoch), b)
	x.m.t.check(err, "Mallory opens an envelope")
	msg, err := mls.ParseMessage(plain)
	x.m.t.check(err, "Mallory reads a message")
	return msg
}

// says is what a leaf says of itself, true or not.
type says struct {
	session   wire.SessionID
	name      string
	signed    string       // the name that the device signed, if another
	admission *link.Secret // if not that of the link
	weak      bool         // its device key is one by which anybody can sign, in an encoding that is read by some only
}

// keyPackage makes a KeyPackage by hand, since ours refuses what is false.
func (x *mallory) keyPackage(s says) *mls.KeyPackagePrivate {
	signer, err := mls.NewSigner(mls.SuiteID(link.Suite))
	x.m.t.check(err, "making a signer")
	public, device, err := ed25519.GenerateKey(rand.Reader)
	x.m.t.check(err, "making a device key")
	sign := func(message []byte) []byte { return ed25519.Sign(device, message) }
	if s.weak {
		public, sign = weakKey, weakSignature
	}
	var id link.MemberID
	_, _ = rand.Read(id[:]) // never fails
	admission := x.m.cfg.Keys.Admission
	if s.admission != nil {
		admission = *s.admission
	}
	mac := hmac.New(sha256.New, admission.Reveal())
	mac.Write([]byte("incamera admission v1" + string(x.m.link.Room)))
	mac.Write(binary.BigEndian.AppendUint32(nil, 1))
	mac.Write(id[:])
	mac.Write(signer.Public())
	mac.Write(public)
	signed := s.name
	if s.signed != "" {
		signed = s.signed
	}
	statement := append([]byte("incamera leaf v1\x00"+string(x.m.link.Room)), id[:]...)
	statement = append(statement, signer.Public()...)
	statement = vec(vec(statement, string(s.session)), signed)
	b := append(vec([]byte{1}, string(s.session)), public...)
	b = append(vec(b, s.name), mac.Sum(nil)...)
	b = append(b, sign(statement)...)
	kp, err := mls.NewKeyPackage(mls.KeyPackageOptions{
		Signer: signer, Credential: mls.Credential{Type: mls.CredentialBasic, Identity: id[:]},
		LeafExtensions: []mls.Extension{{Type: link.LeafExtension, Data: b}},
		Capabilities:   mls.Capabilities{Extensions: []mls.ExtensionType{link.LeafExtension, link.CardExtension, link.PolicyExtension}},
		NotBefore:      x.m.now.Add(-time.Hour), NotAfter: x.m.now.Add(time.Hour),
	})
	x.m.t.check(err, "making a KeyPackage")
	return kp
}

// weakKey is the point of order 1, whose y is written as p+1.
var weakKey = ed25519.PublicKey(append(append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f))

// weakSignature holds by weakKey for whatever message: R is [S]B, and the key
// times any challenge is nothing.
func weakSignature([]byte) []byte {
	seed := make([]byte, ed25519.SeedSize)
	r, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	h := sha512.Sum512(seed)
	h[0] &= 248
	h[31] = h[31]&63 | 64
	slices.Reverse(h[:32])
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	s := new(big.Int).SetBytes(h[:32])
	b := s.Mod(s, order).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return append(bytes.Clone(r), b...)
}

// vec appends a vector of fewer than 64 bytes, or of fewer than 16384.
func vec(b []byte, s string) []byte {
	if len(s) < 64 {
		return append(append(b, byte(len(s))), s...)
	}
	return append(append(b, 0x40|byte(len(s)>>8), byte(len(s))), s...)
}

func (x *mallory) psk() *mls.Proposal { return x.group.NewPSK(link.PSKID(1)) }

// policy is a policy for the group, as encoded, with the grant that is in force;
// by signs it, and is taken for the host.
func (x *mallory) policy(p link.Policy, by ed25519.PrivateKey) []byte {
	public, _ := by.Public().(ed25519.PublicKey)
	p.Grant = x.m.people[0].member.Policy().Grant
	encoded, err := link.Authority{Room: x.m.link.Room, Host: public, GroupID: x.group.ID()}.SignPolicy(p, by)
	x.m.t.check(err, "Mallory makes a policy")
	return encoded
}

// context changes the group's context.
func (x *mallory) context(card, policy []byte) *mls.Proposal {
	return &mls.Proposal{Type: mls.ProposalGroupContextExtensions, Extensions: []mls.Extension{
		{Type: link.CardExtension, Data: card}, {Type: link.PolicyExtension, Data: policy},
	}}
}

// commit sends a commit that the service takes.
func (x *mallory) commit(to []wire.SessionID, proposals ...*mls.Proposal) {
	msg, welcome, next, err := x.group.Commit(mls.CommitOptions{Proposals: proposals, Public: true, NoTree: true, IgnorePending: true})
	x.m.t.check(err, "Mallory commits")
	x.send(to, msg.Marshal(), welcome, next)
}

// send sends a commit in whatever form.
func (x *mallory) send(to []wire.SessionID, msg []byte, welcome *mls.Message, next *mls.Group) {
	epoch := x.group.Epoch()
	generation, _ := x.m.service.State()
	out := wire.Commit{Generation: generation, Epoch: epoch, Body: x.seal(link.KindCommit, epoch, msg), To: to}
	if welcome != nil {
		out.Welcome, out.Tree = x.seal(link.KindWelcome, epoch+1, welcome.Marshal()), x.seal(link.KindTree, epoch+1, next.Tree())
	}
	x.m.t.must(x.m.say(x.p, out), "the service refuses the commit, so that nothing is tried")
	x.enter(next)
}

// pathless is a Remove of a leaf without a path, signed and tagged as it must
// be. Our library makes none, so its commit is taken apart.
func (x *mallory) pathless(leaf uint32) (msg []byte, next *mls.Group) {
	m, _, next, err := x.group.Commit(mls.CommitOptions{Proposals: []*mls.Proposal{x.psk(), mls.Remove(leaf)}, Public: true, IgnorePending: true})
	x.m.t.check(err, "Mallory commits")
	path := inside(m.Public, "auth", "content", "commit", "path")
	if path.IsNil() {
		return m.Marshal(), next // a library without its defence
	}
	path.SetZero()
	b := m.Marshal()
	const tail = 2 + ed25519.SignatureSize + 2*(1+sha256.Size) // signature, confirmation tag, membership tag
	content, confirmation := b[4:len(b)-tail], b[len(b)-2*(1+sha256.Size):len(b)-1-sha256.Size]
	c := x.group.Context()
	tbs := append([]byte{0, 1, 0, 1}, content...) // version, wire format
	tbs = append(tbs, 0, 1, byte(link.Suite>>8), byte(link.Suite))
	tbs = binary.BigEndian.AppendUint64(vec(tbs, string(c.GroupID)), c.Epoch)
	tbs = vec(vec(tbs, string(c.TreeHash)), string(c.ConfirmedTranscriptHash))
	var extensions []byte
	for _, e := range c.Extensions {
		extensions = vec(binary.BigEndian.AppendUint16(extensions, e.Type), string(e.Data))
	}
	tbs = vec(tbs, string(extensions))
	auth := append(vec(nil, string(x.sign("FramedContentTBS", tbs))), confirmation...)
	mac := hmac.New(sha256.New, inside(x.group, "secrets", "membership").Bytes())
	mac.Write(tbs)
	mac.Write(auth)
	return append(append(append(bytes.Clone(b[:4]), content...), auth...), vec(nil, string(mac.Sum(nil)))...), next
}

// sign is SignWithLabel (RFC 9420 §5.1.2) with the key of Mallory's leaf.
func (x *mallory) sign(label string, content []byte) []byte {
	private := ed25519.NewKeyFromSeed(inside(x.group, "signer", "priv").Bytes())
	return ed25519.Sign(private, vec(vec(nil, "MLS 1.0 "+label), string(content)))
}

// inside returns a field that others keep to themselves: who runs the code
// reads and writes all of it.
func inside(v any, fields ...string) reflect.Value {
	at := reflect.ValueOf(v)
	for _, name := range fields {
		for at.Kind() == reflect.Pointer {
			at = at.Elem()
		}
		at = at.FieldByName(name)
		if !at.IsValid() {
			panic(obstacle("there is no field " + name))
		}
		at = reflect.NewAt(at.Type(), unsafe.Pointer(at.UnsafeAddr())).Elem() //nolint:gosec // see above
	}
	return at
}

// forge speaks as who sits on a leaf: with that leaf's key for the message,
// which the whole group can derive, and Mallory's own signature.
func (x *mallory) forge(leaf uint32, a group.App) {
	plaintext, err := group.EncodeApp(a)
	x.m.t.check(err, "Mallory says something")
	me := inside(x.group, "me")
	own := me.Uint()
	me.SetUint(uint64(leaf))
	msg, err := x.group.Encrypt(plaintext, nil)
	me.SetUint(own)
	x.m.t.check(err, "Mallory forges a message")
	generation, _ := x.m.service.State()
	x.m.t.must(x.m.say(x.p, client.WireOf(group.Speak{
		Generation: generation, Epoch: x.group.Epoch(), Body: x.seal(link.KindApp, x.group.Epoch(), msg.Marshal()),
	})), "the service refuses the message")
}

// rename gives a leaf of Mallory's group another name, vouched for by a new
// device, in Mallory's own view of the tree.
func (x *mallory) rename(leaf *mls.LeafNode, name string) {
	_, device, err := ed25519.GenerateKey(rand.Reader)
	x.m.t.check(err, "making a device key")
	c := link.LeafContext{Room: x.m.link.Room, LinkNumber: 1, MemberID: link.MemberID(leaf.Credential.Identity), SignatureKey: leaf.SignatureKey}
	b, err := c.Make(x.m.cfg.Keys.Admission, device, string(x.p.session), name)
	x.m.t.check(err, "making a leaf")
	leaf.Extensions = []mls.Extension{{Type: link.LeafExtension, Data: b}}
}
