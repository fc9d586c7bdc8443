package room

import (
	"crypto/ed25519"
	"log/slog"
	"testing"
	"testing/synctest"

	"incamera/signaling/wire"
)

var hostKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// start runs a room inside a synctest bubble until the test ends.
func start(t *testing.T, media Media) *Room {
	t.Helper()
	r := New(DefaultConfig(), About{Name: "room", HostKey: hostKey.Public().(ed25519.PublicKey), Card: []byte("card")}, media, slog.New(slog.DiscardHandler))
	go r.Run(t.Context())
	return r
}

// A client is one participant that keeps its side of PROTOCOL.md 1.2: it
// numbers what it says and acknowledges what it reads.
type client struct {
	*Conn
	t      testing.TB
	joined wire.Joined
	n      uint32 // of the latest message sent
	got    uint32 // of the latest message read
	deaf   bool   // does not acknowledge
}

func join(t testing.TB, r *Room) *client {
	t.Helper()
	c, err := r.Enter(t.Context(), r.Link(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cl := &client{Conn: c, t: t}
	_, m := cl.frame()
	cl.joined = m.(wire.Joined)
	return cl
}

// frame waits for the next frame; a closed connection gives nil.
func (c *client) frame() (wire.Head, any) {
	f, ok, over := c.Out.Next()
	for ; !ok && !over; f, ok, over = c.Out.Next() {
		<-c.Out.Ready()
	}
	if over {
		return wire.Head{}, nil
	}
	head, m, err := wire.DecodeServer(append(f.Message.Head(wire.Head{N: f.N, Ack: f.Ack}), f.Message.Tail()...))
	if err != nil {
		c.t.Fatalf("the room sends what no client takes: %v", err)
	}
	return head, m
}

// next waits for the next numbered message, and checks its number.
func (c *client) next() any {
	c.t.Helper()
	for {
		head, m := c.frame()
		if m == nil {
			return nil
		}
		if head.N == 0 {
			continue
		}
		if head.N != c.got+1 {
			c.t.Fatalf("%s %d after %d", head.Type, head.N, c.got)
		}
		c.got = head.N
		return m
	}
}

// expect waits for a message of T, which must be the next.
func expect[T any](c *client) T {
	c.t.Helper()
	m := c.next()
	v, ok := m.(T)
	if !ok {
		c.t.Fatalf("got %T %+v, want %T", m, m, v)
	}
	return v
}

func (c *client) say(m any) {
	c.t.Helper()
	if err := c.try(m); err != nil {
		c.t.Fatalf("%T: %v", m, err)
	}
}

func (c *client) try(m any) error {
	c.n++
	return c.Receive(c.t.Context(), c.head(m, c.n), m)
}

func (c *client) head(m any, n uint32) wire.Head {
	h := wire.Head{Type: wire.TypeName(m), N: n, Ack: c.got}
	if !wire.Numbered(h.Type) {
		h.N = 0
	}
	if c.deaf {
		h.Ack = 0
	}
	return h
}

// quiet checks that nothing numbered is on its way. Inside a bubble only.
func (c *client) quiet() {
	c.t.Helper()
	synctest.Wait()
	for {
		f, ok, _ := c.Out.Next()
		if !ok {
			return
		}
		if f.N != 0 {
			c.t.Fatalf("unexpected %s", f.Message.Type())
		}
	}
}

// back resumes the session and returns its joined.
func (c *client) back(r *Room) wire.Joined {
	c.t.Helper()
	conn, err := r.Enter(c.t.Context(), r.Link(), &wire.Resume{Session: c.ID, Secret: c.joined.Secret, Received: c.got})
	if err != nil || conn.ID != c.ID {
		c.t.Fatalf("%s is not resumed: %v", c.ID, err)
	}
	c.Conn = conn
	_, m := c.frame()
	return m.(wire.Joined)
}

// inside lets n clients in, one after the other. All have read everything.
func inside(t testing.TB, r *Room, n int) []*client {
	t.Helper()
	first := join(t, r)
	first.say(wire.Found{Generation: 1})
	expect[wire.Peers](first)
	expect[wire.Founded](first)
	all := []*client{first}
	for i := range n - 1 {
		c := join(t, r)
		c.say(wire.Ask{Generation: 1, Body: []byte("k")})
		for _, other := range all {
			expect[wire.Arrived](other)
			expect[wire.Asked](other)
		}
		first.say(wire.Commit{Generation: 1, Epoch: uint64(i), Body: []byte("c"), To: []wire.SessionID{c.ID}, Welcome: []byte("w"), Tree: []byte("t")})
		for _, other := range all {
			expect[wire.Committed](other)
		}
		expect[wire.Peers](c)
		expect[wire.Welcomed](c)
		all = append(all, c)
	}
	for _, c := range all {
		if err := c.Receive(t.Context(), c.head(wire.Ack{}, 0), wire.Ack{}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func pair(t testing.TB, r *Room) (a, b *client) {
	t.Helper()
	all := inside(t, r, 2)
	return all[0], all[1]
}
