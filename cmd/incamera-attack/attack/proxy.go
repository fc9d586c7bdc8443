package attack

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"github.com/gorilla/websocket"

	"incamera/signaling/wire"
)

// proxy passes HTTP on as it is, and takes part in each socket.
func (s *server) proxy() http.Handler {
	to, err := url.Parse(s.behind)
	s.t.check(err, "reading the server's address")
	plain := httputil.NewSingleHostReverseProxy(to)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		name := s.next
		named := name != "" && r.URL.Path == "/ws"
		if named {
			s.next = ""
		}
		s.mu.Unlock()
		if !named {
			plain.ServeHTTP(w, r)
			return
		}
		s.relay(name, "ws"+strings.TrimPrefix(s.behind, "http")+"/ws", w, r)
	})
}

// relay is one participant's socket, from its beginning to its end.
func (s *server) relay(name, behind string, w http.ResponseWriter, r *http.Request) {
	far, resp, err := websocket.DefaultDialer.Dial(behind, nil)
	if err != nil {
		http.Error(w, "no server", http.StatusBadGateway)
		return
	}
	_ = resp.Body.Close() // of the upgrade; it has none
	upgrader := websocket.Upgrader{}
	near, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		_ = far.Close()
		return
	}
	var writing sync.Mutex
	tell := func(text []byte) error {
		writing.Lock()
		defer writing.Unlock()
		return near.WriteMessage(websocket.TextMessage, text)
	}
	s.mu.Lock()
	s.sockets[name] = func(text string) { _ = tell([]byte(text)) } // a broken socket is seen by its reader
	s.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() {
		defer func() { _, _ = near.Close(), far.Close() }()
		for {
			_, b, err := near.ReadMessage()
			if err != nil {
				return
			}
			if head, m, err := wire.DecodeClient(b); err == nil {
				rewrite, _ := s.rewrite.Load().(func(string, any) any)
				b = wire.EncodeClient(head, rewrite(name, m))
			}
			if far.WriteMessage(websocket.TextMessage, b) != nil {
				return
			}
		}
	})
	both.Go(func() {
		defer func() { _, _ = near.Close(), far.Close() }()
		for {
			_, b, err := far.ReadMessage()
			if err != nil || tell(b) != nil {
				return
			}
		}
	})
	both.Wait()
}

// inject says something to a participant that the server never said.
func (s *server) inject(name, text string) {
	s.mu.Lock()
	say := s.sockets[name]
	s.mu.Unlock()
	s.t.must(say != nil, "%s has no socket", name)
	say(text)
}
