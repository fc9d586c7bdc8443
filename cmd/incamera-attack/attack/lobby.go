package attack

import (
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

const (
	hostFile     = "e2ee/group/host.go"
	familiarFile = "e2ee/group/familiar.go"
)

// lobby are ways into a meeting past its host.
var lobby = []*Attack{
	{
		Name: "ghost added without a moderator's signature", Claim: "C19",
		Do: func(t *Trial) {
			pastHost(t, "a member and the server add a ghost while the lobby is up", func(x *mallory) []*mls.Proposal {
				return []*mls.Proposal{x.psk(), mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost"}).Public)}
			})
		},
		Defence: "with the lobby up every client wants a moderator's signature for each Add",
		Without: []Edit{{policyFile, "return t.authority(t.groupID).CheckAdmissions(t.policy, newcomers, ci.AAD)", "return nil"}},
	},
	{
		Name: "lobby bypassed in the place of a member", Claim: "C19",
		Do: func(t *Trial) {
			pastHost(t, "a member removes Cleo and adds another device in her session, as if she came back", func(x *mallory) []*mls.Proposal {
				cleo := x.m.people[2]
				return []*mls.Proposal{x.psk(), mls.Remove(cleo.leaf()), mls.Add(x.keyPackage(says{session: cleo.session, name: "Cleo"}).Public)}
			})
		},
		Defence: "only who comes back with the same device is no newcomer",
		Without: []Edit{{policyFile, "if m.Session == p.Session && m.Device.Equal(p.Device) {", "if m.Session == p.Session {"}},
	},
	{
		Name: "ghost shared with those who refused it", Claim: "C19",
		Do: func(t *Trial) {
			t.try("a member adds a ghost past the lobby, and when the others begin anew because of it, welcomes each to the group with the ghost")
			m, x := t.closed()
			honest := m.people[:3]
			t.watch(honest...)
			x.commit(nil, x.psk(), mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost"}).Public))
			m.settle()
			for _, p := range honest {
				ask, ok := x.asked[p.session]
				t.must(ok, "%s does not ask to be taken back", p.name)
				kp := x.open(link.KindAsk, 0, ask).KeyPackage
				x.commit([]wire.SessionID{p.session}, x.psk(), mls.Remove(p.leaf()), mls.Add(kp))
				m.settle()
			}
			for _, p := range honest {
				t.goal(p.everSaw("Ghost", 0), p.name+" is in a group with the ghost")
			}
		},
		Defence: "who has refused a commit by the lobby's rules accepts only whom he knows by way of a Welcome",
		Without: []Edit{{policyFile, "if t.breach != nil && bytes.Equal(t.breach, g.ID()) && policy.Closed() && !t.trusted", "if false && !t.trusted"}},
	},
	{
		Name: "meeting begun again behind the host", Claim: "C20",
		Do: func(t *Trial) {
			t.try("the server tells Ben that the group is gone, and a member founds the next, without a lobby, and welcomes him")
			m, x := t.closed()
			ben := m.people[1]
			t.watch(ben)
			before, next := len(ben.epochs), uint32(2)
			var asked *wire.Ask
			m.toServer = func(from *person, msg any) []any {
				if a, ok := msg.(wire.Ask); ok && from == ben && asked == nil {
					asked = &a
				}
				return nil
			}
			m.tell(ben, wire.Reset{Generation: next})
			m.tell(ben, wire.Founded{Generation: next, By: x.p.session})
			t.must(asked != nil && asked.Generation == next, "Ben does not ask to join the next group")
			place := func(k link.Kind, epoch uint64) link.Place {
				return link.Place{Room: m.link.Room, Kind: k, Generation: next, Epoch: epoch}
			}
			plain, err := link.Open(m.cfg.Keys.Envelope, place(link.KindAsk, 0), asked.Body)
			t.check(err, "Mallory opens Ben's wish")
			ask, err := mls.ParseMessage(plain)
			t.check(err, "Mallory reads Ben's wish")
			id := append([]byte(m.link.Room), make([]byte, 16)...)
			own := x.keyPackage(says{session: x.p.session, name: x.p.name})
			g, err := mls.Create(x.lax(), id, own, mls.Extension{Type: link.CardExtension, Data: m.cfg.Hash[:]})
			t.check(err, "Mallory founds a group")
			_, welcome, g, err := g.Commit(mls.CommitOptions{
				Proposals: []*mls.Proposal{g.NewPSK(link.PSKID(1)), mls.Add(ask.KeyPackage)}, Public: true, NoTree: true, IgnorePending: true,
			})
			t.check(err, "Mallory adds Ben")
			m.tell(ben, wire.Welcomed{
				Seq: 1, Generation: next, Epoch: 1,
				Body: link.Seal(m.cfg.Keys.Envelope, place(link.KindWelcome, 1), welcome.Marshal()),
				Tree: link.Seal(m.cfg.Keys.Envelope, place(link.KindTree, 1), g.Tree()),
			})
			t.goal(len(ben.epochs) > before, "Ben is in a meeting that has no lobby any more")
		},
		Defence: "who knows of a lobby joins no group whose policy is older",
		Without: []Edit{{policyFile, "if t.known.Closed() && policy.Number < t.known.Number {", "if false {"}},
	},
	{
		Name: "moderator of before founds the next group", Claim: "C20",
		Do: func(t *Trial) {
			t.try("Ben, who was a moderator and is none any more, founds the next group with the grant that named him, by a server that tells him first that the group is gone")
			m := t.hosted()
			ann, ben, cleo := m.people[0], m.people[1], m.people[2]
			m.moderators(ben)
			known := ben.member.Policy()
			m.moderators()
			known.Number = ann.member.Policy().Number // else all see that his is older
			t.watch(ann, cleo)
			epochs := len(ann.epochs)
			m.leave(ben)
			m.settle()
			m.service.Abandon("")
			cfg := m.cfg
			cfg.Known = known
			again := m.enterAs("Ben", cfg, ben.device)
			m.settle()
			t.must(again.member.Moderates(), "Ben founds no group")
			generation, _ := m.service.State()
			for _, p := range []*person{ann, cleo} {
				m.send(p, wire.Reset{Generation: generation})
				m.send(p, wire.Founded{Generation: generation, By: again.session})
			}
			m.pass(20 * time.Second)
			t.sawf("Ben", "is with %s", again.roster())
			t.goal(len(ann.epochs) > epochs && again.member.Moderates(), "Ann is in a group whose moderator Ben is again")
			t.goal(cleo.sees("Ben"), "Cleo is in a group whose moderator Ben is again")
		},
		Defence: "nobody joins a group whose grant is older than the latest that he knows",
		Without: []Edit{{policyFile, "if err = policy.Grant.Follows(t.known.Grant); err != nil {", "if err = policy.Grant.Follows(t.known.Grant); err != nil && len(t.host) == 0 {"}},
	},
	{
		Name: "policy rolled back", Claim: "C20",
		Do: func(t *Trial) {
			pastHost(t, "a member puts the host's own policy of before, without a lobby, into the group's context again", func(x *mallory) []*mls.Proposal {
				var old []byte
				for _, g := range x.groups {
					for _, e := range g.Context().Extensions {
						if e.Type == link.PolicyExtension && g.Epoch() < x.lobbyUp {
							old = e.Data
						}
					}
				}
				t.must(old != nil, "there is no policy of before")
				return []*mls.Proposal{x.psk(), x.context(x.m.cfg.Hash[:], old)}
			})
		},
		Defence: "the numbers of policies rise",
		Without: []Edit{{"e2ee/link/policy.go", "case p.Number <= old.Number, p.Leaps(old):", "case p.Number == 0:"}},
	},
	{
		Name: "lobby put down by a member", Claim: "C20",
		Do: func(t *Trial) {
			pastHost(t, "a member that is no moderator signs a policy without a lobby, and commits it", func(x *mallory) []*mls.Proposal {
				_, own, err := ed25519.GenerateKey(rand.Reader)
				t.check(err, "making a key")
				return []*mls.Proposal{x.psk(), x.context(x.m.cfg.Hash[:], x.policy(link.Policy{Number: 100}, own))}
			})
		},
		Defence: "a policy is signed by the host or a moderator of its grant",
		Without: []Edit{{"e2ee/link/policy.go", "case !a.Allows(p.Grant, signer):", "case len(signer) == 0:"}},
	},
	{
		Name: "removed member rejoins with the old link", Claim: "C22",
		Do: func(t *Trial) {
			t.try("Ben, whom the host has removed, opens the same link again, with his device and with a new one")
			m := t.hosted()
			ann, ben := m.people[0], m.people[1]
			cfg := m.cfg
			out, err := ann.member.Remove(string(ben.session), m.now)
			t.check(err, "Ann removes Ben")
			ann.take(out)
			m.pass(time.Second)
			m.leave(ben) // by the host's order to the server
			m.pass(5 * time.Second)
			t.must(!ann.sees("Ben"), "Ben is still there")
			before := len(ann.epochs)
			t.watch(ann, m.people[2])
			again := []*person{m.enterAs("Ben", cfg, ben.device), m.enter("Ben")}
			m.pass(time.Minute)
			for _, p := range again {
				t.sawf("Ben", "is %v in a session of his", p.member.Phase())
				got, err := p.open(ann.session, keys.Camera, wrap.VP8, ann.seal(keys.Camera, "Ann's face"))
				t.goal(err == nil, "Ben sees Ann: "+got)
			}
			t.goal(ann.everSaw("Ben", before), "Ben is in again")
		},
		Defence: "who is removed finds the lobby up",
		Without: []Edit{{hostFile, "if p := m.wished(); !p.Lobby {", "if p := m.wished(); false {"}},
	},
	{
		Name: "removed member let in by a co-host's page", Claim: "C22",
		Do: func(t *Trial) {
			t.try("Cleo, whom the host removes, is back by the same link and device at once: Ben, a moderator, has seen her inside, and his page lets in whom it knows")
			m, ann, ben, cleo := t.cohosted()
			out, err := ann.member.Remove(string(cleo.session), m.now)
			t.check(err, "Ann removes Cleo")
			ann.take(out)
			m.remove(cleo) // the server is faster than the group
			t.watch(ann, ben)
			again := m.enterAs("Cleo", m.cfg, cleo.device)
			m.pass(time.Minute)
			t.sawf("Cleo", "is %v", again.member.Phase())
			t.goal(len(again.epochs) > 0, "Cleo is in again, and nobody let her")
		},
		Defence: "a device is let in by itself no more when the server says that its session was ended by a moderator's order, whichever moderator's",
		Without: []Edit{{familiarFile, "	m.ejected[p.Session] = true\n	delete(m.familiar, string(p.Device))", "	delete(m.ejected, p.Session)"}},
	},
	{
		Name: "sent back, and let in by a co-host's page", Claim: "C30",
		Do: func(t *Trial) {
			t.try("Cleo, whom the host sends back to the lobby, asks again at once: Ben, a moderator, has seen her inside, and his page lets in whom it knows")
			m, ann, ben, cleo := t.cohosted()
			before := len(cleo.epochs)
			out, err := ann.member.SendBack(string(cleo.session), m.now)
			t.check(err, "Ann sends Cleo back")
			t.watch(ann, ben)
			ann.take(out)
			m.pass(time.Minute)
			t.must(!cleo.inside || len(cleo.epochs) > before, "Cleo was not sent back")
			t.sawf("Cleo", "is %v", cleo.member.Phase())
			t.goal(len(cleo.epochs) > before, "Cleo is in again, and nobody let her")
		},
		Defence: "a device is let in by itself no more when its leaf was removed while its session was there",
		Without: []Edit{{familiarFile, "if _, here := m.here[p.Session]; here {", "if _, here := m.here[p.Session]; here && p.Session == m.session {"}},
	},
	{
		Name: "removal ordered by who is no host", Claim: "C22",
		Do: func(t *Trial) {
			t.try("somebody with the link shows the real server a pass that he has signed himself, and orders it to end Ben's session")
			s := t.server()
			l := s.room()
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			_, own, err := ed25519.GenerateKey(rand.Reader)
			t.check(err, "making a key")
			conn := s.raw(l)
			pass := link.MakePass(l.Room, own, 1, link.RoleHost, ben.Report().Session)
			for i, m := range []any{
				wire.Moderate{Grant: pass.Grant, Role: wire.RoleHost, Signature: pass.Signature},
				wire.Remove{Session: wire.SessionID(ben.Report().Session)},
			} {
				text := wire.EncodeClient(wire.Head{N: uint32(i + 1)}, m)
				_, err = conn.Write(append(header(len(text)), text...))
				t.check(err, "ordering the removal")
			}
			t.sawf("server", "refuses pass and order: %t", s.answers(conn, `"about":"moderate"`) && s.answers(conn, `"about":"remove"`))
			s.talk(ann, ben)
		},
		Defence: "the server takes orders of those only for whom the host has signed",
		Without: []Edit{{"signaling/room/orders.go", "!ed25519.Verify(r.about.HostKey, statement, m.Signature)", "len(m.Signature) != ed25519.SignatureSize"}},
	},
	{
		Name: "all shown to who waits in the lobby", Claim: "C21",
		Do: func(t *Trial) {
			t.try("the server shows Eve, who waits, all that it has: who is there, the log, and Ann's frames")
			m := t.hosted()
			m.lobby(true)
			ann := m.people[0]
			var shown []any
			m.toPerson = func(to *person, msg any) []any {
				if to == ann {
					shown = append(shown, msg)
				}
				return []any{msg}
			}
			eve := m.enter("Eve")
			m.pass(time.Second)
			m.leave(m.people[2])
			m.pass(5 * time.Second)
			m.tell(eve, m.peersOf(eve))
			for _, msg := range shown {
				m.tell(eve, msg)
			}
			t.must(slices.ContainsFunc(shown, func(msg any) bool { _, ok := msg.(wire.Committed); return ok }), "there is no commit to show")
			t.watch(ann)
			got, err := eve.open(ann.session, keys.Camera, wrap.VP8, ann.seal(keys.Camera, "Ann's face"))
			t.sawf("Eve", "knows %s; a frame of Ann's: %q, %v", eve.roster(), got, err)
			t.goal(err == nil, "Eve sees Ann")
			t.goal(len(eve.epochs) > 0, "Eve learns who is there")
		},
		Defence: "none of its own: keys come with a Welcome, and nobody commits one for her",
	},
}

// cohosted is a meeting with a lobby of a host, a moderator and a third.
func (t *Trial) cohosted() (m *meeting, ann, ben, cleo *person) {
	m = t.hosted()
	ann, ben, cleo = m.people[0], m.people[1], m.people[2]
	m.moderators(ben)
	m.lobby(true)
	return m, ann, ben, cleo
}

// closed is a meeting of three with a malicious member, in which the host has
// put the lobby up for the second time.
func (t *Trial) closed() (*meeting, *mallory) {
	m := t.hosted()
	x := m.mallory()
	m.lobby(true)
	m.lobby(false)
	x.lobbyUp = x.group.Epoch() + 1
	m.lobby(true)
	return m, x
}

// pastHost tries a commit past the lobby. The attacker wants one honest member
// to take it.
func pastHost(t *Trial, tried string, proposals func(x *mallory) []*mls.Proposal) {
	t.try("%s", tried)
	m, x := t.closed()
	honest := m.people[:3]
	t.watch(honest...)
	before := honest[0].epoch().Keys.Number
	x.commit([]wire.SessionID{}, proposals(x)...)
	m.settle()
	taken := ""
	for _, p := range honest {
		if p.epoch().Keys.Number > before {
			taken += " " + p.name
		}
	}
	t.goal(taken != "", "somebody takes the commit:"+taken)
}
