package group

import (
	"slices"
	"testing"
	"time"

	"incamera/e2ee/link"
)

// TestLeave: who leaves on purpose is known to mean it, is out with the next
// commit, and nothing that the server says keeps his leaf.
func TestLeave(t *testing.T) {
	s := meeting(t, 4)
	bob := s.clients[1]
	epoch := s.epoch
	s.leave(bob)
	here := []Peer{{Session: bob.session}}
	for _, c := range s.present() {
		here = append(here, Peer{Session: c.session})
	}
	for _, c := range s.present() {
		s.tell(c, Arrived{bob.session})
		s.tell(c, Present{here})
	}
	s.run(time.Second)
	if s.epoch != epoch+1 {
		t.Errorf("%d commits", s.epoch-epoch)
	}
	for _, c := range s.present() {
		if len(c.epoch().Roster) != 3 {
			t.Errorf("%s sees %d members", c.name, len(c.epoch().Roster))
		}
		if len(c.parted) != 1 || c.parted[0].Who.Session != bob.session || !c.parted[0].Meant {
			t.Errorf("%s was told %+v", c.name, c.parted)
		}
	}
}

// TestLostIsNoLeave: the server's word alone is told as what it is, and taken
// back with it.
func TestLostIsNoLeave(t *testing.T) {
	s := meeting(t, 3)
	ann, bob := s.clients[0], s.clients[1]
	s.tell(ann, Left{Session: bob.session})
	s.tell(ann, Arrived{bob.session})
	s.run(10 * time.Second)
	s.agree()
	if len(ann.parted) != 1 || ann.parted[0].Meant {
		t.Errorf("told %+v", ann.parted)
	}
}

// TestForgedLeave: nobody says goodbye for another, or for a leaf of before.
func TestForgedLeave(t *testing.T) {
	s := meeting(t, 3)
	ann, bob, cat := s.clients[0], s.clients[1], s.clients[2]
	early := bob.member.Parting()
	s.tell(bob, Gap{s.generation}) // he begins anew, as another leaf
	s.run(30 * time.Second)
	s.agree()
	seal := func(b []byte) []byte { return cat.member.seal(link.KindLeave, 0, b) }
	meant := bob.member.Parting()
	for what, body := range map[string][]byte{
		"nothing":            {},
		"her own":            cat.member.Parting(),
		"of the leaf before": early,
		"signed by another":  seal(link.SignLeave(s.cfg.Room, bob.member.me(), cat.member.cfg.Device)),
		"of another room":    seal(link.SignLeave("another", bob.member.me(), bob.member.cfg.Device)),
		"not sealed":         link.SignLeave(s.cfg.Room, bob.member.me(), bob.member.cfg.Device),
		"altered":            append(slices.Clone(meant[:len(meant)-1]), meant[len(meant)-1]^1),
		"sealed as a beat":   cat.member.seal(link.KindBeat, 0, link.SignLeave(s.cfg.Room, bob.member.me(), bob.member.cfg.Device)),
	} {
		ann.parted = nil
		s.tell(ann, Left{Session: bob.session, Body: body})
		s.tell(ann, Arrived{bob.session})
		s.run(5 * time.Second)
		s.agree()
		if len(ann.parted) != 1 || ann.parted[0].Meant {
			t.Errorf("%s: told %+v", what, ann.parted)
		}
	}
	s.tell(ann, Left{Session: bob.session, Body: meant})
	s.tell(ann, Arrived{bob.session})
	s.run(5 * time.Second)
	if !ann.parted[len(ann.parted)-1].Meant {
		t.Error("his own is not taken")
	}
	// Nor is he back when his leaf is out: that session is over.
	s.tell(ann, Arrived{bob.session})
	s.tell(ann, Present{[]Peer{{Session: bob.session}, {Session: cat.session}}})
	s.deliver()
	if _, here := ann.member.here[bob.session]; here || len(ann.epoch().Roster) != 2 {
		t.Errorf("he is here again: %v; %d are inside", here, len(ann.epoch().Roster))
	}
}
