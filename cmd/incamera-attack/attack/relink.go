package attack

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

const relinkFile = "e2ee/group/relink.go"

// changedLinks are attempts to come by a link that holds no more, to learn the
// next one, and to change it.
var changedLinks = []*Attack{
	{
		Name: "removed member rejoins after the link was changed", Claim: "C43",
		Do: func(t *Trial) {
			t.try("Ben, whom the host has removed, comes by the old link when the lobby is down again, and the server lets him ask")
			m := t.hosted()
			ann, ben := m.people[0], m.people[1]
			old := m.cfg
			m.removeAndRelink(ben)
			m.lobby(false)
			before := len(ann.epochs)
			again := []*person{m.enterAs("Ben", old, ben.device), m.enterWith("Ben", old)}
			m.pass(time.Minute)
			for _, p := range again {
				t.sawf("Ben", "is %v in a session of his", p.member.Phase())
			}
			t.watch(ann, m.people[2])
			t.goal(ann.everSaw("Ben", before), "Ben is in again")
		},
		Defence: "asks are opened, and Adds taken, by the present link only",
		Without: []Edit{{relinkFile, "m.terms.present, m.terms.announced = presentOf(n), nil", "m.terms.announced = nil"}},
	},
	{
		Name: "new link handed to who is removed", Claim: "C43",
		Do: func(t *Trial) {
			t.try("the server goes on handing Ben, whom the host removes, all that is said")
			m := t.hosted()
			m.lobby(true)
			ann, ben := m.people[0], m.people[1]
			out, err := ann.member.Remove(string(ben.session), m.now)
			t.check(err, "Ann removes Ben")
			ann.take(out)
			out, err = ann.member.ChangeLink(m.now)
			t.check(err, "Ann changes the link")
			ann.take(out)
			m.pass(3 * time.Second)
			t.must(len(ann.links) == 1, "Ann has no new link")
			t.watch(ann, m.people[2])
			t.sawf("Ben", "knows %d new links", len(ben.links))
			t.goal(len(ben.links) > 0, "Ben has the new link")
		},
		Defence: "the next link is handed out when all are out who are to be removed",
		Without: []Edit{{relinkFile, "func(p Participant) bool { return m.removing[p.Session] })", "func(Participant) bool { return false })"}},
	},
	{
		Name: "new link kept by who is removed while it is on its way", Claim: "C43",
		Do: func(t *Trial) {
			t.try("the server takes its time with the commit that changes the link, until the host has removed Ben, who has heard of it, and wishes for another")
			m := t.hosted()
			m.lobby(true)
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			t.watch(cleo)
			var late any
			m.toServer = func(_ *person, msg any) []any {
				if c, ok := msg.(wire.Commit); ok && c.Relink != nil && late == nil {
					late = msg
					return nil
				}
				return []any{msg}
			}
			out, err := ann.member.ChangeLink(m.now)
			t.check(err, "Ann changes the link")
			ann.take(out)
			m.pass(3 * time.Second)
			t.must(late != nil && len(ann.links) == 0, "no change is on its way")
			out, err = ann.member.Remove(string(ben.session), m.now)
			t.check(err, "Ann removes Ben")
			ann.take(out)
			out, err = ann.member.ChangeLink(m.now)
			t.check(err, "Ann changes the link once more")
			ann.take(out)
			m.serve(ann, late)
			m.pass(time.Second)
			m.remove(ben)
			m.pass(time.Minute)
			t.must(len(ann.links) > 0 && len(cleo.links) == len(ann.links) && !ann.sees("Ben"), "Ann has no new link, or not what Cleo has, or Ben is there still")
			last := ann.links[len(ann.links)-1]
			t.sawf("Ann", "has changed the link %d times", len(ann.links))
			t.sawf("Ben", "knows %d new links", len(ben.links))
			t.goal(slices.ContainsFunc(ben.links, func(n link.Next) bool { return n.Hash == last.Hash }), "Ben has the link by which people come now")
		},
		Defence: "a change that somebody has heard of who is to be removed is done once more, without him",
		Without: []Edit{{relinkFile, "again := m.wantsLink && m.throwsOut()", "again := m.wantsLink && m.phase != Inside"}},
	},
	{
		Name: "link changed by a co-host", Claim: "C43",
		Do: func(t *Trial) {
			t.try("Mallory, a moderator, announces a link of his own and commits to it")
			m := t.hosted()
			ann, cleo := m.people[0], m.people[2]
			x := m.mallory()
			public, _ := x.p.device.Public().(ed25519.PublicKey)
			out, err := ann.member.SetModerators([]ed25519.PublicKey{public}, m.now)
			t.check(err, "Ann makes Mallory a moderator")
			ann.take(out)
			m.pass(3 * time.Second)
			older := []link.OldLink{{Number: 1, Admission: m.cfg.Keys.Admission}}
			next, err := m.cfg.Card.Change(m.link.Room, link.NewSecret(), older, x.p.device)
			t.check(err, "making a link")
			x.say(group.NewLink{Secret: next.Secret, Card: next.Order.Card, Signature: next.Announced})
			t.watch(ann, cleo)
			x.pskOf = map[string]link.Secret{string(link.PSKID(2)): next.Keys.PSK}
			p := ann.member.Policy()
			p.Number++
			policy, err := link.Authority{Room: m.link.Room, Host: m.cfg.Card.HostKey, GroupID: x.group.ID()}.SignPolicy(p, x.p.device)
			t.check(err, "making a policy")
			x.commit([]wire.SessionID{}, x.group.NewPSK(link.PSKID(2)), x.context(next.Hash[:], policy))
			m.settle()
			t.sawf("Cleo", "has %d new links", len(cleo.links))
			t.goal(len(cleo.links) > 0, "Cleo has Mallory's link for the meeting's")
		},
		Defence: "the host signs the card of each link, announces it, and signs the policy with which it is put up; each of them alone would do",
		Without: []Edit{
			{"e2ee/group/policy.go", "next != nil && !t.authority(t.groupID).ByHost(p.Extensions[1].Data)", "next != nil && len(p.Extensions) == 0"},
			{"e2ee/link/card.go", "if !eddsa.Verify(c.HostKey, cardStatement(room, fields), signature) {", "if !eddsa.Verify(c.HostKey, cardStatement(room, fields), signature) && len(signature) == 0 {"},
			{"e2ee/link/relink.go", "case !eddsa.Verify(c.HostKey, n.Order.statement(announceLabel, room), announced):", "case len(announced) == 0:"},
		},
	},
	{
		Name: "link changed at the server by who is no host", Claim: "C43",
		Do: func(t *Trial) {
			t.try("somebody with the link makes the room again with a link of his own, by an order that he has signed himself")
			s := t.server()
			_, host, err := ed25519.GenerateKey(rand.Reader)
			t.check(err, "making a host key")
			l, err := client.NewRoomOf(context.Background(), s.url, "The meeting", host)
			t.check(err, "making a room")
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			public, _ := host.Public().(ed25519.PublicKey)
			_, own, err := ed25519.GenerateKey(rand.Reader)
			t.check(err, "making a key")
			card := link.Card{HostKey: public, Suite: link.Suite, LinkNumber: 1, Created: time.Now()}
			next, err := card.Change(l.Room, link.NewSecret(), nil, own)
			t.check(err, "making a link")
			body := wire.EncodeBody(wire.CreateRoom{
				Room: string(l.Room), HostKey: public, TokenHash: next.Order.TokenHash[:], Card: next.Order.Card, Number: 2, Relink: next.Order.Signature,
			})
			answer, err := http.Post(s.url+"/api/rooms", "application/json", bytes.NewReader(body)) //nolint:gosec,noctx // on loopback
			t.check(err, "asking for it")
			_ = answer.Body.Close()
			t.sawf("server", "answers %d", answer.StatusCode)
			s.talk(ann, ben)
		},
		Defence: "the server changes the link by the host's signature only",
		Without: []Edit{{"signaling/room/relink.go", "ed25519.Verify(a.HostKey, statement, m.Signature)", "len(m.Signature) == ed25519.SignatureSize"}},
	},
	{
		Name: "announced link put up by a member", Claim: "C43",
		Do: func(t *Trial) {
			t.try("Mallory has heard the host announce a link, by a commit that came too late; he makes the room again with it, and sends a commit that bears it")
			s := t.server()
			_, host, err := ed25519.GenerateKey(rand.Reader)
			t.check(err, "making a host key")
			l, err := client.NewRoomOf(context.Background(), s.url, "The meeting", host)
			t.check(err, "making a room")
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			public, _ := host.Public().(ed25519.PublicKey)
			card := link.Card{HostKey: public, Suite: link.Suite, LinkNumber: 1, Created: time.Now()}
			made, err := card.Change(l.Room, link.NewSecret(), nil, host)
			t.check(err, "making a link")
			heard, err := card.OpenNext(l.Room, made.Secret, made.Order.Card, made.Announced)
			t.check(err, "hearing of it")
			order := wire.Relink{Number: 2, TokenHash: heard.Order.TokenHash[:], Card: heard.Order.Card, Signature: heard.Announced}
			answer, err := http.Post(s.url+"/api/rooms", "application/json", bytes.NewReader(wire.EncodeBody(wire.CreateRoom{ //nolint:gosec,noctx // on loopback
				Room: string(l.Room), HostKey: public, TokenHash: order.TokenHash, Card: order.Card, Number: 2, Relink: order.Signature,
			})))
			t.check(err, "asking for it")
			_ = answer.Body.Close()
			t.sawf("server", "answers %d", answer.StatusCode)
			epoch := ben.Report().Epoch
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // who is out by then takes none
			defer cancel()
			if orderErr := ben.Order(ctx, wire.Commit{Generation: 1, Epoch: epoch, Body: []byte("c"), Relink: &order}); orderErr != nil {
				t.sawf("Ben", "cannot send a commit: %v", orderErr)
			}
			s.talk(ann, ben)
		},
		Defence: "what members are told is signed under another label than the order to the server",
		Without: []Edit{{"e2ee/link/relink.go", "announceLabel = \"incamera link announced v1\\x00\"", "announceLabel = relinkLabel"}},
	},
}

// removeAndRelink has the host throw somebody out and change the link; who
// comes after that comes by the new one.
func (m *meeting) removeAndRelink(p *person) {
	ann := m.people[0]
	out, err := ann.member.Remove(string(p.session), m.now)
	m.t.check(err, "Ann removes "+p.name)
	ann.take(out)
	m.pass(time.Second)
	m.leave(p) // by the host's order to the server
	out, err = ann.member.ChangeLink(m.now)
	m.t.check(err, "Ann changes the link")
	ann.take(out)
	m.pass(5 * time.Second)
	m.t.must(!ann.sees(p.name), "%s is still there", p.name)
	for _, other := range m.here() {
		m.t.must(len(other.links) == 1, "%s has no new link", other.name)
	}
}

// say says something to the group as Mallory.
func (x *mallory) say(a group.App) {
	plaintext, err := group.EncodeApp(a)
	x.m.t.check(err, "Mallory says something")
	msg, err := x.group.Encrypt(plaintext, nil)
	x.m.t.check(err, "Mallory seals it")
	epoch := x.group.Epoch()
	generation, _ := x.m.service.State()
	x.m.t.must(x.m.say(x.p, wire.App{Generation: generation, Epoch: epoch, Body: x.seal(link.KindApp, epoch, msg.Marshal())}), "the service refuses the message")
	x.m.settle()
}
