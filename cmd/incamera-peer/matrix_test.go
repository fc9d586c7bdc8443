package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/sfu/netlab"
	"incamera/signaling/wire"
)

// A firewall is a scenario of TestFirewalls: ben is behind it, ann is not.
type firewall struct {
	name      string
	short     bool // run without the flag, too
	ben       netlab.Profile
	nat       bool     // ben's UDP comes from another address
	advertise []string // of the server
	relay     bool     // ben keeps to TURN in TLS
	way       string   // by which ben's media goes
}

const (
	serverHost = "10.77.0.1"
	serverPort = 443
)

var firewalls = []firewall{
	{name: "open", way: "udp"},
	{name: "UDP blocked", ben: netlab.Profile{BlockUDP: true}, way: "tcp"},
	{name: "443/tcp only", short: true, ben: netlab.Profile{OnlyTCP: serverPort}, way: "tcp"},
	{name: "443/tcp only, and TLS in it", short: true, ben: netlab.Profile{OnlyTCP: serverPort}, relay: true, way: "relay"},
	{name: "NAT", nat: true, way: "udp"},
	{name: "two addresses, one of which leads nowhere", advertise: []string{"10.77.200.200", serverHost}, way: "udp"},
	{name: "UDP blocked, two addresses", ben: netlab.Profile{BlockUDP: true}, advertise: []string{"10.77.200.200", serverHost}, way: "tcp"},
}

// TestFirewalls holds meetings with somebody behind a firewall, each in a
// network namespace of its own, with nothing but the server's one port number.
func TestFirewalls(t *testing.T) {
	for _, f := range firewalls {
		t.Run(f.name, func(t *testing.T) {
			if !f.short && !*allNetworks {
				t.Skip("make netmatrix")
			}
			f.run(t)
		})
	}
}

func (f firewall) run(t *testing.T) {
	server, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	peer, err := peerBinary()
	if err != nil {
		t.Fatal(err)
	}
	lab := netlab.New(t, 1)
	host, ann, ben := lab.Host("server", serverHost), lab.Host("ann", "10.77.0.2"), lab.Host("ben", "10.77.0.3")
	ben.Set(f.ben, f.ben)
	if f.nat {
		ben.BehindNAT("10.77.9.9")
	}
	dir := t.TempDir()
	args := []string{"serve", "--listen", serverHost + ":" + strconv.Itoa(serverPort), "--tls", "self-signed", "--open", "--metrics=", "--data", dir}
	for _, a := range f.advertise {
		args = append(args, "--advertise", a)
	}
	runServer(t, host.Command(context.Background(), server, args...))
	environment := append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(dir, "authority.pem"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begin := ann.Command(ctx, peer, "new", "--server", "https://"+serverHost)
	begin.Env = environment
	link, err := begin.Output()
	if err != nil {
		t.Fatalf("making a meeting: %v", err)
	}
	reports := map[string]*client.Report{"ann": {}, "ben": {}}
	var work sync.WaitGroup
	for name, h := range map[string]*netlab.Host{"ann": ann, "ben": ben} {
		args := []string{"join", strings.TrimSpace(string(link)), "--name", name, "--json", "--duration", "12s"}
		if f.relay && name == "ben" {
			args = append(args, "--way", "relay")
		}
		cmd, report := h.Command(ctx, peer, args...), reports[name]
		var stderr bytes.Buffer
		cmd.Env, cmd.Stderr = environment, &stderr
		work.Go(func() {
			out, err := cmd.Output()
			if err == nil {
				err = json.Unmarshal(out, report)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, &stderr)
			}
		})
	}
	work.Wait()
	for name, other := range map[string]string{"ann": "ben", "ben": "ann"} {
		pictures := 0
		for _, r := range reports[name].Received {
			if r.Name == other && r.Source == wire.SourceCamera {
				pictures += r.Frames
			}
		}
		t.Logf("%s: by %v, %d pictures of %s", name, reports[name].Ways, pictures, other)
		if pictures == 0 {
			t.Errorf("%s saw nothing of %s: media %v, problems %v", name, other, reports[name].Media, reports[name].Errors)
		}
	}
	for _, connection := range []string{"publish", "subscribe"} {
		if got := reports["ben"].Ways[connection]; got != f.way {
			t.Errorf("ben's %s connection goes by %q, want %s", connection, got, f.way)
		}
	}
}
