package group

import (
	"crypto/ed25519"
	"errors"
	"math"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
)

// ordering is what the server was told of the host's wishes in this session.
type ordering struct {
	shown  uint32          // grant number of the latest pass of ours that the server has
	handed map[string]bool // sessions that were handed a pass under that number
	ruled  *Rules          // the rules that it was told last
}

// A Shut is what nobody forwards of a session.
type Shut struct {
	Session string
	Sources keys.Sources
}

// giveOrders tells the server, after each epoch, what it has to know of the
// policy; and hands passes to those who may give orders, too.
func (m *Member) giveOrders(now time.Time) {
	if m.phase != Inside {
		return
	}
	p := m.terms.policy
	if m.cfg.Host != nil && p.Grant.IsHost(m.ownDevice()) {
		if m.shown != p.Grant.Number {
			m.ordering = ordering{shown: p.Grant.Number, handed: map[string]bool{}, ruled: m.ruled}
			m.send(Moderate{link.MakePass(m.cfg.Room, m.cfg.Host, p.Grant.Number, link.RoleHost, m.session)})
		}
		m.handPasses(p.Grant)
	}
	if m.shown == 0 || m.shown != p.Grant.Number || !m.Moderates() {
		return
	}
	r := m.rules(now)
	if last := m.ruled; last != nil && last.sameAs(r) {
		return
	}
	m.ruled = &r
	m.send(r)
}

func (m *Member) handPasses(g link.Grant) {
	for _, q := range m.terms.roster.list() {
		if q.Session == m.session || m.handed[q.Session] {
			continue
		}
		role := link.RoleModerator
		switch {
		case g.IsHost(q.Device): // another window of the host's
			role = link.RoleHost
		case !g.Names(q.Device):
			continue
		}
		pass := link.MakePass(m.cfg.Room, m.cfg.Host, g.Number, role, q.Session)
		if p := (Pass{pass}); m.say(p, spoken{app: p}) == nil {
			m.handed[q.Session] = true
		}
	}
}

// takePass shows a pass for our session to the server.
func (m *Member) takePass(p link.Pass) error {
	switch {
	case !p.Holds(m.cfg.Room, m.terms.host):
		return errors.New("a pass that the host has not made")
	case p.Session == m.session && p.Grant >= m.shown && m.cfg.Host == nil:
		m.shown = p.Grant
		m.send(Moderate{p})
	}
	return nil
}

// rules are what the server has to know of the policy now. Of sessions that it
// names, the roster is that of the epoch.
func (m *Member) rules(now time.Time) Rules {
	p := m.terms.policy
	r := Rules{
		Generation: m.generation, Epoch: m.group.Epoch(), Withheld: sourcesOf(p.Withheld), ends: p.Ends,
		Hostless: uint32(p.Hostless) * 60, Keep: uint32(p.Keep) * 60,
	}
	if p.Ends > 0 {
		left := int64(p.Ends) - now.UnixMilli()
		r.Ends = uint32(min(max(left/1000, 1), math.MaxUint32))
	}
	for _, q := range m.terms.roster.list() {
		if s := sourcesOf(p.Withholds(q.Device)); s != r.Withheld {
			r.Others = append(r.Others, Shut{q.Session, s})
		}
	}
	slices.SortFunc(r.Others, func(a, b Shut) int {
		if a.Session < b.Session {
			return -1
		}
		return 1
	})
	r.Others = r.Others[:min(len(r.Others), maxOthers)]
	return r
}

// maxOthers is how many sessions the server takes that differ from the rest.
const maxOthers = 128

// sameAs reports whether the server would do the same by both.
func (r Rules) sameAs(s Rules) bool {
	return r.Generation == s.Generation && r.Withheld == s.Withheld && slices.Equal(r.Others, s.Others) &&
		r.ends == s.ends && r.Hostless == s.Hostless && r.Keep == s.Keep
}

// hears reports an error for what its sender may not say under the policy.
func (m *Member) hears(from Participant, a App) error {
	p := m.terms.policy
	switch a.(type) {
	case Chat, File, Poll, Draw:
		if p.Withholds(from.Device)&link.ActChat != 0 {
			return errors.New("it is of somebody who may not write")
		}
	case Mute:
		if !p.Grant.Names(from.Device) {
			return errors.New("it is of somebody who mutes nobody")
		}
	case Spotlight:
		if !p.Grant.Names(from.Device) {
			return errors.New("it is of somebody who shows nobody to all")
		}
	}
	return nil
}

// EndForAll orders the server to end the meeting. Only the host can.
func (m *Member) EndForAll(now time.Time) (Output, error) {
	return m.host(now, "ending the meeting", func() error {
		if m.cfg.Host == nil {
			return errNoModerator
		}
		m.send(End{})
		return nil
	})
}

// Except withholds acts from one device, or gives them back.
func (m *Member) Except(device ed25519.PublicKey, withheld link.Acts, now time.Time) (Output, error) {
	return m.Rule(func(p link.Policy) (link.Policy, error) { return p.Except(device, withheld) }, now)
}
