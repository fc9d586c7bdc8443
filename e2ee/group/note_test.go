package group

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"incamera/e2ee/link"
)

// hands gives what a host or moderator writes to whoever waits, as the server
// would, and returns what he reads.
func (s *fakeService) hands(from *client, to *client, out Output, err error) []string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	var read []string
	for _, m := range out.Send {
		note, ok := m.(NoteTo)
		if !ok || note.Session != to.session {
			s.t.Fatalf("%s sends %+v", from.name, m)
		}
		for range 2 { // what comes again is not shown again
			for _, e := range to.handle(Noted{note.Body}, s.now).Events {
				if n, ok := e.(Noticed); ok {
					read = append(read, n.Text)
				}
			}
		}
	}
	return read
}

// TestNote: the host and moderators write to who waits, who reads each note
// once; nobody else does, nor a moderator of before, and a note to another says
// nothing.
func TestNote(t *testing.T) {
	s := hosted(t, 2)
	host, mod, other := s.clients[0], s.clients[1], s.clients[2]
	device := mod.member.cfg.Device.Public().(ed25519.PublicKey)
	name := func(list ...ed25519.PublicKey) {
		t.Helper()
		out, err := host.member.SetModerators(list, s.now)
		s.do(host, out, err)
	}
	name(device)
	s.setPolicy(true, false)
	guest, second := s.join("Guest"), s.join("Second")
	s.run(5 * time.Second)
	for _, c := range []*client{host, mod} {
		for _, text := range []string{"a moment", "a moment more"} { // within one millisecond
			out, err := c.member.Note(guest.session, text, s.now)
			if read := s.hands(c, guest, out, err); !slices.Equal(read, []string{text}) {
				t.Errorf("%s writes %q, and he reads %q", c.name, text, read)
			}
		}
	}
	if _, err := other.member.Note(guest.session, "come in", s.now); err == nil {
		t.Error("a member writes to who waits")
	}
	if _, err := host.member.Note(guest.session, " ", s.now); err == nil {
		t.Error("nothing is written")
	}
	out, err := host.member.Note(guest.session, "for the guest", s.now)
	if err != nil {
		t.Fatal(err)
	}
	before := second.member.Dropped.Notes
	if got := second.handle(Noted{out.Send[0].(NoteTo).Body}, s.now); len(got.Events) > 0 || second.member.Dropped.Notes != before+1 {
		t.Errorf("a note to another is read: %+v", got.Events)
	}
	name()
	forged, err := s.authorityOf(mod).SealNote(s.cfg.Keys.Envelope, guest.session, link.Note{Sent: 1 << 50, Text: "come in"}, mod.member.cfg.Device)
	if err != nil {
		t.Fatal(err)
	}
	if got := guest.handle(Noted{forged}, s.now); len(got.Events) > 0 {
		t.Errorf("he reads a moderator of before: %+v", got.Events)
	}
	out, err = host.member.Admit(guest.session, s.now)
	s.do(host, out, err)
	out, err = host.member.Note(guest.session, "you are in", s.now)
	if read := s.hands(host, guest, out, err); len(read) > 0 {
		t.Errorf("a member reads %q", read)
	}
}

func (s *fakeService) authorityOf(c *client) link.Authority { return c.member.terms.authority(nil) }
