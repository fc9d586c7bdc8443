package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// claimRow matches a row of the table of claims: number, claim, tests.
var claimRow = regexp.MustCompile(`(?m)^\| (C\d+) \| (.+?) \| (.+?) \|$`)

// reference matches one test of a row: a file and words that stand in it.
var reference = regexp.MustCompile("`([^`:]+): ([^`]+)`")

// TestClaimsNameTheirTests holds THREAT_MODEL.md to its word: each claim names
// at least one test, and each named test exists in the named file.
func TestClaimsNameTheirTests(t *testing.T) {
	doc, err := os.ReadFile("../../THREAT_MODEL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := claimRow.FindAllStringSubmatch(string(doc), -1)
	if len(rows) < 10 {
		t.Fatalf("found %d claims, want at least 10: has the table changed its form?", len(rows))
	}
	for _, row := range rows {
		refs := reference.FindAllStringSubmatch(row[3], -1)
		if len(refs) == 0 {
			t.Errorf("%s (%s) names no test", row[1], row[2])
		}
		for _, ref := range refs {
			source, err := os.ReadFile("../../" + ref[1])
			if err != nil {
				t.Errorf("%s: %v", row[1], err)
				continue
			}
			if !strings.Contains(string(source), ref[2]) {
				t.Errorf("%s: %s has no test %q", row[1], ref[1], ref[2])
			}
		}
	}
}
