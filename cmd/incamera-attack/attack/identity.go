package attack

import (
	"slices"
	"strings"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

const (
	hasLink = "Who has the link may ask to join"
	sayName = "Names are what people say of themselves"
)

// identity are lies about who somebody is, and what the meeting is.
var identity = []*Attack{
	{
		Name: "KeyPackage swapped in transit by the server", Claim: "C11",
		Do: func(t *Trial) {
			t.try("the server puts the KeyPackage of Dora, who has left, in the place of Eve's")
			m := t.meeting(3)
			dora := m.enter("Dora")
			m.pass(time.Second)
			var old wire.Ask
			for _, msg := range m.wire {
				if a, ok := msg.(wire.Ask); ok {
					old = a // the latest
				}
			}
			m.leave(dora)
			m.pass(5 * time.Second)
			ann := m.people[0]
			t.must(!ann.sees("Dora"), "Dora is still there")
			before := len(ann.epochs)
			t.watch(ann)
			m.toServer = func(from *person, msg any) []any {
				if _, ok := msg.(wire.Ask); ok && from.name == "Eve" {
					return []any{old}
				}
				return []any{msg}
			}
			eve := m.enter("Eve")
			m.pass(5 * time.Second)
			t.sawf("Eve", "is %v", eve.member.Phase())
			t.goal(ann.everSaw("Dora", before), "a leaf that Dora did not ask for is in the group")
		},
		Defence: "a leaf names its session, and is added for that session only",
		Without: []Edit{{policyFile, "if m.Session != session {", "if m.Session == \"\" {"}},
	},
	{
		Name: "KeyPackage swapped by a server that has the link", Admitted: hasLink,
		Do: func(t *Trial) {
			t.try("a server that knows the link answers Eve's wish with a KeyPackage of its own, in her session and under her name")
			m := t.meeting(3)
			x := m.mallory()
			var own *mls.KeyPackagePrivate
			m.toServer = func(from *person, msg any) []any {
				if a, ok := msg.(wire.Ask); ok && from.name == "Eve" && own == nil {
					own = x.keyPackage(says{session: from.session, name: "Eve"})
					a.Body = x.seal(link.KindAsk, 0, own.Public.Message().Marshal())
					return []any{a}
				}
				return []any{msg}
			}
			ann := m.people[0]
			t.watch(ann)
			code, before := ann.code(), len(ann.epochs)
			eve := m.enter("Eve")
			m.pass(5 * time.Second)
			t.must(own != nil, "Eve does not ask")
			t.sawf("Ann", "roster code %s, before %s", ann.code(), code)
			t.sawf("Eve", "is %v", eve.member.Phase())
			t.never(ann.everSaw("Eve", before) && ann.code() == code, "the roster code stays as it was")
			t.goal(ann.everSaw("Eve", before), "somebody else stands in the roster as Eve, visibly")
		},
		Defence: "none: who has the link is an ordinary newcomer; device key and roster code are not Eve's",
	},
	{
		Name: "name altered by a server that has the link", Claim: "C11",
		Do: func(t *Trial) {
			t.try("a server that knows the link writes another name into Eve's KeyPackage")
			m := t.meeting(3)
			m.toServer = func(from *person, msg any) []any {
				a, ok := msg.(wire.Ask)
				if !ok || from.name != "Eve" {
					return []any{msg}
				}
				at := link.Place{Room: m.link.Room, Kind: link.KindAsk, Generation: 1}
				plain, err := link.Open(m.cfg.Keys.Envelope, at, a.Body)
				t.check(err, "the server opens the envelope")
				changed := strings.Replace(string(plain), "\x03Eve", "\x03Eva", 1)
				t.must(changed != string(plain), "the name is not there")
				a.Body = link.Seal(m.cfg.Keys.Envelope, at, []byte(changed))
				return []any{a}
			}
			ann := m.people[0]
			t.watch(ann)
			m.enter("Eve")
			m.pass(5 * time.Second)
			t.goal(ann.sees("Eva"), "Ann sees Eva")
		},
		Defence: "the device key signs the name; the leaf's key signs both, and the KeyPackage all of it",
		Without: []Edit{
			{leafFile, "if !verify(l.Device, c.statement(l.Session, l.Name), signature) {", "if len(signature) == 0 {"},
			{"e2ee/mls/suite.go", "if len(pub) != ed25519.PublicKeySize || !verifyEd25519(pub, m, signature) {", "if len(pub) != ed25519.PublicKeySize {"},
		},
	},
	{
		Name: "two cards for two people", Claim: "C10",
		Do: func(t *Trial) {
			t.try("the room's host signs two cards, and the server shows Eve another than the rest")
			m := t.meeting(2)
			t.watch(m.people[0])
			eve := m.enterWith("Eve", m.config("Another meeting"))
			m.pass(5 * time.Second)
			for _, e := range eve.phases {
				if e.Why != nil {
					t.noticed = true
					t.sawf("Eve", "%v", e.Why)
				}
			}
			t.goal(len(eve.epochs) > 0, "Eve is in the group with another title than the others")
		},
		Defence: "the group's context holds the hash of the card",
		Without: []Edit{withoutCard},
	},
	{
		Name: "guest that takes another's name", Admitted: sayName,
		Do: func(t *Trial) {
			t.try("somebody with the link joins as Ann while Ann is there")
			m := t.meeting(2)
			ann := m.people[0]
			code := ann.code()
			t.watch(ann)
			m.enter("Ann")
			m.pass(5 * time.Second)
			t.sawf("Ann", "roster code %s, before %s", ann.code(), code)
			t.never(ann.code() == code, "the roster code stays as it was")
			t.goal(strings.Count(ann.roster(), "Ann") == 2, "two people are called Ann")
		},
		Defence: "none: both stand in the roster, with other device keys and another code",
	},
	{
		Name: "name that looks like another's by invisible characters", Claim: "C11",
		Do: func(t *Trial) {
			commit(t, "a member adds a ghost called Ann with an invisible character in the name", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{x.psk(), mls.Add(x.keyPackage(says{session: "ghost", name: "Ann\u200b"}).Public)}
			})
		},
		Defence: "names are free of control, format and private-use characters",
		Without: []Edit{{leafFile, "	if err := CheckName(l.Name); err != nil {\n		return fail(err)", "	if err := CheckName(l.Name); err != nil && l.Name == \"\" {\n		return fail(err)"}},
	},
	{
		Name: "chat under another's session", Claim: "C11",
		Do: func(t *Trial) {
			t.try("the server delivers Ben's chat as if Cleo's session had sent it")
			m := t.meeting(3)
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			t.watch(ann)
			m.toPerson = func(_ *person, msg any) []any {
				if s, ok := msg.(wire.Said); ok {
					s.From = cleo.session
					return []any{s}
				}
				return []any{msg}
			}
			out, err := ben.member.Say(group.Chat{ID: "0123456789abcdef", Text: "I agree"}, m.now)
			t.check(err, "Ben says something")
			before := len(ann.heard)
			ben.take(out)
			m.settle()
			t.must(len(ann.heard) > before, "Ann hears nothing")
			t.sawf("Ann", "hears it from %s", ann.heard[before].From.Name)
			t.goal(ann.heard[before].From.Session != string(ben.session), "Ann takes it for Cleo's")
		},
		Defence: "none of its own: the sender is who signed; the server's word is read nowhere",
	},
	{
		Name: "member forges another's chat", Claim: "C11",
		Do: func(t *Trial) {
			t.try("a member encrypts a chat with the message key of Ben's leaf, and names him as its sender")
			m := t.meeting(3)
			x := m.mallory()
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			before := len(ann.heard)
			x.forge(ben.leaf(), group.Chat{ID: "0123456789abcdef", Text: "I agree"})
			m.settle()
			forged := slices.ContainsFunc(ann.heard[before:], func(h group.Heard) bool { return h.From.Name == "Ben" })
			t.goal(forged, "Ann hears it from Ben")
		},
		Defence: "each message is signed by its leaf",
		Without: []Edit{{"e2ee/mls/process.go", "if err := a.verify(g.suite, key, &in.context); err != nil {", "if err := a.verify(g.suite, key, &in.context); err != nil && key == nil {"}},
	},
	{
		Name: "goodbye said for another", Claim: "C41",
		Do: func(t *Trial) {
			t.try("the server shows a member's own goodbye as Ben's, who is there")
			m := t.meeting(3)
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			t.watch(ann)
			m.send(ann, wire.Left{Session: ben.session, Reason: wire.ReasonLeft, Body: cleo.member.Parting()})
			m.send(ann, wire.Arrived{Session: ben.session})
			m.settle()
			said := slices.ContainsFunc(ann.parted, func(p group.Parted) bool { return p.Who.Name == "Ben" && p.Meant })
			t.goal(said, "Ann is told that Ben meant to leave")
		},
		Defence: "a goodbye is signed by the leaf's device for that leaf",
		Without: []Edit{{"e2ee/group/leave.go", "return err == nil && member == who.Member && link.SignedLeave(m.cfg.Room, encoded, who.Device)", "return err == nil && len(member) > 0 && who.Name != \"\""}},
	},
	{
		Name: "member that left rejoins with the old link", Admitted: hasLink,
		Do: func(t *Trial) {
			t.try("Ben, who left, opens the same link again")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			oldFrame := ben.seal(keys.Camera, "Ben's face")
			m.leave(ben)
			m.pass(5 * time.Second)
			t.must(!ann.sees("Ben"), "Ben is still there")
			t.watch(ann)
			m.enter("Ben")
			m.pass(5 * time.Second)
			got, err := ann.open(ben.session, keys.Camera, wrap.VP8, oldFrame)
			t.never(err == nil, "a frame that he sealed before he left opens again: "+got)
			t.goal(ann.sees("Ben"), "Ben is in again, visibly")
		},
		Defence: "none: nothing keeps out who has the link, unless there is a lobby",
	},
	{
		Name: "removed member records on", Claim: "C6",
		Do: func(t *Trial) {
			t.try("the server keeps sending to Ben what Ann sends after his removal")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			m.leave(ben)
			before := ann.epoch().Keys.Number
			for i := 0; i < 100 && ann.epoch().Keys.Number == before; i++ {
				m.pass(100 * time.Millisecond)
			}
			t.must(ann.epoch().Keys.Number > before && !ann.sees("Ben"), "Ben is not removed")
			t.watch(ann)
			got, err := ben.open(ann.session, keys.Camera, wrap.VP8, ann.seal(keys.Camera, "Ann's face"))
			t.sawf("Ben", "the first frame after the removal: %q, %v", got, err)
			t.goal(err == nil, "Ben sees Ann")
		},
		Defence: "a Remove brings new keys by its path, and they are used at once",
		Without: []Edit{{"e2ee/keys/sender.go", "if len(s.epochs) > 0 && !e.Removed {", "if len(s.epochs) > 0 {"}},
	},
	{
		Name: "removed member sends on", Claim: "C6",
		Do: func(t *Trial) {
			t.try("the server keeps forwarding what Ben seals with his old keys after his removal")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			m.leave(ben)
			before := ann.epoch().Keys.Number
			for i := 0; i < 100 && ann.epoch().Keys.Number == before; i++ {
				m.pass(100 * time.Millisecond)
			}
			t.must(ann.epoch().Keys.Number > before && !ann.sees("Ben"), "Ben is not removed")
			t.watch(ann)
			got, err := ann.open(ben.session, keys.Camera, wrap.VP8, ben.seal(keys.Camera, "Ben's face"))
			t.sawf("Ann", "Ben's frame of his last epoch, whose keys she still has: %q, %v", got, err)
			t.goal(err == nil, "Ann sees Ben")
		},
		Defence: "the sender of a frame is in the present group, whatever its epoch",
		Without: []Edit{{"e2ee/keys/receiver.go", "	newest := r.epochs[len(r.epochs)-1]\n	owner, known", "	newest := e\n	owner, known"}},
	},
	{
		Name: "removed member's frames replayed", Claim: "C6",
		Do: func(t *Trial) {
			t.try("the server repeats, after Ben's removal, what he sent before and Ann has seen")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			frame := ben.seal(keys.Camera, "Ben's face")
			_, err := ann.open(ben.session, keys.Camera, wrap.VP8, frame)
			t.check(err, "Ann sees Ben")
			m.leave(ben)
			before := ann.epoch().Keys.Number
			for i := 0; i < 100 && ann.epoch().Keys.Number == before; i++ {
				m.pass(100 * time.Millisecond)
			}
			t.must(ann.epoch().Keys.Number > before && !ann.sees("Ben"), "Ben is not removed")
			t.watch(ann)
			got, err := ann.open(ben.session, keys.Camera, wrap.VP8, frame)
			t.sawf("Ann", "the frame once more, whose keys she still has: %q, %v", got, err)
			t.goal(err == nil, "Ann sees Ben again")
		},
		Defence: "two: the sender of a frame is in the present group, and the replay window of each KID",
		Without: []Edit{
			{"e2ee/keys/receiver.go", "	newest := r.epochs[len(r.epochs)-1]\n	owner, known", "	newest := e\n	owner, known"},
			{"e2ee/keys/receiver.go", "if !o.replay.Check(p.header.CTR) {", "if !o.replay.Check(p.header.CTR) && p.leaf > MaxLeaf {"},
		},
	},
}
