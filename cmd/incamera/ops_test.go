package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// figureName matches names of figures in an expression of PromQL.
var figureName = regexp.MustCompile(`\b(incamera|process|go)_[a-z0-9_]+\b`)

// ruleExpression matches the expression of a rule.
var ruleExpression = regexp.MustCompile(`(?m)^\s+expr: (.+)$`)

// expressions returns those of the dashboard and of the rules, by file.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	text, err := os.ReadFile("../../ops/grafana/incamera.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Query string } }
	}
	if err = json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			all["the dashboard"] = append(all["the dashboard"], target.Expr)
		}
	}
	for _, v := range board.Templating.List {
		all["the dashboard"] = append(all["the dashboard"], v.Query)
	}
	if text, err = os.ReadFile("../../ops/prometheus/incamera.rules.yml"); err != nil {
		t.Fatal(err)
	}
	for _, m := range ruleExpression.FindAllStringSubmatch(string(text), -1) {
		all["the rules"] = append(all["the rules"], m[1])
	}
	return all
}

// unserved lists the names in expressions that the endpoint does not serve.
func unserved(exprs []string, served map[string]bool) (names []string) {
	for _, e := range exprs {
		for _, name := range figureName.FindAllString(e, -1) {
			if !served[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// TestDashboardAndRulesNameFigures: what they ask for, a server with TLS serves.
func TestDashboardAndRulesNameFigures(t *testing.T) {
	metrics := freeAddress(t)
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", metrics, "--tls", selfSigned)
	res, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	p.stop(os.Interrupt)
	served := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if name := figureName.FindString(line); name != "" && !strings.HasPrefix(line, "#") {
			served[name] = true
		}
	}
	for where, exprs := range expressions(t) {
		if len(exprs) < 8 {
			t.Errorf("%s has %d expressions: has the file changed its form?", where, len(exprs))
		}
		for _, name := range unserved(exprs, served) {
			t.Errorf("%s asks for %s, which is not served", where, name)
		}
	}
	if got := unserved([]string{"rate(incamera_dances_total[5m]) / go_goroutines"}, served); len(got) != 1 {
		t.Errorf("the check finds %q", got)
	}
}

// TestUnitLeavesTimeToDrain: systemd must not kill what --drain lets go on, and
// the flags of the unit and the keys of the example must exist.
func TestUnitLeavesTimeToDrain(t *testing.T) {
	unit, err := os.ReadFile("../../ops/systemd/incamera.service")
	if err != nil {
		t.Fatal(err)
	}
	duration := func(pattern string) time.Duration {
		m := regexp.MustCompile(pattern).FindSubmatch(unit)
		if m == nil {
			t.Fatalf("no %s", pattern)
		}
		d, parseErr := time.ParseDuration(string(m[1]) + "m")
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		return d
	}
	if drain, stop := duration(`--drain (\d+)m`), duration(`TimeoutStopSec=(\d+)min`); stop < drain+drainTime {
		t.Errorf("%v to stop, but %v to drain", stop, drain)
	}
	example, err := os.ReadFile("../../ops/incamera.toml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "incamera.toml")
	writeFile(t, file, strings.ReplaceAll(string(example), "\n#listen", "\nlisten"))
	args := regexp.MustCompile(`ExecStart=\S+ (.+)`).FindSubmatch(unit)
	line := strings.Fields(strings.ReplaceAll(string(args[1]), "/etc/incamera/incamera.toml", file))
	if out, err := command(t, append(line, "--print-config")...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestUnitsHold has systemd judge the units, and how far the server is shut in.
func TestUnitsHold(t *testing.T) {
	analyze := needs(t, "systemd-analyze")
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"incamera.service", "incamera.socket"} {
		text, readErr := os.ReadFile(filepath.Join("../../ops/systemd", name))
		if readErr != nil {
			t.Fatal(readErr)
		}
		units = append(units, filepath.Join(dir, name))
		writeFile(t, units[len(units)-1], strings.ReplaceAll(string(text), "/usr/bin/incamera", file))
	}
	out, err := exec.Command(analyze, append([]string{"verify"}, units...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = exec.Command(analyze, "security", "--offline=true", "--threshold=15", units[0]).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Overall exposure level") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestUDPDrops(t *testing.T) {
	const four = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
		" 8446: 00000000:01BB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 16127 2 0000000000000000 7\n" +
		" 8447: 00000000:11BB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 16128 2 0000000000000000 9\n"
	const six = " 8446: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 16129 2 0000000000000000 4\n x\n"
	if n := udpDrops(443, four, six); n != 11 {
		t.Errorf("%d dropped, want 11", n)
	}
	if n := udpDrops(80, four, six); n != 0 {
		t.Errorf("%d dropped on a port that nobody has", n)
	}
}
