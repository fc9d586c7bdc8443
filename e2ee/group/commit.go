package group

import (
	"crypto/rand"
	"math/bits"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// When who commits (PROTOCOL.md 2.4).
const (
	// stepIn is how long a committer of the next rank waits. Shorter makes
	// commits collide, longer keeps newcomers waiting when the first is gone.
	stepIn = 750 * time.Millisecond
	// warmAfter is how long the group is quiet before a member that has never
	// sent a path does, where commits may be closer than that; newcomer is how
	// long it is new itself. Shorter, and warming keeps everybody busy while
	// people still arrive; longer, and Removes stay large for longer.
	warmAfter = 2 * time.Second
	newcomer  = time.Second
	// refreshEvery is how long a member goes on with one key for encryption, and
	// refreshApart how far apart refreshes of a whole group are at least. Who once
	// had a member's keys is out with its next path; each costs everybody a commit.
	refreshEvery = 5 * time.Minute
	refreshApart = 30 * time.Second
)

// hurried is how far a commit that throws somebody out, or that is full, keeps
// from the one before, at most. Shorter, and a large group may not have followed
// yet. Without it 500 who come back at once stand in line for 36 s.
const hurried = time.Second

// refreshAfter is how long after its last path a member sends another one. In
// the bit-reversed order of leaves the times of a group are spread evenly.
func refreshAfter(members int, leaf uint32) time.Duration {
	every := max(refreshEvery, time.Duration(members)*refreshApart)
	return every + time.Duration(float64(every)*float64(bits.Reverse32(leaf))/(1<<32))
}

// pace returns how far apart commits are, and how many Adds one takes.
func pace(members int) (spacing time.Duration, adds int) {
	switch {
	case members <= 20:
		return 250 * time.Millisecond, 20
	case members <= 100:
		return time.Second, 64
	case members <= 200:
		return 2 * time.Second, 64
	default:
		return 5 * time.Second, 64
	}
}

// committing is what a member knows about commits of its own.
type committing struct {
	pending    *pending  // sent, not yet ordered
	behind     uint64    // an epoch that the delivery service has reached, maybe before us
	at         time.Time // when a commit of ours is due; zero: never
	dueSince   time.Time // zero: nothing is due
	lastCommit time.Time
	joinedAt   time.Time
	pathAt     time.Time // when our last path took effect; before that, when we joined
}

type pending struct {
	epoch   uint64 // that it ends
	body    []byte
	next    *mls.Group
	removed bool
	path    bool // has new keys for our path
	standing
}

func newMemberID() (id link.MemberID) {
	rand.Read(id[:]) // never fails
	return id
}

// entered notes a new epoch; joined says that it is our first.
func (c *committing) entered(joined bool, now time.Time) {
	c.lastCommit, c.dueSince = now, time.Time{}
	if joined {
		c.joinedAt, c.pathAt = now, now
	}
}

// frameKeys exports the frame keys of the epoch.
func (m *Member) frameKeys(removed bool) keys.Epoch {
	return keys.Epoch{
		Number: m.group.Epoch(), Base: keys.NewBaseKey(m.group.Export("SFrame 1.0 Base Key", nil, keys.BaseKeySize)),
		Self: m.group.Me(), Owners: m.terms.roster.owners(), Withheld: m.terms.roster.withheld(m.terms.policy), Removed: removed,
	}
}

// due returns what is to be committed now: members to remove and asks to
// fulfil. A leaf whose session asks anew makes way for the new one.
func (m *Member) due() (removes []uint32, adds []asking) {
	_, most := pace(len(m.terms.roster))
	removes = slices.Clone(m.count().lost)
	// remove reports whether the session has a leaf that goes only now.
	remove := func(session string) bool {
		i, inside := m.members().leaf[session]
		goes := inside && i != m.group.Me() && !slices.Contains(removes, i)
		if goes {
			removes = append(removes, i)
		}
		return goes
	}
	for session := range m.removing {
		remove(session)
	}
	free := m.terms.capacity - len(m.terms.roster) + len(removes)
	for _, a := range m.asked {
		_, back := m.members().leaf[a.session]
		if len(adds) == most || !m.mayAdd(a) || m.crowdedOut(a, len(adds)) || free <= 0 && !back {
			continue
		}
		if !remove(a.session) { // who comes back takes its own place
			free--
		}
		adds = append(adds, a)
	}
	slices.Sort(removes)
	return removes, adds
}

// plan sets when the next commit of ours is due.
func (m *Member) plan(now time.Time) {
	m.at = time.Time{}
	if m.phase != Inside || m.pending != nil || m.group.Epoch() < m.behind {
		return
	}
	removes, adds := m.due()
	if len(removes)+len(adds) == 0 && m.wish == nil && !m.relinkDue() {
		m.dueSince = time.Time{}
		if len(m.terms.roster) > 1 {
			m.at = m.pathDue()
		}
		return
	}
	if m.dueSince.IsZero() {
		m.dueSince = now
	}
	first := m.dueSince
	if m.group.Epoch() > 0 {
		first = later(first, m.lastCommit.Add(m.spacing(adds)))
	}
	m.at = first
	if !m.onlyOurs(removes, adds) {
		m.at = first.Add(time.Duration(m.rank(removes)) * stepIn)
	}
}

// spacing is how far our commit keeps from the one before. Who is thrown out
// goes on hearing and seeing meanwhile, and a full commit takes no more by waiting.
func (m *Member) spacing(adds []asking) time.Duration {
	spacing, most := pace(len(m.terms.roster))
	if len(adds) == most {
		return min(spacing, hurried)
	}
	for session := range m.removing {
		if _, inside := m.members().leaf[session]; inside {
			return min(spacing, hurried)
		}
	}
	return spacing
}

// pathDue is when to send a path for its own sake, if nothing else is due.
func (m *Member) pathDue() time.Time {
	n, me := len(m.terms.roster), m.group.Me()
	spacing, _ := pace(n)
	quiet := m.lastCommit.Add(max(warmAfter, spacing))
	if m.terms.roster[me].warm {
		return later(m.pathAt.Add(refreshAfter(n, me)), quiet)
	}
	return later(m.joinedAt.Add(newcomer), quiet.Add(time.Duration(m.count().cold)*stepIn))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// rank is how many members that could commit come before us: those that are
// here, connected, and not about to be removed.
func (m *Member) rank(removes []uint32) int {
	n := m.count().before
	for _, i := range removes {
		if i < m.group.Me() && m.here[m.terms.roster[i].Session] {
			n--
		}
	}
	return n
}

// commit commits what is due, or warms the tree.
func (m *Member) commit(now time.Time) {
	if m.relinkDue() {
		m.relink(now)
		return
	}
	removes, adds := m.due()
	p, err := m.tryCommit(removes, adds)
	if err != nil && len(adds) > 0 {
		m.dropBadAsks(adds) // one of them is not as it should be
		if removes, adds = m.due(); len(removes)+len(adds) == 0 && m.wish == nil {
			return
		}
		p, err = m.tryCommit(removes, adds)
	}
	if err != nil {
		panic("group: a commit of our own making is refused: " + err.Error())
	}
	m.pending = p
}

func (m *Member) dropBadAsks(adds []asking) {
	for _, a := range adds {
		_, _, next, err := m.group.Commit(m.options(m.leavesOf(a.session), []asking{a}))
		if err != nil {
			m.Dropped.Asks++
			m.forgetAsk(a.session)
			continue
		}
		next.Wipe(m.group)
	}
}

func (m *Member) leavesOf(session string) (leaves []uint32) {
	for i, p := range m.terms.roster {
		if p.Session == session {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

func (m *Member) options(removes []uint32, adds []asking) mls.CommitOptions {
	o := mls.CommitOptions{
		Proposals: []*mls.Proposal{m.group.NewPSK(link.PSKID(m.terms.linkNumber))}, IgnorePending: true,
		ForcePath: len(removes)+len(adds) == 0 && m.wish == nil, Public: true, NoTree: true,
	}
	for _, i := range removes {
		o.Proposals = append(o.Proposals, mls.Remove(i))
	}
	for _, a := range adds {
		o.Proposals = append(o.Proposals, mls.Add(a.kp))
	}
	if m.wish != nil {
		o.Proposals = append(o.Proposals, &mls.Proposal{Type: mls.ProposalGroupContextExtensions, Extensions: m.wishedContext()})
	}
	o.AAD = m.signAdmissions(adds)
	return o
}

// tryCommit makes a commit and sends it.
func (m *Member) tryCommit(removes []uint32, adds []asking) (*pending, error) {
	message, welcome, next, err := m.group.Commit(m.options(removes, adds))
	if err != nil {
		return nil, err
	}
	epoch := m.group.Epoch()
	out := Commit{Generation: m.generation, Epoch: epoch, Body: m.seal(link.KindCommit, epoch, message.Marshal())}
	if welcome != nil {
		out.Welcome = m.seal(link.KindWelcome, epoch+1, welcome.Marshal())
		out.Tree = m.seal(link.KindTree, epoch+1, next.Tree())
		for _, a := range adds {
			out.To = append(out.To, a.session)
		}
	}
	m.send(out)
	path := len(removes) > 0 || len(adds) == 0 || m.wish != nil
	return &pending{epoch, out.Body, next, len(removes) > 0, path, m.terms.next}, nil
}

// refused forgets our commit when the group is in an epoch beyond it. The
// answer to an earlier one may come when the next is already under way.
func (m *Member) refused(epoch uint64) {
	m.behind = max(m.behind, epoch)
	if m.pending != nil && m.pending.epoch < epoch {
		m.dropPending()
	}
}

// dropPending forgets a commit that came too late.
func (m *Member) dropPending() {
	if m.pending != nil {
		m.pending.next.Wipe(m.group)
		m.pending = nil
	}
}
