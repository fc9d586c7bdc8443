// Command incamera serves meetings that it cannot listen in to: the page, the
// signaling, and media, on one port number.
package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

// Exit codes.
const (
	exitOK, exitFailure, exitUsage = 0, 1, 2
)

type commands struct {
	Serve       serveCommand     `cmd:"" help:"Serve meetings. Without flags: on http://localhost:8080, for this machine."`
	CheckConfig checkCommand     `cmd:"" aliases:"config" help:"Check the settings that serve would have, and print each with where it is from."`
	Doctor      doctorCommand    `cmd:"" help:"Look for what keeps the server that these settings describe from working, and say what to do."`
	Health      healthCommand    `cmd:"" help:"Ask the server on this machine whether it takes meetings. Exit code 0: it does."`
	Invite      inviteCommand    `cmd:"" help:"Who may make meetings on a server that is not for this machine alone."`
	Token       tokenCommand     `cmd:"" help:"What programs show to the operators' API (docs/openapi.json)."`
	AdminLink   adminLinkCommand `cmd:"" help:"Make a link, good once, by which a browser may make meetings. One that was not used yet holds no longer."`
	Audit       auditCommand     `cmd:"" help:"Print the audit log, and check that it was not altered."`
	Trace       traceCommand     `cmd:"" help:"What serve --trace has recorded."`
	Version     struct{}         `cmd:"" help:"Print the version."`

	Completion completionCommand `cmd:"" help:"Print what a shell needs to complete these commands. In bash: source <(incamera completion bash)."`
	Manual     struct{}          `cmd:"" hidden:"" help:"Print the manual page."`
}

type serveCommand struct {
	Config
	PrintConfig bool `env:"-" help:"Print each setting and where it is from, and end."`
}

type checkCommand struct{ Config }

// Validate is called by kong.
func (s *serveCommand) Validate() error { return s.check() }

// Validate is called by kong.
func (c *checkCommand) Validate() error { return c.check() }

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

func run(args, environ []string, stdout, stderr io.Writer) int {
	var cli commands
	parsed, given, err := parse(&cli, args, environ, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "incamera: %v\nincamera --help lists commands, incamera serve --help the flags.\n", err)
		return exitUsage
	}
	if cli.Serve.PrintConfig || parsed.Command() == "check-config" {
		fmt.Fprint(stdout, given.effective(parsed))
		return exitOK
	}
	switch parsed.Command() {
	case "version":
		fmt.Fprintln(stdout, "incamera", versionText())
	case "completion <shell>":
		err = completion(cli.Completion.Shell, parsed.Model, stdout)
	case "manual":
		err = manual(parsed.Model, version, stdout)
	case "doctor":
		err = cli.Doctor.run(stdout)
	case "invite create":
		err = cli.Invite.Create.run(stdout)
	case "invite list":
		err = cli.Invite.List.run(stdout)
	case "invite revoke <id>":
		err = cli.Invite.Revoke.run(stdout)
	case "token create":
		err = cli.Token.Create.run(stdout)
	case "admin-link":
		err = cli.AdminLink.run(stdout)
	case "audit":
		err = cli.Audit.run(stdout)
	case "trace replay <file>":
		err = cli.Trace.Replay.run(stdout)
	case "health":
		err = cli.Health.run()
	default:
		err = runServer(&cli.Serve.Config, given, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "incamera: %v\n", err)
		return exitFailure
	}
	return exitOK
}

// parse fills cli from the command line, the environment and the configuration
// file, and checks what it finds.
func parse(cli any, args, environ []string, stdout, stderr io.Writer) (*kong.Context, *settings, error) {
	given := &settings{}
	parser := kong.Must(cli, kong.Name("incamera"), kong.DefaultEnvars("INCAMERA"), kong.Writers(stdout, stderr),
		kong.Description("Video meetings behind closed doors, on your own server."),
		kong.Resolvers(given))
	found, err := readSettings(parser.Model, args, environ)
	if err != nil {
		return nil, nil, err
	}
	*given = *found
	parsed, err := parser.Parse(args) // which calls Validate
	if err == nil {
		given.listenForDomain(parsed)
	}
	return parsed, given, err
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return version + " " + info.GoVersion
	}
	return version
}

func newLog(format string, level slog.Leveler, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
