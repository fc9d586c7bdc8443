package group

import (
	"slices"
	"time"

	"incamera/e2ee/link"
)

// Heartbeats. Each member hears at most beatsPerSecond, whatever the size of
// the meeting: about 2 kB/s.
const (
	beatEvery      = 10 * time.Second
	beatsPerSecond = 5
	// missedBeats is how many intervals a member may be silent. Beats are up to
	// one and a half intervals apart.
	missedBeats = 3
	// awayGrace is what somebody without a socket has beyond that: the time
	// after which the server ends its session.
	awayGrace = 30 * time.Second
)

// beatInterval is the mean time between two beats of one member.
func beatInterval(members int) time.Duration {
	return max(beatEvery, time.Duration(members)*time.Second/beatsPerSecond)
}

// beatAfter is how long to wait for the next beat of our own: half to one and
// a half intervals, by a random r of 0 to 1.
func beatAfter(members int, r float64) time.Duration {
	return time.Duration(float64(beatInterval(members)) * (0.5 + r))
}

// A pulse is who of a group's members went the way that we went, as far as
// their beats say. Decisions only: what it is told was checked.
type pulse struct {
	epochs  map[uint64]lived
	now     uint64 // the epoch
	members map[link.MemberID]*beating
}

// lived is an epoch that we were in.
type lived struct {
	history link.History
	ended   time.Time // zero: not yet
}

// beating is what is known of one member.
type beating struct {
	session string
	number  uint32    // of the last beat
	agreed  time.Time // when a beat last said what we know; before that, when we met
	differs bool      // the last beat named an epoch of ours with another history
}

// silence is how long a member may go without a beat that agrees.
func (p *pulse) silence() time.Duration { return missedBeats * beatInterval(len(p.members)) }

// entered notes an epoch and who is in it.
func (p *pulse) entered(epoch uint64, h link.History, r roster, now time.Time) {
	if p.epochs == nil {
		p.epochs = map[uint64]lived{}
	} else if old := p.epochs[p.now]; p.now != epoch {
		old.ended = now
		p.epochs[p.now] = old
	}
	p.now = epoch
	p.epochs[epoch] = lived{history: h}
	members := make(map[link.MemberID]*beating, len(r))
	for _, m := range r {
		if b := p.members[m.Member]; b != nil {
			members[m.Member] = b
		} else {
			members[m.Member] = &beating{session: m.Session, agreed: now}
		}
	}
	p.members = members
	for e, l := range p.epochs {
		if !l.ended.IsZero() && now.Sub(l.ended) > p.silence() {
			delete(p.epochs, e)
		}
	}
}

// fresh reports whether a beat is one that was not heard before, of a member.
func (p *pulse) fresh(b link.Beat) bool {
	m := p.members[b.Member]
	return m != nil && b.Number > m.number
}

// heard takes a fresh beat. One of an epoch that has been over for long agrees
// with nothing: who is still there does not follow us. Nor does one of an epoch
// that we have not reached.
func (p *pulse) heard(b link.Beat, now time.Time) {
	m := p.members[b.Member]
	m.number = b.Number
	l, known := p.epochs[b.Epoch]
	if !known {
		return
	}
	m.differs = l.history != b.History
	if !m.differs && (l.ended.IsZero() || now.Sub(l.ended) <= p.silence()) {
		m.agreed = now
	}
}

// apart returns the sessions of the members, but for me, that are not in sync
// with us, sorted. What the server says of who is away buys no more than the
// time after which it would have ended their sessions.
func (p *pulse) apart(me link.MemberID, here map[string]bool, now time.Time) (sessions []string) {
	for id, m := range p.members {
		limit := p.silence()
		if !here[m.session] {
			limit += awayGrace
		}
		if id != me && (m.differs || now.Sub(m.agreed) > limit) {
			sessions = append(sessions, m.session)
		}
	}
	slices.Sort(sessions)
	return sessions
}
