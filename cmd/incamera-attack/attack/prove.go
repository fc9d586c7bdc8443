package attack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Prove builds the suite without each defence in turn (or without that of one
// attack), runs the attack, and writes a table to file. It fails when an attack
// does not succeed without its defence, or an edit does not fit the sources.
func Prove(root, file, only string, progress io.Writer) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return fmt.Errorf("proving: %w", err)
	}
	dir, err := os.MkdirTemp("", "incamera-attack-")
	if err != nil {
		return fmt.Errorf("proving: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in a temporary folder
	var table bytes.Buffer
	fmt.Fprint(&table, tableHead)
	var failed error
	for _, a := range All() {
		if only != "" && a.Name != only {
			continue
		}
		outcome := "cannot be shown: nothing to take out"
		if len(a.Without) > 0 {
			v, err := a.without(root, dir)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("proving %q: %w", a.Name, err))
				continue
			}
			outcome = "with it " + string(a.Run().Verdict) + ", without it " + string(v)
			if v != NotPrevented {
				failed = errors.Join(failed, fmt.Errorf("proving %q: without its defence it is %s", a.Name, v))
			}
		} else {
			outcome += "; " + string(a.Run().Verdict)
		}
		fmt.Fprintf(progress, "%s: %s\n", a.Name, outcome)
		fmt.Fprintln(&table, a.row(outcome))
	}
	if failed != nil {
		return failed
	}
	if err := os.WriteFile(file, table.Bytes(), 0o644); err != nil { //nolint:gosec // a document
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

const tableHead = `# Attacks

Written by ` + "`make attack-proof`" + `: each defence is taken out of the sources by the edit named here, the suite is built without it, and its attack is run.
` + "`make attack`" + ` runs all of them against the sources as they are, and those of ` + "`web/e2e/attack.spec.mjs`" + ` against a page in a real browser.

| attack | claim | defence | edit that takes it out | outcome |
|---|---|---|---|---|
`

// row is the attack's line in the table.
func (a *Attack) row(outcome string) string {
	claim := a.Claim
	if claim == "" {
		claim = "not claimed: “" + a.Admitted + "”"
	}
	var edits []string
	for _, e := range a.Without {
		edits = append(edits, fmt.Sprintf("`%s`: `%s` becomes `%s`", e.File, oneLine(e.Old), oneLine(e.New)))
	}
	where := strings.Join(edits, "; ")
	if where == "" {
		where = "–"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |", a.Name, claim, a.Defence, where, outcome)
}

// oneLine is code that fits into a cell of a table.
func oneLine(code string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(code), " "), "|", `\|`)
}

// Apply returns the text of a file without a defence.
func (e Edit) Apply(text string) (string, error) {
	if n := strings.Count(text, e.Old); n != 1 {
		return "", fmt.Errorf("taking a defence out of %s: %q stands there %d times, not once; the edit must follow the sources", e.File, e.Old, n)
	}
	return strings.Replace(text, e.Old, e.New, 1), nil
}

// Patched returns the files that the edits change, as they are without the
// defence.
func (a *Attack) Patched(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, e := range a.Without {
		text, ok := files[e.File]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return nil, fmt.Errorf("taking a defence out: %w", err)
			}
			text = string(b)
		}
		text, err := e.Apply(text)
		if err != nil {
			return nil, err
		}
		files[e.File] = text
	}
	return files, nil
}

// without builds the suite without the attack's defence, and returns what
// becomes of the attack then.
func (a *Attack) without(root, dir string) (Verdict, error) {
	files, err := a.Patched(root)
	if err != nil {
		return "", err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		as := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err = os.WriteFile(as, []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("taking a defence out: %w", err)
		}
		overlay.Replace[filepath.Join(root, name)] = as
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		return "", fmt.Errorf("taking a defence out: %w", err)
	}
	list, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "incamera-attack")
	if err = os.WriteFile(list, b, 0o600); err != nil {
		return "", fmt.Errorf("taking a defence out: %w", err)
	}
	build := exec.Command("go", "build", "-overlay", list, "-o", program, "./cmd/incamera-attack")
	build.Dir = root
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building without the defence: %w\n%s", err, out)
	}
	out, err = exec.Command(program, "--only", a.Name).Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return "", fmt.Errorf("running without the defence: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "verdict"); ok {
			for _, verdict := range []Verdict{NotPrevented, Failed, Defeated, Detected} {
				if strings.HasPrefix(strings.TrimSpace(v), string(verdict)) {
					return verdict, nil
				}
			}
		}
	}
	return "", fmt.Errorf("the suite without the defence says nothing of it:\n%s", out)
}
