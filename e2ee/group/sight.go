package group

import (
	"math/bits"
	"slices"
)

// A sight is what follows from the roster and from who is here. Every input
// asks for it, and few change it: it is made when it is asked for, and forgotten
// with what it was made of.
type sight struct {
	*index // of the epoch
	*tally
}

type index struct {
	leaf map[string]uint32 // by session
	keys map[string]bool   // signature keys of all leaves
}

type tally struct {
	lost   []uint32 // leaves but ours whose session is over, rising
	before int      // members with lower leaves that are here and connected
	cold   int      // of those that are here and have never sent a path: how many come before us in warming
}

// lookAnew is for when the roster has changed, or all of who is here.
func (s *sight) lookAnew() { *s = sight{} }

// ofSession changes what here says of one session.
func (m *Member) ofSession(session string, change func()) {
	t := m.sight.tally
	if t == nil {
		change()
		return
	}
	i, inside := m.sight.leaf[session]
	if inside {
		m.tallyUp(t, i, -1)
	}
	change()
	if inside {
		m.tallyUp(t, i, 1)
	}
}

func (m *Member) members() *index {
	if m.sight.index == nil {
		x := &index{make(map[string]uint32, len(m.terms.roster)), make(map[string]bool, len(m.terms.roster))}
		for i, p := range m.terms.roster {
			x.leaf[p.Session] = i
			x.keys[string(p.signatureKey)] = true
		}
		m.sight.index = x
	}
	return m.sight.index
}

func (m *Member) count() *tally {
	if m.sight.tally == nil {
		m.members()
		t := &tally{}
		for i := range m.terms.roster {
			m.tallyUp(t, i, 1)
		}
		m.sight.tally = t
	}
	return m.sight.tally
}

// tallyUp adds what a leaf contributes as things stand, or takes it off with -1.
func (m *Member) tallyUp(t *tally, i uint32, by int) {
	p, me := m.terms.roster[i], m.group.Me()
	connected, here := m.here[p.Session]
	if !here && i != me {
		if at, known := slices.BinarySearch(t.lost, i); known {
			t.lost = slices.Delete(t.lost, at, at+1)
		} else {
			t.lost = slices.Insert(t.lost, at, i)
		}
	}
	if connected && i < me {
		t.before += by
	}
	// Each path in this order fills the largest part of the tree that is still
	// blank: half of it after two of them, a quarter after four, where neighbours
	// would fill the same nodes over and over.
	if connected && !p.warm && bits.Reverse32(i) < bits.Reverse32(me) {
		t.cold += by
	}
}
