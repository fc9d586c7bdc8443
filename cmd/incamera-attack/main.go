// Command incamera-attack lets malicious servers, forwarders and participants
// loose on real clients, and says what became of each attack. Every one stays
// in this process or on loopback.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"incamera/cmd/incamera-attack/attack"
)

// Exit codes. A claim that does not hold is told apart from a suite that does
// not work by what is printed.
const exitOK, exitFailure = 0, 1

type commands struct {
	Only  string `help:"Only the attack of this name." placeholder:"NAME"`
	Prove string `help:"Build without each defence in turn, and write to FILE what becomes of its attack then." placeholder:"FILE"`
	Root  string `default:"." help:"Where the sources are, for --prove."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("incamera-attack"), kong.Writers(stdout, stderr))
	if err != nil {
		panic("incamera-attack: " + err.Error())
	}
	if _, err := parser.Parse(args); err != nil {
		fmt.Fprintf(stderr, "incamera-attack: %v\n", err)
		return exitFailure
	}
	if c.Prove != "" {
		if err := attack.Prove(c.Root, c.Prove, c.Only, stdout); err != nil {
			fmt.Fprintf(stderr, "incamera-attack: %v\n", err)
			return exitFailure
		}
		return exitOK
	}
	return runAll(c.Only, stdout)
}

func runAll(only string, stdout io.Writer) int {
	count := map[attack.Verdict]int{}
	tried, bad := 0, 0
	for _, a := range attack.All() {
		if only != "" && a.Name != only {
			continue
		}
		r := a.Run()
		r.Print(stdout)
		tried++
		count[r.Verdict]++
		if r.Bad() {
			bad++
		}
	}
	fmt.Fprintf(stdout, "%d tried, %d defeated, %d detected, %d not prevented, %d not carried out\n",
		tried, count[attack.Defeated], count[attack.Detected], count[attack.NotPrevented], count[attack.Failed])
	if bad > 0 || tried == 0 {
		return exitFailure
	}
	return exitOK
}
