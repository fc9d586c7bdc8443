package group

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

var (
	errHostBegins  = errors.New("the meeting has a lobby or is locked: it goes on when a host is there")
	errNoModerator = errors.New("only a host can do this")
	errNumbers     = errors.New("the rules cannot be changed any more: their numbers are used up")
)

// hosting is what a moderator has decided, and what of it is not done yet. It
// outlives leaves: who begins anew is still the host.
type hosting struct {
	wish      *link.Policy               // to be put in force by a commit of ours; its number is not set
	removing  map[string]bool            // sessions to be removed, and that were: none is used twice
	returning map[string]bool            // of these, those that may ask again
	admitted  map[string]*mls.KeyPackage // session → the ask that was let in; a later one may bear another name
	familiar  map[string]bool            // device keys that have been in the group, but for those thrown out
	ejected   map[string]bool            // sessions with a leaf that the server has ended by a moderator's order
	reopen    uint32                     // the generation that we have had begun anew: in the next a lock is to be a lobby; 0: none
	marked    uint32                     // number of the policy that the server keeps
	told      []Participant              // the lobby as it was last told
}

func newHosting() hosting {
	return hosting{removing: map[string]bool{}, returning: map[string]bool{}, admitted: map[string]*mls.KeyPackage{}, familiar: map[string]bool{}, ejected: map[string]bool{}}
}

// Policy returns the policy of the group we are in.
func (m *Member) Policy() link.Policy { return m.terms.policy }

// Moderates reports whether we may act for the host under the policy in force.
func (m *Member) Moderates() bool { return m.phase == Inside && m.signer(m.terms.policy.Grant) != nil }

func (m *Member) ownDevice() ed25519.PublicKey {
	return ed25519.PublicKey(m.cfg.Device[ed25519.SeedSize:])
}

// signer is the key by which we act for the host, nil when we may not.
func (m *Member) signer(g link.Grant) ed25519.PrivateKey {
	if m.cfg.Host != nil {
		return m.cfg.Host
	}
	if m.terms.authority(nil).Allows(g, m.ownDevice()) {
		return m.cfg.Device
	}
	return nil
}

// SetPolicy puts the lobby up or down, and locks the meeting or opens it.
func (m *Member) SetPolicy(lobby, locked bool, now time.Time) (Output, error) {
	return m.Rule(func(p link.Policy) (link.Policy, error) {
		p.Lobby, p.Locked = lobby, locked
		return p, nil
	}, now)
}

// Rule changes the policy: change is given the one that is in force, or on its
// way, and returns the one that is to be. Grant and number are not its to set.
func (m *Member) Rule(change func(link.Policy) (link.Policy, error), now time.Time) (Output, error) {
	return m.host(now, "changing the rules of the meeting", func() error {
		g, err := m.ownGrant(m.grant())
		if err != nil {
			return err
		}
		p, err := change(m.wished())
		if err == nil {
			p.Grant = g
			err = m.wishFor(p)
		}
		return err
	})
}

// ownGrant is a grant that names the host's own device: by it he gets in
// again, and is known to be the host.
func (m *Member) ownGrant(g link.Grant) (link.Grant, error) {
	device := m.ownDevice()
	if m.cfg.Host == nil || g.IsHost(device) {
		return g, nil
	}
	return m.makeGrant(g, g.Moderators)
}

// makeGrant is the one after g, and after all that were seen in the room: others
// go by those in the next group, too, and so does the server.
func (m *Member) makeGrant(g link.Grant, moderators []ed25519.PublicKey) (link.Grant, error) {
	number := max(g.Number, m.terms.known.Grant.Number) + 1
	return link.MakeGrant(m.cfg.Room, m.cfg.Host, number, m.ownDevice(), moderators)
}

// SetModerators says whose devices may act for the host, beside his own. Only
// the host can.
func (m *Member) SetModerators(devices []ed25519.PublicKey, now time.Time) (Output, error) {
	return m.host(now, "naming moderators", func() error {
		if m.cfg.Host == nil {
			return errNoModerator
		}
		own := m.ownDevice()
		others := slices.DeleteFunc(slices.Clone(devices), func(d ed25519.PublicKey) bool { return d.Equal(own) })
		g, err := m.makeGrant(m.grant(), others)
		if err == nil {
			p := m.wished()
			p.Grant = g
			err = m.wishFor(p)
		}
		return err
	})
}

// Admit lets a session in that waits in the lobby.
func (m *Member) Admit(session string, now time.Time) (Output, error) {
	return m.host(now, "admitting somebody", func() error {
		i := slices.IndexFunc(m.asked, func(a asking) bool { return a.session == session })
		if i < 0 {
			return errors.New("nobody waits by that name")
		}
		m.admitted[session] = m.asked[i].kp
		return nil
	})
}

// Remove throws a session out, and puts the lobby up so that it does not come
// back by the link alone. The server is ordered to end it, too.
func (m *Member) Remove(session string, now time.Time) (Output, error) {
	return m.host(now, "removing somebody", func() error {
		err := m.throwOut(session)
		if err == nil && m.shown != 0 {
			m.send(Remove{session})
		}
		return err
	})
}

// SendBack takes a session out of the group and puts the lobby up: it may ask
// again, and waits. The server hears of it when the group has no key in common
// with it any more: who asked before that would come back as himself.
func (m *Member) SendBack(session string, now time.Time) (Output, error) {
	return m.host(now, "sending somebody back", func() error {
		err := m.throwOut(session)
		if err == nil && m.removing[session] {
			m.returning[session] = true
		}
		return err
	})
}

// sentBack tells the server who is out.
func (m *Member) sentBack(session string) {
	if m.returning[session] && m.cfg.Host != nil {
		m.send(SendBack{session, link.SignSendBack(m.cfg.Room, session, m.cfg.Host)})
	}
	delete(m.returning, session)
}

func (m *Member) throwOut(session string) error {
	if session == m.session {
		return errors.New("leave instead")
	}
	if p := m.wished(); !p.Lobby {
		g, err := m.ownGrant(m.grant())
		if err != nil {
			return err
		}
		p.Lobby, p.Grant = true, g
		if err = m.wishFor(p); err != nil {
			return err
		}
	}
	delete(m.admitted, session)
	for _, p := range m.terms.roster {
		if p.Session == session {
			m.removing[session] = true
			delete(m.familiar, string(p.Device))
		}
	}
	return nil
}

func (m *Member) host(now time.Time, what string, do func() error) (Output, error) {
	m.terms.now = now
	err := errNoModerator
	if m.Moderates() {
		err = do()
	}
	if err != nil {
		return Output{}, fmt.Errorf("%s: %w", what, err)
	}
	m.plan(now)
	return m.flush(), nil
}

// wished is the policy that is to come, or is there.
func (m *Member) wished() link.Policy {
	if m.wish != nil {
		return *m.wish
	}
	return m.terms.policy
}

func (m *Member) grant() link.Grant { return m.wished().Grant }

func (m *Member) wishFor(p link.Policy) error {
	if m.terms.policy.NextNumber(0) == 0 {
		return errNumbers
	}
	m.wish = &p
	m.dropFulfilled()
	return nil
}

// dropFulfilled forgets a wish that is the policy already, or that we may not
// have any more. While a commit of ours is under way nobody knows what will be.
func (m *Member) dropFulfilled() {
	w, p := m.wish, m.terms.policy
	if w != nil && (m.pending == nil && w.Same(p) || w.Grant.Follows(p.Grant) != nil || m.signer(p.Grant) == nil || p.NextNumber(0) == 0) {
		m.wish = nil
	}
}

// mayFound reports whether we may begin a group in this room: where the latest
// policy keeps people out, only a moderator, who takes the policy along.
func (m *Member) mayFound() bool {
	if p := m.terms.known; m.signer(p.Grant) != nil {
		return p.NextNumber(0) != 0 // or his policy would be none
	}
	return !m.terms.known.Closed()
}

// firstContext is the context of a group that we found. Who acts for the host
// takes the policy along; the host puts one up in any case, so that all know
// him. Times that are over are of a meeting of before.
func (m *Member) firstContext(id []byte) []mls.Extension {
	list := []mls.Extension{{Type: link.CardExtension, Data: bytes.Clone(m.terms.cardHash[:])}}
	p := m.terms.known
	if m.signer(p.Grant) == nil {
		return list
	}
	g, err := m.ownGrant(p.Grant)
	if err != nil {
		panic("group: a grant of our own making: " + err.Error())
	}
	p.Grant = g
	if m.reopens() && p.Locked {
		p.Locked, p.Lobby = false, true
	}
	now := uint64(m.terms.now.UnixMilli())
	if p.Locks < now {
		p.Locks = 0
	}
	if p.Ends < now {
		p.Ends = 0
	}
	return append(list, m.signPolicy(id, p, p.NextNumber(0)))
}

// reopens reports whether we are beyond a group that we have had begun anew.
func (m *Member) reopens() bool { return m.reopen != 0 && m.generation != m.reopen }

// unlock makes the lock of a group that was begun anew by our order a lobby,
// where another moderator was first to found it: nobody could come back
// otherwise.
func (m *Member) unlock() {
	if !m.reopens() {
		return
	}
	m.reopen = 0
	p := m.wished()
	if !p.Locked || m.signer(m.terms.policy.Grant) == nil {
		return
	}
	if g, err := m.ownGrant(p.Grant); err == nil {
		p.Locked, p.Lobby, p.Grant = false, true, g
		_ = m.wishFor(p) // what cannot be is not wished for
	}
}

// claim has the host be known to a group that others have founded.
func (m *Member) claim() {
	p := m.terms.policy
	if m.cfg.Host == nil || m.wish != nil || p.Grant.IsHost(m.ownDevice()) {
		return
	}
	if g, err := m.ownGrant(p.Grant); err == nil {
		p.Grant = g
		_ = m.wishFor(p) // what cannot be is not wished for
	}
}

// wishedContext is the group's context with the policy that we wish for.
func (m *Member) wishedContext() []mls.Extension { return m.contextOf(m.terms.cardHash, *m.wish) }

// contextOf is the group's context with a card and our policy after the one
// in force.
func (m *Member) contextOf(cardHash [32]byte, p link.Policy) []mls.Extension {
	return []mls.Extension{
		{Type: link.CardExtension, Data: cardHash[:]},
		m.signPolicy(m.terms.groupID, p, m.terms.policy.NextNumber(m.terms.known.Number)),
	}
}

func (m *Member) signPolicy(groupID []byte, p link.Policy, number uint32) mls.Extension {
	p.Number = number
	encoded, err := m.terms.authority(groupID).SignPolicy(p, m.signer(p.Grant))
	if err != nil {
		panic("group: a policy of our own making: " + err.Error())
	}
	return mls.Extension{Type: link.PolicyExtension, Data: encoded}
}

// takePolicy notes the policy of the epoch that has begun.
func (m *Member) takePolicy() {
	p := m.terms.policy
	if p.Number > m.terms.known.Number {
		m.terms.known = p
	}
	m.dropFulfilled()
	here := map[string]bool{}
	for _, q := range m.terms.roster {
		here[q.Session] = true
		if !m.removing[q.Session] && !m.ejected[q.Session] {
			m.familiar[string(q.Device)] = true
		}
		delete(m.admitted, q.Session)
	}
	// A group that was begun anew may take in who was not out of the one before:
	// he is still to be removed.
	for session := range m.returning {
		if !here[session] {
			delete(m.removing, session)
			m.sentBack(session)
		}
	}
	m.claim()
	m.unlock()
	m.tell(PolicyBegun{p, m.signer(p.Grant) != nil})
}

// mayAdd reports whether an ask may be fulfilled by a commit of ours.
func (m *Member) mayAdd(a asking) bool {
	p := m.terms.policy
	switch {
	case m.wish != nil || m.wantsLink || m.removing[a.session]:
		return false // first things first
	case !m.isNewcomer(a):
		return true
	}
	return !p.Locked && m.signer(p.Grant) != nil && m.admitted[a.session] == a.kp
}

// onlyOurs reports whether what is due is what nobody else would commit.
func (m *Member) onlyOurs(removes []uint32, adds []asking) bool {
	if m.wish != nil || m.relinkDue() {
		return true
	}
	for _, i := range removes {
		if m.removing[m.terms.roster[i].Session] {
			return true
		}
	}
	return slices.ContainsFunc(adds, m.isNewcomer)
}

// isNewcomer reports whether an ask needs a moderator's signature.
func (m *Member) isNewcomer(a asking) bool {
	return m.terms.policy.Closed() && m.isStranger(a)
}

func (m *Member) isStranger(a asking) bool {
	return !m.terms.roster.hasDevice(a.who) && !m.terms.policy.Grant.Names(a.who.Device)
}

// crowdedOut reports whether there is no space for an ask beside others that
// are added. Leaves that are about to go still take theirs.
func (m *Member) crowdedOut(a asking, others int) bool {
	return m.terms.policy.Crowded(len(m.terms.roster)+others+1) && m.isStranger(a)
}

func (m *Member) signAdmissions(adds []asking) []byte {
	var newcomers [][]byte
	for _, a := range adds {
		if m.isNewcomer(a) {
			newcomers = append(newcomers, a.kp.Message().Marshal())
		}
	}
	p := m.terms.policy
	return m.terms.authority(m.terms.groupID).SignAdmissions(p, newcomers, m.signer(p.Grant))
}

// tellLobby tells a moderator who waits, when that has changed.
func (m *Member) tellLobby() {
	var waiting []Participant
	if m.Moderates() {
		for _, a := range m.asked {
			if m.isNewcomer(a) && (m.terms.policy.Locked || m.admitted[a.session] != a.kp) || m.crowdedOut(a, 0) {
				waiting = append(waiting, a.who)
			}
		}
	}
	same := slices.EqualFunc(waiting, m.told, func(a, b Participant) bool { return a.Member == b.Member })
	if !same {
		m.told = waiting
		m.tell(LobbyChanged{waiting})
	}
}
