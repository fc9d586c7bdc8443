package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"incamera/signaling"
	"incamera/web"
)

var builtClient = fstest.MapFS{
	".gitkeep":              {},
	"index.html":            {Data: []byte("<!doctype html>page")},
	"index.html.gz":         {Data: []byte("zipped page")},
	"room.html":             {Data: []byte("<!doctype html>check")},
	"bare.html":             {Data: []byte("<!doctype html>bare")},
	"icon.svg":              {Data: []byte("<svg/>")},
	"assets/main-abc.js":    {Data: []byte("script")},
	"assets/main-abc.js.gz": {Data: []byte("zipped script")},
	"assets/main-abc.js.br": {Data: []byte("denser script")},
	"assets/style-def.css":  {Data: []byte("style")},
}

// get carries out a request; result has no body to close.
func get(h http.Handler, method, path string, headers ...string) (result struct {
	status int
	header http.Header
	body   string
},
) {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	result.status, result.header, result.body = w.Code, w.Header(), w.Body.String()
	return result
}

func built(t *testing.T) http.Handler {
	t.Helper()
	h, err := routes(signaling.New(signaling.DefaultConfig()), builtClient, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPages(t *testing.T) {
	h := built(t)
	const forever, never = "public, max-age=31536000, immutable", "no-store"
	for _, tc := range []struct {
		path    string
		status  int
		kind    string
		caching string
		body    string
	}{
		{"/", 200, "text/html; charset=utf-8", never, "<!doctype html>page"},
		{"/r/k5zq3fxw7hn2tdc4y6abgjmpre", 200, "text/html; charset=utf-8", never, "<!doctype html>check"},
		{"/r/mistyped", 200, "text/html; charset=utf-8", never, "<!doctype html>check"}, // the page explains
		{"/assets/main-abc.js", 200, "text/javascript; charset=utf-8", forever, "script"},
		{"/assets/style-def.css", 200, "text/css; charset=utf-8", forever, "style"},
		{"/icon.svg", 200, "image/svg+xml", "no-cache", "<svg/>"},
		{"/test", 200, "text/html; charset=utf-8", never, "<!doctype html>bare"},
		{"/admin", 200, "text/html; charset=utf-8", never, "<!doctype html>bare"},
		{"/room.html", 200, "text/html; charset=utf-8", never, "<!doctype html>check"}, // for who keeps the client
		{"/api/probe", 405, "application/json", never, ""},
		{"/healthz", 200, "text/plain; charset=utf-8", never, "ok\n"},
		{"/r/", 404, "text/plain; charset=utf-8", never, ""},
		{"/r/a/b", 404, "text/plain; charset=utf-8", never, ""},
		{"/.gitkeep", 404, "text/plain; charset=utf-8", never, ""},
		{"/index.html.gz", 404, "text/plain; charset=utf-8", never, ""},
		{"/assets/main-abc.js.br", 404, "text/plain; charset=utf-8", never, ""},
		{"/assets/", 404, "text/plain; charset=utf-8", never, ""},
		{"/assets/gone.js", 404, "text/plain; charset=utf-8", never, ""},
		{"/debug/pprof/", 404, "text/plain; charset=utf-8", never, ""},
		{"/metrics", 404, "text/plain; charset=utf-8", never, ""},
		{"/api/look", 405, "application/json", never, ""},
		{"/api/x", 404, "application/json", never, ""},
		{"/ws", 400, "application/json", never, ""},
	} {
		res := get(h, http.MethodGet, tc.path)
		if h := res.header; res.status != tc.status || h.Get("Content-Type") != tc.kind || h.Get("Cache-Control") != tc.caching {
			t.Errorf("%s: %d %s, %s", tc.path, res.status, h.Get("Content-Type"), h.Get("Cache-Control"))
		}
		if body := res.body; tc.body != "" && body != tc.body {
			t.Errorf("%s: %q", tc.path, body)
		}
		for name := range securityHeaders {
			if len(res.header.Values(name)) != 1 {
				t.Errorf("%s: header %s is there %d times", tc.path, name, len(res.header.Values(name)))
			}
		}
	}
	if res := get(h, http.MethodPost, "/"); res.status != 405 {
		t.Errorf("POST /: %d", res.status)
	}
	if res := get(h, http.MethodHead, "/"); res.status != 200 || res.header.Get("Content-Length") != "19" {
		t.Errorf("HEAD /: %d %s", res.status, res.header.Get("Content-Length"))
	}
}

func TestCodings(t *testing.T) {
	h := built(t)
	for accept, coding := range map[string]string{
		"gzip": "gzip", "br;q=0, gzip;q=0.8": "gzip", "GZIP": "gzip", "gzip; q=1": "gzip", "gzip, xbr": "gzip",
		"br": "br", "gzip, deflate, br, zstd": "br", "BR;q=0.1, gzip": "br",
		"": "", "deflate": "", "gzip;q=0": "", "gzip; q=0.000": "", "xgzip": "", "br; q=0.0": "",
	} {
		res := get(h, http.MethodGet, "/assets/main-abc.js", "Accept-Encoding", accept)
		want := map[string]string{"": "script", "gzip": "zipped script", "br": "denser script"}[coding]
		if got := res.body; got != want || res.header.Get("Content-Encoding") != coding || res.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q %v", accept, got, res.header)
		}
	}
	if res := get(h, http.MethodGet, "/", "Accept-Encoding", "br, gzip"); res.body != "zipped page" {
		t.Errorf("what is packed in one way only: %q", res.body)
	}
	if res := get(h, http.MethodGet, "/assets/style-def.css", "Accept-Encoding", "br, gzip"); res.header.Get("Content-Encoding") != "" {
		t.Error("a file without a compressed twin is said to be compressed")
	}
}

// TestContentSecurityPolicy: what a policy must not contain, and what it must.
func TestContentSecurityPolicy(t *testing.T) {
	checkPolicy(t, contentSecurityPolicy)
	h, err := routes(http.NotFoundHandler(), fstest.MapFS{
		"index.html": {Data: []byte("<style>p{}</style>")}, "room.html": {}, "bare.html": {}, "assets/worker-1.js": {Data: []byte("<style>p{}</style>")}, "icon.svg": {},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	bare := pagePolicy(nil)
	for path, want := range map[string]string{
		// printf 'p{}' | openssl dgst -sha256 -binary | base64
		"/":      bare + " 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='",
		"/r/abc": bare, "/test": bare,
		"/assets/worker-1.js": contentSecurityPolicy, "/icon.svg": contentSecurityPolicy, "/none": contentSecurityPolicy,
	} {
		if got := get(h, http.MethodGet, path).header.Values("Content-Security-Policy"); len(got) != 1 || got[0] != want {
			t.Errorf("%s has %q", path, got)
		}
	}
}

// TestPagePolicy: a page may compile WebAssembly, and has its own style, which is
// named by its hash and is one; nothing else is loosened.
func TestPagePolicy(t *testing.T) {
	for page, styles := range map[string]string{
		"":                                  "'self'",
		"<style>a{}":                        "'self'", // not closed
		"<style media=print>a{}</style>":    "'self'",
		"<style>a{}</style><style></style>": "'self' 'sha256-",
	} {
		policy := pagePolicy([]byte(page))
		if n := strings.Count(policy, " 'wasm-unsafe-eval'"); n != 1 {
			t.Errorf("%q: the page's policy has it %d times: %s", page, n, policy)
		}
		if n := strings.Count(policy, "sha256-"); n > 1 {
			t.Errorf("%q: %d hashes", page, n)
		}
		checkPolicy(t, strings.Replace(policy, " 'wasm-unsafe-eval'", "", 1))
		if _, got, _ := strings.Cut(policy, "style-src "); !strings.HasPrefix(got, styles) || strings.Contains(got, ";") {
			t.Errorf("%q: style-src %s", page, got)
		}
	}
}

func checkPolicy(t *testing.T, policy string) {
	t.Helper()
	directives := map[string]string{}
	for d := range strings.SplitSeq(policy, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(d), " ")
		directives[name] = value
	}
	for name, value := range directives {
		for _, bad := range []string{"unsafe", "*", "http", "ws:", "wss:"} {
			if strings.Contains(value, bad) {
				t.Errorf("%s %s", name, value)
			}
		}
		if strings.Contains(value, "blob:") && name != "img-src" && name != "media-src" {
			t.Errorf("%s takes blobs", name)
		}
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "worker-src": "'self'", "connect-src": "'self'", "frame-ancestors": "'none'",
		"base-uri": "'none'", "form-action": "'none'", "object-src": "'none'", "require-trusted-types-for": "'script'", "trusted-types": "incamera",
	} {
		if directives[name] != want {
			t.Errorf("%s is %s, want %s", name, directives[name], want)
		}
	}
}

// TestStrictTransport: only who has the whole name to itself, with a certificate
// that others can replace, tells browsers so.
func TestStrictTransport(t *testing.T) {
	for name, tc := range map[string]struct {
		c    Config
		port uint16
		want bool
	}{
		"an own certificate":      {Config{TLSCert: "cert.pem"}, 443, true},
		"ACME":                    {Config{Domain: "meet.example.org"}, 443, true},
		"beside others":           {Config{TLSCert: "cert.pem"}, 8443, false},
		"an own authority":        {Config{TLS: selfSigned}, 443, false},
		"one for the domain":      {Config{TLS: selfSigned, Domain: "meet.example.org"}, 443, false},
		"plain HTTP, by accident": {Config{}, 443, false},
	} {
		if got := tc.c.strict(tc.port); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	for _, path := range []string{"/", "/none", "/api/look"} {
		if got := get(serveStrict(built(t)), http.MethodGet, path).header.Values("Strict-Transport-Security"); len(got) != 1 || got[0] != "max-age=31536000" {
			t.Errorf("%s has %q", path, got)
		}
	}
}

func TestClientNotBuilt(t *testing.T) {
	h, err := routes(http.NotFoundHandler(), fstest.MapFS{".gitkeep": {}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/r/abc"} {
		if res := get(h, http.MethodGet, path); res.status != 503 || !strings.Contains(res.body, "make build") {
			t.Errorf("%s: %d", path, res.status)
		}
	}
}

func TestUnknownKindOfFile(t *testing.T) {
	if _, err := routes(http.NotFoundHandler(), fstest.MapFS{"x.exe": {}}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("served as something or other")
	}
	if _, err := newPages(web.Dist()); err != nil {
		t.Errorf("the client that is built now: %v", err)
	}
}

func TestPanicIsLogged(t *testing.T) {
	var out strings.Builder
	h, err := routes(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New("broken")) }), fstest.MapFS{}, slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if p := recover(); fmt.Sprint(p) != http.ErrAbortHandler.Error() {
				t.Errorf("panics with %v", p)
			}
		}()
		get(h, http.MethodGet, "/api/canary")
	}()
	if s := out.String(); !strings.Contains(s, "broken") || strings.Contains(s, "canary") || strings.Contains(s, "192.0.2.1") {
		t.Errorf("log: %s", s)
	}
}

func TestOperatorRoutes(t *testing.T) {
	var ready atomic.Bool
	h := operatorRoutes("v1", &ready, signaling.New(signaling.DefaultConfig()).Metrics)
	ask := func(host, path string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if code, _ := ask("127.0.0.1:9090", "/readyz"); code != 503 {
		t.Errorf("ready before it is: %d", code)
	}
	ready.Store(true)
	for _, path := range []string{"/readyz", "/healthz", "/metrics", "/debug/pprof/", "/debug/pprof/cmdline"} {
		for host, want := range map[string]int{"127.0.0.1:9090": 200, "localhost": 200, "[::1]:9090": 200, "evil.example:9090": 403, "192.168.1.1": 403, "": 403} {
			if code, _ := ask(host, path); code != want {
				t.Errorf("%s by %q: %d, want %d", path, host, code, want)
			}
		}
	}
	_, figures := ask("localhost", "/metrics")
	for _, want := range []string{"incamera_build_info{version=\"v1\"} 1\n", "# TYPE incamera_rooms gauge\nincamera_rooms 0\n", "# TYPE incamera_sessions_total counter\nincamera_sessions_total{result=\"joined\"} 0\nincamera_sessions_total{result=\"resumed\"} 0\n"} {
		if !strings.Contains(figures, want) {
			t.Errorf("no %q in\n%s", want, figures)
		}
	}
	for _, line := range strings.Split(figures, "\n") {
		if !regexp.MustCompile(`^(#.*|[a-z_]+({(version|result|surface|method)="[a-z0-9-]+"})? [0-9.]+|)$`).MatchString(line) {
			t.Errorf("%q", line) // a label with a value that is not the program's own would show here
		}
	}
}
