package group

import (
	"crypto/ed25519"
	"testing"
	"time"

	"incamera/e2ee/link"
)

// again is the same person with a page of its own, as after a reload; it
// remembers what its browser does.
func (s *fakeService) again(c *client, known link.Policy) *client {
	cfg := c.member.cfg
	cfg.Known = known
	return s.joinWith(cfg)
}

// TestHostAloneReloads: the host is the only one inside, with the lobby up, and
// reloads while somebody waits. The guest does not begin a meeting without a
// lobby, though it has never been in the group; the host comes back to its own
// meeting, and the guest still waits.
func TestHostAloneReloads(t *testing.T) {
	for name, remembers := range map[string]bool{"whose browser remembers": true, "on a browser that forgets": false} {
		t.Run(name, func(t *testing.T) {
			s := hosted(t, 0)
			host := s.clients[0]
			s.setPolicy(true, false)
			guest := s.join("Guest")
			s.run(5 * time.Second)
			if len(host.waiting) != 1 || guest.isIn() {
				t.Fatal("the guest does not wait")
			}
			known := link.Policy{}
			if remembers {
				known = host.member.Policy()
			}
			s.leave(host)
			s.run(time.Minute)
			if s.founded || guest.member.Phase() != Waiting {
				t.Fatalf("the guest goes on without the host: %v", guest.member.Phase())
			}
			host = s.again(host, known)
			s.run(5 * time.Second)
			if !host.isIn() || guest.isIn() || !host.member.Policy().Lobby || len(host.waiting) != 1 {
				t.Fatalf("the host is %v, the guest %v, %d wait", host.member.Phase(), guest.member.Phase(), len(host.waiting))
			}
			out, err := host.member.Admit(guest.session, s.now)
			s.do(host, out, err)
			s.run(time.Minute)
			s.agree()
		})
	}
}

// TestMarks: the host's page, and no other, has the server keep each policy,
// the moderators' too; a mark that is no good is counted and changes nothing.
func TestMarks(t *testing.T) {
	s := hosted(t, 2)
	host, mod := s.clients[0], s.clients[1]
	if s.mark == nil || s.mark.Closed || s.marks != 1 {
		t.Fatalf("the policy that the host begins with is marked as %+v", s.mark)
	}
	out, err := host.member.SetModerators([]ed25519.PublicKey{device(mod)}, s.now)
	s.do(host, out, err)
	out, err = mod.member.SetPolicy(true, false, s.now)
	s.do(mod, out, err)
	if s.mark == nil || s.mark.Number != host.member.Policy().Number || !s.mark.Closed || s.marks != 3 {
		t.Fatalf("%d marks, the last is %+v", s.marks, s.mark)
	}
	good := *s.mark
	forged := good
	forged.Number++
	s.mark = &forged
	guest := s.join("Guest")
	s.deliver()
	if guest.member.Dropped.Marks != 1 || guest.member.terms.known.Closed() {
		t.Errorf("%+v", guest.member.Dropped)
	}
	s.mark = &good
	other := s.join("Other")
	s.deliver()
	if k := other.member.terms.known; k.Number != good.Number || !k.Lobby || !k.Grant.Names(device(mod)) {
		t.Errorf("a newcomer knows %+v", k)
	}
}

// TestMarkOpens: who waits for a host goes on when it hears that the meeting is
// open.
func TestMarkOpens(t *testing.T) {
	s := hosted(t, 0)
	host := s.clients[0]
	s.setPolicy(true, false)
	closed := *s.mark
	s.setPolicy(false, false)
	open := *s.mark
	s.leave(host)
	s.mark = &closed // of an older room
	guest := s.join("Guest")
	s.run(time.Minute)
	if guest.member.Phase() != Waiting {
		t.Fatalf("the guest is %v", guest.member.Phase())
	}
	s.tell(guest, Marked{open})
	s.run(time.Minute)
	if !guest.isIn() {
		t.Errorf("the guest is %v", guest.member.Phase())
	}
}
