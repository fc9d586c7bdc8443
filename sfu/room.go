package sfu

import (
	"errors"
	"slices"
	"sync"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/layer"
)

// ErrClosed is returned for a room or peer that is closed.
var ErrClosed = errors.New("sfu: closed")

// A Room holds the peers between which media is forwarded. Safe for concurrent
// use.
type Room struct {
	server *Server

	mu sync.Mutex
	// Guarded by mu.
	peers  map[PeerID]*Peer
	order  []*Peer // in order of arrival
	closed bool
}

// NewPeer adds a peer. It panics if the id is taken, which is a bug of the
// caller.
func (r *Room) NewPeer(id PeerID, events Events) (*Peer, error) {
	p := newPeer(r, id, events)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	if r.peers[id] != nil {
		panic("sfu: internal error: peer id is taken")
	}
	r.peers[id] = p
	r.order = append(r.order, p)
	p.work.Go(p.run)
	return p, nil
}

// Close closes all peers.
func (r *Room) Close() {
	r.mu.Lock()
	r.closed = true
	peers := slices.Clone(r.order)
	r.mu.Unlock()
	for _, p := range peers {
		p.Close()
	}
}

func (r *Room) remove(p *Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.peers[p.id] != p {
		return
	}
	delete(r.peers, p.id)
	r.order = slices.DeleteFunc(r.order, func(other *Peer) bool { return other == p })
	now := time.Now()
	for _, s := range p.seats {
		if src := s.owner(); src != nil {
			src.removeSeat(s)
		}
		s.put(nil, 0, now)
	}
	p.seats = nil
	r.assignAll(now)
}

// assignAll recomputes all seats. Called under mu. The cost is peers × seats:
// a change in a room of 500 takes well under a millisecond per 100 peers.
func (r *Room) assignAll(now time.Time) {
	for _, p := range r.order {
		r.assign(p, now)
	}
}

// assign recomputes the seats of one subscriber. Called under mu.
func (r *Room) assign(p *Peer, now time.Time) {
	changed := false
	for kind := range Source(sourceCount) {
		var seats []*seat
		var owners []string
		for _, s := range p.seats {
			if s.kind == kind {
				owner := ""
				if src := s.owner(); src != nil && r.publishes(src.owner, kind) {
					owner = string(src.owner)
				}
				seats = append(seats, s)
				owners = append(owners, owner)
			}
		}
		if len(seats) == 0 {
			continue
		}
		wanted, heights := r.wanted(p, kind)
		for i, owner := range allocate.Assign(owners, wanted) {
			if r.seat(seats[i], PeerID(owner), kind, layer.For(heights[owner]), now) {
				changed = true
			}
		}
	}
	if changed {
		p.tellSeats()
	}
}

// seat puts owner's source on s and reports whether that changed the map.
func (r *Room) seat(s *seat, owner PeerID, kind Source, wanted int, now time.Time) bool {
	var src *source
	if owner != "" {
		src = r.peers[owner].sources[kind]
	}
	old := s.owner()
	s.put(src, wanted, now)
	if old == src {
		return false
	}
	if old != nil {
		old.removeSeat(s)
	}
	if src != nil {
		src.addSeat(s)
	}
	return true
}

func (r *Room) publishes(id PeerID, kind Source) bool {
	p := r.peers[id]
	return p != nil && p.on[kind]
}

// wanted lists who is to be on p's seats of a kind, most important first, and
// the height of each one's tile.
func (r *Room) wanted(p *Peer, kind Source) (owners []string, heights map[string]int) {
	heights = map[string]int{}
	for _, t := range p.view {
		if t.Kind == kind && t.Owner != p.id && r.publishes(t.Owner, kind) && heights[string(t.Owner)] == 0 {
			heights[string(t.Owner)] = max(1, t.Height)
			owners = append(owners, string(t.Owner))
		}
	}
	if kind == Camera {
		return owners, heights
	}
	// Voices and screens are seated without asking, in order of arrival.
	for _, other := range r.order {
		id := string(other.id)
		if other != p && other.on[kind] && heights[id] == 0 {
			heights[id] = fullHeight
			owners = append(owners, id)
		}
	}
	return owners, heights
}

// fullHeight stands for a tile whose size was not told.
const fullHeight = 1080
