package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// An acmeCertificate is got and renewed by ACME (RFC 8555) for the one name of
// --domain, and proved by TLS-ALPN-01 on our own port: no other port, and
// nothing to set up. Safe for concurrent use.
type acmeCertificate struct {
	// Static after construction.
	manager *autocert.Manager
	domain  string
	log     *slog.Logger

	mu sync.Mutex
	// Guarded by mu.
	until   time.Time // when the certificate that is served ends; zero: there is none
	problem problem   // the latest that the authority has told
	told    string    // what was logged last, so that it is not said with each handshake
}

// A problem is one of RFC 7807, as authorities tell it.
type problem struct{ Type, Detail string }

// newACME prepares; certificates come with the first handshake, or fetch.
func newACME(c *Config, log *slog.Logger) *acmeCertificate {
	a := &acmeCertificate{domain: strings.ToLower(c.Domain), log: log}
	client := &acme.Client{
		DirectoryURL: c.ACMEDirectory, UserAgent: "incamera",
		HTTPClient: &http.Client{Timeout: time.Minute, Transport: watchProblems{http.DefaultTransport, a.note}},
	}
	a.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(c.Data, "acme")), Client: client,
		HostPolicy: autocert.HostWhitelist(a.domain), Email: c.ACMEEmail,
	}
	return a
}

// config is for the listener.
func (a *acmeCertificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true, // keys that open what was said outlive nothing, and no ticket tells who comes back
		NextProtos:             append(slices.Clone(pagesALPN), alpnTURN, alpnACME),
		GetCertificate:         a.get,
	}
}

func (a *acmeCertificate) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	// One kind of certificate for all: whoever speaks TLS 1.3 takes ECDSA. Two
	// orders at once for one name, of two kinds, spoil each other's proof.
	asked := *hello
	asked.SignatureSchemes = []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}
	asked.SupportedCurves = []tls.CurveID{tls.CurveP256}
	asked.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	if asked.ServerName == "" { // by an address: there is one name
		asked.ServerName = a.domain
	}
	hello = &asked
	cert, err := a.manager.GetCertificate(hello)
	ours := strings.EqualFold(strings.TrimSuffix(hello.ServerName, "."), a.domain)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !ours || slices.Contains(hello.SupportedProtos, alpnACME): // somebody else's name, or the authority
	case err != nil:
		if text := a.explain(err); text != a.told {
			a.told = text
			a.log.Error("no certificate yet", "what to do", text)
		}
	default:
		if cert.Leaf != nil && !cert.Leaf.NotAfter.Equal(a.until) {
			a.until, a.told = cert.Leaf.NotAfter, ""
			a.log.Info("certificate loaded", "until", a.until)
		}
	}
	return cert, err
}

// fetch gets a certificate before the first browser comes, and looks whether the
// name leads here. What does not work is logged with what to do about it.
func (a *acmeCertificate) fetch(ctx context.Context, here []netip.Addr) {
	if text := pointsHere(ctx, net.DefaultResolver, a.domain, here); text != "" {
		a.log.Warn("the name may not lead here", "what to do", text)
	}
	_, _ = a.get(&tls.ClientHelloInfo{ServerName: a.domain}) // it has logged what is wrong
}

// expiry returns when the certificate that is served ends; zero: there is none.
func (a *acmeCertificate) expiry() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.until
}

// reload has nothing to do: certificates are renewed a month before their end.
func (a *acmeCertificate) reload(time.Time) error { return nil }

func (a *acmeCertificate) note(p problem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.problem = p
}

// explain says what to do. Called with mu held.
func (a *acmeCertificate) explain(err error) string {
	var told *acme.Error
	p := a.problem
	if errors.As(err, &told) {
		p = problem{told.ProblemType, told.Detail}
	}
	reach := fmt.Sprintf("The certificate authority has to reach this server at %s, port 443 (TCP): open it in the firewall, and forward it where a router is between; "+
		"the name must lead here by A or AAAA records, and no proxy may end TLS before", a.domain)
	var text string
	kind := p.Type[strings.LastIndex(p.Type, ":")+1:]
	if unresolved.MatchString(p.Detail) { // some tell of it as of a connection
		kind = "dns"
	}
	switch kind {
	case "dns":
		text = fmt.Sprintf("The certificate authority does not find %s: make an A or AAAA record with this server's public address, and wait until it is known", a.domain)
	case "connection", "tls", "unauthorized", "incorrectResponse":
		text = reach
	case "rateLimited":
		text = "Too many certificates were asked for lately: wait as long as is said, and keep the folder of --data, in which certificates are"
	case "caa":
		text = fmt.Sprintf("A CAA record of %s forbids this certificate authority: add it there, or name another with --acme-directory", a.domain)
	case "rejectedIdentifier":
		text = fmt.Sprintf("The certificate authority makes none for %s: choose a public name with --domain, or use --tls self-signed", a.domain)
	case "":
		text = "Asking for a certificate failed: " + err.Error() + ". See that --acme-directory can be reached from here"
	default:
		text = reach
	}
	if p.Detail != "" {
		text += ". It says: " + p.Detail
	}
	return text
}

var unresolved = regexp.MustCompile(`(?i)could not resolve|no such host|NXDOMAIN`)

// pointsHere says what to do when a name does not lead to one of our addresses;
// nothing when it does.
func pointsHere(ctx context.Context, resolver *net.Resolver, domain string, here []netip.Addr) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := resolver.LookupNetIP(ctx, "ip", domain)
	if err != nil || len(found) == 0 {
		return fmt.Sprintf("%s is not found: make an A or AAAA record with this server's public address", domain)
	}
	var list []string
	for _, f := range found {
		if slices.Contains(here, f.Unmap()) {
			return ""
		}
		list = append(list, f.Unmap().String())
	}
	return fmt.Sprintf("%s leads to %s, which is none of this server's addresses: correct the record; or, where a router forwards to this server, name the address with --advertise, "+
		"so that media finds its way too", domain, strings.Join(list, ", "))
}

// watchProblems notes what an authority says is wrong: autocert keeps it to
// itself.
type watchProblems struct {
	next http.RoundTripper
	note func(problem)
}

// maxProblem bounds what is read of one answer.
const maxProblem = 64 << 10

// RoundTrip implements [http.RoundTripper].
func (w watchProblems) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind {
	case "application/json", "application/problem+json":
	default:
		return res, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	_ = res.Body.Close() // all that counts was read
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if p := problemIn(body); p.Type != "" {
		w.note(p)
	}
	return res, nil
}

// problemIn finds the problem of an answer: its own, or that of a challenge
// which has failed.
func problemIn(body []byte) problem {
	var answer struct {
		problem
		Error      problem
		Challenges []struct{ Error problem }
	}
	if json.Unmarshal(body, &answer) != nil {
		return problem{}
	}
	for _, c := range answer.Challenges {
		if c.Error.Type != "" {
			return c.Error
		}
	}
	if answer.Error.Type != "" {
		return answer.Error
	}
	if strings.HasPrefix(answer.Type, "urn:ietf:params:acme:error:") {
		return answer.problem
	}
	return problem{}
}
