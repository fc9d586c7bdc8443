package main

import (
	"strings"
	"testing"
	"time"

	"incamera/sfu/delay"
	"incamera/signaling/wire"
)

// TestSources: the two packages name the same sources by the same words.
func TestSources(t *testing.T) {
	for _, e := range wire.Enums {
		list, ok := e.([]wire.Source)
		if !ok {
			continue
		}
		for _, s := range list {
			if got := sfuSource(s).String(); got != string(s) {
				t.Errorf("%s became %s", s, got)
			}
		}
		return
	}
	t.Error("package wire lists no sources")
}

// TestHistogram: bounds are of seconds, and each has what those below it have.
func TestHistogram(t *testing.T) {
	var c delay.Counter
	c.Note(2, 40*time.Microsecond)
	c.Note(3, 4*time.Millisecond)
	c.Note(5, time.Minute)
	text := exposition("v", histogram("it_seconds", "How long.", c.Counts()))
	for _, want := range []string{
		"# HELP it_seconds How long.\n# TYPE it_seconds histogram\nit_seconds_bucket{le=\"0.00005\"} 2\n",
		"\nit_seconds_bucket{le=\"0.002\"} 2\nit_seconds_bucket{le=\"0.005\"} 5\n",
		"\nit_seconds_bucket{le=\"1\"} 5\nit_seconds_bucket{le=\"+Inf\"} 10\nit_seconds_sum 300.01208\nit_seconds_count 10\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "it_seconds histogram"); n != 1 {
		t.Errorf("its type is told %d times", n)
	}
}
