package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/link"
	"incamera/sfu/netlab"
	"incamera/signaling/wire"
)

// allNetworks has TestNetworks and TestNetlab run every scenario and print what they saw.
var allNetworks = flag.Bool("networks", false, "run all scenarios of bad networks (many minutes)")

// peerBinary builds this program once, for hosts of a lab.
var peerBinary = sync.OnceValues(func() (string, error) {
	server, err := serverBinary()
	if err != nil {
		return "", err
	}
	file := filepath.Join(filepath.Dir(server), "incamera-peer") // goes with it
	out, err := exec.Command("go", "build", "-o", file, "incamera/cmd/incamera-peer").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the peer: %w\n%s", err, out)
	}
	return file, nil
})

// A network is a scenario: ann and ben meet over their cables.
type network struct {
	name    string
	short   bool // run without the flag, too
	lasts   time.Duration
	both    netlab.Profile // both directions of ann's and ben's cable
	script  func(ann, ben *netlab.Host) []netlab.Step
	voice   float64 // least share of the sent voice that ben hears
	picture float64 // least share of the sent pictures that ben sees
}

const (
	ms     = time.Millisecond
	layers = 3 // of the peers' pictures
)

// networks are those of meetings of real clips, in both directions; those of
// TestNetlab are measured.
var networks = []network{
	{name: "clean, 20 ms", short: true, lasts: 8 * time.Second, both: netlab.Profile{Delay: 10 * ms}, voice: 0.98, picture: 0.98},
	{name: "reordered and doubled", lasts: 12 * time.Second, both: netlab.Profile{Delay: 10 * ms, Reorder: 0.03, ReorderBy: 15 * ms, Duplicate: 0.02}, voice: 0.97, picture: 0.95},
	{name: "NAT rebinding", short: true, lasts: 20 * time.Second, script: func(_, ben *netlab.Host) []netlab.Step {
		ben.BehindNAT("10.77.9.9")
		return []netlab.Step{{At: 8 * time.Second, Do: ben.Rebind}}
	}, voice: 0.6, picture: 0.6},
}

// TestNetworks holds meetings of real peers with the real server, each in a
// network namespace of its own. What it judges is what arrived, not when.
func TestNetworks(t *testing.T) {
	for _, n := range networks {
		t.Run(n.name, func(t *testing.T) {
			if !n.short && !*allNetworks {
				t.Skip("several minutes in all: make netlab")
			}
			n.run(t)
		})
	}
}

func (n network) run(t *testing.T) {
	lab := netlab.New(t, 1)
	hosts := map[string]*netlab.Host{}
	for name, addr := range map[string]string{"server": "10.77.0.1", "ann": "10.77.0.2", "ben": "10.77.0.3"} {
		hosts[name] = lab.Host(name, addr)
	}
	ann, ben := hosts["ann"], hosts["ben"]
	ann.Set(n.both, n.both)
	ben.Set(n.both, n.both)
	l := meetingOn(t, hosts["server"])

	ctx, cancel := context.WithTimeout(t.Context(), n.lasts+20*time.Second)
	defer cancel()
	var work sync.WaitGroup
	reports := map[string]*client.Report{"ann": {}, "ben": {}}
	for name, report := range reports {
		work.Go(func() { attend(ctx, t, hosts[name], l, name, n.lasts, report) })
	}
	if n.script != nil {
		lab.Follow(ctx, n.script(ann, ben))
	}
	work.Wait()
	n.judge(t, reports["ann"], reports["ben"], ben)
}

// meetingOn starts a server on a host and makes a meeting there.
func meetingOn(t *testing.T, h *netlab.Host) link.Link {
	t.Helper()
	_, l := serveOn(t, h)
	return l
}

// serveOn is meetingOn with further flags of the server, which it returns.
func serveOn(t *testing.T, h *netlab.Host, flags ...string) (*server, link.Link) {
	t.Helper()
	file, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	peer, err := peerBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command(context.Background(), file, append([]string{"serve", "--listen", h.Addr.String() + ":8080", "--behind-proxy", "--open", "--metrics="}, flags...)...)
	s := runServer(t, cmd)
	out, err := h.Command(t.Context(), peer, "new", "--server", "http://"+h.Addr.String()+":8080").Output()
	if err != nil {
		t.Fatalf("making a meeting: %v", err)
	}
	l, err := link.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

func attend(ctx context.Context, t *testing.T, h *netlab.Host, l link.Link, name string, lasts time.Duration, report *client.Report) {
	attendWith(ctx, t, h, l, name, lasts, report, "--layers", strconv.Itoa(layers))
}

// attendWith runs a peer on a host and reads its report.
func attendWith(ctx context.Context, t *testing.T, h *netlab.Host, l link.Link, name string, lasts time.Duration, report *client.Report, args ...string) {
	file, err := peerBinary()
	if err != nil {
		t.Error(err)
		return
	}
	cmd := h.Command(ctx, file, append([]string{"join", l.Text(), "--name", name, "--json", "--duration", lasts.String()}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, &stderr)
		return
	}
	if err := json.Unmarshal(out, report); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// judge says what ben saw and heard of ann, by what sx.
func (n network) judge(t *testing.T, ann, ben *client.Report, host *netlab.Host) {
	var picture, voice client.Received
	for _, r := range ben.Received {
		switch {
		case r.Name != "ann" && r.Session != ann.Session:
		case r.Source == wire.SourceCamera:
			picture = r
		case r.Source == wire.SourceMic:
			voice = r
		}
	}
	// Frames in a second against those that were sent in one: on a busy machine a peer sends late, which is nobody's loss.
	// What is missing at the end is missing: ben is there as long as ann.
	share := func(r client.Received, sent client.Sent, layers int) float64 {
		seconds := max(float64(r.SpanMs), 1000*n.lasts.Seconds()-float64(r.FirstMs)-1500) / 1000
		return float64(r.Frames) / seconds / (float64(sent.Frames) / float64(layers) / (float64(sent.SpanMs) / 1000))
	}
	up, down := host.Stats()
	if picture.Frames == 0 || voice.Frames == 0 {
		t.Fatalf("ben saw %d pictures and heard %d pieces of sound of ann; his and her media %v and %v, phases %s and %s, problems %v and %v, his cable %+v up and %+v down",
			picture.Frames, voice.Frames, ben.Media, ann.Media, ben.Phase, ann.Phase, ben.Errors, ann.Errors, up, down)
	}
	seen, heard := share(picture, ann.Sent[wire.SourceCamera], layers), share(voice, ann.Sent[wire.SourceMic], 1)
	fmt.Fprintf(os.Stderr, "%-30s picture %5.1f %%  voice %5.1f %%  longest pause %5d ms  up %v  down %v\n",
		n.name, 100*seen, 100*heard, picture.GapMs, up.Dropped, down.Dropped)
	if seen < n.picture || heard < n.voice {
		t.Errorf("ben saw %.3f and heard %.3f, want %.2f and %.2f", seen, heard, n.picture, n.voice)
	}
	for _, dropped := range []client.Received{picture, voice} {
		if dropped.Dropped["badTag"]+dropped.Dropped["wrongOwner"] > 0 {
			t.Errorf("frames did not open: %v", dropped.Dropped)
		}
	}
}
