package attack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/signaling/delivery"
	"incamera/signaling/wire"
)

// Member joins a meeting on a real server as a member that keeps to no rules,
// for attacks on pages. It tells out when it is in, and when the server has ordered its commit; each
// line of in is an order: "ghost" adds a leaf called Ghost past whatever the
// meeting's rules are. It ends with in.
func Member(ctx context.Context, text, name string, in io.Reader, out io.Writer) (err error) {
	l, err := link.Parse(text)
	if err != nil {
		return err
	}
	defer func() {
		if o, is := recover().(obstacle); is {
			err = fmt.Errorf("joining as a hostile member: %s", o)
		}
	}()
	t := &Trial{}
	m := &meeting{t: t, now: time.Now(), link: l, service: delivery.New()}
	m.cfg = cardOf(t, l)
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(l.Server, "http")+"/ws", nil)
	if err != nil {
		return fmt.Errorf("joining as a hostile member: %w", err)
	}
	_ = resp.Body.Close() // of the upgrade; it has none
	conn.SetReadLimit(wire.MaxMessage)
	defer func() { _ = conn.Close() }()

	var mu sync.Mutex // guards all that follows, and Mallory
	sent, received := uint32(0), uint32(0)
	write := func(h wire.Head, msg any) {
		h.Ack = received
		t.check(conn.WriteMessage(websocket.TextMessage, wire.EncodeClient(h, msg)), "writing to the server")
	}
	x := &mallory{m: m, asked: map[wire.SessionID][]byte{}}
	x.p = &person{m: m, name: name, raw: x.hear}
	m.people = []*person{x.p}
	m.toServer = func(_ *person, msg any) []any { // the server is elsewhere
		if c, is := msg.(wire.Commit); is && len(c.To) == 0 {
			c.Welcome, c.Tree = nil, nil // the server wants somebody to welcome
			msg = c
		}
		sent++
		write(wire.Head{N: sent}, msg)
		return nil
	}
	t.check(conn.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.Head{}, wire.Join{Room: string(l.Room), Token: l.Keys().Token.Reveal()})), "joining")

	hears := make(chan error, 1)
	go func() { hears <- x.listen(conn, &mu, &received, func() { write(wire.Head{}, wire.Ack{}) }, out) }()
	orders := bufio.NewScanner(in)
	for orders.Scan() {
		mu.Lock()
		if orders.Text() == "ghost" && x.group != nil {
			x.commit([]wire.SessionID{}, x.psk(), mls.Add(x.keyPackage(says{session: "ghost", name: "Ghost"}).Public))
		}
		mu.Unlock()
	}
	_ = conn.Close()
	<-hears // ends with the connection; why is no news
	return nil
}

// listen takes what the server says until the connection ends.
func (x *mallory) listen(conn *websocket.Conn, mu *sync.Mutex, received *uint32, ack func(), out io.Writer) (err error) {
	defer func() {
		if o, is := recover().(obstacle); is {
			err = fmt.Errorf("%s", o)
			_ = conn.Close()
		}
	}()
	told := false
	for {
		_, b, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		h, msg, err := wire.DecodeServer(b)
		if err != nil {
			continue
		}
		mu.Lock()
		*received = max(*received, h.N)
		x.m.now = time.Now()
		if j, is := msg.(wire.Joined); is {
			x.p.session = j.Session
		} else {
			ack()
		}
		x.m.tell(x.p, msg)
		switch msg := msg.(type) {
		case wire.CommitRefused, wire.Failed:
			fmt.Fprintf(out, "refused: %+v\n", msg)
		case wire.Committed:
			if msg.From == x.p.session {
				fmt.Fprintln(out, "committed")
			}
		}
		if x.group != nil && !told {
			told = true
			fmt.Fprintln(out, "in")
		}
		mu.Unlock()
	}
}

// cardOf looks at a real room.
func cardOf(t *Trial, l link.Link) group.Config {
	body := wire.EncodeBody(wire.Look{Room: string(l.Room), Token: l.Keys().Token.Reveal()})
	answer, err := http.Post(l.Server+"/api/look", "application/json", bytes.NewReader(body)) //nolint:gosec,noctx // on loopback
	t.check(err, "looking at the room")
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	t.check(err, "looking at the room")
	looked, err := wire.DecodeBody[wire.Looked](b)
	t.check(err, "reading the room's card")
	card, encoded, err := link.OpenCard(l.Keys().Card, l.Room, looked.Card)
	t.check(err, "opening the room's card")
	return group.Config{Room: l.Room, Keys: l.Keys(), Card: card, Hash: link.CardHash(encoded)}
}
