package attack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

const ordersFile = "e2ee/group/orders.go"

// hostPowers are attempts to have the host's powers, or to get around them.
var hostPowers = []*Attack{
	{
		Name: "frame of who is kept muted", Claim: "C38",
		Do: func(t *Trial) {
			t.try("Ben, whom the host has made a listener, sends his camera all the same, and the server forwards it")
			m := t.hosted()
			ann, ben := m.people[0], m.people[1]
			public := ben.epoch().Roster[slices.IndexFunc(ben.epoch().Roster, func(p group.Participant) bool { return p.Session == string(ben.session) })].Device
			out, err := ann.member.Except(public, link.Listening, m.now)
			t.check(err, "Ann makes Ben a listener")
			ann.take(out)
			m.pass(3 * time.Second)
			cleo := m.people[2]
			t.watch(cleo)
			got, err := cleo.open(ben.session, keys.Camera, wrap.VP8, ben.seal(keys.Camera, "Ben's face"))
			t.sawf("Cleo", "gets %q, %v", got, err)
			t.goal(err == nil, "Cleo sees Ben")
		},
		Defence: "receivers drop what the newest policy withholds",
		Without: []Edit{{"e2ee/keys/receiver.go", "if newest.withheld[p.leaf].Has(p.frame.Source) {", "if newest.withheld == nil {"}},
	},
	{
		Name: "words to one person by who may not write", Claim: "C38",
		Do: func(t *Trial) {
			t.try("Ben, whom the host keeps from writing, writes to Cleo alone, and his page keeps to no rules")
			m := t.hosted()
			m.introduce()
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			device, _ := ben.device.Public().(ed25519.PublicKey)
			out, err := ann.member.Except(device, link.ActChat, m.now)
			t.check(err, "Ann keeps Ben from writing")
			ann.take(out)
			m.pass(3 * time.Second)
			t.watch(ann, cleo)
			t.sayTo(ben, cleo)
			t.goal(hearsAlone(cleo, ben), "Cleo reads it")
			t.sayTo(ann, cleo)
			t.must(hearsAlone(cleo, ann), "Cleo does not read what Ann writes to her alone")
		},
		Defence: "what is sealed to one person is held to the policy when it is open",
		Without: []Edit{{ordersFile, "if p.Withholds(from.Device)&link.ActChat != 0 {", "if p.Withholds(from.Device)&link.ActChat != 0 && len(from.Device) == 0 {"}},
	},
	{
		Name: "others muted by a member", Claim: "C38",
		Do: func(t *Trial) {
			t.try("Ben, who is no moderator, asks all to mute themselves, in a message that he has signed as himself")
			m := t.hosted()
			ben, cleo := m.people[1], m.people[2]
			t.watch(cleo)
			out, err := ben.member.Say(group.Mute{Source: "mic"}, m.now)
			t.check(err, "Ben says it")
			ben.take(out)
			m.settle()
			t.goal(slices.ContainsFunc(cleo.heard, func(h group.Heard) bool { return h.App == group.Mute{Source: "mic"} }), "Cleo is muted")
		},
		Defence: "a request to mute is taken of moderators only",
		Without: []Edit{{ordersFile, "case Mute:\n\t\tif !p.Grant.Names(from.Device) {", "case Mute:\n\t\tif len(from.Device) == 0 {"}},
	},
	{
		Name: "meeting begun anew by who is no moderator", Claim: "C42",
		Do: func(t *Trial) {
			t.try("somebody with the link orders the real server to forget the group")
			s := t.server()
			l := s.room()
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			conn := s.raw(l)
			text := wire.EncodeClient(wire.Head{N: 1}, wire.Restart{Generation: 1})
			_, err := conn.Write(append(header(len(text)), text...))
			t.check(err, "ordering it")
			refused := s.answers(conn, `"about":"restart"`)
			t.sawf("server", "refuses it: %t", refused)
			t.goal(!refused, "all of them have to begin anew")
			s.talk(ann, ben)
		},
		Defence: "the server takes orders of those only for whom the host has signed",
		Without: []Edit{{"signaling/room/orders.go", "	case wire.Restart:\n		if r.standing(s) == 0 {", "	case wire.Restart:\n		if r.standing(s) > wire.RoleHost {"}},
	},
	{
		Name: "meeting ended by who is no host", Claim: "C39",
		Do: func(t *Trial) {
			t.try("somebody with the link orders the real server to end the meeting, and to forward nobody's voice")
			s := t.server()
			l := s.room()
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			conn := s.raw(l)
			for i, m := range []any{
				wire.Rules{Generation: 1, Withheld: []wire.Source{wire.SourceMic}, Ends: 1},
				wire.End{},
			} {
				text := wire.EncodeClient(wire.Head{N: uint32(i + 1)}, m)
				_, err := conn.Write(append(header(len(text)), text...))
				t.check(err, "ordering it")
			}
			t.sawf("server", "refuses both: %t", s.answers(conn, `"about":"rules"`) && s.answers(conn, `"about":"end"`))
			s.talk(ann, ben)
		},
		Defence: "the server takes orders of those only for whom the host has signed",
		Without: []Edit{{"signaling/room/orders.go", "if r.standing(s) != wire.RoleHost {", "if r.standing(s) > wire.RoleHost {"}},
	},
}

// hostWords are attempts to speak or order as the host's helper.
var hostWords = []*Attack{
	{
		Name: "words of the host made up for who waits", Claim: "C40",
		Do: func(t *Trial) {
			t.try("Ben, who is no moderator, and the server show Eve, who waits, a note that Ben has signed, and one of the host's to another")
			m := t.hosted()
			m.lobby(true)
			ann, ben := m.people[0], m.people[1]
			eve := m.enter("Eve")
			m.pass(5 * time.Second)
			t.watch(eve)
			public, _ := m.host.Public().(ed25519.PublicKey)
			court := link.Authority{Room: m.link.Room, Host: public}
			own, err := court.SealNote(m.cfg.Keys.Envelope, string(eve.session), link.Note{Sent: 1, Text: "go to the other link"}, ben.device)
			t.check(err, "Ben seals a note")
			out, err := ann.member.Note("somebody else", "not for you", m.now)
			t.check(err, "Ann writes to somebody else")
			m.tell(eve, wire.Noted{Body: own})
			for _, msg := range out.Send {
				if n, ok := msg.(group.NoteTo); ok {
					m.tell(eve, wire.Noted{Body: n.Body})
				}
			}
			t.goal(len(eve.noticed) > 0, "Eve reads it as the host's")
			genuine, err := ann.member.Note(string(eve.session), "a moment, please", m.now)
			t.check(err, "Ann writes to Eve")
			for _, msg := range genuine.Send {
				if n, ok := msg.(group.NoteTo); ok {
					m.tell(eve, wire.Noted{Body: n.Body})
				}
			}
			t.must(slices.Contains(eve.noticed, "a moment, please"), "Eve does not read what the host writes")
		},
		Defence: "a note is signed by the host or a moderator of the latest policy, for the session that it is for",
		Without: []Edit{
			{"e2ee/link/note.go", "case !a.Allows(g, signer):", "case len(signer) == 0:"},
		},
	},
	{
		Name: "orders of a moderator of before", Claim: "C39",
		Do: func(t *Trial) {
			t.try("Ben, whom the host made a moderator and is none any more, orders the real server by his own pass to remove Cleo")
			s := t.server()
			_, host, err := ed25519.GenerateKey(rand.Reader)
			t.check(err, "making a host key")
			l, err := client.NewRoomOf(context.Background(), s.url, "The meeting", host)
			t.check(err, "making a room")
			var device atomic.Pointer[ed25519.PublicKey] // Ben's
			ann := s.enterWith(client.Config{Link: l, Name: "Ann", Host: host, Entered: func(_ uint64, members []group.Participant) {
				for _, p := range members {
					if p.Name == "Ben" {
						device.Store(&p.Device)
					}
				}
			}})
			ben, cleo := s.enter(l, "Ben"), s.enter(l, "Cleo")
			together := func() bool {
				return len(ann.Report().Members) == 3 && len(ben.Report().Members) == 3 && len(cleo.Report().Members) == 3
			}
			s.until("all are together", together)
			for _, list := range [][]ed25519.PublicKey{{*device.Load()}, nil} {
				s.does(ann, func(m *group.Member, now time.Time) (group.Output, error) { return m.SetModerators(list, now) })
				s.until("Ben knows what he is", func() (is bool) {
					s.does(ben, func(m *group.Member, _ time.Time) (group.Output, error) {
						is = m.Moderates() == (len(list) > 0)
						return group.Output{}, nil
					})
					return is
				})
			}
			// Ann's page shows the server its pass of the later grant when the epoch
			// begins for her, before what she says then.
			s.until("Ann is in Ben's epoch", func() bool { return ann.Report().Epoch >= ben.Report().Epoch })
			ann.Say(context.Background(), "that was it")
			s.until("the server knows, too", func() bool { return len(ben.Report().Chat) > 0 })
			t.check(ben.Order(context.Background(), wire.Remove{Session: wire.SessionID(cleo.Report().Session)}), "ordering the removal")
			refused := func() bool {
				return slices.ContainsFunc(ben.Report().Errors, func(e string) bool { return strings.Contains(e, `"remove"`) })
			}
			s.until("the server has answered, or obeyed", func() bool { return refused() || !together() })
			t.sawf("server", "refuses it: %t", refused())
			t.goal(!together(), "Cleo is out")
		},
		Defence: "the server takes a pass for void when it has seen one of a later grant",
		Without: []Edit{{"signaling/room/orders.go", "if s.grant < r.orders.grant {", "if s.grant > r.orders.grant {"}},
	},
}

// does has a participant do something that its member can do.
func (s *server) does(c *client.Client, do func(m *group.Member, now time.Time) (group.Output, error)) {
	s.t.check(c.Act(context.Background(), do), "acting")
}
