package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/sfu/delay"
	"incamera/sfu/netlab"
	"incamera/signaling/wire"
)

// browserPort is one of which Chromium takes candidates at private addresses.
const browserPort = 8443

// browse is run with two Chromium.
func (s *scenario) browse(t *testing.T) ([]oracle, time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), s.lasts+5*time.Minute)
	defer cancel()
	site := firewall{port: browserPort, net: oldNet, metrics: labMetrics}.open(ctx, t)
	a := &adapting{lab: site.lab, ctx: ctx, ben: site.ben, report: &client.Report{}, sender: &client.Report{}, script: s}
	site.ann.Set(s.ann, s.ann)
	site.ben.Set(s.up, s.down)
	if s.nat {
		site.ben.BehindNAT("10.77.9.9")
	}
	ann := openPage(ctx, t, site, site.ann, "ann", "send")
	ben := openPage(ctx, t, site, site.ben, "ben", "watch")
	if ann == nil || ben == nil {
		return nil, site.lab.Late(0.99)
	}
	site.lab.Follow(ctx, []netlab.Step{{At: settled - 5*second, Do: func() {}}}) // a layer's climb
	a.began = time.Now()
	before := site.delays(t)
	site.ben.Record()
	site.lab.Late(1)
	end := netlab.Step{At: s.watching(), Do: func() {}}
	if s.script != nil {
		site.lab.Follow(ctx, append(s.script(a), end))
	} else {
		site.lab.Follow(ctx, []netlab.Step{end})
	}
	late := site.lab.Late(0.99)
	a.record = site.ben.Recorded()
	after := site.delays(t)
	var saw seen
	var sends struct {
		Frames, Bytes, Height, Encoding int
		Ms                              float64
		Limited                         string
	}
	ben.end(t, &saw)
	ann.end(t, &sends)
	if saw.Decoded == 0 {
		t.Error("the page decodes nothing")
	}
	a.report.Changes = saw.Changes
	a.report.Received = []client.Received{{Source: wire.SourceCamera, Watched: saw.Camera}, {Source: wire.SourceMic, Watched: saw.Mic}}
	a.sender.Sent = map[wire.Source]client.Sent{wire.SourceCamera: {Frames: sends.Frames * client.MaxLayers, SpanMs: int64(sends.Ms)}}
	if sends.Ms > 0 {
		a.best = float64(sends.Bytes*8) / sends.Ms
	}
	oracles := s.judge(t, a)
	fmt.Fprintf(os.Stderr, "%32s kbit/s by the second, sent: %s\n", s.name, seconds(a.record))
	fmt.Fprintf(os.Stderr, "%32s ann's highest layer: %d lines, %.0f kbit/s, %d frames, limited by %q; ben's %v\n", "", sends.Height, a.best, sends.Frames, sends.Limited, saw.Camera.Layers)
	fmt.Fprintf(os.Stderr, "%32s encoding takes ann %d ms\n", "", sends.Encoding)
	saw.tell(before, after)
	return oracles, late
}

// seen is what a page saw.
type seen struct {
	Changes     []client.Change
	Camera, Mic client.Watched
	Decoded     int
	Took        struct{ Video, Decoding, Sound int } // means in ms: in the page's buffers, decoding
}

// tell writes where the time went, by how long the server had had packets at the
// beginning and at the end.
func (s *seen) tell(before, after [2]delay.Counts) {
	paced := after[1].Since(before[1])
	all := after[0].Since(before[0]).And(paced)
	fmt.Fprintf(os.Stderr, "%32s the server had half of the packets for %.2g ms at most, 99 %% for %.2g ms; %.2g %% were kept for somebody's network\n", "",
		ms64(all.Quantile(0.5)), ms64(all.Quantile(0.99)), 100*float64(paced.Total())/float64(max(1, all.Total())))
	fmt.Fprintf(os.Stderr, "%32s decoding takes ben %d ms; his page buffers pictures for %d ms, sound for %d; from drawn to shown: %.0f (half), %.0f (95 %%)\n", "",
		s.Took.Decoding, s.Took.Video, s.Took.Sound, s.Camera.Latency.P50, s.Camera.Latency.P95)
}

// watchClip has one Chromium watch a clip that a Go participant sends, on the
// network of N1: that leaves the machine time, and shows what is not the fault of
// two browsers on it.
func watchClip(t *testing.T) ([]oracle, time.Duration) {
	s := &scenariosOfMedia[0]
	ctx, cancel := context.WithTimeout(t.Context(), s.lasts+5*time.Minute)
	defer cancel()
	site := firewall{port: browserPort, net: oldNet, metrics: labMetrics}.open(ctx, t)
	site.ann.Set(s.ann, s.ann)
	site.ben.Set(s.up, s.down)
	sends, end := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer end()
	cmd := site.ann.Command(sends, site.peer, "join", site.link, "--name", "ann", "--no-receive")
	cmd.Env = site.environment
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	work.Go(func() { _ = cmd.Wait() }) // it is ended
	ben := openPage(ctx, t, site, site.ben, "ben", "watch")
	if ben == nil {
		return nil, site.lab.Late(0.99)
	}
	before := site.delays(t)
	site.lab.Late(1)
	site.lab.Follow(ctx, []netlab.Step{{At: s.watching(), Do: func() {}}})
	late, after := site.lab.Late(0.99), site.delays(t)
	var saw seen
	ben.end(t, &saw)
	saw.tell(before, after)
	a := &adapting{report: &client.Report{Received: []client.Received{{Source: wire.SourceCamera, Watched: saw.Camera}}}, script: s}
	return []oracle{atMost("freezes", float64(saw.Camera.Freezes), 0, ""), a.skew()}, late
}

// labMetrics is where the server's figures are, on its host.
const labMetrics = "127.0.0.1:9090"

// delays returns how long the server has had packets so far: those that went at
// once, and those that were kept for somebody's network.
func (s *site) delays(t *testing.T) (all [2]delay.Counts) {
	t.Helper()
	out, err := s.server.Command(t.Context(), "node", "-e", "fetch('http://"+labMetrics+"/metrics').then(r => r.text()).then(t => process.stdout.write(t))").Output()
	if err != nil {
		t.Errorf("asking for the server's figures: %v", err)
	}
	for k, name := range []string{"incamera_sfu_forward_seconds", "incamera_sfu_paced_seconds"} {
		i, before := 0, uint64(0)
		for line := range strings.Lines(string(out)) {
			if of, value, ok := strings.Cut(strings.TrimSpace(line), "} "); ok && strings.HasPrefix(of, name+"_bucket{") && i < len(all[k].Packets) {
				n, err := strconv.ParseUint(value, 10, 64)
				if err != nil || n < before {
					t.Errorf("%q is no figure", line)
				}
				all[k].Packets[i], before = n-before, n
				i++
			}
		}
		if i != len(all[k].Packets) {
			t.Errorf("the server tells %d figures of %s, want %d", i, name, len(all[k].Packets))
		}
	}
	return all
}

func ms64(d time.Duration) float64 { return d.Seconds() * 1000 }

// A page is a Chromium on a host, which goes on until its input ends.
type page struct {
	cmd    *exec.Cmd
	in     io.Closer
	out    *bufio.Reader
	stderr *bytes.Buffer
}

// openPage starts one and waits until it is ready; nil: it is not.
func openPage(ctx context.Context, t *testing.T, site *site, h *netlab.Host, name, what string) *page {
	t.Helper()
	link := site.link
	p := &page{cmd: h.Command(ctx, "node", "../../web/e2e/netlab.mjs", link, name, what), stderr: &bytes.Buffer{}}
	p.cmd.Env, p.cmd.Stderr = append(slices.Clone(site.environment), "SLOW=4"), p.stderr // two pages are much for a machine
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err = p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // then it ends, or has
		_ = p.cmd.Wait()
	})
	if line, err := p.out.ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
		t.Errorf("%s's page is not ready: %q, %v", name, line, errors.Join(err, p.cmd.Wait()))
		t.Logf("%s", p.stderr)
		return nil
	}
	return p
}

// end has the page tell what it saw.
func (p *page) end(t *testing.T, report any) {
	t.Helper()
	_ = p.in.Close() // it may have ended
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, report)
	}
	if err = errors.Join(err, p.cmd.Wait()); err != nil {
		t.Errorf("a page: %v\n%s", err, p.stderr)
	}
}

// within is how soon ben is to see ann where UDP is blocked, in s.
const within = 4

// blocked are N12: ben comes when ann is there, and the firewall lets through
// what it says.
func blocked(name string, f firewall) entry {
	return entry{name, func(t *testing.T) ([]oracle, time.Duration) {
		const alone = 6 * second
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f.port, f.net = serverPort, oldNet
		site := f.open(ctx, t)
		site.lab.Late(1)
		var ann, ben client.Report
		join := func(h *netlab.Host, name string, report *client.Report, args ...string) {
			cmd := h.Command(ctx, site.peer, append([]string{"join", site.link, "--name", name, "--json"}, args...)...)
			var stderr bytes.Buffer
			cmd.Env, cmd.Stderr = site.environment, &stderr
			out, err := cmd.Output()
			if err == nil {
				err = json.Unmarshal(out, report)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, &stderr)
			}
		}
		var work sync.WaitGroup
		work.Go(func() { join(site.ann, "ann", &ann, "--duration", (alone + 15*second).String(), "--bitrates", drawn) })
		args := []string{"--duration", (12 * second).String(), "--no-publish"}
		if f.relay {
			args = append(args, "--way", "relay")
		}
		site.lab.Follow(ctx, []netlab.Step{{At: alone, Do: func() { join(site.ben, "ben", &ben, args...) }}})
		work.Wait()
		first := map[wire.Source]float64{wire.SourceCamera: -1, wire.SourceMic: -1}
		for _, r := range ben.Received {
			if r.Frames > 0 && r.Session == ann.Session {
				first[r.Source] = float64(r.FirstMs) / 1000
			}
		}
		if got := ben.Ways["subscribe"]; got != f.way {
			t.Errorf("ben's subscribe connection goes by %q, want %s", got, f.way)
		}
		return []oracle{
			atMost("until ann is seen, from the start", first[wire.SourceCamera], within, "s"),
			atMost("until she is heard", first[wire.SourceMic], within, "s"),
		}, site.lab.Late(0.99)
	}}
}

// entries are N1 to N12 in order, those with browsers last: they need more of
// the machine.
func entries() (list []entry) {
	for i := range scenariosOfMedia {
		s := &scenariosOfMedia[i]
		list = append(list, entry{s.name, s.run})
	}
	list = append(list,
		blocked("N12 UDP blocked, by ICE-TCP", firewall{ben: netlab.Profile{BlockUDP: true}, way: "tcp"}),
		blocked("N12 443/tcp only, by TURN in TLS", firewall{ben: netlab.Profile{OnlyTCP: serverPort}, relay: true, way: "relay"}))
	list = append(list, entry{"N1 clean 20 ms, a clip to Chromium", watchClip})
	for i := range scenariosOfMedia {
		if s := &scenariosOfMedia[i]; s.browsers {
			list = append(list, entry{fmt.Sprintf("%s, Chromium", s.name), s.browse})
		}
	}
	return list
}
