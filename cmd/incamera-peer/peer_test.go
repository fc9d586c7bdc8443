package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// A peer is a client that runs.
type peer struct {
	*client.Client
	t     *testing.T
	name  string
	leave func() error // and wait
}

func newMeeting(t *testing.T, url string) link.Link {
	t.Helper()
	l, err := client.NewRoom(t.Context(), url, "Kaffee & Küche")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func enter(t *testing.T, l link.Link, name string, publish ...wire.Source) *peer {
	t.Helper()
	return enterAs(t, client.Config{Link: l, Name: name, Publish: publish, Layers: 1})
}

func enterAs(t *testing.T, cfg client.Config) *peer {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx) }()
	p := &peer{Client: c, t: t, name: cfg.Name}
	p.leave = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	t.Cleanup(func() {
		if err := p.leave(); err != nil {
			t.Errorf("%s: %v", cfg.Name, err)
		}
	})
	return p
}

// from returns what p received of a source of another, in its present session.
func (p *peer) from(other string, source wire.Source) client.Received {
	r := p.Report()
	for _, m := range r.Members {
		for _, got := range r.Received {
			if m.Name == other && got.Session == m.Session && got.Source == source {
				return got
			}
		}
	}
	return client.Received{}
}

func (p *peer) members() (names []string) {
	for _, m := range p.Report().Members {
		names = append(names, m.Name)
	}
	return names
}

// together waits until all are in one epoch and see each other.
func together(t *testing.T, peers ...*peer) {
	t.Helper()
	until(t, "all in one epoch", 20*time.Second, func() bool {
		first := peers[0].Report()
		for _, p := range peers {
			r := p.Report()
			if r.Epoch != first.Epoch || r.RosterCode != first.RosterCode || len(r.Members) != len(peers) {
				return false
			}
		}
		return true
	})
}

// shows waits until to has opened n more frames of each source of from.
func shows(t *testing.T, from, to *peer, n int, sources ...wire.Source) {
	t.Helper()
	for _, source := range sources {
		before := to.from(from.name, source).Frames
		until(t, to.name+" gets the "+string(source)+" of "+from.name, 20*time.Second, func() bool {
			return to.from(from.name, source).Frames >= before+n
		})
	}
}

// sound checks that nothing arrived that was not as its sender made it.
func sound(t *testing.T, peers ...*peer) {
	t.Helper()
	for _, p := range peers {
		r := p.Report()
		for _, s := range r.Received {
			if s.Frames != s.ClipFrames {
				t.Errorf("%s: %d frames of the %s of %q are not of the clip", p.name, s.Frames-s.ClipFrames, s.Source, s.Name)
			}
			for _, reason := range []string{"badTag", "malformed", "empty"} {
				if n := s.Dropped[reason]; n > 0 {
					t.Errorf("%s: %d frames of the %s of %q are dropped: %s", p.name, n, s.Source, s.Name, reason)
				}
			}
		}
		if len(r.Errors) > 0 || r.Dropped.Commits+r.Dropped.Welcomes+r.Dropped.Asks+r.Dropped.Apps > 0 {
			t.Errorf("%s: errors %q, dropped %+v", p.name, r.Errors, r.Dropped)
		}
	}
}

const (
	mic    = wire.SourceMic
	camera = wire.SourceCamera
	screen = wire.SourceScreen
)

// TestMeeting: three participants see, hear and read each other; when one
// leaves, the others change their keys and go on.
func TestMeeting(t *testing.T) {
	l := newMeeting(t, startServer(t, "127.0.0.1:0").url)
	ann, bob := enter(t, l, "Ann", mic, camera), enter(t, l, "Bob", mic, camera, screen)
	together(t, ann, bob)
	cat := enter(t, l, "Cat", mic, camera)
	together(t, ann, bob, cat)
	for _, from := range []*peer{ann, bob, cat} {
		for _, to := range []*peer{ann, bob, cat} {
			if from != to {
				shows(t, from, to, 20, mic, camera)
			}
		}
	}
	shows(t, bob, ann, 10, screen)
	ann.Say(t.Context(), "Hört ihr mich?")
	for _, p := range []*peer{ann, bob, cat} {
		until(t, p.name+" reads what Ann says", 5*time.Second, func() bool { return len(p.Report().Chat) == 1 })
		if c := p.Report().Chat[0]; c.Name != "Ann" || c.Text != "Hört ihr mich?" || c.Self != (p == ann) {
			t.Errorf("%s reads %+v", p.name, c)
		}
	}
	for _, m := range ann.Report().Members {
		if want := m.Name == "Bob"; m.State == nil || !m.State.Mic || m.State.Screen != want {
			t.Errorf("%s says %+v", m.Name, m.State)
		}
	}
	before := ann.Report()
	if err := cat.leave(); err != nil {
		t.Fatal(err)
	}
	together(t, ann, bob)
	after := ann.Report()
	if after.Epoch <= before.Epoch || after.RosterCode == before.RosterCode {
		t.Errorf("without Cat: epoch %d after %d, code %s after %s", after.Epoch, before.Epoch, after.RosterCode, before.RosterCode)
	}
	shows(t, ann, bob, 20, mic, camera)
	shows(t, bob, ann, 20, mic, camera)
	if r := ann.from("Bob", camera); r.KeyFrames == 0 {
		t.Error("no key frame of Bob")
	}
	if r := ann.Report(); r.Title != "Kaffee & Küche" || r.Phase != "member" {
		t.Errorf("%q, %s", r.Title, r.Phase)
	}
	sound(t, ann, bob)
}

// TestLayers: a camera that sends three layers is one stream to the others.
func TestLayers(t *testing.T) {
	l := newMeeting(t, startServer(t, "127.0.0.1:0").url)
	viewer := enter(t, l, "Viewer")
	c, err := client.New(client.Config{Link: l, Name: "Three", Publish: []wire.Source{camera}, Layers: 3, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- c.Run(ctx) }()
	three := &peer{Client: c, name: "Three"}
	shows(t, three, viewer, 30, camera)
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
	sound(t, viewer)
}

// TestCutCable: a broken connection costs neither the session nor a message.
func TestCutCable(t *testing.T) {
	s := startServer(t, "127.0.0.1:0")
	wire := newCable(t, s)
	l := newMeeting(t, wire.url)
	direct := l
	direct.Server = s.url
	ann, bob := enter(t, direct, "Ann", mic), enter(t, l, "Bob", mic)
	together(t, ann, bob)
	session := bob.Report().Session
	wire.cut()
	for _, text := range []string{"one", "two"} {
		ann.Say(t.Context(), text)
		bob.Say(t.Context(), text)
	}
	shows(t, ann, bob, 50, mic) // media goes another way, and goes on
	wire.mend()
	for _, p := range []*peer{ann, bob} {
		until(t, p.name+" reads all", 15*time.Second, func() bool { return len(p.Report().Chat) == 4 })
	}
	if now := bob.Report(); now.Session != session || now.Epochs > 4 {
		t.Errorf("Bob was %s and is %s after %d epochs", session, now.Session, now.Epochs)
	}
	sound(t, ann, bob)
}

// TestServerRestart: the meeting goes on at a server that knows nothing of it.
func TestServerRestart(t *testing.T) {
	s := startServer(t, "127.0.0.1:0")
	l := newMeeting(t, s.url)
	ann, bob := enter(t, l, "Ann", mic), enter(t, l, "Bob", mic)
	together(t, ann, bob)
	shows(t, ann, bob, 10, mic)
	session := bob.Report().Session
	s.stop()
	startServer(t, strings.TrimPrefix(s.url, "http://"))
	until(t, "Bob has a new session", 20*time.Second, func() bool { return bob.Report().Session != session })
	together(t, ann, bob)
	shows(t, ann, bob, 20, mic)
	shows(t, bob, ann, 20, mic)
}

// TestHands: raised hands stand in the same line for all, for who joins later
// too.
func TestHands(t *testing.T) {
	l := newMeeting(t, startServer(t, "127.0.0.1:0").url)
	raises := func(name string) client.Config {
		return client.Config{Link: l, Name: name, Layers: 1, RaiseHand: true}
	}
	line := func(p *peer) string {
		var s []string
		for _, m := range p.Report().Members {
			if m.Ticket > 0 {
				s = append(s, fmt.Sprint(m.Ticket, m.Name))
			}
		}
		slices.Sort(s)
		return strings.Join(s, " ")
	}
	ann, bob := enter(t, l, "Ann"), enterAs(t, raises("Bob"))
	until(t, "Bob is first", 20*time.Second, func() bool { return line(ann) == "1Bob" && line(bob) == "1Bob" })
	cat := enter(t, l, "Cat")
	until(t, "Cat hears it, too", 20*time.Second, func() bool { return line(cat) == "1Bob" })
	if err := bob.leave(); err != nil {
		t.Error(err)
	}
	until(t, "the line is empty", 20*time.Second, func() bool { return line(ann) == "" && line(cat) == "" })
}

// TestCommands runs the program as people do.
func TestCommands(t *testing.T) {
	s := startServer(t, "127.0.0.1:0")
	var out, complaints bytes.Buffer
	if code := run(t.Context(), []string{"new", "--server", s.url, "--title", "Test"}, &out, &complaints); code != exitOK {
		t.Fatalf("new: exit %d, %s", code, complaints.String())
	}
	text := strings.TrimSpace(out.String())
	l, err := link.Parse(text)
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	guest := enter(t, l, "Guest")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out.Reset()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"join", text, "--name", "Robot", "--say", "hello, you", "--json"}, &out, &complaints)
	}()
	until(t, "the guest reads hello", 20*time.Second, func() bool { return len(guest.Report().Chat) == 1 })
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("join: exit %d, %s", code, complaints.String())
	}
	var r client.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	// Its own words may have been on their way back when it was interrupted.
	if r.Name != "Robot" || r.Title != "Test" || len(r.Members) != 2 || len(r.Chat) > 1 || len(r.Chat) == 1 && !r.Chat[0].Self {
		t.Errorf("reported %+v", r)
	}
	until(t, "Robot is gone", 10*time.Second, func() bool { return slices.Equal(guest.members(), []string{"Guest"}) })
	out.Reset()
	if code := run(t.Context(), []string{"join", text, "--duration", "1s", "--no-publish"}, &out, &complaints); code != exitOK {
		t.Errorf("exit %d, %s", code, complaints.String())
	}
	if !strings.Contains(out.String(), "roster code") || strings.Contains(out.String(), text) {
		t.Errorf("printed %s", out.String())
	}
}

// TestSeveral: one process joins as several, whom others see and hear, and who
// receive nothing if they are told so.
func TestSeveral(t *testing.T) {
	l := newMeeting(t, startServer(t, "127.0.0.1:0").url)
	guest := enter(t, l, "Guest", wire.SourceMic)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, complaints bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"join", l.Text(), "--name", "Choir", "--count", "3", "--no-receive", "--json"}, &out, &complaints)
	}()
	until(t, "three are seen and heard", 20*time.Second, func() bool {
		seen := 0
		for _, s := range guest.Report().Received {
			if strings.HasPrefix(s.Name, "Choir ") && s.Frames > 10 {
				seen++
			}
		}
		return seen == 3*2
	})
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("exit %d, %s", code, complaints.String())
	}
	reports := json.NewDecoder(&out)
	for _, name := range []string{"Choir 1", "Choir 2", "Choir 3"} {
		var r client.Report
		if err := reports.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Name != name || len(r.Received) > 0 {
			t.Errorf("%s reported %+v", name, r)
		}
	}
	until(t, "they are gone", 10*time.Second, func() bool { return slices.Equal(guest.members(), []string{"Guest"}) })
}

// TestSeveralInterrupted: who has not begun to join when they are to leave does not,
// and is not told of.
func TestSeveralInterrupted(t *testing.T) {
	l := newMeeting(t, startServer(t, "127.0.0.1:0").url)
	guest := enter(t, l, "Guest")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, complaints bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"join", l.Text(), "--name", "Choir", "--count", "40", "--no-publish"}, &out, &complaints)
	}()
	until(t, "the first is there", 20*time.Second, func() bool { return slices.Contains(guest.members(), "Choir 1") })
	interrupt()
	<-done // with an error, if somebody was on his way in
	if n := strings.Count(out.String(), "roster code"); n < 1 || n > 39 {
		t.Errorf("%d are told of", n)
	}
}

// TestRefusals: what is wrong is said, and the exit code tells whose it is.
func TestRefusals(t *testing.T) {
	s := startServer(t, "127.0.0.1:0")
	l := newMeeting(t, s.url)
	text := l.Text()
	other := l
	other.Secret = link.NewSecret()
	gone := l
	gone.Room = link.Room(strings.Repeat("a", 26))
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"join " + text[:len(text)-3], exitUsage, "cut short"},
		{"join " + strings.Replace(text, "#1.", "#7.", 1), exitUsage, "unknown version"},
		{"join https://example.org/", exitUsage, "not a meeting link"},
		{"join " + other.Text(), exitFailure, "no meeting behind this link"},
		{"join " + gone.Text(), exitFailure, "no meeting behind this link"},
		{"join " + text + " --layers 4", exitUsage, "--layers"},
		{"join " + text + " --name \u200b", exitUsage, "invisible"},
		{"join " + text + " --count 0", exitUsage, "--count"},
		{"join", exitUsage, "link"},
		{"new", exitUsage, "--server"},
		{"new --server example.org", exitUsage, "not of the form"},
		{"new --server http://127.0.0.1:1", exitFailure, "refused"},
		{"sing", exitUsage, "sing"},
	} {
		var out, complaints bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), &out, &complaints)
		if code != c.code || !strings.Contains(complaints.String(), c.says) {
			t.Errorf("%.60s: exit %d, %s; want %d, %q", c.args, code, complaints.String(), c.code, c.says)
		}
		if strings.Contains(complaints.String(), text[len(text)-20:]) {
			t.Errorf("%.60s: the secret is printed: %s", c.args, complaints.String())
		}
	}
}
