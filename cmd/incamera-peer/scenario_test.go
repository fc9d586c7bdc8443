package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/sfu/bwe"
	"incamera/sfu/netlab"
	"incamera/sfu/trace"
	"incamera/signaling/wire"
)

// The rates of ann's layers in kbit/s, and those of their packets on the wire.
const drawn = "150,500,1700"

var drawnRates = [client.MaxLayers]float64{150, 500, 1700}

// settled is when everybody is there and sees the others, and the record of
// ben's cable begins.
const settled = 10 * time.Second

// A scenario has ann send, and ben watch her over a bad network. Its times are
// from settled on.
type scenario struct {
	name     string
	lasts    time.Duration // with the time until settled
	up       netlab.Profile
	down     netlab.Profile // towards ben
	ann      netlab.Profile // both directions of ann's cable
	nat      bool           // ben's UDP comes from another address
	others   int            // further subscribers
	browsers bool           // it is also run with two Chromium
	script   func(a *adapting) []netlab.Step
	judge    func(t *testing.T, a *adapting) []oracle
}

// An adapting is one under way.
type adapting struct {
	lab     *netlab.Lab
	ctx     context.Context
	ben     *netlab.Host
	hosts   []*netlab.Host // the others
	began   time.Time      // of settled
	record  []netlab.Moment
	records [][]netlab.Moment // of the others
	report  *client.Report
	sender  *client.Report // ann's
	held    []held
	best    float64 // the rate of ann's highest layer, in kbit/s
	script  *scenario
}

// held is what the server held of ben's network.
type held struct {
	at     time.Duration // since it was settled
	target bwe.Bitrate
	cause  string
}

// from returns the moments between two times since everybody is there.
func from(record []netlab.Moment, begin, end time.Duration) []netlab.Moment {
	at := func(d time.Duration) int { return min(int(d/netlab.MomentLasts), len(record)) }
	return record[at(begin):at(end)]
}

// kbps is the mean of what f counts in bytes.
func kbps(record []netlab.Moment, f func(netlab.Moment) int) float64 {
	sum := 0
	for _, m := range record {
		sum += f(m)
	}
	return float64(sum*8) / 1000 / (float64(max(len(record), 1)) * netlab.MomentLasts.Seconds())
}

func sent(m netlab.Moment) int    { return m.Sent }
func arrived(m netlab.Moment) int { return m.Arrived }

// waits95 is in ms.
func waits95(record []netlab.Moment) float64 {
	var all []time.Duration
	for _, m := range record {
		all = append(all, m.Longest)
	}
	if len(all) == 0 {
		return -1
	}
	slices.Sort(all)
	return float64(all[len(all)*95/100]) / float64(ms)
}

// lostOf is in percent.
func lostOf(record []netlab.Moment) float64 {
	lost, packets := 0, 0
	for _, m := range record {
		lost, packets = lost+m.Lost, packets+m.Packets
	}
	return 100 * float64(lost) / float64(max(packets, 1))
}

// watched returns how ben saw ann, or heard her.
func (a *adapting) watched(source wire.Source) (w client.Watched) {
	w.Skew, w.Latency = client.Spread{P50: -1, P95: -1, P99: -1}, client.Spread{P50: -1, P95: -1, P99: -1}
	for _, r := range a.report.Received {
		if r.Source == source && r.Watched.Frames > w.Frames {
			w = r.Watched
		}
	}
	return w
}

// fps is at what rate ann drew.
func (a *adapting) fps() float64 {
	s := a.sender.Sent[wire.SourceCamera]
	return float64(s.Frames) / client.MaxLayers / (float64(max(s.SpanMs, 1)) / 1000)
}

// seen is what share of ann's frames ben saw, in percent.
func (a *adapting) seen() float64 {
	w := a.watched(wire.SourceCamera)
	return 100 * float64(w.Frames) / (a.fps() * a.script.watching().Seconds())
}

// watching is from settled to the end.
func (s *scenario) watching() time.Duration { return s.lasts - settled }

// concealed is the share of ann's sound that ben did not hear, in percent.
func (a *adapting) concealed() float64 {
	w := a.watched(wire.SourceMic)
	if w.Pieces == 0 {
		return -1
	}
	return 100 * float64(w.Concealed) / float64(w.Pieces)
}

// skew is by how much the picture is beside the sound, in ms.
func (a *adapting) skew() oracle {
	return atMost("picture beside sound, p95", a.watched(wire.SourceCamera).Skew.P95, 80, "ms")
}

// recovery is the longest pause of ann's picture but for a time in which there
// could be none, in s.
func (a *adapting) recovery(hole time.Duration) float64 {
	w := a.watched(wire.SourceCamera)
	if w.Frames == 0 {
		return -1
	}
	return max(float64(w.GapMs)/1000-hole.Seconds(), 0)
}

// rejoins is how often ben's session or epoch changed while he was watched: then the
// first to leave has an epoch begin.
func (a *adapting) rejoins() (n float64) {
	for _, c := range a.report.Changes {
		at := time.UnixMilli(c.AtMs).Sub(a.began)
		if c.What != "seats" && at > 0 && at < a.script.watching() {
			n++
		}
	}
	return n
}

// rate sets ben's cable towards him.
func (a *adapting) rate(bitrate int) func() {
	p := a.script.down
	p.Rate = bitrate
	return func() { a.ben.Set(a.script.up, p) }
}

// An entry of the table is a scenario, or another test that has oracles. What it
// returns last is how late the lab was.
type entry struct {
	name string
	run  func(t *testing.T) ([]oracle, time.Duration)
}

// TestNetlab holds meetings over bad networks and prints what became of them,
// and which oracles are met.
func TestNetlab(t *testing.T) {
	if !*allNetworks {
		t.Skip("many minutes in all: make netlab")
	}
	var rows []row
	for _, e := range entries() {
		t.Run(e.name, func(t *testing.T) {
			r := row{name: e.name, failed: true}
			defer func() {
				rows = append(rows, r)
				writeTable(os.Stderr, rows[len(rows)-1:])
			}()
			r.oracles, r.late = e.run(t)
			if r.late >= busyFrom && r.missed() { // the machine may be idler now
				writeTable(os.Stderr, []row{r})
				r.again = true
				r.oracles, r.late = e.run(t)
			}
			r.failed = t.Failed()
		})
	}
	fmt.Fprintln(os.Stderr)
	writeTable(os.Stderr, rows)
}

func (s *scenario) run(t *testing.T) ([]oracle, time.Duration) {
	lab := netlab.New(t, 1)
	server, ann := lab.Host("server", "10.77.0.1"), lab.Host("ann", "10.77.0.2")
	a := &adapting{lab: lab, ben: lab.Host("ben", "10.77.0.3"), report: &client.Report{}, sender: &client.Report{}, best: drawnRates[2], script: s}
	ann.Set(s.ann, s.ann)
	a.ben.Set(s.up, s.down)
	if s.nat {
		a.ben.BehindNAT("10.77.9.9")
	}
	for i := range s.others {
		a.hosts = append(a.hosts, lab.Host(fmt.Sprintf("o%d", i), fmt.Sprintf("10.77.1.%d", i+1)))
	}
	dir := t.TempDir()
	runs, l := serveOn(t, server, "--trace", dir) // which may have to be built before
	lab.Late(1)
	ctx, cancel := context.WithTimeout(t.Context(), s.lasts+20*second)
	defer cancel()
	a.ctx = ctx
	var work sync.WaitGroup
	began := time.Now()
	a.began = began.Add(settled)
	work.Go(func() { attendWith(ctx, t, ann, l, "ann", s.lasts, a.sender, "--bitrates", drawn) })
	watch := []string{"--no-publish", "--height", "720", "--settle", settled.String()}
	work.Go(func() { attendWith(ctx, t, a.ben, l, "ben", s.lasts, a.report, watch...) })
	for i, h := range a.hosts {
		work.Go(func() { attendWith(ctx, t, h, l, fmt.Sprintf("other %d", i), s.lasts, &client.Report{}, watch...) })
	}
	steps := []netlab.Step{{At: settled, Do: func() {
		for _, h := range append([]*netlab.Host{a.ben}, a.hosts...) {
			h.Record()
		}
	}}}
	if s.script != nil {
		for _, step := range s.script(a) {
			step.At += settled
			steps = append(steps, step)
		}
	}
	lab.Follow(ctx, steps)
	work.Wait()
	late := lab.Late(0.99)
	a.record = a.ben.Recorded()
	for _, h := range a.hosts {
		a.records = append(a.records, h.Recorded())
	}
	runs.stop()
	a.held = heldIn(t, dir, s.lasts)
	if w := a.watched(wire.SourceCamera); w.Frames == 0 {
		t.Errorf("ben saw nothing of ann; phase %s, media %v, problems %v", a.report.Phase, a.report.Media, a.report.Errors)
	}
	for _, r := range a.report.Received {
		if r.Dropped["badTag"]+r.Dropped["wrongOwner"] > 0 {
			t.Errorf("frames did not open: %v", r.Dropped)
		}
	}
	oracles := s.judge(t, a)
	fmt.Fprintf(os.Stderr, "%32s kbit/s by the second, sent: %s\n", s.name, seconds(a.record))
	fmt.Fprintf(os.Stderr, "%32s held to be taken, and why:  %s\n", "", a.told())
	return oracles, late
}

// heldIn reads what a server recorded of the network to which most was sent. The
// recording begins when somebody has come.
func heldIn(t *testing.T, dir string, lasts time.Duration) (of []held) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Errorf("there are the recordings %v, want one: %v", files, err)
		return nil
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Error(err)
		return nil
	}
	all, packets := map[int][]held{}, map[int]int{}
	var last time.Duration
	for line := range bytes.Lines(text) {
		e, err := trace.Parse(line)
		if err != nil {
			t.Error(err)
			return nil
		}
		head := trace.HeadOf(e)
		last = head.At
		if r, ok := e.(*trace.Report); ok {
			all[head.Peer] = append(all[head.Peer], held{head.At, r.Target, r.Cause})
			packets[head.Peer] += len(r.Acks) / 4
		}
	}
	most := 0
	for peer, n := range packets {
		if n > packets[most] {
			most = peer
		}
	}
	of = all[most]
	for i := range of { // it ends with the meeting
		of[i].at += max(lasts-last, 0) - settled
	}
	return of
}

// estimates returns the mean of what the server held ben's network to take
// between two times, in kbit/s; -1: it is not known.
func (a *adapting) estimates(begin, end time.Duration) float64 {
	sum, n := 0.0, 0
	for _, h := range a.held {
		if h.at >= begin && h.at < end {
			sum, n = sum+float64(h.target)/1000, n+1
		}
	}
	if n == 0 {
		return -1
	}
	return sum / float64(n)
}

// told is what was held in each second, and the letter of what bounded it.
func (a *adapting) told() string {
	var b strings.Builder
	for at := time.Duration(0); at < a.script.watching(); at += second {
		cause := "?"
		for _, h := range a.held {
			if h.at >= at && h.at < at+second {
				cause = h.cause[:1]
			}
		}
		fmt.Fprintf(&b, " %.0f%s", a.estimates(at, at+second), cause)
	}
	return b.String()
}

// seconds is what was sent in each second.
func seconds(record []netlab.Moment) string {
	var b strings.Builder
	for i := 0; i+10 <= len(record); i += 10 {
		fmt.Fprintf(&b, " %.0f", kbps(record[i:i+10], sent))
	}
	return b.String()
}
