package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"incamera/signaling/wire"
)

var kills = flag.Int("kills", 1, "how often TestServerKilled kills the server")

// operationsToKill is how many random operations a killed server is in the
// middle of.
const operationsToKill = 200

// canary is in everything that is of a meeting.
const canary = "CANARY-of-a-meeting"

// An invited is what a server has said of an invite.
type invited struct {
	secret  []byte
	uses    int
	revoked bool
}

// killing is a server that is killed time and again, and what it has said to be
// done.
type killing struct {
	*process
	client http.Client
	token  string
	said   map[string]*invited
	doubt  string // the id of what was under way when the server was killed; "new": an invite
	socket *websocket.Conn
	sent   uint32 // messages on it after the join
	rooms  int

	failure error // of the latest operation that was not done
}

// TestServerKilled kills a server in the middle of random operations over its
// API and its socket. Whatever it has said to be done is done after that, the
// log's chain holds, and nothing of a meeting is on the disk.
func TestServerKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	k := &killing{said: map[string]*invited{}}
	k.client.Transport = &http.Transport{}
	done := 0
	for round := range *kills {
		k.process = start(t, "--listen", "127.0.0.1:0", "--behind-proxy", "--metrics", "", "--data", dir)
		if k.token == "" {
			out, err := command(t, "token", "create", "--data", dir).Output()
			if err != nil {
				t.Fatal(err)
			}
			k.token, _, _ = strings.Cut(string(out), "\n")
		}
		k.compare()
		k.join("kill-me")
		left := rand.IntN(operationsToKill)
		for ; left > 0; left-- {
			if !k.operation() {
				t.Fatalf("round %d: an operation failed while the server ran: %v\n%s", round, k.failure, k.stderr)
			}
			done++
		}
		// One is under way when the end comes, which is at its beginning, middle or end.
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range rand.IntN(50) {
				_, _ = os.ReadDir("/proc/self") // a moment
			}
			_ = k.cmd.Process.Kill() // SIGKILL
		}()
		for k.operation() {
			done++
		}
		<-ended
		<-k.rest
		_ = k.cmd.Wait() // it was killed
		k.client.CloseIdleConnections()
		if out, err := command(t, "audit", "--data", dir).CombinedOutput(); err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, out)
		}
		lookForCanary(t, dir)
	}
	k.process = start(t, "--listen", "127.0.0.1:0", "--behind-proxy", "--metrics", "", "--data", dir)
	k.compare()
	k.stop(os.Interrupt)
	fmt.Printf("%d kills, %d operations, %d invites, %d meetings\n", *kills, done, len(k.said), k.rooms)
	if done == 0 || len(k.said) == 0 && *kills > 3 {
		t.Error("nothing was done")
	}
}

// ask carries out a request of the operators' API, or of a participant.
func (k *killing) ask(method, path string, body []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequest(method, k.url+path, bytes.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+k.token)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", rand.IntN(256), rand.IntN(256))) // nobody's share is used up
	res, err := k.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// operation does one thing, and notes that it was done when the server says so.
// It is false when the server is gone; then it may be done or not.
func (k *killing) operation() bool {
	var ids []string
	for id := range k.said {
		ids = append(ids, id)
	}
	what := rand.IntN(4)
	if len(ids) == 0 {
		what = 0
	}
	switch what {
	case 0:
		k.doubt = "new"
		uses := 1 + rand.IntN(3)
		status, answer, err := k.ask(http.MethodPost, "/api/admin/passes", fmt.Appendf(nil, `{"kind":"invite","uses":%d}`, uses))
		var made struct {
			Pass   struct{ ID string }
			Secret string
		}
		if err != nil || status != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
			return k.gone(err, status, answer)
		}
		secret, err := base64.RawURLEncoding.DecodeString(made.Secret)
		if err != nil {
			k.t.Fatal(err)
		}
		k.said[made.Pass.ID] = &invited{secret: secret, uses: uses}
	case 1:
		k.doubt = ids[rand.IntN(len(ids))]
		status, answer, err := k.ask(http.MethodDelete, "/api/admin/passes/"+k.doubt, nil)
		if err != nil || status != http.StatusOK {
			return k.gone(err, status, answer)
		}
		k.said[k.doubt].revoked = true
	case 2:
		k.doubt = ids[rand.IntN(len(ids))]
		p := k.said[k.doubt]
		k.rooms++
		l := roomFor(fmt.Sprint("killed", k.rooms))
		l.Card, l.Invite = []byte(canary+" card"), p.secret
		status, answer, err := k.ask(http.MethodPost, "/api/rooms", wire.EncodeBody(l))
		switch holds := p.uses > 0 && !p.revoked; {
		case err != nil || status != http.StatusCreated && status != http.StatusForbidden:
			return k.gone(err, status, answer)
		case holds != (status == http.StatusCreated):
			k.t.Fatalf("an invite of %d uses, revoked %t: %d %s", p.uses, p.revoked, status, answer)
		case holds:
			p.uses--
		}
	default:
		k.doubt = ""
		k.sent++ // what is out of order, or malformed, is a fault, and few end a session
		err := k.socket.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.Head{N: k.sent}, wire.App{Generation: 1, Body: []byte(canary + " words")}))
		if err != nil {
			return k.gone(err, 0, nil)
		}
	}
	k.doubt = ""
	return true
}

// gone tells a server that is killed from one that fails.
func (k *killing) gone(err error, status int, answer []byte) bool {
	if err == nil {
		k.t.Fatalf("%d %s", status, answer)
	}
	k.failure = err
	return false
}

// compare has the server tell which passes there are. What was under way may be
// done or not, as a whole.
func (k *killing) compare() {
	k.t.Helper()
	status, answer, err := k.ask(http.MethodGet, "/api/admin/passes", nil)
	var is struct {
		Passes []struct {
			ID, Kind string
			Uses     int
			Revoked  bool
		}
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(answer, &is) != nil {
		k.t.Fatalf("%d %s, %v", status, answer, err)
	}
	there := 0
	for _, p := range is.Passes {
		said := k.said[p.ID]
		switch {
		case p.Kind != "invite":
			continue
		case said == nil && k.doubt == "new":
			k.doubt = "" // made, and nobody knows its secret
			continue
		case said == nil:
			continue // of a round before
		}
		there++
		if p.ID == k.doubt && (said.revoked || !p.Revoked || p.Uses == said.uses) && (p.Uses == said.uses || p.Uses == said.uses-1) {
			said.uses, said.revoked = p.Uses, p.Revoked
		}
		if said.uses != p.Uses || said.revoked != p.Revoked {
			k.t.Errorf("invite %s has %d uses, revoked %t; the server had said %d, %t", p.ID, p.Uses, p.Revoked, said.uses, said.revoked)
		}
	}
	if there != len(k.said) {
		k.t.Errorf("%d of %d invites are there", there, len(k.said))
	}
	k.doubt = ""
}

// join enters a room whose card and messages are to be nowhere.
func (k *killing) join(seed string) {
	k.t.Helper()
	l := roomFor(seed)
	out, err := command(k.t, "invite", "create", "--data", k.cmd.Args[len(k.cmd.Args)-1]).CombinedOutput()
	m := passLinkPattern.FindStringSubmatch(strings.Replace(string(out), "http:", "https:", 1))
	if err != nil || m == nil {
		k.t.Fatalf("%v\n%s", err, out)
	}
	if l.Invite, err = base64.RawURLEncoding.DecodeString(m[3]); err != nil {
		k.t.Fatal(err)
	}
	l.Card = []byte(canary + " card")
	if status, answer, askErr := k.ask(http.MethodPost, "/api/rooms", wire.EncodeBody(l)); askErr != nil || status != http.StatusCreated {
		k.t.Fatalf("%d %s, %v", status, answer, askErr)
	}
	ws, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(k.url, "http")+"/ws", nil)
	if err != nil {
		k.t.Fatal(err)
	}
	_ = res.Body.Close() // of the upgrade: empty
	k.t.Cleanup(func() { ws.Close() })
	if err := ws.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.Head{}, wire.Join{Room: l.Room, Token: tokenFor(seed)})); err != nil {
		k.t.Fatal(err)
	}
	if _, b, err := ws.ReadMessage(); err != nil || !bytes.Contains(b, []byte(`{"type":"joined"`)) {
		k.t.Fatalf("%s, %v", b, err)
	}
	// Who does not answer pings is gone after a while, and operations take long on a busy machine.
	go func() {
		for {
			if _, _, gone := ws.ReadMessage(); gone != nil {
				return
			}
		}
	}()
	k.socket, k.sent = ws, 1
	if err := ws.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.Head{N: k.sent}, wire.Found{Generation: 1})); err != nil {
		k.t.Fatal(err)
	}
}

// lookForCanary reads every file that the server could have written.
func lookForCanary(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:24]} {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("%s holds something of a meeting", path)
			}
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}
