package replay

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"incamera/sfu/trace"
)

// recorded returns the lines of testdata/meeting.jsonl.gz: two people over a
// network that takes 4 Mbit/s, 400 kbit/s and 4 Mbit/s again, loses a tenth for a
// while, and of whom one is cut off. TestTrace of cmd/incamera-peer makes it with
// -record-trace, on amd64: where processors compute estimates in other steps,
// they may come out others.
func recorded(t testing.TB) []string {
	t.Helper()
	file, err := os.Open("testdata/meeting.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(string(text), "\n")
}

func replayed(t testing.TB, lines []string) (all []Difference, r Result) {
	t.Helper()
	r, err := Run(strings.NewReader(strings.Join(lines, "")), func(d Difference) { all = append(all, d) })
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != r.Differences {
		t.Fatalf("%d differences were told of, %d are counted", len(all), r.Differences)
	}
	return all, r
}

// TestRecorded: this build decides as the one that recorded did. Whoever changes
// a decision on purpose sees here where, and records anew.
func TestRecorded(t *testing.T) {
	all, r := replayed(t, recorded(t))
	for i, d := range all {
		if i < 20 {
			t.Errorf("line %d, %v, peer %d, %s: %s is %v, was %v", d.Line, d.At, d.Peer, d.Kind, d.What, d.Replayed, d.Recorded)
		}
	}
	if len(all) > 0 {
		t.Errorf("%d differences; meant? go test -run 'TestTrace$' ./cmd/incamera-peer -record-trace $PWD/sfu/trace/replay/testdata/meeting.jsonl.gz", len(all))
	}
	for _, kind := range []trace.Kind{trace.KindReport, trace.KindProbe, trace.KindAdapt, trace.KindDemand, trace.KindQuality, trace.KindAim, trace.KindKey, trace.KindOwner} {
		if r.Events[kind] == 0 {
			t.Errorf("nothing was recorded of %s", kind)
		}
	}
	if r.Ending != Whole || r.Lasts == 0 || r.Build == "" {
		t.Errorf("the result is %+v", r)
	}
}

// TestDifferences: what is altered in a recording, told or decided, differs.
func TestDifferences(t *testing.T) {
	lines := recorded(t)
	lines = lines[:len(lines)*2/5]
	for name, c := range map[string]struct{ find, old, with, what string }{
		"an estimate":       {`"e":"report"`, `"target":`, `"target":1`, "target"},
		"a loss":            {`"e":"report"`, `"loss":0`, `"loss":0.5`, "loss"},
		"a probe":           {`"begun":true`, `"rate":`, `"rate":1`, "rate"},
		"no probe":          {`"begun":true`, `"begun":true`, `"begun":false`, "begun"},
		"a budget":          {`"e":"adapt"`, `"now":`, `"now":1`, "budget"},
		"less was told":     {`"e":"adapt"`, `"target":`, `"target":1`, "budget"},
		"what is missing":   {`"missing":`, `"missing":`, `"missing":1`, "missing"},
		"a demand":          {`"e":"demand"`, `"told":[3`, `"told":[2`, "told"},
		"another demand":    {`"watched":[3`, `"watched":[3`, `"watched":[2`, "told"},
		"a grade":           {`"e":"quality"`, `"down":"good"`, `"down":"paused"`, "down"},
		"a target":          {`"e":"aim"`, `"target":`, `"target":1`, "target"},
		"a switch":          {`"decision":"switch"`, `switch`, `drop`, "decision"},
		"when it arrived":   {`"e":"report"`, `"acks":[`, `"acks":[9999,0,1000,0,`, "acked"},
		"a key frame's way": {`"decision":"switch"`, `"layer":`, `"layer":1`, "decision"},
	} {
		other, found := append([]string(nil), lines...), false
		for i := len(lines) / 4; i < len(lines) && !found; i++ {
			if strings.Contains(lines[i], c.find) && strings.Contains(lines[i], c.old) {
				other[i], found = strings.Replace(lines[i], c.old, c.with, 1), true
			}
		}
		if name == "another demand" { // it takes effect after a while, so all of them
			for i := range other {
				other[i] = strings.Replace(other[i], c.old, c.with, 1)
			}
		}
		if !found {
			t.Errorf("%s: nothing in the recording is of it", name)
			continue
		}
		all, _ := replayed(t, other)
		is := false
		for _, d := range all {
			is = is || d.What == c.what
		}
		if !is {
			t.Errorf("%s is altered, and what differs is %v", name, all)
		}
	}
}

func TestEndings(t *testing.T) {
	lines := recorded(t)
	half := lines[:len(lines)/2]
	at := func(more string) []string { return append(append([]string(nil), half...), more) }
	for want, text := range map[Ending][]string{
		Whole: half,
		Torn:  at(`{"e":"rep`),
		Full:  at("{\"e\":\"full\",\"t\":1}\n"),
		Gap:   append(at("{\"e\":\"lost\",\"t\":1,\"events\":2}\n"), lines[len(lines)/2+50:]...),
	} {
		if all, r := replayed(t, text); r.Ending != want || len(all) != 0 {
			t.Errorf("%s: it ends as %s, with the differences %v", want, r.Ending, all)
		}
	}
}

func TestRefuses(t *testing.T) {
	begin, peer := `{"e":"begin","t":0,"format":2,"build":""}`, `{"e":"peer","t":0,"p":1}`
	connection, seat := `{"e":"subscriber","t":0,"p":1,"c":1,"start":1000}`, `{"e":"seat","t":0,"p":1,"s":0,"source":"camera"}`
	for want, lines := range map[string][]string{
		"an empty file":          {},
		"line 1: the beginning":  {peer},
		"line 2: the beginning":  {begin, begin},
		"another format":         {`{"e":"begin","t":0,"format":1,"build":""}`},
		"line 3: a peer":         {begin, peer, peer},
		"line 2: a peer":         {begin, `{"e":"demand","t":0,"p":1,"watched":[0,0],"told":[0,0]}`},
		"line 4: a peer":         {begin, peer, connection, connection},
		"line 3: a peer,":        {begin, peer, `{"e":"remb","t":0,"p":1,"c":2,"rate":1,"target":1,"acked":0,"cause":"","loss":0,"queue":0,"rtt":0}`},
		"line 4: a peer,":        {begin, peer, seat, `{"e":"owner","t":0,"p":1,"s":1,"owner":0}`},
		"line 4: a number":       {begin, peer, seat, `{"e":"aim","t":0,"p":1,"s":0,"wanted":3,"paused":false,"ages":[0,0,0],"target":0,"need":false}`},
		"line 3: a number":       {begin, peer, `{"e":"demand","t":0,"p":1,"watched":[4,0],"told":[0,0]}`},
		"line 2: trace: reading": {begin, "{}}"},
		"line 2: trace: events":  {begin, "{}"},
	} {
		_, err := Run(strings.NewReader(strings.Join(append(lines, ""), "\n")), func(Difference) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", lines, err, want)
		}
	}
	long := io.MultiReader(strings.NewReader(begin+"\n"), bytes.NewReader(make([]byte, 2*maxLine)))
	if _, err := Run(long, func(Difference) {}); err == nil {
		t.Error("a line of 2 MB is taken")
	}
}

// FuzzRun: whatever is in a file, replaying it ends and does not panic.
func FuzzRun(f *testing.F) {
	lines := recorded(f)
	f.Add(strings.Join(lines[:60], ""))
	kinds := map[string]bool{}
	var few strings.Builder
	for _, line := range lines {
		if kind, _, _ := strings.Cut(line, ","); !kinds[kind] {
			kinds[kind] = true
			few.WriteString(line)
		}
	}
	f.Add(few.String())
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = Run(strings.NewReader(text), func(Difference) {})
	})
}
