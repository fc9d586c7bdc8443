package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"incamera/signaling/room"
	"incamera/signaling/wire"
)

// A socket is one websocket from upgrade to close. One goroutine reads; a second
// one writes; a third, short-lived, says goodbye when the server ends. That of
// its request has ended by then, and let go of what it needed to read it.
type socket struct {
	server  *Server
	ws      *websocket.Conn
	limits  *sessionLimiter
	closing atomic.Bool // the last message is out: signs of life count no more

	// Owned by the goroutine that reads, and not changed while there is one that writes.
	stop   func() bool // what says goodbye
	conn   *room.Conn  // nil: it has not joined
	writer sync.WaitGroup
}

// socketBuffer holds most messages of clients. Each socket has one for as long
// as it lives; what is larger takes more calls of the kernel to read.
const socketBuffer = 1 << 10

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 10 * time.Second,
	ReadBufferSize:   socketBuffer,
	WriteBufferSize:  4 << 10,
	WriteBufferPool:  &sync.Pool{},
	CheckOrigin:      func(*http.Request) bool { return true }, // guard has checked it
	Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
		answerError(w, status, wire.CodeInvalid, "This is for websockets.")
	},
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if s.counters.sockets.Add(1) > int64(s.cfg.MaxSockets) {
		s.counters.sockets.Add(-1)
		answerError(w, http.StatusServiceUnavailable, wire.CodeFull, "The server takes nobody more now.")
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.counters.sockets.Add(-1)
		return // the upgrader has answered
	}
	k := &socket{server: s, ws: ws, limits: newSessionLimiter(s.cfg.Budgets)}
	s.requests.Add(1) // there is one: this
	go k.serve()
}

// serve is all of a socket's life. While nothing comes its stack is no deeper than
// it must be: under 1248 bytes the runtime halves one of 8 kB (see TestStacks).
func (k *socket) serve() {
	defer k.end()
	k.stop = context.AfterFunc(k.server.life, k.shutDown)
	if k.join() {
		k.writer.Go(k.write)
		k.read()
	}
}

// end leaves the room. A panic, which is a bug of ours, costs nobody else anything:
// it ends the socket.
func (k *socket) end() {
	s := k.server
	defer s.requests.Done()
	defer s.counters.sockets.Add(-1)
	log := func(p any) {
		s.cfg.Log.Error("panic in a socket", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
	if p := recover(); p != nil {
		log(p)
	}
	defer func() {
		if p := recover(); p != nil {
			log(p)
		}
	}()
	k.stop()
	_ = k.ws.Close() // a writer that waits for the network gives up
	if k.conn != nil {
		k.conn.Break(context.Background())
		k.writer.Wait()
	}
}

// shutDown has the client know that the server ends.
func (k *socket) shutDown() {
	k.goodbye(websocket.CloseGoingAway, "the server is shutting down")
	_ = k.ws.Close()
}

// join reads the first message and enters the room. It reports false when it has
// refused.
func (k *socket) join() bool {
	s := k.server
	k.ws.SetReadLimit(wire.MaxJoin)
	_ = k.ws.SetReadDeadline(time.Now().Add(s.cfg.Times.Join))
	typ, b, err := k.ws.ReadMessage()
	if err != nil {
		return false
	}
	_, m, err := wire.DecodeClient(b)
	j, isJoin := m.(wire.Join)
	if err != nil || !isJoin || typ != websocket.TextMessage {
		s.counters.malformed.Add(1)
		return k.refuse(wire.CodeInvalid, "The first message must be a join.")
	}
	e, l := s.find(j.Room, j.Token)
	if e == nil || l == nil && j.Resume == nil {
		s.counters.refused.Add(1)
		return k.refuse(wire.CodeRefused, textRefused)
	}
	// Whose socket broke while the link changed goes on by the session's secret.
	c, err := e.room.Enter(s.life, l, j.Resume)
	switch {
	case errors.Is(err, room.ErrFull):
		return k.refuse(wire.CodeFull, "This meeting is full.")
	case errors.Is(err, room.ErrRefused):
		s.counters.refused.Add(1)
		return k.refuse(wire.CodeRefused, textRefused)
	case err != nil: // it has ended in this moment
		return k.refuse(wire.CodeRefused, textRefused)
	case j.Resume != nil && c.ID == j.Resume.Session:
		s.counters.resumed.Add(1)
	default:
		s.counters.joined.Add(1)
	}
	k.conn = c
	return true
}

func (k *socket) refuse(code wire.Code, text string) bool {
	_ = k.ws.SetWriteDeadline(time.Now().Add(k.server.cfg.Times.Write))
	if k.ws.WriteMessage(websocket.TextMessage, wire.EncodeServer(wire.Head{}, wire.Refused{Code: code, Text: text})) == nil {
		k.goodbye(websocket.ClosePolicyViolation, "refused")
		k.drain()
	}
	return false
}

// goodbye sends the close frame. Safe beside the writer.
func (k *socket) goodbye(code int, why string) {
	_ = k.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), time.Now().Add(time.Second))
}

// alive notes a sign of life.
func (k *socket) alive() {
	if !k.closing.Load() {
		_ = k.ws.SetReadDeadline(time.Now().Add(k.server.cfg.Times.Silent))
	}
}

// read hands messages to the room until the socket or the session ends.
func (k *socket) read() {
	k.ws.SetReadLimit(wire.MaxMessage)
	k.ws.SetPongHandler(k.pong)
	for {
		k.alive()
		typ, r, err := k.ws.NextReader()
		if err != nil {
			return
		}
		if err = k.take(typ, r); err != nil {
			return
		}
	}
}

func (k *socket) pong(string) error {
	k.alive()
	return nil
}

// take reads a message and hands it to the room. After an error the socket is over.
func (k *socket) take(typ int, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	ctx := k.server.life
	if err = k.limits.wait(ctx, len(b)); err != nil {
		return err
	}
	if err = k.handle(ctx, typ, b); err != nil {
		k.drain()
	}
	return err
}

func (k *socket) handle(ctx context.Context, typ int, b []byte) error {
	head, m, err := wire.DecodeClient(b)
	if err != nil || typ != websocket.TextMessage {
		k.server.counters.malformed.Add(1)
		return k.conn.Malformed(ctx, head)
	}
	if err := k.limits.waitType(ctx, head.Type); err != nil {
		return err
	}
	return k.conn.Receive(ctx, head, m)
}

// drain reads what still comes, so that closing does not reset the connection
// and take the last message with it.
func (k *socket) drain() {
	k.closing.Store(true)
	_ = k.ws.SetReadDeadline(time.Now().Add(k.server.cfg.Times.Close))
	for {
		if _, _, err := k.ws.NextReader(); err != nil {
			return
		}
	}
}

// write passes on what the room says, and pings, until either side is done.
func (k *socket) write() {
	c := k.conn
	ping := time.NewTicker(k.server.cfg.Times.Ping)
	defer ping.Stop()
	for {
		select {
		case <-c.Out.Ready():
			f, ok, over := c.Out.Next()
			if over {
				k.finish(c.Err)
				return
			}
			if ok && k.writeFrame(f) != nil {
				_ = k.ws.Close() // which ends the reader
				return
			}
		case <-ping.C:
			if k.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(k.server.cfg.Times.Write)) != nil {
				_ = k.ws.Close()
				return
			}
		}
	}
}

// writeFrame writes the head, which is this session's own, and the rest, which
// all receivers share, as one message.
func (k *socket) writeFrame(f room.Frame) error {
	_ = k.ws.SetWriteDeadline(time.Now().Add(k.server.cfg.Times.Write))
	w, err := k.ws.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	if _, err := w.Write(f.Message.Head(wire.Head{N: f.N, Ack: f.Ack})); err != nil {
		return err
	}
	if _, err := w.Write(f.Message.Tail()); err != nil {
		return err
	}
	return w.Close()
}

// finish closes the socket after the last message, and lets the reader go on
// until the client has taken note.
func (k *socket) finish(why error) {
	code, text := websocket.CloseNormalClosure, "the session has ended"
	switch {
	case errors.Is(why, room.ErrSuperseded):
		text = "the session goes on elsewhere"
	case errors.Is(why, room.ErrClosed):
		code, text = websocket.CloseGoingAway, "the server is shutting down"
	}
	k.goodbye(code, text)
	k.closing.Store(true)
	_ = k.ws.SetReadDeadline(time.Now().Add(k.server.cfg.Times.Close))
}
