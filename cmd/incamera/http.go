package main

import (
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"
)

// contentSecurityPolicy lets the page load what this server serves, and
// nothing else: no inline code, no other host, no frame. connect-src 'self'
// covers the websocket of the same origin. Trusted Types need the one policy by
// which the client makes its worker. A worker lives by the policy that came with
// its own script: the one that holds the keys makes no code from data at all.
const contentSecurityPolicy = policyOfScripts + policyOfTheRest

// pagePolicy is that of the page: it may compile WebAssembly, which came from
// here like every script, for the worklet that takes noise out of a microphone.
const pagePolicy = policyOfScripts + " 'wasm-unsafe-eval'" + policyOfTheRest

const policyOfScripts = "default-src 'none'; script-src 'self'"

const policyOfTheRest = "; worker-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' blob: data:; media-src 'self' blob: mediastream:; font-src 'self'; manifest-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types incamera"

// permissionsPolicy allows what a meeting needs, and turns the rest off, as far
// as Chromium knows it by name: it warns of others on each page.
const permissionsPolicy = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), " +
	"picture-in-picture=(self), screen-wake-lock=(self), clipboard-write=(self), " +
	"accelerometer=(), clipboard-read=(), encrypted-media=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), " +
	"idle-detection=(), local-fonts=(), magnetometer=(), midi=(), payment=(), publickey-credentials-create=(), publickey-credentials-get=(), " +
	"serial=(), storage-access=(), sync-xhr=(), usb=(), window-management=(), xr-spatial-tracking=()"

var securityHeaders = map[string]string{
	"Content-Security-Policy":      contentSecurityPolicy,
	"Permissions-Policy":           permissionsPolicy,
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"Cache-Control":                "no-store", // but for what says otherwise
}

// routes is everything that the public listener serves.
func routes(signaling http.Handler, client fs.FS, logger *slog.Logger) (http.Handler, error) {
	pages, err := newPages(client)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", signaling)
	mux.Handle("/auth/", signaling)
	mux.Handle("/ws", signaling)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.Handle("/", pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			// net/http would log the address and the path with it.
			if p := recover(); p != nil {
				logger.Error("panic in a request", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				panic(http.ErrAbortHandler)
			}
		}()
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// authorityPath is where the certificate of the own authority is, for browsers
// and systems to be told to trust it.
const authorityPath = "/authority.crt"

// serveAuthority serves it beside the rest. It says nothing that a handshake
// does not.
func serveAuthority(der []byte, rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+authorityPath, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		w.Header().Set("Content-Type", "application/x-x509-ca-cert")
		_, _ = w.Write(der) // who is gone needs nothing
	})
	mux.Handle("/", rest)
	return mux
}

// A file is one of the client's, as the build left it.
type file struct {
	contentType  string
	body, zipped []byte // zipped is nil when the build wrote none
}

// pages serves the client from memory.
type pages map[string]*file // by URL path without the leading slash

// contentTypes are those of the files that the build writes. The system's own
// table is not asked: it differs from machine to machine.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".webmanifest": "application/manifest+json",
	".json":        "application/json",
	".txt":         "text/plain; charset=utf-8",
	".woff2":       "font/woff2",
	".wasm":        "application/wasm",
	".tflite":      "application/octet-stream",
	".map":         "application/json",
}

func newPages(client fs.FS) (pages, error) {
	p := pages{}
	err := fs.WalkDir(client, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") || strings.HasSuffix(name, ".gz") {
			return err
		}
		f := &file{contentType: contentTypes[path.Ext(name)]}
		if f.contentType == "" {
			return fmt.Errorf("the client has a file of an unknown kind: %s", name)
		}
		if f.body, err = fs.ReadFile(client, name); err != nil {
			return err
		}
		f.zipped, _ = fs.ReadFile(client, name+".gz") // there may be none
		p[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the client: %w", err)
	}
	return p, nil
}

// notBuilt is served where the page would be, when only the server was built.
const notBuilt = "Incamera runs, but this binary was built without its client.\nBuild it with: make build\n"

func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		plain(w, http.StatusMethodNotAllowed, "Only GET and HEAD work here.\n")
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if id, ok := strings.CutPrefix(name, "r/"); name == "" || name == "admin" || ok && id != "" && !strings.Contains(id, "/") {
		if name = "index.html"; p[name] == nil {
			plain(w, http.StatusServiceUnavailable, notBuilt)
			return
		}
	}
	f := p[name]
	if f == nil {
		plain(w, http.StatusNotFound, "There is nothing here.\n")
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	switch {
	case strings.HasPrefix(name, "assets/"): // named by their hash
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	case name != "index.html":
		h.Set("Cache-Control", "no-cache")
	default:
		h.Set("Content-Security-Policy", pagePolicy)
	}
	body := f.body
	if f.zipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = f.zipped
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a browser that is gone needs nothing
	}
}

func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q := strings.ReplaceAll(params, " ", "")
				return q != "q=0" && !strings.HasPrefix(q, "q=0.000") && q != "q=0.0" && q != "q=0.00"
			}
		}
	}
	return false
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a client that is gone needs nothing
}

// httpServer has limits for every step before a request is understood.
func httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // a socket sets its own
		WriteTimeout:      2 * time.Minute,  // the client over a slow line, a profile of a minute
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // its lines name full addresses; panics are logged by routes
	}
}
