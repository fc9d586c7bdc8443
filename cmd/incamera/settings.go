package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Where a setting's value is from. The first of these that has one wins.
const (
	fromFlag        = "flag"
	fromEnvironment = "environment"
	fromFile        = "file"
	fromDefault     = "default"
)

// settings are what was given for the flags of serve outside the command line.
// Immutable.
type settings struct {
	args, environ []string // as the process has them

	path string // of the file; empty: none
	file map[string]fileValue
	env  map[string]bool // variables that are set
}

// testVariables are read by the project's tests, and may be set in the shell of
// who runs them.
var testVariables = []string{"INCAMERA_VECTORS", "INCAMERA_ROOT", "INCAMERA_MLSRPC", "INCAMERA_SEED"}

// readSettings finds the configuration file and the variables, and refuses what
// no flag of serve is named like: a setting that is mistyped must not be a
// setting that is ignored.
func readSettings(model *kong.Application, args, environ []string) (*settings, error) {
	flags, variables := map[string]*kong.Flag{}, slices.Clone(testVariables)
	for _, node := range model.Children {
		for _, f := range node.Flags {
			if node.Name == "serve" {
				flags[f.Name] = f
			}
			variables = append(variables, f.Envs...)
		}
	}
	s := &settings{args: args, environ: environ, env: map[string]bool{}}
	problems := []error{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		switch {
		case !strings.HasPrefix(name, "INCAMERA_"):
		case !slices.Contains(variables, name):
			problems = append(problems, fmt.Errorf("the environment has %s, which is no setting%s; correct or unset it", name, didYouMean(name, variables)))
		default:
			s.env[name] = true
			if name == "INCAMERA_CONFIG" {
				s.path = value
			}
		}
	}
	if given, ok := argument(args, "config"); ok {
		s.path = given
	}
	if s.path == "" {
		return s, errors.Join(problems...)
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return s, errors.Join(append(problems, fmt.Errorf("reading the configuration: %w; correct --config or make the file", err))...)
	}
	if s.file, err = parseFile(string(text)); err != nil {
		problems = append(problems, fmt.Errorf("reading %s: %w", s.path, err))
	}
	for name, v := range s.file {
		if err := fits(name, v, flags); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", s.path, v.line, err))
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return s, errors.Join(problems...)
}

// fits checks one key of the file and the kind of its value.
func fits(name string, v fileValue, flags map[string]*kong.Flag) error {
	f := flags[name]
	if f == nil || name == "config" || name == "help" || name == "print-config" {
		var names []string
		for n := range flags {
			if n != "config" && n != "help" && n != "print-config" {
				names = append(names, n)
			}
		}
		return fmt.Errorf("%s is no setting%s; `incamera serve --help` lists them", name, didYouMean(name, names))
	}
	want := kindText
	switch {
	case f.Target.Kind() == reflect.Slice:
		want = kindList
	case f.Target.Kind() == reflect.Bool:
		want = kindBool
	}
	if v.kind != want {
		return fmt.Errorf("%s is %s, want %s", name, v.kind, want)
	}
	return nil
}

// argument returns the value of --name on the command line.
func argument(args []string, name string) (string, bool) {
	for i, a := range args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--"+name+"="); ok {
			return v, true
		}
		if a == "--"+name && i+1 < len(args) {
			return args[i+1], true
		}
	}
	return "", false
}

// Validate implements [kong.Resolver]; readSettings has checked everything.
func (*settings) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver]: the file's value where the environment
// has none. The command line is asked before.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	v, ok := s.file[f.Name]
	if !ok || slices.ContainsFunc(f.Envs, func(e string) bool { return s.env[e] }) {
		return nil, nil
	}
	if v.kind == kindList {
		list := make([]any, len(v.list))
		for i, text := range v.list {
			list[i] = text
		}
		return list, nil
	}
	return v.text, nil
}

// again reads the file anew, with the arguments and variables that there were.
func (s *settings) again() (*Config, *kong.Context, error) {
	var cli commands
	parsed, _, err := parse(&cli, s.args, s.environ, io.Discard, io.Discard)
	return &cli.Serve.Config, parsed, err
}

// changed names the settings whose values differ.
func changed(before, after *Config, parsed *kong.Context) (names []string) {
	b, a := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for _, f := range parsed.Selected().Flags {
		for i := range a.NumField() {
			if f.Target.CanAddr() && f.Target.Addr().Interface() == a.Field(i).Addr().Interface() && !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// listenForDomain has a server with a domain listen where that leads, unless an
// address was given.
func (s *settings) listenForDomain(parsed *kong.Context) {
	var domain, listen *kong.Flag
	if parsed.Selected() == nil {
		return
	}
	for _, f := range parsed.Selected().Flags {
		switch f.Name {
		case "domain":
			domain = f
		case "listen":
			listen = f
		}
	}
	if domain != nil && listen != nil && domain.Target.String() != "" && s.source(parsed, listen) == fromDefault {
		listen.Target.SetString(domainListen)
	}
}

// source says where the value of f is from.
func (s *settings) source(parsed *kong.Context, f *kong.Flag) string {
	switch _, inFile := s.file[f.Name]; {
	case slices.ContainsFunc(parsed.Path, func(p *kong.Path) bool { return p.Flag == f && !p.Resolved }):
		return fromFlag
	case slices.ContainsFunc(f.Envs, func(e string) bool { return s.env[e] }):
		return fromEnvironment
	case inFile:
		return fromFile
	}
	return fromDefault
}

// effective writes all settings of the command that was given as a
// configuration file, each with where it is from. Secrets are settings by the
// name of their file only, so there is nothing to leave out.
func (s *settings) effective(parsed *kong.Context) string {
	var b strings.Builder
	for _, f := range parsed.Selected().Flags {
		if f.Hidden || f.Name == "config" || f.Name == "print-config" || f.Name == "help" {
			continue
		}
		var value string
		switch v := f.Target.Interface().(type) {
		case []string:
			quoted := make([]string, len(v))
			for i, text := range v {
				quoted[i] = quote(text)
			}
			value = "[" + strings.Join(quoted, ", ") + "]"
		case bool:
			value = fmt.Sprint(v)
		default:
			value = quote(fmt.Sprint(v))
		}
		fmt.Fprintf(&b, "%s = %s # %s\n", f.Name, value, s.source(parsed, f))
	}
	return b.String()
}

// didYouMean names what is nearest to name, if anything is near.
func didYouMean(name string, known []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, k := range known {
		if d := distance(name, k); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is that of Levenshtein, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
