package group

import (
	"crypto/ed25519"
	"testing"
	"time"
)

// TestSendBack: who is sent back to the lobby is out of the group before the
// server hears of it, asks again by himself, and waits though he was inside
// before; then he is let in like anybody.
func TestSendBack(t *testing.T) {
	s := hosted(t, 2)
	host, target, other := s.clients[0], s.clients[2], s.clients[1]
	if _, err := other.member.SendBack(target.session, s.now); err == nil {
		t.Fatal("somebody is sent back by who is no moderator")
	}
	if _, err := host.member.SendBack(host.session, s.now); err == nil {
		t.Fatal("the host sends himself back")
	}
	orders := 0
	s.mute = func(from *client, m Message) bool {
		if o, ok := m.(SendBack); ok {
			orders++
			said := []byte("incamera send back v1\x00" + string(s.cfg.Room) + target.session)
			if from != host || o.Session != target.session || !ed25519.Verify(s.cfg.Card.HostKey, said, o.Signature) {
				t.Errorf("%s orders %+v", from.name, o)
			}
			if len(host.epoch().Roster) != 2 {
				t.Error("the server hears of it while he is in the group")
			}
		}
		return false
	}
	before := len(target.epochs)
	out, err := host.member.SendBack(target.session, s.now)
	s.do(host, out, err)
	s.run(time.Minute)
	if orders != 1 || len(target.epochs) != before || target.member.Phase() != Asking || !host.member.Policy().Lobby {
		t.Fatalf("%d orders; he is %v", orders, target.member.Phase())
	}
	if names := host.lobby(); len(names) != 1 || len(other.epoch().Roster) != 2 {
		t.Fatalf("%v wait, %d are inside", names, len(other.epoch().Roster))
	}
	out, err = host.member.Admit(target.session, s.now)
	s.do(host, out, err)
	s.run(time.Minute)
	s.agree()
	if orders != 1 {
		t.Errorf("%d orders", orders)
	}
}
