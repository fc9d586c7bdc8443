package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
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
	net       plan     // zero: one IPv4 address each
	advertise []string // of the server
	relay     bool     // ben keeps to TURN in TLS
	way       string   // by which ben's media goes; where UDP would, TCP may have answered first
	port      int      // of the server
	metrics   string   // where on its host its figures are; empty: nowhere
}

// A plan is who has which addresses. People come by the server's first one.
type plan struct {
	server, ann, ben []string
	benComesBy       string // an address of the server; empty: the first
	benLacks         string // one that ben does not reach
}

// Plans of networks.
var (
	oldNet   = plan{server: []string{serverHost}, ann: []string{"10.77.0.2"}, ben: []string{"10.77.0.3"}}
	newNet   = plan{server: []string{"fd77::1"}, ann: []string{"fd77::2"}, ben: []string{"fd77::3"}}
	bothNets = plan{server: []string{serverHost, "fd77::1"}, ann: []string{"10.77.0.2"}, ben: []string{"fd77::3"}, benComesBy: "fd77::1"}
	twoNets  = plan{
		server: []string{serverHost, "10.77.1.1"}, ann: []string{"10.77.0.2"}, ben: []string{"10.77.1.3"},
		benComesBy: "10.77.1.1", benLacks: serverHost,
	}
)

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
	{name: "two addresses, one for each of them", net: twoNets, way: "udp"},
	{name: "two addresses, one for each of them, UDP blocked", net: twoNets, ben: netlab.Profile{BlockUDP: true}, way: "tcp"},
	{name: "IPv6 only", net: newNet, way: "udp"},
	{name: "IPv6 only, UDP blocked", net: newNet, ben: netlab.Profile{BlockUDP: true}, way: "tcp"},
	{name: "IPv6 only, 443/tcp only, and TLS in it", net: newNet, ben: netlab.Profile{OnlyTCP: serverPort}, relay: true, way: "relay"},
	{name: "one has IPv4 only, one IPv6 only", net: bothNets, way: "udp"},
	{name: "UDP blocked, two addresses", ben: netlab.Profile{BlockUDP: true}, advertise: []string{"10.77.200.200", serverHost}, way: "tcp"},
}

// scenarios returns the scenarios at a port of the server, each with a network.
func scenarios(port int) []firewall {
	list := slices.Clone(firewalls)
	for i := range list {
		f := &list[i]
		f.port = port
		if f.net.server == nil {
			f.net = oldNet
		}
		if f.ben.OnlyTCP != 0 {
			f.ben.OnlyTCP = uint16(port)
		}
	}
	return list
}

// TestFirewalls holds meetings with somebody behind a firewall, each in a
// network namespace of its own, with nothing but the server's one port number.
func TestFirewalls(t *testing.T) {
	for _, f := range scenarios(serverPort) {
		t.Run(f.name, func(t *testing.T) {
			if !f.short && !*allNetworks {
				t.Skip("make netmatrix")
			}
			f.run(t)
		})
	}
}

// A site is the network of a scenario with a server, and a meeting on it.
type site struct {
	lab         *netlab.Lab
	server      *netlab.Host
	ann, ben    *netlab.Host
	link        string // as ann comes
	peer        string // the participant's binary
	environment []string
	come        string // the server, as ben comes
	first       string // its address, as ann comes
}

// at returns the link as ben comes.
func (s *site) at() string {
	return strings.Replace(s.link, "https://"+s.first, s.come, 1)
}

func (f firewall) open(ctx context.Context, t *testing.T) *site {
	t.Helper()
	server, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	peer, err := peerBinary()
	if err != nil {
		t.Fatal(err)
	}
	lab := netlab.New(t, 1)
	at := func(name string, addresses []string) *netlab.Host {
		return lab.Host(name, addresses[0], addresses[1:]...)
	}
	host, ann, ben := at("server", f.net.server), at("ann", f.net.ann), at("ben", f.net.ben)
	ben.Set(f.ben, f.ben)
	if f.net.benLacks != "" {
		if out, routeErr := ben.Command(t.Context(), "ip", "route", "add", "unreachable", f.net.benLacks).CombinedOutput(); routeErr != nil {
			t.Fatalf("%v\n%s", routeErr, out)
		}
	}
	if f.nat {
		ben.BehindNAT("10.77.9.9")
	}
	dir := t.TempDir()
	listen, first := f.net.server[0], net.JoinHostPort(f.net.server[0], strconv.Itoa(f.port))
	if len(f.net.server) > 1 {
		listen = "::"
	}
	args := []string{"serve", "--listen", net.JoinHostPort(listen, strconv.Itoa(f.port)), "--tls", "self-signed", "--open", "--metrics=" + f.metrics, "--data", dir}
	for _, a := range f.advertise {
		args = append(args, "--advertise", a)
	}
	runServer(t, host.Command(context.Background(), server, args...))
	s := &site{
		lab: lab, server: host, ann: ann, ben: ben, peer: peer, come: "https://" + first, first: first,
		environment: append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(dir, "authority.pem")),
	}
	if f.net.benComesBy != "" {
		s.come = "https://" + net.JoinHostPort(f.net.benComesBy, strconv.Itoa(f.port))
	}
	begin := ann.Command(ctx, peer, "new", "--server", "https://"+first)
	begin.Env = s.environment
	link, err := begin.Output()
	if err != nil {
		t.Fatalf("making a meeting: %v", err)
	}
	s.link = strings.TrimSpace(string(link))
	return s
}

func (f firewall) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := f.open(ctx, t)
	reports := map[string]*client.Report{"ann": {}, "ben": {}}
	var work sync.WaitGroup
	for name, h := range map[string]*netlab.Host{"ann": s.ann, "ben": s.ben} {
		where := s.link
		if name == "ben" {
			where = s.at()
		}
		args := []string{"join", where, "--name", name, "--json", "--duration", "12s"}
		if f.relay && name == "ben" {
			args = append(args, "--way", "relay")
		}
		cmd, report := h.Command(ctx, s.peer, args...), reports[name]
		var stderr bytes.Buffer
		cmd.Env, cmd.Stderr = s.environment, &stderr
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
	work.Go(func() { f.probe(ctx, t, s.ben, s.peer, s.come, s.environment) })
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
		if got := reports["ben"].Ways[connection]; got != f.way && (f.way != "udp" || got != "tcp") {
			t.Errorf("ben's %s connection goes by %q, want %s", connection, got, f.way)
		}
	}
}

// probe has the connection test tell what the firewall is known to do.
func (f firewall) probe(ctx context.Context, t *testing.T, ben *netlab.Host, peer, origin string, environment []string) {
	cmd := ben.Command(ctx, peer, "probe", "--server", origin, "--json")
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = environment, &stderr
	out, err := cmd.Output()
	var found map[client.Hop]client.Passage
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil {
		t.Errorf("probe: %v\n%s", err, &stderr)
		return
	}
	blocked := f.ben.BlockUDP || f.ben.OnlyTCP != 0
	for _, hop := range client.Hops {
		byUDP := hop == client.HopUDP || hop == client.HopRelayUDP
		if why, there := found[hop]; !there || (why != "") != (byUDP && blocked) {
			t.Errorf("the connection test says of %s: %q, and UDP is blocked: %t", hop, why, blocked)
		}
	}
}

// allBrowsers has browsers come from behind firewalls.
var allBrowsers = flag.Bool("browsers", false, "run real browsers behind each firewall (root, many minutes)")

// hopsTold are the connection test's hops as its page names them.
var hopsTold = map[string]client.Hop{
	"Sound and pictures by UDP": client.HopUDP,
	"Sound and pictures by TCP": client.HopTCP,
	"The relay by UDP (TURN)":   client.HopRelayUDP,
	"The relay by TCP (TURN)":   client.HopRelayTCP,
	"The relay in TLS (TURN)":   client.HopRelayTLS,
}

// TestBrowsersBehindFirewalls has Chromium and Firefox meet somebody from
// behind each of the firewalls, and their connection test tell what they do.
func TestBrowsersBehindFirewalls(t *testing.T) {
	if !*allBrowsers {
		t.Skip("make netmatrix")
	}
	for _, port := range []int{serverPort, 8443} {
		for _, f := range scenarios(port) {
			for _, browser := range []string{"chromium", "firefox"} {
				t.Run(fmt.Sprintf("%s, port %d/%s", f.name, port, browser), func(t *testing.T) { f.browse(t, browser) })
			}
		}
	}
}

func (f firewall) browse(t *testing.T, browser string) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s := f.open(ctx, t)
	byName := browser == "firefox" && f.relay // at an address Firefox asks for no TURN in TLS
	if byName {
		name, err := os.Hostname()
		if err != nil || name == "localhost" {
			t.Skip("the machine has no name for which the server has a certificate")
		}
		s.ben.Knows(name, netip.MustParseAddr(f.net.server[0]))
		s.come = "https://" + net.JoinHostPort(name, strconv.Itoa(f.port))
	}
	ann := s.ann.Command(ctx, s.peer, "join", s.link, "--name", "ann", "--json")
	var annSays bytes.Buffer
	ann.Env, ann.Stdout = s.environment, &annSays
	if err := ann.Start(); err != nil {
		t.Fatal(err)
	}
	args := []string{"../../web/e2e/behind.mjs", browser, s.at()}
	if f.relay {
		args = append(args, "relay")
	}
	cmd := s.ben.Command(ctx, "node", args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = s.environment, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("the browser: %v\n%s", err, &stderr)
	}
	_ = ann.Process.Signal(os.Interrupt) // or it has ended, which Wait tells
	if waitErr := ann.Wait(); waitErr != nil {
		t.Errorf("ann: %v", waitErr)
	}
	if t.Failed() {
		return
	}
	var said struct {
		Ways          []string
		Decoded, Sent int
		Hops          map[string]string
		Verdict       string
	}
	var report client.Report
	if err := errors.Join(json.Unmarshal(out, &said), json.Unmarshal(annSays.Bytes(), &report)); err != nil {
		t.Fatal(err)
	}
	pictures := 0
	for _, r := range report.Received {
		if r.Source == wire.SourceCamera {
			pictures += r.Frames
		}
	}
	t.Logf("by %v, %d pictures decoded, %d seen by ann; %s", said.Ways, said.Decoded, pictures, strings.ReplaceAll(said.Verdict, "\n", " "))
	if pictures == 0 || len(said.Ways) != 2 {
		t.Errorf("ann saw %d pictures; connections go by %v, want two", pictures, said.Ways)
	}
	// Chromium takes no candidate of these private addresses with port 443.
	refuses := browser == "chromium" && f.port < 1024
	way := f.way
	if refuses {
		way = "relay"
	}
	for _, got := range said.Ways {
		// Of several relayed addresses, and over IPv6, all but one are peer-reflexive to browsers, which prefer that to TCP.
		preferred := got == "relay" && way == "tcp"
		if got != way && (way != "udp" || got != "tcp") && !preferred {
			t.Errorf("a connection goes by %q, want %s", got, way)
		}
	}
	blocked := f.ben.BlockUDP || f.ben.OnlyTCP != 0
	for name, hop := range hopsTold {
		want := "Gets through"
		if blocked && (hop == client.HopUDP || hop == client.HopRelayUDP) || refuses && (hop == client.HopUDP || hop == client.HopTCP) {
			want = "Does not get through"
		}
		if hop == client.HopRelayTLS && browser == "firefox" && !byName {
			want = "Does not get through"
		}
		if said.Hops[name] != want {
			t.Errorf("the connection test says of %q: %q, want %q", name, said.Hops[name], want)
		}
	}
}
