package group

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/link"
)

// demoted is a meeting whose host had a co-host, and has taken that back and
// thrown him out. It returns what he knows.
func demoted(t *testing.T) (s *fakeService, co *client, was link.Policy) {
	t.Helper()
	s = hosted(t, 2)
	host, co := s.clients[0], s.clients[1]
	out, err := host.member.SetModerators([]ed25519.PublicKey{device(co)}, s.now)
	s.do(host, out, err)
	was = co.member.Policy()
	if !co.member.Moderates() {
		t.Fatal("there is no co-host")
	}
	out, err = host.member.SetModerators(nil, s.now)
	s.do(host, out, err)
	return s, co, was
}

// resetFor begins the next generation for somebody who keeps to no rules: he is
// the first to hear of it, with a policy of his choice in mind.
func (s *fakeService) resetFor(co *client, known link.Policy) *client {
	cfg := co.member.cfg
	cfg.Known = known
	s.leave(co)
	s.generation++
	s.founded, s.epoch, s.log, s.asks = false, 0, nil, nil
	for _, c := range s.present() {
		c.inGroup = false
	}
	mark := s.mark
	s.mark = nil // he looks away
	again := s.joinWith(cfg)
	s.deliver()
	s.mark = mark
	return again
}

// TestDemotedFounds: who was a moderator founds the next group with the grant
// that named him. Who knows a later one takes no part in it: whether the lobby is
// up or not, and the host neither.
func TestDemotedFounds(t *testing.T) {
	for name, lobby := range map[string]bool{"lobby": true, "open": false} {
		t.Run(name, func(t *testing.T) {
			s, co, was := demoted(t)
			s.setPolicy(lobby, false)
			was.Number, was.Lobby = s.clients[0].member.Policy().Number, false
			again := s.resetFor(co, was)
			if !again.member.Moderates() {
				t.Fatal("he has founded nothing")
			}
			for _, c := range []*client{s.clients[0], s.clients[2]} {
				s.tell(c, Reset{Generation: s.generation})
				s.tell(c, Founded{s.generation, again.session})
			}
			s.run(10 * time.Second)
			for _, c := range []*client{s.clients[0], s.clients[2]} {
				refused := false
				for _, p := range c.phases {
					refused = refused || p.Why != nil && strings.Contains(p.Why.Error(), "moderators of before")
				}
				if c.isIn() || !refused {
					t.Errorf("%s is %v: %v", c.name, c.member.Phase(), c.phases[len(c.phases)-1])
				}
			}
		})
	}
}

// TestGrantAfterOpenGroup: others begin an open meeting again, without a policy.
// The host's grant in it is a later one all the same: by an earlier number the
// server would not take his orders, and nobody who knows of a later one would
// come.
func TestGrantAfterOpenGroup(t *testing.T) {
	s := hosted(t, 1)
	host := s.clients[0]
	_, other, _ := ed25519.GenerateKey(nil)
	for range 2 {
		out, err := host.member.SetModerators([]ed25519.PublicKey{other.Public().(ed25519.PublicKey)}, s.now)
		s.do(host, out, err)
	}
	last := host.member.Policy().Grant.Number
	cfg := host.member.cfg
	cfg.Known = host.member.terms.known
	s.leave(host)
	s.leave(s.clients[1])
	s.run(time.Second)
	s.mark = nil
	s.join("Ben")
	s.run(time.Second)
	again := s.joinWith(cfg)
	s.run(10 * time.Second)
	if got := again.member.Policy().Grant.Number; got <= last || !again.member.Moderates() {
		t.Errorf("grant %d after %d", got, last)
	}
	out, err := again.member.SetModerators([]ed25519.PublicKey{other.Public().(ed25519.PublicKey)}, s.now)
	s.do(again, out, err)
	if got := again.member.Policy().Grant.Number; got <= last+1 {
		t.Errorf("grant %d after that", got)
	}
}

// TestMarkWhileFounding: a mark of the host comes while somebody founds his
// meeting without him. That is not gone on with.
func TestMarkWhileFounding(t *testing.T) {
	s := hosted(t, 0)
	s.setPolicy(true, false)
	mark := *s.mark
	s.leave(s.clients[0])
	s.mark = nil
	ben := s.join("Ben")
	s.lose = func(_ *client, in Input) bool { _, is := in.(Founded); return is }
	s.deliver()
	if ben.member.Phase() != Founding {
		t.Fatal(ben.member.Phase())
	}
	s.lose = nil
	s.tell(ben, Marked{mark})
	s.tell(ben, Founded{s.generation, ben.session})
	s.run(time.Second)
	if len(ben.epochs) != 0 || ben.member.Phase() == Founding {
		t.Errorf("he is %v, after %d epochs", ben.member.Phase(), len(ben.epochs))
	}
}

// TestTwoHostsAppoint: two pages of the host name a moderator each at once; one
// of them is first, and nothing stops by it.
func TestTwoHostsAppoint(t *testing.T) {
	s := hosted(t, 2)
	cfg := s.clients[0].member.cfg
	cfg.Name = "Host, on the phone"
	s.joinWith(cfg)
	s.run(time.Minute)
	first, second := s.clients[0], s.clients[3]
	a, err := first.member.SetModerators([]ed25519.PublicKey{device(s.clients[1])}, s.now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.member.SetModerators([]ed25519.PublicKey{device(s.clients[2])}, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(first, a)
	s.take(second, b)
	s.run(time.Minute)
	s.join("Late")
	s.run(time.Minute)
	s.agree()
	if first.member.wish != nil || second.member.wish != nil {
		t.Error("one of them still wishes for something")
	}
}
