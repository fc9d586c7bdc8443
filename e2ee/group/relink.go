package group

import (
	"errors"
	"slices"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// present is the room's link that holds now.
type present struct {
	keys       link.Keys
	linkNumber uint32
	card       link.Card
	cardHash   [32]byte
}

func presentOf(n link.Next) present { return present{n.Keys, n.Card.LinkNumber, n.Card, n.Hash} }

// maxAnnounced is how many links a member knows that may take the place of
// the present one. More than one there are only while two pages of the host
// change it at once.
const maxAnnounced = 4

// relinking is what a member has to do about a link that is to come, and
// keeps of the one before.
type relinking struct {
	wantsLink bool      // we are to change it
	before    link.Keys // of the link that held until epoch since
	since     uint64    // 0: the keys before are gone
}

// ChangeLink makes a new link of the room: as soon as all are out who are to
// be removed, the members are handed its secret, and the next epoch begins
// with it. Only the host can, for it takes his signature.
func (m *Member) ChangeLink(now time.Time) (Output, error) {
	return m.host(now, "changing the link", func() error {
		if m.cfg.Host == nil {
			return errNoModerator
		}
		_, err := m.linksInUse()
		m.wantsLink = err == nil
		return err
	})
}

// linksInUse names the links by which somebody is in the group, and the
// present one.
func (m *Member) linksInUse() ([]link.OldLink, error) {
	used := map[uint32]bool{}
	for _, p := range m.terms.roster {
		used[p.link] = true
	}
	older := slices.DeleteFunc(slices.Clone(m.terms.card.Older), func(o link.OldLink) bool { return !used[o.Number] })
	older = append(older, link.OldLink{Number: m.terms.linkNumber, Admission: m.terms.keys.Admission})
	if len(older) > link.MaxOldLinks {
		return nil, errors.New("people are here by too many links of before; it can be done when those who came first have come again")
	}
	return older, nil
}

// relinkDue reports whether the link is to be changed now: not while somebody
// is in the group who is not to have the next, and not before the server knows
// us for the host.
func (m *Member) relinkDue() bool {
	return m.wantsLink && m.phase == Inside && m.wish == nil && m.terms.policy.Grant.IsHost(m.ownDevice()) && len(m.count().lost) == 0 &&
		!m.throwsOut()
}

// throwsOut reports whether somebody is in the group whom we are to remove.
func (m *Member) throwsOut() bool {
	return slices.ContainsFunc(m.terms.roster.list(), func(p Participant) bool { return m.removing[p.Session] })
}

// relink hands out the next link in the present epoch, and sends the commit
// that begins the next with it. When another commit is first, both are done
// again, with another link: somebody may have come by then who has not heard of
// it, and somebody be gone who has.
func (m *Member) relink(now time.Time) {
	m.lastCommit = now // not at once again, whatever comes of it
	older, err := m.linksInUse()
	if m.terms.policy.NextNumber(0) == 0 {
		err = errNumbers
	}
	var n link.Next
	if err == nil {
		n, err = m.terms.card.Change(m.cfg.Room, link.NewSecret(), older, m.cfg.Host)
	}
	if err != nil {
		m.wantsLink = false
		return
	}
	l := NewLink{Secret: n.Secret, Card: n.Order.Card, Signature: n.Announced}
	if m.say(l, spoken{app: l}) != nil {
		m.dueSince = now.Add(time.Second) // too much is on its way
		return
	}
	m.announce(n)
	message, _, next, err := m.group.Commit(mls.CommitOptions{
		Proposals: []*mls.Proposal{
			m.group.NewPSK(link.PSKID(n.Card.LinkNumber)),
			{Type: mls.ProposalGroupContextExtensions, Extensions: m.contextOf(n.Hash, m.terms.policy)},
		},
		IgnorePending: true, Public: true, NoTree: true,
	})
	if err != nil {
		panic("group: a change of the link of our own making is refused: " + err.Error())
	}
	epoch := m.group.Epoch()
	out := Commit{Generation: m.generation, Epoch: epoch, Body: m.seal(link.KindCommit, epoch, message.Marshal()), Relink: &n.Order}
	m.send(out)
	m.pending = &pending{epoch: epoch, body: out.Body, next: next, path: true, standing: m.terms.next}
}

// takeLink learns of the link that is to come from what was said.
func (m *Member) takeLink(l NewLink) error {
	n, err := m.terms.card.OpenNext(m.cfg.Room, l.Secret, l.Card, l.Signature)
	if err == nil {
		m.announce(n)
	}
	return err
}

// lateLink reports whether a link is said that has come to nothing: the commit
// that would have begun it was for the same epoch.
func (m *Member) lateLink(in Said, a App) bool {
	_, is := a.(NewLink)
	return is && in.Epoch != m.group.Epoch()
}

func (m *Member) announce(n link.Next) {
	list := slices.DeleteFunc(m.terms.announced, func(a link.Next) bool { return a.Hash == n.Hash })
	list = append(list, n)
	m.terms.announced = list[max(0, len(list)-maxAnnounced):]
}

// changed goes on with another link, which began with an epoch.
func (m *Member) changed(n link.Next, epoch uint64) {
	// Who is to be removed has heard of this one, if that was wished for while the
	// commit was on its way: then it is changed once more, without him.
	again := m.wantsLink && m.throwsOut()
	m.relinking = relinking{wantsLink: again, before: m.terms.keys, since: epoch}
	m.terms.present, m.terms.announced = presentOf(n), nil
	// Who asked by the link of before is let in by nobody.
	m.asked, m.admitted = nil, map[string]*mls.KeyPackage{}
	m.tell(LinkChanged{n})
}

// forgetLink forgets the keys of the link of before.
func (m *Member) forgetLink() { m.before, m.since = link.Keys{}, 0 }

// envelopeKey is the key of what is said in an epoch: late messages of before
// a change of the link are sealed by the one of then.
func (m *Member) envelopeKey(k link.Kind, epoch uint64) link.Secret {
	if k == link.KindApp && epoch < m.since {
		return m.before.Envelope
	}
	return m.terms.keys.Envelope
}
