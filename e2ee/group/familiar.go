package group

// admitFamiliar lets in who has been in the group before and comes back with
// another leaf, as after a reload of the page.
func (m *Member) admitFamiliar(a asking) {
	if m.familiar[string(a.who.Device)] {
		m.admitted[a.session] = a.kp
	}
}

// eject notes that the server has ended a session by a moderator's order, which
// may be another's than ours: its device is not let in again by itself.
func (m *Member) eject(p Participant) {
	m.ejected[p.Session] = true
	delete(m.familiar, string(p.Device))
}

// forgetRemoved is for an epoch that begins: who was taken out of the group
// though he was there has not lost his connection, but was thrown out or sent
// back, by whichever moderator.
func (m *Member) forgetRemoved(after roster) {
	for _, p := range m.terms.roster {
		if after.hasDevice(p.Participant) {
			continue
		}
		if _, here := m.here[p.Session]; here {
			delete(m.familiar, string(p.Device))
		}
		delete(m.ejected, p.Session)
	}
}
