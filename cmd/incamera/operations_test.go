package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// freeAddress returns a TCP address of this machine that nobody uses.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStrictSettings: what is mistyped is refused, wherever it stands, and the
// refusal names what was meant.
func TestStrictSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "incamera.toml")
	for name, tc := range map[string]struct {
		file, env string
		args      []string
		want      string
	}{
		"a flag":                {"", "", []string{"--listn", ":1"}, `did you mean "--listen"?`},
		"a variable":            {"", "INCAMERA_LISTN=:1", nil, "INCAMERA_LISTN, which is no setting (did you mean INCAMERA_LISTEN?); correct or unset it"},
		"a key":                 {"listen = \"127.0.0.1:0\"\n\ntls_key = \"x\"", "", nil, "incamera.toml:3: tls_key is no setting (did you mean tls-key?)"},
		"a key like no other":   {"turn = \"x\"", "", nil, "incamera.toml:1: turn is no setting; `incamera serve --help` lists them"},
		"a key of another kind": {"behind-proxy = \"yes\"", "", nil, `incamera.toml:1: behind-proxy is a text in "quotes", want true or false`},
		"one of a list":         {"advertise = \"203.0.113.7\"", "", nil, "want a list"},
		"no file":               {"", "", []string{"--config", "/gone.toml"}, "correct --config or make the file"},
		"an unsafe value":       {"metrics = \"0.0.0.0:9090\"", "", nil, "loopback only"},
		"two problems":          {"a = \"x\"\nbb = true", "INCAMERA_C=1", nil, "bb is no setting"},
		"files beyond all":      {"room-files = \"6000\"", "", nil, "a file must fit into what a meeting may have"},
		"files below nothing":   {"max-file = \"-1\"", "", nil, "--max-file -1: want a number of MB"},
		"too long a drain":      {"drain = \"48h\"", "", nil, "want a time from 0s to 24h"},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0"}, tc.args...)
		if tc.file != "" {
			writeFile(t, file, tc.file)
			args = append(args, "--config", file)
		}
		cmd := command(t, args...)
		if tc.env != "" {
			cmd.Env = append(cmd.Env, tc.env)
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitUsage || !strings.Contains(string(out), tc.want) {
			t.Errorf("%s: %v, want %q in\n%s", name, err, tc.want, out)
		}
	}
}

// TestSettingsInOrder: the flag wins over the environment, that over the file,
// and what is printed is a file that gives the same.
func TestSettingsInOrder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "incamera.toml")
	writeFile(t, file, "listen = \"127.0.0.1:1\"\nmetrics = \"127.0.0.1:2\"\nlog-format = \"json\"\nadvertise = [\"203.0.113.7\", \"2001:db8::1\"]\n")
	cmd := command(t, "check-config", "--listen", "127.0.0.1:3")
	cmd.Env = append(cmd.Env, "INCAMERA_METRICS=127.0.0.1:4", "INCAMERA_CONFIG="+file)
	printed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"listen = \"127.0.0.1:3\" # flag\n", "metrics = \"127.0.0.1:4\" # environment\n", "log-format = \"json\" # file\n",
		"advertise = [\"203.0.113.7\", \"2001:db8::1\"] # file\n", "behind-proxy = false # default\n", "drain = \"0s\" # default\n",
	} {
		if !strings.Contains(string(printed), want) {
			t.Errorf("no %q in\n%s", want, printed)
		}
	}
	writeFile(t, file, string(printed))
	again, err := command(t, "serve", "--config", file, "--print-config").Output()
	if err != nil {
		t.Fatal(err)
	}
	without := func(b []byte) string {
		var lines []string
		for l := range strings.Lines(string(b)) {
			value, _, _ := strings.Cut(l, " # ")
			lines = append(lines, value)
		}
		return strings.Join(lines, "\n")
	}
	if without(again) != without(printed) {
		t.Errorf("read again:\n%s\nwant\n%s", again, printed)
	}
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick, end := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("never: %s", what)
		}
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	cert, key, file := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "incamera.toml")
	first := writePair(t, cert, key, []string{"localhost"}, time.Now())
	writeFile(t, file, "log-level = \"info\"\n")
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", "", "--tls-cert", cert, "--tls-key", key, "--config", file)
	served := func() []byte {
		client := http.Client{Transport: insecure()}
		defer client.CloseIdleConnections()
		res, err := client.Get(p.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.TLS.PeerCertificates[0].Raw
	}
	if !bytes.Equal(served(), first) {
		t.Fatal("another certificate")
	}
	second := writePair(t, cert, key, []string{"localhost"}, time.Now())
	writeFile(t, file, "log-level = \"debug\"\ndrain = \"1m\"\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "configuration loaded", func() bool { return strings.Contains(p.stderr.String(), "configuration loaded") })
	if !bytes.Equal(served(), second) {
		t.Error("still the old certificate")
	}
	if log := p.stderr.String(); !strings.Contains(log, "setting=drain") || strings.Contains(log, "setting=l") {
		t.Errorf("log: %s", log)
	}
	writeFile(t, file, "log-leve = \"info\"\n")
	writeFile(t, key, "rubbish")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the refusal", func() bool { return strings.Contains(p.stderr.String(), "did you mean log-level?") })
	if !bytes.Equal(served(), second) {
		t.Error("the old certificate does not go on")
	}
	p.stop(syscall.SIGTERM)
}

// TestDrainOnSignal: SIGTERM lets the meeting go on, a second one does not.
func TestDrainOnSignal(t *testing.T) {
	metrics := freeAddress(t)
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", metrics, "--drain", "1h")
	health := func() error { return command(t, "health", "--metrics", metrics).Run() }
	if err := health(); err != nil {
		t.Errorf("not healthy: %v", err)
	}
	ws := p.join("d")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, b, err := ws.ReadMessage(); err != nil || !bytes.Contains(b, []byte(`{"type":"closing","n":1,"seconds":3600}`)) {
		t.Errorf("told %s, %v", b, err)
	}
	eventually(t, "not ready", func() bool { return health() != nil })
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"leave","n":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}

	p = start(t, "--listen", "127.0.0.1:0", "--metrics", "", "--drain", "1h")
	ws = p.join("e")
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_, _, _ = ws.ReadMessage() // the news, then the end
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitFailure {
		t.Errorf("%v", err)
	}
}

// TestSystemd runs the server as systemd does: with its sockets, and a socket
// to tell its state to.
func TestSystemd(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	file := func(s interface{ File() (*os.File, error) }) *os.File {
		f, fileErr := s.File()
		if fileErr != nil {
			t.Fatal(fileErr)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	prepared := func(count string, files ...*os.File) *exec.Cmd {
		inner := command(t, "serve", "--metrics", "")
		cmd := command(t)
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh"}, inner.Args...)
		cmd.Env = append(cmd.Env, "LISTEN_FDS="+count)
		cmd.ExtraFiles = files
		return cmd
	}
	name := filepath.Join(t.TempDir(), "notify")
	news, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer news.Close()
	told := func() string {
		b := make([]byte, 256)
		_ = news.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, readErr := news.Read(b)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return string(b[:n])
	}
	cmd := prepared("2", file(tcp.(*net.TCPListener)), file(udp.(*net.UDPConn)))
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+name)
	p := startCommand(t, cmd)
	if want := "http://localhost:" + p.port(); p.url != want || !strings.HasSuffix(tcp.Addr().String(), ":"+p.port()) {
		t.Errorf("serves %s, systemd's socket is %s", p.url, tcp.Addr())
	}
	p.join("s")
	if s := told(); s != notifyReady {
		t.Errorf("told %q at the start", s)
	}
	if err = p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if a, b := told(), told(); a != notifyReloading || b != notifyReady {
		t.Errorf("told %q and %q on reload", a, b)
	}
	p.stop(syscall.SIGTERM)
	if s := told(); s != notifyStopping {
		t.Errorf("told %q at the end", s)
	}

	all, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	_, port, _ := net.SplitHostPort(all.Addr().String())
	allUDP, err := net.ListenPacket("udp", "0.0.0.0:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer allUDP.Close()
	for want, cmd := range map[string]*exec.Cmd{
		"one TCP and one UDP socket": prepared("1", file(tcp.(*net.TCPListener))),
		"differ":                     prepared("2", file(tcp.(*net.TCPListener)), file(other.(*net.UDPConn))),
		"LISTEN_FDS is":              prepared("many"),
		"secure pages only":          prepared("2", file(all.(*net.TCPListener)), file(allUDP.(*net.UDPConn))),
	} {
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q in %s", err, want, out)
		}
	}
}
