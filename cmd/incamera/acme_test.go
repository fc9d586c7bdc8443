package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A pebble is the real certificate authority for tests of Let's Encrypt.
type pebble struct {
	directory string // URL
	trust     string // file with the root of its own server
	root      *x509.CertPool
	stop      func()
}

// freePort returns a number that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return int(portOf(l))
}

// startPebble starts one that comes to the given port for TLS-ALPN-01, and finds
// every name but those of "nowhere" at 127.0.0.1.
func startPebble(t *testing.T, challenged int) *pebble {
	t.Helper()
	program := needs(t, "pebble")
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	a, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.issue([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	listen, manage := "127.0.0.1:"+strconv.Itoa(freePort(t)), "127.0.0.1:"+strconv.Itoa(freePort(t))
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": manage, "httpPort": 1, "tlsPort": challenged,
		"certificate": write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})),
		"privateKey":  write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := &pebble{directory: "https://" + listen + "/dir", trust: write("trust.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))}
	cmd := exec.Command(program, "-config", write("config.json", config), "-dnsserver", serveNames(t))
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
	out := &saying{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
	t.Cleanup(p.stop)

	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(30 * time.Second); ; <-again.C {
		res, err := client.Get("https://" + manage + "/roots/0")
		if err == nil {
			text, _ := io.ReadAll(res.Body) // what is missing is no certificate
			res.Body.Close()
			p.root = x509.NewCertPool()
			if !p.root.AppendCertsFromPEM(text) {
				t.Fatalf("pebble's root is %q", text)
			}
			return p
		}
		if time.Now().After(end) {
			t.Fatalf("pebble is not ready: %v\n%s", err, out)
		}
	}
}

// serveNames answers queries for addresses, by UDP and TCP: 127.0.0.1, and that
// there is no such name to those that begin with "nowhere".
func serveNames(t *testing.T) (addr string) {
	t.Helper()
	var l net.Listener
	var conn net.PacketConn
	for l == nil { // a number that both have free
		var err error
		if conn, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if l, err = net.Listen("tcp4", conn.LocalAddr().String()); err != nil {
			_ = conn.Close()
		}
	}
	var work sync.WaitGroup
	work.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(answerName(buf[:n]), from) // who misses it asks again
		}
	})
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(10 * time.Second))
				var size [2]byte
				for {
					if _, err := io.ReadFull(c, size[:]); err != nil {
						return
					}
					query := make([]byte, int(size[0])<<8|int(size[1]))
					if _, err := io.ReadFull(c, query); err != nil {
						return
					}
					b := answerName(query)
					_, _ = c.Write(append([]byte{byte(len(b) >> 8), byte(len(b))}, b...))
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		_ = l.Close()
		work.Wait()
	})
	return conn.LocalAddr().String()
}

func answerName(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	switch {
	case strings.HasPrefix(q.Name.String(), "nowhere"):
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	b, _ := m.Pack() // nobody answers what cannot be packed
	return b
}

// TestACME gets a certificate from a real authority, proved on our one port, and
// keeps it: the next start needs nobody.
func TestACME(t *testing.T) {
	number := freePort(t)
	ca := startPebble(t, number)
	t.Setenv("SSL_CERT_FILE", ca.trust)
	dir := t.TempDir()
	flags := []string{"--listen", "127.0.0.1:" + strconv.Itoa(number), "--metrics", "", "--domain", "meet.example.org", "--acme-directory", ca.directory, "--data", dir, "--open"}
	visit := func() (*x509.Certificate, error) {
		d := tls.Dialer{Config: &tls.Config{RootCAs: ca.root, ServerName: "meet.example.org", NextProtos: []string{"http/1.1"}}}
		conn, err := d.DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(number))
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
	}
	first := start(t, flags...)
	cert, err := visit()
	if err != nil {
		t.Fatalf("%v\n%s", err, first.stderr)
	}
	first.stop(syscall.SIGTERM)
	ca.stop()

	second := start(t, flags...)
	again, err := visit()
	if err != nil {
		t.Fatalf("without the authority: %v\n%s", err, second.stderr)
	}
	if again.SerialNumber.Cmp(cert.SerialNumber) != 0 {
		t.Error("the second start has another certificate")
	}
	if _, dialErr := tls.Dial("tcp", "127.0.0.1:"+strconv.Itoa(number), &tls.Config{RootCAs: ca.root, ServerName: "other.example.org"}); dialErr == nil {
		t.Error("another name has a certificate")
	}
	second.stop(syscall.SIGTERM)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if info, infoErr := d.Info(); err == nil && infoErr == nil && !d.IsDir() && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s", path)
		}
		return errors.Join(err)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What does not work is said in words, with what to do.
func TestACMEProblems(t *testing.T) {
	ca := startPebble(t, freePort(t)) // nobody listens there
	t.Setenv("SSL_CERT_FILE", ca.trust)
	for domain, want := range map[string]string{
		"meet.example.org":    "has to reach this server at meet.example.org, port 443 (TCP): open it in the firewall",
		"nowhere.example.org": "does not find nowhere.example.org: make an A or AAAA record",
	} {
		out := &saying{}
		a := newACME(&Config{Domain: domain, ACMEDirectory: ca.directory, Data: t.TempDir()}, slog.New(slog.NewTextHandler(out, nil)))
		pool := x509.NewCertPool()
		text, err := os.ReadFile(ca.trust)
		if err != nil {
			t.Fatal(err)
		}
		pool.AppendCertsFromPEM(text)
		a.manager.Client.HTTPClient.Transport = watchProblems{&http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, a.note}
		a.fetch(t.Context(), nil)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: said %q, want %q", domain, out, want)
		}
		if !a.expiry().IsZero() {
			t.Errorf("%s: a certificate until %v", domain, a.expiry())
		}
	}
}

// Whether the name leads here is looked up before anybody is asked.
func TestPointsHere(t *testing.T) {
	server := serveNames(t)
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server)
	}}
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("203.0.113.7")
	for _, c := range []struct {
		domain string
		here   []netip.Addr
		want   string
	}{
		{"meet.example.org.", []netip.Addr{there, here}, ""},
		{"meet.example.org.", []netip.Addr{there}, "leads to 127.0.0.1, which is none of this server's addresses"},
		{"nowhere.example.org.", []netip.Addr{here}, "make an A or AAAA record"},
	} {
		if got := pointsHere(t.Context(), resolver, c.domain, c.here); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s at %v: %q, want %q", c.domain, c.here, got, c.want)
		}
	}
}
