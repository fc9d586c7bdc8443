package group

import (
	"errors"
	"fmt"
	"time"
)

func (m *Member) take(in Input, now time.Time) {
	switch in := in.(type) {
	case Joined:
		m.session, m.starts, m.ordering = in.Session, nil, ordering{}
		m.here, m.parted = map[string]bool{in.Session: true}, map[string]bool{}
		m.marked = 0 // of another server, maybe
		if in.Mark != nil {
			m.takeMark(*in.Mark)
		}
		m.begin(in.Generation, in.Founded, nil, now)
	case Present:
		m.sight.lookAnew()
		m.here = map[string]bool{m.session: true}
		for _, p := range in.Here {
			if !m.parted[p.Session] {
				m.here[p.Session] = !p.Away
			}
		}
	case Arrived:
		if m.parted[in.Session] {
			return
		}
		m.ofSession(in.Session, func() { m.here[in.Session] = true })
	case Left:
		m.left(in)
	case Away:
		if _, ok := m.here[in.Session]; ok {
			m.ofSession(in.Session, func() { m.here[in.Session] = !in.Away })
		}
	case Reset:
		if in.Generation > m.generation {
			m.begin(in.Generation, false, nil, now)
		}
	case Marked:
		m.takeMark(in.Mark)
		if m.phase == Waiting && m.restartAt.IsZero() && m.mayFound() {
			m.begin(m.generation, false, nil, now)
		}
	case Noted:
		m.noted(in)
	case Failed:
		m.failed(in.About, now)
	default:
		m.takeOfGroup(in, now)
	}
}

// takeOfGroup takes what belongs to one generation; the rest is late.
func (m *Member) takeOfGroup(in Input, now time.Time) {
	switch in := in.(type) {
	case Founded:
		switch {
		case in.Generation != m.generation:
		case m.phase == Founding:
			m.founded(in.By, now)
		case m.phase == Waiting && m.restartAt.IsZero():
			m.begin(m.generation, true, nil, now)
		}
	case Asked:
		if in.Generation == m.generation && m.phase == Inside {
			m.addAsk(in)
		}
	case Welcomed:
		if in.Generation == m.generation && m.phase == Asking {
			m.welcomed(in, now)
		}
	case Committed:
		if in.Generation == m.generation {
			m.inOrder(in.Seq, in, now)
		}
	case Said:
		if in.Generation == m.generation {
			m.inOrder(in.Seq, in, now)
		}
	case BeatOf:
		if in.Generation == m.generation && m.phase == Inside {
			m.hearBeat(in, now)
		}
	case CommitRefused:
		if in.Generation == m.generation {
			m.refused(in.Epoch)
		}
	case CaughtUp:
		if in.Generation == m.generation && m.phase == Inside && in.Seq > m.seq {
			m.begin(m.generation, true, errors.New("the server withholds what was said"), now)
		}
	case Gap:
		if in.Generation == m.generation && m.phase == Inside {
			m.begin(m.generation, true, errors.New("too much was missed"), now)
		}
	default:
		panic(fmt.Sprintf("group: unknown input %T", in))
	}
}

func (m *Member) failed(about string, now time.Time) {
	switch {
	case about == "commit":
		m.dropPending()
		m.lastCommit = now // not at once again
	case about == "since" && m.phase == Inside:
		m.begin(m.generation, true, errors.New("the server does not know us as a member"), now)
	}
}
