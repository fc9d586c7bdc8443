package room

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"incamera/signaling/wire"
)

// fakeMedia answers each offer by its own text. hold, when set, keeps offers
// waiting until it is closed or the offer is given up.
type fakeMedia struct {
	fail error
	hold chan struct{}

	mu     sync.Mutex
	peers  []*fakePeer
	closed bool
}

type fakePeer struct {
	media  *fakeMedia
	events MediaEvents

	mu       sync.Mutex
	on       []wire.Source
	tiles    []wire.Tile
	inside   bool
	withheld []wire.Source
	speaking []bool // each time that it was told
	closed   bool
}

func (m *fakeMedia) NewPeer(_ wire.SessionID, e MediaEvents) (MediaPeer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	p := &fakePeer{media: m, events: e}
	m.peers = append(m.peers, p)
	return p, nil
}

func (m *fakeMedia) Close() { m.closed = true }

func (m *fakeMedia) peer(i int) *fakePeer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peers[i]
}

func (p *fakePeer) answer(ctx context.Context, sdp string) (string, error) {
	if p.media.hold != nil {
		select {
		case <-p.media.hold:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	if sdp == "bad" {
		return "", errors.New("bad offer")
	}
	return "answer to " + sdp, nil
}

func (p *fakePeer) Publish(ctx context.Context, sdp string, _ []wire.MidSource) (string, error) {
	return p.answer(ctx, sdp)
}

func (p *fakePeer) Subscribe(ctx context.Context, sdp string, _ []wire.Source) (string, error) {
	return p.answer(ctx, sdp)
}

func (p *fakePeer) SetSources(on []wire.Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on = on
}

func (p *fakePeer) SetSpeaking(speaking bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.speaking = append(p.speaking, speaking)
}

func (p *fakePeer) SetInside(inside bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inside = inside
}

func (p *fakePeer) SetWithheld(sources []wire.Source) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.withheld = sources
}

func (p *fakePeer) isWithheld() []wire.Source {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.withheld
}

func (p *fakePeer) SetView(tiles []wire.Tile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tiles = tiles
}

func (p *fakePeer) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.events.Closed("closed by the room") // a media plane may say so
}

func (p *fakePeer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *fakePeer) state() ([]wire.Source, []wire.Tile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.on, p.tiles
}

func publish(sdp string) wire.Publish {
	return wire.Publish{SDP: sdp, Mids: []wire.MidSource{{Mid: "0", Source: wire.SourceMic}}}
}

func TestNegotiation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann := join(t, r)
		on := []wire.Source{wire.SourceMic}
		tiles := []wire.Tile{{Session: "x", Source: wire.SourceCamera, Width: 1, Height: 1}}
		ann.say(wire.Sources{On: on}) // before there is a peer
		ann.say(wire.View{Tiles: tiles})
		ann.say(publish("offer"))
		if p := expect[wire.Published](ann); p.SDP != "answer to offer" {
			t.Errorf("%+v", p)
		}
		ann.say(wire.Subscribe{SDP: "more", Seats: on})
		if s := expect[wire.Subscribed](ann); s.SDP != "answer to more" {
			t.Errorf("%+v", s)
		}
		ann.say(publish("bad"))
		if f := expect[wire.Failed](ann); f.Code != wire.CodeMedia || f.About != "publish" {
			t.Errorf("%+v", f)
		}
		gotOn, gotTiles := media.peer(0).state()
		if !slices.Equal(gotOn, on) || !slices.Equal(gotTiles, tiles) {
			t.Errorf("the peer was told %v, %v", gotOn, gotTiles)
		}
		_ = ann.try(wire.Leave{})
		synctest.Wait()
		if !media.peer(0).isClosed() {
			t.Error("the peer outlives its session")
		}
	})
}

// TestSeatsAndLoss: seats are passed on without owners that are gone; a lost
// peer is told of once, and the next offer goes to a fresh one that knows what
// the old one knew.
func TestSeatsAndLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann := join(t, r)
		ann.say(wire.Sources{On: []wire.Source{wire.SourceCamera}})
		ann.say(publish("1"))
		expect[wire.Published](ann)
		first := media.peer(0)
		first.events.Seats([]wire.Seat{{Index: 0, Source: wire.SourceMic, Session: ann.ID}, {Index: 1, Source: wire.SourceMic, Session: "gone"}})
		if s := expect[wire.Seats](ann); s.Seats[0].Session != ann.ID || s.Seats[1].Session != "" {
			t.Errorf("%+v", s)
		}
		first.events.Closed("dtls failed")
		if l := expect[wire.MediaLost](ann); l.Reason != "dtls failed" {
			t.Errorf("%+v", l)
		}
		ann.say(publish("2"))
		expect[wire.Published](ann)
		if on, _ := media.peer(1).state(); len(on) != 1 {
			t.Error("the fresh peer does not know what is published")
		}
		if !first.isClosed() || media.peer(1).isClosed() {
			t.Error("the wrong peer was closed")
		}
		first.events.Closed("again")
		ann.quiet()
	})
}

// TestQuality: how somebody's connections do members hear, itself included, when
// it changes; newcomers when they come in; who waits never.
func TestQuality(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := start(t, media)
		ann, ben := pair(t, r)
		guest := join(t, r)
		ann.say(publish("1"))
		await[wire.Published](ann)
		guest.say(publish("1"))
		await[wire.Published](guest)
		weak := wire.Quality{Up: wire.GradeGood, UpCause: wire.CauseNone, Down: wire.GradeLimited, DownCause: wire.CauseLoss}
		media.peer(0).events.Quality(weak)
		weak.Session = ann.ID
		for _, c := range []*client{ann, ben} {
			if got := await[wire.Quality](c); got != weak {
				t.Errorf("heard %+v", got)
			}
		}
		media.peer(0).events.Quality(weak) // no news
		media.peer(1).events.Quality(weak) // of who waits
		ann.quiet()
		ben.quiet()
		guest.quiet()
		guest.say(wire.Ask{Generation: 1, Body: []byte("k")})
		ann.say(wire.Commit{Generation: 1, Epoch: 1, Body: []byte("c"), To: []wire.SessionID{guest.ID}, Welcome: []byte("w"), Tree: []byte("t")})
		if got := await[wire.Quality](guest); got != weak {
			t.Errorf("a newcomer heard %+v", got)
		}
		media.peer(0).events.Closed("broke")
		ann.say(publish("2")) // another connection does well until it says otherwise
		if got := await[wire.Quality](ben); got.Session != ann.ID || got.Down != wire.GradeGood {
			t.Errorf("of a fresh connection ben heard %+v", got)
		}
	})
}

// await passes over other messages.
func await[T any](c *client) T {
	c.t.Helper()
	for {
		m := c.next()
		if v, ok := m.(T); ok {
			return v
		}
		if m == nil {
			c.t.Fatal("the connection has ended")
		}
	}
}

// TestNegotiationBlocksNobody: an offer that takes long holds up neither the
// room nor the session's other messages, and is given up at last.
func TestNegotiationBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{hold: make(chan struct{})}
		r := start(t, media)
		ann, ben := pair(t, r)
		ann.say(publish("slow"))
		synctest.Wait()
		for range 100 {
			ann.say(wire.View{})
			ann.say(wire.Sources{})
			expect[wire.SourcesOf](ben)
		}
		for range maxOffers {
			ann.say(publish("waits"))
		}
		ann.say(publish("too many"))
		if f := expect[wire.Failed](ann); f.Code != wire.CodeRate {
			t.Errorf("%+v", f)
		}
		began := time.Now()
		if f := expect[wire.Failed](ann); f.Code != wire.CodeMedia || time.Since(began) != DefaultConfig().Negotiation {
			t.Errorf("%+v after %v", f, time.Since(began))
		}
		close(media.hold)
		for range maxOffers {
			expect[wire.Published](ann)
		}
	})
}

func TestNoMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann := join(t, start(t, nil))
		ann.say(publish("offer"))
		if f := expect[wire.Failed](ann); f.Code != wire.CodeMedia {
			t.Errorf("%+v", f)
		}
	})
}
