package group_test

import (
	"cmp"
	"container/heap"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/delivery"
	"incamera/signaling/wire"
)

// What signaling/room and its sockets do, in virtual time (PROTOCOL.md 1.2, 1.3).
const (
	resumeTime = 30 * time.Second
	silence    = 40 * time.Second // until the server gives up a socket
	desertion  = 3 * time.Second
	maxUnacked = 1024
)

var epoch0 = time.Unix(1_800_000_000, 0)

// A world is one room: the real delivery service, sessions with sockets that
// are slow and break, and people with real group members. Time is a queue of
// events; what happens depends on the seed alone, whatever the keys are.
type world struct {
	rng      *rand.Rand
	now      time.Time
	queue    events
	count    uint64 // of events that were ever queued
	cfg      group.Config
	svc      *delivery.Service
	sessions []*session // in order of arrival
	byID     map[wire.SessionID]*session
	named    int       // sessions that there ever were
	people   []*person // who are in the meeting or mean to come back
	desertAt time.Time
	endedAt  map[wire.SessionID]time.Time
	faults   int          // that are not over yet
	quietly  bool         // no more spikes and repetitions
	trace    func(string) // nil: nobody listens
	checks   *checks
}

// A person is a page with a member in it.
type person struct {
	name    string
	member  *group.Member
	session *session         // nil: none
	latency [2]time.Duration // down, up
	wakeAt  time.Time
	watched *watched         // nil: not of the sample
	last    group.EpochBegun // empty outside
	at      groupEpoch

	generation uint32    // that it has heard of
	wellSince  time.Time // when its socket was mended
	outSince   time.Time // since when it has been in no group
	line       int       // how many were outside at most since then
	silent     int       // how many members' sockets were silent at most since then
}

type groupEpoch struct {
	generation uint32
	epoch      uint64
}

// A session is what the server has of a page, and the socket between them.
type session struct {
	id     wire.SessionID
	owner  *person
	socket *socket // as the server sees it; nil: away
	ended  bool
	inside bool  // in the group, as the server sees it
	down   []any // not yet arrived at the page
	up     []any // not yet arrived at the server
}

// A socket keeps order. Nothing passes it once it is cut; what was under way
// is repeated by the next socket of the session.
type socket struct {
	cut          bool
	stalledUntil time.Time
	downAt, upAt time.Time // when the latest arrives
}

type event struct {
	at    time.Time
	order uint64
	do    func()
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e events) Less(i, j int) bool {
	return cmp.Or(e[i].at.Compare(e[j].at), cmp.Compare(e[i].order, e[j].order)) < 0
}
func (e *events) Push(x any) { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = event{}
	*e = (*e)[:len(*e)-1]
	return last
}

func newWorld(seed uint64) *world {
	host := ed25519.NewKeyFromSeed(make([]byte, 32))
	room := link.RoomOf(host.Public().(ed25519.PublicKey))
	l := link.Link{Server: "https://x", Room: room, Secret: link.SecretFrom(make([]byte, 32))}
	card := link.Card{HostKey: host.Public().(ed25519.PublicKey), Suite: link.Suite, LinkNumber: 1, Created: epoch0, Title: "Churn"}
	encoded, err := card.Sign(host)
	if err != nil {
		panic(err)
	}
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 0)), now: epoch0, svc: delivery.New(), endedAt: map[wire.SessionID]time.Time{},
		byID: map[wire.SessionID]*session{},
		cfg:  group.Config{Room: room, Keys: l.Keys(), Card: card, Hash: link.CardHash(encoded)},
	}
	w.checks = newChecks(w)
	return w
}

func (w *world) note(format string, args ...any) {
	if w.trace != nil {
		w.trace(fmt.Sprintf("%8.3f ", w.now.Sub(epoch0).Seconds()) + fmt.Sprintf(format, args...))
	}
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

func (w *world) at(t time.Time, do func()) {
	w.count++
	heap.Push(&w.queue, event{t, w.count, do})
}

// fault is after for the end of a fault: until then the room is not quiet.
func (w *world) fault(d time.Duration, do func()) {
	w.faults++
	w.after(d, func() { w.faults--; do() })
}

// run lets time pass until done says so or until there is no time left.
func (w *world) run(d time.Duration, done func() bool) bool {
	end := w.now.Add(d)
	same := 0
	for len(w.queue) > 0 && !w.queue[0].at.After(end) {
		e := heap.Pop(&w.queue).(event)
		if e.at.After(w.now) {
			w.now, same = e.at, 0
		} else if same++; same > 200_000 {
			panic("members wake for ever")
		}
		e.do()
		if done != nil && done() {
			return true
		}
	}
	w.now = end
	return false
}

func (w *world) millis(from, to int) time.Duration {
	return time.Duration(from+w.rng.IntN(to-from+1)) * time.Millisecond
}

const (
	down = 0 // from the server
	up   = 1
)

// delay is how long one message takes.
func (w *world) delay(p *person, way int) time.Duration {
	d := p.latency[way] + w.millis(0, 20)
	if !w.quietly && w.rng.IntN(200) == 0 {
		d += w.millis(0, 3000)
	}
	return d
}

// latency is mostly that of a good line; of some, sending is slow.
func (w *world) latency() [2]time.Duration {
	l := [2]time.Duration{w.millis(2, 80), w.millis(2, 80)}
	if w.rng.IntN(5) == 0 {
		l[up] = w.millis(100, 900)
	}
	return l
}

// Pages.

// open makes a page, which joins.
func (w *world) open(name string) *person {
	p := &person{name: name, latency: w.latency()}
	w.people = append(w.people, p)
	w.newMember(p)
	w.admit(p)
	return p
}

func (w *world) newMember(p *person) {
	cfg := w.cfg
	cfg.Name = p.name
	_, cfg.Device, _ = ed25519.GenerateKey(nil)
	m, err := group.New(cfg)
	if err != nil {
		panic(err)
	}
	p.member, p.at, p.last = m, groupEpoch{}, group.EpochBegun{}
	p.wellSince, p.outSince = w.now, w.now
}

// close takes a page out of the world.
func (w *world) close(p *person) {
	w.checks.gone(p)
	p.session = nil
	w.people = slices.DeleteFunc(w.people, func(q *person) bool { return q == p })
}

// reload makes a fresh page of the same person's.
func (w *world) reload(p *person) {
	w.checks.gone(p)
	w.newMember(p)
	w.admit(p)
}

// hear gives something to a page's member.
func (w *world) hear(p *person, in group.Input) {
	switch in := in.(type) {
	case group.Joined:
		p.generation = in.Generation
	case group.Reset:
		p.generation = max(p.generation, in.Generation)
	}
	w.put(p, p.member.Handle(in, w.now))
	if _, joined := in.(group.Joined); !joined && !w.quietly && w.rng.IntN(50) == 0 {
		w.put(p, p.member.Handle(in, w.now)) // once more: a server can do that
	}
}

func (w *world) put(p *person, out group.Output) {
	for _, e := range out.Events {
		w.checks.event(p, e)
	}
	for _, m := range out.Send {
		if _, beat := m.(group.Beat); !beat { // they would cost more than all the rest: TestBeats has them
			w.sendUp(p.session, wireOf(m))
		}
	}
	at := p.member.Next()
	if at.IsZero() || at.Equal(p.wakeAt) {
		return
	}
	p.wakeAt = at
	member := p.member
	w.at(later(at, w.now), func() {
		if p.session == nil || p.member != member || !p.wakeAt.Equal(at) {
			return
		}
		p.wakeAt = time.Time{}
		if next := member.Next(); !next.IsZero() {
			w.put(p, member.Wake(w.now))
		}
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Sockets.

func (w *world) sendDown(s *session, m any) {
	if s.ended {
		return
	}
	s.down = append(s.down, m)
	if len(s.down) > maxUnacked {
		w.note("%s is too slow", s.id)
		w.faults++
		w.after(0, func() { w.faults--; w.end(s) })
		return
	}
	w.carryDown(s)
}

func (w *world) carryDown(s *session) {
	k := s.socket
	if k == nil || k.cut {
		return
	}
	k.downAt = later(later(w.now.Add(w.delay(s.owner, down)), k.stalledUntil), k.downAt)
	w.at(k.downAt, func() {
		if s.socket != k || k.cut || len(s.down) == 0 {
			return
		}
		m := s.down[0]
		s.down = s.down[1:]
		if s.owner.session == s {
			w.hear(s.owner, inputOf(m))
		}
	})
}

func (w *world) sendUp(s *session, m any) {
	s.up = append(s.up, m)
	w.carryUp(s)
}

func (w *world) carryUp(s *session) {
	k := s.socket
	if k == nil || k.cut {
		return
	}
	k.upAt = later(later(w.now.Add(w.delay(s.owner, up)), k.stalledUntil), k.upAt)
	w.at(k.upAt, func() {
		if s.socket != k || k.cut || s.ended || len(s.up) == 0 {
			return
		}
		m := s.up[0]
		s.up = s.up[1:]
		w.serve(s, m)
		w.watchGroup()
	})
}

// cut breaks the socket of a session. The server notices after a while.
func (w *world) cut(s *session, noticed time.Duration) {
	if s.ended || s.socket == nil || s.socket.cut {
		return
	}
	k := s.socket
	k.cut = true
	w.fault(noticed, func() {
		if s.socket == k {
			w.lose(s)
		}
	})
}

// lose is what the server does when it sees that a socket is gone.
func (w *world) lose(s *session) {
	if s.ended {
		return
	}
	s.socket = nil
	w.others(s, wire.Away{Session: s.id, Away: true})
	w.fault(resumeTime, func() {
		if s.socket == nil {
			w.end(s)
		}
	})
	w.watchGroup()
}

// well reports whether what is sent to a page arrives now.
func (w *world) well(p *person) bool {
	s := p.session
	return s != nil && !s.ended && s.socket != nil && !s.socket.cut && !w.now.Before(s.socket.stalledUntil)
}

// reconnect resumes a page's session, or begins a new one.
func (w *world) reconnect(p *person) {
	s := p.session
	if s == nil || s.ended {
		w.note("%s comes back too late", p.name)
		w.admit(p)
		return
	}
	away := s.socket == nil
	s.socket = &socket{}
	if away {
		w.others(s, wire.Away{Session: s.id, Away: false})
	}
	for range s.down {
		w.carryDown(s)
	}
	for range s.up {
		w.carryUp(s)
	}
	w.watchGroup()
}

// The room.

func (w *world) admit(p *person) {
	w.named++
	s := &session{id: wire.SessionID(fmt.Sprintf("s%d", w.named)), owner: p, socket: &socket{}}
	p.session, p.wakeAt = s, time.Time{}
	generation, founded := w.svc.State()
	w.others(nil, wire.Arrived{Session: s.id})
	w.sessions = append(w.sessions, s)
	w.byID[s.id] = s
	w.svc.Arrive(s.id)
	w.sendDown(s, wire.Joined{Session: s.id, Generation: generation, Founded: founded})
	w.watchGroup()
}

// end ends a session. A page that still has it hears of it and comes anew.
func (w *world) end(s *session) {
	if s.ended {
		return
	}
	s.ended = true
	w.endedAt[s.id] = w.now
	k := s.socket
	w.sessions = slices.DeleteFunc(w.sessions, func(t *session) bool { return t == s })
	delete(w.byID, s.id)
	w.others(nil, wire.Left{Session: s.id, Reason: wire.ReasonLost})
	w.deliver(w.svc.End(s.id))
	w.watchGroup()
	if p := s.owner; p.session == s && k != nil && !k.cut {
		w.fault(w.delay(p, down), func() {
			if p.session == s {
				w.admit(p)
			}
		})
	}
}

func (w *world) others(but *session, m any) {
	for _, s := range w.sessions {
		if s != but && s.inside {
			w.sendDown(s, m)
		}
	}
}

// letIn tells a session that is in the group from here on who is there.
func (w *world) letIn(id wire.SessionID) {
	s := w.find(id)
	if s == nil || !w.svc.IsMember(id) {
		return
	}
	s.inside = true
	var peers wire.Peers
	for _, other := range w.sessions {
		if other != s {
			peers.Peers = append(peers.Peers, wire.Peer{Session: other.id, Away: other.socket == nil})
		}
	}
	w.sendDown(s, peers)
}

func (w *world) deliver(out []delivery.Out) {
	for _, o := range out {
		switch m := o.Message.(type) {
		case wire.Asked: // who asks has lost its state
			if s := w.find(m.From); s != nil {
				s.inside = s.inside && w.svc.IsMember(s.id)
			}
		case wire.Reset:
			for _, s := range w.sessions {
				s.inside = false
			}
		case wire.Founded:
			w.letIn(m.By)
		case wire.Welcomed:
			for _, id := range o.To {
				w.letIn(id)
			}
		}
		for _, id := range o.To {
			if s := w.find(id); s != nil {
				w.sendDown(s, o.Message)
			}
		}
	}
}

func (w *world) find(id wire.SessionID) *session { return w.byID[id] }

func (w *world) watchGroup() {
	deserted := func() bool {
		return w.svc.Deserted(func(id wire.SessionID) bool { s := w.find(id); return s != nil && s.socket != nil })
	}
	if !deserted() {
		w.desertAt = time.Time{}
		return
	}
	if !w.desertAt.IsZero() {
		return
	}
	at := w.now.Add(desertion)
	w.desertAt = at
	w.fault(desertion, func() {
		if w.desertAt.Equal(at) {
			w.note("the group is abandoned")
			w.desertAt = time.Time{}
			w.deliver(w.svc.Abandon(""))
		}
	})
}

func (w *world) serve(s *session, m any) {
	var out []delivery.Out
	var err error
	about := ""
	switch m := m.(type) {
	case wire.Found:
		about = "found"
		out, err = w.svc.Found(s.id, m)
	case wire.Ask:
		about = "ask"
		out, err = w.svc.Ask(s.id, m)
	case wire.Commit:
		about = "commit"
		w.checks.commit(m)
		out, err = w.svc.Commit(s.id, m)
	case wire.App:
		about = "app"
		out, err = w.svc.App(s.id, m)
	case wire.Since:
		about = "since"
		out, err = w.svc.Since(s.id, m)
	}
	if err != nil {
		w.checks.refused[about]++
		w.sendDown(s, wire.Failed{About: about})
	}
	w.deliver(out)
}

func inputOf(m any) group.Input {
	switch m := m.(type) {
	case wire.Joined:
		return group.Joined{Session: string(m.Session), Generation: m.Generation, Founded: m.Founded}
	case wire.Peers:
		in := group.Present{}
		for _, p := range m.Peers {
			in.Here = append(in.Here, group.Peer{Session: string(p.Session), Away: p.Away})
		}
		return in
	case wire.Arrived:
		return group.Arrived{Session: string(m.Session)}
	case wire.Left:
		return group.Left{Session: string(m.Session), Body: m.Body, Removed: m.Reason == wire.ReasonRemoved}
	case wire.Away:
		return group.Away{Session: string(m.Session), Away: m.Away}
	case wire.Founded:
		return group.Founded{Generation: m.Generation, By: string(m.By)}
	case wire.Reset:
		return group.Reset{Generation: m.Generation, By: string(m.By)}
	case wire.Asked:
		return group.Asked{Generation: m.Generation, From: string(m.From), Body: m.Body}
	case wire.Committed:
		return group.Committed{Seq: m.Seq, Generation: m.Generation, Epoch: m.Epoch, From: string(m.From), Body: m.Body}
	case wire.CommitRefused:
		return group.CommitRefused{Generation: m.Generation, Epoch: m.Epoch}
	case wire.Welcomed:
		return group.Welcomed{Seq: m.Seq, Generation: m.Generation, Epoch: m.Epoch, Body: m.Body, Tree: m.Tree}
	case wire.Said:
		return group.Said{Seq: m.Seq, Generation: m.Generation, Epoch: m.Epoch, From: string(m.From), Body: m.Body}
	case wire.CaughtUp:
		return group.CaughtUp{Generation: m.Generation, Seq: m.Seq}
	case wire.Gap:
		return group.Gap{Generation: m.Generation}
	case wire.Failed:
		return group.Failed{About: m.About}
	}
	panic(fmt.Sprintf("no input for %T", m))
}

func wireOf(m group.Message) any {
	switch m := m.(type) {
	case group.Found:
		return wire.Found{Generation: m.Generation}
	case group.Ask:
		return wire.Ask{Generation: m.Generation, Body: m.Body}
	case group.Commit:
		c := wire.Commit{Generation: m.Generation, Epoch: m.Epoch, Body: m.Body, Welcome: m.Welcome, Tree: m.Tree}
		for _, to := range m.To {
			c.To = append(c.To, wire.SessionID(to))
		}
		return c
	case group.Speak:
		return wire.App{Generation: m.Generation, Epoch: m.Epoch, Body: m.Body}
	case group.Since:
		return wire.Since{Generation: m.Generation, Seq: m.Seq}
	}
	panic(fmt.Sprintf("no message for %T", m))
}
