package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"incamera/signaling/wire"
)

func TestComingAndGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := join(t, r)
		if j := ann.joined; j.Resumed || j.Founded || j.Generation != 1 || string(j.Card) != "card" || j.Incarnation == "" {
			t.Errorf("ann joined %+v", j)
		}
		ann.say(wire.Sources{On: []wire.Source{wire.SourceMic}})
		ann.say(wire.Found{Generation: 1})
		if p := expect[wire.Peers](ann); len(p.Peers) != 0 {
			t.Errorf("ann is with %+v", p)
		}
		if f := expect[wire.Founded](ann); f.By != ann.ID {
			t.Errorf("founded by %s", f.By)
		}
		ben := join(t, r)
		if j := ben.joined; !j.Founded || j.Incarnation != ann.joined.Incarnation {
			t.Errorf("ben joined %+v", j)
		}
		if a := expect[wire.Arrived](ann); a.Session != ben.ID {
			t.Errorf("arrived %s", a.Session)
		}
		ben.say(wire.Sources{On: []wire.Source{wire.SourceCamera}})
		if s := expect[wire.SourcesOf](ann); s.Session != ben.ID || s.On[0] != wire.SourceCamera {
			t.Errorf("sources of %+v", s)
		}
		if r.People() != 2 {
			t.Errorf("%d people", r.People())
		}
		if err := ben.try(wire.Leave{Body: []byte("goodbye")}); !errors.Is(err, ErrEnded) {
			t.Errorf("after leave: %v", err)
		}
		if l := expect[wire.Left](ann); l.Session != ben.ID || l.Reason != wire.ReasonLeft || string(l.Body) != "goodbye" {
			t.Errorf("left %+v", l)
		}
		if m := ben.next(); m != nil || !errors.Is(ben.Err, ErrEnded) {
			t.Errorf("ben got %T, %v", m, ben.Err)
		}
		ann.quiet()
	})
}

func TestRoomEndsWhenEmpty(t *testing.T) {
	cfg := DefaultConfig()
	ended := func(t *testing.T, r *Room) bool {
		_, err := r.Enter(t.Context(), r.Link(), &wire.Resume{})
		return errors.Is(err, ErrClosed)
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		time.Sleep(cfg.IdleNew)
		synctest.Wait()
		if !ended(t, r) {
			t.Error("a room that nobody joined lives on")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		time.Sleep(cfg.IdleNew - time.Nanosecond)
		ann := join(t, r)
		time.Sleep(time.Hour)
		_ = ann.try(wire.Leave{})
		time.Sleep(cfg.IdleUsed - time.Nanosecond)
		ben := join(t, r) // still there
		time.Sleep(time.Hour)
		_ = ben.try(wire.Leave{})
		time.Sleep(cfg.IdleUsed)
		synctest.Wait()
		if !ended(t, r) {
			t.Error("an empty room lives on")
		}
	})
}

func TestRoomIsFull(t *testing.T) {
	for _, x := range []struct{ server, room int }{{2, 0}, {500, 2}, {2, 64}} {
		synctest.Test(t, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.MaxSessions = x.server
			r := New(cfg, About{Capacity: x.room}, nil, slog.New(slog.DiscardHandler))
			go r.Run(t.Context())
			ann, _ := join(t, r), join(t, r)
			if _, err := r.Enter(t.Context(), r.Link(), nil); !errors.Is(err, ErrFull) {
				t.Errorf("%+v: third of two: %v", x, err)
			}
			_ = ann.try(wire.Leave{})
			join(t, r)
		})
	}
}

// TestResume breaks the socket while both sides are saying something, and
// checks that each hears exactly what it missed, once.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		for i := range 5 {
			ben.say(wire.App{Generation: 1, Body: []byte(fmt.Sprint("before ", i))})
		}
		for i := range 2 { // of five, two are read
			if s := expect[wire.Said](ben); string(s.Body) != fmt.Sprint("before ", i) {
				t.Fatalf("%s", s.Body)
			}
		}
		for range 5 {
			expect[wire.Said](ann)
		}
		ben.Break(t.Context())
		if a := expect[wire.Away](ann); a.Session != ben.ID || !a.Away {
			t.Errorf("away %+v", a)
		}
		if err := ben.try(wire.App{Generation: 1, Body: []byte("lost")}); !errors.Is(err, ErrEnded) {
			t.Errorf("a broken connection takes messages: %v", err)
		}
		ann.say(wire.Sources{On: []wire.Source{wire.SourceScreen}}) // while ben is away
		time.Sleep(DefaultConfig().ResumeTime - time.Nanosecond)

		conn, err := r.Enter(t.Context(), r.Link(), &wire.Resume{Session: ben.ID, Secret: ben.joined.Secret, Received: ben.got})
		if err != nil {
			t.Fatal(err)
		}
		ben.Conn = conn
		_, m := ben.frame()
		j, ok := m.(wire.Joined)
		if !ok || !j.Resumed || j.Session != ben.joined.Session || j.Received != ben.n-1 {
			t.Fatalf("resumed %+v, want received %d", m, ben.n-1)
		}
		// The client repeats what the server did not receive, and one that it did.
		for _, n := range []uint32{ben.n - 1, ben.n} {
			body := []byte("repeated")
			again := wire.App{Generation: 1, Body: body}
			if err := ben.Receive(t.Context(), ben.head(again, n), again); err != nil {
				t.Fatal(err)
			}
		}
		for i := 2; i < 5; i++ {
			if s := expect[wire.Said](ben); string(s.Body) != fmt.Sprint("before ", i) {
				t.Fatalf("%s", s.Body)
			}
		}
		expect[wire.SourcesOf](ben)
		if s := expect[wire.Said](ben); string(s.Body) != "repeated" {
			t.Errorf("%s", s.Body)
		}
		ben.quiet() // said once, though sent twice
		if a := expect[wire.Away](ann); a.Away {
			t.Error("still away")
		}
		expect[wire.Said](ann)
		time.Sleep(time.Hour)
		ben.say(wire.App{Generation: 1, Body: []byte("alive")})
	})
}

func TestResumeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := join(t, r)
		wrong := append([]byte{}, ann.joined.Secret...)
		wrong[31] ^= 1
		for name, resume := range map[string]wire.Resume{
			"wrong secret": {Session: ann.ID, Secret: wrong},
			"no secret":    {Session: ann.ID},
			"unknown":      {Session: "nobody", Secret: ann.joined.Secret},
		} {
			c, err := r.Enter(t.Context(), r.Link(), &resume)
			if err != nil {
				t.Fatal(err)
			}
			other := &client{Conn: c, t: t}
			if _, m := other.frame(); m.(wire.Joined).Resumed || other.ID == ann.ID {
				t.Errorf("%s: resumed", name)
			}
			_ = other.try(wire.Leave{})
		}
		ann.say(wire.Sources{}) // undisturbed
		// More received than was ever sent: the states have nothing in common.
		c, err := r.Enter(t.Context(), r.Link(), &wire.Resume{Session: ann.ID, Secret: ann.joined.Secret, Received: 1000})
		if err != nil || c.ID == ann.ID {
			t.Errorf("resumed with what was never sent: %v", err)
		}
	})
}

// TestResumeTakesOver: the old socket may still look alive to the server.
func TestResumeTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := join(t, r)
		c, err := r.Enter(t.Context(), r.Link(), &wire.Resume{Session: ann.ID, Secret: ann.joined.Secret})
		if err != nil || c.ID != ann.ID {
			t.Fatal(err)
		}
		if m := ann.next(); m != nil || !errors.Is(ann.Err, ErrSuperseded) {
			t.Errorf("old connection: %T, %v", m, ann.Err)
		}
		ann.Break(t.Context()) // late, of the old connection: changes nothing
		if err := ann.try(wire.Leave{}); !errors.Is(err, ErrEnded) {
			t.Errorf("the old connection still speaks: %v", err)
		}
		ann.Conn = c
		if _, m := ann.frame(); !m.(wire.Joined).Resumed {
			t.Error("not resumed")
		}
		ann.n--
		ann.say(wire.Sources{})
	})
}

func TestLostWithoutResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, ben := pair(t, r)
		ben.Break(t.Context())
		expect[wire.Away](ann)
		began := time.Now()
		if l := expect[wire.Left](ann); l.Reason != wire.ReasonLost || l.Session != ben.ID {
			t.Errorf("left %+v", l)
		}
		if took := time.Since(began); took != DefaultConfig().ResumeTime {
			t.Errorf("lost after %v", took)
		}
		c, err := r.Enter(t.Context(), r.Link(), &wire.Resume{Session: ben.ID, Secret: ben.joined.Secret})
		if err != nil || c.ID == ben.ID {
			t.Errorf("a lost session resumes: %v", err)
		}
	})
}

// TestDesertedGroup: whoever asks while all members are away does not wait for
// the end of their sessions.
func TestDesertedGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := join(t, r)
		ann.say(wire.Found{Generation: 1})
		expect[wire.Peers](ann)
		expect[wire.Founded](ann)
		ben := join(t, r)
		ben.say(wire.Ask{Generation: 1, Body: []byte("k")})
		ann.Break(t.Context())
		synctest.Wait()
		time.Sleep(DefaultConfig().Desertion - time.Millisecond) // of the bubble's clock
		ann.back(r)
		ann.Break(t.Context())
		began := time.Now()
		if g := expect[wire.Reset](ben).Generation; g != 2 {
			t.Errorf("generation %d", g)
		}
		if took := time.Since(began); took != DefaultConfig().Desertion {
			t.Errorf("reset after %v", took)
		}
		ben.say(wire.Found{Generation: 2})
		expect[wire.Peers](ben)
		expect[wire.Founded](ben)
		time.Sleep(2 * DefaultConfig().Desertion)
		joined := ann.back(r)
		if joined.Generation != 2 || !joined.Founded {
			t.Errorf("ann comes back to %+v", joined)
		}
	})
}

func TestAcknowledgements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := join(t, r)
		began := time.Now()
		ann.say(wire.Sources{})
		if h, m := ann.frame(); m != any(wire.Ack{}) || h.Ack != 1 || time.Since(began) != ackDelay {
			t.Errorf("%+v %T after %v", h, m, time.Since(began))
		}
		began = time.Now()
		for range ackAfter {
			ann.say(wire.Sources{})
		}
		if h, m := ann.frame(); m != any(wire.Ack{}) || h.Ack != 1+ackAfter || time.Since(began) != 0 {
			t.Errorf("%+v %T after %v", h, m, time.Since(began))
		}
		time.Sleep(time.Hour)
		ann.say(wire.Found{Generation: 1})
		if h, _ := ann.frame(); h.Type != "peers" || h.Ack != 2+ackAfter {
			t.Errorf("%+v", h)
		}
		if h, _ := ann.frame(); h.Type != "founded" || h.Ack != 2+ackAfter {
			t.Errorf("%+v", h)
		}
		time.Sleep(time.Hour)
		ann.quiet() // acknowledged by the founded, so no ack of its own
		if n := len(ann.session.outbox.queue); n != 2 {
			t.Errorf("%d unacknowledged", n)
		}
		ann.got = 2
		ann.say(wire.Ack{})
		if n := len(ann.session.outbox.queue); n != 0 {
			t.Errorf("%d unacknowledged after an ack", n)
		}
	})
}

// TestSlowSession: one that reads but does not acknowledge, or does not read,
// is ended; the others hear of it and of everything else.
func TestSlowSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, slow := pair(t, r)
		for range maxUnacked {
			ann.say(wire.Sources{})
		}
		ann.quiet()
		if r.People() != 2 {
			t.Fatal("ended early")
		}
		ann.say(wire.Sources{})
		if l := expect[wire.Left](ann); l.Session != slow.ID || l.Reason != wire.ReasonSlow {
			t.Errorf("left %+v", l)
		}
		var last any
		for m := slow.next(); m != nil; m = slow.next() {
			last = m
		}
		if e, ok := last.(wire.Ended); !ok || e.Reason != wire.ReasonSlow || !errors.Is(slow.Err, ErrEnded) {
			t.Errorf("last is %T %+v, %v", last, last, slow.Err)
		}
		ann.say(wire.Sources{})
	})
}

func TestSlowInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, _ := pair(t, r)
		sent := 0
		for r.People() == 2 && sent < 1000 {
			ann.say(wire.App{Generation: 1, Body: make([]byte, wire.MaxApp)})
			expect[wire.Said](ann)
			sent++
		}
		if want := maxUnackedBytes / (wire.MaxApp * 4 / 3); sent < want-1 || sent > want+1 {
			t.Errorf("ended after %d messages, want about %d", sent, want)
		}
		expect[wire.Left](ann)
	})
}

// TestAwayIsSlowToo: nothing grows without bound while a socket is broken.
func TestAwayIsSlowToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann, away := pair(t, r)
		away.Break(t.Context())
		for range maxUnacked + 1 {
			ann.say(wire.Sources{})
		}
		expect[wire.Away](ann)
		if l := expect[wire.Left](ann); l.Reason != wire.ReasonSlow {
			t.Errorf("left %+v", l)
		}
	})
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := inside(t, r, 1)[0]
		bad := join(t, r)
		expect[wire.Arrived](ann)
		fault := func(name string, f func()) {
			t.Helper()
			f()
			if m := expect[wire.Failed](bad); m.Code != wire.CodeInvalid {
				t.Errorf("%s: %+v", name, m)
			}
		}
		fault("second join", func() { bad.say(wire.Join{}) })
		bad.n--
		fault("n leaves a gap", func() { bad.n++; bad.say(wire.Sources{}); bad.n -= 2 })
		fault("an ack of what was not sent", func() {
			_ = bad.Receive(t.Context(), wire.Head{Type: "ack", Ack: 1000}, wire.Ack{})
		})
		fault("garbage", func() { _ = bad.Malformed(t.Context(), wire.Head{}) })
		fault("garbage with a number", func() { bad.n++; _ = bad.Malformed(t.Context(), wire.Head{N: bad.n}) })
		fault("a commit of a stranger", func() { bad.say(wire.Commit{Generation: 1}) })
		bad.say(wire.Sources{}) // the numbers still fit
		expect[wire.SourcesOf](ann)
		for i := 5; i < maxFaults; i++ {
			fault("more garbage", func() { _ = bad.Malformed(t.Context(), wire.Head{}) })
		}
		if err := bad.Malformed(t.Context(), wire.Head{}); !errors.Is(err, ErrEnded) {
			t.Errorf("after too many: %v", err)
		}
		expect[wire.Failed](bad)
		if e := expect[wire.Ended](bad); e.Reason != wire.ReasonInvalid {
			t.Errorf("%+v", e)
		}
		if l := expect[wire.Left](ann); l.Reason != wire.ReasonInvalid {
			t.Errorf("%+v", l)
		}
	})
}

// TestCommitRace has 20 members commit for each epoch at once.
func TestCommitRace(t *testing.T) {
	const members, epochs = 20, 10
	r := New(DefaultConfig(), About{}, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.Run(ctx)
	clients := make([]*client, members)
	var all []wire.SessionID
	for i := range clients {
		clients[i] = join(t, r)
		all = append(all, clients[i].ID)
	}
	clients[0].say(wire.Found{Generation: 1})
	for _, c := range clients[1:] {
		c.say(wire.Ask{Generation: 1, Body: []byte("k")})
	}
	clients[0].say(wire.Commit{Generation: 1, Body: []byte("c"), To: all[1:], Welcome: []byte("w"), Tree: []byte("t")})
	for epoch := uint64(1); epoch <= epochs; epoch++ {
		var wg sync.WaitGroup
		for _, c := range clients {
			wg.Go(func() { _ = c.try(wire.Commit{Generation: 1, Epoch: epoch, Body: []byte(c.ID)}) })
		}
		wg.Wait()
		winners := map[string]int{}
		refused := 0
		for _, c := range clients {
			mine := ""
			for mine == "" {
				switch m := c.next().(type) {
				case wire.Committed:
					if m.Epoch == epoch {
						winners[string(m.Body)]++
						mine = string(m.Body)
					}
				case wire.CommitRefused:
					t.Fatal("refused before the winner was heard of")
				case nil:
					t.Fatal("ended")
				}
			}
			if mine != string(c.ID) {
				expect[wire.CommitRefused](c)
				refused++
			}
		}
		if len(winners) != 1 || refused != members-1 {
			t.Fatalf("epoch %d: %v won, %d refused", epoch, winners, refused)
		}
	}
}

func TestRoomCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		media := &fakeMedia{}
		r := New(DefaultConfig(), About{}, media, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		finished := make(chan struct{})
		go func() { r.Run(ctx); close(finished) }()
		ann := join(t, r)
		ann.say(wire.Publish{SDP: "offer", Mids: []wire.MidSource{{Mid: "0", Source: wire.SourceMic}}})
		expect[wire.Published](ann)
		cancel()
		<-finished
		if m := ann.next(); m != nil || !errors.Is(ann.Err, ErrClosed) {
			t.Errorf("%T, %v", m, ann.Err)
		}
		if err := ann.try(wire.Leave{}); !errors.Is(err, ErrClosed) {
			t.Errorf("a room that is over takes messages: %v", err)
		}
		if !media.closed || !media.peers[0].isClosed() {
			t.Error("media lives on")
		}
	})
}

// TestManySlowAtOnce: ending one session tells the others, which ends more of
// them in the same step; each ends once, and who reads is untouched.
func TestManySlowAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		ann := inside(t, r, 21)[0]
		for range maxUnacked + 1 {
			ann.say(wire.Sources{})
		}
		for range 20 {
			if l := expect[wire.Left](ann); l.Reason != wire.ReasonSlow {
				t.Errorf("left %+v", l)
			}
		}
		if r.People() != 1 {
			t.Errorf("%d people", r.People())
		}
		ann.say(wire.Sources{})
	})
}

// TestLogsNameNobody: a room logs nothing that participants said or own.
func TestLogsNameNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		r := New(DefaultConfig(), About{}, &fakeMedia{fail: errors.New("canary")}, slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx)
		ann := join(t, r)
		ann.say(wire.Publish{SDP: "canary", Mids: []wire.MidSource{{Mid: "0", Source: wire.SourceMic}}})
		expect[wire.Failed](ann)
		_ = ann.Malformed(t.Context(), wire.Head{Type: "canary"})
		_ = ann.try(wire.Leave{})
		cancel()
		synctest.Wait()
		if s := out.String(); strings.Contains(s, "canary") || strings.Contains(s, string(ann.ID)) || !strings.Contains(s, string(ann.ID)[:6]) {
			t.Errorf("log: %s", s)
		}
	})
}
