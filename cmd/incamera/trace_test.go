package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"incamera/sfu/trace"
)

// TestReplayCommand: a recording is replayed by its name, what is none is an
// error, and one that differs ends with another code than one that does not.
func TestReplayCommand(t *testing.T) {
	begin, peer := fmt.Sprintf(`{"e":"begin","t":0,"format":%d,"build":"b1"}`, trace.Format)+"\n", `{"e":"peer","t":0,"p":1}`+"\n"
	demand := func(told string) string {
		return `{"e":"demand","t":1000000000,"p":1,"watched":[3,3],"told":[` + told + "]}\n"
	}
	for name, c := range map[string]struct {
		text string
		code int
		want string
	}{
		"the same":   {begin + peer + demand("3,3"), exitOK, "Recorded by b1, replayed by dev"},
		"another":    {begin + peer + demand("1,3"), exitFailure, ":3: 1s, peer 1, demand: told is [3 3], was [1 3]"},
		"many":       {begin + peer + strings.Repeat(demand("1,3"), 60), exitFailure, "and 10 more"},
		"full":       {begin + peer + `{"e":"full","t":0}` + "\n", exitOK, "--trace-size"},
		"a gap":      {begin + peer + `{"e":"lost","t":0,"events":1}` + "\n", exitOK, "Events are missing"},
		"torn":       {begin + peer + `{"e":"de`, exitOK, "breaks off"},
		"no lines":   {"", exitFailure, "no recording"},
		"something":  {"hello\n", exitFailure, "line 1"},
		"of others":  {begin + `{"e":"song","t":0}` + "\n", exitFailure, `"song" are not known`},
		"of a later": {`{"e":"begin","t":0,"format":9,"build":"b9"}` + "\n", exitFailure, "another format"},
	} {
		file := filepath.Join(t.TempDir(), "trace.jsonl")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if code := run([]string{"trace", "replay", file}, nil, &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %d, want %d and %q\n%s", name, code, c.code, c.want, &out)
		}
	}
	if code := run([]string{"trace", "replay", filepath.Join(t.TempDir(), "none")}, nil, io.Discard, io.Discard); code != exitFailure {
		t.Errorf("a file that is not there: %d", code)
	}
}

// TestTraceSettings: they are off, shown, and refused at the start where nothing
// can be written.
func TestTraceSettings(t *testing.T) {
	var out bytes.Buffer
	if code := run([]string{"serve", "--print-config"}, nil, &out, &out); code != exitOK || !strings.Contains(out.String(), "trace = \"\" # default") || !strings.Contains(out.String(), "trace-files = \"20\" # default") {
		t.Errorf("the settings are\n%s", &out)
	}
	log := slog.New(slog.DiscardHandler)
	if f, err := openTrace(&Config{}, log); f != nil || err != nil || traceMetrics(f) != nil {
		t.Errorf("without the setting there is %v, %v", f, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openTrace(&Config{Trace: filepath.Join(file, "dir"), TraceSize: 1, TraceFiles: 1}, log); err == nil || !strings.Contains(err.Error(), "leave it out") {
		t.Errorf("below a file: %v", err)
	}
	f, err := openTrace(&Config{Trace: filepath.Join(t.TempDir(), "dir"), TraceSize: 1, TraceFiles: 1}, log)
	if err != nil || len(traceMetrics(f)) != 2 {
		t.Errorf("a folder: %v, %v", f, err)
	}
}
