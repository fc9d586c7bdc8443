package sfu_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"incamera/sfu"
	"incamera/sfu/sfutest"
	"incamera/sfu/trace"
	"incamera/sfu/trace/replay"
)

// TestRecording: what a room was told and decided, a pause and a publisher who
// begins anew included, is decided again from its recording, which holds no id
// and nothing of what was sent. A connection test is not recorded.
func TestRecording(t *testing.T) {
	dir := t.TempDir()
	folder, err := trace.Open(trace.Config{Dir: dir, Size: 10 << 20, Files: 3, Build: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := sfutest.OpenWith(t, sfu.Config{Trace: folder})
	unrecorded := server.NewTestRoom()
	sfutest.Join(t, unrecorded, "nobody").Leave()
	unrecorded.Close()
	room := server.NewRoom()
	const alice, bob = sfu.PeerID("alice-canary"), sfu.PeerID("bob-canary")
	a, b := sfutest.Join(t, room, alice, "q", "h", "f"), sfutest.Join(t, room, bob)
	a.Peer.SetSources([]sfu.Source{sfu.Camera, sfu.Mic})
	b.Peer.SetView(view(alice))
	n := 0
	picture := func() { // the lowest layer fits into any estimate, however fast it is sent here
		for layer, size := range []int{0, 300, 900} {
			a.Layer(layer, n%4 == 0, "canary "+strings.Repeat("x", size))
		}
		a.Voice("canary")
		n++
	}
	shown := func() func() bool {
		had, from := 0, n
		if seat := b.SeatOf(alice, sfu.Camera); seat >= 0 {
			had = len(b.Received(seat))
		}
		return func() bool {
			seat := b.SeatOf(alice, sfu.Camera)
			return seat >= 0 && n > from+30 && len(b.Received(seat)) > had+8
		}
	}
	b.Until("the picture is shown", picture, shown())
	b.Until("a picture is shown that fits into less", func() { picture(); b.Estimate(150_000) }, shown())
	a.Republish()
	b.Until("the picture of another connection is shown", picture, shown())
	a.Leave()
	room.Close()

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("there are %v, want one recording: %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("canary")) || bytes.Contains(text, []byte("127.0.0.1")) {
		t.Errorf("who was there, or what he sent, is in the recording")
	}
	result, err := replay.Run(bytes.NewReader(text), func(d replay.Difference) { t.Errorf("%+v", d) })
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []trace.Kind{trace.KindREMB, trace.KindAdapt, trace.KindKey, trace.KindAim, trace.KindOwner, trace.KindQuality, trace.KindDemand, trace.KindGone} {
		if result.Events[kind] == 0 {
			t.Errorf("nothing was recorded of %s: %v", kind, result.Events)
		}
	}
	if lost, refused := folder.Stats(); lost+refused != 0 || result.Ending != replay.Whole {
		t.Errorf("%d events are lost, %d recordings refused; it ends as %s", lost, refused, result.Ending)
	}
}
