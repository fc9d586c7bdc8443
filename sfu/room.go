package sfu

import (
	"errors"
	"slices"
	"sync"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/layer"
	"incamera/sfu/rtpx"
	"incamera/sfu/trace"
)

// ErrClosed is returned for a room or peer that is closed.
var ErrClosed = errors.New("sfu: closed")

// A Room holds the peers between which media is forwarded. Safe for concurrent
// use.
type Room struct {
	server *Server
	trace  *trace.Recorder // nil: nobody records

	mu sync.Mutex
	// Guarded by mu.
	peers  map[PeerID]*Peer
	order  []*Peer // in order of arrival
	closed bool
	codecs rtpx.Codecs // of pictures, that all who are inside take
	// described: all of them take dependency descriptors.
	described bool
	voices    allocate.Voices
	ranked    []string  // who has an open microphone, as they are to be heard
	looked    time.Time // when that was
}

// heardAtOnce is how many microphones are heard at once, where more are open: as
// many as a subscriber has seats for in a large meeting (PROTOCOL.md 1.4).
const heardAtOnce = 16

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
	p.start()
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
	r.trace.Close()
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
	p.clearSeats(now)
	r.agree()
	r.assignAll(now)
}

// agree looks anew at which codecs all take who are inside, and whether descriptors,
// and has all told when that has changed. Called under mu.
func (r *Room) agree() {
	codecs, described := rtpx.AllVideo, true
	for _, p := range r.order {
		if p.inside {
			codecs &= p.takes
			described = described && !p.plain
		}
	}
	if codecs == r.codecs && described == r.described {
		return
	}
	r.codecs, r.described = codecs, described
	for _, p := range r.order {
		p.wake(func(e *errand) { e.anew = true })
	}
}

// assignAll recomputes all seats. Called under mu.
func (r *Room) assignAll(now time.Time) {
	r.rank(now)
	r.assignEach(now)
}

func (r *Room) assignEach(now time.Time) {
	for _, p := range r.order {
		r.assign(p, now)
	}
}

// rank finds out anew who is to be heard, and reports whether that has changed.
// Called under mu.
func (r *Room) rank(now time.Time) (changed bool) {
	all := make([]allocate.Voice, len(r.order))
	for i, p := range r.order {
		all[i] = allocate.Voice{ID: string(p.id), Open: r.publishes(p.id, Mic), Speaking: p.speaking}
	}
	ranked := r.voices.Update(heardAtOnce, all, now)
	changed = !slices.Equal(ranked, r.ranked)
	r.ranked, r.looked = ranked, now
	return changed
}

// listen has time do to the seats for sound what it does. Call it often, under mu.
func (r *Room) listen() {
	if now := time.Now(); now.Sub(r.looked) >= tickEvery && r.rank(now) {
		r.assignEach(now)
	}
}

// assign recomputes the seats of one subscriber. Called under mu.
func (r *Room) assign(p *Peer, now time.Time) {
	var byKind [sourceCount][]*seat
	for _, s := range p.seats {
		byKind[s.kind] = append(byKind[s.kind], s)
	}
	changed := false
	for kind, seats := range byKind {
		if len(seats) == 0 {
			continue
		}
		kind := Source(kind)
		owners := make([]string, len(seats))
		for i, s := range seats {
			if src := s.owner(); src != nil && r.publishes(src.owner, kind) {
				owners[i] = string(src.owner)
			}
		}
		// Voice and picture go in step where they can: their nth seats share a stream.
		step := map[string]int{}
		for i, s := range byKind[kind.partner()] {
			if src := s.owner(); src != nil {
				step[string(src.owner)] = i
			}
		}
		wanted, heights := r.wanted(p, kind, owners)
		rank := map[string]int{}
		for i, owner := range wanted {
			rank[owner] = i
		}
		for i, owner := range allocate.Assign(owners, wanted, step) {
			seats[i].rank = rank[owner]
			if r.seat(seats[i], PeerID(owner), kind, suits{layer.For(heights[owner]), layer.Calm(heights[owner])}, now) {
				changed = true
			}
		}
	}
	if changed {
		p.tellSeats()
	}
}

// seat puts owner's source on s and reports whether that changed the map.
func (r *Room) seat(s *seat, owner PeerID, kind Source, wanted suits, now time.Time) bool {
	var src *source
	if owner != "" {
		src = r.peers[owner].sources[kind]
	}
	old := s.owner()
	s.put(src, wanted, now)
	resized := s.tile != wanted
	s.tile = wanted
	if old == src {
		if resized {
			r.count(src)
		}
		return false
	}
	if old != nil {
		old.removeSeat(s)
		r.count(old)
	}
	if src != nil {
		src.addSeat(s)
		r.count(src)
	}
	return true
}

// count looks anew at who watches a source, and has its publisher send more at
// once if it must; that it may send less its own ticks find out.
func (r *Room) count(src *source) {
	if src == nil || !src.count() {
		return
	}
	if p := r.peers[src.owner]; p != nil {
		p.wakeDemand()
	}
}

func (r *Room) publishes(id PeerID, kind Source) bool {
	p := r.peers[id]
	return p != nil && p.inside && p.on[kind] && !p.withheld[kind]
}

// wanted lists who is to be on p's seats of a kind, most important first, and
// the height of each one's tile. It may stop when there are more than seats.
func (r *Room) wanted(p *Peer, kind Source, seated []string) (owners []string, heights map[string]int) {
	heights = map[string]int{}
	if !p.inside {
		return nil, heights
	}
	add := func(id string, height int) {
		if id != "" && id != string(p.id) && heights[id] == 0 && r.publishes(PeerID(id), kind) {
			heights[id] = max(1, height)
			owners = append(owners, id)
		}
	}
	for _, t := range p.view {
		if t.Kind == kind {
			add(string(t.Owner), t.Height)
		}
	}
	if kind == Camera {
		return owners, heights
	}
	// Voices and screens are seated without asking: voices as they are to be heard,
	// of screens those that are there stay, then in order of arrival.
	if kind == Mic {
		for _, id := range r.ranked {
			if len(owners) >= len(seated) {
				break
			}
			add(id, fullHeight)
		}
		return owners, heights
	}
	for _, id := range seated {
		add(id, fullHeight)
	}
	for _, other := range r.order {
		if len(owners) >= len(seated) {
			break
		}
		add(string(other.id), fullHeight)
	}
	return owners, heights
}

// fullHeight stands for a tile whose size was not told.
const fullHeight = 1080
