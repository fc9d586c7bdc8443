package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"

	"incamera/signaling"
)

// operatorRoutes is what the loopback listener serves. ready says whether new
// meetings are welcome.
func operatorRoutes(version string, ready *atomic.Bool, figures ...func() []signaling.Metric) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			plain(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		var all []signaling.Metric
		for _, f := range figures {
			all = append(all, f()...)
		}
		plain(w, http.StatusOK, exposition(version, all))
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page of somebody else can point its own name at 127.0.0.1.
		if !namesLoopback(r.Host) {
			plain(w, http.StatusForbidden, textNotLoopback)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

const textNotLoopback = "Ask by a loopback address.\n"

func namesLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}

// exposition writes the text format of Prometheus. No figure has a label of a
// room or a person.
func exposition(version string, figures []signaling.Metric) string {
	figures = append(figures, processFigures()...)
	var b strings.Builder
	fmt.Fprintf(&b, "# HELP incamera_build_info The version that runs.\n# TYPE incamera_build_info gauge\nincamera_build_info{version=%q} 1\n", version)
	last := ""
	for _, f := range figures {
		if family := cmp.Or(f.Histogram, f.Name); family != last {
			kind := "counter"
			switch {
			case f.Histogram != "":
				kind = "histogram"
			case f.Gauge:
				kind = "gauge"
			}
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", family, f.Help, family, kind)
			last = family
		}
		label := ""
		if f.Label != "" {
			label = fmt.Sprintf("{%s=%q}", f.Label, f.Of)
		}
		fmt.Fprintf(&b, "%s%s %s\n", f.Name, label, strconv.FormatFloat(f.Value, 'f', -1, 64))
	}
	return b.String()
}

// serveMetrics starts the operator's listener. That it cannot is no reason not
// to serve meetings: a second server on one machine is told, and runs without.
func serveMetrics(address string, handler http.Handler, log *slog.Logger) (closeIt func()) {
	if address == "" {
		return func() {}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		log.Warn("no metrics: cannot listen; choose another address with --metrics, or none with --metrics ''", "address", address, "error", err)
		return func() {}
	}
	s, done := httpServer(handler), make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics ended", "error", err)
		}
	}()
	return func() {
		_ = s.Close() // nobody waits for figures of what has ended
		<-done
	}
}
