package room

import (
	"context"
	"errors"
	"sync/atomic"

	"incamera/signaling/wire"
)

// Media is the media plane of one room. Safe for concurrent use.
type Media interface {
	// NewPeer makes the media side of a session. events are called from
	// goroutines of the media plane, which they may block for a moment.
	NewPeer(id wire.SessionID, events MediaEvents) (MediaPeer, error)
	// Close ends all that is left of the room.
	Close()
}

// MediaPeer is one session in the media plane. Used by one goroutine.
type MediaPeer interface {
	// Publish and Subscribe answer an offer.
	Publish(ctx context.Context, sdp string, mids []wire.MidSource) (answer string, err error)
	Subscribe(ctx context.Context, sdp string, seats []wire.Source) (answer string, err error)
	// SetSources says what is published now, SetView what is wanted.
	SetSources(on []wire.Source)
	SetView(tiles []wire.Tile)
	// SetInside says whether media flows between this peer and the others. At
	// first it does not.
	SetInside(inside bool)
	// SetWithheld says which sources of the peer are given to nobody. At first
	// there are none.
	SetWithheld(sources []wire.Source)
	Close()
}

// MediaEvents are what a MediaPeer tells of its own accord.
type MediaEvents struct {
	Seats  func([]wire.Seat) // the whole seat map has changed to this
	Demand func(wire.Demand) // so much is to be published from now on
	// Quality is how the session's connections do from now on; its Session is
	// empty.
	Quality func(wire.Quality)
	Closed  func(reason string) // the peer is of no use any more; reason is for people
}

// maxOffers is how many offers may wait. A client has two connections and
// offers each again when it has the answer.
const maxOffers = 8

// A job is one offer: either of the two.
type job struct {
	publish   *wire.Publish
	subscribe *wire.Subscribe
}

// A mediaWorker carries out the offers of one session in their order, away from
// the room's loop, and posts the answers back. Its methods are called by the
// room's loop and never block. Of sources, view and the like only the latest counts, so a
// slot of one is enough: the loop empties it before it fills it.
type mediaWorker struct {
	room     *Room
	session  *session
	jobs     chan job
	sources  chan []wire.Source
	view     chan []wire.Tile
	inside   chan bool
	withheld chan []wire.Source
	wake     chan struct{} // says that lost has changed
	lost     atomic.Int64  // the highest number of a peer that has closed itself
	stop     context.CancelFunc

	// Owned by run.
	peer   MediaPeer // nil until the first offer, and after it was lost
	number int64     // of the latest peer
	last   struct {
		on       []wire.Source
		tiles    []wire.Tile
		inside   bool
		withheld []wire.Source
	}
}

func (r *Room) startMedia(s *session) *mediaWorker {
	ctx, cancel := context.WithCancel(r.life)
	w := &mediaWorker{
		room: r, session: s, stop: cancel,
		jobs:     make(chan job, maxOffers),
		sources:  make(chan []wire.Source, 1),
		view:     make(chan []wire.Tile, 1),
		inside:   make(chan bool, 1),
		withheld: make(chan []wire.Source, 1),
		wake:     make(chan struct{}, 1),
	}
	r.workers.Go(func() { w.run(ctx) })
	return w
}

// offer reports whether there was space for it.
func (w *mediaWorker) offer(j job) bool {
	select {
	case w.jobs <- j:
		return true
	default:
		return false
	}
}

func (w *mediaWorker) setSources(on []wire.Source) {
	if w != nil {
		put(w.sources, on)
	}
}

func (w *mediaWorker) setView(tiles []wire.Tile) {
	if w != nil {
		put(w.view, tiles)
	}
}

func (w *mediaWorker) setInside(inside bool) {
	if w != nil {
		put(w.inside, inside)
	}
}

func (w *mediaWorker) setWithheld(sources []wire.Source) {
	if w != nil {
		put(w.withheld, sources)
	}
}

// put replaces what is in a slot of one. Only one goroutine may put.
func put[T any](slot chan T, v T) {
	select {
	case <-slot:
	default:
	}
	slot <- v
}

func (w *mediaWorker) run(ctx context.Context) {
	defer w.drop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
			w.dropLost()
		case inside := <-w.inside:
			if w.last.inside = inside; w.peer != nil {
				w.peer.SetInside(inside)
			}
		case withheld := <-w.withheld:
			if w.last.withheld = withheld; w.peer != nil {
				w.peer.SetWithheld(withheld)
			}
		case on := <-w.sources:
			if w.last.on = on; w.peer != nil {
				w.peer.SetSources(on)
			}
		case tiles := <-w.view:
			if w.last.tiles = tiles; w.peer != nil {
				w.peer.SetView(tiles)
			}
		case j := <-w.jobs:
			w.answer(ctx, j)
		}
	}
}

func (w *mediaWorker) dropLost() {
	if w.lost.Load() == w.number {
		w.drop()
	}
}

func (w *mediaWorker) drop() {
	if w.peer != nil {
		w.peer.Close()
		w.peer = nil
	}
}

func (w *mediaWorker) answer(ctx context.Context, j job) {
	// The client offers anew after media_lost, which was posted after the
	// loss was noted: the offer must not go to the lost peer.
	w.dropLost()
	limited, cancel := context.WithTimeout(ctx, w.room.cfg.Negotiation)
	defer cancel()
	m, about, err := w.negotiate(limited, j)
	if err != nil {
		// Not the error's text: it may quote the offer.
		w.room.log.Info("offer failed", "session", w.session.id, "about", about, "late", errors.Is(err, context.DeadlineExceeded))
		m = wire.Failed{About: about, Code: wire.CodeMedia, Text: "The server could not connect media."}
	}
	if ctx.Err() == nil {
		w.room.post(func() { w.room.tell(w.session, m) })
	}
}

func (w *mediaWorker) negotiate(ctx context.Context, j job) (answer any, about string, err error) {
	about = "subscribe"
	if j.publish != nil {
		about = "publish"
	}
	if w.peer == nil {
		if err = w.connect(); err != nil {
			return nil, about, err
		}
	}
	if j.publish != nil {
		var m wire.Published
		m.SDP, err = w.peer.Publish(ctx, j.publish.SDP, j.publish.Mids)
		return m, about, err
	}
	var m wire.Subscribed
	m.SDP, err = w.peer.Subscribe(ctx, j.subscribe.SDP, j.subscribe.Seats)
	return m, about, err
}

func (w *mediaWorker) connect() error {
	w.number++
	n, r, s := w.number, w.room, w.session
	peer, err := r.media.NewPeer(s.id, MediaEvents{
		Seats: func(seats []wire.Seat) {
			r.post(func() { r.seats(s, seats) })
		},
		Demand: func(m wire.Demand) {
			r.post(func() { r.tell(s, m) })
		},
		Quality: func(m wire.Quality) {
			r.post(func() { r.graded(s, m) })
		},
		Closed: func(reason string) {
			if !w.noteLost(n) {
				return
			}
			r.post(func() { r.tell(s, wire.MediaLost{Reason: reason[:min(len(reason), wire.MaxText)]}) })
		},
	})
	if err != nil {
		return err
	}
	w.peer = peer
	r.post(func() { r.graded(s, wire.Quality{Up: wire.GradeGood, Down: wire.GradeGood}) }) // until it says otherwise
	peer.SetWithheld(w.last.withheld)                                                      // before anything of it can be forwarded
	peer.SetInside(w.last.inside)
	if w.last.on != nil {
		peer.SetSources(w.last.on)
	}
	if w.last.tiles != nil {
		peer.SetView(w.last.tiles)
	}
	return nil
}

// noteLost is called from any goroutine. It reports whether peer n is the
// latest that was lost, and so whether the client is to hear of it.
func (w *mediaWorker) noteLost(n int64) bool {
	for {
		old := w.lost.Load()
		if n <= old {
			return false
		}
		if w.lost.CompareAndSwap(old, n) {
			break
		}
	}
	select {
	case w.wake <- struct{}{}:
	default: // it is awake already
	}
	return true
}

// seats passes a seat map on. An owner that is gone by now is nobody.
func (r *Room) seats(s *session, seats []wire.Seat) {
	for i := range seats {
		if !r.isHere(seats[i].Session) {
			seats[i].Session = ""
		}
	}
	r.tell(s, wire.Seats{Seats: seats})
}
