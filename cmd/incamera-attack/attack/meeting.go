package attack

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/verify"
	"incamera/e2ee/wrap"
	"incamera/signaling/delivery"
	"incamera/signaling/wire"
)

var start = time.Unix(1_800_000_000, 0)

// A meeting is real members around the real delivery service. Between them is
// a server that may lie. Time passes when nothing else does.
type meeting struct {
	t       *Trial
	now     time.Time
	host    ed25519.PrivateKey
	link    link.Link
	cfg     group.Config // of whoever comes
	service *delivery.Service
	people  []*person
	queue   []letter
	wire    []any  // every message to the server
	seq     uint32 // of the last entry of the log

	// What the server does with messages; nil is honest.
	toServer func(from *person, m any) []any
	toPerson func(to *person, m any) []any
}

// A letter is a message on its way to a person.
type letter struct {
	to *person
	m  any
}

// A person is a participant: a member, its frame keys, and what it has heard.
type person struct {
	m       *meeting
	name    string
	device  ed25519.PrivateKey
	session wire.SessionID
	member  *group.Member
	raw     func(group.Input) group.Output // instead of member: somebody who keeps to no rules
	gone    bool
	inside  bool // hears of others: in the group, as far as the delivery service knows

	epochs   []group.EpochBegun
	heard    []group.Heard
	links    []link.Next
	noticed  []string // notes that were written to him
	phases   []group.PhaseChanged
	parted   []group.Parted
	apart    []string // sessions that are not in sync, as last told
	sender   *keys.Sender
	receiver *keys.Receiver
}

// room makes an empty room.
func (t *Trial) room() *meeting {
	_, host, err := ed25519.GenerateKey(rand.Reader)
	t.check(err, "making a host key")
	m := &meeting{t: t, now: start, host: host, service: delivery.New()}
	public, _ := host.Public().(ed25519.PublicKey)
	m.link = link.Link{Server: "http://localhost", Room: link.RoomOf(public), Secret: link.NewSecret()}
	m.cfg = m.config("The meeting")
	return m
}

// config is what the link and a card with this title tell.
func (m *meeting) config(title string) group.Config {
	public, _ := m.host.Public().(ed25519.PublicKey)
	card := link.Card{HostKey: public, Suite: link.Suite, LinkNumber: 1, Created: start, Title: title}
	encoded, err := card.Sign(m.host)
	m.t.check(err, "signing a card")
	return group.Config{Room: m.link.Room, Keys: m.link.Keys(), Card: card, Hash: link.CardHash(encoded)}
}

var names = []string{"Ann", "Ben", "Cleo", "Dora"}

// meeting makes a meeting of n people that has settled.
func (t *Trial) meeting(n int) *meeting {
	m := t.room()
	for _, name := range names[:n] {
		m.enter(name)
		m.pass(300 * time.Millisecond)
	}
	m.pass(time.Minute)
	t.must(m.agree(), "the meeting does not come about")
	return m
}

// hosted is a meeting of three people whose first, Ann, is the host.
func (t *Trial) hosted() *meeting {
	m := t.room()
	cfg := m.cfg
	cfg.Host = m.host
	m.enterWith(names[0], cfg)
	m.pass(300 * time.Millisecond)
	for _, name := range names[1:3] {
		m.enter(name)
		m.pass(300 * time.Millisecond)
	}
	m.pass(time.Minute)
	t.must(m.agree(), "the meeting does not come about")
	return m
}

// moderators has the host say who may act for him, beside himself.
func (m *meeting) moderators(list ...*person) {
	var devices []ed25519.PublicKey
	for _, p := range list {
		device, _ := p.device.Public().(ed25519.PublicKey)
		devices = append(devices, device)
	}
	ann := m.people[0]
	out, err := ann.member.SetModerators(devices, m.now)
	m.t.check(err, "Ann names moderators")
	ann.take(out)
	m.pass(3 * time.Second)
	for _, p := range m.people[1:] {
		m.t.must(p.raw != nil || p.member.Moderates() == slices.Contains(list, p), "%s does not follow the host", p.name)
	}
}

// lobby has the host put the lobby up or down.
func (m *meeting) lobby(up bool) {
	ann := m.people[0]
	out, err := ann.member.SetPolicy(up, false, m.now)
	m.t.check(err, "Ann changes who gets in")
	ann.take(out)
	m.pass(3 * time.Second)
	for _, p := range m.here() {
		m.t.must(p.raw != nil || p.member.Policy().Lobby == up, "%s does not follow the host", p.name)
	}
}

// enter lets an honest person in; nothing is delivered yet.
func (m *meeting) enter(name string) *person { return m.enterWith(name, m.cfg) }

func (m *meeting) enterWith(name string, cfg group.Config) *person {
	_, device, err := ed25519.GenerateKey(rand.Reader)
	m.t.check(err, "making a device key")
	return m.enterAs(name, cfg, device)
}

func (m *meeting) enterAs(name string, cfg group.Config, device ed25519.PrivateKey) *person {
	cfg.Name, cfg.Device = name, device
	member, err := group.New(cfg)
	m.t.check(err, "joining")
	p := &person{
		m: m, name: name, device: device, session: wire.SessionID(fmt.Sprintf("session-%d", len(m.people))), member: member,
		sender: keys.NewSender(string(cfg.Room)), receiver: keys.NewReceiver(string(cfg.Room)),
	}
	m.people = append(m.people, p)
	m.arrive(p)
	return p
}

// arrive begins the session of p.
func (m *meeting) arrive(p *person) {
	generation, founded := m.service.State()
	for _, other := range m.here() {
		if other != p && other.inside {
			m.send(other, wire.Arrived{Session: p.session})
		}
	}
	m.service.Arrive(p.session)
	m.send(p, wire.Joined{Session: p.session, Generation: generation, Founded: founded})
}

// letIn tells a session that is in the group from here on who is there.
func (m *meeting) letIn(id wire.SessionID) {
	p := m.of(id)
	if p.gone || !m.service.IsMember(id) {
		return
	}
	p.inside = true
	m.send(p, m.peersOf(p))
}

// peersOf is everybody here but p and those who are left out.
func (m *meeting) peersOf(p *person, but ...*person) (peers wire.Peers) {
	for _, other := range m.here() {
		if other != p && !slices.Contains(but, other) {
			peers.Peers = append(peers.Peers, wire.Peer{Session: other.session})
		}
	}
	return peers
}

// closeOut notes who is in the group no more.
func (m *meeting) closeOut() {
	for _, p := range m.people {
		p.inside = p.inside && m.service.IsMember(p.session)
	}
}

// leave ends the session of p, who says goodbye.
func (m *meeting) leave(p *person) {
	m.end(p, wire.Left{Session: p.session, Reason: wire.ReasonLeft, Body: p.member.Parting()})
}

// remove ends the session of p by a moderator's order to the server.
func (m *meeting) remove(p *person) {
	m.end(p, wire.Left{Session: p.session, Reason: wire.ReasonRemoved})
}

func (m *meeting) end(p *person, left wire.Left) {
	p.gone = true
	for _, other := range m.here() {
		if other.inside {
			m.send(other, left)
		}
	}
	m.post(m.service.End(p.session))
	m.closeOut()
}

func (m *meeting) here() (out []*person) {
	for _, p := range m.people {
		if !p.gone {
			out = append(out, p)
		}
	}
	return out
}

func (m *meeting) of(session wire.SessionID) *person {
	i := slices.IndexFunc(m.people, func(p *person) bool { return p.session == session })
	m.t.must(i >= 0, "no session %s", session)
	return m.people[i]
}

// send puts a message on its way, unless the server does otherwise.
func (m *meeting) send(to *person, msg any) {
	list := []any{msg}
	if m.toPerson != nil {
		list = m.toPerson(to, msg)
	}
	for _, msg := range list {
		m.queue = append(m.queue, letter{to, msg})
	}
}

func (m *meeting) post(outs []delivery.Out) {
	for _, o := range outs {
		switch e := o.Message.(type) {
		case wire.Committed:
			m.seq = max(m.seq, e.Seq)
		case wire.Said:
			m.seq = max(m.seq, e.Seq)
		case wire.Founded:
			m.letIn(e.By)
		case wire.Welcomed:
			for _, to := range o.To {
				m.letIn(to)
			}
		}
		for _, to := range o.To {
			m.send(m.of(to), o.Message)
		}
	}
}

// say hands what a person says to the server. It reports whether the delivery
// service took it.
func (m *meeting) say(from *person, msg any) (ok bool) {
	m.wire = append(m.wire, msg)
	list := []any{msg}
	if m.toServer != nil {
		list = m.toServer(from, msg)
	}
	ok = true
	for _, msg := range list {
		ok = m.serve(from, msg) && ok
	}
	return ok
}

func (m *meeting) serve(from *person, msg any) bool {
	var outs []delivery.Out
	var err error
	about := ""
	switch msg := msg.(type) {
	case wire.Found:
		about = "found"
		outs, err = m.service.Found(from.session, msg)
	case wire.Ask:
		about = "ask"
		outs, err = m.service.Ask(from.session, msg)
	case wire.Commit:
		about = "commit"
		outs, err = m.service.Commit(from.session, msg)
	case wire.App:
		about = "app"
		outs, err = m.service.App(from.session, msg)
	case wire.Since:
		about = "since"
		outs, err = m.service.Since(from.session, msg)
	case wire.Beat:
		outs, err = m.service.Beat(from.session, msg)
	case wire.SendBack:
		outs = m.service.Drop(msg.Session)
		m.send(m.of(msg.Session), wire.SentBack{})
	}
	if errors.Is(err, delivery.ErrOutOfOrder) {
		m.send(from, wire.Failed{About: about, Code: wire.CodeInvalid})
		return false
	}
	m.post(outs)
	m.closeOut()
	return true
}

// tell hands one message to a person at once, whatever the server says.
func (m *meeting) tell(to *person, msg any) {
	in := client.InputOf(msg)
	if in == nil || to.gone {
		return
	}
	if to.raw != nil {
		to.take(to.raw(in))
		return
	}
	to.take(to.member.Handle(in, m.now))
}

// settle delivers all that is on its way, and what that leads to.
func (m *meeting) settle() {
	for n := 0; len(m.queue) > 0; n++ {
		m.t.must(n < 100_000, "messages go round for ever")
		l := m.queue[0]
		m.queue = m.queue[1:]
		m.tell(l.to, l.m)
	}
}

// pass lets time pass, waking members as they wish.
func (m *meeting) pass(d time.Duration) {
	end := m.now.Add(d)
	m.settle()
	for n := 0; ; n++ {
		m.t.must(n < 10_000, "members wake for ever")
		var next time.Time
		for _, p := range m.here() {
			if p.raw == nil {
				if at := p.member.Next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
					next = at
				}
			}
		}
		if next.IsZero() || next.After(end) {
			m.now = end
			return
		}
		if next.After(m.now) {
			m.now = next
		}
		for _, p := range m.here() {
			if p.raw != nil {
				continue
			}
			if at := p.member.Next(); !at.IsZero() && !at.After(m.now) {
				p.take(p.member.Wake(m.now))
			}
		}
		m.settle()
	}
}

// take notes what a member has put out and passes it on.
func (p *person) take(out group.Output) {
	for _, e := range out.Events {
		switch e := e.(type) {
		case group.EpochBegun:
			p.epochs = append(p.epochs, e)
			p.sender.Install(e.Keys, p.m.now)
			p.receiver.Install(e.Keys, p.m.now)
		case group.Apart:
			p.apart = e.Sessions
		case group.Parted:
			p.parted = append(p.parted, e)
		case group.Heard:
			p.heard = append(p.heard, e)
		case group.LinkChanged:
			p.links = append(p.links, e.Link)
		case group.Noticed:
			p.noticed = append(p.noticed, e.Text)
		case group.PhaseChanged:
			p.phases = append(p.phases, e)
			if e.Phase != group.Inside {
				p.sender.Clear()
				p.receiver.Clear()
			}
		}
	}
	for _, msg := range out.Send {
		p.m.say(p, client.WireOf(msg))
	}
}

// epoch is the latest that p has entered.
func (p *person) epoch() group.EpochBegun {
	if len(p.epochs) == 0 {
		return group.EpochBegun{}
	}
	return p.epochs[len(p.epochs)-1]
}

func (p *person) leaf() uint32 { return p.epoch().Keys.Self }

// roster is who p believes to be there.
func (p *person) roster() string {
	if p.member.Phase() != group.Inside {
		return "nobody"
	}
	var list []string
	for _, q := range p.epoch().Roster {
		list = append(list, q.Name)
	}
	return strings.Join(list, ", ")
}

func (p *person) sees(name string) bool {
	return p.member.Phase() == group.Inside && slices.ContainsFunc(p.epoch().Roster, func(q group.Participant) bool { return q.Name == name })
}

// everSaw reports whether a name stood in any roster of p since its n-th.
func (p *person) everSaw(name string, n int) bool {
	return slices.ContainsFunc(p.epochs[n:], func(e group.EpochBegun) bool {
		return slices.ContainsFunc(e.Roster, func(q group.Participant) bool { return q.Name == name })
	})
}

func (p *person) code() string {
	var devices []ed25519.PublicKey
	for _, q := range p.epoch().Roster {
		devices = append(devices, q.Device)
	}
	return verify.RosterCode(string(p.m.link.Room), devices).String()
}

// seal makes a frame of the camera or another source.
func (p *person) seal(s keys.Source, payload string) []byte {
	codec := wrap.VP8
	if !s.IsPicture() {
		codec = wrap.Opus
	}
	b, err := p.sender.Seal(s, codec, true, []byte(payload), p.m.now)
	p.m.t.check(err, p.name+" seals a frame")
	return b
}

// open shows a frame to p on a seat of somebody's camera or another source.
func (p *person) open(owner wire.SessionID, s keys.Source, codec wrap.Codec, data []byte) (string, error) {
	payload, err := p.receiver.Open(keys.Frame{Owner: string(owner), Source: s, Codec: codec, Data: slices.Clone(data)}, p.m.now)
	return string(payload), err
}

// agree reports whether all honest people here are in one epoch with the same
// roster and keys: each sees the face of the first.
func (m *meeting) agree() bool {
	var first *person
	for _, p := range m.here() {
		switch {
		case p.raw != nil:
			continue
		case p.member.Phase() != group.Inside:
			return false
		case first == nil:
			first = p
			continue
		}
		if p.epoch().Keys.Number != first.epoch().Keys.Number || p.code() != first.code() {
			return false
		}
		if got, err := p.open(first.session, keys.Mic, wrap.Opus, first.seal(keys.Mic, "hello")); err != nil || got != "hello" {
			return false
		}
	}
	return true
}
