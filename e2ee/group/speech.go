package group

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// What members say to each other, PROTOCOL.md 2.7.

type spoken struct {
	body    []byte
	epoch   uint64
	app     App
	private bool
}

// Say seals something for the group. It is heard by ourselves too, when it has
// its place in the log.
func (m *Member) Say(a App, now time.Time) (Output, error) {
	if s, ok := a.(State); ok && m.direct != nil {
		s.Key = m.direct.Public()
		a = s
	}
	return m.sayAnd(a, spoken{app: a}, now)
}

// SayTo seals a Chat or a File for one session. The others of the group see that
// something was said, and not what or to whom.
func (m *Member) SayTo(session string, a App, now time.Time) (Output, error) {
	d, err := SealDirect(m.cfg.Room, m.session, session, m.directKeys[session], a)
	if err != nil {
		return Output{}, err
	}
	return m.sayAnd(d, spoken{app: a, private: true}, now)
}

func (m *Member) sayAnd(a App, s spoken, now time.Time) (Output, error) {
	if err := m.say(a, s); err != nil {
		return Output{}, err
	}
	m.plan(now)
	return m.flush(), nil
}

func (m *Member) say(a App, s spoken) error {
	plaintext, err := EncodeApp(a)
	if err != nil {
		return err
	}
	if m.phase != Inside || len(m.spoken) >= maxSpoken {
		return errors.New("saying something: not in the group yet, or too much at once")
	}
	message, err := m.group.Encrypt(plaintext, nil)
	if err != nil {
		return fmt.Errorf("saying something: %w", err)
	}
	epoch := m.group.Epoch()
	body := m.seal(link.KindApp, epoch, message.Marshal())
	s.body, s.epoch = body, epoch
	m.spoken = append(m.spoken, s)
	m.send(Speak{Generation: m.generation, Epoch: epoch, Body: body})
	return nil
}

// hear takes an application message. One that cannot be read harms nobody.
func (m *Member) hear(in Said) {
	for i, s := range m.spoken {
		if s.epoch == in.Epoch && bytes.Equal(s.body, in.Body) { // in another epoch nobody else opens it
			m.spoken = append(m.spoken[:i:i], m.spoken[i+1:]...)
			if !m.lateLink(in, s.app) {
				m.heard(m.terms.roster[m.group.Me()].Participant, true, s.app, s.private)
			}
			return
		}
	}
	from, app, err := m.read(in)
	if err != nil || m.lateLink(in, app) {
		m.Dropped.Apps++
		return
	}
	private := false
	switch a := app.(type) {
	case nil:
		return
	case State:
		m.directKeys[from.Session] = a.Key
	case Direct:
		app, err = OpenDirect(m.direct, m.cfg.Room, from.Session, m.session, a)
		if err != nil {
			m.Dropped.Apps++
		}
		if private = true; app == nil {
			return
		}
	}
	m.heard(from, false, app, private)
}

// heard passes on what its sender may say, ourselves included: nobody sees of
// his own what the others do not.
func (m *Member) heard(from Participant, self bool, a App, private bool) {
	err := m.hears(from, a)
	if err == nil {
		switch a := a.(type) { // of nobody else's interest
		case Pass:
			if err = m.takePass(a.Pass); err == nil {
				return
			}
		case NewLink:
			if err = m.takeLink(a); err == nil {
				return
			}
		}
	}
	if err != nil {
		m.Dropped.Apps++
		return
	}
	m.tell(Heard{from, self, a, private})
}

func (m *Member) read(in Said) (Participant, App, error) {
	message, err := m.openMessage(link.KindApp, in.Epoch, in.Body, mls.WirePrivate)
	if err != nil {
		return Participant{}, nil, err
	}
	ev, err := m.group.Process(message)
	if err != nil {
		return Participant{}, nil, err
	}
	if ev.Kind != mls.ContentApplication || ev.Epoch != in.Epoch || ev.Sender.Type != mls.SenderMember {
		return Participant{}, nil, errors.New("it is no application message of its epoch")
	}
	who := m.terms.roster
	if in.Epoch != m.group.Epoch() {
		who = m.past[in.Epoch]
	}
	from, ok := who[ev.Sender.Index]
	if !ok {
		return Participant{}, nil, errors.New("its sender is unknown")
	}
	if now := m.terms.roster[ev.Sender.Index]; now == nil || now.Member != from.Member {
		return Participant{}, nil, errors.New("its sender is not in the group any more")
	}
	app, err := DecodeApp(ev.Application)
	return from.Participant, app, err
}
