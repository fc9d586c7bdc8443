package group

import (
	"testing"
	"time"

	"incamera/e2ee/link"
)

// FuzzMember lets a server that has the link, and everything that was said,
// tell a member whatever it likes: it ends nowhere but in the group of the others
// or in none.
func FuzzMember(f *testing.F) {
	s := newService(f)
	for _, name := range []string{"Ann", "Ben", "Cleo"} {
		s.join(name)
		s.run(time.Second)
	}
	s.run(time.Minute)
	place := func(k link.Kind, epoch uint64) link.Place {
		return link.Place{Room: s.cfg.Room, Kind: k, Generation: s.generation, Epoch: epoch}
	}
	for _, in := range s.log {
		switch in := in.(type) {
		case Committed:
			if b, err := link.Open(s.cfg.Keys.Envelope, place(link.KindCommit, in.Epoch), in.Body); err == nil {
				f.Add(byte(0), b, b)
			}
		case Said:
			if b, err := link.Open(s.cfg.Keys.Envelope, place(link.KindApp, in.Epoch), in.Body); err == nil {
				f.Add(byte(1), b, b)
			}
		}
	}
	ann, err := s.clients[0].member.group.Encrypt([]byte("rubbish that she signs"), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(1), ann.Marshal(), []byte{})
	f.Add(byte(2), s.clients[0].member.group.Tree(), []byte{})
	f.Add(byte(3), []byte{}, s.clients[0].member.group.Tree())
	kp, err := s.clients[0].member.terms.newLeaf(s.cfg, "session-9")
	if err == nil {
		f.Add(byte(2), kp.Public.Message().Marshal(), []byte{})
	}
	f.Fuzz(func(t *testing.T, kind byte, a, b []byte) {
		s.t = t
		ben := s.clients[1]
		for range 30 { // he comes back
			if ben.member.Phase() != Inside {
				s.run(10 * time.Second)
			}
		}
		if ben.member.Phase() != Inside {
			t.Fatalf("he is %v after five minutes", ben.member.Phase())
		}
		m, epoch := ben.member, ben.member.Epoch()
		seal := func(k link.Kind, epoch uint64, b []byte) []byte {
			return link.Seal(s.cfg.Keys.Envelope, place(k, epoch), b)
		}
		var in Input
		switch kind % 4 {
		case 0:
			in = Committed{Seq: m.seq + 1, Generation: s.generation, Epoch: epoch, From: "session-0", Body: seal(link.KindCommit, epoch, a)}
		case 1:
			in = Said{Seq: m.seq + 1, Generation: s.generation, Epoch: epoch, From: "session-0", Body: seal(link.KindApp, epoch, a)}
		case 2:
			in = Asked{Generation: s.generation, From: "session-9", Body: seal(link.KindAsk, 0, a)}
		case 3:
			in = Welcomed{Seq: 1, Generation: s.generation, Epoch: epoch + 1, Body: seal(link.KindWelcome, epoch+1, a), Tree: seal(link.KindTree, epoch+1, b)}
		}
		out := m.Handle(in, s.now)
		for _, e := range out.Events {
			switch e := e.(type) {
			case EpochBegun:
				t.Fatalf("he enters epoch %d by what nobody has said", e.Keys.Number)
			case Heard:
				t.Fatalf("he hears %+v, which nobody has said", e)
			}
		}
		s.take(ben, out)
		s.run(0)
	})
}
