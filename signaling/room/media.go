package room

import (
	"context"
	"errors"
	"slices"
	"sync"
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
	// SetSources says what is published now, SetSpeaking whether its member speaks,
	// by which it is heard where more microphones are open than there are seats
	// for, SetView what is wanted. At first nothing is.
	SetSources(on []wire.Source)
	SetSpeaking(speaking bool)
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
// room's loop and never block. Of sources, view and the like only the latest
// counts. It has a goroutine while there is something to do.
type mediaWorker struct {
	// Static after construction.
	room    *Room
	session *session
	life    context.Context
	stop    context.CancelFunc
	lost    atomic.Int64 // the highest number of a peer that has closed itself

	mu sync.Mutex
	// Guarded by mu.
	jobs    []job
	news    settings // what the peer has not been told
	working bool     // by a goroutine

	// Owned by who works.
	peer   MediaPeer // nil until the first offer, and after it was lost
	number int64     // of the latest peer
	last   settings
}

// settings are what a peer is told; nil: nothing was said.
type settings struct {
	on, withheld []wire.Source
	tiles        []wire.Tile
	inside       *bool
	speaking     *bool
}

// startMedia makes a worker, for which Run waits.
func (r *Room) startMedia(s *session) *mediaWorker {
	w := &mediaWorker{room: r, session: s}
	w.life, w.stop = context.WithCancel(r.life)
	r.workers.Add(1)
	context.AfterFunc(w.life, w.wake)
	return w
}

// offer reports whether there was space for it.
func (w *mediaWorker) offer(j job) bool {
	w.mu.Lock()
	full := len(w.jobs) == maxOffers
	if !full {
		w.jobs = append(w.jobs, j)
	}
	w.mu.Unlock()
	w.wake()
	return !full
}

func (w *mediaWorker) setSources(on []wire.Source) {
	w.set(func(news *settings) { news.on = listed(on) })
}

func (w *mediaWorker) setSpeaking(speaking bool) {
	w.set(func(news *settings) { news.speaking = &speaking })
}

func (w *mediaWorker) setView(tiles []wire.Tile) {
	w.set(func(news *settings) { news.tiles = listed(tiles) })
}

func (w *mediaWorker) setInside(inside bool) {
	w.set(func(news *settings) { news.inside = &inside })
}

func (w *mediaWorker) setWithheld(sources []wire.Source) {
	w.set(func(news *settings) { news.withheld = listed(sources) })
}

// listed returns the list, one of nothing in the place of nil.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (w *mediaWorker) set(f func(*settings)) {
	if w == nil {
		return
	}
	w.mu.Lock()
	f(&w.news)
	w.mu.Unlock()
	w.wake()
}

// wake has somebody work, if nobody does. Safe for concurrent use.
func (w *mediaWorker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.working {
		w.working = true
		go w.work() // Run waits for the worker
	}
}

// work does what there is to do. With the worker's life it ends for good: then
// nobody is to work after it.
func (w *mediaWorker) work() {
	for {
		w.mu.Lock()
		if w.life.Err() != nil {
			w.mu.Unlock()
			w.drop()
			w.room.workers.Done()
			return
		}
		news, jobs := w.news, w.jobs
		w.news = settings{}
		gone := w.peer != nil && w.lost.Load() == w.number
		if news.empty() && len(jobs) == 0 && !gone {
			w.jobs, w.working = nil, false
			w.mu.Unlock()
			return
		}
		if len(jobs) > 0 {
			w.jobs = jobs[1:]
		}
		w.mu.Unlock()
		w.dropLost()
		w.tell(news)
		if len(jobs) > 0 {
			w.answer(w.life, jobs[0])
		}
	}
}

// tell tells the peer what is new, if there is one, and remembers it for the
// next. What is not to be forwarded comes first.
func (w *mediaWorker) tell(news settings) {
	if news.withheld != nil {
		w.last.withheld = news.withheld
	}
	if news.inside != nil {
		w.last.inside = news.inside
	}
	if news.on != nil {
		w.last.on = news.on
	}
	if news.speaking != nil {
		w.last.speaking = news.speaking
	}
	if news.tiles != nil {
		w.last.tiles = news.tiles
	}
	if w.peer != nil {
		news.give(w.peer)
	}
}

func (s *settings) empty() bool {
	return s.on == nil && s.withheld == nil && s.tiles == nil && s.inside == nil && s.speaking == nil
}

// give tells a peer.
func (s *settings) give(peer MediaPeer) {
	if s.withheld != nil {
		peer.SetWithheld(s.withheld)
	}
	if s.inside != nil {
		peer.SetInside(*s.inside)
	}
	if s.on != nil {
		peer.SetSources(s.on)
	}
	if s.speaking != nil {
		peer.SetSpeaking(*s.speaking)
	}
	if s.tiles != nil {
		peer.SetView(s.tiles)
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
			if !w.noteLost(n) || w.life.Err() != nil { // with its life the worker closes the peer itself
				return
			}
			r.post(func() { r.tell(s, wire.MediaLost{Reason: reason[:min(len(reason), wire.MaxText)]}) })
		},
	})
	if err != nil {
		return err
	}
	w.peer = peer
	r.post(func() { r.graded(s, fine) }) // until it says otherwise
	w.last.give(peer)                    // before anything of it can be forwarded
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
	w.wake()
	return true
}

// speaks notes whether a session speaks, by its own word, and of nobody else but
// who may be heard. It is not passed on: members hear it for themselves.
func (r *Room) speaks(s *session, says bool) {
	says = says && s.inside && slices.Contains(s.on, wire.SourceMic) && !slices.Contains(s.withheld, wire.SourceMic)
	if says != s.speaking {
		s.speaking = says
		s.media.setSpeaking(says)
	}
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
