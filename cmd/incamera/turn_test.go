package main

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// needs finds a program that scripts/browsers installs.
func needs(t *testing.T, program string) string {
	t.Helper()
	if path, err := filepath.Abs(filepath.Join("../../bin", program)); err == nil {
		if _, err = os.Stat(path); err == nil {
			return path // built from source
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: scripts/browsers installs it", program)
		}
		t.Skipf("%s is missing: scripts/browsers installs it", program)
	}
	return path
}

var peerRefused = regexp.MustCompile(`(channel bind|create perm\S*): error 40[13]`)

// TestTURN has coturn's client judge the relay: by UDP, TCP and TLS it carries
// data to the media plane, and to nobody else, for nobody but those invited.
func TestTURN(t *testing.T) {
	client := needs(t, "turnutils_uclient")
	c := &Config{TLS: selfSigned, Listen: "127.0.0.1:0"}
	source, _, err := loadTLS(c, slog.New(slog.DiscardHandler), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certs := source.(*certificates)
	l, media, err := listenBoth(netip.MustParseAddrPort("127.0.0.1:0"), func(addr netip.AddrPort) (forwarder, error) {
		return openForwarder(c, addr, nil, nil, slog.New(slog.DiscardHandler))
	})
	if err != nil {
		t.Fatal(err)
	}
	direct, relay := c.byTCP(media)
	config := certs.config()
	p := newPort(l, config, direct, relay)
	t.Cleanup(func() {
		_ = p.Close()
		_ = media.Close()
		p.wait()
	})
	bystander, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer bystander.Close()
	_, elsewhere, _ := net.SplitHostPort(bystander.LocalAddr().String())
	gone, _, revoke := media.Invite()
	revoke()
	username, password, revoke := media.Invite()
	defer revoke()
	number := strconv.Itoa(int(media.Port()))

	for _, way := range []struct {
		name  string
		port  string
		flags []string
	}{{"UDP", number, nil}, {"TCP", number, []string{"-t"}}, {"TLS", inTLS(t, p.Addr().String()), []string{"-t"}}} {
		// run runs the client until it ends, enough is seen, or it is taking too long.
		run := func(peer, peerPort, username, password string, enough func(said string, arrived uint64) bool) (said string, arrived uint64) {
			before := media.Stats().Garbage
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			args := append([]string{"-v", "-c", "-n", "3", "-p", way.port, "-e", peer, "-r", peerPort, "-u", username, "-w", password}, way.flags...)
			cmd := exec.CommandContext(ctx, client, append(args, "127.0.0.1")...)
			out := &saying{}
			cmd.Stdout, cmd.Stderr = out, out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			look := time.NewTicker(20 * time.Millisecond)
			defer look.Stop()
			for over := false; !over && !enough(out.String(), media.Stats().Garbage-before); {
				select {
				case <-ended:
					over = true
					ended <- nil
				case <-look.C:
				}
			}
			cancel()
			<-ended // how it ends is not the question
			return out.String(), media.Stats().Garbage - before
		}
		const success = "Received relay addr: 240."
		t.Run(way.name, func(t *testing.T) {
			// What it sends is no media: the first packet ends the allocation.
			out, arrived := run("127.0.0.1", number, username, password, func(_ string, arrived uint64) bool { return arrived > 0 })
			if arrived == 0 || !strings.Contains(out, success) {
				t.Errorf("%d packets came to the media plane:\n%s", arrived, out)
			}
			refused := func(said string, _ uint64) bool { return strings.Count(said, "allocate response received: ") > 3 } // it tries again
			for _, peer := range []string{"192.0.2.1", "127.0.0.2"} {
				// The server says 401 to a channel, and 403 to a permission.
				refusal := func(said string, _ uint64) bool { return peerRefused.MatchString(said) }
				if out, _ := run(peer, number, username, password, refusal); !refusal(out, 0) {
					t.Errorf("%s is not refused:\n%s", peer, out)
				}
			}
			if out, _ := run("127.0.0.1", elsewhere, username, password, func(said string, _ uint64) bool { return strings.Contains(said, "tot_send_msgs=3") }); !strings.Contains(out, success) {
				t.Errorf("to another port of this host:\n%s", out)
			}
			for name, who := range map[string][2]string{"forged": {username, "forged"}, "expired": {gone, password}} {
				if out, arrived := run("127.0.0.1", number, who[0], who[1], refused); arrived > 0 || strings.Contains(out, "success") || !refused(out, 0) {
					t.Errorf("%s: %d packets came to the media plane:\n%s", name, arrived, out)
				}
			}
		})
	}
	_ = bystander.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // what was sent is here by now
	if n, _, err := bystander.ReadFrom(make([]byte, 2000)); err == nil {
		t.Errorf("%d bytes came to another port of this host", n)
	}
}

// A saying is what a program has said so far.
type saying struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *saying) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// inTLS returns a local port that leads into TLS to an address. (The client's
// own TLS reads no answer in the version that Debian has.)
func inTLS(t *testing.T, to string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer from.Close()
				into, err := tls.Dial("tcp", to, &tls.Config{InsecureSkipVerify: true}) // whose it is is not the question
				if err != nil {
					return
				}
				defer into.Close()
				work.Go(func() {
					_, _ = io.Copy(into, from)
					_ = into.Close()
				})
				_, _ = io.Copy(from, into)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		work.Wait()
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}
