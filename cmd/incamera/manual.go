package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// A command is a node of the command line with the words that lead to it.
type commandNode struct {
	path string // without the program's name; empty: the program
	*kong.Node
}

// commandNodes lists what can be typed, those that are hidden left out.
func commandNodes(at *kong.Node, path string) []commandNode {
	list := []commandNode{{path, at}}
	for _, child := range at.Children {
		if !child.Hidden {
			list = append(list, commandNodes(child, strings.TrimSpace(path+" "+child.Name))...)
		}
	}
	return list
}

// visible are the flags of a command.
func visible(n *kong.Node) (list []*kong.Flag) {
	for _, f := range n.Flags {
		if !f.Hidden {
			list = append(list, f)
		}
	}
	return list
}

// completion writes what a shell needs to complete command lines.
func completion(shell string, app *kong.Application, w io.Writer) error {
	nodes := commandNodes(app.Node, "")
	if shell == "fish" {
		return fishCompletion(nodes, w)
	}
	var b strings.Builder
	if shell == "zsh" {
		b.WriteString("#compdef incamera\nautoload -U +X bashcompinit && bashcompinit\n")
	}
	b.WriteString(`# Completion of incamera's command line.
_incamera() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= w words=
  for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $w in -*) ;; *) path="$path $w" ;; esac
  done
  case $prev in
`)
	files, dirs := []string{}, []string{}
	enums := map[string]string{}
	for _, n := range nodes {
		for _, f := range visible(n.Node) {
			switch flag := "--" + f.Name; {
			case f.PlaceHolder == "FILE":
				files = append(files, flag)
			case f.PlaceHolder == "DIR":
				dirs = append(dirs, flag)
			case f.Enum != "":
				enums[flag] = strings.ReplaceAll(f.Enum, ",", " ")
			}
		}
	}
	for kind, list := range map[string][]string{"-f": files, "-d": dirs} {
		if list = sorted(list); len(list) > 0 {
			fmt.Fprintf(&b, "    %s) mapfile -t COMPREPLY < <(compgen %s -- \"$cur\"); return ;;\n", strings.Join(list, "|"), kind)
		}
	}
	for _, flag := range sorted(keysOf(enums)) {
		fmt.Fprintf(&b, "    %s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); return ;;\n", flag, enums[flag])
	}
	b.WriteString("  esac\n  case $path in\n")
	slices.SortStableFunc(nodes, func(a, c commandNode) int { return len(c.path) - len(a.path) }) // the longest that fits
	for _, n := range nodes {
		pattern := "*"
		if n.path != "" {
			pattern = fmt.Sprintf("' %s'*", n.path)
		}
		fmt.Fprintf(&b, "    %s) words='%s' ;;\n", pattern, strings.Join(wordsOf(n.Node), " "))
	}
	b.WriteString("  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F _incamera incamera\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// wordsOf are those that may follow a command.
func wordsOf(n *kong.Node) (words []string) {
	for _, child := range n.Children {
		if !child.Hidden {
			words = append(words, child.Name)
		}
	}
	for _, p := range n.Positional {
		if p.Enum != "" {
			words = append(words, strings.Split(p.Enum, ",")...)
		}
	}
	for _, f := range visible(n) {
		words = append(words, "--"+f.Name)
	}
	return words
}

func fishCompletion(nodes []commandNode, w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Completion of incamera's command line.\ncomplete -c incamera -f\n")
	for _, n := range nodes {
		when := "__fish_use_subcommand"
		for word := range strings.FieldsSeq(n.path) {
			if when == "__fish_use_subcommand" {
				when = ""
			}
			when = strings.TrimPrefix(when+"; and __fish_seen_subcommand_from "+word, "; and ")
		}
		for _, child := range n.Children {
			if !child.Hidden {
				fmt.Fprintf(&b, "complete -c incamera -n '%s' -a %s -d %s\n", when, child.Name, fishQuote(child.Help))
			}
		}
		for _, f := range visible(n.Node) {
			more := ""
			switch {
			case f.PlaceHolder == "FILE":
				more = " -r -F"
			case f.PlaceHolder == "DIR":
				more = " -x -a '(__fish_complete_directories)'"
			case f.Enum != "":
				more = " -x -a " + fishQuote(strings.ReplaceAll(f.Enum, ",", " "))
			case !f.IsBool():
				more = " -x"
			}
			fmt.Fprintf(&b, "complete -c incamera -n '%s' -l %s%s -d %s\n", when, f.Name, more, fishQuote(f.Help))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func keysOf(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// manual writes the manual page incamera(1).
func manual(app *kong.Application, version string, w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH INCAMERA 1 \"\" \"incamera %s\" \"Incamera\"\n", roff(version))
	b.WriteString(".SH NAME\nincamera \\- video meetings behind closed doors, on your own server\n")
	b.WriteString(".SH SYNOPSIS\n.B incamera\n.I command\n[\n.I flags\n]\n")
	b.WriteString(".SH DESCRIPTION\n" + roff("Serves meetings whose pictures, sound and words are sealed in the browsers of those who take part: this program holds no key to them. "+
		"Without flags incamera serve is for this machine alone, on http://localhost:8080; --domain or a certificate makes it a server for others.") + "\n")
	b.WriteString(".SH COMMANDS\n")
	for _, n := range commandNodes(app.Node, "") {
		if n.path == "" {
			continue
		}
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff("incamera "+n.path), roff(n.Help))
		for _, p := range n.Positional {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(p.Name), roff(p.Help))
		}
		for _, f := range visible(n.Node) {
			name := "\\fB\\-\\-" + roff(f.Name) + "\\fR"
			if !f.IsBool() {
				name += " \\fI" + roff(strings.Trim(f.FormatPlaceHolder(), `"`)) + "\\fR"
			}
			if len(f.Envs) > 0 && f.Envs[0] != "" {
				name += ", \\fB" + roff(f.Envs[0]) + "\\fR"
			}
			fmt.Fprintf(&b, ".TP\n%s\n%s\n", name, roff(f.Help))
		}
	}
	b.WriteString(".SH SIGNALS\n.TP\n.B SIGTERM\n" + roff("makes no new meetings, tells people, lets running ones go on for --drain, then ends.") +
		"\n.TP\n.B SIGINT\n" + roff("ends at once, as does a second signal.") +
		"\n.TP\n.B SIGHUP\n" + roff("reloads the certificate, and the log level from the file; names what changed and holds from the next start.") + "\n")
	b.WriteString(".SH FILES\n.TP\n.I /etc/incamera/incamera.toml\n" + roff("settings, where the unit of the package runs the server: lines of name = \"value\", named like the flags.") +
		"\n.TP\n.I /var/lib/incamera\n" + roff("who may make meetings, the audit log, certificates. Nothing of a meeting.") + "\n")
	b.WriteString(".SH EXIT STATUS\n" + roff("0: done. 1: it could not be done, and the message says what to do. 2: the command line or the settings are wrong.") + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// roff quotes text: a backslash is one, a hyphen too, and no line is a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
