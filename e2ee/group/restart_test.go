package group

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// stuck is a meeting with a lobby, of a host and two others, that somebody has
// stopped: his commit was ordered, and everybody else refuses it.
func stuck(t *testing.T) (s *fakeService, honest []*client, ghost string) {
	t.Helper()
	s = hosted(t, 2)
	x := newIntruder(t, s)
	s.run(time.Second)
	s.setPolicy(true, false)
	s.run(time.Minute)
	honest = s.clients[:3]
	x.commit(nil, x.group.NewPSK(link.PSKID(1)), mls.Add(x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public))
	s.run(10 * time.Second)
	for _, c := range honest {
		if c.member.Phase() == Inside {
			t.Fatalf("%s is still in", c.name)
		}
	}
	return s, honest, "ghost"
}

// together checks that these, and no others, are in one epoch.
func (s *fakeService) together(who []*client) {
	s.t.Helper()
	for _, c := range who {
		if c.member.Phase() != Inside {
			s.t.Errorf("%s is %v", c.name, c.member.Phase())
			continue
		}
		e := c.epoch()
		sees := func(o *client) bool {
			return slices.ContainsFunc(e.Roster, func(p Participant) bool { return p.Session == o.session })
		}
		if len(e.Roster) != len(who) || slices.ContainsFunc(who, func(o *client) bool { return !sees(o) }) || fingerprint(e) != fingerprint(who[0].epoch()) {
			s.t.Errorf("%s is in epoch %d with %+v", c.name, e.Keys.Number, e.Roster)
		}
	}
}

// TestRestart: the host begins a stopped meeting anew. All come back by
// themselves, under its rules, without whom nobody had let in.
func TestRestart(t *testing.T) {
	s, honest, _ := stuck(t)
	host, ben := honest[0], honest[1]
	var late []Message
	s.mute = func(from *client, m Message) bool {
		_, asks := m.(Ask)
		if asks && from == ben {
			late = append(late, m)
		}
		return asks && from == ben
	}
	out, err := host.member.Restart(s.now)
	s.do(host, out, err)
	s.run(time.Minute)
	if s.generation != 2 {
		t.Errorf("generation %d", s.generation)
	}
	s.together([]*client{host, honest[2]})
	if p := host.member.Policy(); !p.Lobby || p.Locked {
		t.Errorf("the rules are %+v", p)
	}
	zoe := s.join("Zoe")
	s.run(10 * time.Second)
	if zoe.member.Phase() == Inside || len(host.waiting) == 0 {
		t.Error("the lobby is not up")
	}
	out, err = host.member.Admit(zoe.session, s.now)
	s.do(host, out, err)
	s.mute = nil
	s.receive(ben, late[len(late)-1]) // who comes back now finds Zoe there, and takes her
	s.run(time.Minute)
	s.together(append(slices.Clone(honest), zoe))
}

// TestRestartAfterReload: a host's page that was loaded anew meanwhile is in no
// group, and may all the same.
func TestRestartAfterReload(t *testing.T) {
	s, honest, _ := stuck(t)
	old := honest[0]
	cfg := old.member.cfg
	cfg.Known = old.member.terms.known // the page keeps it
	s.leave(old)
	host := s.joinWith(cfg)
	s.run(10 * time.Second)
	if host.member.Phase() == Inside {
		t.Fatal("the host is in a group")
	}
	out, err := host.member.Restart(s.now)
	s.do(host, out, err)
	s.run(time.Minute)
	waiting := honest[1:]
	for _, c := range waiting { // the new page knows nobody, and asks the host
		out, err := host.member.Admit(c.session, s.now)
		s.do(host, out, err)
	}
	s.run(time.Minute)
	s.together(append([]*client{host}, waiting...))
}

// TestRestartWhileRemoving: the group is begun anew before the commit comes that
// was to remove somebody: the host does not let him into the next either, with
// the lobby down again, though the server keeps his session.
func TestRestartWhileRemoving(t *testing.T) {
	s := hosted(t, 1)
	host, target := s.clients[0], s.clients[1]
	s.run(10 * time.Second)
	s.mute = func(from *client, m Message) bool { // the server does not end him
		_, removes := m.(Remove)
		_, commits := m.(Commit)
		return removes || commits && s.generation == 1
	}
	out, err := host.member.Remove(target.session, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(host, out)
	out, err = host.member.Restart(s.now)
	s.do(host, out, err)
	s.run(time.Minute)
	s.setPolicy(false, false)
	s.run(time.Minute)
	if s.generation != 2 || target.member.Phase() == Inside {
		t.Errorf("in generation %d he is %v", s.generation, target.member.Phase())
	}
	s.together([]*client{host})
}

// TestRestartLocked: who was in a locked meeting comes back; the lock is a
// lobby.
func TestRestartLocked(t *testing.T) {
	s := hosted(t, 2)
	host := s.clients[0]
	s.setPolicy(false, true)
	s.run(10 * time.Second)
	out, err := host.member.Restart(s.now)
	s.do(host, out, err)
	s.run(time.Minute)
	s.agree()
	if p := host.member.Policy(); p.Locked || !p.Lobby {
		t.Errorf("the rules are %+v", p)
	}
}

// TestRestartLockedByAnother: another moderator than the one who has ordered it
// begins the group, with its lock, and epochs begin before the order is carried
// out. All come back.
func TestRestartLockedByAnother(t *testing.T) {
	s := hosted(t, 3)
	host, mod := s.clients[0], s.clients[1]
	out, err := host.member.SetModerators([]ed25519.PublicKey{device(mod)}, s.now)
	s.do(host, out, err)
	s.setPolicy(false, true)
	s.run(10 * time.Second)
	var order Message
	s.mute = func(_ *client, m Message) bool {
		if _, is := m.(Restart); is && order == nil {
			order = m
			return true
		}
		return false
	}
	out, err = mod.member.Restart(s.now)
	s.do(mod, out, err)
	before := s.epoch
	out, err = host.member.Rule(func(p link.Policy) (link.Policy, error) { p.Full = 100; return p, nil }, s.now)
	s.do(host, out, err)
	if s.epoch == before || order == nil {
		t.Fatal("no epoch has begun in between")
	}
	s.receive(mod, order)
	s.run(time.Minute)
	if s.generation != 2 {
		t.Errorf("generation %d", s.generation)
	}
	s.together(s.clients)
	if p := host.member.Policy(); p.Locked || !p.Lobby {
		t.Errorf("the rules are %+v", p)
	}
	s.setPolicy(false, true)
	s.run(time.Minute)
	if p := host.member.Policy(); !p.Locked {
		t.Error("a later lock is undone")
	}
}

// TestRestartOfOthers: who is no moderator has no such order to give, and a
// client that gives it all the same is refused.
func TestRestartOfOthers(t *testing.T) {
	s := hosted(t, 2)
	ben := s.clients[1]
	if out, err := ben.member.Restart(s.now); !errors.Is(err, errNoModerator) || len(out.Send) > 0 || ben.member.MayRestart() {
		t.Errorf("sends %+v: %v", out.Send, err)
	}
	s.receive(ben, Restart{s.generation})
	s.run(time.Minute)
	if s.generation != 1 {
		t.Error("the group was begun anew")
	}
	s.agree()
}
