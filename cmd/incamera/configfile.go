package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A kind is what a value in the configuration file can be.
type kind string

const (
	kindText kind = `a text in "quotes"`
	kindBool kind = "true or false"
	kindList kind = `a list like ["a", "b"]`
)

// A fileValue is one value of the configuration file.
type fileValue struct {
	kind kind
	text string   // kindText, kindBool
	list []string // kindList
	line int
}

// parseFile reads a configuration file: lines of `name = value`, a subset of
// TOML without tables. A value is a text in double quotes, true, false, or a
// list of texts on one line; # begins a comment. Everything else is refused
// with its line.
func parseFile(text string) (map[string]fileValue, error) {
	values := map[string]fileValue{}
	var problems []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, v, err := parseLine(line)
		v.line = number
		if first, twice := values[name]; err == nil && twice {
			err = fmt.Errorf("%s is set in line %d already", name, first.line)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		values[name] = v
	}
	return values, errors.Join(problems...)
}

func parseLine(line string) (name string, v fileValue, err error) {
	if line[0] == '[' {
		return "", v, errors.New("sections are not used here; write name = value")
	}
	name, rest, ok := strings.Cut(line, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return "", v, errors.New("want name = value")
	}
	rest = strings.TrimSpace(rest)
	switch {
	case strings.HasPrefix(rest, `"`):
		v.kind = kindText
		v.text, rest, err = parseText(rest)
	case strings.HasPrefix(rest, "["):
		v.kind = kindList
		v.list, rest, err = parseList(rest)
	default:
		v.kind = kindBool
		v.text, rest, _ = strings.Cut(rest, "#")
		if v.text = strings.TrimSpace(v.text); v.text != "true" && v.text != "false" {
			err = fmt.Errorf("the value of %s is neither a text in double quotes, nor true, false or a list", name)
		}
		rest = "#" + rest
	}
	if rest = strings.TrimSpace(rest); err == nil && rest != "" && rest[0] != '#' {
		err = fmt.Errorf("after the value of %s stands %q", name, rest)
	}
	return name, v, err
}

// parseText takes a quoted text from the front.
func parseText(s string) (text, rest string, err error) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil || quoted[0] != '"' {
		return "", "", errors.New("want a text in double quotes")
	}
	text, err = strconv.Unquote(quoted)
	return text, s[len(quoted):], err
}

func parseList(s string) (list []string, rest string, err error) {
	s = strings.TrimSpace(s[1:])
	for !strings.HasPrefix(s, "]") {
		var text string
		if text, s, err = parseText(s); err != nil {
			return nil, "", fmt.Errorf("in a list: %w", err)
		}
		list = append(list, text)
		s = strings.TrimSpace(s)
		if next, ok := strings.CutPrefix(s, ","); ok {
			s = strings.TrimSpace(next)
		} else if !strings.HasPrefix(s, "]") {
			return nil, "", errors.New("in a list: want a comma or ] after each text")
		}
	}
	return list, s[1:], nil
}

// quote writes a text so that parseFile reads it.
func quote(text string) string { return strconv.Quote(text) }
