package signaling

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"incamera/signaling/files"
	"incamera/signaling/wire"
)

var fileID = bytes.Repeat([]byte{5}, wire.FileIDSize)

// withFiles keeps files of at most 1000 bytes.
func withFiles(t testing.TB) func(*Config) {
	return func(c *Config) {
		limits := files.DefaultLimits()
		limits.File, limits.Room = 1000, 1500
		var err error
		if c.Files, err = files.New(t.TempDir(), limits); err != nil {
			t.Fatal(err)
		}
	}
}

// found joins a room as the only member of its group.
func (f *fixture) found(l link) *client {
	f.t.Helper()
	c := f.join(l)
	c.say(wire.Found{Generation: c.joined.Generation})
	expect[wire.Founded](c)
	return c
}

func (c *client) openFile(l link, size uint64) wire.OpenFile {
	return wire.OpenFile{Room: l.room, Session: c.joined.Session, Secret: c.joined.Secret, ID: fileID, Size: size}
}

// grant opens an upload.
func (f *fixture) grant(m wire.OpenFile) []byte {
	f.t.Helper()
	status, body := f.post("/api/files", wire.EncodeBody(m))
	if status != http.StatusCreated {
		f.t.Fatalf("opening a file: %d %s", status, body)
	}
	opened, err := wire.DecodeBody[wire.FileOpened]([]byte(body[strings.Index(body, "{"):]))
	if err != nil {
		f.t.Fatal(err)
	}
	return opened.Grant
}

// file sends a request about the file.
func (f *fixture) file(method string, l link, body []byte, headers ...string) (int, string) {
	f.t.Helper()
	r, err := http.NewRequest(method, f.http.URL+"/api/files/"+l.room+"/"+hex.EncodeToString(fileID), bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return f.send(r)
}

func shown(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestFile(t *testing.T) {
	f := serve(t, withFiles(t))
	l := f.room("a")
	ann := f.found(l)
	if ann.joined.MaxFile != 1000 {
		t.Errorf("a file may have %d bytes", ann.joined.MaxFile)
	}
	open := ann.openFile(l, 10)
	grant := shown(f.grant(open))
	if status, body := f.file(http.MethodPut, l, []byte("012345"), "Incamera-Grant", grant, "Incamera-Offset", "0"); status != http.StatusOK || !strings.HasSuffix(body, `{"received":6}`) {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := f.file(http.MethodGet, l, nil, "Incamera-Token", shown(l.token)); status != http.StatusNotFound {
		t.Errorf("half a file: %d", status)
	}
	if status, _ := f.file(http.MethodPut, l, []byte("345"), "Incamera-Grant", grant, "Incamera-Offset", "3"); status != http.StatusConflict {
		t.Errorf("bytes that are there already: %d", status)
	}
	if status, body := f.file(http.MethodPut, l, []byte("6789"), "Incamera-Grant", grant, "Incamera-Offset", "6"); status != http.StatusOK || !strings.HasSuffix(body, `{"received":10}`) {
		t.Fatalf("%d %s", status, body)
	}
	status, body := f.file(http.MethodGet, l, nil, "Incamera-Token", shown(l.token), "Range", "bytes=4-6")
	if status != http.StatusPartialContent || !strings.HasSuffix(body, "456") ||
		!strings.Contains(body, "Content-Range:[bytes 4-6/10]") || !strings.Contains(body, "Content-Disposition:[attachment]") ||
		!strings.Contains(body, "Content-Type:[application/octet-stream]") || !strings.Contains(body, "Cache-Control:[no-store]") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := f.file(http.MethodDelete, l, nil, "Incamera-Grant", shown(l.token)); status != http.StatusNotFound {
		t.Errorf("taken back by who did not send it: %d", status)
	}
	if status, _ := f.file(http.MethodDelete, l, nil, "Incamera-Grant", grant); status != http.StatusOK {
		t.Errorf("taken back: %d", status)
	}
	if status, _ := f.file(http.MethodGet, l, nil, "Incamera-Token", shown(l.token)); status != http.StatusNotFound {
		t.Errorf("after that: %d", status)
	}
}

// TestFileOfStrangers: who may not gets one answer for everything.
func TestFileOfStrangers(t *testing.T) {
	f := serve(t, withFiles(t))
	l, other := f.room("a"), f.room("b")
	ann := f.found(l)
	open := ann.openFile(l, 10)
	grant := f.grant(open)
	if status, _ := f.file(http.MethodPut, l, []byte("0123456789"), "Incamera-Grant", shown(grant), "Incamera-Offset", "0"); status != http.StatusOK {
		t.Fatal(status)
	}
	waiting := f.join(l) // has the link, and is no member
	change := func(c func(*wire.OpenFile)) wire.OpenFile {
		m := open
		m.ID = bytes.Repeat([]byte{6}, wire.FileIDSize)
		c(&m)
		return m
	}
	var answers []string
	for what, m := range map[string]wire.OpenFile{
		"who waits":      change(func(m *wire.OpenFile) { m.Session, m.Secret = waiting.joined.Session, waiting.joined.Secret }),
		"a wrong secret": change(func(m *wire.OpenFile) { m.Secret = grant }),
		"nobody":         change(func(m *wire.OpenFile) { m.Session = "nobody" }),
		"another room":   change(func(m *wire.OpenFile) { m.Room = other.room }),
		"no room":        change(func(m *wire.OpenFile) { m.Room = newLink("c").room }),
	} {
		status, body := f.post("/api/files", wire.EncodeBody(m))
		if status != http.StatusForbidden {
			t.Errorf("%s: %d %s", what, status, body)
		}
		answers = append(answers, fmt.Sprint(status, body))
	}
	for what, headers := range map[string][]string{
		"no token":             nil,
		"the grant for it":     {"Incamera-Token", shown(grant)},
		"another room's token": {"Incamera-Token", shown(other.token)},
	} {
		status, body := f.file(http.MethodGet, l, nil, headers...)
		if status != http.StatusNotFound {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	if status, _ := f.file(http.MethodGet, other, nil, "Incamera-Token", shown(other.token)); status != http.StatusNotFound {
		t.Errorf("the file in another room: %d", status)
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("told apart: %s and %s", a, answers[0])
		}
	}
}

func TestFileTooLarge(t *testing.T) {
	f := serve(t, withFiles(t))
	l := f.room("a")
	ann := f.found(l)
	if status, _ := f.post("/api/files", wire.EncodeBody(ann.openFile(l, 1001))); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	open := ann.openFile(l, 800)
	grant := f.grant(open)
	open.ID = bytes.Repeat([]byte{6}, wire.FileIDSize)
	if status, _ := f.post("/api/files", wire.EncodeBody(open)); status != http.StatusInsufficientStorage {
		t.Errorf("more than the room may have: %d", status)
	}
	if status, _ := f.file(http.MethodPut, l, make([]byte, 801), "Incamera-Grant", shown(grant), "Incamera-Offset", "0"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than was said: %d", status)
	}
	if status, _ := f.file(http.MethodPut, l, make([]byte, maxPiece+1), "Incamera-Grant", shown(grant), "Incamera-Offset", "0"); status < 400 {
		t.Errorf("a piece without an end: %d", status)
	}
	var refused float64
	for _, m := range f.Metrics() {
		if m.Name == "incamera_files_refused_total" {
			refused = m.Value
		}
	}
	if refused < 3 {
		t.Errorf("%v refusals are counted", refused)
	}
}

// TestFileEndsWithRoom: nothing of a meeting outlives it.
func TestFileEndsWithRoom(t *testing.T) {
	f := serve(t, withFiles(t))
	l := f.room("a")
	ann := f.found(l)
	f.grant(ann.openFile(l, 10))
	if n, used := f.cfg.Files.Usage(); n != 1 || used != 10 {
		t.Errorf("%d files of %d bytes", n, used)
	}
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, used := f.cfg.Files.Usage(); n != 0 || used != 0 {
		t.Errorf("%d files of %d bytes are left", n, used)
	}
}

func TestNoFilesHere(t *testing.T) {
	f := serve(t, nil)
	l := f.room("a")
	ann := f.found(l)
	if ann.joined.MaxFile != 0 {
		t.Errorf("%d bytes", ann.joined.MaxFile)
	}
	if status, _ := f.post("/api/files", wire.EncodeBody(ann.openFile(l, 10))); status != http.StatusNotFound {
		t.Error(status)
	}
}
