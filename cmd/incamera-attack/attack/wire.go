package attack

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/link"
	"incamera/signaling"
	"incamera/signaling/wire"
)

// onTheWire are attacks on participants of cmd/incamera-peer, by sockets on
// loopback. Media is no part of them: the server has none.
var onTheWire = []*Attack{
	{
		Name: "title altered on the wire", Claim: "C10",
		Do: func(t *Trial) {
			shown(t, "a server that knows the link answers with a card of another title, which the host has not signed", func(c link.Card, _ ed25519.PrivateKey, l link.Link) []byte {
				_, other, err := ed25519.GenerateKey(rand.Reader)
				t.check(err, "making a key")
				c.Title = "Altered"
				encoded, err := c.Sign(other) // by its own hand, in the host's name
				t.check(err, "signing")
				return link.SealCard(l.Keys().Card, l.Room, encoded)
			})
		},
		Defence: "the host signs the card",
		Without: []Edit{{cardFile, "if !eddsa.Verify(c.HostKey, cardStatement(room, fields), signature) {", "if !eddsa.Verify(c.HostKey, cardStatement(room, fields), signature) && len(signature) == 0 {"}},
	},
	{
		Name: "card of another host on the wire", Claim: "C10",
		Do: func(t *Trial) {
			shown(t, "a server that knows the link answers with a card that a host of its own has signed", func(c link.Card, _ ed25519.PrivateKey, l link.Link) []byte {
				public, other, err := ed25519.GenerateKey(rand.Reader)
				t.check(err, "making a key")
				c.Title, c.HostKey = "Altered", public
				encoded, err := c.Sign(other)
				t.check(err, "signing")
				// Sign binds the room that the host's key makes; the server wants the link's.
				fields := encoded[:len(encoded)-ed25519.SignatureSize]
				statement := append([]byte("incamera card v1"+string(l.Room)), fields...)
				return link.SealCard(l.Keys().Card, l.Room, append(bytes.Clone(fields), ed25519.Sign(other, statement)...))
			})
		},
		Defence: "the room's id is the hash of its host's key",
		Without: []Edit{{cardFile, "if RoomOf(c.HostKey) != room {", "if room == \"\" {"}},
	},
	{
		Name: "KeyPackage swapped on the wire", Claim: "C8",
		Do: func(t *Trial) {
			t.try("a server that does not know the link answers the wish of a real participant with one sealed under a link of its own")
			s := t.server()
			l := s.room()
			guess := link.Link{Server: l.Server, Room: l.Room, Secret: link.NewSecret()}
			s.rewrite.Store(func(from string, m any) any {
				if a, ok := m.(wire.Ask); ok && from == "Ben" {
					a.Body = link.Seal(guess.Keys().Envelope, link.Place{Room: l.Room, Kind: link.KindAsk, Generation: a.Generation}, make([]byte, 500))
					return a
				}
				return m
			})
			ann := s.enter(l, "Ann")
			s.until("Ann is in", func() bool { return ann.Report().Phase == "member" })
			ben := s.enter(l, "Ben")
			s.until("Ann drops an ask", func() bool { return ann.Report().Dropped.Asks > 0 || len(ann.Report().Members) > 1 })
			t.sawf("Ann", "%d asks dropped, %d in the roster", ann.Report().Dropped.Asks, len(ann.Report().Members))
			t.sawf("Ben", "is %s", ben.Report().Phase)
			t.noticed = ann.Report().Dropped.Asks > 0
			t.goal(len(ann.Report().Members) > 1, "somebody is added who does not know the link")
		},
		Defence: "two: the envelope's key, and the admission MAC; the second has its own attack above",
	},
	{
		Name: "slow-loris commits", Claim: "C15",
		Do: func(t *Trial) {
			t.try("20 sockets join and send a commit of 1 MiB each, of which the last byte never comes, while Ann and Ben talk")
			s := t.server()
			l := s.room()
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			text := wire.EncodeClient(wire.Head{N: 1}, wire.Commit{Generation: 1, Epoch: 1, Body: make([]byte, wire.MaxCommit), To: []wire.SessionID{}})
			for range 20 {
				_, err := s.raw(l).Write(append(header(len(text)), text[:len(text)-1]...))
				t.check(err, "sending most of a commit")
			}
			s.talk(ann, ben)
		},
		Defence: "none to take out: each socket has a reader of its own, and nobody waits for a message that is not whole",
	},
	{
		Name: "oversized and malformed messages", Claim: "C15",
		Do: func(t *Trial) {
			t.try("a participant sends the server 7 MiB in one message, another 20 messages of no sense, while Ann and Ben talk")
			s := t.server()
			l := s.room()
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			big := s.raw(l)
			_, err := big.Write(append(header(7<<20), make([]byte, wire.MaxMessage+1)...))
			_ = err // the server may close before all is written
			s.closes(big, "the message is too big")
			bad := s.raw(l)
			for range 20 {
				if _, err := bad.Write(append(header(9), "{\"type\":1"...)); err != nil {
					break
				}
			}
			s.closes(bad, "too many messages are malformed")
			s.talk(ann, ben)
		},
		Defence: "the server reads no message beyond its limit, and ends who sends nonsense",
		Without: []Edit{{"signaling/socket.go", "k.ws.SetReadLimit(wire.MaxMessage)", "k.ws.SetReadLimit(10 * wire.MaxMessage)"}},
	},
	{
		Name: "server that says nonsense", Claim: "C15",
		Do: func(t *Trial) {
			t.try("the server answers a real participant with messages of no sense, of other types, and of 5 MiB")
			s := t.server()
			l := s.room()
			ann, ben := s.enter(l, "Ann"), s.enter(l, "Ben")
			s.until("Ann and Ben are together", func() bool {
				return len(ann.Report().Members) == 2 && len(ben.Report().Members) == 2
			})
			for _, text := range []string{
				"", "{", "[]", `{"type":"joined"}`, `{"type":"committed","seq":-1}`, `{"type":"nothing","n":1}`,
				`{"type":"said","n":1,"seq":99999,"generation":1,"epoch":0,"from":"x","body":"` + strings.Repeat("A", 5<<20) + `"}`,
				`{"type":"caught_up","generation":4294967295,"seq":4294967295}`,
			} {
				s.inject("Ann", text)
			}
			s.talk(ann, ben)
		},
		Defence: "what cannot be read is dropped with its number; none of its own",
	},
}

// shown lets a participant look at a room whose card the server has replaced.
func shown(t *Trial, tried string, forge func(c link.Card, host ed25519.PrivateKey, l link.Link) []byte) {
	t.try("%s", tried)
	public, host, err := ed25519.GenerateKey(rand.Reader)
	t.check(err, "making a host key")
	l := link.Link{Room: link.RoomOf(public), Secret: link.NewSecret()}
	card := forge(link.Card{HostKey: public, Suite: link.Suite, LinkNumber: 1, Created: time.Now(), Title: "The meeting"}, host, l)
	var asked atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/look" {
			http.NotFound(w, r)
			return
		}
		asked.Store(true)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(wire.EncodeBody(wire.Looked{Card: card})) // the client notices
	}))
	defer server.Close()
	l.Server = server.URL
	c, err := client.New(client.Config{Link: l, Name: "Ann", Log: slog.New(slog.DiscardHandler)})
	t.check(err, "making a participant")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx) }()
	// Whoever takes the card goes on to the socket, and stays there until it is told to leave.
	for title := ""; ; {
		select {
		case err := <-result:
			t.must(asked.Load(), "the participant does not ask for the card")
			t.noticed = err != nil
			t.sawf("Ann", "%v", err)
			t.goal(title != "", "Ann reads the title "+title)
			return
		case <-time.After(10 * time.Millisecond):
			if title = c.Report().Title; title != "" {
				cancel()
			}
		}
	}
}

// A server is the real signaling server on loopback, behind a proxy that reads
// and writes what goes through.
type server struct {
	t       *Trial
	url     string // of the proxy
	behind  string // of the server itself
	rewrite atomic.Value
	mu      sync.Mutex
	// Guarded by mu.
	sockets map[string]func(text string) // by name: to the participant
	next    string                       // who connects next
}

func (t *Trial) server() *server {
	cfg := signaling.DefaultConfig()
	free := signaling.Budget{PerSecond: math.MaxFloat64, Burst: math.MaxInt32}
	cfg.Budgets = signaling.Budgets{Create: free, Look: free, Socket: free, Messages: free, Bytes: free}
	meetings := signaling.New(cfg)
	behind := httptest.NewServer(meetings)
	s := &server{t: t, behind: behind.URL, sockets: map[string]func(string){}}
	s.rewrite.Store(func(_ string, m any) any { return m })
	front := httptest.NewServer(s.proxy())
	s.url = front.URL
	t.cleanup = append(t.cleanup, func() {
		front.CloseClientConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = meetings.Close(ctx) // the end of a hostile server
		front.Close()
		behind.Close()
	})
	return s
}

func (s *server) room() link.Link {
	l, err := client.NewRoom(context.Background(), s.url, "The meeting")
	s.t.check(err, "making a room")
	return l
}

// enter lets a real participant in, who sends no media.
func (s *server) enter(l link.Link, name string) *client.Client {
	return s.enterWith(client.Config{Link: l, Name: name})
}

func (s *server) enterWith(cfg client.Config) *client.Client {
	name := cfg.Name
	cfg.Log = slog.New(slog.DiscardHandler)
	c, err := client.New(cfg)
	s.t.check(err, "making a participant")
	s.mu.Lock()
	s.next = name
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(ctx) // what it saw is in its report
	}()
	s.t.cleanup = append(s.t.cleanup, func() { cancel(); <-done })
	s.until(name+" has a socket", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.sockets[name] != nil
	})
	return c
}

func (s *server) until(what string, is func() bool) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(15 * time.Second)
	defer late.Stop()
	for !is() {
		select {
		case <-late.C:
			panic(obstacle("it does not happen that " + what))
		case <-tick.C:
		}
	}
}

// talk lets Ann and Ben talk; the attacker wants them not to.
func (s *server) talk(ann, ben *client.Client) {
	for _, p := range []*client.Client{ann, ben} {
		p.Say(context.Background(), "I am here")
	}
	heard := func(c *client.Client) bool {
		n := 0
		for _, line := range c.Report().Chat {
			if line.Text == "I am here" {
				n++
			}
		}
		return n == 2
	}
	late := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for (!heard(ann) || !heard(ben)) && time.Now().Before(late) {
		<-tick.C
	}
	for name, c := range map[string]*client.Client{"Ann": ann, "Ben": ben} {
		r := c.Report()
		s.t.sawf(name, "is %s with %d in the roster, has heard %d lines", r.Phase, len(r.Members), len(r.Chat))
	}
	s.t.goal(!heard(ann) || !heard(ben), "Ann and Ben do not hear each other")
}

// raw opens a socket by hand and joins.
func (s *server) raw(l link.Link) net.Conn {
	address := strings.TrimPrefix(s.behind, "http://")
	conn, err := net.Dial("tcp", address)
	s.t.check(err, "connecting")
	s.t.cleanup = append(s.t.cleanup, func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	key := base64.StdEncoding.EncodeToString(make([]byte, 16))
	_, err = fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", address, key)
	s.t.check(err, "upgrading")
	var got []byte
	b := make([]byte, 4096)
	wait := func(what string) {
		for !bytes.Contains(got, []byte(what)) {
			n, broken := conn.Read(b)
			s.t.check(broken, "waiting for the server")
			got = append(got, b[:n]...)
		}
	}
	wait("\r\n\r\n")
	join := wire.EncodeClient(wire.Head{}, wire.Join{Room: string(l.Room), Token: l.Keys().Token.Reveal()})
	_, err = conn.Write(append(header(len(join)), join...))
	s.t.check(err, "joining")
	wait(`"joined"`)
	return conn
}

// header is that of a websocket text message from a client, masked with zeros.
func header(n int) []byte {
	const masked = 0x80
	switch {
	case n < 126:
		return []byte{0x81, masked | byte(n), 0, 0, 0, 0}
	case n < 1<<16:
		return []byte{0x81, masked | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}
	}
	return []byte{0x81, masked | 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 0, 0, 0, 0}
}

// answers reports whether the server says something on a socket soon.
func (s *server) answers(conn net.Conn, what string) bool {
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var got []byte
	b := make([]byte, 4096)
	for !bytes.Contains(got, []byte(what)) {
		n, err := conn.Read(b)
		if got = append(got, b[:n]...); err != nil {
			return false
		}
	}
	return true
}

// closes notes whether the server ends a socket.
func (s *server) closes(conn net.Conn, why string) {
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := io.Copy(io.Discard, conn)
	open := errors.Is(err, os.ErrDeadlineExceeded)
	s.t.sawf("server", "ends the socket: %t", !open)
	s.t.goal(open, "the server goes on listening though "+why)
}
