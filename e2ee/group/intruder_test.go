package group

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// An intruder is a member like any other, who has the link, until it commits:
// then it keeps to no rules but those of RFC 9420.
type intruder struct {
	t     *testing.T
	s     *fakeService
	c     *client
	terms *terms
	own   *mls.KeyPackagePrivate
	group *mls.Group
	shape func(*mls.KeyPackageOptions) // changes those of key packages; nil: nothing
}

// lax is a Config that checks nothing.
func (x *intruder) lax() mls.Config {
	return mls.Config{PSK: func(id mls.PSKID) []byte {
		if id.Type != mls.PSKExternal {
			return nil
		}
		if bytes.Equal(id.ID, link.PSKID(x.terms.linkNumber)) {
			return x.terms.keys.PSK.Reveal()
		}
		sum := sha256.Sum256(id.ID)
		return sum[:]
	}, Now: func() time.Time { return x.s.now }}
}

// newIntruder lets an intruder into the meeting.
func newIntruder(t *testing.T, s *fakeService) *intruder {
	t.Helper()
	x := &intruder{t: t, s: s}
	x.terms = &terms{room: s.cfg.Room, present: present{s.cfg.Keys, s.cfg.Card.LinkNumber, s.cfg.Card, s.cfg.Hash}, now: s.now}
	cfg := s.cfg
	cfg.Name = "Mallory"
	_, cfg.Device, _ = ed25519.GenerateKey(nil)
	x.c = s.joinWith(cfg)
	x.c.raw = x.hear
	return x
}

// hear joins when asked to, and follows commits.
func (x *intruder) hear(in Input) (out Output) {
	x.t.Helper()
	switch in := in.(type) {
	case Joined:
		x.own = x.keyPackage(x.terms, x.c.session, "Mallory", func(b []byte) []byte { return b })
		if !in.Founded {
			x.group = x.found(x.terms.room, x.s.cfg.Hash[:])
			out.Send = append(out.Send, Found{in.Generation})
			break
		}
		out.Send = append(out.Send, Ask{in.Generation, x.seal(link.KindAsk, 0, x.own.Public.Message().Marshal())})
	case Welcomed:
		tree, err := link.Open(x.terms.keys.Envelope, x.place(link.KindTree, in.Epoch), in.Tree)
		if err != nil {
			x.t.Fatal(err)
		}
		x.group, err = mls.Join(x.lax(), x.open(link.KindWelcome, in.Epoch, in.Body).Welcome, x.own, tree)
		if err != nil {
			x.t.Fatal(err)
		}
	case Committed:
		if in.From == x.c.session {
			break
		}
		ev, err := x.group.Process(x.open(link.KindCommit, in.Epoch, in.Body))
		if err != nil {
			x.t.Fatal(err)
		}
		if x.group = ev.Next; x.group == nil {
			x.t.Fatal("the intruder was removed")
		}
	}
	return out
}

func (x *intruder) found(room link.Room, hash []byte) *mls.Group {
	x.t.Helper()
	id := append([]byte(room), make([]byte, 16)...)
	g, err := mls.Create(x.lax(), id, x.own, mls.Extension{Type: link.CardExtension, Data: hash})
	if err != nil {
		x.t.Fatal(err)
	}
	return g
}

func (x *intruder) place(k link.Kind, epoch uint64) link.Place {
	return link.Place{Room: x.terms.room, Kind: k, Generation: x.s.generation, Epoch: epoch}
}

func (x *intruder) seal(k link.Kind, epoch uint64, b []byte) []byte {
	return link.Seal(x.terms.keys.Envelope, x.place(k, epoch), b)
}

func (x *intruder) open(k link.Kind, epoch uint64, b []byte) *mls.Message {
	x.t.Helper()
	plain, err := link.Open(x.terms.keys.Envelope, x.place(k, epoch), b)
	if err != nil {
		x.t.Fatal(err)
	}
	m, err := mls.ParseMessage(plain)
	if err != nil {
		x.t.Fatal(err)
	}
	return m
}

// keyPackage makes one for a session by terms that may be false, and changes
// what its leaf says.
func (x *intruder) keyPackage(by *terms, session, name string, change func([]byte) []byte, more ...mls.Extension) *mls.KeyPackagePrivate {
	x.t.Helper()
	signer, err := mls.NewSigner(1)
	if err != nil {
		x.t.Fatal(err)
	}
	_, device, _ := ed25519.GenerateKey(nil)
	id := newMemberID()
	says, err := link.LeafContext{Room: by.room, LinkNumber: by.linkNumber, MemberID: id, SignatureKey: signer.Public()}.Make(by.keys.Admission, device, session, name)
	if err != nil {
		x.t.Fatal(err)
	}
	var extensions []mls.Extension
	if says = change(says); says != nil {
		extensions = []mls.Extension{{Type: link.LeafExtension, Data: says}}
	}
	o := mls.KeyPackageOptions{
		Signer: signer, Credential: mls.Credential{Type: mls.CredentialBasic, Identity: id[:]}, LeafExtensions: append(extensions, more...),
		Capabilities: mls.Capabilities{Extensions: []mls.ExtensionType{link.LeafExtension, link.CardExtension, link.PolicyExtension}},
		NotBefore:    by.now.Add(-time.Hour), NotAfter: by.now.Add(time.Hour),
	}
	if x.shape != nil {
		x.shape(&o)
	}
	kp, err := mls.NewKeyPackage(o)
	if err != nil {
		x.t.Fatal(err)
	}
	return kp
}

// commit makes a commit that the service accepts.
func (x *intruder) commit(to []string, proposals ...*mls.Proposal) {
	x.t.Helper()
	x.commitWith(nil, to, proposals...)
}

func (x *intruder) commitWith(aad []byte, to []string, proposals ...*mls.Proposal) {
	x.t.Helper()
	m, w, next, err := x.group.Commit(mls.CommitOptions{Proposals: proposals, Public: true, NoTree: true, AAD: aad})
	if err != nil {
		x.t.Fatal(err)
	}
	epoch := x.s.epoch
	out := Commit{Generation: x.s.generation, Epoch: epoch, Body: x.seal(link.KindCommit, epoch, m.Marshal()), To: to}
	if w != nil {
		out.Welcome, out.Tree = x.seal(link.KindWelcome, epoch+1, w.Marshal()), x.seal(link.KindTree, epoch+1, next.Tree())
	}
	before := x.s.epoch
	x.s.receive(x.c, out)
	if x.s.epoch != before+1 {
		x.t.Fatal("the service refused the commit, so nothing is tested")
	}
	x.group = next
}

func unchanged(b []byte) []byte { return b }

// TestGhosts: commits that the service and RFC 9420 accept, and nobody takes.
func TestGhosts(t *testing.T) {
	psk := func(x *intruder) *mls.Proposal { return x.group.NewPSK(link.PSKID(1)) }
	ghost := func(x *intruder) *mls.KeyPackage { return x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public }
	shaped := func(change func(*mls.KeyPackageOptions)) func(*intruder) []*mls.Proposal {
		return func(x *intruder) []*mls.Proposal {
			x.shape = change
			return []*mls.Proposal{psk(x), mls.Add(ghost(x))}
		}
	}
	for name, c := range map[string]struct {
		why   string
		build func(x *intruder) []*mls.Proposal
	}{
		"without PSK": {"the link's PSK 0 times", func(x *intruder) []*mls.Proposal { return []*mls.Proposal{mls.Add(ghost(x))} }},
		"with another link's PSK": {"a foreign PSK", func(x *intruder) []*mls.Proposal {
			return []*mls.Proposal{x.group.NewPSK(link.PSKID(2)), mls.Add(ghost(x))}
		}},
		"with a second PSK": {"a foreign PSK", func(x *intruder) []*mls.Proposal {
			return []*mls.Proposal{psk(x), x.group.NewPSK([]byte("mine")), mls.Add(ghost(x))}
		}},
		"with the PSK twice": {"the link's PSK 2 times", func(x *intruder) []*mls.Proposal {
			return []*mls.Proposal{psk(x), psk(x), mls.Add(ghost(x))}
		}},
		"that does not know the link": {"does not know the link", func(x *intruder) []*mls.Proposal {
			false_ := *x.terms
			false_.keys.Admission = link.NewSecret()
			return []*mls.Proposal{psk(x), mls.Add(x.keyPackage(&false_, "ghost", "Ghost", unchanged).Public)}
		}},
		"of another room": {"does not know the link", func(x *intruder) []*mls.Proposal {
			false_ := *x.terms
			false_.room = link.Room(strings.Repeat("a", 26))
			return []*mls.Proposal{psk(x), mls.Add(x.keyPackage(&false_, "ghost", "Ghost", unchanged).Public)}
		}},
		"with a forged signature": {"did not sign it", func(x *intruder) []*mls.Proposal {
			kp := x.keyPackage(x.terms, "ghost", "Ghost", func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
			return []*mls.Proposal{psk(x), mls.Add(kp.Public)}
		}},
		"with another name than was signed": {"did not sign it", func(x *intruder) []*mls.Proposal {
			kp := x.keyPackage(x.terms, "ghost", "Ghost", func(b []byte) []byte { return bytes.Replace(b, []byte("Ghost"), []byte("Alice"), 1) })
			return []*mls.Proposal{psk(x), mls.Add(kp.Public)}
		}},
		"that says nothing": {"does not say who it is", func(x *intruder) []*mls.Proposal {
			return []*mls.Proposal{psk(x), mls.Add(x.keyPackage(x.terms, "ghost", "Ghost", func([]byte) []byte { return nil }).Public)}
		}},
		"that says more than it should": {"or more than that", func(x *intruder) []*mls.Proposal {
			more := x.keyPackage(x.terms, "ghost", "Ghost", unchanged, mls.Extension{Type: link.CardExtension, Data: []byte("more")})
			return []*mls.Proposal{psk(x), mls.Add(more.Public)}
		}},
		"that is valid for longer than a day": {"its lifetime is too long", shaped(func(o *mls.KeyPackageOptions) { o.NotAfter = o.NotBefore.Add(validBefore + validAfter + time.Second) })},
		"that knows a proposal of its own":    {"not of our profile", shaped(func(o *mls.KeyPackageOptions) { o.Capabilities.Proposals = []mls.ProposalType{0xf1ca} })},
		"that does not know the policy":       {"not of our profile", shaped(func(o *mls.KeyPackageOptions) { o.Capabilities.Extensions = o.Capabilities.Extensions[:2] })},
		"in somebody's session": {"two leaves", func(x *intruder) []*mls.Proposal {
			return []*mls.Proposal{psk(x), mls.Add(x.keyPackage(x.terms, x.s.clients[0].session, "Ghost", unchanged).Public)}
		}},
		"with another card": {"not of this room's card", func(x *intruder) []*mls.Proposal {
			gce := &mls.Proposal{Type: mls.ProposalGroupContextExtensions, Extensions: []mls.Extension{{Type: link.CardExtension, Data: make([]byte, 32)}}}
			return []*mls.Proposal{psk(x), gce}
		}},
		"that ends the group": {"a proposal of type 5", func(x *intruder) []*mls.Proposal {
			return []*mls.Proposal{{Type: mls.ProposalReInit, ReInit: mls.ReInit{GroupID: []byte("new"), Version: 1, Suite: 1}}}
		}},
		"by reference": {"refers to a proposal", func(x *intruder) []*mls.Proposal {
			if _, err := x.group.Propose(mls.Add(ghost(x)), true); err != nil {
				t.Fatal(err)
			}
			return []*mls.Proposal{psk(x)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := meeting(t, 3)
			x := newIntruder(t, s)
			s.run(time.Second)
			if x.group == nil {
				t.Fatal("the intruder is not in")
			}
			honest := s.clients[:3]
			before := honest[0].epoch()
			x.commit(nil, c.build(x)...)
			s.deliver()
			for _, h := range honest {
				if h.epoch().Keys.Number != before.Keys.Number {
					t.Fatalf("%s entered epoch %d with %+v", h.name, h.epoch().Keys.Number, h.epoch().Roster)
				}
				last := h.phases[len(h.phases)-1]
				if last.Phase == Inside || last.Why == nil || !strings.Contains(last.Why.Error(), c.why) {
					t.Errorf("%s: %v, want %q", h.name, last, c.why)
				}
			}
			s.leave(x.c)
			s.run(2 * time.Minute)
			s.agree()
		})
	}
}

// TestIntruderThatKeepsToTheRules: what the tests above show to be refused is
// refused for its reason, since this is not.
func TestIntruderThatKeepsToTheRules(t *testing.T) {
	s := meeting(t, 3)
	x := newIntruder(t, s)
	s.run(time.Second)
	before := s.clients[0].epoch()
	ghost := x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public
	x.commit(nil, x.group.NewPSK(link.PSKID(1)), mls.Add(ghost))
	s.deliver()
	for _, h := range s.clients[:3] {
		if h.epoch().Keys.Number != before.Keys.Number+1 || !slices.ContainsFunc(h.epoch().Roster, func(p Participant) bool { return p.Name == "Ghost" }) {
			t.Errorf("%s is in epoch %d", h.name, h.epoch().Keys.Number)
		}
	}
	s.run(time.Second) // the ghost has no session: it is removed
	if r := s.clients[0].epoch().Roster; len(r) != 4 {
		t.Errorf("the ghost is still there: %+v", r)
	}
}

// TestFalseWelcomes: groups that an intruder founds, and that nobody joins.
func TestFalseWelcomes(t *testing.T) {
	for name, c := range map[string]struct {
		why   string
		hash  []byte
		room  link.Room
		lacks bool // the PSK
		ahead bool // by an epoch
		ghost func(x *intruder) *mls.KeyPackage
	}{
		"another card":  {why: "not of this room's card", hash: make([]byte, 32)},
		"no PSK":        {why: "lacks the link's PSK", lacks: true},
		"another epoch": {why: "of epoch 2, not 1", ahead: true},
		"another room":  {why: "of another room", room: link.Room(strings.Repeat("a", 26))},
		"a leaf out of line": {why: "does not know the link", ghost: func(x *intruder) *mls.KeyPackage {
			false_ := *x.terms
			false_.keys.Admission = link.NewSecret()
			return x.keyPackage(&false_, "ghost", "Ghost", unchanged).Public
		}},
		"a session with two leaves": {why: "two leaves", ghost: func(x *intruder) *mls.KeyPackage {
			return x.keyPackage(x.terms, x.c.session, "Ghost", unchanged).Public
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			x := newIntruder(t, s)
			s.run(0)
			if c.hash != nil || c.room != "" {
				x.own = x.keyPackage(x.terms, x.c.session, "Mallory", unchanged)
				x.group = x.found(link.Room(cmp.Or(string(c.room), string(s.cfg.Room))), append(c.hash, s.cfg.Hash[:]...)[:32])
			}
			if c.ahead {
				_, _, next, err := x.group.Commit(mls.CommitOptions{Public: true})
				if err != nil {
					t.Fatal(err)
				}
				x.group = next
			}
			victim := s.join("Victim")
			s.deliver()
			proposals := []*mls.Proposal{}
			if !c.lacks {
				proposals = append(proposals, x.group.NewPSK(link.PSKID(1)))
			}
			if c.ghost != nil {
				proposals = append(proposals, mls.Add(c.ghost(x)))
			}
			ask := x.open(link.KindAsk, 0, s.asks[0].Body).KeyPackage
			x.commit([]string{victim.session}, append(proposals, mls.Add(ask))...)
			s.deliver()
			last := victim.phases[len(victim.phases)-1]
			if len(victim.epochs) != 0 || last.Phase != Asking || last.Why == nil || !strings.Contains(last.Why.Error(), c.why) {
				t.Errorf("the victim entered %d epochs: %v, want %q", len(victim.epochs), last, c.why)
			}
		})
	}
}

// TestCheckCommit holds what mls would let through in no test of its own.
func TestCheckCommit(t *testing.T) {
	s := meeting(t, 3)
	m := s.clients[0].member
	psk := mls.CommitProposal{Proposal: m.group.NewPSK(link.PSKID(1))}
	info := func() *mls.CommitInfo {
		leaf := *m.group.Leaf(1)
		return &mls.CommitInfo{
			Sender: mls.Sender{Type: mls.SenderMember, Index: 1}, Removed: []uint32{2}, Path: &leaf,
			Proposals: []mls.CommitProposal{psk, {Proposal: mls.Remove(2)}},
		}
	}
	if err := m.terms.checkCommit(info()); err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string]func(*mls.CommitInfo){
		"has no path":           func(c *mls.CommitInfo) { c.Path = nil },
		"not of a member":       func(c *mls.CommitInfo) { c.Sender.Type = mls.SenderNewCommit },
		"by reference":          func(c *mls.CommitInfo) { c.Proposals[1].ByRef = true },
		"a proposal of type 2":  func(c *mls.CommitInfo) { c.Proposals[1].Proposal = &mls.Proposal{Type: mls.ProposalUpdate} },
		"becomes somebody else": func(c *mls.CommitInfo) { *c.Path = *m.group.Leaf(0) },
		"becomes somebody else ": func(c *mls.CommitInfo) {
			c.Path.Capabilities.Extensions = append(slices.Clone(c.Path.Capabilities.Extensions), 7)
		},
		"the device key did not sign it": func(c *mls.CommitInfo) {
			e := c.Path.Extensions[0]
			e.Data = slices.Clone(e.Data)
			e.Data[len(e.Data)-1]++
			c.Path.Extensions = []mls.Extension{e}
		},
		"does not know the link": func(c *mls.CommitInfo) { c.Path.SignatureKey = m.group.Leaf(0).SignatureKey },
		"beyond the last": func(c *mls.CommitInfo) {
			x := &intruder{t: t, s: s}
			c.Added = []mls.Member{{Index: 1024, Leaf: &x.keyPackage(&m.terms, "late", "Late", unchanged).Public.Leaf}}
		},
	} {
		c := info()
		change(c)
		if err := m.terms.checkCommit(c); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(why)) {
			t.Errorf("%v, want %q", err, why)
		}
	}
}

// TestFalseAsks: asks that nobody fulfils.
func TestFalseAsks(t *testing.T) {
	s := meeting(t, 2)
	x := &intruder{t: t, s: s, terms: &terms{room: s.cfg.Room, present: present{keys: s.cfg.Keys, linkNumber: 1}, now: s.now}}
	stranger := *x.terms
	stranger.keys = link.Link{Room: s.cfg.Room, Secret: link.NewSecret()}.Keys()
	expired := *x.terms
	expired.now = s.now.Add(-2 * time.Hour)
	kp := func(by *terms, session string) []byte {
		return x.keyPackage(by, session, "Eve", unchanged).Public.Message().Marshal()
	}
	var replay []byte
	for _, b := range s.wire {
		if plain, err := link.Open(s.cfg.Keys.Envelope, x.place(link.KindAsk, 0), b); err == nil {
			replay = plain
		}
	}
	for name, body := range map[string][]byte{
		"of who has another link":    link.Seal(stranger.keys.Envelope, x.place(link.KindAsk, 0), kp(&stranger, "eve")),
		"without admission":          x.seal(link.KindAsk, 0, kp(&stranger, "eve")),
		"in another session's name":  x.seal(link.KindAsk, 0, kp(x.terms, s.clients[0].session)),
		"in nobody's name":           x.seal(link.KindAsk, 0, kp(x.terms, "nobody")),
		"of an expired key package":  x.seal(link.KindAsk, 0, kp(&expired, "eve")),
		"that was fulfilled already": x.seal(link.KindAsk, 0, replay),
		"in a commit's envelope":     x.seal(link.KindCommit, 0, kp(x.terms, "eve")),
		"of no sense":                x.seal(link.KindAsk, 0, []byte("hello")),
		"not sealed":                 kp(x.terms, "eve"),
	} {
		from := "eve"
		if name == "that was fulfilled already" {
			from = s.clients[1].session
		}
		before, dropped := s.epoch, s.clients[0].member.Dropped.Asks
		for _, c := range s.clients {
			s.take(c, c.member.Handle(Arrived{"eve"}, s.now))
			s.take(c, c.member.Handle(Asked{s.generation, from, body}, s.now))
		}
		s.run(5 * time.Second)
		if s.epoch != before || s.clients[0].member.Dropped.Asks == dropped {
			t.Errorf("an ask %s: epoch %d after %d, %d dropped", name, s.epoch, before, s.clients[0].member.Dropped.Asks-dropped)
		}
	}
}

// TestBadAskHarmsNobody: one ask that cannot be committed does not keep the
// others out.
func TestBadAskHarmsNobody(t *testing.T) {
	s := meeting(t, 2)
	x := &intruder{t: t, s: s, terms: &terms{room: s.cfg.Room, present: present{keys: s.cfg.Keys, linkNumber: 1}, now: s.now.Add(-2 * time.Hour)}}
	body := x.seal(link.KindAsk, 0, x.keyPackage(x.terms, "eve", "Eve", unchanged).Public.Message().Marshal())
	for _, c := range s.clients {
		s.take(c, c.member.Handle(Arrived{"eve"}, s.now))
		s.take(c, c.member.Handle(Asked{s.generation, "eve", body}, s.now))
	}
	s.join("Good")
	s.join("Good too")
	s.run(5 * time.Second)
	s.agree()
}

// TestServerLies: what the service orders wrongly is not believed.
func TestServerLies(t *testing.T) {
	last := func(s *fakeService) Committed {
		for _, e := range slices.Backward(s.log) {
			if c, ok := e.(Committed); ok {
				return c
			}
		}
		t.Fatal("no commit")
		return Committed{}
	}
	for name, lie := range map[string]func(s *fakeService) Input{
		"an old commit again": func(s *fakeService) Input { c := last(s); c.Seq = uint32(len(s.log)) + 1; return c },
		"an old commit as new": func(s *fakeService) Input {
			c := last(s)
			c.Seq, c.Epoch = uint32(len(s.log))+1, s.epoch
			return c
		},
		"rubbish": func(s *fakeService) Input {
			return Committed{uint32(len(s.log)) + 1, s.generation, s.epoch, "session-0", make([]byte, 500)}
		},
		"withheld entries": func(s *fakeService) Input { return CaughtUp{s.generation, uint32(len(s.log)) + 5} },
	} {
		s := meeting(t, 3)
		c := s.clients[2]
		before := len(c.epochs)
		s.take(c, c.member.Handle(lie(s), s.now))
		if len(c.epochs) != before || c.member.Phase() != Asking {
			t.Errorf("%s: %v", name, c.phases)
		}
	}
}
