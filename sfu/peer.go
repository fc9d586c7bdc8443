package sfu

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/layer"
	"incamera/sfu/quality"
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

// Events are what a peer tells. They are called from one goroutine of the
// peer, in order, and must not call back into the peer or its room.
type Events struct {
	Seats  func([]Seat)        // the whole seat map after a change
	Closed func(reason string) // a connection failed; the peer is of no use any more
	// Demand is how many layers of camera and screen are to be sent, from the
	// lowest, 0 to 3: told when a publish connection is new, and after each
	// change. A source of one layer is sent unless it is 0. It may be nil.
	Demand func(camera, screen int)
	// Quality is how the peer's publish and subscribe connections do, told after
	// each change. It may be nil.
	Quality func(up, down Grade)
}

// A Peer is one participant's media. Publish and Subscribe are not to be
// called concurrently with themselves; everything else is safe for concurrent
// use.
type Peer struct {
	// Static after construction.
	id      PeerID
	room    *Room
	events  Events
	sources [sourceCount]*source
	work    sync.WaitGroup
	stop    context.CancelFunc
	life    context.Context
	told    chan []Seat   // one slot, the latest wins
	lost    chan string   // one slot
	demands chan bool     // one slot: the demand may have risen; true: it is to be told in any case
	moved   chan struct{} // one slot: the subscriber's network takes much less, or more
	began   time.Time

	// Owned by run.
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
	view     []Tile
	seats    []*seat
	seatsOf  *transport.Subscriber // the connection that seats belong to
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

func newPeer(r *Room, id PeerID, events Events) *Peer {
	p := &Peer{id: id, room: r, events: events, told: make(chan []Seat, 1), lost: make(chan string, 1), demands: make(chan bool, 1), moved: make(chan struct{}, 1), began: time.Now()}
	p.life, p.stop = context.WithCancel(context.Background())
	for kind := range p.sources {
		p.sources[kind] = newSource(r.server, id, Source(kind))
		p.demand[kind] = layer.NewDemand()
	}
	return p
}

// run tells events and keeps layers and clocks up to date until the peer is
// closed.
func (p *Peer) run() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for ticks := 1; ; {
		select {
		case <-p.life.Done():
			return
		case seats := <-p.told:
			p.events.Seats(seats)
		case reason := <-p.lost:
			p.events.Closed(reason)
		case fresh := <-p.demands:
			p.tellDemand(fresh, time.Now())
		case <-p.moved:
			p.adapt(time.Now())
		case now := <-ticker.C:
			p.tick(now, ticks%reportTicks == 0)
			ticks++
		}
	}
}

// wakeDemand has run look at the demand. Safe for concurrent use.
func (p *Peer) wakeDemand() {
	select {
	case p.demands <- false:
	default: // it will look
	}
}

// wakeAdapt has run look at what the subscriber's network takes. Safe for
// concurrent use.
func (p *Peer) wakeAdapt() {
	select {
	case p.moved <- struct{}{}:
	default: // it will look
	}
}

// tellDemandAnew has run tell the demand even if it has not changed. Safe for
// concurrent use.
func (p *Peer) tellDemandAnew() {
	for {
		select {
		case p.demands <- true:
			return
		default:
		}
		select {
		case <-p.demands: // takes the place of whatever was there
		default:
		}
	}
}

func (p *Peer) tellDemand(fresh bool, now time.Time) {
	changed := fresh
	for kind := range p.demand {
		if Source(kind).IsVideo() && p.demand[kind].Update(int(p.sources[kind].watched.Load()), now) {
			changed = true
		}
	}
	if changed && p.events.Demand != nil {
		p.events.Demand(p.demand[Camera].Told(), p.demand[Screen].Told())
	}
}

func (p *Peer) tick(now time.Time, report bool) {
	p.tellDemand(false, now)
	p.room.mu.Lock()
	seats := p.seats
	p.room.mu.Unlock()
	p.grade(p.adapt(now), now)
	for _, s := range seats {
		s.tick(now)
	}
	for _, src := range p.sources {
		src.flushRequests(now)
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

// tellSeats queues the seat map. Called under the room's mutex, so that there
// is one writer.
func (p *Peer) tellSeats() {
	seats := make([]Seat, len(p.seats))
	for i, s := range p.seats {
		seats[i] = Seat{Index: s.index, Kind: s.kind}
		seats[i].Owner, seats[i].Paused = s.told()
	}
	select {
	case <-p.told:
	default:
	}
	p.told <- seats
}

func (p *Peer) failed(reason string) {
	select {
	case p.lost <- reason:
	default: // told already
	}
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
	pub, old := p.conns.publisher, (*transport.Publisher)(nil)
	if pub == nil || p.conns.published != session {
		old = pub
		clock := &epoch{}
		pub, err = p.room.server.transport.Publisher(func(l *transport.Layer) { p.arrived(l, clock) }, p.failed)
		if err == nil && p.conns.closed {
			err = ErrClosed
			_ = pub.Close()
		}
		if err == nil {
			p.conns.publisher, p.conns.published = pub, session
			p.tellDemandAnew()
		}
	}
	p.conns.Unlock()
	if old != nil {
		_ = old.Close() // replaced: nobody is left to hear of an error
	}
	if err != nil {
		return "", err
	}
	return pub.Answer(ctx, offer)
}

// arrived runs on a goroutine of the layer's own, until the layer ends.
func (p *Peer) arrived(l *transport.Layer, clock *epoch) {
	p.conns.Lock()
	closed := p.conns.closed
	if !closed {
		p.work.Add(1) // Close waits after it has set closed
	}
	p.conns.Unlock()
	if closed {
		return
	}
	defer p.work.Done()
	p.room.mu.Lock()
	kind, ok := p.mids[l.Mid]
	p.room.mu.Unlock()
	if !ok || kind.IsVideo() != l.Codec.IsVideo() {
		p.room.server.log.Warn("a layer of no source", "codec", l.Codec)
		return
	}
	index := 0
	if kind == Camera && len(l.RID) == 1 {
		index = max(0, strings.Index("qhf", l.RID))
	}
	in := newIncoming(p.sources[kind], index, l, clock)
	in.source.layers[index].Store(in)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.ReadReports(in.report)
	}()
	in.pump()
	in.source.layers[index].CompareAndSwap(in, nil)
	<-done
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
		sub, err = p.room.server.transport.Subscriber(transport.SubscriberEvents{Lost: p.failed, Moved: p.wakeAdapt, Fill: p.fill})
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
		p.seats = append(p.seats[:i:i], s) // a copy: run reads the old list
		p.work.Go(func() { w.ReadFeedback(s.feedback) })
	}
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
		s.put(nil, 0, now)
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
	p.stop()
	p.work.Wait()
}
