package trace

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/bwe"
	"incamera/sfu/layer"
)

func open(t testing.TB, size int64, files int) *Folder {
	t.Helper()
	f, err := Open(Config{Dir: filepath.Join(t.TempDir(), "there", "is [none] yet"), Size: size, Files: files, Build: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lines are those of all files, by age.
func lines(t *testing.T, f *Folder) (all [][]byte) {
	t.Helper()
	for _, file := range list(t, f) {
		text, err := os.ReadFile(filepath.Join(f.cfg.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.SplitAfter(text, []byte("\n"))...)
		if last := all[len(all)-1]; len(last) != 0 {
			t.Errorf("the file ends with %q", last)
		}
		all = all[:len(all)-1]
	}
	return all
}

func list(t *testing.T, f *Folder) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(f.cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// everything tells one event of each kind that a meeting has.
func everything(r *Recorder, now time.Time) {
	p := r.NewPeer(now)
	e := bwe.New(1_000_000)
	c := r.Connection(p)
	c.Begin(1_000_000, now)
	acks := []bwe.Ack{{Sent: 50 * time.Millisecond, Arrived: time.Hour, Size: 1200}, {Sent: 60 * time.Millisecond, Size: 900, Lost: true}}
	e.Observe(acks, 100*time.Millisecond)
	c.Report(acks, 100*time.Millisecond, e)
	e.REMB(500_000)
	c.REMB(500_000, 110*time.Millisecond, e)
	c.Probe(900_000, bwe.Probe{Rate: 1_000_000, Lasts: time.Second}, true, 120*time.Millisecond)
	s := r.Seat(p, 3, "camera", now)
	s.Owner(1, now)
	s.Aim(2, false, [layer.Count]time.Time{now.Add(-time.Second / 10), now.Add(-time.Hour)}, 0, true, now)
	s.Key(0, layer.Switch, now)
	s.Spatial(true, 2, now)
	claim := allocate.Claim{Wanted: 2, Rates: [allocate.Steps]int64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Now: 1, Prominent: true, Changed: math.MinInt64}
	r.Put(&Adapt{Target: 1, Reserved: 2, Proven: true, Waiting: 3, Dropped: 4, Claims: []Claim{{7, claim, -1}}, Now: 5, Sure: 6, Missing: 7}, p, now)
	r.Put(&Demand{Watched: [2]int{3, 0}, Told: [2]int{3, 1}}, p, now)
	r.Put(&Quality{Down: Down{true, true, 0.1, time.Second, "loss"}, Up: Up{true, true, 0.2}, Judged: Judged{"good", "paused"}}, p, now)
	r.Put(&Gone{}, p, now)
}

// TestLines: what is told is in the file, can be read, is written the same
// again, and holds no text but words that are known here.
func TestLines(t *testing.T) {
	f := open(t, 1<<20, 3)
	r := f.Recorder()
	everything(r, time.Now())
	r.Close()
	r.Put(&Gone{}, 1, time.Now()) // too late
	words := []string{
		"test", "camera", "switch", "good", "paused", "told", "untried", "loss", // values
		string(KindBegin), string(KindPeer), string(KindSubscriber), string(KindReport), string(KindREMB), string(KindProbe), string(KindSeat),
		string(KindOwner), string(KindAim), string(KindKey), string(KindAdapt), string(KindDemand), string(KindQuality), string(KindSpatial), string(KindGone),
	}
	var texts func(v any)
	texts = func(v any) {
		switch v := v.(type) {
		case string:
			if !slices.Contains(words, v) {
				t.Errorf("the text %q is in the file", v)
			}
		case []any:
			for _, x := range v {
				texts(x)
			}
		case map[string]any:
			for _, x := range v {
				texts(x)
			}
		}
	}
	kinds := map[Kind]bool{}
	for _, line := range lines(t, f) {
		e, err := Parse(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		kinds[HeadOf(e).Kind] = true
		again, err := json.Marshal(e)
		if err != nil || !bytes.Equal(append(again, '\n'), line) {
			t.Errorf("%s is written again as %s: %v", line, again, err)
		}
		var v any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		texts(v)
	}
	if len(kinds) != 15 {
		t.Errorf("there are the kinds %v", kinds)
	}
	info, err := os.Stat(filepath.Join(f.cfg.Dir, list(t, f)[0]))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v: %v", info.Mode(), err)
	}
	if dir, err := os.Stat(f.cfg.Dir); err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v: %v", dir.Mode(), err)
	}
}

func TestParseRefuses(t *testing.T) {
	for line, want := range map[string]string{
		``:                                   "reading an event",
		`{"e":"peer","t":1,"p":1`:            "reading an event",
		`{"e":"name","t":1,"p":1}`:           "not known",
		`{"e":"peer","t":1,"p":1,"name":""}`: "unknown field",
		`{"e":"peer","t":-1,"p":1}`:          "no time",
		`{"e":"peer","t":1,"p":-1}`:          "no time",
		`{"e":"peer","t":1e30,"p":1}`:        "reading an event",
		`{"e":"adapt","t":1,"p":1,"target":0,"reserved":0,"proven":false,"waiting":0,"dropped":0,"claims":[[1,2]],"now":0,"sure":0,"missing":0}`: "a claim of 2",
	} {
		if _, err := Parse([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestAcks(t *testing.T) {
	at := 7*time.Second + 123
	acks := []bwe.Ack{
		{Sent: at - 80*time.Millisecond, Size: 100, Unheard: true},
		{Sent: at - 75*time.Millisecond, Arrived: time.Hour + 750*time.Microsecond, Size: 1200},
		{Sent: at - 75*time.Millisecond, Size: 1201, Lost: true},
		{Sent: at - 70*time.Millisecond, Arrived: time.Hour, Size: 0, Late: true},
		{Sent: at - 60*time.Millisecond, Arrived: time.Hour + 500*time.Microsecond, Size: 90, Twice: true},
	}
	got, err := PackAcks(acks, at).Unpack(at)
	if err != nil || !reflect.DeepEqual(got, acks) {
		t.Errorf("%+v became %+v: %v", acks, got, err)
	}
	for _, wrong := range []Acks{{1}, {0, 0, 0, 16}, {0, 0, -1, 0}, {0, 0, 1 << 17, 0}, {0, -1, 1, 0}, {1 << 60, 0, 1, 0}, {0, 1 << 60, 1, 0}, {8_000_000, 1, 1, 0}} {
		if got, err := wrong.Unpack(at); err == nil {
			t.Errorf("%v is %v", wrong, got)
		}
	}
}

// TestFull: a file is never longer than it may be, and says that it is full.
func TestFull(t *testing.T) {
	const size = 2000
	f := open(t, size, 3)
	r := f.Recorder()
	for range 100 {
		everything(r, time.Now())
	}
	r.Close()
	all := lines(t, f)
	sum := 0
	for _, line := range all {
		sum += len(line)
	}
	if last, err := Parse(all[len(all)-1]); sum > size || sum < size/2 || err != nil || HeadOf(last).Kind != KindFull {
		t.Errorf("of %d bytes there are %d, the last line is %s", size, sum, all[len(all)-1])
	}
}

// TestLost: who tells does not wait for the disk; what is lost is counted, and
// the file says so.
func TestLost(t *testing.T) {
	f := open(t, 1<<20, 3)
	r := f.Recorder()
	r.lost.Add(3) // as if it had not kept up
	r.NewPeer(time.Now())
	r.Close()
	if all := lines(t, f); len(all) != 3 || !strings.Contains(string(all[1]), `"e":"lost"`) || !strings.Contains(string(all[1]), `"events":3`) {
		t.Errorf("the file is %s", all)
	}
	stuck := &Recorder{folder: f, began: time.Now(), events: make(chan Event, 2)} // nobody writes
	for range 5 {
		stuck.NewPeer(time.Now())
	}
	if lost, _ := f.Stats(); lost != 3 || stuck.lost.Load() != 3 {
		t.Errorf("%d and %d events are lost", lost, stuck.lost.Load())
	}
}

// TestFiles: as many as may be are kept, the newest; what is written to is not
// removed, nor is what is nobody's recording; a meeting beyond is not recorded.
func TestFiles(t *testing.T) {
	f := open(t, 1<<20, 2)
	if err := os.WriteFile(filepath.Join(f.cfg.Dir, "a note.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		r := f.Recorder()
		r.NewPeer(time.Now())
		r.Close()
	}
	before := list(t, f)
	if len(before) != 3 || before[0] != "a note.txt" {
		t.Fatalf("there are %v", before)
	}
	create := func() *os.File {
		t.Helper()
		file, err := f.create(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if file != nil {
			t.Cleanup(func() { _ = file.Close() })
		}
		return file
	}
	long := create()
	for range 3 { // short ones beside it, each in the place of the one before
		f.closed(create())
	}
	last := create()
	if create() != nil {
		t.Error("a third is written to")
	}
	want := []string{"a note.txt", filepath.Base(long.Name()), filepath.Base(last.Name())}
	if after := list(t, f); !slices.Equal(after, want) {
		t.Errorf("there are %v, want %v", after, want)
	}
	r := f.Recorder()
	r.NewPeer(time.Now())
	r.Close()
	if _, refused := f.Stats(); refused != 1 {
		t.Errorf("%d meetings were refused", refused)
	}
	f.closed(long)
	f.closed(last)
	again, err := Open(Config{Dir: f.cfg.Dir, Size: 1 << 20, Files: 1})
	if err != nil {
		t.Fatal(err)
	}
	if after := list(t, again); !slices.Equal(after, []string{want[0], want[2]}) {
		t.Errorf("a folder that may keep one has %v", after)
	}
}

func TestNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: filepath.Join(file, "dir"), Size: 1, Files: 1}); err == nil {
		t.Error("a folder below a file")
	}
	f := open(t, 1<<20, 2)
	var log bytes.Buffer
	f.cfg.Log = slog.New(slog.NewTextHandler(io.Writer(&log), nil))
	if err := os.RemoveAll(f.cfg.Dir); err != nil {
		t.Fatal(err)
	}
	r := f.Recorder()
	r.NewPeer(time.Now())
	r.Close()
	if _, refused := f.Stats(); refused != 1 || !strings.Contains(log.String(), "no such file") {
		t.Errorf("%d refused; %s", refused, &log)
	}
}

// TestOffCostsNothing: without a recording nothing is allocated.
func TestOffCostsNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, off()); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkOff(b *testing.B) {
	f := off()
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}

// off returns what tells of a report, an aim and a key frame where nobody
// records.
func off() func() {
	var f *Folder
	r := f.Recorder()
	now := time.Now()
	c, s, e := r.Connection(r.NewPeer(now)), r.Seat(1, 0, "camera", now), bwe.New(1_000_000)
	acks := []bwe.Ack{{Size: 1200}}
	return func() {
		c.Report(acks, time.Second, e)
		c.REMB(1_000_000, time.Second, e)
		c.Probe(1_000_000, bwe.Probe{}, false, time.Second)
		s.Aim(2, false, [layer.Count]time.Time{now}, 0, false, now)
		s.Key(0, layer.Drop, now)
		r.Close()
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"e":"peer","t":1,"p":1}`, `{"e":"report","t":1,"p":1,"c":1,"acks":[0,0,1,0],"target":1,"acked":0,"cause":"told","loss":0.5,"queue":0,"rtt":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := Parse(line)
		if err != nil {
			return
		}
		again, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := Parse(again); err != nil || !reflect.DeepEqual(e, same) {
			t.Fatalf("%s is %+v, and %+v when it is written again: %v", line, e, same, err)
		}
	})
}
