package room

import (
	"crypto/ed25519"
	"encoding/binary"

	"incamera/signaling/wire"
)

const markLabel = "incamera mark v1\x00"

// Signed reports whether the host has signed a mark of this room.
func (a About) Signed(m wire.Mark) bool {
	closed := byte(0)
	if m.Closed {
		closed = 1
	}
	statement := binary.BigEndian.AppendUint32([]byte(markLabel+a.Name), m.Number)
	statement = append(append(statement, closed), m.Body...)
	return len(a.HostKey) == ed25519.PublicKeySize && ed25519.Verify(a.HostKey, statement, m.Signature)
}

// Mark keeps a mark that somebody knows from before, unless there is a later
// one. Safe for concurrent use.
func (r *Room) Mark(m wire.Mark) { r.post(func() { r.mark(m) }) }

// mark keeps m unless it is older than the one that is kept, and tells
// everybody. It reports whether the host has signed it.
func (r *Room) mark(m wire.Mark) bool {
	if !r.about.Signed(m) {
		return false
	}
	if r.marked == nil || m.Number > r.marked.Number {
		r.marked = &m
		p := wire.Prepare(wire.Marked{Mark: m})
		for _, s := range r.sessions {
			r.send(s, &p)
		}
	}
	return true
}
