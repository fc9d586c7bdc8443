package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"incamera/signaling/wire"
)

// binary builds the server once, with the race detector.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "incamera-test-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	file := filepath.Join(dir, "incamera")
	out, err := exec.Command("go", "build", "-race", "-ldflags", "-X main.version=v0.test", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return file, nil
})

// builtIn is where binary has put it; empty: no test has asked for it, and it
// would take a minute. Owned by the one call of binary until m.Run returns.
var builtIn string

func TestMain(m *testing.M) {
	code := m.Run()
	if builtIn != "" {
		_ = os.RemoveAll(builtIn) // what is left is in a temporary folder
	}
	os.Exit(code)
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // a busy machine is slow; who hangs is to be seen
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // a second of sleep for each process otherwise
	return cmd
}

// A process is a server that runs.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	stdout []string // lines up to and with the ready line
	rest   chan string
	stderr *safeBuffer
}

// safeBuffer is written by the process's pipe and read by the test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var readyLine = regexp.MustCompile(`^Incamera is ready: (https?://\S+)$`)

// start runs `incamera serve` until it says that it is ready.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startCommand(t, command(t, append([]string{"serve"}, args...)...))
}

// startCommand is start for a command that is prepared already.
func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, stderr: &safeBuffer{}, rest: make(chan string, 1)}
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for p.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("ended before it was ready: %v\n%s", err, p.stderr)
		}
		p.stdout = append(p.stdout, strings.TrimSuffix(line, "\n"))
		if m := readyLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			p.url = m[1]
		}
	}
	go func() {
		b, _ := io.ReadAll(lines)
		p.rest <- string(b)
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// stop sends a signal and checks that the process ends well, and said nothing
// more.
func (p *process) stop(signal os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	if rest := <-p.rest; rest != "" {
		p.t.Errorf("on stdout after the ready line: %q", rest)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%v\n%s", err, p.stderr)
	}
}

func (p *process) port() string { return p.url[strings.LastIndex(p.url, ":")+1:] }

func TestUsage(t *testing.T) {
	for name, tc := range map[string]struct {
		args   []string
		code   int
		output string
	}{
		"no command":         {nil, 2, `expected one of "serve", "check-config"`},
		"an unknown command": {[]string{"dance"}, 2, "unexpected argument dance"},
		"an unknown flag":    {[]string{"serve", "--port", "80"}, 2, "unknown flag --port"},
		"plain HTTP":         {[]string{"serve", "--listen", "0.0.0.0:8080"}, 2, "secure pages only"},
		"metrics for all":    {[]string{"serve", "--metrics", ":9090"}, 2, "loopback only"},
		"two problems":       {[]string{"serve", "--listen", "x", "--tls", "y"}, 2, "the only value is self-signed"},
		"a log format":       {[]string{"serve", "--log-format", "xml"}, 2, "text"},
		"no certificate":     {[]string{"serve", "--listen", "127.0.0.1:0", "--metrics", "", "--tls-cert", "gone", "--tls-key", "gone"}, 1, "--tls-cert and --tls-key"},
		"somebody's address": {[]string{"serve", "--listen", "192.0.2.1:8080", "--metrics", "", "--behind-proxy"}, 1, "this machine does not have that address"},
		"version":            {[]string{"version"}, 0, "incamera v0.test go1."},
		"help":               {[]string{"serve", "--help"}, 0, "$INCAMERA_LISTEN"},
	} {
		out, err := command(t, tc.args...).CombinedOutput()
		var exit *exec.ExitError
		code := 0
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if code != tc.code || !strings.Contains(string(out), tc.output) {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
}

func TestPortInUse(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for protocol, addr := range map[string]string{"TCP": tcp.Addr().String(), "UDP": udp.LocalAddr().String()} {
		out, err := command(t, "serve", "--listen", addr, "--metrics", "").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "cannot listen on "+protocol+" "+addr) || !strings.Contains(string(out), "choose another port with --listen") {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

func TestServeAndStop(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, "--listen", "127.0.0.1:0", "--metrics", "")
		if len(p.stdout) != 1 || !strings.HasPrefix(p.url, "http://localhost:") {
			t.Errorf("stdout: %q", p.stdout)
		}
		if _, err := net.ListenPacket("udp", "127.0.0.1:"+p.port()); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("UDP of the same number is free: %v", err)
		}
		ws := p.join("a")
		began := time.Now()
		p.stop(signal)
		if took := time.Since(began); took > drainTime {
			t.Errorf("stopping took %v", took)
		}
		var err error
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
		if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("the socket ended with %v", err)
		}
	}
}

// join makes a room and enters it.
func (p *process) join(seed string) *websocket.Conn {
	p.t.Helper()
	key, token := sha256.Sum256([]byte("key"+seed)), sha256.Sum256([]byte("token"+seed))
	hash, digest := sha256.Sum256(token[:]), sha256.Sum256(append([]byte("incamera room v1"), key[:]...))
	room := strings.ToLower(base32.StdEncoding.EncodeToString(digest[:]))[:wire.RoomLength]
	body := wire.EncodeBody(wire.CreateRoom{Room: room, HostKey: key[:], TokenHash: hash[:], Card: []byte("card")})
	res, err := http.Post(p.url+"/api/rooms", "application/json", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		p.t.Fatal(res.Status)
	}
	ws, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.url, "http")+"/ws", http.Header{"Origin": {p.url}})
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	p.t.Cleanup(func() { ws.Close() })
	if err := ws.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.Head{}, wire.Join{Room: room, Token: token[:]})); err != nil {
		p.t.Fatal(err)
	}
	if _, b, err := ws.ReadMessage(); err != nil || !bytes.Contains(b, []byte(`{"type":"joined"`)) {
		p.t.Fatalf("%s, %v", b, err)
	}
	return ws
}

// TestLogIsSilent: the log holds nothing that names a room, a session or a
// person, and shows that something happened.
func TestLogIsSilent(t *testing.T) {
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", "", "--log-format", "json")
	ws := p.join("b")
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"canary","n":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, b, err := ws.ReadMessage(); err != nil || !bytes.Contains(b, []byte("failed")) {
		t.Fatalf("%s, %v", b, err)
	}
	p.stop(syscall.SIGTERM)
	digest := sha256.Sum256(append([]byte("incamera room v1"), func() []byte { k := sha256.Sum256([]byte("keyb")); return k[:] }()...))
	room := strings.ToLower(base32.StdEncoding.EncodeToString(digest[:]))[:10]
	log := p.stderr.String()
	for _, bad := range []string{"canary", room, "127.0.0.1"} {
		if strings.Contains(log, bad) {
			t.Errorf("the log has %s:\n%s", bad, log)
		}
	}
	if !strings.Contains(log, `"msg":"session joined"`) || !strings.HasPrefix(log, `{"time":`) {
		t.Errorf("log:\n%s", log)
	}
}

func TestEnvironmentAndMetrics(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics := free.Addr().String()
	free.Close()
	t.Setenv("INCAMERA_LISTEN", "127.0.0.1:0")
	t.Setenv("INCAMERA_METRICS", metrics)
	p := start(t)
	res, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(b), `incamera_build_info{version="v0.test"} 1`) {
		t.Errorf("%s, %v", b, err)
	}
	if want := fmt.Sprintf("go_gc_gogc_percent %d\n", gcPercent); !strings.Contains(string(b), want) {
		t.Errorf("no %q in %s", want, b)
	}
	second := start(t)           // the metrics port is taken: told, and served all the same
	second.stop(syscall.SIGTERM) // first: its log comes by a pipe of its own, and is whole once it has ended
	if !strings.Contains(second.stderr.String(), "no metrics") {
		t.Errorf("log: %s", second.stderr)
	}
	p.stop(syscall.SIGTERM)
}

// TestMemoryIsTheOperators: who says by GOGC how much memory garbage may take is
// not overruled.
func TestMemoryIsTheOperators(t *testing.T) {
	metrics := freeAddress(t)
	t.Setenv("GOGC", "80")
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", metrics)
	defer p.stop(syscall.SIGTERM)
	res, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(b), "go_gc_gogc_percent 80\n") {
		t.Errorf("%s, %v", b, err)
	}
}

func TestSelfSignedServer(t *testing.T) {
	dir := t.TempDir()
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", "", "--tls", "self-signed", "--data", dir)
	if len(p.stdout) != 4 || !strings.HasPrefix(p.url, "https://localhost:") {
		t.Fatalf("stdout: %q", p.stdout)
	}
	text, err := os.ReadFile(filepath.Join(dir, "authority.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	res, err := client.Get(p.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := fingerprint(res.TLS.PeerCertificates[0].Raw); res.StatusCode != 200 || !strings.HasSuffix(p.stdout[1], got) {
		t.Errorf("%s, %s is not the printed fingerprint", res.Status, got)
	}
	// The authority is where the third line says, and is the one of the first.
	if res, err = client.Get(p.url + authorityPath); err != nil {
		t.Fatal(err)
	}
	der, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !strings.HasSuffix(p.stdout[0], fingerprint(der)) || !strings.Contains(p.stdout[2], p.url+authorityPath) {
		t.Errorf("%s has %d bytes, %v; printed: %q", authorityPath, len(der), err, p.stdout)
	}
	p.stop(syscall.SIGTERM)
}

// TestBinaryHasNoKeys looks for the packages that hold keys in the binary
// itself: function names carry their package's path.
func TestBinaryHasNoKeys(t *testing.T) {
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("incamera/signaling/room.(*Room).Run")) {
		t.Fatal("the search finds nothing")
	}
	if bytes.Contains(b, []byte("incamera/e2ee")) {
		t.Error("the server contains incamera/e2ee")
	}
}
