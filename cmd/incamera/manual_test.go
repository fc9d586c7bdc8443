package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// complete has bash complete a line.
func complete(t *testing.T, line string) []string {
	t.Helper()
	var script bytes.Buffer
	if code := run([]string{"completion", "bash"}, nil, &script, &script); code != exitOK {
		t.Fatalf("%d: %s", code, &script)
	}
	words := strings.Split(line, " ")
	cmd := exec.Command("bash", "-c", script.String()+`
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_incamera
printf '%s\n' "${COMPREPLY[@]}"`, "bash")
	cmd.Args = append(cmd.Args, words...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// TestCompletion has the real shell complete, command by command.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"incamera ser":                               "serve",
		"incamera serve --tls-c":                     "--tls-cert",
		"incamera serve --listen 0.0.0.0:443 --adve": "--advertise",
		"incamera serve --log-format ":               "text json",
		"incamera invite r":                          "revoke",
		"incamera invite create --us":                "--uses",
		"incamera completion z":                      "zsh",
		"incamera doctor --js":                       "--json",
		"incamera man":                               "", // is hidden
	} {
		if got := strings.Join(complete(t, line), " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} {
		var out, stderr bytes.Buffer
		if code := run([]string{"completion", shell}, nil, &out, &stderr); code != exitOK || !strings.Contains(out.String(), "advertise") {
			t.Errorf("%s: %d %s", shell, code, &stderr)
		}
	}
}

// TestManual: every flag has its entry, and the page is one for groff.
func TestManual(t *testing.T) {
	var page, stderr bytes.Buffer
	if code := run([]string{"manual"}, nil, &page, &stderr); code != exitOK {
		t.Fatalf("%d %s", code, &stderr)
	}
	help, err := command(t, "serve", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`(?m)^\s+(?:-\w, )?--([a-z-]+)`).FindAllStringSubmatch(string(help), -1)
	if len(flags) < 20 {
		t.Fatalf("the help has %d flags", len(flags))
	}
	for _, f := range flags {
		if f[1] != "help" && !strings.Contains(page.String(), `\-\-`+strings.ReplaceAll(f[1], "-", `\-`)+`\fR`) {
			t.Errorf("nothing about --%s", f[1])
		}
	}
	if strings.Contains(page.String(), "${") {
		t.Error("a default was not filled in")
	}
	cmd := exec.Command(needs(t, "groff"), "-man", "-ww", "-z", "-Tutf8")
	cmd.Stdin = &page
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v %s", err, out)
	}
}
