// Package group is the life of a meeting's MLS group as one member sees it:
// founding, asking, committing, following (PROTOCOL.md 1.3, 2.4, 2.5).
//
// A [Member] is a state machine without clock, network or goroutine: what the
// server says and the time go in, messages and events come out. Every commit
// and every Welcome is checked before it is believed, whoever sent it. What
// cannot be read is dropped and counted; what the delivery service has ordered
// and we cannot follow makes us begin anew as a new leaf.
package group

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

const (
	// startsPerMinute bounds how often we begin anew: a server that makes us
	// do so costs us and the others a commit each time.
	startsPerMinute = 3
	maxAhead        = 512 // log entries kept while earlier ones are missing
	maxSpoken       = 256 // own messages on their way
	keepRosters     = 3   // epochs for which late messages still have a sender
)

// Config is who we are and which room it is.
type Config struct {
	Room   link.Room
	Keys   link.Keys
	Card   link.Card
	Hash   [32]byte // of the card
	Name   string
	Device ed25519.PrivateKey
	Host   ed25519.PrivateKey // of the room, nil for all but its host
	Known  link.Policy        // the latest that was seen in the room before, if any
}

// A Member is one participant. It is not safe for concurrent use. now never
// goes back.
type Member struct {
	cfg     Config
	terms   terms
	out     Output // of the input at hand
	Dropped Dropped

	// Of the session.
	session    string
	generation uint32
	here       map[string]bool // every session → whether it is there now
	parted     map[string]bool // sessions of members that have said that they leave; none is used twice
	sight      sight           // what follows from here and the roster
	phase      Phase
	starts     []time.Time
	restartAt  time.Time // in phase Waiting; zero: until a moderator begins again
	restartWhy error

	hosting
	relinking
	notes
	heart
	ordering
	leafState
	committing
}

// leafState is forgotten when we begin anew.
type leafState struct {
	own    *mls.KeyPackagePrivate // until it has joined a group
	group  *mls.Group
	past   map[uint64]roster // who was where, for late messages
	seq    uint32            // the last log entry taken
	ahead  map[uint32]Input  // log entries after a gap
	asked  []asking          // in order of arrival
	spoken []spoken

	forgetting
	direct     *DirectKey        // opens what is said to us alone
	directKeys map[string]string // of the others, by session
}

type asking struct {
	session string
	kp      *mls.KeyPackage
	who     Participant // without a leaf
}

// Dropped counts what was not believed.
type Dropped struct{ Asks, Commits, Welcomes, Apps, Marks, Beats, Notes uint64 }

// New returns a member that waits for Joined. The name must be valid.
func New(cfg Config) (*Member, error) {
	if err := link.CheckName(cfg.Name); err != nil {
		return nil, fmt.Errorf("joining: %w", err)
	}
	m := &Member{cfg: cfg, here: map[string]bool{}, parted: map[string]bool{}, hosting: newHosting()}
	m.terms = terms{
		room: cfg.Room, suite: mls.SuiteID(cfg.Card.Suite), capacity: keys.MaxLeaf + 1, host: cfg.Card.HostKey, known: cfg.Known,
		present: present{cfg.Keys, cfg.Card.LinkNumber, cfg.Card, cfg.Hash},
	}
	if n := cfg.Card.Capacity(); n > 0 {
		m.terms.capacity = n
	}
	return m, nil
}

// Phase returns where the member stands.
func (m *Member) Phase() Phase { return m.phase }

// Epoch returns the group's epoch, 0 outside.
func (m *Member) Epoch() uint64 {
	if m.phase != Inside {
		return 0
	}
	return m.group.Epoch()
}

// Handle takes what the server says.
func (m *Member) Handle(in Input, now time.Time) Output {
	m.terms.now = now
	m.forgetOld(now)
	m.take(in, now)
	m.plan(now)
	return m.flush()
}

// Wake does what is due. Call it at Next.
func (m *Member) Wake(now time.Time) Output {
	m.terms.now = now
	m.forgetOld(now)
	if m.phase == Waiting && !m.restartAt.IsZero() && !now.Before(m.restartAt) {
		m.begin(m.generation, true, m.restartWhy, now)
	}
	m.plan(now)
	if !m.at.IsZero() && !now.Before(m.at) {
		m.commit(now)
		m.plan(now)
	}
	if m.phase == Inside && !now.Before(m.beatAt) {
		m.beat(now)
	}
	return m.flush()
}

// Next is when Wake has something to do, the zero time for never.
func (m *Member) Next() time.Time {
	if m.phase == Waiting {
		return m.restartAt
	}
	at := m.at
	if m.phase == Inside && (at.IsZero() || m.beatAt.Before(at)) {
		at = m.beatAt
	}
	return m.forgetAt(at)
}

func (m *Member) send(msg Message) { m.out.Send = append(m.out.Send, msg) }
func (m *Member) tell(e Event)     { m.out.Events = append(m.out.Events, e) }

func (m *Member) flush() Output {
	m.tellLobby()
	out := m.out
	m.out = Output{}
	return out
}

func (m *Member) place(k link.Kind, epoch uint64) link.Place {
	return link.Place{Room: m.cfg.Room, Kind: k, Generation: m.generation, Epoch: epoch}
}

func (m *Member) seal(k link.Kind, epoch uint64, plaintext []byte) []byte {
	return link.Seal(m.terms.keys.Envelope, m.place(k, epoch), plaintext)
}

func (m *Member) open(k link.Kind, epoch uint64, sealed []byte) ([]byte, error) {
	return link.Open(m.envelopeKey(k, epoch), m.place(k, epoch), sealed)
}

// openMessage opens an envelope that holds an MLSMessage of one wire format.
func (m *Member) openMessage(k link.Kind, epoch uint64, sealed []byte, wire mls.WireFormat) (*mls.Message, error) {
	b, err := m.open(k, epoch, sealed)
	if err != nil {
		return nil, err
	}
	message, err := mls.ParseMessage(b)
	if err != nil {
		return nil, err
	}
	if message.Wire != wire {
		return nil, fmt.Errorf("a message of format %d, not %d", message.Wire, wire)
	}
	return message, nil
}

// begin starts over: as founder, or by asking. why says what went wrong; nil
// is no failure, and not counted as one.
func (m *Member) begin(generation uint32, founded bool, why error, now time.Time) {
	m.dropPending()
	if m.own != nil {
		m.own.Wipe()
	}
	if m.group != nil {
		m.group.Wipe(nil)
	}
	m.committing = committing{}
	m.stopBeat()
	m.forgetLink()
	m.terms.standing = standing{}
	m.sight.lookAnew()
	m.restartAt = time.Time{}
	m.leafState = leafState{past: map[uint64]roster{}, ahead: map[uint32]Input{}, directKeys: map[string]string{}}
	m.generation = generation
	if why != nil && !m.mayStart(now) {
		m.restartAt, m.restartWhy = m.starts[0].Add(time.Minute), why
		m.setPhase(Waiting, why)
		return
	}
	if !founded && !m.mayFound() {
		m.setPhase(Waiting, errHostBegins)
		return
	}
	own, err := m.terms.newLeaf(m.cfg, m.session)
	if err != nil {
		panic("group: making a leaf of our own: " + err.Error())
	}
	if m.direct, err = NewDirectKey(); err != nil {
		panic("group: " + err.Error())
	}
	m.own = own
	if !founded {
		m.found()
		m.setPhase(Founding, why)
		return
	}
	m.ask()
	m.setPhase(Asking, why)
}

// mayStart counts a start, unless there were too many of late.
func (m *Member) mayStart(now time.Time) bool {
	m.starts = slices.DeleteFunc(m.starts, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(m.starts) >= startsPerMinute {
		return false
	}
	m.starts = append(m.starts, now)
	return true
}

func (m *Member) setPhase(p Phase, why error) {
	m.phase = p
	m.tell(PhaseChanged{p, why})
}

func (m *Member) ask() {
	body := m.seal(link.KindAsk, 0, m.own.Public.Message().Marshal())
	m.send(Ask{m.generation, body})
}

func (m *Member) found() {
	id := append([]byte(m.cfg.Room), make([]byte, 16)...)
	rand.Read(id[len(m.cfg.Room):]) // never fails
	g, err := mls.Create(m.terms.config(), id, m.own, m.firstContext(id)...)
	if err != nil {
		panic("group: making a group: " + err.Error())
	}
	m.group = g
	m.send(Found{m.generation})
}

func (m *Member) founded(by string, now time.Time) {
	if by != m.session {
		m.begin(m.generation, true, nil, now) // our leaf is used up by the group that is none
		return
	}
	s, err := m.terms.checkGroup(m.group)
	if err != nil {
		// The host has said something since that it does not keep to.
		m.begin(m.generation, true, fmt.Errorf("founding a group: %w", err), now)
		return
	}
	m.adopt(m.group, s, false, now)
}

// welcomed joins the group, or begins anew when it is not as it should be.
func (m *Member) welcomed(in Welcomed, now time.Time) {
	g, s, err := m.join(in)
	if err != nil {
		m.Dropped.Welcomes++
		m.begin(m.generation, true, fmt.Errorf("joining the group: %w", err), now)
		return
	}
	m.seq = in.Seq
	m.adopt(g, s, false, now)
}

func (m *Member) join(in Welcomed) (*mls.Group, standing, error) {
	message, err := m.openMessage(link.KindWelcome, in.Epoch, in.Body, mls.WireWelcome)
	if err != nil {
		return nil, standing{}, err
	}
	tree, err := m.open(link.KindTree, in.Epoch, in.Tree)
	if err != nil {
		return nil, standing{}, err
	}
	return m.terms.join(message.Welcome, tree, m.own, in.Epoch)
}

func (m *Member) addAsk(in Asked) {
	m.forgetAsk(in.From)
	var who Participant
	message, err := m.openMessage(link.KindAsk, 0, in.Body, mls.WireKeyPackage)
	if err == nil {
		who, err = m.terms.checkAsk(message.KeyPackage, in.From)
	}
	// A server that repeats an old ask must not make us throw out who came by it.
	if err == nil && m.members().keys[string(message.KeyPackage.Leaf.SignatureKey)] {
		err = errors.New("it was fulfilled before")
	}
	if err != nil {
		m.Dropped.Asks++
		return
	}
	a := asking{in.From, message.KeyPackage, who}
	m.asked = append(m.asked, a)
	m.admitFamiliar(a)
}

func (m *Member) forgetAsk(session string) {
	for i, a := range m.asked {
		if a.session == session {
			m.asked = append(m.asked[:i:i], m.asked[i+1:]...)
			return
		}
	}
}

// inOrder takes log entries one after the other, and asks for missing ones.
func (m *Member) inOrder(seq uint32, in Input, now time.Time) {
	if m.phase != Inside || seq <= m.seq {
		return
	}
	if seq > m.seq+1 {
		if len(m.ahead) == 0 {
			m.send(Since{m.generation, m.seq})
		}
		if len(m.ahead) < maxAhead {
			m.ahead[seq] = in
		}
		return
	}
	generation := m.generation
	for in != nil && m.phase == Inside && m.generation == generation {
		m.seq++
		switch in := in.(type) {
		case Committed:
			m.follow(in, now)
		case Said:
			m.hear(in)
		}
		next := m.ahead[m.seq+1]
		delete(m.ahead, m.seq+1)
		in = next
	}
}

// follow takes the commit that ended our epoch. There is no way around one
// that is refused: the delivery service has ordered it.
func (m *Member) follow(in Committed, now time.Time) {
	mine := m.pending
	m.pending = nil
	switch {
	case in.Epoch != m.group.Epoch():
		m.pending = mine // for begin to wipe
		m.Dropped.Commits++
		m.begin(m.generation, true, fmt.Errorf("a commit for epoch %d in epoch %d", in.Epoch, m.group.Epoch()), now)
		return
	case mine != nil && bytes.Equal(mine.body, in.Body):
		if mine.path {
			m.pathAt = now
		}
		m.adopt(mine.next, mine.standing, mine.removed, now)
		return
	}
	if mine != nil {
		mine.next.Wipe(m.group)
	}
	message, err := m.openMessage(link.KindCommit, in.Epoch, in.Body, mls.WirePublic)
	if err == nil {
		var ev *mls.Event
		var s standing
		m.terms.broken = false
		if ev, s, err = m.terms.process(m.group, message); err == nil {
			m.adopt(ev.Next, s, len(ev.Commit.Removed) > 0, now)
			return
		}
	}
	if m.terms.broken && m.terms.policy.Closed() {
		m.terms.trustOnly(m.terms.roster)
	}
	m.Dropped.Commits++
	m.begin(m.generation, true, fmt.Errorf("following a commit of epoch %d: %w", in.Epoch, err), now)
}

// adopt enters an epoch.
func (m *Member) adopt(next *mls.Group, s standing, removed bool, now time.Time) {
	if m.phase == Inside {
		epoch := m.group.Epoch()
		m.past[epoch] = m.terms.roster
		delete(m.past, epoch-keepRosters)
		m.endEpoch(epoch, next, now)
	}
	entered := m.phase != Inside
	if m.group != nil && m.group != next {
		m.group.Wipe(next)
	}
	m.forgetRemoved(s.roster)
	m.own, m.group, m.terms.standing = nil, next, s
	m.terms.announced = nil // in the epoch before: they have come to nothing
	if s.link != nil {
		m.changed(*s.link, next.Epoch())
	}
	m.sight.lookAnew()
	m.entered(entered, now)
	m.enteredBeat(now)
	m.takePolicy()
	m.mark()
	switch {
	case bytes.Equal(m.terms.breach, s.groupID):
		m.terms.trustOnly(s.roster)
	default:
		// The next group is a moderator's: its policy says so, for this group alone.
		m.terms.breach, m.terms.trusted = nil, nil
	}
	for _, p := range s.roster {
		for _, a := range m.asked {
			if a.session == p.Session && bytes.Equal(a.kp.Leaf.SignatureKey, p.signatureKey) {
				m.forgetAsk(a.session)
				break
			}
		}
	}
	if entered {
		m.setPhase(Inside, nil)
	}
	m.tell(EpochBegun{m.frameKeys(removed), s.roster.list()})
	m.giveOrders(now)
}
