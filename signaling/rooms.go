package signaling

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"math"
	"strings"
	"time"

	"incamera/signaling/hook"
	"incamera/signaling/room"
	"incamera/signaling/token"
	"incamera/signaling/wire"
)

var (
	errRefused  = errors.New("signaling: no such room, or not for this token")
	errTaken    = errors.New("signaling: the room exists with another token, or was ended by its host")
	errFull     = errors.New("signaling: too many rooms")
	errDraining = errors.New("signaling: the server is to stop")
	errEnded    = errors.New("signaling: an operator has ended the room")
	errForged   = errors.New("signaling: the room is not that of the host key")
)

// roomOf returns the id of the room of a host key (PROTOCOL.md 2.1).
func roomOf(hostKey []byte) string {
	h := sha256.New()
	h.Write([]byte("incamera room v1"))
	h.Write(hostKey)
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)))[:wire.RoomLength]
}

// create makes a room, or finds that it is there already with the same token.
// The first card stays: whoever has the link may say create again after a
// restart, and must not replace what others see.
func (s *Server) create(ctx context.Context, m wire.CreateRoom) (err error) {
	about := room.About{
		Name: m.Room, HostKey: m.HostKey, Card: m.Card, Mark: m.Mark, Capacity: int(min(m.Capacity, math.MaxInt32)),
	}
	order := orderOf(m)
	if roomOf(m.HostKey) != m.Room || m.Mark != nil && !about.Signed(*m.Mark) || order != nil && !about.Ordered(*order) {
		return errForged
	}
	hash, err := token.Parse(m.TokenHash)
	if err != nil {
		return err
	}
	about.Token, about.Number, about.Order = hash, m.Number, m.Relink
	there, err := s.exists(m, hash)
	if there && err == nil {
		s.mark(m)
		return nil
	}
	// From here on whoever is not invited hears just that, whether the room is
	// there or not, and whether there is space.
	giveBack, uninvited := s.spend(ctx, m, time.Now())
	if uninvited != nil {
		return uninvited
	}
	made := false
	defer func() {
		if !made {
			giveBack()
		}
	}()
	if err != nil {
		return err
	}
	if s.draining.Load() {
		return errDraining
	}
	if s.closed.stays(m, time.Now()) {
		return errTaken
	}
	least, err := s.leastLink(ctx, m.Room, time.Now())
	if err != nil {
		return err
	}
	if max(1, m.Number) < least {
		return errTaken
	}
	var media room.Media
	if s.cfg.NewMedia != nil {
		if media, err = s.cfg.NewMedia(); err != nil {
			return err
		}
	}
	cfg := s.cfg.Room
	cfg.Relinked = s.noteLink
	e := &entry{room: room.New(cfg, about, media, s.cfg.Log), made: time.Now()}
	s.mu.Lock()
	_, taken := s.rooms[m.Room]
	taken = taken || time.Now().Before(s.ended[m.Room])
	begin := !taken && !s.ending && len(s.rooms) < s.cfg.MaxRooms
	if begin {
		s.rooms[m.Room] = e
		s.loops.Add(1)
	}
	s.mu.Unlock()
	if !begin { // somebody was faster
		if media != nil {
			media.Close()
		}
		_, err = s.exists(m, hash)
		return err
	}
	made = true
	s.noteLink(m.Room, m.Number)
	s.counters.created.Add(1)
	s.tell(hook.RoomMade, m.Room)
	go func() {
		defer s.loops.Done()
		defer s.tell(hook.RoomOver, m.Room)
		e.room.Run(s.life)
		if e.room.Closed() {
			s.closed.add(m.Room, time.Now())
		}
		s.noteLink(m.Room, e.room.Link().Number) // from here on for as long as permits hold
		s.mu.Lock()
		if s.rooms[m.Room] == e {
			delete(s.rooms, m.Room)
		}
		s.mu.Unlock()
		if s.cfg.Files != nil {
			s.cfg.Files.EndRoom(m.Room)
		}
	}()
	return nil
}

// mark hands the mark that somebody knows from before to a room that is there.
func (s *Server) mark(m wire.CreateRoom) {
	s.mu.Lock()
	e := s.rooms[m.Room]
	s.mu.Unlock()
	if m.Mark != nil && e != nil {
		e.room.Mark(*m.Mark)
	}
}

// tell tells the operator's program of a room.
func (s *Server) tell(event, name string) {
	if s.cfg.Told != nil {
		s.cfg.Told(hook.Event{ID: rand.Text(), Event: event, Room: s.adminID(name), At: time.Now().UTC()})
	}
}

// exists reports whether the room is there with this token's hash, and fails
// when it may not be made. One that is there by an older link gets the later one.
func (s *Server) exists(m wire.CreateRoom, hash token.Hash) (bool, error) {
	s.mu.Lock()
	e, n := s.rooms[m.Room], len(s.rooms)
	until := s.ended[m.Room]
	s.mu.Unlock()
	switch {
	case time.Now().Before(until):
		return false, errEnded
	case e == nil && n >= s.cfg.MaxRooms:
		return false, errFull
	case e == nil:
		return false, nil
	case e.room.Link().Token.Equal(hash):
		return true, nil
	case s.supersede(e, m):
		return true, nil
	}
	return true, errTaken
}

// open finds the room that a token opens, and the link that it is of. An
// unknown room costs the same hash and comparison as a wrong token, and has
// the same answer.
func (s *Server) open(name string, shown []byte) (*entry, *room.Link, error) {
	e, l := s.find(name, shown)
	if l == nil {
		s.counters.refused.Add(1)
		return nil, nil, errRefused
	}
	return e, l, nil
}

// find returns the room of that name, if there is one, and its link if the
// token opens it.
func (s *Server) find(name string, shown []byte) (*entry, *room.Link) {
	s.mu.Lock()
	e := s.rooms[name]
	s.mu.Unlock()
	l := &room.Link{Token: s.nobody}
	if e != nil {
		l = e.room.Link()
	}
	if !l.Token.Matches(shown) || e == nil {
		return e, nil
	}
	return e, l
}
