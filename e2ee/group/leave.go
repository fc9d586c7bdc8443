package group

import "incamera/e2ee/link"

// Parting returns what goes with our goodbye to the server: by it the others
// know, whatever the server says, that we mean it (PROTOCOL.md 2.13). It holds
// as long as our leaf. Nil while we are in no group.
func (m *Member) Parting() []byte {
	if m.phase != Inside {
		return nil
	}
	return m.seal(link.KindLeave, 0, link.SignLeave(m.cfg.Room, m.me(), m.cfg.Device))
}

// left takes the end of a session. Of a member that meant it nothing brings
// the session back.
func (m *Member) left(in Left) {
	if i, inside := m.members().leaf[in.Session]; inside {
		who := m.terms.roster[i].Participant
		meant := in.Body != nil && m.meant(who, in.Body)
		if meant {
			m.parted[in.Session] = true
		}
		if in.Removed {
			m.eject(who)
		}
		m.tell(Parted{who, meant})
	}
	m.ofSession(in.Session, func() { delete(m.here, in.Session) })
	m.forgetAsk(in.Session)
}

func (m *Member) meant(who Participant, body []byte) bool {
	encoded, err := m.open(link.KindLeave, 0, body)
	if err != nil {
		return false
	}
	member, err := link.ParseLeave(encoded)
	return err == nil && member == who.Member && link.SignedLeave(m.cfg.Room, encoded, who.Device)
}
