package room

import (
	"context"
	"crypto/ed25519"

	"incamera/signaling/wire"
)

// letIn notes that a session is in the group: from here on it hears of the
// others, and media flows between it and them.
func (r *Room) letIn(id wire.SessionID) {
	s := r.find(id)
	if s == nil || s.ending != "" || !r.delivery.IsMember(id) {
		return
	}
	peers := make([]wire.Peer, 0, len(r.sessions))
	for _, p := range r.sessions {
		if p != s && p.ending == "" {
			peers = append(peers, wire.Peer{Session: p.id, On: p.on, Away: p.conn == nil})
		}
	}
	s.inside = true
	r.tell(s, wire.Peers{Peers: peers})
	for _, p := range r.sessions {
		if p != s && p.ending == "" && p.quality.Session != "" {
			r.tell(s, p.quality)
		}
	}
	s.media.setInside(true)
}

// fine is how connections do of which nothing else is known.
var fine = wire.Quality{Up: wire.GradeGood, UpCause: wire.CauseNone, Down: wire.GradeGood, DownCause: wire.CauseNone}

// graded notes how a session's connections do, and tells those who may hear of
// it, itself included.
func (r *Room) graded(s *session, m wire.Quality) {
	m.Session = s.id
	good := m.Up == wire.GradeGood && m.Down == wire.GradeGood
	if s.ending != "" || m == s.quality || good && s.quality.Session == "" {
		return
	}
	s.quality = m
	if s.inside {
		r.tell(s, m)
		r.others(s, m)
	}
}

// closeOut stops the media of those who are in the group no more.
func (r *Room) closeOut() {
	for _, s := range r.sessions {
		if s.inside && !r.delivery.IsMember(s.id) {
			s.inside = false
			r.speaks(s, false)
			s.media.setInside(false)
		}
	}
}

// IsMember reports whether this is a member of the group that shows its
// session's secret.
func (r *Room) IsMember(ctx context.Context, id wire.SessionID, secret []byte) (is bool) {
	_ = r.do(ctx, func() {
		s := r.find(id)
		is = s != nil && s.ending == "" && s.inside && s.secret.Matches(secret)
	}) // without a room there is no member
	return is
}

const sendBackLabel = "incamera send back v1\x00"

// sendBack carries out the host's order to take a session out of the group. It
// reports whether the host has given it.
func (r *Room) sendBack(m wire.SendBack) bool {
	if len(r.about.HostKey) != ed25519.PublicKeySize ||
		!ed25519.Verify(r.about.HostKey, []byte(sendBackLabel+r.about.Name+string(m.Session)), m.Signature) {
		return false
	}
	if s := r.find(m.Session); s != nil && s.ending == "" {
		out := r.delivery.Drop(m.Session)
		r.tell(s, wire.SentBack{})
		r.deliver(out)
	}
	return true
}
