package group

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/verify"
	"incamera/e2ee/wrap"
)

var start = time.Unix(1_800_000_000, 0)

// fakeService is the delivery service of PROTOCOL.md 1.3 in memory, with
// clients that hear everything in order. Time passes when nothing else does.
type fakeService struct {
	t          testing.TB
	now        time.Time
	cfg        Config // of whoever comes
	generation uint32
	founded    bool
	epoch      uint64
	log        []Input
	clients    []*client
	asks       []Asked
	mark       *link.Mark
	marks      int        // that were sent
	beats      int        // that were sent
	relay      bool       // hands beats on
	queue      []delivery // what is on its way
	wire       [][]byte   // every body that the server has seen
	orders     []order    // of hosts to the server
	relinks    []link.Relink

	// Faults.
	lose  func(to *client, in Input) bool    // a message that does not arrive
	mute  func(from *client, m Message) bool // a message that is not sent
	forge func(from *client, m *Commit)      // changes a commit on its way
}

type delivery struct {
	to *client
	in Input
}

type order struct {
	from string // session
	m    Message
}

// A client is a member and what it has heard.
type client struct {
	name    string
	session string
	member  *Member
	inGroup bool // as the service sees it
	gone    bool

	raw func(Input) Output // instead of member: somebody who keeps to no rules

	epochs  []EpochBegun
	heard   []Heard
	phases  []PhaseChanged
	waiting []Participant
	links   []link.Next
	apart   []string // as last told
	parted  []Parted
	commits int // sent
}

func (c *client) handle(in Input, now time.Time) Output {
	if c.raw != nil {
		return c.raw(in)
	}
	return c.member.Handle(in, now)
}

func (c *client) next() time.Time {
	if c.raw != nil {
		return time.Time{}
	}
	return c.member.Next()
}

// epoch is the latest one that the client has entered.
func (c *client) epoch() EpochBegun {
	if len(c.epochs) == 0 {
		return EpochBegun{}
	}
	return c.epochs[len(c.epochs)-1]
}

func newService(t testing.TB) *fakeService {
	t.Helper()
	return newServiceOf(t, link.Suite)
}

func newServiceOf(t testing.TB, suite uint16) *fakeService {
	t.Helper()
	host := ed25519.NewKeyFromSeed(make([]byte, 32))
	room := link.RoomOf(host.Public().(ed25519.PublicKey))
	l := link.Link{Server: "https://x", Room: room, Secret: link.SecretFrom(make([]byte, 32))}
	card := link.Card{HostKey: host.Public().(ed25519.PublicKey), Suite: suite, LinkNumber: 1, Created: start, Title: "Test"}
	encoded, err := card.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeService{
		t: t, now: start, generation: 1,
		cfg: Config{Room: room, Keys: l.Keys(), Card: card, Hash: link.CardHash(encoded)},
	}
}

// join lets somebody in; nothing is delivered yet.
func (s *fakeService) join(name string) *client {
	s.t.Helper()
	cfg := s.cfg
	cfg.Name = name
	_, cfg.Device, _ = ed25519.GenerateKey(nil)
	return s.joinWith(cfg)
}

func (s *fakeService) joinWith(cfg Config) *client {
	s.t.Helper()
	m, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &client{name: cfg.Name, session: fmt.Sprintf("session-%d", len(s.clients)), member: m}
	s.clients = append(s.clients, c)
	s.enter(c)
	return c
}

func (s *fakeService) enter(c *client) {
	for _, p := range s.present() {
		if p != c {
			s.tell(p, Arrived{c.session})
		}
	}
	s.tell(c, Joined{c.session, s.generation, s.founded, s.mark})
}

// letIn tells a client that is a member from here on of the others.
func (s *fakeService) letIn(c *client) {
	c.inGroup = true
	var here []Peer
	for _, p := range s.present() {
		if p != c {
			here = append(here, Peer{Session: p.session})
		}
	}
	s.tell(c, Present{here})
}

func (s *fakeService) present() (out []*client) {
	for _, c := range s.clients {
		if !c.gone {
			out = append(out, c)
		}
	}
	return out
}

func (s *fakeService) members() (out []*client) {
	for _, c := range s.present() {
		if c.inGroup {
			out = append(out, c)
		}
	}
	return out
}

func (s *fakeService) tell(to *client, in Input) {
	if !to.gone {
		s.queue = append(s.queue, delivery{to, in})
	}
}

func (s *fakeService) tellMembers(in Input) {
	for _, c := range s.members() {
		s.tell(c, in)
	}
}

// leave ends a session.
func (s *fakeService) leave(c *client) {
	s.tellLeft(c, Left{Session: c.session, Body: c.member.Parting()})
}

// end ends a session that has not said that it leaves.
func (s *fakeService) end(c *client, removed bool) {
	s.tellLeft(c, Left{Session: c.session, Removed: removed})
}

func (s *fakeService) tellLeft(c *client, left Left) {
	c.gone = true
	s.asks = slices.DeleteFunc(s.asks, func(a Asked) bool { return a.From == c.session })
	s.queue = slices.DeleteFunc(s.queue, func(d delivery) bool { return d.to == c })
	for _, p := range s.present() {
		s.tell(p, left)
	}
	s.drop(c)
}

func (s *fakeService) drop(c *client) {
	was := c.inGroup
	c.inGroup = false
	if was && len(s.members()) == 0 {
		s.forgetGroup("")
	}
}

func (s *fakeService) forgetGroup(by string) {
	s.generation++
	s.founded, s.epoch, s.log, s.asks = false, 0, nil, nil
	for _, p := range s.present() {
		p.inGroup = false
		s.tell(p, Reset{s.generation, by})
	}
}

// receive takes what a client sends.
func (s *fakeService) receive(from *client, m Message) {
	if s.mute != nil && s.mute(from, m) {
		return
	}
	switch m := m.(type) {
	case Moderate, Rules, Remove, End:
		s.orders = append(s.orders, order{from.session, m})
	case Restart:
		passed := slices.ContainsFunc(s.orders, func(o order) bool {
			p, ok := o.m.(Moderate)
			return ok && o.from == from.session && p.Pass.Session == from.session
		})
		switch {
		case !passed:
			s.tell(from, Failed{"restart"})
		case m.Generation == s.generation && s.founded:
			s.forgetGroup(from.session)
		}
	case Found:
		if m.Generation == s.generation && !s.founded {
			s.founded = true
			s.letIn(from)
			for _, c := range s.present() {
				s.tell(c, Founded{s.generation, from.session})
			}
		}
	case Ask:
		s.wire = append(s.wire, m.Body)
		if m.Generation != s.generation {
			return
		}
		if !s.founded {
			s.tell(from, Failed{"ask"})
			return
		}
		s.asks = slices.DeleteFunc(s.asks, func(a Asked) bool { return a.From == from.session })
		s.drop(from)
		if s.founded {
			a := Asked{s.generation, from.session, m.Body}
			s.asks = append(s.asks, a)
			s.tellMembers(a)
		}
	case Commit:
		s.commit(from, m)
	case Speak:
		s.wire = append(s.wire, m.Body)
		if m.Generation != s.generation {
			return
		}
		if !from.inGroup || m.Epoch > s.epoch {
			s.tell(from, Failed{"app"})
			return
		}
		said := Said{uint32(len(s.log) + 1), s.generation, m.Epoch, from.session, m.Body}
		s.log = append(s.log, said)
		s.tellMembers(said)
	case Beat:
		s.beats++
		for _, c := range s.members() {
			if s.relay && c != from && m.Generation == s.generation && from.inGroup {
				s.tell(c, BeatOf{s.generation, from.session, m.Body})
			}
		}
	case Mark:
		s.marks++
		if s.mark == nil || s.mark.Number < m.Number {
			mark := link.Mark(m)
			s.mark = &mark
			for _, c := range s.present() {
				s.tell(c, Marked{mark})
			}
		}
	case Since:
		if m.Generation != s.generation {
			return
		}
		if !from.inGroup {
			s.tell(from, Failed{"since"})
			return
		}
		for _, entry := range s.log[m.Seq:] {
			s.tell(from, entry)
		}
		s.tell(from, CaughtUp{s.generation, uint32(len(s.log))})
	}
}

func (s *fakeService) commit(from *client, m Commit) {
	if s.forge != nil {
		s.forge(from, &m)
	}
	s.wire = append(s.wire, m.Body, m.Welcome, m.Tree)
	from.commits++
	switch {
	case m.Generation != s.generation:
		return
	case !from.inGroup || m.Epoch > s.epoch:
		s.tell(from, Failed{"commit"})
		return
	case m.Epoch < s.epoch:
		s.tell(from, CommitRefused{s.generation, s.epoch})
		return
	}
	s.epoch++
	if m.Relink != nil {
		s.relink(*m.Relink)
	}
	committed := Committed{uint32(len(s.log) + 1), s.generation, m.Epoch, from.session, m.Body}
	s.log = append(s.log, committed)
	s.tellMembers(committed)
	var added []*client
	for _, session := range m.To {
		if i := slices.IndexFunc(s.asks, func(a Asked) bool { return a.From == session }); i >= 0 {
			s.asks = slices.Delete(s.asks, i, i+1)
			added = append(added, s.client(session))
		}
	}
	for _, c := range added {
		s.letIn(c)
		s.tell(c, Welcomed{committed.Seq, s.generation, s.epoch, m.Welcome, m.Tree})
		for _, a := range s.asks {
			s.tell(c, a)
		}
	}
}

// relink ends the sessions of those who came by the link of before and are not
// in the group.
func (s *fakeService) relink(r link.Relink) {
	s.relinks = append(s.relinks, r)
	for _, c := range s.present() {
		if !c.inGroup {
			s.leave(c)
		}
	}
}

func (s *fakeService) client(session string) *client {
	for _, c := range s.clients {
		if c.session == session {
			return c
		}
	}
	s.t.Fatalf("no client %s", session)
	return nil
}

// take notes what a member has put out and passes it on.
func (s *fakeService) take(c *client, out Output) {
	for _, e := range out.Events {
		switch e := e.(type) {
		case EpochBegun:
			c.epochs = append(c.epochs, e)
		case Heard:
			c.heard = append(c.heard, e)
		case LobbyChanged:
			c.waiting = e.Waiting
		case LinkChanged:
			c.links = append(c.links, e.Link)
		case Apart:
			c.apart = e.Sessions
		case Parted:
			c.parted = append(c.parted, e)
		case PhaseChanged:
			c.phases = append(c.phases, e)
		}
	}
	for _, m := range out.Send {
		s.receive(c, m)
	}
}

// deliver hands over all that is on its way, including what that leads to.
func (s *fakeService) deliver() {
	for len(s.queue) > 0 {
		d := s.queue[0]
		s.queue = s.queue[1:]
		if d.to.gone || s.lose != nil && s.lose(d.to, d.in) {
			continue
		}
		s.take(d.to, d.to.handle(d.in, s.now))
	}
}

// run lets time pass, waking members as they wish.
func (s *fakeService) run(d time.Duration) {
	s.t.Helper()
	end := s.now.Add(d)
	s.deliver()
	for range 10000 {
		var next time.Time
		for _, c := range s.present() {
			if at := c.next(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		if next.IsZero() || next.After(end) {
			s.now = end
			return
		}
		if next.After(s.now) {
			s.now = next
		}
		for _, c := range s.present() {
			if at := c.next(); !at.IsZero() && !at.After(s.now) {
				s.take(c, c.member.Wake(s.now))
			}
		}
		s.deliver()
	}
	s.t.Fatal("members wake for ever")
}

// agree checks that everybody present is in one epoch with the same roster and
// the same keys.
func (s *fakeService) agree() {
	s.t.Helper()
	var first *client
	for _, c := range s.present() {
		if c.member.Phase() != Inside {
			s.t.Errorf("%s is %v: %+v", c.name, c.member.Phase(), c.phases)
			continue
		}
		if first == nil {
			first = c
		}
		a, b := first.epoch(), c.epoch()
		if a.Keys.Number != b.Keys.Number || fingerprint(a) != fingerprint(b) || code(a) != code(b) {
			s.t.Errorf("%s is in epoch %d, %s in %d: %v and %v", first.name, a.Keys.Number, c.name, b.Keys.Number, a.Roster, b.Roster)
		}
		if len(b.Roster) != len(s.present()) {
			s.t.Errorf("%s sees %d members of %d", c.name, len(b.Roster), len(s.present()))
		}
		if me := b.Roster[slices.IndexFunc(b.Roster, func(p Participant) bool { return p.Leaf == b.Keys.Self })]; me.Session != c.session || me.Name != c.name {
			s.t.Errorf("%s sees itself as %+v", c.name, me)
		}
	}
}

// fingerprint tells keys apart without showing them: a frame that they seal.
func fingerprint(e EpochBegun) string {
	s := keys.NewSender("room")
	s.Install(keys.Epoch{Number: e.Keys.Number, Base: e.Keys.Base}, start)
	b, err := s.Seal(keys.Mic, wrap.Opus, true, []byte("fingerprint"), start)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func code(e EpochBegun) string {
	var devices []ed25519.PublicKey
	for _, p := range e.Roster {
		devices = append(devices, p.Device)
	}
	return verify.RosterCode("room", devices).String()
}

// meeting is a group of n that has settled: everybody has sent a path.
func meeting(t *testing.T, n int) *fakeService {
	t.Helper()
	s := gathering(t, n)
	s.run(time.Minute)
	s.agree()
	return s
}

// gathering is a group of n who have just come, one after the other.
func gathering(t *testing.T, n int) *fakeService {
	t.Helper()
	s := newService(t)
	for i := range n {
		s.join(fmt.Sprintf("Person %d", i))
		s.run(300 * time.Millisecond)
	}
	s.agree()
	return s
}
