package group

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
)

// ordersOf returns what a client has ordered since the first n orders.
func (s *fakeService) ordersOf(c *client, n int) (out []Message) {
	for _, o := range s.orders[n:] {
		if o.from == c.session {
			out = append(out, o.m)
		}
	}
	return out
}

// TestPasses: the host shows the server a pass of its own, hands one to each
// session of a moderator and to nobody else, and takes them back by a new one.
func TestPasses(t *testing.T) {
	s := hosted(t, 3)
	host, mod := s.clients[0], s.clients[1]
	out, err := host.member.SetModerators([]ed25519.PublicKey{mod.member.ownDevice()}, s.now)
	s.do(host, out, err)
	passOf := func(c *client) *link.Pass {
		var last *link.Pass
		for _, m := range s.ordersOf(c, 0) {
			if p, ok := m.(Moderate); ok {
				last = &p.Pass
			}
		}
		return last
	}
	for _, c := range s.clients {
		p := passOf(c)
		var want link.Role
		switch c {
		case host:
			want = link.RoleHost
		case mod:
			want = link.RoleModerator
		default:
			if p != nil {
				t.Errorf("%s has a pass", c.name)
			}
			continue
		}
		if p == nil || p.Role != want || p.Session != c.session || !p.Holds(s.cfg.Room, s.cfg.Card.HostKey) {
			t.Fatalf("%s has the pass %+v", c.name, p)
		}
	}
	before := passOf(host).Grant
	out, err = host.member.SetModerators(nil, s.now)
	s.do(host, out, err)
	if got := passOf(host).Grant; got <= before || passOf(mod).Grant != before {
		t.Errorf("the host's pass is of grant %d after %d, the moderator's of %d", got, before, passOf(mod).Grant)
	}
}

// TestForgedPassIsNotShown: a member that hands out a pass of its own signing
// gets nobody to show it.
func TestForgedPassIsNotShown(t *testing.T) {
	s := hosted(t, 2)
	ann, ben := s.clients[1], s.clients[2]
	n := len(s.orders)
	dropped := ben.member.Dropped.Apps
	out, err := ann.member.Say(Pass{link.MakePass(s.cfg.Room, ann.member.cfg.Device, 9, link.RoleModerator, ben.session)}, s.now)
	s.do(ann, out, err)
	if len(s.orders) != n || ben.member.Dropped.Apps != dropped+1 {
		t.Errorf("orders %+v, %d dropped", s.orders[n:], ben.member.Dropped.Apps-dropped)
	}
}

// TestRulesForTheServer: each moderator tells the server what the policy
// withholds from whom, by session, once for each change.
func TestRulesForTheServer(t *testing.T) {
	s := hosted(t, 2)
	host, ben := s.clients[0], s.clients[1]
	n := len(s.orders)
	ends := uint64(s.now.Add(time.Hour).UnixMilli())
	s.rule(func(p *link.Policy) {
		p.Withheld, p.Ends, p.Hostless, p.Keep = link.ActScreen|link.ActChat, ends, 2, 60
	})
	out, err := host.member.Except(ben.member.ownDevice(), link.Listening, s.now)
	s.do(host, out, err)
	s.join("Late")
	s.run(3 * time.Second)
	var rules []Rules
	for _, m := range s.ordersOf(host, n) {
		if r, ok := m.(Rules); ok {
			rules = append(rules, r)
		}
	}
	if len(rules) != 2 {
		t.Fatalf("%d rules: %+v", len(rules), rules)
	}
	screen := keys.Of(keys.Screen, keys.ScreenAudio)
	own := Shut{host.session, 0}
	if r := rules[0]; r.Withheld != screen || !slices.Equal(r.Others, []Shut{own}) || r.Ends < 3590 || r.Ends > 3600 || r.Hostless != 120 || r.Keep != 3600 {
		t.Errorf("%+v", r)
	}
	if r := rules[1]; !slices.Equal(r.Others, []Shut{own, {ben.session, screen | keys.Of(keys.Mic, keys.Camera)}}) || r.Epoch <= rules[0].Epoch {
		t.Errorf("%+v", r)
	}
}

// TestOrdersOfOthers: who is no moderator changes no rule, ends nothing, and
// mutes nobody; what he may not write nobody hears.
func TestOrdersOfOthers(t *testing.T) {
	s := hosted(t, 2)
	host, ben, cleo := s.clients[0], s.clients[1], s.clients[2]
	if _, err := ben.member.EndForAll(s.now); err == nil {
		t.Error("a member ends the meeting")
	}
	if _, err := ben.member.Except(cleo.member.ownDevice(), link.Listening, s.now); err == nil {
		t.Error("a member makes a listener of another")
	}
	heard := func(c *client) int { return len(c.heard) }
	for _, a := range []App{Mute{Source: "mic"}, Spotlight{ben.session, "camera"}} {
		n, dropped := heard(cleo), cleo.member.Dropped.Apps
		out, err := ben.member.Say(a, s.now)
		s.do(ben, out, err)
		if heard(cleo) != n || cleo.member.Dropped.Apps == dropped {
			t.Errorf("%+v of a member is heard", a)
		}
		out, err = host.member.Say(a, s.now)
		s.do(host, out, err)
		if heard(cleo) != n+1 {
			t.Errorf("%+v of the host is not heard", a)
		}
	}
	s.rule(func(p *link.Policy) { p.Withheld = link.ActChat })
	n := heard(cleo)
	for _, c := range []*client{ben, host} {
		out, err := c.member.Say(Chat{"0123456789abcdef", "hello"}, s.now)
		s.do(c, out, err)
	}
	if heard(cleo) != n+1 || cleo.heard[n].From.Session != host.session {
		t.Errorf("heard %+v", cleo.heard[n:])
	}
	if got := ben.heard[len(ben.heard)-1]; got.From.Session != host.session {
		t.Error("who may not write sees his text as if it had been said")
	}
	out, err := host.member.EndForAll(s.now)
	s.do(host, out, err)
	if last := s.orders[len(s.orders)-1]; last != (order{host.session, End{}}) {
		t.Errorf("%+v", last)
	}
}
