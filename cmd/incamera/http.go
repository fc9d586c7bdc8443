package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
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

// pagePolicy is that of a page: it may compile WebAssembly, which came from
// here like every script, for the worklet that takes noise out of a microphone,
// and has the one style of the first screens that the build wrote into it.
func pagePolicy(page []byte) string {
	return policyOfScripts + " 'wasm-unsafe-eval'" + policyOfTheRest + styleHash(page)
}

// styleHash names the style in a page by its hash, after a space (CSP 3,
// section 2.3.1); "" where there is none. Text that comes to be in the page in
// another way has another hash, and is no style.
func styleHash(page []byte) string {
	_, rest, found := bytes.Cut(page, []byte("<style>"))
	style, _, closed := bytes.Cut(rest, []byte("</style>"))
	if !found || !closed {
		return ""
	}
	sum := sha256.Sum256(style)
	return " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

const policyOfScripts = "default-src 'none'; script-src 'self'"

// policyOfTheRest ends with the styles, to which a page adds its own.
const policyOfTheRest = "; worker-src 'self'; connect-src 'self'; " +
	"img-src 'self' blob: data:; media-src 'self' blob: mediastream:; font-src 'self'; manifest-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types incamera; style-src 'self'"

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

// strictTransport has browsers that have come once come by TLS only, for a year
// (RFC 6797): who types the name without https is not led elsewhere on the way.
// Names below this one are somebody else's.
const strictTransport = "max-age=31536000"

// strict reports whether browsers are told so. It holds for all ports of the
// name, so only the server that has the usual one may say it; and with the own
// authority nobody could get past a warning once that was lost.
func (c *Config) strict(port uint16) bool {
	return c.secure() && c.TLS != selfSigned && port == 443
}

func serveStrict(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", strictTransport)
		rest.ServeHTTP(w, r)
	})
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
	contentType string
	policy      string // of a page; "": that of everything else
	body        []byte
	packed      [len(codings)][]byte // by coding; nil when the build wrote none
}

// codings are how the build has packed files, the smallest first, with what it
// has put behind their names.
var codings = [...]struct{ name, ext string }{{"br", ".br"}, {"gzip", ".gz"}}

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
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") || isPacked(name) {
			return err
		}
		f := &file{contentType: contentTypes[path.Ext(name)]}
		if f.contentType == "" {
			return fmt.Errorf("the client has a file of an unknown kind: %s", name)
		}
		if f.body, err = fs.ReadFile(client, name); err != nil {
			return err
		}
		if path.Ext(name) == ".html" {
			f.policy = pagePolicy(f.body)
		}
		for i, c := range codings {
			f.packed[i], _ = fs.ReadFile(client, name+c.ext) // there may be none
		}
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

// pageOf returns the name of the file for a path, and whether it is a page: they
// are the same but for the screen that is in them before their script runs.
func pageOf(path string) (name string, page bool) {
	name = strings.TrimPrefix(path, "/")
	switch id, ok := strings.CutPrefix(name, "r/"); {
	case name == "":
		return "index.html", true
	case ok && id != "" && !strings.Contains(id, "/"):
		return "room.html", true
	case name == "admin" || name == "test":
		return "bare.html", true
	}
	return name, false
}

func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		plain(w, http.StatusMethodNotAllowed, "Only GET and HEAD work here.\n")
		return
	}
	name, page := pageOf(r.URL.Path)
	if page && p[name] == nil {
		plain(w, http.StatusServiceUnavailable, notBuilt)
		return
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
	case f.policy != "":
		h.Set("Content-Security-Policy", f.policy)
	default:
		h.Set("Cache-Control", "no-cache")
	}
	body := f.packedFor(r, h)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a browser that is gone needs nothing
	}
}

// packedFor returns what of the file travels to who asks so, and says in h what
// it is.
func (f *file) packedFor(r *http.Request, h http.Header) []byte {
	for i, c := range codings {
		if f.packed[i] == nil {
			continue
		}
		h.Set("Vary", "Accept-Encoding")
		if accepts(r, c.name) {
			h.Set("Content-Encoding", c.name)
			return f.packed[i]
		}
	}
	return f.body
}

func isPacked(name string) bool {
	for _, c := range codings {
		if strings.HasSuffix(name, c.ext) {
			return true
		}
	}
	return false
}

// accepts reports whether who asks takes that coding by its name.
func accepts(r *http.Request, wanted string) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if strings.EqualFold(strings.TrimSpace(name), wanted) {
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
