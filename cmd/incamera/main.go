// Command incamera serves meetings that it cannot listen in to: the page, the
// signaling, and media, on one port number.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"incamera/signaling"
	"incamera/web"
)

// version is set by the build.
var version = "dev"

// drainTime is how long sockets and requests have to end after a signal.
const drainTime = 5 * time.Second

// Exit codes.
const (
	exitOK, exitFailure, exitUsage = 0, 1, 2
)

type commands struct {
	Serve   Config   `cmd:"" help:"Serve meetings. Without flags: on http://localhost:8080, for this machine."`
	Version struct{} `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var cli commands
	parser := kong.Must(&cli, kong.Name("incamera"), kong.DefaultEnvars("INCAMERA"), kong.Writers(stdout, stderr),
		kong.Description("Video meetings behind closed doors, on your own server."))
	parsed, err := parser.Parse(args) // which calls Config.Validate
	if err != nil {
		fmt.Fprintf(stderr, "incamera: %v\nincamera --help lists commands, incamera serve --help the flags.\n", err)
		return exitUsage
	}
	if parsed.Command() == "version" {
		fmt.Fprintln(stdout, "incamera", versionText())
		return exitOK
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := serve(ctx, &cli.Serve, stdout, newLog(cli.Serve.LogFormat, stderr)); err != nil {
		fmt.Fprintf(stderr, "incamera: %v\n", err)
		return exitFailure
	}
	return exitOK
}

func versionText() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return version + " " + info.GoVersion
	}
	return version
}

func newLog(format string, w io.Writer) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// serve runs until ctx is done, then ends what runs within drainTime.
func serve(ctx context.Context, c *Config, stdout io.Writer, log *slog.Logger) error {
	secure, notes, err := loadTLS(c, time.Now())
	if err != nil {
		return err
	}
	host, port, err := splitAddress(c.Listen)
	if err != nil {
		return err
	}
	listener, media, err := listenBoth(netip.AddrPortFrom(host, port), func(addr netip.AddrPort) (forwarder, error) {
		return openForwarder(addr, publicAddresses(c), log)
	})
	if err != nil {
		return err
	}
	defer func() { _ = media.Close() }() // the process ends anyway
	cfg := signaling.DefaultConfig()
	cfg.Log, cfg.BehindProxy, cfg.NewMedia = log, c.BehindProxy, media.NewRoom
	meetings := signaling.New(cfg)
	handler, err := routes(meetings, web.Dist(), log)
	if err != nil {
		return err
	}
	var ready atomic.Bool
	closeMetrics := serveMetrics(c.Metrics, operatorRoutes(version, &ready, meetings.Metrics, media.Metrics), log)
	defer closeMetrics()

	public := httpServer(handler)
	if secure != nil {
		public.TLSConfig = secure
	}
	failed := make(chan error, 1)
	go func() { failed <- serveOn(public, listener, secure) }() // ends with Shutdown or Close below
	for _, line := range notes {
		fmt.Fprintln(stdout, line)
	}
	ready.Store(true)
	fmt.Fprintln(stdout, "Incamera is ready:", readyURL(c, host, portOf(listener)))
	log.Info("serving", "version", version, "tls", secure != nil)

	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	ready.Store(false)
	log.Info("shutting down")
	limited, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := meetings.Close(limited); err != nil {
		log.Warn("not everybody was told", "error", err)
	}
	if err := public.Shutdown(limited); err != nil {
		log.Warn("requests were cut off", "error", err)
		_ = public.Close() // its error says the same
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
