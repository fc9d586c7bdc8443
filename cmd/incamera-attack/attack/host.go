package attack

import (
	"slices"
	"time"

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
		Without: []Edit{{ordersFile, "if !p.Grant.Names(from.Device) {", "if len(from.Device) == 0 {"}},
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
