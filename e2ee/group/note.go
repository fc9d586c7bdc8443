package group

import (
	"time"

	"incamera/e2ee/link"
)

// notes is what was written to those who wait, by us or to us. A time is that
// of the latest note.
type notes struct {
	noteAt uint64
	readAt map[string]uint64 // by signer
}

// Note writes to a session that waits (PROTOCOL.md 2.12). Of those who act for
// the host only.
func (m *Member) Note(session, text string, now time.Time) (Output, error) {
	return m.host(now, "writing to who waits", func() error {
		n := link.Note{Sent: max(m.noteAt+1, uint64(now.UnixMilli())), Text: text}
		body, err := m.terms.authority(nil).SealNote(m.terms.keys.Envelope, session, n, m.signer(m.terms.policy.Grant))
		if err == nil {
			m.noteAt = n.Sent
			m.send(NoteTo{session, body})
		}
		return err
	})
}

// noted reads a note to us. Who may have written it says the latest policy that
// we know, by the room's mark. One that comes again is dropped.
func (m *Member) noted(in Noted) {
	n, signer, err := m.terms.authority(nil).OpenNote(m.terms.keys.Envelope, m.session, m.terms.known.Grant, in.Body)
	if err != nil || m.phase == Inside || n.Sent <= m.readAt[string(signer)] {
		m.Dropped.Notes++
		return
	}
	if m.readAt == nil {
		m.readAt = map[string]uint64{}
	}
	m.readAt[string(signer)] = n.Sent
	m.tell(Noticed{n.Text})
}
