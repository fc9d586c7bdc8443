package group

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"incamera/e2ee/link"
)

// TestBeats: on an honest server nobody is ever told of anybody, whoever
// comes, goes, or loses its state.
func TestBeats(t *testing.T) {
	s := newService(t)
	s.relay = true
	for range 5 {
		s.join("Person")
		s.run(300 * time.Millisecond)
	}
	calm := func(d time.Duration) {
		t.Helper()
		for range int(d / time.Second) {
			s.run(time.Second)
			for _, c := range s.present() {
				if len(c.apart) > 0 {
					t.Fatalf("%s is told of %v", c.session, c.apart)
				}
			}
		}
	}
	before := s.beats
	calm(5 * time.Minute)
	if n := s.beats - before; n < 5*30*2/3 || n > 5*30*3/2 {
		t.Errorf("%d beats of 5 people in 5 minutes", n)
	}
	s.leave(s.clients[4])
	s.join("Another")
	calm(2 * time.Minute)
	s.tell(s.clients[1], Gap{s.generation})
	calm(2 * time.Minute)
	s.agree()
	if n := s.clients[0].member.Dropped.Beats; n != 0 {
		t.Errorf("%d beats were dropped", n)
	}
}

// TestSilence: a server that withholds what members say of where they are is
// told of, after three intervals, or when it would have ended their sessions if
// it says that they are away; and no more when they are heard again.
func TestSilence(t *testing.T) {
	s := meeting(t, 3)
	s.relay = true
	s.run(30 * time.Second)
	ann, ben := s.clients[0], s.clients[1]
	s.lose = func(_ *client, in Input) bool { b, ok := in.(BeatOf); return ok && b.From == ben.session }
	s.tell(ann, Away{ben.session, true})
	s.run(90 * time.Second)
	for _, c := range []*client{ann, s.clients[2]} {
		if !slices.Equal(c.apart, []string{ben.session}) {
			t.Errorf("%s is told of %v", c.session, c.apart)
		}
	}
	if len(ben.apart) != 0 {
		t.Errorf("he himself is told of %v", ben.apart)
	}
	s.lose = nil
	s.run(20 * time.Second)
	if len(ann.apart) != 0 {
		t.Errorf("still told of %v", ann.apart)
	}
}

// TestForgedBeats: who has the link and is not that member speaks for nobody,
// and nothing is heard twice.
func TestForgedBeats(t *testing.T) {
	s := meeting(t, 2)
	s.relay = true
	ann, ben := s.clients[0], s.clients[1]
	var last Beat
	s.mute = func(from *client, m Message) bool {
		if b, ok := m.(Beat); ok && from == ben {
			last = b
		}
		return false
	}
	s.run(30 * time.Second)
	at := link.Place{Room: s.cfg.Room, Kind: link.KindBeat, Generation: s.generation}
	encoded, err := link.Open(s.cfg.Keys.Envelope, at, last.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := link.ParseBeat(encoded)
	if err != nil {
		t.Fatal(err)
	}
	b.Number, b.History[0] = b.Number+1, b.History[0]^1
	seal := func(encoded []byte) []byte { return link.Seal(s.cfg.Keys.Envelope, at, encoded) }
	_, own, _ := ed25519.GenerateKey(nil)
	for name, body := range map[string][]byte{
		"heard before": last.Body, "of another device": seal(b.Sign(s.cfg.Room, own)), "of another room": seal(b.Sign("another", ben.member.cfg.Device)),
		"of no member": seal(link.Beat{Number: 9}.Sign(s.cfg.Room, ben.member.cfg.Device)), "nothing": seal(nil), "not sealed": encoded,
	} {
		before := ann.member.Dropped.Beats
		s.tell(ann, BeatOf{s.generation, ben.session, body})
		s.deliver()
		if ann.member.Dropped.Beats != before+1 || len(ann.apart) > 0 {
			t.Errorf("%s: taken, and told of %v", name, ann.apart)
		}
	}
	s.tell(ann, BeatOf{s.generation, ben.session, seal(b.Sign(s.cfg.Room, ben.member.cfg.Device))})
	s.deliver()
	if len(ann.apart) != 1 {
		t.Error("the harness: his own word is not taken")
	}
}

// TestPulse holds the decision: what agrees, and with what.
func TestPulse(t *testing.T) {
	me, other := link.MemberID{1}, link.MemberID{2}
	r := roster{0: {Participant: Participant{Session: "me", Member: me}}, 1: {Participant: Participant{Session: "other", Member: other}}}
	here := map[string]bool{"me": true, "other": true}
	history := func(n byte) link.History { return link.History{n} }
	limit := missedBeats * beatEvery
	for name, c := range map[string]struct {
		beat      link.Beat
		after     time.Duration // until it is heard
		at, until bool          // apart then, and for as long after that as one may be silent
	}{
		"of the epoch":                        {link.Beat{Epoch: 5, History: history(5)}, limit, false, false},
		"of the one before":                   {link.Beat{Epoch: 4, History: history(4)}, limit, false, false},
		"of the one before, late":             {link.Beat{Epoch: 4, History: history(4)}, limit + 1, true, true},
		"of an epoch that has not come":       {link.Beat{Epoch: 6, History: history(6)}, limit, false, true},
		"of another history":                  {link.Beat{Epoch: 5, History: history(9)}, 0, true, true},
		"of another history in an epoch past": {link.Beat{Epoch: 4, History: history(9)}, 0, true, true},
		"heard before":                        {link.Beat{Epoch: 5, History: history(9), Number: 1}, 0, false, false},
	} {
		var p pulse
		p.entered(4, history(4), r, start)
		p.heard(link.Beat{Member: other, Number: 1, Epoch: 4, History: history(4)}, start)
		p.entered(5, history(5), r, start)
		now := start.Add(c.after)
		c.beat.Member = other
		if c.beat.Number == 0 {
			c.beat.Number = 2
		}
		if fresh := p.fresh(c.beat); fresh != (c.beat.Number == 2) {
			t.Errorf("%s: fresh %v", name, fresh)
		} else if fresh {
			p.heard(c.beat, now)
		}
		if got := len(p.apart(me, here, now)) > 0; got != c.at {
			t.Errorf("%s: apart %v", name, got)
		}
		if got := len(p.apart(me, here, now.Add(limit))) > 0; got != c.until {
			t.Errorf("%s: apart %v in the end", name, got)
		}
	}
	var p pulse
	p.entered(1, history(1), r, start)
	for away, d := range map[bool]time.Duration{false: limit, true: limit + awayGrace} {
		here["other"] = !away
		if len(p.apart(me, here, start.Add(d))) != 0 || len(p.apart(me, here, start.Add(d+1))) != 1 {
			t.Errorf("away %v: not told of after %v", away, d)
		}
	}
	if i := beatInterval(500); i != 100*time.Second {
		t.Errorf("500 people beat every %v", i)
	}
}
