package group

import (
	"crypto/ed25519"
	"errors"
	"math"
	"testing"
	"time"

	"incamera/e2ee/link"
)

// TestHostKnowsHigherNumbers: a host that knows of a policy far above the one in
// force is followed all the same.
func TestHostKnowsHigherNumbers(t *testing.T) {
	s := hosted(t, 2)
	before := s.clients[0].member.Policy().Number
	s.clients[0].member.terms.known.Number = 1 << 30
	s.setPolicy(true, false)
	s.setPolicy(true, true)
	s.agree()
	if got := s.clients[1].member.Policy().Number; got != before+2*link.MaxStep {
		t.Errorf("policy %d after %d", got, before)
	}
}

// TestGroupOfTheLastNumber: a moderator begins a group whose policy nobody could
// follow. Who knows the room does not join it.
func TestGroupOfTheLastNumber(t *testing.T) {
	s := hosted(t, 2)
	host, mod, person := s.clients[0], s.clients[1], s.clients[2]
	out, err := host.member.SetModerators([]ed25519.PublicKey{device(mod)}, s.now)
	s.do(host, out, err)
	cfg := host.member.cfg
	cfg.Known = host.member.Policy() // as the page keeps it
	s.leave(host)
	s.run(10 * time.Second)
	mod.member.terms.known.Number = math.MaxUint32 - 1
	s.forgetGroup("")
	s.run(10 * time.Second)
	back := s.joinWith(cfg)
	s.run(10 * time.Second)
	if s.generation != 2 || mod.member.Policy().Number != math.MaxUint32 {
		t.Fatalf("generation %d, policy %d", s.generation, mod.member.Policy().Number)
	}
	for _, c := range []*client{person, back} {
		if c.isIn() || c.member.Dropped.Welcomes == 0 || c.member.terms.known.Number > 10 {
			t.Errorf("%s is %v, and knows of policy %d", c.name, c.member.Phase(), c.member.terms.known.Number)
		}
	}
}

// TestNumbersUsedUp: where no policy can follow, what would need one is an
// error, and nothing else stops.
func TestNumbersUsedUp(t *testing.T) {
	s := hosted(t, 2)
	host, person := s.clients[0], s.clients[1]
	for _, c := range s.clients {
		c.member.terms.policy.Number, c.member.terms.known.Number = math.MaxUint32, math.MaxUint32
	}
	for what, do := range map[string]func() (Output, error){
		"the lobby":  func() (Output, error) { return host.member.SetPolicy(true, false, s.now) },
		"moderators": func() (Output, error) { return host.member.SetModerators(nil, s.now) },
		"a removal":  func() (Output, error) { return host.member.Remove(person.session, s.now) },
	} {
		if out, err := do(); !errors.Is(err, errNumbers) || len(out.Send) != 0 {
			t.Errorf("%s: %v, %d messages", what, err, len(out.Send))
		}
	}
	out, err := host.member.ChangeLink(s.now)
	s.do(host, out, err)
	if len(host.links) != 0 || host.member.wantsLink {
		t.Error("the link is changed, or still to be")
	}
	if len(s.clients[2].epoch().Roster) != 3 {
		t.Error("somebody is removed")
	}
	s.join("Late")
	s.run(10 * time.Second)
	if len(host.epoch().Roster) != 4 {
		t.Error("nobody can join")
	}
	s.forgetGroup("")
	s.run(10 * time.Second)
	if p := host.member.Policy(); p.Number != link.MaxStep || !p.Grant.IsHost(device(host)) { // others began one without a policy
		t.Errorf("the policy is %+v", p)
	}
}
