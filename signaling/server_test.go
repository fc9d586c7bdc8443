package signaling

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"incamera/signaling/wire"
)

// A fixture is a server on loopback.
type fixture struct {
	*Server
	t    testing.TB
	http *httptest.Server
}

// serve starts a server without limits of rate; change may set others.
func serve(t testing.TB, change func(*Config)) *fixture {
	t.Helper()
	cfg := DefaultConfig()
	free := Budget{PerSecond: math.MaxFloat64, Burst: math.MaxInt32}
	cfg.Budgets = Budgets{Create: free, Look: free, Redeem: free, Socket: free, SignIn: free, Admin: free, File: free, Probe: free, Messages: free, Bytes: free}
	if change != nil {
		change(&cfg)
	}
	s := New(cfg)
	f := &fixture{s, t, httptest.NewServer(s)}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		f.http.Close()
	})
	return f
}

// A link is what a participant knows of a room.
type link struct {
	room           string
	hostKey, token []byte
}

func newLink(seed string) link {
	key, tok := sha256.Sum256([]byte("key "+seed)), sha256.Sum256([]byte("token "+seed))
	return link{roomOf(key[:]), key[:], tok[:]}
}

func (l link) create() wire.CreateRoom {
	hash := sha256.Sum256(l.token)
	return wire.CreateRoom{Room: l.room, HostKey: l.hostKey, TokenHash: hash[:], Card: []byte("sealed card")}
}

// room makes a room on the server.
func (f *fixture) room(seed string) link {
	f.t.Helper()
	l := newLink(seed)
	if status, body := f.post("/api/rooms", wire.EncodeBody(l.create())); status != http.StatusCreated {
		f.t.Fatalf("create: %d %s", status, body)
	}
	return l
}

func (f *fixture) post(path string, body []byte, headers ...string) (status int, answer string) {
	f.t.Helper()
	r, err := http.NewRequest(http.MethodPost, f.http.URL+path, bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return f.send(r)
}

// send returns an answer with everything that a client could tell it by.
func (f *fixture) send(r *http.Request) (status int, answer string) {
	f.t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	res.Header.Del("Date")
	return res.StatusCode, fmt.Sprint(res.Header, string(b))
}

func TestCreate(t *testing.T) {
	f := serve(t, func(c *Config) { c.MaxRooms = 2 })
	l := f.room("a")
	if status, body := f.post("/api/rooms", wire.EncodeBody(l.create())); status != http.StatusCreated || !strings.HasSuffix(body, "{}") {
		t.Errorf("the same again: %d %s", status, body)
	}
	other := l.create()
	other.Card = []byte("another card")
	if status, _ := f.post("/api/rooms", wire.EncodeBody(other)); status != http.StatusCreated {
		t.Errorf("the same with another card: %d", status)
	}
	if _, body := f.post("/api/look", wire.EncodeBody(wire.Look{Room: l.room, Token: l.token})); !strings.Contains(body, `{"card":"c2VhbGVkIGNhcmQ=","people":0}`) {
		t.Errorf("the first card does not stay: %s", body)
	}
	taken := l.create()
	taken.TokenHash = make([]byte, 32)
	forged := newLink("b").create()
	forged.HostKey = l.hostKey
	for name, tc := range map[string]struct {
		m    wire.CreateRoom
		want int
		code string
	}{
		"another token for the room": {taken, http.StatusConflict, "refused"},
		"another host's room":        {forged, http.StatusBadRequest, "invalid"},
	} {
		if status, body := f.post("/api/rooms", wire.EncodeBody(tc.m)); status != tc.want || !strings.Contains(body, `{"code":"`+tc.code+`"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	marked := l.create()
	marked.Mark = &wire.Mark{Number: 1, Body: []byte("sealed"), Signature: make([]byte, wire.SignatureSize)}
	if status, body := f.post("/api/rooms", wire.EncodeBody(marked)); status != http.StatusBadRequest {
		t.Errorf("a mark that the host has not signed: %d %s", status, body)
	}
	f.room("c")
	if status, body := f.post("/api/rooms", wire.EncodeBody(newLink("d").create())); status != http.StatusServiceUnavailable || !strings.Contains(body, `"full"`) {
		t.Errorf("third of two rooms: %d %s", status, body)
	}
}

// TestCreateAgain: whoever has the link makes the room again on a server that
// has forgotten it, with the host's mark, which never sinks.
func TestCreateAgain(t *testing.T) {
	host := ed25519.NewKeyFromSeed(make([]byte, 32))
	l := newLink("a")
	l.hostKey = host[32:]
	l.room = roomOf(l.hostKey)
	f := serve(t, nil)
	for _, step := range []struct{ said, kept uint32 }{{0, 0}, {4, 4}, {3, 4}, {5, 5}, {0, 5}} {
		m := l.create()
		if step.said > 0 {
			m.Mark = &wire.Mark{Number: step.said, Closed: true, Body: []byte("sealed")}
			statement := binary.BigEndian.AppendUint32([]byte("incamera mark v1\x00"+l.room), step.said)
			m.Mark.Signature = ed25519.Sign(host, append(statement, "\x01sealed"...))
		}
		if status, body := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
			t.Fatalf("%d: %d %s", step.said, status, body)
		}
		c := f.dial()
		c.write(wire.Head{}, wire.Join{Room: l.room, Token: l.token})
		_, b, err := c.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		_, first, err := wire.DecodeServer(b)
		if err != nil {
			t.Fatal(err)
		}
		if k := first.(wire.Joined).Mark; k == nil && step.kept != 0 || k != nil && k.Number != step.kept {
			t.Errorf("after %d the room shows %+v", step.said, k)
		}
	}
}

func TestRoomOf(t *testing.T) {
	// Computed with Python's hashlib and base64.
	if got, want := roomOf(make([]byte, 32)), "gr5ndpl3fkodvoaj2jngoczirp"; got != want {
		t.Errorf("room of the zero key is %s, want %s", got, want)
	}
}

func TestBadRequests(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	look := wire.EncodeBody(wire.Look{Room: l.room, Token: l.token})
	for name, tc := range map[string]struct {
		body []byte
		want int
	}{
		"empty":       {nil, 400},
		"not JSON":    {[]byte("canary"), 400},
		"a list":      {[]byte("[]"), 400},
		"null":        {[]byte("null"), 400},
		"short token": {[]byte(`{"room":"` + l.room + `","token":"AA=="}`), 400},
		"no room":     {[]byte(`{"token":"` + strings.Repeat("A", 43) + `="}`), 400},
		"two objects": {append(bytes.Clone(look), look...), 400},
		"too large":   {append(bytes.Clone(look), bytes.Repeat([]byte(" "), wire.MaxBody)...), 413},
	} {
		status, body := f.post("/api/look", tc.body)
		if status != tc.want || !strings.Contains(body, `{"code":"invalid"`) || strings.Contains(body, "canary") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _ := f.post("/api/look", look, "Content-Type", "text/plain"); status != 415 {
		t.Errorf("text/plain: %d", status)
	}
	for path, want := range map[string]int{"/api/look": 405, "/api/rooms": 405, "/api/": 404, "/api/rooms/x": 404, "/ws": 400} {
		r, err := http.NewRequest(http.MethodGet, f.http.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := f.send(r); status != want || !strings.Contains(body, `{"code":"invalid"`) {
			t.Errorf("GET %s: %d %s", path, status, body)
		}
	}
}

// TestOneAnswerForNoRoom: unknown, wrong token and expired cannot be told
// apart, neither by HTTP nor on the socket.
func TestOneAnswerForNoRoom(t *testing.T) {
	f := serve(t, func(c *Config) { c.Room.IdleNew = time.Nanosecond })
	expired := f.room("expired")
	f.loops.Wait()
	f.cfg.Room.IdleNew = time.Hour
	here := f.room("here")
	unknown := newLink("unknown")
	wrong := link{here.room, here.hostKey, unknown.token}
	if status, _ := f.post("/api/look", wire.EncodeBody(wire.Look{Room: here.room, Token: here.token})); status != http.StatusOK {
		t.Fatalf("the right token: %d", status)
	}
	var answers, refusals []string
	for _, l := range []link{unknown, wrong, expired} {
		status, answer := f.post("/api/look", wire.EncodeBody(wire.Look{Room: l.room, Token: l.token}))
		answers = append(answers, fmt.Sprint(status, answer))
		c := f.dial()
		c.write(wire.Head{}, wire.Join{Room: l.room, Token: l.token})
		_, first, err := c.ReadMessage()
		_, _, end := c.ReadMessage()
		refusals = append(refusals, fmt.Sprint(string(first), err, end))
	}
	for i := range answers {
		if answers[i] != answers[0] || !strings.HasPrefix(answers[i], "404") {
			t.Errorf("answers differ:\n%s\n%s", answers[0], answers[i])
		}
		if refusals[i] != refusals[0] || !strings.HasPrefix(refusals[i], `{"type":"refused","code":"refused"`) {
			t.Errorf("refusals differ:\n%s\n%s", refusals[0], refusals[i])
		}
	}
}

func TestOrigins(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	look := wire.EncodeBody(wire.Look{Room: l.room, Token: l.token})
	own := f.http.URL
	host := strings.TrimPrefix(own, "http://")
	for origin, want := range map[string]int{
		own:                      200,
		"":                       200, // no page
		"null":                   403,
		"https://evil.example":   403,
		own + ".evil.example":    403,
		own + "/":                403,
		"http://x@" + host:       403,
		"ftp://" + host:          403,
		"http://" + host[:6]:     403,
		"http://evil." + host:    403,
		"http://localhost:1":     403,
		"chrome-extension://abc": 403,
	} {
		h := http.Header{}
		headers := []string{}
		if origin != "" {
			h.Set("Origin", origin)
			headers = []string{"Origin", origin}
		}
		if status, body := f.post("/api/look", look, headers...); status != want {
			t.Errorf("%q: %d %s", origin, status, body)
		}
		if ws, status := f.knock(websocket.DefaultDialer, h); (ws != nil) != (want == 200) || want == 403 && status != 403 {
			t.Errorf("socket from %q: %d", origin, status)
		}
	}
	for site, want := range map[string]int{"same-origin": 200, "none": 200, "cross-site": 403, "same-site": 403} {
		if status, _ := f.post("/api/look", look, "Sec-Fetch-Site", site); status != want {
			t.Errorf("Sec-Fetch-Site %s: %d", site, status)
		}
	}
}

func TestRateOfRequests(t *testing.T) {
	f := serve(t, func(c *Config) {
		c.Budgets.Look = Budget{0, 2}
		c.Budgets.Socket = Budget{0, 1}
	})
	l := f.room("a")
	look := wire.EncodeBody(wire.Look{Room: l.room, Token: l.token})
	for i, want := range []int{200, 200, 429} {
		if status, body := f.post("/api/look", look); status != want {
			t.Errorf("request %d: %d %s", i, status, body)
		}
	}
	f.room("b") // another budget
	f.join(l)
	if _, status := f.knock(websocket.DefaultDialer, nil); status != 429 {
		t.Errorf("second socket: %d", status)
	}
}

func TestAddressLimiter(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := newAddressLimiter(Budget{1, 2})
	ip := func(s string) address { return address{netip.MustParseAddr(s)} }
	check := func(s string, want bool) {
		t.Helper()
		if got := l.allow(ip(s), now); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	check("192.0.2.1", true)
	check("192.0.2.1", true)
	check("192.0.2.1", false)
	check("192.0.2.2", true)
	check("2001:db8::1", true)
	check("2001:db8::ffff", true)
	check("2001:db8::2", false) // the same /64
	check("2001:db8:0:1::", true)
	now = now.Add(time.Second)
	check("192.0.2.1", true)
	check("192.0.2.1", false)

	for i := range maxAddresses + 100 {
		l.allow(ip(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()), now)
	}
	if len(l.seen) != maxAddresses {
		t.Errorf("%d addresses kept", len(l.seen))
	}
	check("198.51.100.1", false) // beyond, one budget for all, spent by now
	now = now.Add(addressIdle)
	check("198.51.100.2", true)
	if len(l.seen) != 1 {
		t.Errorf("%d addresses kept after they expired", len(l.seen))
	}
}

// TestSessionLimiter: a session that says too much is slowed down.
func TestSessionLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := DefaultBudgets()
		l := newSessionLimiter(b)
		began := time.Now()
		for range b.Messages.Burst + 50 {
			if err := l.wait(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(time.Millisecond); took != time.Second {
			t.Errorf("50 messages beyond the burst took %v", took)
		}
		time.Sleep(time.Minute)
		began = time.Now()
		for range 2 {
			if err := l.wait(t.Context(), wire.MaxMessage); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(time.Second); took != 8*time.Second {
			t.Errorf("two of the largest messages took %v", took)
		}
		began = time.Now()
		for range b.Types["since"].Burst + 3 {
			if err := l.waitType(t.Context(), "since"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(time.Millisecond); took != 3*time.Second {
			t.Errorf("3 sinces beyond the burst took %v", took)
		}
		if err := l.waitType(t.Context(), "ack"); err != nil {
			t.Error(err)
		}
	})
}

func TestAddresses(t *testing.T) {
	for _, tc := range []struct {
		remote, forwarded string
		proxy             bool
		want, log         string
	}{
		{"192.0.2.7:5000", "198.51.100.9", false, "192.0.2.7", "192.0.2.0/24"},
		{"[2001:db8:1:2::3]:5000", "", false, "2001:db8:1:2::3", "2001:db8:1::/48"},
		{"[::ffff:192.0.2.7]:5000", "", false, "192.0.2.7", "192.0.2.0/24"},
		{"127.0.0.1:5000", "203.0.113.1, 198.51.100.9", true, "198.51.100.9", "198.51.100.0/24"},
		{"127.0.0.1:5000", "", true, "127.0.0.1", "127.0.0.0/24"},
		{"127.0.0.1:5000", "rubbish", true, "invalid IP", "unknown"},
		{"@", "", false, "invalid IP", "unknown"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/ws", nil)
		r.RemoteAddr = tc.remote
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tc.forwarded)
		}
		s := &Server{cfg: Config{BehindProxy: tc.proxy}}
		a := s.address(r)
		if a.String() != tc.want || a.LogValue().String() != tc.log {
			t.Errorf("%+v: %s, logged as %s", tc, a, a.LogValue())
		}
	}
}
