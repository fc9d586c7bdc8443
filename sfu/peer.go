package sfu

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/layer"
	"incamera/sfu/munge"
	"incamera/sfu/quality"
	"incamera/sfu/rtpx"
	"incamera/sfu/trace"
	"incamera/sfu/transport"
)

// tickEvery is how often seats look again at the layers that are there, and
// reportTicks how many of these there are between sender reports. Less often,
// and voice and face are out of step for longer after a change of seats.
const (
	tickEvery   = 300 * time.Millisecond
	reportTicks = 4
)

// maxSeats bounds one subscriber's seats: 25 and 16 with two screens and their
// sound (DESIGN: fixed seats), with room to grow.
const maxSeats = 64

// A Seat says who is on a seat.
type Seat struct {
	Index int // m-line order in the subscribe offer
	Kind  Source
	Owner PeerID // empty: nobody
	// Paused says that the subscriber's network takes nothing of it now.
	Paused bool
}

// A Tile is a wanted picture and its size in pixels.
type Tile struct {
	Owner         PeerID
	Kind          Source
	Width, Height int
}

// Events are what a peer tells. They are called one at a time, in order, and
// must not call back into the peer or its room.
type Events struct {
	Seats  func([]Seat)        // the whole seat map after a change
	Closed func(reason string) // a connection failed; the peer is of no use any more
	// Demand says what is to be sent: told when a publish connection is new, and
	// after each change. It may be nil.
	Demand func(Demand)
	// Quality is how the peer's publish and subscribe connections do, told after
	// each change. It may be nil.
	Quality func(up, down Quality)
}

// A Demand is what a peer is to send.
type Demand struct {
	// Camera and Screen are numbers of layers, from the lowest, 0 to 3. A source of
	// one layer is sent unless it is 0.
	Camera, Screen int
	// Codecs are those that all who are inside take: a peer that sends another one
	// is not seen by all.
	Codecs []string
	// Described: they take dependency descriptors, and with them spatial layers of AV1.
	Described bool
}

// A Peer is one participant's media. Publish and Subscribe are not to be
// called concurrently with themselves; everything else is safe for concurrent
// use.
type Peer struct {
	// Static after construction.
	id      PeerID
	number  int // in the recording; 0 without one
	room    *Room
	events  Events
	sources [sourceCount]*source
	work    sync.WaitGroup
	began   time.Time

	// What run is to do.
	due struct {
		sync.Mutex
		errand
		running bool // by a goroutine
		closed  bool // never again
		ticker  *time.Timer
	}

	// Owned by run.
	ticks  int
	demand [sourceCount]layer.Demand // of video
	floor  allocate.Floor
	up     struct {
		quality.Judge
		since time.Time // since when a picture is on that does not come; zero: none is
	}
	down quality.Judge

	// Guarded by the room's mutex.
	inside   bool              // whether media flows between this peer and the others
	withheld [sourceCount]bool // given to nobody
	on       [sourceCount]bool
	speaking bool // as it says
	view     []Tile
	seats    []*seat
	seatsOf  *transport.Subscriber // the connection that seats belong to
	takes    rtpx.Codecs           // that connection; all before there is one
	plain    bool                  // that connection takes no dependency descriptors
	mids     map[string]Source

	// Owned by the caller of Publish and Subscribe; closing takes the lock.
	conns struct {
		sync.Mutex
		closed             bool
		publisher          *transport.Publisher
		subscriber         *transport.Subscriber
		published, watched string // sessions of the offers
	}
}

// An errand is what has happened since run looked.
type errand struct {
	seats  []Seat // the latest map, to be told; nil: it was
	lost   string // why a connection has failed, the first time; empty: none has
	demand bool   // it may have risen
	anew   bool   // the demand is to be told in any case
	moved  bool   // the subscriber's network takes much less, or more
	tick   bool   // it is time to look at layers and clocks
}

func newPeer(r *Room, id PeerID, events Events) *Peer {
	now := time.Now()
	p := &Peer{id: id, number: r.trace.NewPeer(now), room: r, events: events, began: now, takes: rtpx.AllVideo}
	for kind := range p.sources {
		p.sources[kind] = newSource(r.server, id, p.number, Source(kind))
		p.demand[kind] = layer.NewDemand()
	}
	return p
}

// start begins to keep layers and clocks up to date, until the peer is closed.
func (p *Peer) start() {
	p.due.Lock()
	defer p.due.Unlock()
	p.due.ticker = time.AfterFunc(tickEvery, func() {
		p.wake(func(e *errand) { e.tick = true })
	})
}

// wake has run do an errand, soon. Safe for concurrent use.
func (p *Peer) wake(change func(*errand)) {
	p.due.Lock()
	defer p.due.Unlock()
	if p.due.closed {
		return
	}
	change(&p.due.errand)
	if !p.due.running {
		p.due.running = true
		p.work.Go(p.run)
	}
}

// run tells events and keeps layers and clocks up to date as long as there is
// something to do: one goroutine at a time, and mostly none.
func (p *Peer) run() {
	for {
		p.due.Lock()
		e := p.due.errand
		if p.due.closed || e.nothing() {
			p.due.running = false
			p.due.Unlock()
			return
		}
		p.due.errand = errand{}
		if e.tick {
			p.due.ticker.Reset(tickEvery)
		}
		p.due.Unlock()
		p.do(&e, time.Now())
	}
}

func (e *errand) nothing() bool {
	return e.seats == nil && e.lost == "" && !e.demand && !e.anew && !e.moved && !e.tick
}

func (p *Peer) do(e *errand, now time.Time) {
	if e.seats != nil {
		p.events.Seats(e.seats)
	}
	if e.lost != "" {
		p.events.Closed(e.lost)
	}
	if e.demand || e.anew {
		p.tellDemand(e.anew, now)
	}
	switch {
	case e.tick:
		p.ticks++
		p.tick(now, p.ticks%reportTicks == 0)
	case e.moved:
		p.adapt(now)
	}
}

// wakeDemand has run look at the demand. Safe for concurrent use.
func (p *Peer) wakeDemand() { p.wake(func(e *errand) { e.demand = true }) }

// wakeAdapt has run look at what the subscriber's network takes. Safe for
// concurrent use.
func (p *Peer) wakeAdapt() { p.wake(func(e *errand) { e.moved = true }) }

func (p *Peer) tellDemand(fresh bool, now time.Time) {
	changed := fresh
	var watched [sourceCount]int
	for kind := range p.demand {
		watched[kind] = int(p.sources[kind].watched.Load())
		if Source(kind).IsVideo() && p.demand[kind].Update(watched[kind], now) {
			changed = true
		}
	}
	if p.room.trace != nil {
		e := &trace.Demand{Told: [2]int{p.demand[Camera].Told(), p.demand[Screen].Told()}}
		e.Watched = [2]int{watched[Camera], watched[Screen]}
		p.room.trace.Put(e, p.number, now)
	}
	if changed && p.events.Demand != nil {
		p.room.mu.Lock()
		d := Demand{Codecs: p.room.codecs.Names(), Described: p.room.described}
		p.room.mu.Unlock()
		d.Camera, d.Screen = p.demand[Camera].Told(), p.demand[Screen].Told()
		p.events.Demand(d)
	}
}

func (p *Peer) tick(now time.Time, report bool) {
	p.tellDemand(false, now)
	p.room.mu.Lock()
	p.room.listen()
	seats := p.seats
	p.room.mu.Unlock()
	p.grade(p.adapt(now), now)
	for _, s := range seats {
		s.tick(now)
	}
	for _, src := range p.sources {
		src.tidy(now)
	}
	if !report {
		return
	}
	var reports []transport.SenderReport
	for _, s := range seats {
		if r, ok := s.report(now); ok {
			reports = append(reports, r)
		}
	}
	p.conns.Lock()
	sub := p.conns.subscriber
	p.conns.Unlock()
	if sub != nil && len(reports) > 0 {
		// A failure means that the connection is gone, which its owner hears of.
		_ = sub.WriteReports(reports)
	}
}

// tellSeats has run tell the seat map. Called under the room's mutex, so that
// the latest is the last.
func (p *Peer) tellSeats() {
	seats := make([]Seat, len(p.seats))
	for i, s := range p.seats {
		seats[i] = Seat{Index: s.index, Kind: s.kind}
		seats[i].Owner, seats[i].Paused = s.told()
	}
	p.wake(func(e *errand) { e.seats = seats })
}

func (p *Peer) failed(reason string) {
	p.wake(func(e *errand) { e.lost = cmp.Or(e.lost, reason) })
}

// sessionOf returns what identifies the connection that an offer belongs to:
// username and session id of its origin line (RFC 8866 §5.2).
func sessionOf(sdp string) string {
	_, rest, _ := strings.Cut(sdp, "\no=")
	f := strings.Fields(rest)
	if len(f) < 2 {
		return ""
	}
	return f[0] + " " + f[1]
}

// Publish answers the offer of the publish connection: a first one, a later
// one of the same connection, or one of a new connection that replaces it.
// mids says which m-line is which source.
func (p *Peer) Publish(ctx context.Context, offer string, mids map[string]Source) (answer string, err error) {
	p.room.mu.Lock()
	p.mids = maps.Clone(mids)
	p.room.mu.Unlock()
	session := sessionOf(offer)
	p.conns.Lock()
	pub, old := p.conns.publisher, p.conns.publisher
	fresh := pub == nil || p.conns.published != session
	p.conns.Unlock()
	if fresh {
		clock := &munge.Epoch{}
		pub = p.room.server.transport.Publisher(transport.PublisherEvents{
			Lost:    p.failed,
			Arrived: func(l *transport.Layer) transport.Sink { return p.arrived(l, clock) },
		})
	}
	answer, err = pub.Answer(ctx, offer)
	if !fresh {
		return answer, err
	}
	p.conns.Lock()
	if err == nil && p.conns.closed {
		err = ErrClosed
	}
	if err == nil {
		p.conns.publisher, p.conns.published = pub, session
		p.wake(func(e *errand) { e.anew = true })
	}
	p.conns.Unlock()
	switch {
	case err != nil:
		_ = pub.Close() // nobody knows of it, and what was there before goes on
		return "", err
	case old != nil:
		_ = old.Close() // replaced: nobody is left to hear of an error
	}
	return answer, nil
}

// arrived returns who takes a layer.
func (p *Peer) arrived(l *transport.Layer, clock *munge.Epoch) transport.Sink {
	p.room.mu.Lock()
	kind, ok := p.mids[l.Mid]
	p.room.mu.Unlock()
	if !ok || kind.IsVideo() != l.Codec.IsVideo() {
		p.room.server.log.Warn("a layer of no source", "codec", l.Codec)
		return nil
	}
	index := 0
	if kind == Camera && len(l.RID) == 1 {
		index = max(0, strings.Index("qhf", l.RID))
	}
	in := newIncoming(p.sources[kind], index, l, clock)
	in.source.layers[index].Store(in)
	return in
}

// Subscribe answers the offer of the subscribe connection; seats is the kind
// of each m-line in the offer's order. A later offer of the same connection
// may have more.
func (p *Peer) Subscribe(ctx context.Context, offer string, seats []Source) (answer string, err error) {
	if len(seats) > maxSeats {
		return "", fmt.Errorf("sfu: %d seats asked for, at most %d", len(seats), maxSeats)
	}
	session := sessionOf(offer)
	p.conns.Lock()
	sub, old := p.conns.subscriber, (*transport.Subscriber)(nil)
	if sub == nil || p.conns.watched != session {
		old = sub
		sub, err = p.room.server.transport.Subscriber(transport.SubscriberEvents{Lost: p.failed, Moved: p.wakeAdapt, Fill: p.fill, Trace: p.room.trace.Connection(p.number)})
		if err == nil && p.conns.closed {
			err = ErrClosed
			_ = sub.Close()
		}
		if err == nil {
			p.conns.subscriber, p.conns.watched = sub, session
		}
	}
	p.conns.Unlock()
	if old != nil {
		_ = old.Close() // replaced: nobody is left to hear of an error
	}
	if err != nil {
		return "", err
	}
	specs := make([]transport.SeatSpec, len(seats))
	nth := map[Source]int{}
	for i, kind := range seats {
		// Picture and voice of the nth seats share a stream.
		specs[i] = transport.SeatSpec{Video: kind.IsVideo(), Stream: fmt.Sprintf("%t-%d", kind == Camera || kind == Mic, nth[kind])}
		nth[kind]++
	}
	answer, fresh, err := sub.Answer(ctx, offer, specs)
	if err != nil {
		return "", err
	}
	p.takeSeats(sub, seats, fresh)
	return answer, nil
}

func (p *Peer) takeSeats(sub *transport.Subscriber, kinds []Source, fresh []*transport.Seat) {
	takes, describes := sub.Takes(), sub.Describes()
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.room.peers[p.id] != p {
		return // closed meanwhile
	}
	now := time.Now()
	if p.seatsOf != sub {
		p.clearSeats(now)
		p.seatsOf = sub
	}
	for _, w := range fresh {
		i := len(p.seats)
		s := newSeat(p.room.server, i, kinds[i], w)
		s.trace = p.room.trace.Seat(p.number, i, kinds[i].String(), now)
		p.seats = append(p.seats[:i:i], s) // a copy: run reads the old list
		w.Listen(s.feedback)
	}
	p.takes, p.plain = takes, !describes
	p.room.agree()
	p.room.assign(p, now)
	p.tellSeats()
}

// clearSeats takes all seats away. Called under the room's mutex.
func (p *Peer) clearSeats(now time.Time) {
	for _, s := range p.seats {
		if src := s.owner(); src != nil {
			src.removeSeat(s)
			p.room.count(src)
		}
		s.put(nil, suits{}, now)
	}
	p.seats = nil
}

// SetSources says what the peer publishes from now on.
func (p *Peer) SetSources(on []Source) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.on = [sourceCount]bool{}
	for _, kind := range on {
		p.on[kind] = true
	}
	p.room.assignAll(time.Now())
}

// SetInside says whether media flows between this peer and the others that are
// inside. At first it does not.
func (p *Peer) SetInside(inside bool) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.inside = inside
	p.room.agree()
	p.room.assignAll(time.Now())
}

// SetWithheld says which sources of the peer are given to nobody, whatever it
// publishes. At first there are none.
func (p *Peer) SetWithheld(sources []Source) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.withheld = [sourceCount]bool{}
	for _, kind := range sources {
		p.withheld[kind] = true
	}
	p.room.assignAll(time.Now())
}

// SetSpeaking says whether the peer's member speaks, in its own words. Where more
// microphones are open than a subscriber has seats for, it is heard by that. At
// first it does not.
func (p *Peer) SetSpeaking(speaking bool) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.speaking = speaking
	if now := time.Now(); p.room.rank(now) {
		p.room.assignEach(now)
	}
}

// SetView says which pictures the peer wants to see, most important first.
func (p *Peer) SetView(tiles []Tile) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.view = slices.Clone(tiles)
	p.room.assign(p, time.Now())
}

// Close ends the peer's connections, frees its seats and those that it was on.
// It returns when no goroutine of the peer is left.
func (p *Peer) Close() {
	p.room.remove(p)
	p.conns.Lock()
	p.conns.closed = true
	pub, sub := p.conns.publisher, p.conns.subscriber
	p.conns.publisher, p.conns.subscriber = nil, nil
	p.conns.Unlock()
	// Errors of closing concern nobody: the peer is gone.
	if pub != nil {
		_ = pub.Close()
	}
	if sub != nil {
		_ = sub.Close()
	}
	p.due.Lock()
	p.due.closed = true
	p.due.ticker.Stop()
	p.due.Unlock()
	p.work.Wait()
	if p.room.trace != nil {
		p.room.trace.Put(&trace.Gone{}, p.number, time.Now())
	}
}
