package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"incamera/signaling"
	"incamera/web"
)

// drainTime is how long sockets and requests have to end once meetings do.
const drainTime = 5 * time.Second

// gcPercent is by how much the heap may grow before what is garbage is collected,
// unless the environment has a GOGC (see package runtime), whose default is 100.
// The heap is what people hold who are there, and the path of packets makes next
// to no garbage, so collecting more often costs little: while 200 people join, four
// a second, some 2 s of 30. Lower still, and joins begin to pay for it.
const gcPercent = 33

// runServer serves until SIGINT, which ends it at once, or SIGTERM, which lets
// meetings go on for --drain. A second signal of these ends the process.
func runServer(c *Config, given *settings, stdout, stderr io.Writer) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	passed, err := passedSockets()
	if err != nil {
		return err
	}
	c.Data = dataDir(c.Data)
	if passed.tcp != nil {
		c.Listen = passed.tcp.Addr().String()
		if err := c.check(); err != nil { // of an address that may be another than what was checked
			return fmt.Errorf("with the sockets of systemd: %w", err)
		}
	}
	level := &slog.LevelVar{}
	_ = level.UnmarshalText([]byte(c.LogLevel)) // one of the enumeration
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	return serve(c, passed, signals, reloader{given, c, level}, stdout, newLog(c.LogFormat, level, stderr))
}

// serve runs until a signal says otherwise, or the listener fails.
func serve(c *Config, passed activated, signals <-chan os.Signal, again reloader, stdout io.Writer, log *slog.Logger) error {
	certs, notes, err := loadTLS(c, log, time.Now())
	if err != nil {
		return err
	}
	host, _, err := splitAddress(c.Listen)
	if err != nil {
		return err
	}
	listener, media, err := openPorts(c, passed, log)
	if err != nil {
		return err
	}
	var tcp *port
	defer func() {
		_ = media.Close() // the process ends anyway
		if tcp != nil {
			tcp.wait()
		}
	}()
	url := readyURL(c, host, portOf(listener))
	doors, permitKey, doorNotes, err := openStore(context.Background(), c, url, time.Now())
	if err != nil {
		return err
	}
	if doors != nil {
		defer func() { _ = doors.Close() }() // what was done is on the disk already
	}
	notes = append(notes, doorNotes...)
	cfg := signaling.DefaultConfig()
	if cfg.SignIn, err = openSignIn(c); err != nil {
		return err
	}
	hooks, err := openWebhook(c, log)
	if err != nil {
		return err
	}
	if hooks != nil {
		defer hooks.Close()
		cfg.Told = hooks.Send
	}
	cfg.Store, cfg.PermitKey = doors, permitKey
	if cfg.Files, err = openFiles(c, log); err != nil {
		return err
	}
	cfg.Log, cfg.BehindProxy, cfg.NewMedia = log, c.BehindProxy, media.NewRoom
	cfg.NewTestMedia = media.NewTestRoom
	cfg.Room.Relay = c.relay(media)
	meetings := signaling.New(cfg)
	handler, err := routes(meetings, web.Dist(), log)
	if err != nil {
		return err
	}
	shown, err := openBrand(c)
	if err != nil {
		return err
	}
	handler = serveBrand(shown, handler)
	if own, ok := certs.(*certificates); ok && own.authority != nil {
		handler = serveAuthority(own.authority, handler)
		notes = append(notes, "Fetch the authority for browsers:  "+url+authorityPath+" (compare the first of these)")
	}
	if c.strict(portOf(listener)) {
		handler = serveStrict(handler)
	}
	var state serverState
	closeMetrics := serveMetrics(c.Metrics, operatorRoutes(version, &state.ready, meetings.Metrics, media.Metrics, state.metrics(certs), func() []signaling.Metric {
		return append(udpFigures(media.Port()), traceMetrics(media.trace)...)
	}), log)
	defer closeMetrics()

	public := httpServer(handler)
	if certs != nil {
		public.TLSConfig = certs.config()
	}
	direct, relay := c.byTCP(media)
	tcp = newPort(listener, public.TLSConfig, direct, relay)
	failed := make(chan error, 1)
	go func() { failed <- public.Serve(tcp) }() // ends with Shutdown or Close below
	for _, line := range notes {
		fmt.Fprintln(stdout, line)
	}
	state.ready.Store(true)
	fmt.Fprintln(stdout, "Incamera is ready:", url)
	log.Info("serving", "version", version, "tls", certs != nil)
	notifySystemd(notifyReady)
	if got, ok := certs.(*acmeCertificate); ok {
		// It ends with the process at the latest: whom it asks may take minutes, and nothing is lost with it.
		go got.fetch(context.Background(), append(publicAddresses(c), reachableAt(host)...))
	}

	end := waitForEnd(signals, failed, func() { again.reload(certs, log) })
	if end.err != nil {
		return fmt.Errorf("serving: %w", end.err)
	}
	state.ready.Store(false)
	state.draining.Store(true)
	notifySystemd(notifyStopping)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go exitOnSignal(ctx, signals)
	if end.drain && c.Drain > 0 {
		log.Info("draining", "most", c.Drain)
		log.Info("drained", "people left", meetings.Drain(ctx, c.Drain))
	}
	return shutDown(meetings, public, failed, log)
}

// serverState is what the server says of itself. Atomic.
type serverState struct{ ready, draining atomic.Bool }

func (s *serverState) metrics(certs certificateSource) func() []signaling.Metric {
	return func() []signaling.Metric {
		all := []signaling.Metric{{Name: "incamera_draining", Help: "1 while the server is to stop.", Gauge: true}}
		if s.draining.Load() {
			all[0].Value = 1
		}
		if certs != nil && !certs.expiry().IsZero() {
			all = append(all, signaling.Metric{
				Name: "incamera_cert_expiry_timestamp_seconds", Help: "When the certificate that is served ends, in Unix time.", Gauge: true, Value: float64(certs.expiry().Unix()),
			})
		}
		return all
	}
}

// An ending is why the server is to end.
type ending struct {
	drain bool
	err   error
}

// waitForEnd handles SIGHUP until another signal comes or the listener fails.
func waitForEnd(signals <-chan os.Signal, failed <-chan error, reload func()) ending {
	for {
		select {
		case err := <-failed:
			return ending{err: err}
		case s := <-signals:
			if s != syscall.SIGHUP {
				return ending{drain: s == syscall.SIGTERM}
			}
			reload()
		}
	}
}

// exitOnSignal ends the process at the next signal but SIGHUP: whoever sends
// two does not want to wait.
func exitOnSignal(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case s := <-signals:
			if s != syscall.SIGHUP {
				os.Exit(exitFailure)
			}
		case <-ctx.Done():
			return
		}
	}
}

// shutDown ends what runs within drainTime.
func shutDown(meetings *signaling.Server, public *http.Server, failed <-chan error, log *slog.Logger) error {
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

// openPorts takes over the sockets of systemd, or opens both.
func openPorts(c *Config, passed activated, log *slog.Logger) (net.Listener, forwarder, error) {
	recordings, err := openTrace(c, log)
	if err != nil {
		return nil, forwarder{}, err
	}
	if passed.tcp != nil {
		addr, _ := passed.udp.LocalAddr().(*net.UDPAddr) // passedSockets has looked
		media, takeErr := openForwarder(c, addr.AddrPort(), passed.udp, recordings, log)
		return passed.tcp, media, takeErr
	}
	host, port, err := splitAddress(c.Listen)
	if err != nil {
		return nil, forwarder{}, err
	}
	return listenBoth(netip.AddrPortFrom(host, port), func(addr netip.AddrPort) (forwarder, error) {
		return openForwarder(c, addr, nil, recordings, log)
	})
}

// A reloader does what SIGHUP asks for.
type reloader struct {
	given   *settings
	running *Config // what the server was started with
	level   *slog.LevelVar
}

// reload loads the certificate anew and takes the log level of the
// configuration file. Every other setting that has changed there is named: it
// holds from the next start. What cannot be read changes nothing.
func (r reloader) reload(certs certificateSource, log *slog.Logger) {
	notifySystemd(notifyReloading)
	defer notifySystemd(notifyReady)
	if certs != nil {
		if err := certs.reload(time.Now()); err != nil {
			log.Error("the certificate cannot be reloaded; the old one goes on", "error", err)
		} else {
			log.Info("certificate loaded", "until", certs.expiry())
		}
	}
	if r.given.path == "" {
		return
	}
	now, parsed, err := r.given.again()
	if err != nil {
		log.Error("the configuration cannot be reloaded; the old one goes on", "error", err)
		return
	}
	if err := r.level.UnmarshalText([]byte(now.LogLevel)); err == nil {
		r.running.LogLevel = now.LogLevel
	}
	for _, name := range changed(r.running, now, parsed) {
		log.Warn("a changed setting holds from the next start", "setting", name)
	}
	log.Info("configuration loaded")
}
