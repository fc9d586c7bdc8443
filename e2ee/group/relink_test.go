package group

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// byLink is what somebody knows who comes by a link.
func (s *fakeService) byLink(n link.Next) Config {
	cfg := s.cfg
	cfg.Keys, cfg.Card, cfg.Hash = n.Keys, n.Card, n.Hash
	return cfg
}

func (s *fakeService) comes(cfg Config, name string) *client {
	cfg.Name = name
	_, cfg.Device, _ = ed25519.GenerateKey(nil)
	return s.joinWith(cfg)
}

func (s *fakeService) changeLink() link.Next {
	s.t.Helper()
	host := s.clients[0]
	out, err := host.member.ChangeLink(s.now)
	s.do(host, out, err)
	if len(host.links) == 0 {
		s.t.Fatal("the link is not changed")
	}
	return host.links[len(host.links)-1]
}

func (s *fakeService) agreeOn(n link.Next) {
	s.t.Helper()
	s.agree()
	for _, c := range s.present() {
		if c.member.terms.cardHash != n.Hash || c.member.terms.linkNumber != n.Card.LinkNumber {
			s.t.Errorf("%s has link %d", c.name, c.member.terms.linkNumber)
		}
	}
}

func heard(c *client, text string) bool {
	return slices.ContainsFunc(c.heard, func(h Heard) bool { return h.App == App(Chat{"0123456789abcdef", text}) })
}

// TestRemoveAndChangeLink: whoever was removed hears nothing of the new link,
// though a malicious server goes on feeding him; by the old link nobody comes
// any more, and by the new one newcomers do, who take those for members that
// came by the old one.
func TestRemoveAndChangeLink(t *testing.T) {
	s := hosted(t, 3)
	host, target := s.clients[0], s.clients[2]
	waits := func() *client {
		s.setPolicy(true, false)
		g := s.join("Waits")
		s.run(time.Second)
		return g
	}()
	if _, err := s.clients[1].member.ChangeLink(s.now); err == nil {
		t.Fatal("who is no host changes the link")
	}
	s.mute = func(from *client, m Message) bool {
		c, ok := m.(Commit)
		if ok && c.Relink != nil && slices.ContainsFunc(host.epoch().Roster, func(p Participant) bool { return p.Session == target.session }) {
			t.Error("the link is handed out while he is in the group")
		}
		return false
	}
	out, err := host.member.Remove(target.session, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(host, out)
	n := s.changeLink()
	if len(s.relinks) != 1 || !s.relinks[0].Holds(s.cfg.Room, s.cfg.Card.HostKey) || s.relinks[0].TokenHash != n.Keys.TokenHash() || s.relinks[0].Number != 2 {
		t.Fatalf("the server is ordered %+v", s.relinks)
	}
	if len(target.links) != 0 || len(target.member.terms.announced) != 0 || !waits.gone || len(host.waiting) != 0 {
		t.Fatalf("removed: %d links; who waited: gone %v, %d wait", len(target.links), waits.gone, len(host.waiting))
	}
	s.leave(target)
	s.run(time.Minute)
	s.agreeOn(n)
	if !host.member.Policy().Lobby || s.mark.Number != host.member.Policy().Number {
		t.Errorf("policy %+v, the server keeps number %d", host.member.Policy(), s.mark.Number)
	}

	s.setPolicy(false, false)
	old, guest := s.join("Old"), s.comes(s.byLink(n), "New")
	s.run(time.Minute)
	if old.isIn() || !guest.isIn() || old.member.terms.known.Number != 0 || guest.member.terms.known.Number == 0 {
		t.Fatalf("by the old link: %v; by the new one: %v", old.member.Phase(), guest.member.Phase())
	}
	s.leave(old)
	s.run(time.Minute)
	s.agreeOn(n)
	// Once more: there are leaves of two links now, and each is still needed.
	third := s.changeLink()
	if got := third.Card.Older; len(got) != 2 || got[0].Number != 1 || got[1].Number != 2 {
		t.Errorf("its card names %d links of before", len(got))
	}
	late := s.comes(s.byLink(third), "Late")
	s.run(time.Minute)
	s.agreeOn(third)
	out, err = late.member.Say(Chat{"0123456789abcdef", "after"}, s.now)
	s.do(late, out, err)
	for _, c := range s.present() {
		if !heard(c, "after") {
			t.Errorf("%s does not hear it", c.name)
		}
	}
	// Who reloads comes back by the new link, without asking.
	s.setPolicy(true, false)
	again := s.byLink(third)
	again.Name, again.Device = s.clients[1].name, s.clients[1].member.cfg.Device
	s.leave(s.clients[1])
	s.joinWith(again)
	s.run(time.Minute)
	s.agreeOn(third)
	// Nobody is here by a link of before but the host and one more.
	if used, err := host.member.linksInUse(); err != nil || len(used) != 3 {
		t.Errorf("%d links are in use: %v", len(used), err)
	}
}

// TestLateWordsOfTheOldLink: what was said before the link changed, and comes
// after, is read.
func TestLateWordsOfTheOldLink(t *testing.T) {
	s := hosted(t, 2)
	says := s.clients[1]
	out, err := says.member.Say(Chat{"0123456789abcdef", "late"}, s.now)
	if err != nil {
		t.Fatal(err)
	}
	n := s.changeLink()
	s.take(says, out)
	s.run(time.Second)
	s.agreeOn(n)
	if !heard(s.clients[0], "late") || !heard(s.clients[2], "late") {
		t.Error("it is lost")
	}
	s.run(time.Minute)
	for _, c := range s.clients {
		if c.member.since != 0 {
			t.Errorf("%s keeps the keys of the old link", c.name)
		}
	}
}

// TestChangeOvertaken: another commit is first, and adds somebody who has not
// heard of the new link: it is handed out again.
func TestChangeOvertaken(t *testing.T) {
	s := hosted(t, 2)
	host, tries := s.clients[0], 0
	s.mute = func(from *client, m Message) bool {
		c, ok := m.(Commit)
		if !ok || c.Relink == nil {
			return false
		}
		tries++
		if tries > 1 {
			return false
		}
		s.join("Between") // whom somebody else adds: the host has first things first
		s.deliver()
		for s.epoch == c.Epoch {
			s.now = s.now.Add(100 * time.Millisecond)
			for _, other := range s.clients[1:] {
				s.take(other, other.member.Wake(s.now))
			}
			// The host sees only afterwards what became of his.
			for len(s.queue) > 0 {
				s.take(s.queue[0].to, s.queue[0].to.handle(s.queue[0].in, s.now))
				s.queue = s.queue[1:]
			}
		}
		s.tell(host, CommitRefused{s.generation, s.epoch})
		return true
	}
	n := s.changeLink()
	s.run(time.Minute)
	s.agreeOn(n)
	if tries < 2 || len(s.clients) != 4 || len(s.relinks) != 1 {
		t.Errorf("%d tries, %d people, %d orders", tries, len(s.clients), len(s.relinks))
	}
}

// TestRemovalAfterLostChange: another commit was first, and the host removes
// somebody who has heard of the link that came to nothing: the next is another.
func TestRemovalAfterLostChange(t *testing.T) {
	s := hosted(t, 2)
	host, target, tries := s.clients[0], s.clients[2], 0
	var heard []link.Next
	s.mute = func(from *client, m Message) bool {
		c, ok := m.(Commit)
		if !ok || c.Relink == nil {
			return false
		}
		if tries++; tries > 1 {
			return false
		}
		s.deliver()
		heard = slices.Clone(target.member.terms.announced)
		s.join("Between") // whom somebody else adds
		s.deliver()
		for s.epoch == c.Epoch {
			s.now = s.now.Add(100 * time.Millisecond)
			for _, other := range s.clients[1:] {
				s.take(other, other.member.Wake(s.now))
			}
			for len(s.queue) > 0 {
				s.take(s.queue[0].to, s.queue[0].to.handle(s.queue[0].in, s.now))
				s.queue = s.queue[1:]
			}
		}
		s.tell(host, CommitRefused{s.generation, s.epoch})
		return true
	}
	out, err := host.member.ChangeLink(s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(host, out)
	for tries == 0 {
		s.now = s.now.Add(100 * time.Millisecond)
		s.take(host, host.member.Wake(s.now))
	}
	out, err = host.member.Remove(target.session, s.now)
	s.do(host, out, err)
	s.leave(target)
	s.run(time.Minute)
	if len(heard) != 1 || len(host.links) != 1 {
		t.Fatalf("he has heard of %d links, the host has %d new ones", len(heard), len(host.links))
	}
	n := host.links[0]
	s.agreeOn(n)
	if tries < 2 || heard[0].Keys.TokenHash() == n.Keys.TokenHash() {
		t.Error("who was removed has the link")
	}
}

// TestGoneBeforeTheChange: who has left, and is still in the tree, does not
// hear of the next link.
func TestGoneBeforeTheChange(t *testing.T) {
	s := hosted(t, 2)
	host, target, said := s.clients[0], s.clients[2], false
	out, err := host.member.ChangeLink(s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.mute = func(_ *client, m Message) bool {
		if c, ok := m.(Commit); ok && c.Relink != nil {
			said = true
			if slices.ContainsFunc(host.epoch().Roster, func(p Participant) bool { return p.Session == target.session }) {
				t.Error("the link is handed out while his leaf is in the tree")
			}
		}
		return false
	}
	s.leave(target)
	s.take(host, out)
	s.run(time.Minute)
	if !said || len(host.links) != 1 {
		t.Fatalf("%d links", len(host.links))
	}
	s.agreeOn(host.links[0])
}

// TestTwoHostsChange: two pages of the host change the link at once; one link
// comes of it.
func TestTwoHostsChange(t *testing.T) {
	s := hosted(t, 1)
	cfg := s.clients[0].member.cfg
	cfg.Name = "Host, on the phone"
	s.joinWith(cfg)
	s.run(time.Minute)
	s.agree()
	first, second := s.clients[0], s.clients[2]
	a, err := first.member.ChangeLink(s.now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.member.ChangeLink(s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(first, a)
	s.take(second, b)
	s.run(time.Minute)
	if len(s.relinks) != 1 || len(first.links) != 1 || len(second.links) != 1 {
		t.Fatalf("%d orders", len(s.relinks))
	}
	s.agreeOn(first.links[0])
}

// TestNewLinkWithheld: a server that keeps the new link from one member loses
// him, and he gets nothing.
func TestNewLinkWithheld(t *testing.T) {
	s := hosted(t, 2)
	host, victim := s.clients[0], s.clients[1]
	withheld := uint32(0)
	s.lose = func(to *client, in Input) bool {
		said, ok := in.(Said)
		if to == victim && ok && said.From == host.session && withheld == 0 {
			withheld = said.Seq
			return true
		}
		return false
	}
	before := len(victim.epochs)
	handle := victim.member
	victim.raw = func(in Input) Output { // the server numbers anew what comes after
		if c, ok := in.(Committed); ok && withheld > 0 {
			c.Seq--
			in = c
		}
		return handle.Handle(in, s.now)
	}
	n := s.changeLink()
	last := victim.phases[len(victim.phases)-1]
	if len(victim.epochs) != before || victim.member.Phase() != Asking || last.Why == nil || len(victim.links) != 0 {
		t.Errorf("he is %v in %d epochs: %v", victim.member.Phase(), len(victim.epochs)-before, last.Why)
	}
	s.leave(victim)
	s.run(time.Minute)
	s.agreeOn(n)
}

// TestForgedChanges: commits of an insider that the service and RFC 9420
// accept, and by which nobody's link changes. One of them is a moderator.
func TestForgedChanges(t *testing.T) {
	type maker func(x *intruder, announced, other link.Next) (to []string, proposals []*mls.Proposal)
	context := func(x *intruder, hash [32]byte, number uint32, by ed25519.PrivateKey) *mls.Proposal {
		p := x.s.clients[0].member.Policy()
		p.Number += number
		a := link.Authority{Room: x.s.cfg.Room, Host: x.s.cfg.Card.HostKey, GroupID: x.group.ID()}
		if by == nil { // by nobody who may
			_, own, _ := ed25519.GenerateKey(nil)
			a.Host = own.Public().(ed25519.PublicKey)
			p.Grant = link.Grant{}
			by = own
		}
		b, err := a.SignPolicy(p, by)
		if err != nil {
			x.t.Fatal(err)
		}
		return &mls.Proposal{Type: mls.ProposalGroupContextExtensions, Extensions: []mls.Extension{
			{Type: link.CardExtension, Data: hash[:]}, {Type: link.PolicyExtension, Data: b},
		}}
	}
	psk := func(x *intruder, n uint32) *mls.Proposal { return x.group.NewPSK(link.PSKID(n)) }
	for name, c := range map[string]struct {
		why   string
		build maker
	}{
		"of a card that the host has not announced": {"a foreign PSK", func(x *intruder, _, other link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 2), context(x, other.Hash, 1, hostKey)}
		}},
		"of such a card, with the PSK of now": {"not of this room's card", func(x *intruder, _, other link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 1), context(x, other.Hash, 1, hostKey)}
		}},
		"with the PSK of the link before": {"a foreign PSK", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 1), context(x, n.Hash, 1, hostKey)}
		}},
		"with both PSKs": {"a foreign PSK", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 2), psk(x, 1), context(x, n.Hash, 1, hostKey)}
		}},
		"with no PSK": {"PSK 0 times", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{context(x, n.Hash, 1, hostKey)}
		}},
		"by who is no moderator": {"no moderator", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 2), context(x, n.Hash, 1, nil)}
		}},
		"by a moderator": {"not of the host's signing", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			p := x.s.clients[0].member.Policy()
			_, own, _ := ed25519.GenerateKey(nil)
			g, err := link.MakeGrant(x.s.cfg.Room, hostKey, p.Grant.Number+1, p.Grant.Own, []ed25519.PublicKey{own.Public().(ed25519.PublicKey)})
			if err != nil {
				x.t.Fatal(err)
			}
			p.Number, p.Grant = p.Number+1, g
			b, err := link.Authority{Room: x.s.cfg.Room, Host: x.s.cfg.Card.HostKey, GroupID: x.group.ID()}.SignPolicy(p, own)
			if err != nil {
				x.t.Fatal(err)
			}
			return nil, []*mls.Proposal{psk(x, 2), {Type: mls.ProposalGroupContextExtensions, Extensions: []mls.Extension{
				{Type: link.CardExtension, Data: n.Hash[:]}, {Type: link.PolicyExtension, Data: b},
			}}}
		}},
		"without another policy": {"after", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 2), context(x, n.Hash, 0, hostKey)}
		}},
		"without a policy": {"policy 0", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			p := context(x, n.Hash, 1, hostKey)
			p.Extensions = p.Extensions[:1]
			return nil, []*mls.Proposal{psk(x, 2), p}
		}},
		"that adds somebody who knows the next": {"does not know the link", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			by := *x.terms
			by.present = presentOf(n)
			return nil, []*mls.Proposal{psk(x, 2), context(x, n.Hash, 1, hostKey), mls.Add(x.keyPackage(&by, "ghost", "Ghost", unchanged).Public)}
		}},
		"that adds somebody": {"changes the link, and who", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 2), context(x, n.Hash, 1, hostKey), mls.Add(x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public)}
		}},
		"that removes somebody": {"changes the link, and who", func(x *intruder, n, _ link.Next) ([]string, []*mls.Proposal) {
			return nil, []*mls.Proposal{psk(x, 2), context(x, n.Hash, 1, hostKey), mls.Remove(1)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := hosted(t, 2)
			x := newIntruder(t, s)
			s.run(time.Second)
			older := []link.OldLink{{Number: 1, Admission: s.cfg.Keys.Admission}}
			announced, err := s.cfg.Card.Change(s.cfg.Room, link.NewSecret(), older, hostKey)
			if err != nil {
				t.Fatal(err)
			}
			other, err := s.cfg.Card.Change(s.cfg.Room, link.NewSecret(), older, hostKey)
			if err != nil {
				t.Fatal(err)
			}
			honest := s.clients[:3]
			for _, h := range honest {
				h.member.announce(announced)
			}
			before := honest[0].epoch().Keys.Number
			to, proposals := c.build(x, announced, other)
			x.commit(to, proposals...)
			s.deliver()
			for _, h := range honest {
				last := h.phases[len(h.phases)-1]
				if h.epoch().Keys.Number != before || len(h.links) != 0 || last.Why == nil || !strings.Contains(last.Why.Error(), c.why) {
					t.Errorf("%s in epoch %d after %d: %v, want %q", h.name, h.epoch().Keys.Number, before, last, c.why)
				}
			}
		})
	}
}

// TestForgedAnnouncements: a member announces a link of his own, and one that
// the host has announced before in another place; nobody keeps it.
func TestForgedAnnouncements(t *testing.T) {
	s := hosted(t, 1)
	host, member := s.clients[0], s.clients[1]
	_, own, _ := ed25519.GenerateKey(nil)
	older := []link.OldLink{{Number: 1, Admission: s.cfg.Keys.Admission}}
	forged, err := s.cfg.Card.Change(s.cfg.Room, link.NewSecret(), older, own)
	if err != nil {
		t.Fatal(err)
	}
	say := func(n link.Next) {
		dropped := host.member.Dropped.Apps
		out, err := member.member.Say(NewLink{n.Secret, n.Order.Card, n.Announced}, s.now)
		s.do(member, out, err)
		if len(host.member.terms.announced) != 0 || host.member.Dropped.Apps != dropped+1 {
			t.Errorf("%d are announced, %d dropped", len(host.member.terms.announced), host.member.Dropped.Apps-dropped)
		}
	}
	say(forged)
	second := s.changeLink()
	s.changeLink()
	say(second) // link 2 after link 3
}

// TestOldLinkAdds: once the link has changed, a member cannot add somebody who
// knows the old one only, not in the place of the leaf with which he came by it
// either.
func TestOldLinkAdds(t *testing.T) {
	for name, inHisPlace := range map[string]bool{"in another place": false, "in the place of his old leaf": true} {
		t.Run(name, func(t *testing.T) {
			s := hosted(t, 1)
			old := newIntruder(t, s)
			s.run(10 * time.Second)
			leaf := old.group.Me()
			old.c.raw = func(Input) Output { return Output{} } // and does not hear of the next
			n := s.changeLink()
			s.cfg = s.byLink(n)
			insider := newIntruder(t, s)
			s.run(10 * time.Second)
			if insider.group == nil {
				t.Fatal("the insider is not in")
			}
			proposals := []*mls.Proposal{insider.group.NewPSK(link.PSKID(2))}
			if inHisPlace {
				proposals = append(proposals, mls.Remove(leaf), mls.Add(old.own.Public))
			} else {
				proposals = append(proposals, mls.Add(old.keyPackage(old.terms, "ghost", "Ghost", unchanged).Public))
			}
			honest := s.clients[:2]
			before := honest[0].epoch().Keys.Number
			for _, h := range honest { // by his first leaf he is in the group, and by it he cannot ask again
				m := h.member
				if _, err := m.terms.readBy(m.terms.card, leaf, m.group.Leaf(leaf)); err != nil {
					t.Errorf("a leaf of before is %v", err)
				}
				if _, err := m.terms.checkAsk(&mls.KeyPackage{Leaf: *m.group.Leaf(0)}, s.clients[0].session); err == nil {
					t.Error("an ask by the old link is good")
				}
			}
			insider.commit(nil, proposals...)
			s.deliver()
			for _, h := range honest {
				last := h.phases[len(h.phases)-1]
				if h.epoch().Keys.Number != before || last.Why == nil || !strings.Contains(last.Why.Error(), "does not know the link") {
					t.Errorf("%s in epoch %d after %d: %v", h.name, h.epoch().Keys.Number, before, last)
				}
			}
		})
	}
}

// TestOldAsksAreForgotten: who waited by the old link is let in by no word of
// the host, though the server does not end his session.
func TestOldAsksAreForgotten(t *testing.T) {
	s := hosted(t, 1)
	host := s.clients[0]
	s.setPolicy(true, false)
	waits := s.join("Waits")
	s.run(time.Second)
	s.lose = func(_ *client, in Input) bool {
		left, ok := in.(Left)
		return ok && left.Session == waits.session
	}
	s.changeLink()
	if _, err := host.member.Admit(waits.session, s.now); err == nil || len(host.waiting) != 0 {
		t.Errorf("he still waits: %v", err)
	}
}

// TestMarkOfTheOldLink: who comes by the new link, and finds a mark that was
// sealed by the old one, begins no meeting without the host.
func TestMarkOfTheOldLink(t *testing.T) {
	s := hosted(t, 1)
	s.setPolicy(true, false)
	old := *s.mark
	n := s.changeLink()
	s.mark = &old
	for _, c := range s.present() {
		s.leave(c)
	}
	guest := s.comes(s.byLink(n), "Guest")
	s.run(time.Minute)
	if s.founded || guest.member.Phase() != Waiting || guest.member.Dropped.Marks != 1 {
		t.Errorf("the guest is %v", guest.member.Phase())
	}
}

// TestRemovalWhileChangeIsOnItsWay: the host removes somebody, and wishes for
// another link once more, while the commit that changes it is on its way. He was
// inside when that link was announced: it is changed again without him.
func TestRemovalWhileChangeIsOnItsWay(t *testing.T) {
	s := hosted(t, 2)
	host, target, tries := s.clients[0], s.clients[2], 0
	var late Message
	s.mute = func(from *client, m Message) bool {
		c, ok := m.(Commit)
		if ok && c.Relink != nil {
			if tries++; tries == 1 {
				late = m
				return true // the server takes its time
			}
		}
		return false
	}
	out, err := host.member.ChangeLink(s.now)
	s.do(host, out, err)
	if late == nil {
		t.Fatal("nothing is on its way")
	}
	out, err = host.member.Remove(target.session, s.now)
	s.do(host, out, err)
	out, err = host.member.ChangeLink(s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(host, out)
	s.receive(host, late)
	s.run(time.Second)
	s.leave(target)
	s.run(time.Minute)
	if len(host.links) != 2 {
		t.Fatalf("%d changes of the link", len(host.links))
	}
	n := host.links[1]
	s.agreeOn(n)
	if slices.ContainsFunc(target.links, func(l link.Next) bool { return l.Hash == n.Hash }) || len(target.member.terms.announced) != 0 {
		t.Error("who was removed has the link")
	}
}
