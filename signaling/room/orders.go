package room

import (
	"crypto/ed25519"
	"encoding/binary"
	"time"

	"incamera/signaling/wire"
)

// The host's orders (PROTOCOL.md 1.5). The server knows no person: it knows
// that the room's host has vouched for a session, and carries out what that
// session says.

const passLabel = "incamera pass v1\x00"

// orders is what the host has ordered. Owned by the room's loop.
type orders struct {
	grant      uint32 // the latest that any pass was made under; older passes are void
	rules      wire.Rules
	endAt      time.Time // when the meeting is over; zero: never
	hostlessAt time.Time // when it is over for want of a host; zero: one is here, or it does not matter
	over       wire.LeaveReason
}

// moderate takes a pass for the session that shows it. It reports whether the
// host has made it.
func (r *Room) moderate(s *session, m wire.Moderate) bool {
	statement := binary.BigEndian.AppendUint32([]byte(passLabel+r.about.Name), m.Grant)
	statement = append(append(statement, byte(m.Role)), s.id...)
	if len(r.about.HostKey) != ed25519.PublicKeySize || !ed25519.Verify(r.about.HostKey, statement, m.Signature) {
		return false
	}
	s.role, s.grant = m.Role, m.Grant
	r.orders.grant = max(r.orders.grant, m.Grant)
	return true
}

// standing is the role that a session has now.
func (r *Room) standing(s *session) uint32 {
	if s.grant < r.orders.grant {
		return 0
	}
	return s.role
}

// order carries out what only the host or a moderator may say. It reports
// whether the session may say it.
func (r *Room) order(s *session, m any) bool {
	switch m := m.(type) {
	case wire.Remove:
		return r.remove(s, m)
	case wire.Rules:
		if r.standing(s) == 0 {
			return false
		}
		r.rule(m)
	case wire.End:
		if r.standing(s) != wire.RoleHost {
			return false
		}
		r.orders.over = wire.ReasonEnded
	case wire.Restart:
		if r.standing(s) == 0 {
			return false
		}
		if generation, _ := r.delivery.State(); m.Generation == generation {
			r.deliver(r.delivery.Abandon(s.id))
		}
	case wire.Note:
		if r.standing(s) == 0 {
			return false
		}
		if to := r.find(m.To); to != nil && !to.inside {
			r.tell(to, wire.Noted{Body: m.Body})
		}
	}
	return true
}

// remove ends a session. A moderator cannot end that of the host.
func (r *Room) remove(s *session, m wire.Remove) bool {
	role, target := r.standing(s), r.find(m.Session)
	if role == 0 || target != nil && role != wire.RoleHost && r.standing(target) == wire.RoleHost {
		return false
	}
	if target != nil {
		r.doom(target, wire.ReasonRemoved)
	}
	return true
}

// rule takes the rules of the room. What is older than those in force, or of
// a group that is gone, comes too late; what is of an epoch that has not come
// would keep all later ones out.
func (r *Room) rule(m wire.Rules) {
	generation, epoch := r.delivery.Epoch()
	last := &r.orders.rules
	if m.Generation != generation || m.Epoch > epoch || m.Generation == last.Generation && m.Epoch < last.Epoch {
		return
	}
	*last = m
	r.orders.endAt = time.Time{}
	if m.Ends > 0 {
		r.orders.endAt = time.Now().Add(time.Duration(m.Ends) * time.Second)
	}
	for _, s := range r.sessions {
		r.withhold(s)
	}
}

// withhold has the media plane drop what the rules withhold from a session.
// Rules of a group that is gone say nothing of sessions.
func (r *Room) withhold(s *session) {
	rules := &r.orders.rules
	var list []wire.Source
	if generation, _ := r.delivery.State(); rules.Generation == generation {
		list = rules.Withheld
		for _, o := range rules.Others {
			if o.Session == s.id {
				list = o.Sources
			}
		}
	}
	if !sameSources(list, s.withheld) {
		s.withheld = list
		r.speaks(s, s.speaking)
		s.media.setWithheld(list)
	}
}

func sameSources(a, b []wire.Source) bool {
	set := func(list []wire.Source) (out [wire.MaxSources]bool) {
		for i, all := 0, wire.AllSources; i < len(all); i++ {
			for _, s := range list {
				out[i] = out[i] || s == all[i]
			}
		}
		return out
	}
	return set(a) == set(b)
}

// idleTime is how long the room waits for somebody once it was left.
func (r *Room) idleTime() time.Duration {
	if keep := r.orders.rules.Keep; keep > 0 {
		return min(time.Duration(keep)*time.Second, r.cfg.MaxKeep)
	}
	return r.cfg.IdleUsed
}

// watchHosts has the meeting end some time after the last host has left, where
// the host wants that.
func (r *Room) watchHosts(now time.Time) {
	limit := time.Duration(r.orders.rules.Hostless) * time.Second
	here := limit == 0 || len(r.sessions) == 0
	for _, s := range r.sessions {
		here = here || s.conn != nil && r.standing(s) != 0
	}
	if here {
		r.orders.hostlessAt = time.Time{}
	} else if r.orders.hostlessAt.IsZero() {
		r.orders.hostlessAt = now.Add(limit)
	}
	r.alarm.set(r.orders.hostlessAt)
	r.alarm.set(r.orders.endAt)
}

// finish ends all sessions when the meeting is over, and reports whether it is.
func (r *Room) finish() bool {
	if r.orders.over == "" {
		return false
	}
	for _, s := range r.sessions {
		r.doom(s, r.orders.over)
	}
	r.closed.Store(true)
	return true
}

// Closed reports whether the meeting was ended by the host's order, rather
// than left by everybody. Safe for concurrent use; final when Run has returned.
func (r *Room) Closed() bool { return r.closed.Load() }
