// Package delivery is the delivery service of one room: it orders sealed
// messages of an MLS group that it cannot read (PROTOCOL.md 1.3).
//
// The rules in short: the first found of a generation makes the group; the
// first commit for an epoch ends it; what is ordered gets a number and is kept
// for those who missed it; a group without members is forgotten.
package delivery

import (
	"errors"
	"slices"

	"incamera/signaling/wire"
)

// Bounds of what is kept and repeated.
const (
	// MaxLog is how many bytes the log keeps. Less, and a member
	// that comes back after its resume time starts over in a busy meeting.
	MaxLog = 16 << 20
	// MaxRepeat and MaxRepeatEntries bound the answer to one since. More would
	// overrun the outbox of the session that asks.
	MaxRepeat        = 3 << 20
	MaxRepeatEntries = 512
)

// ErrOutOfOrder is returned for a message that its sender cannot have meant
// where things stand: one of a non-member, or of a time that has not come.
// Messages that were overtaken by others are no error; they have no effect.
var ErrOutOfOrder = errors.New("delivery: out of order")

// An Out is a message for some sessions. Those of one call are sent in their
// order; To is in order of arrival.
type Out struct {
	To      []wire.SessionID
	Message any // a server message of package wire
}

// A Service is the state of one room. The zero value is not ready: use [New].
// Not safe for concurrent use. It keeps the bodies that it is given, which the
// caller must not change afterwards.
type Service struct {
	generation uint32
	founded    bool
	epoch      uint64
	sessions   []wire.SessionID // all, in order of arrival
	members    []wire.SessionID // those in the group
	asks       []wire.Asked     // of sessions that are no members, oldest first
	log        log
}

// New returns the service of a room in generation 1, with nobody there.
func New() *Service { return &Service{generation: 1} }

// State returns the generation, and whether it has a group.
func (s *Service) State() (generation uint32, founded bool) { return s.generation, s.founded }

// Epoch returns the generation, and the epoch of its group; 0 without one.
func (s *Service) Epoch() (generation uint32, epoch uint64) { return s.generation, s.epoch }

// Arrive adds a session. It panics if the session is there already.
func (s *Service) Arrive(id wire.SessionID) {
	if slices.Contains(s.sessions, id) {
		panic("delivery: internal error: session arrives twice")
	}
	s.sessions = append(s.sessions, id)
}

// End removes a session: its ask is forgotten, and with the last member the
// group.
func (s *Service) End(id wire.SessionID) []Out {
	s.sessions = without(s.sessions, id)
	s.forgetAsk(id)
	return s.drop(id)
}

// Found claims the group of a generation for from. Losers hear of the winner
// by the founded that went to all, or by their joined.
func (s *Service) Found(from wire.SessionID, m wire.Found) ([]Out, error) {
	if overtaken, err := s.stale(m.Generation); overtaken || err != nil {
		return nil, err
	}
	if s.founded {
		return nil, nil
	}
	s.founded, s.epoch = true, 0
	s.members = []wire.SessionID{from}
	return []Out{{slices.Clone(s.sessions), wire.Founded{Generation: s.generation, By: from}}}, nil
}

// Ask keeps the wish of from to be added. A member that asks has lost its
// state, and is none from here on.
func (s *Service) Ask(from wire.SessionID, m wire.Ask) ([]Out, error) {
	if overtaken, err := s.stale(m.Generation); overtaken || err != nil {
		return nil, err
	}
	if !s.founded {
		return nil, ErrOutOfOrder
	}
	s.forgetAsk(from)
	if out := s.drop(from); out != nil {
		return out, nil // the group went with its only member; it is told to found anew
	}
	asked := wire.Asked{Generation: m.Generation, From: from, Body: m.Body}
	s.asks = append(s.asks, asked)
	return []Out{{slices.Clone(s.members), asked}}, nil
}

// Commit ends an epoch if m is the first commit for it.
func (s *Service) Commit(from wire.SessionID, m wire.Commit) ([]Out, error) {
	if overtaken, err := s.stale(m.Generation); overtaken || err != nil {
		return nil, err
	}
	if !s.isMember(from) || m.Epoch > s.epoch {
		return nil, ErrOutOfOrder
	}
	if m.Epoch < s.epoch {
		return []Out{{[]wire.SessionID{from}, wire.CommitRefused{Generation: s.generation, Epoch: s.epoch}}}, nil
	}
	s.epoch++
	committed := wire.Committed{Seq: s.log.next(), Generation: s.generation, Epoch: m.Epoch, From: from, Body: m.Body}
	s.log.append(committed, len(m.Body))
	out := []Out{{slices.Clone(s.members), committed}}
	var added []wire.SessionID
	for _, id := range m.To {
		// Only who asked is added: nobody is made a member by others alone.
		if s.forgetAsk(id) {
			added = append(added, id)
		}
	}
	if len(added) == 0 {
		return out, nil
	}
	s.members = append(s.members, added...)
	welcomed := wire.Welcomed{Seq: committed.Seq, Generation: s.generation, Epoch: s.epoch, Body: m.Welcome, Tree: m.Tree}
	out = append(out, Out{added, welcomed})
	for _, asked := range s.asks {
		out = append(out, Out{added, asked})
	}
	return out, nil
}

// App orders an application message.
func (s *Service) App(from wire.SessionID, m wire.App) ([]Out, error) {
	if overtaken, err := s.stale(m.Generation); overtaken || err != nil {
		return nil, err
	}
	if !s.isMember(from) || m.Epoch > s.epoch {
		return nil, ErrOutOfOrder
	}
	said := wire.Said{Seq: s.log.next(), Generation: s.generation, Epoch: m.Epoch, From: from, Body: m.Body}
	s.log.append(said, len(m.Body))
	return []Out{{slices.Clone(s.members), said}}, nil
}

// Beat hands where a member stands to the others. It has no place in the log.
func (s *Service) Beat(from wire.SessionID, m wire.Beat) ([]Out, error) {
	if overtaken, err := s.stale(m.Generation); overtaken || err != nil {
		return nil, err
	}
	if !s.isMember(from) {
		return nil, nil // any more: it is no fault to be late
	}
	return []Out{{without(s.members, from), wire.BeatOf{Generation: s.generation, From: from, Body: m.Body}}}, nil
}

// Since repeats the log after m.Seq to from.
func (s *Service) Since(from wire.SessionID, m wire.Since) ([]Out, error) {
	if overtaken, err := s.stale(m.Generation); overtaken || err != nil {
		return nil, err
	}
	last := s.log.next() - 1
	if !s.isMember(from) || m.Seq > last {
		return nil, ErrOutOfOrder
	}
	to := []wire.SessionID{from}
	entries, ok := s.log.after(m.Seq)
	if !ok {
		return []Out{{to, wire.Gap{Generation: s.generation}}}, nil
	}
	var out []Out
	for _, e := range entries {
		out = append(out, Out{to, e.message})
	}
	return append(out, Out{to, wire.CaughtUp{Generation: s.generation, Seq: last}}), nil
}

// stale reports whether generation g was overtaken by a reset, of which its
// sender hears; a generation to come is an error.
func (s *Service) stale(g uint32) (bool, error) {
	if g > s.generation {
		return false, ErrOutOfOrder
	}
	return g < s.generation, nil
}

// IsMember reports whether a session is in the group.
func (s *Service) IsMember(id wire.SessionID) bool { return s.isMember(id) }

// Drop takes a session out of the group, though it is here.
func (s *Service) Drop(id wire.SessionID) []Out { return s.drop(id) }

// Deserted reports whether somebody who is here asks to be added, and no
// member is here to do it.
func (s *Service) Deserted(here func(wire.SessionID) bool) bool {
	return slices.ContainsFunc(s.asks, func(a wire.Asked) bool { return here(a.From) }) &&
		!slices.ContainsFunc(s.members, here)
}

// Abandon forgets the group, of which its members hear, too. by has ordered it,
// if anybody has.
func (s *Service) Abandon(by wire.SessionID) []Out {
	if !s.founded {
		return nil
	}
	return s.reset(by)
}

// drop takes id out of the group, and resets when it was the last member.
func (s *Service) drop(id wire.SessionID) []Out {
	if !s.isMember(id) {
		return nil
	}
	s.members = without(s.members, id)
	if len(s.members) > 0 {
		return nil
	}
	return s.reset("")
}

func (s *Service) reset(by wire.SessionID) []Out {
	s.members = nil
	s.generation++
	s.founded, s.epoch, s.asks, s.log = false, 0, nil, log{}
	return []Out{{slices.Clone(s.sessions), wire.Reset{Generation: s.generation, By: by}}}
}

func (s *Service) forgetAsk(id wire.SessionID) (was bool) {
	i := slices.IndexFunc(s.asks, func(a wire.Asked) bool { return a.From == id })
	if i < 0 {
		return false
	}
	s.asks = slices.Delete(s.asks, i, i+1)
	return true
}

func (s *Service) isMember(id wire.SessionID) bool { return slices.Contains(s.members, id) }

// without returns list without id, never in place: an Out may share it.
func without(list []wire.SessionID, id wire.SessionID) []wire.SessionID {
	return slices.DeleteFunc(slices.Clone(list), func(other wire.SessionID) bool { return other == id })
}
