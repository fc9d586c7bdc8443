package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/signaling/wire"
)

// TestWays holds a meeting of three on one port number: one comes by UDP, one by
// TCP, one by TURN in TLS; with IPv4 only and with IPv6 only.
func TestWays(t *testing.T) {
	for name, listen := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meetByAllWays(t, listen)
		})
	}
}

func meetByAllWays(t *testing.T, listen string) {
	t.Helper()
	server, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	peer, err := peerBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := runServer(t, exec.Command(server, "serve", "--listen", listen, "--metrics=", "--tls", "self-signed", "--open", "--data", dir))
	s.url = "https://" + strings.Replace(listen, ":0", "", 1) + s.url[strings.LastIndex(s.url, ":"):] // not by a name that has both families
	environment := append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(dir, "authority.pem"))
	make := exec.Command(peer, "new", "--server", s.url)
	make.Env = environment
	link, err := make.Output()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var work sync.WaitGroup
	ways := []string{"udp", "tcp", "relay"}
	reports := map[string]*client.Report{}
	for _, way := range ways {
		report := &client.Report{}
		reports[way] = report
		work.Go(func() {
			cmd := exec.CommandContext(ctx, peer, "join", strings.TrimSpace(string(link)), "--name", way, "--way", way, "--json", "--duration", "12s")
			var stderr bytes.Buffer
			cmd.Env, cmd.Stderr = environment, &stderr
			out, err := cmd.Output()
			if err == nil {
				err = json.Unmarshal(out, report)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", way, err, &stderr)
			}
		})
	}
	work.Go(func() {
		cmd := exec.CommandContext(ctx, peer, "probe", "--server", s.url)
		cmd.Env = environment
		if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), "leads to the server") != len(client.Hops) {
			t.Errorf("the connection test: %v\n%s", err, out)
		}
	})
	work.Wait()
	for way, r := range reports {
		for _, connection := range []string{"publish", "subscribe"} {
			if got := r.Ways[connection]; got != way {
				t.Errorf("who was to come by %s came by %q on %s", way, got, connection)
			}
		}
		seen := map[string]int{}
		for _, got := range r.Received {
			if got.Source == wire.SourceCamera {
				seen[got.Name] = got.Frames
			}
		}
		for _, other := range ways {
			if other != way && seen[other] == 0 {
				t.Errorf("who came by %s saw nothing of who came by %s: %v, problems %v", way, other, r.Received, r.Errors)
			}
		}
	}
}
