package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// An oracle is a figure that a scenario has, and what it is to be. What is not
// met is no failure of a test: the figures are of this machine, and of how busy
// it is.
type oracle struct {
	what      string
	is, bound float64
	unit      string
	least     bool // bound is the least that it may be, else the most
	unknown   bool // there is no figure, which does not meet anything
}

func atLeast(what string, is, bound float64, unit string) oracle {
	return oracle{what: what, is: is, bound: bound, unit: unit, least: true, unknown: is < 0}
}

func atMost(what string, is, bound float64, unit string) oracle {
	return oracle{what: what, is: is, bound: bound, unit: unit, unknown: is < 0}
}

func (o oracle) met() bool {
	if o.unknown {
		return false
	}
	if o.least {
		return o.is >= o.bound
	}
	return o.is <= o.bound
}

// missed reports whether an oracle is not met.
func (r row) missed() bool {
	return slices.ContainsFunc(r.oracles, func(o oracle) bool { return !o.met() })
}

// A row is what became of a scenario.
type row struct {
	name    string
	oracles []oracle
	late    time.Duration // p99 of the lab's router
	again   bool          // it is the second run
	failed  bool
}

// busyFrom is how late the lab's router is where the machine is too busy for
// figures of times: what it adds then is more than the jitter of a bad network.
const busyFrom = 20 * time.Millisecond

// writeTable writes what each scenario showed, and which oracles are not met.
func writeTable(w io.Writer, rows []row) {
	line := func(name, what, is, want, note string) {
		fmt.Fprintf(w, "%-32s %-44s %12s  %-11s %s\n", name, what, is, want, note)
	}
	line("scenario", "figure", "is", "oracle", "")
	all, missed, busy, again := 0, 0, 0, 0
	for _, r := range rows {
		note := ""
		if r.again {
			note, again = "; second run", again+1
		}
		if r.late >= busyFrom {
			note, busy = note+fmt.Sprintf("; machine busy: the lab was %d ms late, p99", r.late.Milliseconds()), busy+1
		}
		if r.failed && len(r.oracles) == 0 {
			all, missed = all+1, missed+1
			line(r.name, "", "none", "", "NOT MET"+note)
		}
		for _, o := range r.oracles {
			sign, verdict := "≤", "met"
			if o.least {
				sign = "≥"
			}
			if all++; !o.met() {
				missed++
				verdict = "NOT MET"
			}
			is := fmt.Sprintf("%.4g %s", o.is, o.unit)
			if o.unknown {
				is = "none"
			}
			line(r.name, o.what, strings.TrimSpace(is), strings.TrimSpace(fmt.Sprintf("%s %g %s", sign, o.bound, o.unit)), verdict+note)
		}
	}
	fmt.Fprintf(w, "%d of %d oracles are met; in %d of %d scenarios the machine was busy; %d ran twice\n", all-missed, all, busy, len(rows), again)
}

func TestTable(t *testing.T) {
	var b strings.Builder
	writeTable(&b, []row{
		{name: "quiet", oracles: []oracle{atLeast("much", 97, 95, "%"), atMost("little", 90, 80, "ms"), atMost("nothing known", -1, 80, "ms")}, late: time.Millisecond},
		{name: "loud", oracles: []oracle{atMost("just", 80, 80, "")}, late: 25 * time.Millisecond},
		{name: "broken", failed: true, again: true},
	})
	got := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"much 97 % ≥ 95 % met quiet", "little 90 ms ≤ 80 ms NOT MET", "nothing known none ≤ 80 ms NOT MET",
		"just 80 ≤ 80 met; machine busy: the lab was 25 ms late, p99", "broken none NOT MET; second run", "2 of 5 oracles are met; in 1 of 3 scenarios the machine was busy; 1 ran twice",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
}
