package group

import (
	"crypto/ed25519"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

var hostKey = ed25519.NewKeyFromSeed(make([]byte, 32)) // of newService

// hosted is a meeting whose first member is the host.
func hosted(t *testing.T, others int) *fakeService {
	t.Helper()
	s := newService(t)
	cfg := s.cfg
	cfg.Name, cfg.Host = "Host", hostKey
	_, cfg.Device, _ = ed25519.GenerateKey(nil)
	s.joinWith(cfg)
	for range others {
		s.run(300 * time.Millisecond)
		s.join("Person")
	}
	s.run(time.Minute)
	s.agree()
	return s
}

// do carries out what a host decides, and everything that follows within 3 s.
func (s *fakeService) do(c *client, out Output, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	s.take(c, out)
	s.run(3 * time.Second)
}

func (s *fakeService) setPolicy(lobby, locked bool) {
	s.t.Helper()
	out, err := s.clients[0].member.SetPolicy(lobby, locked, s.now)
	s.do(s.clients[0], out, err)
	for _, c := range s.members() {
		if c.raw != nil {
			continue
		}
		if p := c.member.Policy(); p.Lobby != lobby || p.Locked != locked {
			s.t.Fatalf("%s has policy %+v", c.name, p)
		}
	}
}

func (c *client) lobby() (names []string) {
	for _, p := range c.waiting {
		names = append(names, p.Name)
	}
	return names
}

func device(c *client) ed25519.PublicKey { return c.member.cfg.Device.Public().(ed25519.PublicKey) }

func (c *client) isIn() bool { return c.member.Phase() == Inside }

func TestLobby(t *testing.T) {
	s := hosted(t, 2)
	s.setPolicy(true, false)
	guest := s.join("Guest")
	s.run(time.Minute)
	if guest.isIn() || len(guest.epochs) != 0 {
		t.Fatal("the guest is in, and nobody let him")
	}
	host := s.clients[0]
	if got := host.lobby(); !slices.Equal(got, []string{"Guest"}) {
		t.Fatalf("the host sees %v wait", got)
	}
	for _, c := range s.clients[1:3] {
		if len(c.waiting) != 0 {
			t.Errorf("%s hears of the lobby, and is no moderator", c.name)
		}
		if _, err := c.member.Admit(guest.session, s.now); err == nil {
			t.Errorf("%s admits somebody", c.name)
		}
	}
	out, err := host.member.Admit(guest.session, s.now)
	s.do(host, out, err)
	s.agree()
	if len(host.waiting) != 0 {
		t.Errorf("%v still waits", host.lobby())
	}
	if _, err := host.member.Admit(guest.session, s.now); err == nil {
		t.Error("somebody who is in is admitted")
	}
	s.setPolicy(false, false)
	s.join("Late")
	s.run(3 * time.Second)
	s.agree()
}

// TestLobbyTakesBack: who lost his state comes back as himself without a host,
// and after a reload because the host knows the device.
func TestLobbyTakesBack(t *testing.T) {
	s := hosted(t, 3)
	s.setPolicy(true, false)
	c := s.clients[2]
	s.take(c, c.member.Handle(Gap{s.generation}, s.now))
	if c.isIn() {
		t.Fatal("it has not begun anew")
	}
	s.clients[0].member.hosting = newHosting() // a host that knows nobody
	s.run(5 * time.Second)
	s.agree()

	s.setPolicy(false, false)
	s.setPolicy(true, false)
	cfg := c.member.cfg
	s.leave(c)
	back := s.joinWith(cfg)
	s.run(5 * time.Second)
	if !back.isIn() {
		t.Error("the device is known, and has to wait")
	}
	s.agree()
}

// TestHostComesBack: a host that reloads the page gets in again, through lobby
// and lock, and by no other device.
func TestHostComesBack(t *testing.T) {
	for _, locked := range []bool{false, true} {
		s := hosted(t, 2)
		s.setPolicy(true, locked)
		cfg := s.clients[0].member.cfg
		cfg.Known = s.clients[0].member.Policy()
		s.leave(s.clients[0])
		s.run(3 * time.Second)
		back := s.joinWith(cfg)
		other := s.join("Not the host")
		s.run(3 * time.Second)
		if !back.isIn() || !back.member.Moderates() || other.isIn() {
			t.Errorf("locked %t: the host is in: %t, another: %t", locked, back.isIn(), other.isIn())
		}
	}
}

func TestLock(t *testing.T) {
	s := hosted(t, 2)
	s.setPolicy(false, true)
	guest := s.join("Guest")
	s.run(5 * time.Second)
	out, err := s.clients[0].member.Admit(guest.session, s.now)
	s.do(s.clients[0], out, err)
	if guest.isIn() {
		t.Fatal("somebody came into a locked meeting")
	}
	s.take(s.clients[1], s.clients[1].member.Handle(Gap{s.generation}, s.now))
	s.run(5 * time.Second)
	if !s.clients[1].isIn() {
		t.Error("a member that lost its state is locked out")
	}
	s.setPolicy(false, false)
	s.run(5 * time.Second)
	s.agree()
}

// TestHurried: a commit that throws somebody out, or that is full, keeps its
// distance from the one before, and no more than a second of it, however large
// the group is.
func TestHurried(t *testing.T) {
	s := hosted(t, 2)
	m := s.clients[0].member
	for size := uint32(3); size < 250; size++ { // leaves that nobody looks at
		m.terms.roster[1000+size] = &member{Participant: Participant{Session: fmt.Sprint(size)}}
	}
	if got := m.spacing(make([]asking, 63)); got != 5*time.Second {
		t.Errorf("%v between commits of %d", got, len(m.terms.roster))
	}
	if got := m.spacing(make([]asking, 64)); got != time.Second {
		t.Errorf("%v until a commit that takes no more", got)
	}
	m.removing["who is gone already"] = true
	if got := m.spacing(nil); got != 5*time.Second {
		t.Errorf("%v when nobody is to be thrown out", got)
	}
	m.removing[s.clients[2].session] = true
	if got := m.spacing(nil); got != time.Second {
		t.Errorf("%v until somebody is thrown out", got)
	}
}

// TestRemove: who is thrown out is out for everybody in one commit, and lands
// in the lobby, by whatever way he comes.
func TestRemove(t *testing.T) {
	s := hosted(t, 3)
	host, target := s.clients[0], s.clients[2]
	if _, err := s.clients[1].member.Remove(target.session, s.now); err == nil {
		t.Fatal("somebody throws another out, and is no moderator")
	}
	before := host.epoch().Keys.Number
	out, err := host.member.Remove(target.session, s.now)
	s.do(host, out, err)
	if target.isIn() || !host.member.Policy().Lobby || host.epoch().Keys.Number != before+1 {
		t.Fatalf("in: %t, policy %+v, epoch %d after %d", target.isIn(), host.member.Policy(), host.epoch().Keys.Number, before)
	}
	// His client asks at once to be taken back.
	if got := host.lobby(); len(got) != 1 || len(host.epoch().Roster) != 3 {
		t.Errorf("%v waits, %+v are in", got, host.epoch().Roster)
	}
	cfg := target.member.cfg
	s.leave(target)
	again := s.joinWith(cfg)
	s.run(time.Minute)
	if again.isIn() || len(host.lobby()) != 1 {
		t.Errorf("in: %t, %v waits", again.isIn(), host.lobby())
	}
	out, err = host.member.Admit(again.session, s.now)
	s.do(host, out, err)
	s.agree()
}

// TestLateWordsOfWhoIsOut: what he said in his last epoch, and the server hands
// on when he is removed, nobody hears; of others such words are heard.
func TestLateWordsOfWhoIsOut(t *testing.T) {
	s := hosted(t, 2)
	host, stays, target := s.clients[0], s.clients[1], s.clients[2]
	var late []Message
	for _, c := range []*client{stays, target} {
		out, err := c.member.Say(Chat{"0123456789abcdef", "late of " + c.name + c.session}, s.now)
		if err != nil {
			t.Fatal(err)
		}
		late = append(late, out.Send...)
	}
	out, err := host.member.Remove(target.session, s.now)
	s.do(host, out, err)
	dropped := host.member.Dropped.Apps
	s.receive(stays, late[0])
	target.inGroup = true // says the server
	s.receive(target, late[1])
	s.deliver()
	if !heard(host, "late of "+stays.name+stays.session) {
		t.Error("late words of a member are lost")
	}
	if heard(host, "late of "+target.name+target.session) || host.member.Dropped.Apps != dropped+1 {
		t.Errorf("who is out is heard; %d dropped", host.member.Dropped.Apps-dropped)
	}
}

func TestModerators(t *testing.T) {
	s := hosted(t, 3)
	host, mod, other := s.clients[0], s.clients[1], s.clients[2]

	out, err := host.member.SetModerators([]ed25519.PublicKey{device(mod)}, s.now)
	s.do(host, out, err)
	out, err = mod.member.SetPolicy(true, false, s.now)
	s.do(mod, out, err)
	guest := s.join("Guest")
	s.run(3 * time.Second)
	out, err = mod.member.Admit(guest.session, s.now)
	s.do(mod, out, err)
	s.agree()
	if _, err = mod.member.SetModerators([]ed25519.PublicKey{device(other)}, s.now); err == nil {
		t.Error("a moderator names others")
	}
	out, err = host.member.SetModerators(nil, s.now)
	s.do(host, out, err)
	if _, err = mod.member.SetPolicy(false, false, s.now); err == nil || mod.member.Moderates() {
		t.Error("somebody acts for the host who may not any more")
	}
	s.agree()
}

// bypass is a commit of an insider's; aad and more proposals beside the PSK.
type bypass func(x *intruder) (aad []byte, proposals []*mls.Proposal)

// TestLobbyBypass: with the lobby up, commits that the service and RFC 9420
// accept, and no client takes, whatever it is that the insider signs.
func TestLobbyBypass(t *testing.T) {
	policy := func(x *intruder) link.Policy { return x.s.clients[0].member.Policy() }
	authority := func(x *intruder) link.Authority {
		return link.Authority{Room: x.s.cfg.Room, Host: x.s.cfg.Card.HostKey, GroupID: x.group.ID()}
	}
	ghost := func(x *intruder) *mls.KeyPackage { return x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public }
	add := func(kp *mls.KeyPackage) []*mls.Proposal { return []*mls.Proposal{mls.Add(kp)} }
	_, own, _ := ed25519.GenerateKey(nil)
	signed := func(x *intruder, a link.Authority, p link.Policy, kp *mls.KeyPackage, by ed25519.PrivateKey) []byte {
		return a.SignAdmissions(p, [][]byte{kp.Message().Marshal()}, by)
	}
	context := func(x *intruder, encoded ...[]byte) *mls.Proposal {
		list := []mls.Extension{{Type: link.CardExtension, Data: x.s.cfg.Hash[:]}}
		for _, b := range encoded {
			list = append(list, mls.Extension{Type: link.PolicyExtension, Data: b})
		}
		return &mls.Proposal{Type: mls.ProposalGroupContextExtensions, Extensions: list}
	}
	sign := func(x *intruder, a link.Authority, p link.Policy, by ed25519.PrivateKey) []byte {
		b, err := a.SignPolicy(p, by)
		if err != nil {
			x.t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		why    string
		locked bool
		build  bypass
	}{
		"an Add without a signature": {"not each has a signature", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return nil, add(ghost(x))
		}},
		"an Add signed by himself": {"no moderator has signed", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			kp := ghost(x)
			return signed(x, authority(x), policy(x), kp, own), add(kp)
		}},
		"an Add with the signature for another": {"no moderator has signed", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return signed(x, authority(x), policy(x), ghost(x), hostKey), add(ghost(x))
		}},
		"an Add signed under the policy of before": {"no moderator has signed", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			kp, p := ghost(x), policy(x)
			p.Number--
			return signed(x, authority(x), p, kp, hostKey), add(kp)
		}},
		"two Adds and one signature": {"not each has a signature", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			kp := ghost(x)
			return signed(x, authority(x), policy(x), kp, hostKey), append(add(kp), add(x.keyPackage(x.terms, "second", "Second", unchanged).Public)...)
		}},
		"an Add in the place of a member that is another device": {"not each has a signature", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			kp := x.keyPackage(x.terms, x.s.clients[1].session, "Ghost", unchanged).Public
			return nil, append(add(kp), mls.Remove(1))
		}},
		"a signed Add to a locked meeting": {"locked", true, func(x *intruder) ([]byte, []*mls.Proposal) {
			kp := ghost(x)
			return signed(x, authority(x), policy(x), kp, hostKey), add(kp)
		}},
		"an end of the policy": {"policy 0 after", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return nil, []*mls.Proposal{context(x)}
		}},
		"the policy again": {"after", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return nil, []*mls.Proposal{context(x, sign(x, authority(x), policy(x), hostKey))}
		}},
		"the policy of before": {"after", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			p := policy(x)
			p.Number, p.Lobby, p.Locked = p.Number-1, false, false
			return nil, []*mls.Proposal{context(x, sign(x, authority(x), p, hostKey))}
		}},
		"the last policy of all": {"policy 4294967295 after", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return nil, []*mls.Proposal{context(x, sign(x, authority(x), link.Policy{Number: math.MaxUint32, Grant: policy(x).Grant}, hostKey))}
		}},
		"a policy of another group": {"for this group", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			a := authority(x)
			a.GroupID = append([]byte(x.s.cfg.Room), make([]byte, 16)...)
			return nil, []*mls.Proposal{context(x, sign(x, a, link.Policy{Number: 100, Grant: policy(x).Grant}, hostKey))}
		}},
		"a policy of his own": {"no moderator", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			a := authority(x)
			a.Host = own.Public().(ed25519.PublicKey)
			return nil, []*mls.Proposal{context(x, sign(x, a, link.Policy{Number: 100}, own))}
		}},
		"a new policy with an Add": {"and adds somebody", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return nil, append(add(ghost(x)), context(x, sign(x, authority(x), link.Policy{Number: 100, Grant: policy(x).Grant}, hostKey)))
		}},
		"two policies": {"beside card and policy", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			p := context(x, sign(x, authority(x), link.Policy{Number: 100, Grant: policy(x).Grant}, hostKey))
			p.Extensions = append(p.Extensions, mls.Extension{Type: link.LeafExtension, Data: []byte("more")})
			return nil, []*mls.Proposal{p}
		}},
		"a signature that admits nobody": {"nobody to admit", false, func(x *intruder) ([]byte, []*mls.Proposal) {
			return signed(x, authority(x), policy(x), ghost(x), hostKey), []*mls.Proposal{mls.Remove(1)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := hosted(t, 2)
			x := newIntruder(t, s)
			s.run(time.Second)
			s.setPolicy(false, true)
			s.setPolicy(true, false)
			if c.locked {
				s.setPolicy(true, true)
			}
			honest := s.clients[:3]
			before := honest[0].epoch().Keys.Number
			aad, proposals := c.build(x)
			x.commitWith(aad, nil, append(proposals, x.group.NewPSK(link.PSKID(1)))...)
			s.deliver()
			for _, h := range honest {
				last := h.phases[len(h.phases)-1]
				if h.epoch().Keys.Number != before || last.Phase == Inside || last.Why == nil || !strings.Contains(last.Why.Error(), c.why) {
					t.Errorf("%s in epoch %d after %d: %v, want %q", h.name, h.epoch().Keys.Number, before, last, c.why)
				}
			}
		})
	}
	t.Run("what is signed is taken", func(t *testing.T) {
		s := hosted(t, 2)
		x := newIntruder(t, s)
		s.run(time.Second)
		s.setPolicy(true, false)
		before := s.clients[0].epoch().Keys.Number
		kp := ghost(x)
		x.commitWith(signed(x, authority(x), policy(x), kp, hostKey), nil, x.group.NewPSK(link.PSKID(1)), mls.Add(kp))
		s.deliver()
		for _, h := range s.clients[:3] {
			if h.epoch().Keys.Number != before+1 || len(h.epoch().Roster) != 5 {
				t.Errorf("%s is in epoch %d: %v", h.name, h.epoch().Keys.Number, h.phases[len(h.phases)-1])
			}
		}
	})
}

// TestBreakerIn: who was added against the rules is not accepted by those who
// begin anew because of it either, when the insider welcomes them.
func TestBreakerIn(t *testing.T) {
	s := hosted(t, 2)
	x := newIntruder(t, s)
	s.run(time.Second)
	s.setPolicy(true, false)
	honest := s.clients[:3]
	before := honest[0].epoch().Keys.Number
	ghost := x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public
	x.commit(nil, x.group.NewPSK(link.PSKID(1)), mls.Add(ghost))
	s.deliver()
	for _, h := range honest {
		i := slices.IndexFunc(s.asks, func(a Asked) bool { return a.From == h.session })
		if i < 0 {
			t.Fatalf("%s does not ask", h.name)
		}
		kp := x.open(link.KindAsk, 0, s.asks[i].Body).KeyPackage
		proposals := []*mls.Proposal{x.group.NewPSK(link.PSKID(1)), mls.Add(kp)}
		for _, m := range x.group.Members() {
			says, _ := m.Leaf.Extension(link.LeafExtension)
			if strings.Contains(string(says), h.session) {
				proposals = append(proposals, mls.Remove(m.Index))
			}
		}
		x.commit([]string{h.session}, proposals...)
		s.deliver()
		last := h.phases[len(h.phases)-1]
		if h.epoch().Keys.Number != before || last.Why == nil || !strings.Contains(last.Why.Error(), "nobody has let it in") {
			t.Errorf("%s in epoch %d after %d: %v", h.name, h.epoch().Keys.Number, before, last)
		}
	}
}

// TestNoGroupBehindTheHost: a server that has the group begin again does not
// lead people into one that somebody founds who was thrown out.
func TestNoGroupBehindTheHost(t *testing.T) {
	s := hosted(t, 3)
	host, target := s.clients[0], s.clients[3]
	out, err := host.member.Remove(target.session, s.now)
	s.do(host, out, err)
	// The server forgets the group, and the one who was thrown out is fresh.
	s.leave(target)
	s.generation++
	s.founded, s.epoch, s.log, s.asks = false, 0, nil, nil
	for _, c := range s.present() {
		c.inGroup = false
	}
	for _, c := range s.clients[1:3] {
		s.tell(c, Reset{Generation: s.generation})
	}
	s.run(time.Second)
	x := newIntruder(t, s)
	s.run(time.Second)
	if x.group == nil {
		t.Fatal("the intruder has founded nothing")
	}
	for _, c := range s.clients[1:3] {
		before := len(c.epochs)
		i := slices.IndexFunc(s.asks, func(a Asked) bool { return a.From == c.session })
		if i < 0 {
			t.Fatalf("%s does not even ask", c.name)
		}
		x.commit([]string{c.session}, x.group.NewPSK(link.PSKID(1)), mls.Add(x.open(link.KindAsk, 0, s.asks[i].Body).KeyPackage))
		s.deliver()
		last := c.phases[len(c.phases)-1]
		if len(c.epochs) != before || last.Why == nil || !strings.Contains(last.Why.Error(), "older than the lobby") {
			t.Errorf("%s follows: %v", c.name, last)
		}
	}
	s.leave(x.c) // the group goes with him: all are told to begin again
	s.run(time.Minute)
	if len(s.members()) != 0 && !host.isIn() {
		t.Fatal("a group without the host")
	}
	s.tell(host, Reset{Generation: s.generation})
	s.run(2 * time.Minute)
	s.agree()
	if !host.member.Policy().Lobby {
		t.Error("the lobby is gone with the old group")
	}
}

// TestTakenBackOnItsWay: what a host takes back while the commit that brings it
// is under way does not stay in force.
func TestTakenBackOnItsWay(t *testing.T) {
	s := hosted(t, 1)
	host := s.clients[0]
	up, err := host.member.SetPolicy(true, false, s.now)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if up.Send != nil {
			break
		}
		s.now = host.member.Next()
		up = host.member.Wake(s.now)
	}
	if len(up.Send) != 1 {
		t.Fatalf("the host sends %d messages, not its commit", len(up.Send))
	}
	down, err := host.member.SetPolicy(false, false, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(host, up)
	s.take(host, down)
	s.run(time.Minute)
	s.agree()
	for _, c := range s.clients {
		if p := c.member.Policy(); p.Lobby || p.Number < 3 {
			t.Errorf("%s is under %+v", c.name, p)
		}
	}
}
