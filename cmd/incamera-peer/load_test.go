package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"incamera/cmd/incamera-peer/bench"
)

// TestBench: a meeting of participants of one process is measured.
func TestBench(t *testing.T) {
	s := startServer(t, "127.0.0.1:0")
	var out bytes.Buffer
	if code := run(t.Context(), []string{"bench", "--server", s.url, "-p", "1", "-n", "2", "--duration", "2s", "--json"}, &out, io.Discard); code != exitOK {
		t.Fatalf("it ends with %d: %s", code, out.String())
	}
	var list []bench.Figure
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range list {
		got[f.Name] = f.Value
	}
	for _, name := range []string{"join_p50", "join_to_picture_p50", "frame_latency_p50", "frames_opened", "packets_received"} {
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if got["participants"] != 3 || got["frames_not_opened"] != 0 {
		t.Errorf("figures: %v", got)
	}
	for _, args := range [][]string{{}, {"--server", "nowhere"}, {"--server", s.url, "-p", "0"}, {"--server", s.url, "-n", "1000"}, {"--server", s.url, "--bitrates", "1"}} {
		if code := run(t.Context(), append([]string{"bench"}, args...), io.Discard, io.Discard); code != exitUsage {
			t.Errorf("%q ends with %d", args, code)
		}
	}
}
