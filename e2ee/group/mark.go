package group

import "incamera/e2ee/link"

// takeMark learns the policy of the room's latest group from the server's
// mark, which is as good as having been in it.
func (m *Member) takeMark(k link.Mark) {
	p, err := m.terms.authority(nil).Open(m.terms.keys.Envelope, k)
	if err != nil {
		m.Dropped.Marks++
		if k.Closed && k.Number > m.terms.known.Number && k.Holds(m.cfg.Room, m.terms.host) {
			// Sealed by the link of before, most likely. That not everybody gets in
			// who has the link is the host's word all the same.
			m.terms.known = link.Policy{Number: k.Number, Lobby: true}
		}
		return
	}
	m.marked = max(m.marked, p.Number)
	if p.Number > m.terms.known.Number {
		m.terms.known = p
	}
}

// mark has the server keep the policy that is in force, if it does not.
func (m *Member) mark() {
	if m.cfg.Host == nil || m.terms.policy.Number <= m.marked {
		return
	}
	for _, e := range m.group.Context().Extensions {
		if e.Type == link.PolicyExtension {
			m.marked = m.terms.policy.Number
			m.send(Mark(m.terms.authority(m.terms.groupID).MakeMark(m.terms.keys.Envelope, e.Data, m.cfg.Host)))
		}
	}
}
