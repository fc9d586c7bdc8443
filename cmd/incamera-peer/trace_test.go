package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/sfu/netlab"
)

// recordTrace has TestTrace keep its recording.
var recordTrace = flag.String("record-trace", "", "write the recording of TestTrace here, compressed")

// TestTrace: a server with --trace records a meeting over a network that takes
// less, and more again. Nothing in the file says which meeting it was, or whose;
// the same build takes the recorded decisions again, and says so where one is
// another.
func TestTrace(t *testing.T) {
	lab := netlab.New(t, 3)
	dir := filepath.Join(t.TempDir(), "recordings")
	hosts := map[string]*netlab.Host{}
	for name, addr := range map[string]string{"server": "10.77.0.1", "annabel-w": "10.77.201.2", "benedict-q": "10.77.201.3"} {
		hosts[name] = lab.Host(name[:3], addr)
	}
	ben := hosts["benedict-q"]
	takes := func(bitrate int, loss float64) func() {
		return func() {
			ben.Set(netlab.Profile{}, netlab.Profile{Delay: 20 * ms, Rate: bitrate, Queue: 400 * ms, Loss: loss})
		}
	}
	takes(4_000_000, 0)()
	lasts, script := 12*time.Second, []netlab.Step{{At: 5 * time.Second, Do: takes(400_000, 0)}}
	if *recordTrace != "" { // what is kept has more of everything
		lasts, script = 34*time.Second, append(script, []netlab.Step{
			{At: 10 * time.Second, Do: takes(4_000_000, 0)},
			{At: 17 * time.Second, Do: takes(4_000_000, 0.1)},
			{At: 24 * time.Second, Do: takes(4_000_000, 0)},
			{At: 26 * time.Second, Do: func() { hosts["annabel-w"].Set(netlab.Profile{Blackhole: true}, netlab.Profile{}) }},
			{At: 28500 * ms, Do: func() { hosts["annabel-w"].Set(netlab.Profile{}, netlab.Profile{}) }},
		}...)
	}
	s, l := serveOn(t, hosts["server"], "--trace", dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var work sync.WaitGroup
	ann, benReport := &client.Report{}, &client.Report{}
	work.Go(func() {
		attendWith(ctx, t, hosts["annabel-w"], l, "annabel-w", lasts, ann, "--bitrates", drawn, "--say", "canary-in-the-chat")
	})
	work.Go(func() { attendWith(ctx, t, ben, l, "benedict-q", lasts, benReport, "--height", "720", "--layers", "2") })
	lab.Follow(ctx, script)
	work.Wait()
	s.stop()

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("there are the files %v, want one: %v", files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v: %v", info.Mode(), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if ann.Session == "" || benReport.Session == "" {
		t.Fatalf("who was there has no session: %+v, %+v", ann, benReport)
	}
	secret := l.Secret.Reveal()
	canaries := map[string][]byte{
		"the room": []byte(l.Room), "the room in hex": []byte(hex.EncodeToString([]byte(l.Room))),
		"the secret": []byte(base64.RawURLEncoding.EncodeToString(secret)), "the secret's bytes": secret,
		"a session": []byte(ann.Session), "another session": []byte(benReport.Session),
		"a name": []byte("annabel"), "another name": []byte("benedict"), "chat": []byte("canary"), "the origin": []byte(l.Server),
	}
	for name, h := range hosts {
		a := h.Addr.As4()
		canaries["the address of "+name], canaries["the address of "+name+" in bytes"] = []byte(h.Addr.String()), a[:]
	}
	for what, bytesOf := range canaries {
		if len(bytesOf) == 0 {
			t.Errorf("%s is empty here", what)
		} else if bytes.Contains(append([]byte(filepath.Base(files[0])), text...), bytesOf) {
			t.Errorf("%s is in the recording", what)
		}
	}
	if got := regexp.MustCompile(`:"[^"]*[0-9][^"]*"`).FindAll(bytes.SplitAfterN(text, []byte("\n"), 2)[1], -1); got != nil {
		t.Errorf("texts with digits are in the recording: %q", got[0])
	}
	for _, want := range []string{`"e":"report"`, `"e":"probe"`, `"e":"adapt"`, `"e":"demand"`, `"e":"quality"`, `"decision":"switch"`, `"cause":"queue"`, `"down":"limited"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the recording has no %s", want)
		}
	}
	replays(t, files[0], "No decision differs.")
	if *recordTrace != "" {
		keep(t, *recordTrace, text)
	}
	was := regexp.MustCompile(`"target":\d+,"acked":\d+,"cause":"queue"`).Find(text)
	other := filepath.Join(t.TempDir(), "other.jsonl")
	if err := os.WriteFile(other, bytes.Replace(text, was, []byte(`"target":1234567,"acked":1,"cause":"queue"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	replays(t, other, "was 1234567")
}

// replays runs the server's command on a recording and looks for what it says.
func replays(t *testing.T, file, want string) {
	t.Helper()
	server, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(server, "trace", "replay", file).CombinedOutput()
	if !strings.Contains(string(out), want) || (err == nil) != strings.HasPrefix(want, "No ") {
		t.Errorf("it is replayed with %v, want %q\n%.3000s", err, want, out)
	}
}

// keep writes a recording as package replay has one.
func keep(t *testing.T, file string, text []byte) {
	t.Helper()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, err := w.Write(text)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.WriteFile(file, b.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
