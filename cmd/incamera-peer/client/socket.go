package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// How the socket keeps itself alive (PROTOCOL.md 1.2).
const (
	ackAfter   = 16
	ackEvery   = time.Second // a bare ack is sent at most 2 s late
	silence    = 40 * time.Second
	writeTime  = 10 * time.Second
	maxBackoff = 5 * time.Second
	// giveUp is how long a broken socket is tried again. The server forgets
	// the session after 30 s; a restarted one takes it in anew.
	giveUp = 60 * time.Second
)

var errSessionOver = errors.New("the session is over")

// A socket is a session with the server that outlives its connections. Send
// and Leave may be called from anywhere; run delivers to one function.
type socket struct {
	url  string
	room link.Room
	log  *slog.Logger
	took func(text []byte) // nil: nobody wants to know

	mu sync.Mutex
	// Guarded by mu.
	token    link.Secret
	conn     *websocket.Conn // nil while broken
	session  wire.SessionID
	secret   []byte
	sent     uint32
	received uint32
	unacked  []numbered
	owed     int // received and not acknowledged
	left     bool
}

type numbered struct {
	n uint32
	m any
}

func newSocket(l link.Link, log *slog.Logger) *socket {
	url := "ws" + strings.TrimPrefix(l.Server, "http") + "/ws"
	return &socket{url: url, room: l.Room, token: l.Keys().Token, log: log}
}

// send says m in a session; it does nothing when that session is no more.
func (s *socket) send(session wire.SessionID, m any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session != s.session || s.left {
		return
	}
	s.sent++
	s.unacked = append(s.unacked, numbered{s.sent, m})
	s.write(wire.Head{N: s.sent}, m)
}

// relinked shows another join token from now on.
func (s *socket) relinked(token link.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// leave ends the session at once. body is for the others.
func (s *socket) leave(body []byte) {
	s.mu.Lock()
	session := s.session
	s.mu.Unlock()
	s.send(session, wire.Leave{Body: body})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = true
}

// write sends what it can; a broken connection is noticed by its reader.
func (s *socket) write(h wire.Head, m any) {
	if s.conn == nil {
		return
	}
	if _, joins := m.(wire.Join); !joins {
		h.Ack, s.owed = s.received, 0
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if s.conn.WriteMessage(websocket.TextMessage, wire.EncodeClient(h, m)) != nil {
		_ = s.conn.Close()
	}
}

// run keeps the session until ctx is done, it is left, or it ends for good.
// deliver gets every message once and in order, among them one joined for each
// fresh session. It is called from one goroutine at a time.
func (s *socket) run(ctx context.Context, deliver func(any)) error {
	broken := time.Now()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, maxBackoff) {
		joined, err := s.connection(ctx, deliver)
		if joined {
			broken, wait = time.Now(), 100*time.Millisecond
		}
		var refused *RefusedError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.hasLeft() || errors.Is(err, errSessionOver):
			return nil
		case errors.As(err, &refused) && refused.Code != wire.CodeRate && refused.Code != wire.CodeUnavailable:
			return err
		case time.Since(broken) > giveUp:
			return fmt.Errorf("no way to the server for %v: %w", giveUp, err)
		}
		s.log.Info("the socket broke", "error", err, "again in", wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (s *socket) hasLeft() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// connection is one websocket from dialing to its end. It reports whether the
// server let us in.
func (s *socket) connection(ctx context.Context, deliver func(any)) (joined bool, err error) {
	dialer := websocket.Dialer{HandshakeTimeout: 15 * time.Second}
	conn, resp, err := dialer.DialContext(ctx, s.url, nil)
	if err != nil {
		return false, fmt.Errorf("connecting to the server: %w", err)
	}
	_ = resp.Body.Close() // of the upgrade; it has none
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	acks := time.NewTicker(ackEvery)
	done := make(chan struct{})
	var acker sync.WaitGroup
	acker.Go(func() { s.ackLoop(acks.C, done) })
	defer func() {
		stop()
		acks.Stop()
		close(done)
		s.mu.Lock()
		s.conn = nil
		s.mu.Unlock()
		_ = conn.Close()
		acker.Wait()
	}()
	s.join(conn)
	return s.read(conn, deliver)
}

func (s *socket) join(conn *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	j := wire.Join{Room: string(s.room), Token: s.token.Reveal()}
	if s.session != "" {
		j.Resume = &wire.Resume{Session: s.session, Secret: s.secret, Received: s.received}
	}
	s.write(wire.Head{}, j)
	s.conn = nil // nothing else is written until joined
}

func (s *socket) ackLoop(tick <-chan time.Time, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-tick:
			s.mu.Lock()
			if s.owed > 0 {
				s.write(wire.Head{}, wire.Ack{})
			}
			s.mu.Unlock()
		}
	}
}

func (s *socket) read(conn *websocket.Conn, deliver func(any)) (joined bool, err error) {
	conn.SetReadLimit(wire.MaxMessage)
	alive := func() { _ = conn.SetReadDeadline(time.Now().Add(silence)) }
	answer := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		alive()
		return answer(data)
	})
	for {
		alive()
		_, b, err := conn.ReadMessage()
		if err != nil {
			return joined, fmt.Errorf("reading from the server: %w", err)
		}
		if s.took != nil {
			s.took(b)
		}
		h, m, err := wire.DecodeServer(b)
		if err != nil {
			// The number is taken though the message is not understood: it
			// would come again for ever.
			s.log.Warn("the server says what is not understood", "error", err)
			if h.N > 0 {
				s.take(h)
			}
			continue
		}
		switch m := m.(type) {
		case wire.Refused:
			return joined, &RefusedError{"joining the meeting", m.Code, m.Text}
		case wire.Joined:
			if joined {
				return joined, errors.New("the server says joined twice")
			}
			joined = true
			if fresh := s.joined(conn, m); fresh {
				deliver(m)
			}
		default:
			if !joined {
				return false, fmt.Errorf("the server says %s before joined", h.Type)
			}
			if !s.take(h) {
				continue
			}
			deliver(m)
			if e, over := m.(wire.Ended); over {
				return joined, fmt.Errorf("%w: the server ended it (%s): %s", errSessionOver, e.Reason, e.Text)
			}
		}
	}
}

// joined goes on with the session, or begins the new one.
func (s *socket) joined(conn *websocket.Conn, m wire.Joined) (fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	if !m.Resumed || m.Session != s.session {
		s.session, s.secret = m.Session, m.Secret
		s.sent, s.received, s.owed, s.unacked = 0, 0, 0, nil
		return true
	}
	s.forget(m.Received)
	for _, q := range s.unacked {
		s.write(wire.Head{N: q.n}, q.m)
	}
	return false
}

// take notes the numbers of a message; it reports false for one seen before.
func (s *socket) take(h wire.Head) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(h.Ack)
	if h.N == 0 {
		return true
	}
	if h.N <= s.received {
		return false
	}
	s.received = h.N
	if s.owed++; s.owed >= ackAfter {
		s.write(wire.Head{}, wire.Ack{})
	}
	return true
}

// forget drops what the server has received.
func (s *socket) forget(ack uint32) {
	i := 0
	for i < len(s.unacked) && s.unacked[i].n <= ack {
		i++
	}
	s.unacked = append([]numbered(nil), s.unacked[i:]...)
}
