package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/sfu/netlab"
)

var (
	soakFor  = flag.Duration("soak", 0, "how long TestSoak goes on; 0: not at all")
	soakSeed = flag.Uint64("soak-seed", 0, "what people and networks do in TestSoak; 0: something else each time, which is printed")
)

const (
	// soakRound is from one look at the server to the next; soakSettle of it is
	// without anybody. Shorter, and what vanished people leave behind for its time
	// (15 s without media, 30 s without a socket) is still there.
	soakRound  = 150 * time.Second
	soakSettle = 55 * time.Second
	soakHosts  = 6
)

// A sample is what the server holds when nobody is there.
type sample struct {
	goroutines, files int
	rss, heap         int64 // bytes
}

func (s sample) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %.1f MB resident, %.1f MB of heap", s.goroutines, s.files, float64(s.rss)/1e6, float64(s.heap)/1e6)
}

// What the most of the last third of the samples may be above the most of the
// first: one meeting more that waits its ten minutes for somebody (two goroutines,
// a recording), somebody who vanished late, and what a collector that sizes its
// heap by what it has seen lately makes of the same load.
const (
	moreGoroutines, moreFiles = 5, 4
	moreMemory                = 8_000_000 // bytes; and an eighth
)

// risen says what is not flat.
func risen(samples []sample) (problems []string) {
	third := len(samples) / 3
	if third == 0 {
		return []string{fmt.Sprintf("%d samples say nothing", len(samples))}
	}
	for _, of := range []struct {
		what string
		get  func(sample) int64
		more func(before int64) int64
	}{
		{"goroutines", func(s sample) int64 { return int64(s.goroutines) }, func(int64) int64 { return moreGoroutines }},
		{"files", func(s sample) int64 { return int64(s.files) }, func(int64) int64 { return moreFiles }},
		{"bytes resident", func(s sample) int64 { return s.rss }, func(before int64) int64 { return before/8 + moreMemory }},
	} {
		most := func(part []sample) int64 {
			return of.get(slices.MaxFunc(part, func(a, b sample) int { return int(of.get(a) - of.get(b)) }))
		}
		before, after := most(samples[:third]), most(samples[len(samples)-third:])
		if after > before+of.more(before) {
			problems = append(problems, fmt.Sprintf("%d %s, at first %d", after, of.what, before))
		}
	}
	return problems
}

func TestRisen(t *testing.T) {
	flat := slices.Repeat([]sample{{40, 12, 50e6, 5e6}, {42, 14, 55e6, 9e6}, {41, 12, 57e6, 5e6}}, 3)
	if got := risen(flat); got != nil {
		t.Errorf("flat samples: %v", got)
	}
	for want, change := range map[string]func(s *sample, i int){
		"49 goroutines": func(s *sample, i int) { s.goroutines += i },
		"21 files":      func(s *sample, i int) { s.files += i },
		"resident":      func(s *sample, i int) { s.rss += int64(i) * 4e6 },
	} {
		rising := slices.Clone(flat)
		for i := range rising {
			change(&rising[i], i)
		}
		if got := risen(rising); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("rising samples: %v, want %s", got, want)
		}
	}
	if got := risen(flat[:2]); got == nil {
		t.Error("two samples are enough")
	}
}

// TestSoak has people come, go, publish, watch, page, vanish, and the networks
// between change at random, for as long as it is told: what the server holds
// when they are gone does not grow.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("half an hour: make soak")
	}
	if *soakSeed == 0 {
		*soakSeed = rand.Uint64() >> 1
	}
	fmt.Fprintf(os.Stderr, "soak for %v, -soak-seed %d\n", *soakFor, *soakSeed)
	s := newSoak(t, *soakSeed)
	rounds := max(3, int(*soakFor/soakRound))
	var samples []sample
	for i := range rounds {
		did := s.round(t.Context(), i)
		samples = append(samples, s.sample())
		fmt.Fprintf(os.Stderr, "%2d of %d: %v; before, %v\n", i+1, rounds, samples[i], did)
	}
	if problems := risen(samples); problems != nil {
		t.Errorf("when nobody is there, the server holds more and more: %s\n%s", strings.Join(problems, "; "), s.fetch("/debug/pprof/goroutine?debug=1"))
	}
	if s.all.frames == 0 || s.all.vanished == 0 {
		t.Errorf("too little has happened: %v", &s.all)
	}
}

// A soaking is a server and hosts of people who may come.
type soaking struct {
	t           *testing.T
	seed        uint64
	lab         *netlab.Lab
	host        *netlab.Host // the server's
	pid         int
	peer        string
	environment []string
	hosts       []*netlab.Host
	link        string // of the meeting that goes on
	all         deeds
}

// deeds are what happened.
type deeds struct {
	mu sync.Mutex
	// Guarded by mu.
	came, vanished, failed, changes int
	frames                          int // that were received
}

func (d *deeds) String() string {
	return fmt.Sprintf("%d came, of whom %d vanished and %d ended in an error; %d frames were received, networks changed %d times", d.came, d.vanished, d.failed, d.frames, d.changes)
}

func (d *deeds) note(f func(*deeds)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

func newSoak(t *testing.T, seed uint64) *soaking {
	t.Helper()
	server, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	s := &soaking{t: t, seed: seed, lab: netlab.New(t, seed)}
	if s.peer, err = peerBinary(); err != nil {
		t.Fatal(err)
	}
	s.host = s.lab.Host("server", serverHost)
	for i := range soakHosts {
		h := s.lab.Host(fmt.Sprintf("h%d", i), fmt.Sprintf("10.77.3.%d", i+1))
		if behindNAT(i) {
			h.BehindNAT(fmt.Sprintf("10.77.4.%d", i+1))
		}
		s.hosts = append(s.hosts, h)
	}
	dir := t.TempDir()
	cmd := s.host.Command(context.Background(), server, "serve", "--listen", net.JoinHostPort(serverHost, strconv.Itoa(serverPort)), "--tls", "self-signed",
		"--open", "--data", dir, "--metrics", "127.0.0.1:9090", "--trace", filepath.Join(dir, "trace"), "--trace-size", "5", "--trace-files", "4")
	runServer(t, cmd)
	s.pid = cmd.Process.Pid
	if file, linkErr := os.Readlink(fmt.Sprintf("/proc/%d/exe", s.pid)); linkErr != nil || file != server {
		t.Fatalf("process %d is %s, not the server: %v", s.pid, file, linkErr)
	}
	s.environment = append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(dir, "authority.pem"))
	if s.link, err = s.meet(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// behindNAT reports whether the host of that number is.
func behindNAT(i int) bool { return i%3 == 0 }

// meet makes a meeting.
func (s *soaking) meet(ctx context.Context) (link string, err error) {
	cmd := s.host.Command(ctx, s.peer, "new", "--server", "https://"+serverHost)
	cmd.Env = s.environment
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// wait returns after that time, or when ctx is over.
func wait(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

// round has people come and go, and waits until nothing need be left of them.
func (s *soaking) round(ctx context.Context, number int) string {
	did := &deeds{}
	life, cancel := context.WithTimeout(ctx, soakRound-soakSettle)
	defer cancel()
	short, err := s.meet(life) // of this round only
	if err != nil {
		s.t.Fatalf("making a meeting: %v", err)
	}
	var work sync.WaitGroup
	chance := func(stream int) *rand.Rand { return rand.New(rand.NewPCG(s.seed, uint64(1000*number+stream))) }
	for i, h := range s.hosts {
		r := chance(i)
		work.Go(func() {
			for life.Err() == nil {
				s.attend(life, h, r, []string{s.link, s.link, short}[r.IntN(3)], did)
				wait(life, between(r, 0, 4*time.Second))
			}
		})
	}
	work.Go(func() {
		for r := chance(soakHosts); life.Err() == nil; {
			s.change(r, did)
			wait(life, between(r, time.Second, 5*time.Second))
		}
	})
	work.Wait()
	for _, h := range s.hosts {
		h.Set(netlab.Profile{}, netlab.Profile{})
	}
	wait(ctx, soakSettle)
	text := did.String()
	s.all.note(func(d *deeds) { d.frames, d.vanished = d.frames+did.frames, d.vanished+did.vanished })
	return text
}

// attend runs a participant who does something of what people do. That it fails
// is no wonder on such networks.
func (s *soaking) attend(ctx context.Context, h *netlab.Host, r *rand.Rand, link string, did *deeds) {
	stays := between(r, 4*time.Second, 45*time.Second)
	args := []string{"join", link, "--json", "--duration", stays.String(), "--height", []string{"180", "360", "720"}[r.IntN(3)]}
	for _, may := range []struct {
		flags string
		share float64
	}{
		{"--no-publish", 0.25}, {"--screen", 0.15}, {"--layers 3", 0.4}, {"--page 2s", 0.4}, {"--hand", 0.1}, {"--say hello", 0.3}, {"--bitrates 80,200", 0.3},
	} {
		if r.Float64() < may.share {
			args = append(args, strings.Fields(may.flags)...)
		}
	}
	if way := []string{"", "", "", "udp", "tcp", "relay"}[r.IntN(6)]; way != "" {
		args = append(args, "--way", way)
	}
	cut, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := h.Command(cut, s.peer, args...)
	var out bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.WaitDelay = s.environment, &out, 10*time.Second
	vanishes := r.Float64() < 0.3
	if !vanishes { // else it is killed
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	}
	if r.Float64() < 0.5 {
		earlier := time.AfterFunc(between(r, time.Second, stays), cancel)
		defer earlier.Stop()
	}
	err := cmd.Run()
	var report client.Report
	frames := 0
	if json.Unmarshal(out.Bytes(), &report) == nil {
		for _, got := range report.Received {
			frames += got.Frames
		}
	}
	did.note(func(d *deeds) {
		d.came++
		d.frames += frames
		switch {
		case vanishes && cut.Err() != nil:
			d.vanished++
		case err != nil && !errors.Is(err, context.Canceled):
			d.failed++
		}
	})
}

// change gives some host another network, in both directions.
func (s *soaking) change(r *rand.Rand, did *deeds) {
	i := r.IntN(len(s.hosts))
	h := s.hosts[i]
	did.note(func(d *deeds) { d.changes++ })
	if behindNAT(i) && r.IntN(4) == 0 {
		h.Rebind()
		return
	}
	delay := between(r, 0, 120*ms)
	bad := []netlab.Profile{
		{},
		{Delay: delay},
		{Delay: delay, Jitter: between(r, ms, 40*ms)},
		{Delay: delay, Loss: 0.1 * r.Float64(), Burst: 1 + 10*r.Float64()},
		{Delay: delay, Rate: 200_000 + r.IntN(2_000_000), Queue: between(r, 50*ms, 600*ms)},
		{Delay: delay, Rate: 300_000 + r.IntN(2_000_000), Queue: 100 * ms, Police: true},
		{Delay: delay, Reorder: 0.1 * r.Float64(), ReorderBy: between(r, ms, 30*ms)},
		{Delay: delay, Duplicate: 0.2 * r.Float64()},
		{Blackhole: true},
		{BlockUDP: true},
		{OnlyTCP: serverPort},
	}
	up, down := bad[r.IntN(len(bad))], bad[r.IntN(len(bad))]
	if r.IntN(2) == 0 {
		down = up
	}
	h.Set(up, down)
}

// fetch asks the server's loopback port.
func (s *soaking) fetch(path string) string {
	s.t.Helper()
	c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return s.host.DialTCP(netip.MustParseAddrPort("127.0.0.1:9090"))
		},
	}}
	res, err := c.Get("http://127.0.0.1:9090" + path)
	if err != nil {
		s.t.Fatalf("asking the server: %v", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("the server answers %s with %s, %v", path, res.Status, err)
	}
	return string(text)
}

// sample looks at the server, after it has collected its garbage.
func (s *soaking) sample() (now sample) {
	s.t.Helper()
	_ = s.fetch("/debug/pprof/heap?gc=1") // twice: what has finalizers goes with the second
	_ = s.fetch("/debug/pprof/heap?gc=1")
	number := func(text, name string) int64 {
		for line := range strings.Lines(text) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == name {
				if n, err := strconv.ParseFloat(f[1], 64); err == nil {
					return int64(n)
				}
			}
		}
		s.t.Fatalf("there is no %s", name)
		return 0
	}
	metrics := s.fetch("/metrics")
	now.goroutines, now.heap = int(number(metrics, "go_goroutines")), number(metrics, "go_memstats_heap_inuse_bytes")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	now.rss = 1024 * number(string(status), "VmRSS:")
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid))
	if err != nil {
		s.t.Fatal(err)
	}
	now.files = len(files)
	return now
}
