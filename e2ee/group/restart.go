package group

import (
	"fmt"
	"time"

	"incamera/e2ee/link"
)

// MayRestart reports whether the server would carry out our order to begin the
// group anew. It may be given by who cannot follow the group, too: that is what
// it is for.
func (m *Member) MayRestart() bool {
	return m.session != "" && m.signer(m.terms.known.Grant) != nil && (m.cfg.Host != nil || m.shown != 0)
}

// Restart has the server forget the group (PROTOCOL.md 2.14). Its members come
// back by themselves, as new leaves of the next; a lock becomes a lobby, or none
// of them could.
func (m *Member) Restart(now time.Time) (Output, error) {
	m.terms.now = now
	if !m.MayRestart() {
		return Output{}, fmt.Errorf("beginning the group anew: %w", errNoModerator)
	}
	m.reopen = m.generation
	if m.shown == 0 {
		// A page that was loaded anew, and is in no group that could follow.
		grant := max(m.terms.known.Grant.Number, 1)
		m.ordering = ordering{shown: grant, handed: map[string]bool{}}
		m.send(Moderate{link.MakePass(m.cfg.Room, m.cfg.Host, grant, link.RoleHost, m.session)})
	}
	m.send(Restart{m.generation})
	m.plan(now)
	return m.flush(), nil
}
