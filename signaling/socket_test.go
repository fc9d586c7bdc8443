package signaling

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"incamera/signaling/wire"
)

// A client is one participant's socket. It numbers what it says, and
// acknowledges what it reads with each message and every 100 messages.
type client struct {
	*websocket.Conn
	t      testing.TB
	joined wire.Joined
	n, got uint32
}

// knock tries to open a socket, and returns the status of the answer.
func (f *fixture) knock(d *websocket.Dialer, h http.Header) (ws *websocket.Conn, status int) {
	f.t.Helper()
	ws, res, err := d.Dial("ws"+strings.TrimPrefix(f.http.URL, "http")+"/ws", h)
	if res == nil {
		f.t.Fatal(err)
	}
	res.Body.Close()
	if ws != nil {
		f.t.Cleanup(func() { ws.Close() })
	}
	if res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") == "" {
		f.t.Error("too many requests, but not for how long")
	}
	return ws, res.StatusCode
}

func (f *fixture) dial() *client {
	f.t.Helper()
	d := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		c, err := net.Dial(network, addr)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(16 << 10) // so that one that stops reading is felt
		}
		return c, err
	}}
	ws, status := f.knock(&d, nil)
	if ws == nil {
		f.t.Fatal(status)
	}
	_ = ws.SetReadDeadline(time.Now().Add(30 * time.Second)) // a test that waits for ever fails
	return &client{Conn: ws, t: f.t}
}

func (f *fixture) join(l link) *client {
	f.t.Helper()
	c := f.dial()
	c.enter(wire.Join{Room: l.room, Token: l.token})
	return c
}

func (c *client) enter(j wire.Join) {
	c.t.Helper()
	c.write(wire.Head{}, j)
	_, m, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	joined, ok := m.(wire.Joined)
	if !ok {
		c.t.Fatalf("got %T %+v, want joined", m, m)
	}
	c.joined = joined
}

func (c *client) write(h wire.Head, m any) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, wire.EncodeClient(h, m)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) say(m any) {
	c.t.Helper()
	c.n++
	c.write(wire.Head{N: c.n, Ack: c.got}, m)
}

func (c *client) read() (wire.Head, any, error) {
	_, b, err := c.ReadMessage()
	if err != nil {
		return wire.Head{}, nil, err
	}
	return wire.DecodeServer(b)
}

// next returns the next numbered message.
func (c *client) next() (any, error) {
	for {
		h, m, err := c.read()
		if err != nil || h.N > 0 {
			if h.N > 0 && h.N != c.got+1 {
				return m, fmt.Errorf("%s %d after %d", h.Type, h.N, c.got)
			}
			c.got = h.N
			if h.N%100 == 0 && err == nil {
				c.write(wire.Head{Ack: c.got}, wire.Ack{})
			}
			return m, err
		}
	}
}

// expect returns the next message of T, passing over others.
func expect[T any](c *client) T {
	c.t.Helper()
	for {
		m, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		if v, ok := m.(T); ok {
			return v
		}
	}
}

// closeCode reads to the end and returns the code of the close frame.
func (c *client) closeCode() int {
	c.t.Helper()
	for {
		if _, _, err := c.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) {
				c.t.Fatalf("the socket ended without a close frame: %v", err)
			}
			return closed.Code
		}
	}
}

// group makes all clients members of one group.
func group(clients ...*client) {
	first := clients[0]
	first.say(wire.Found{Generation: 1})
	expect[wire.Founded](first)
	for i, c := range clients[1:] {
		c.say(wire.Ask{Generation: 1, Body: []byte("k")})
		expect[wire.Asked](first)
		first.say(wire.Commit{Generation: 1, Epoch: uint64(i), Body: []byte("c"), To: []wire.SessionID{c.joined.Session}, Welcome: []byte("w"), Tree: []byte("t")})
		expect[wire.Committed](first)
		expect[wire.Peers](c)
		expect[wire.Welcomed](c)
	}
}

func app(epoch int, body []byte) wire.App {
	return wire.App{Generation: 1, Epoch: uint64(epoch), Body: body}
}

func TestChat(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, ben := f.join(l), f.join(l)
	if string(ben.joined.Card) != "sealed card" {
		t.Errorf("joined %+v", ben.joined)
	}
	group(ann, ben)
	ben.say(app(1, []byte("hello")))
	if s := expect[wire.Said](ann); string(s.Body) != "hello" || s.From != ben.joined.Session {
		t.Errorf("%+v", s)
	}
	other := f.join(f.room("b"))
	other.say(wire.Leave{})
	if code := other.closeCode(); code != websocket.CloseNormalClosure {
		t.Errorf("closed with %d after leave", code)
	}
	ben.say(wire.Leave{})
	if left := expect[wire.Left](ann); left.Reason != wire.ReasonLeft {
		t.Errorf("%+v", left)
	}
	for _, m := range f.Metrics() {
		if m.Name == "incamera_rooms" && m.Value != 2 || m.Name == "incamera_participants" && m.Value != 1 {
			t.Errorf("%s is %v", m.Name, m.Value)
		}
	}
}

// TestFirstMessage: whatever is not a join is refused, and the socket closed.
func TestFirstMessage(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	join := wire.EncodeClient(wire.Head{}, wire.Join{Room: l.room, Token: l.token})
	for name, tc := range map[string]struct {
		typ  int
		text []byte
	}{
		"garbage":           {websocket.TextMessage, []byte("canary")},
		"empty":             {websocket.TextMessage, nil},
		"another message":   {websocket.TextMessage, []byte(`{"type":"leave","n":1}`)},
		"a join in binary":  {websocket.BinaryMessage, join},
		"a malformed join":  {websocket.TextMessage, []byte(`{"type":"join","room":"x","token":""}`)},
		"a server's joined": {websocket.TextMessage, []byte(`{"type":"joined"}`)},
	} {
		c := f.dial()
		if err := c.WriteMessage(tc.typ, tc.text); err != nil {
			t.Fatal(err)
		}
		if _, m, err := c.read(); err != nil || m.(wire.Refused).Code != wire.CodeInvalid {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
		if code := c.closeCode(); code != websocket.ClosePolicyViolation {
			t.Errorf("%s: closed with %d", name, code)
		}
	}
	c := f.dial()
	if err := c.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), wire.MaxJoin+1)); err != nil {
		t.Fatal(err)
	}
	if code := c.closeCode(); code != websocket.CloseMessageTooBig {
		t.Errorf("an oversized join: closed with %d", code)
	}
}

// founder joins an empty room and begins its group: only members hear of others.
func (f *fixture) founder(l link) *client {
	f.t.Helper()
	c := f.join(l)
	c.say(wire.Found{Generation: 1})
	expect[wire.Founded](c)
	return c
}

// TestBadMessages: a session survives what it says wrongly, up to a limit, and
// nobody else notices.
func TestBadMessages(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, bad := f.founder(l), f.join(l)
	raw := func(typ int, text string) {
		t.Helper()
		if err := bad.WriteMessage(typ, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	answered := func(about string) {
		t.Helper()
		if m := expect[wire.Failed](bad); m.Code != wire.CodeInvalid || m.About != about {
			t.Errorf("about %q: %+v", about, m)
		}
	}
	raw(websocket.TextMessage, "\x00garbage")
	answered("")
	raw(websocket.BinaryMessage, `{"type":"ack","ack":0}`)
	answered("ack")
	raw(websocket.TextMessage, `{"type":"dance","n":1}`)
	answered("dance")
	raw(websocket.TextMessage, `{"type":"sources","n":2,"on":["desk"]}`)
	answered("sources")
	raw(websocket.TextMessage, `{"type":"leave","n":9}`)
	answered("leave")
	raw(websocket.TextMessage, string(wire.EncodeClient(wire.Head{}, wire.Join{Room: l.room, Token: l.token})))
	answered("join")
	raw(websocket.TextMessage, `{"type":"sources","n":3,"on":["mic"]}`) // the numbers still fit
	if s := expect[wire.SourcesOf](ann); s.Session != bad.joined.Session {
		t.Errorf("%+v", s)
	}
	raw(websocket.TextMessage, `{"type":"app","n":4,"generation":1,"epoch":0,"body":"`+strings.Repeat("A", 4*(wire.MaxApp/3+2))+`"}`)
	answered("app")
	for range 3 {
		raw(websocket.TextMessage, "[]")
		answered("")
	}
	raw(websocket.TextMessage, "[]")
	if e := expect[wire.Ended](bad); e.Reason != wire.ReasonInvalid {
		t.Errorf("%+v", e)
	}
	if code := bad.closeCode(); code != websocket.CloseNormalClosure {
		t.Errorf("closed with %d", code)
	}
	if left := expect[wire.Left](ann); left.Reason != wire.ReasonInvalid {
		t.Errorf("%+v", left)
	}
	ann.say(wire.Leave{})
}

func TestOversizedMessage(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, bad := f.founder(l), f.join(l)
	_ = bad.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte(" "), wire.MaxMessage+1)) // cut off on the way
	if a := expect[wire.Away](ann); a.Session != bad.joined.Session {
		t.Errorf("%+v", a)
	}
}

// TestStoppedReader: one client stops reading. The others chat on, every
// message arrives in order, and the one that stopped is ended.
func TestStoppedReader(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, ben, stopped := f.join(l), f.join(l), f.join(l)
	group(ann, ben, stopped)
	session := stopped.joined.Session // it reads no more from here on
	body := make([]byte, 48<<10)
	sent := 0
	var left *wire.Left
	for sent < 1000 && left == nil {
		ann.say(app(2, fmt.Appendf(body[:0:len(body)], "%d", sent)[:len(body)]))
		want := fmt.Sprint(sent)
		sent++
		for _, c := range []*client{ann, ben} {
			for said := false; !said; {
				m, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				switch m := m.(type) {
				case wire.Said:
					said = true
					if got := string(bytes.TrimRight(m.Body[:8], "\x00")); got != want {
						t.Fatalf("message %s, want %s", got, want)
					}
				case wire.Left:
					left = &m
				}
			}
		}
	}
	if left == nil {
		left = new(expect[wire.Left](ben))
	}
	if left.Session != session || left.Reason != wire.ReasonSlow {
		t.Errorf("after %d messages: %+v", sent, left)
	}
	ann.say(app(2, []byte("on")))
	expect[wire.Said](ben)
}

// TestResumeOverSockets cuts a connection and goes on with another: what was
// missed arrives, once, in both directions.
func TestResumeOverSockets(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, ben := f.join(l), f.join(l)
	group(ann, ben)
	if err := ben.NetConn().Close(); err != nil { // no close frame
		t.Fatal(err)
	}
	if a := expect[wire.Away](ann); !a.Away {
		t.Errorf("%+v", a)
	}
	for i := range 3 {
		ann.say(app(1, fmt.Append(nil, i)))
		expect[wire.Said](ann)
	}
	again := f.dial()
	again.n, again.got = ben.n, ben.got
	again.enter(wire.Join{Room: l.room, Token: l.token, Resume: &wire.Resume{Session: ben.joined.Session, Secret: ben.joined.Secret, Received: ben.got}})
	if j := again.joined; !j.Resumed || j.Received != ben.n || j.Session != ben.joined.Session {
		t.Errorf("%+v", j)
	}
	for i := range 3 {
		if s := expect[wire.Said](again); string(s.Body) != fmt.Sprint(i) {
			t.Errorf("repeated %s, want %d", s.Body, i)
		}
	}
	again.n-- // the last again, as if the server's word of it had been lost
	again.say(wire.Ask{Generation: 1, Body: []byte("k")})
	again.say(app(1, []byte("once")))
	if s := expect[wire.Said](again); string(s.Body) != "once" {
		t.Errorf("%s", s.Body)
	}
	if a := expect[wire.Away](ann); a.Away {
		t.Errorf("%+v", a)
	}
	// With the link but without the session's secret there is nothing to take over.
	thief := f.dial()
	thief.enter(wire.Join{Room: l.room, Token: l.token, Resume: &wire.Resume{Session: ben.joined.Session, Secret: make([]byte, 32)}})
	if thief.joined.Resumed || thief.joined.Session == ben.joined.Session {
		t.Error("a session was taken over")
	}
}

// TestDepart: whose socket is gone leaves by a request, with what it says to the
// others, and does not come back.
func TestDepart(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, ben := f.founder(l), f.join(l)
	expect[wire.Arrived](ann)
	_ = ben.Close()
	if a := expect[wire.Away](ann); !a.Away {
		t.Fatalf("ann hears %+v", a)
	}
	body := wire.EncodeBody(wire.Depart{Room: l.room, Session: ben.joined.Session, Secret: ben.joined.Secret, Body: []byte("bye")})
	for i, want := range []int{http.StatusOK, http.StatusNotFound} {
		if status, answer := f.post("/api/leave", body); status != want {
			t.Errorf("time %d: %d %s, want %d", i, status, answer, want)
		}
	}
	if m := expect[wire.Left](ann); m.Session != ben.joined.Session || m.Reason != wire.ReasonLeft || string(m.Body) != "bye" {
		t.Errorf("ann hears %+v", m)
	}
	again := f.dial()
	again.enter(wire.Join{Room: l.room, Token: l.token, Resume: &wire.Resume{Session: ben.joined.Session, Secret: ben.joined.Secret}})
	if again.joined.Resumed || again.joined.Session == ben.joined.Session {
		t.Errorf("the session goes on: %+v", again.joined)
	}
}

// TestSilence: a socket without a sign of life is dropped, one that answers
// pings is not.
func TestSilence(t *testing.T) {
	f := serve(t, func(c *Config) {
		c.Times.Ping = 20 * time.Millisecond
		c.Times.Silent = 400 * time.Millisecond
	})
	l := f.room("a")
	ann, silent := f.founder(l), f.join(l) // only ann reads, and so answers pings
	if a := expect[wire.Away](ann); a.Session != silent.joined.Session || !a.Away {
		t.Errorf("%+v", a)
	}
	silent2 := f.join(l)
	if a := expect[wire.Away](ann); a.Session != silent2.joined.Session {
		t.Errorf("%+v", a)
	}
}

func TestNoJoinInTime(t *testing.T) {
	f := serve(t, func(c *Config) { c.Times.Join = 10 * time.Millisecond })
	c := f.dial()
	if _, _, err := c.read(); err == nil {
		t.Error("a socket that says nothing stays")
	}
}

func TestShutdown(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann, dumb := f.join(l), f.dial()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := f.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{ann, dumb} {
		if code := c.closeCode(); code != websocket.CloseGoingAway {
			t.Errorf("closed with %d", code)
		}
	}
	if status, body := f.post("/api/look", nil); status != 503 || !strings.Contains(body, "unavailable") {
		t.Errorf("after the end: %d %s", status, body)
	}
}

func TestTooManySockets(t *testing.T) {
	f := serve(t, func(c *Config) { c.MaxSockets = 1 })
	f.join(f.room("a"))
	if _, status := f.knock(websocket.DefaultDialer, nil); status != 503 {
		t.Errorf("second of one socket: %d", status)
	}
}

func TestRoomFull(t *testing.T) {
	f := serve(t, func(c *Config) { c.Room.MaxSessions = 1 })
	l := f.room("a")
	f.join(l)
	for tok, want := range map[string]wire.Code{string(l.token): wire.CodeFull, string(newLink("b").token): wire.CodeRefused} {
		c := f.dial()
		c.write(wire.Head{}, wire.Join{Room: l.room, Token: []byte(tok)})
		if _, m, err := c.read(); err != nil || m.(wire.Refused).Code != want {
			t.Errorf("%+v, %v, want %s", m, err, want)
		}
	}
}

// TestRoomOfItsCapacity: the room takes as many as its creator said, and who
// says another number later changes nothing.
func TestRoomOfItsCapacity(t *testing.T) {
	f := serve(t, nil)
	l := newLink("a")
	m := l.create()
	for _, m.Capacity = range []uint32{2, 3} {
		if status, body := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
			t.Fatalf("create: %d %s", status, body)
		}
	}
	f.join(l)
	f.join(l)
	c := f.dial()
	c.write(wire.Head{}, wire.Join{Room: l.room, Token: l.token})
	if _, m, err := c.read(); err != nil || m.(wire.Refused).Code != wire.CodeFull {
		t.Errorf("third of two: %+v, %v", m, err)
	}
	m = newLink("b").create()
	m.Capacity = 1<<32 - 1
	if status, _ := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
		t.Errorf("a capacity beyond the server's: %d", status)
	}
}

// TestDrain: everybody hears of it, a running meeting goes on and takes people,
// a new one is refused, and it ends when the last one leaves.
func TestDrain(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann := f.join(l)
	drained := make(chan int, 1)
	go func() { drained <- f.Drain(t.Context(), 90*time.Second) }()
	if news := expect[wire.Closing](ann); news.Seconds != 90 {
		t.Errorf("told %d seconds", news.Seconds)
	}
	if status, body := f.post("/api/rooms", wire.EncodeBody(newLink("b").create())); status != 503 || !strings.Contains(body, "unavailable") {
		t.Errorf("a new room: %d %s", status, body)
	}
	if status, _ := f.post("/api/rooms", wire.EncodeBody(l.create())); status != 201 {
		t.Errorf("the room that is there: %d", status)
	}
	ben := f.join(l)
	ann.say(wire.Leave{})
	select {
	case left := <-drained:
		t.Errorf("ended with %d people inside", left)
	default:
	}
	ben.say(wire.Leave{})
	if left := <-drained; left != 0 {
		t.Errorf("%d people left", left)
	}
	f.join(l)
	if left := f.Drain(t.Context(), time.Millisecond); left != 1 {
		t.Errorf("%d people left after its time", left)
	}
}

// TestPanic: a bug that ends a socket ends nothing else, and is told.
func TestPanic(t *testing.T) {
	var out bytes.Buffer
	cfg := DefaultConfig()
	cfg.Log = slog.New(slog.NewTextHandler(&out, nil))
	s := New(cfg)
	s.requests.Add(1)
	s.counters.sockets.Add(1)
	(&socket{server: s}).serve() // it has no connection
	if n := s.counters.sockets.Load(); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
	if !strings.Contains(out.String(), "panic in a socket") {
		t.Errorf("the log says %q", out.String())
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
