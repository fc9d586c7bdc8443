package group

import (
	"fmt"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// TestPostQuantum: a room of that suite lives as every other does.
func TestPostQuantum(t *testing.T) {
	s := newServiceOf(t, link.SuitePostQuantum)
	for i := range 6 {
		s.join(fmt.Sprint(i))
		s.run(4 * time.Second) // some warm the tree meanwhile
	}
	s.agree()
	if got := s.clients[0].member.group.Suite(); got != mls.SuiteXWing {
		t.Errorf("the group has suite %#04x", got)
	}
	s.leave(s.clients[2])
	s.run(3 * time.Second)
	s.join("Late")
	s.run(3 * time.Second)
	s.agree()
	if n := len(s.members()); n != 6 {
		t.Errorf("%d members", n)
	}
	for _, c := range s.present() {
		if d := c.member.Dropped; d != (Dropped{}) {
			t.Errorf("%s dropped %+v", c.name, d)
		}
	}
}

// TestCapacity: no more are added than the card says, and who waits comes in
// when there is a place.
func TestCapacity(t *testing.T) {
	s := newServiceOf(t, link.SuitePostQuantum)
	join := func() {
		c := s.join("Somebody")
		if c.member.terms.capacity != 64 {
			t.Fatalf("capacity of %d", c.member.terms.capacity)
		}
		c.member.terms.capacity = 4
	}
	for range 6 {
		join()
		s.run(time.Second)
	}
	if n := len(s.members()); n != 4 {
		t.Fatalf("%d members of 4", n)
	}
	s.leave(s.clients[1])
	s.run(3 * time.Second)
	if n := len(s.members()); n != 4 {
		t.Errorf("%d members of 4 after one has left and two wait", n)
	}
}

// TestAnotherSuite: a group of another suite than the card's is none of the
// room's, whatever else it says.
func TestAnotherSuite(t *testing.T) {
	s := meeting(t, 2)
	m := s.clients[0].member
	if _, err := m.terms.checkGroup(m.group); err != nil {
		t.Fatal(err)
	}
	m.terms.suite = mls.SuiteXWing
	if _, err := m.terms.checkGroup(m.group); err == nil {
		t.Error("it is accepted")
	}
	m.terms.suite = mls.SuiteX25519
	// Nor does anybody get in with a KeyPackage of another.
	c := s.join("Other")
	c.member.terms.suite = mls.SuiteXWing
	s.run(3 * time.Second)
	if m.Dropped.Asks != 1 || c.member.Phase() != Asking || len(s.members()) != 2 {
		t.Errorf("%d asks dropped; who asked with another suite is %v among %d", m.Dropped.Asks, c.member.Phase(), len(s.members()))
	}
}
