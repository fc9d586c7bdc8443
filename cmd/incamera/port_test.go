package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// openTestPort returns a port whose pages say who asks, with what came as media
// and for the relay: the bytes that were sent first.
func openTestPort(t *testing.T, secure bool) (p *port, roots *x509.CertPool, media, relayed chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var config *tls.Config
	if secure {
		source, _, err := loadTLS(&Config{TLS: selfSigned, Listen: "127.0.0.1:0"}, slog.New(slog.DiscardHandler), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		certs := source.(*certificates)
		config, roots = certs.config(), x509.NewCertPool()
		root, err := x509.ParseCertificate(certs.current.Certificate[1])
		if err != nil {
			t.Fatal(err)
		}
		roots.AddCert(root)
	}
	keep := func(into chan string) func(net.Conn) {
		return func(c net.Conn) {
			buf := make([]byte, 20)
			_, _ = io.ReadFull(c, buf) // the test looks at what there is
			into <- string(buf)
			_ = c.Close()
		}
	}
	media, relayed = make(chan string, 1), make(chan string, 1)
	p = newPort(l, config, keep(media), keep(relayed))
	server := httpServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s, TLS %v", r.Proto, r.TLS != nil)
	}))
	server.TLSConfig = config
	served := make(chan error, 1)
	go func() { served <- server.Serve(p) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
		p.wait()
	})
	return p, roots, media, relayed
}

func dialPort(t *testing.T, p *port, roots *x509.CertPool, alpn ...string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // a test that hangs says so
	t.Cleanup(func() { _ = c.Close() })
	if roots != nil {
		secure := tls.Client(c, &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: alpn})
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
		return secure
	}
	return c
}

var (
	firstCheck  = "\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"
	firstTURN   = "\x00\x03\x00\x00\x21\x12\xa4\x42abcdefghijkl"
	firstLetter = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
)

// Everything comes on one number, and each gets to who serves it, with all of
// its bytes.
func TestPortTellsApart(t *testing.T) {
	plain, _, plainMedia, plainRelayed := openTestPort(t, false)
	secure, roots, media, relayed := openTestPort(t, true)
	for _, c := range []struct {
		name  string
		conn  net.Conn
		say   string
		into  chan string // it must come here
		reply string      // or this must be in the answer
	}{
		{"media", dialPort(t, plain, nil), firstCheck, plainMedia, ""},
		{"media beside TLS", dialPort(t, secure, nil), firstCheck, media, ""},
		{"TURN", dialPort(t, plain, nil), firstTURN, plainRelayed, ""},
		{"TURN beside TLS", dialPort(t, secure, nil), firstTURN, relayed, ""},
		{"TURN in TLS, as browsers come", dialPort(t, secure, roots), firstTURN, relayed, ""},
		{"TURN in TLS, by its name", dialPort(t, secure, roots, alpnTURN), firstTURN, relayed, ""},
		{"a page", dialPort(t, plain, nil), firstLetter, nil, "HTTP/1.1, TLS false"},
		{"a page in TLS", dialPort(t, secure, roots, "http/1.1"), firstLetter, nil, "HTTP/1.1, TLS true"},
		{"a page in TLS, of a client that names no protocol", dialPort(t, secure, roots), firstLetter, nil, "HTTP/1.1, TLS true"},
		{"a page without TLS where there is TLS", dialPort(t, secure, nil), firstLetter, nil, "begin the address with https://"},
		{"another service", dialPort(t, secure, nil), "\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00", nil, ""},
		{"TLS where there is none", dialPort(t, plain, nil), "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := io.WriteString(c.conn, c.say[:5]); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c.conn, c.say[5:]); err != nil && c.into != nil {
				t.Fatal(err)
			}
			if c.into != nil {
				if got := <-c.into; got != c.say[:20] {
					t.Errorf("came as %q", got)
				}
				return
			}
			answer, _ := io.ReadAll(c.conn) // what it ends with is not the question
			if c.reply == "" && len(answer) > 0 || !strings.Contains(string(answer), c.reply) {
				t.Errorf("answered with %q, want %q", answer, c.reply)
			}
		})
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https://" + secure.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, _ := bufio.NewReader(res.Body).ReadString('\n'); line != "HTTP/2.0, TLS true" {
		t.Errorf("HTTP/2: %q", line)
	}
}

// Who says nothing is closed with the port, and takes up a slot until then; who
// comes when there are no slots left is closed at once.
func TestPortHolds(t *testing.T) {
	p, _, _, _ := openTestPort(t, false)
	for range cap(p.hellos) - 1 {
		p.hellos <- struct{}{}
	}
	silent := dialPort(t, p, nil)
	for len(p.hellos) < cap(p.hellos) { // until it is accepted
		if _, err := silent.Write(nil); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := dialPort(t, p, nil).Read(make([]byte, 1)); err == nil {
		t.Errorf("one too many was answered with %d bytes", n)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := silent.Read(make([]byte, 1)); err == nil {
		t.Errorf("after the end: %d bytes", n)
	}
	for range cap(p.hellos) - 1 {
		<-p.hellos
	}
	p.wait()
}
