package group

import (
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// rule has the host change the rules of the meeting.
func (s *fakeService) rule(change func(*link.Policy)) {
	s.t.Helper()
	out, err := s.clients[0].member.Rule(func(p link.Policy) (link.Policy, error) {
		change(&p)
		return p, nil
	}, s.now)
	s.do(s.clients[0], out, err)
}

// TestFull: with as many inside as the host allows the meeting counts as
// locked, until somebody leaves.
func TestFull(t *testing.T) {
	s := hosted(t, 2)
	s.rule(func(p *link.Policy) { p.Full = 4 })
	last, late := s.join("Last"), s.join("Late")
	s.run(5 * time.Second)
	if !last.isIn() || late.isIn() {
		t.Fatalf("the last is in: %t, one too many: %t", last.isIn(), late.isIn())
	}
	if got := s.clients[0].lobby(); !slices.Equal(got, []string{"Late"}) {
		t.Errorf("the host sees %v wait", got)
	}
	s.leave(s.clients[1])
	s.run(5 * time.Second)
	if !late.isIn() {
		t.Error("there is space, and who waits is not let in")
	}
	s.agree()
}

// TestFullBypass: an insider's commit beyond what the host allows is taken by
// nobody.
func TestFullBypass(t *testing.T) {
	s := hosted(t, 2)
	x := newIntruder(t, s)
	s.run(time.Second)
	s.rule(func(p *link.Policy) { p.Full = 4 })
	before := s.clients[0].epoch().Keys.Number
	x.commit(nil, x.group.NewPSK(link.PSKID(1)), mls.Add(x.keyPackage(x.terms, "ghost", "Ghost", unchanged).Public))
	s.deliver()
	for _, h := range s.clients[:3] {
		last := h.phases[len(h.phases)-1]
		if h.epoch().Keys.Number != before || last.Why == nil || !strings.Contains(last.Why.Error(), "full") {
			t.Errorf("%s in epoch %d after %d: %v", h.name, h.epoch().Keys.Number, before, last)
		}
	}
}

// TestWithheldKeys: all are told from whom the policy withholds what, and
// nothing is withheld from the host.
func TestWithheldKeys(t *testing.T) {
	s := hosted(t, 2)
	ben := s.clients[1].member
	s.rule(func(p *link.Policy) {
		p.Withheld = link.ActScreen | link.ActChat
		var err error
		if *p, err = p.Except(ben.ownDevice(), link.Listening); err != nil {
			t.Fatal(err)
		}
	})
	for _, c := range s.clients {
		got := c.epoch().Keys.Withheld
		want := map[uint32]keys.Sources{}
		for _, p := range c.epoch().Roster {
			switch p.Session {
			case s.clients[1].session:
				want[p.Leaf] = keys.Of(keys.Mic, keys.Camera, keys.Screen, keys.ScreenAudio)
			case s.clients[2].session:
				want[p.Leaf] = keys.Of(keys.Screen, keys.ScreenAudio)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
		for leaf, w := range want {
			if got[leaf] != w {
				t.Errorf("%s, leaf %d: %b, want %b", c.name, leaf, got[leaf], w)
			}
		}
	}
}
