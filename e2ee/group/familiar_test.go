package group

import (
	"crypto/ed25519"
	"testing"
	"time"
)

// cohosted is a meeting with a lobby of a host, a co-host and a third.
func cohosted(t *testing.T) (s *fakeService, host, co, third *client) {
	t.Helper()
	s = hosted(t, 2)
	host, co, third = s.clients[0], s.clients[1], s.clients[2]
	out, err := host.member.SetModerators([]ed25519.PublicKey{device(co)}, s.now)
	s.do(host, out, err)
	s.setPolicy(true, false)
	if !co.member.Moderates() {
		t.Fatal("there is no co-host")
	}
	return s, host, co, third
}

func (s *fakeService) waits(c *client, epochs int, moderators ...*client) {
	s.t.Helper()
	s.run(time.Minute)
	if len(c.epochs) != epochs {
		s.t.Errorf("%s is in again, and nobody let him", c.name)
	}
	for _, m := range moderators {
		if len(m.waiting) != 1 {
			s.t.Errorf("%s sees %v wait", m.name, m.lobby())
		}
	}
}

// TestSentBackPastCoHost: whom one moderator sends back to the lobby another's
// page does not let in by itself, though it has seen him inside.
func TestSentBackPastCoHost(t *testing.T) {
	s, host, co, third := cohosted(t)
	before := len(third.epochs)
	out, err := host.member.SendBack(third.session, s.now)
	s.do(host, out, err)
	s.waits(third, before, host, co)
	out, err = co.member.Admit(third.session, s.now)
	s.do(co, out, err)
	s.agree()
}

// TestRemovedPastCoHost: the same for who was removed, and comes by the link of
// before at once, whoever commits his Remove. Whose connection was lost is let
// in.
func TestRemovedPastCoHost(t *testing.T) {
	for name, c := range map[string]struct{ removed, first bool }{
		"removed": {true, false}, "removed, and back before the commit": {true, true}, "lost": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, host, co, third := cohosted(t)
			if c.removed {
				out, err := host.member.Remove(third.session, s.now)
				if err != nil {
					t.Fatal(err)
				}
				s.take(host, out)
			}
			s.end(third, c.removed)
			if !c.first {
				s.run(10 * time.Second)
			}
			again := s.joinWith(third.member.cfg)
			if c.removed {
				s.waits(again, 0, host, co)
				return
			}
			s.run(time.Minute)
			s.agree()
		})
	}
}
