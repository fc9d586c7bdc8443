package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// healthyDoctor looks at a machine on which all is well, with a certificate for
// meet.example.org.
func healthyDoctor(t *testing.T) *doctor {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := validConfig()
	c.Listen, c.Metrics = freeAddress(t), freeAddress(t)
	c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, c.TLSCert, c.TLSKey, []string{"meet.example.org"}, time.Now())
	d := newDoctor(&c, "meet.example.org", time.Now())
	d.roots = rootsOf(t, c.TLSCert)
	d.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("203.0.113.7")}, nil
	}
	d.addresses = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("203.0.113.7")} }
	d.files = func() (uint64, error) { return 65536, nil }
	d.buffer = func() (int, error) { return wantBuffer, nil }
	d.free = func(string) (uint64, error) { return 1 << 30, nil }
	d.kept = func() (bool, error) { return true, nil }
	d.user = 1000
	return d
}

// rootsOf trusts the last certificate of a file.
func rootsOf(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var last []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		last = block.Bytes
	}
	root, err := x509.ParseCertificate(last)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return pool
}

func TestDoctorFindsNothing(t *testing.T) {
	d := healthyDoctor(t)
	seen := map[string]bool{}
	for _, f := range d.examine(t.Context()) {
		seen[f.Check] = true
		if f.State != stateOK || f.Remedy != "" {
			t.Errorf("%+v", f)
		}
	}
	for _, check := range []string{"configuration", "clock", "certificate", "secrets", "openness", "chain", "name", "ports", "reach TCP", "reach UDP", "operator port", "files", "buffers", "disk", "privileges"} {
		if !seen[check] {
			t.Errorf("nothing about %s", check)
		}
	}
}

// TestDoctor breaks a set-up in each of the ways that people do, and wants the
// finding to say what to do.
func TestDoctor(t *testing.T) {
	for name, tc := range map[string]struct {
		breakIt             func(t *testing.T, d *doctor)
		check, what, remedy string
	}{
		"plain HTTP for all": {func(_ *testing.T, d *doctor) {
			d.c.Listen, d.c.TLSCert, d.c.TLSKey = "0.0.0.0:8080", "", ""
		}, "configuration", "secure pages only", "check-config"},
		"a certificate that ended": {func(_ *testing.T, d *doctor) {
			d.now = d.now.Add(certificateLife)
		}, "certificate", "it ended on", "renew it"},
		"a certificate that ends soon": {func(_ *testing.T, d *doctor) {
			d.now = d.now.Add(certificateLife - 24*time.Hour)
		}, "certificate", "it ends on", "why it was not renewed"},
		"a certificate of another name": {func(t *testing.T, d *doctor) {
			writePair(t, d.c.TLSCert, d.c.TLSKey, []string{"www.example.org"}, time.Now())
			d.roots = rootsOf(t, d.c.TLSCert)
		}, "certificate", "not for meet.example.org", "get a certificate that has meet.example.org"},
		"another key": {func(t *testing.T, d *doctor) {
			writePair(t, d.c.TLSCert, "", []string{"meet.example.org"}, time.Now())
		}, "certificate", "do not belong together", "copy both"},
		"a key for all to read": {func(t *testing.T, d *doctor) {
			if err := os.Chmod(d.c.TLSKey, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "certificate", "may read the key", "chmod 640"},
		"a certificate without its chain": {func(t *testing.T, d *doctor) {
			text, err := os.ReadFile(d.c.TLSCert)
			if err != nil {
				t.Fatal(err)
			}
			first, _ := pem.Decode(text)
			writeFile(t, d.c.TLSCert, string(pem.EncodeToMemory(first)))
			d.roots = x509.NewCertPool()
		}, "chain", "the certificate alone", "fullchain.pem"},
		"an authority that nobody knows": {func(_ *testing.T, d *doctor) {
			d.roots = x509.NewCertPool()
		}, "chain", "leads to no authority", "people have to install it"},
		"a name that is not known": {func(_ *testing.T, d *doctor) {
			d.lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
		}, "name", "not found", "A or AAAA record"},
		"a name of another machine": {func(_ *testing.T, d *doctor) {
			d.addresses = func() []netip.Addr { return nil }
		}, "name", "neither an address of this machine", "--advertise 203.0.113.7"},
		"a TCP port that is taken": {func(t *testing.T, d *doctor) {
			l, err := net.Listen("tcp", d.c.Listen)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
		}, "ports", "TCP", "ss -lnpt"},
		"a UDP port that is taken": {func(t *testing.T, d *doctor) {
			l, err := net.ListenPacket("udp", d.c.Listen)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
		}, "ports", "UDP", "ss -lnpu"},
		"an address of another machine": {func(_ *testing.T, d *doctor) {
			d.c.Listen = "192.0.2.1:8443"
		}, "ports", "192.0.2.1:8443 cannot be used", "0.0.0.0 for all"},
		"a public address that leads elsewhere": {func(_ *testing.T, d *doctor) {
			d.c.Advertise = []string{"127.0.0.9"} // where the port is not listened on
		}, "reach UDP", "127.0.0.9", "in the firewall"},
		"figures for everybody": {func(t *testing.T, d *doctor) {
			proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: d.c.Metrics})
			inside, err := net.Listen("tcp", d.c.Metrics)
			if err != nil {
				t.Fatal(err)
			}
			_, port, _ := net.SplitHostPort(d.c.Metrics)
			outside, err := net.Listen("tcp", "127.0.0.2:"+port)
			if err != nil {
				t.Fatal(err)
			}
			go http.Serve(inside, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, 200, exposition("v", nil)) }))
			go http.Serve(outside, proxy)
			t.Cleanup(func() { inside.Close(); outside.Close() })
			d.addresses = func() []netip.Addr {
				return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("203.0.113.7")}
			}
		}, "operator port", "127.0.0.2", "remove forwarding"},
		"few files": {func(_ *testing.T, d *doctor) {
			d.files = func() (uint64, error) { return 1024, nil }
		}, "files", "1024", "LimitNOFILE=65536"},
		"small buffers": {func(_ *testing.T, d *doctor) {
			d.buffer = func() (int, error) { return 208 << 10, nil }
		}, "buffers", "208 KiB", "net.core.rmem_max=4194304"},
		"a folder for all to read": {func(t *testing.T, d *doctor) {
			d.c.Data, d.c.TLS, d.c.TLSCert, d.c.TLSKey = filepath.Dir(d.c.TLSCert), selfSigned, "", ""
			if err := os.Chmod(d.c.Data, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "disk", "read by others", "chmod 700"},
		"a full disk": {func(_ *testing.T, d *doctor) {
			d.c.Data, d.c.TLS, d.c.TLSCert, d.c.TLSKey = filepath.Dir(d.c.TLSCert), selfSigned, "", ""
			d.free = func(string) (uint64, error) { return 1 << 20, nil }
		}, "disk", "1 MiB are free", "make space"},
		"a clock in the past": {func(_ *testing.T, d *doctor) {
			d.now = time.Unix(1_000_000_000, 0)
		}, "clock", "2001-09-09", "set the clock"},
		"a clock that nothing keeps": {func(_ *testing.T, d *doctor) {
			d.kept = func() (bool, error) { return false, nil }
		}, "clock", "nothing keeps it right", "systemd-timesyncd"},
		"a secret for all to read": {func(t *testing.T, d *doctor) {
			d.c.WebhookSecretFile = filepath.Join(t.TempDir(), "secret")
			writeFile(t, d.c.WebhookSecretFile, "a secret")
			if err := os.Chmod(d.c.WebhookSecretFile, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "secrets", "may read", "chmod 640"},
		"a secret that is not there": {func(_ *testing.T, d *doctor) {
			d.c.OIDCClientSecretFile = "gone"
		}, "secrets", "gone", "make the file"},
		"a server for everybody": {func(_ *testing.T, d *doctor) {
			d.c.Listen, d.c.Open = "0.0.0.0:0", true
		}, "openness", "anybody who reaches", "incamera invite create"},
		"a proxy that can be passed by": {func(_ *testing.T, d *doctor) {
			d.c.Listen, d.c.BehindProxy, d.c.TLSCert, d.c.TLSKey = "0.0.0.0:0", true, "", ""
		}, "openness", "write it themselves", "--listen 127.0.0.1:8080"},
		"ACME without the port": {func(_ *testing.T, d *doctor) {
			withACME(d)
		}, "ACME", "comes to TCP 443", "forward TCP 443"},
		"ACME that does not renew": {func(t *testing.T, d *doctor) {
			gotCertificate(t, d, time.Now().Add(8*24*time.Hour-certificateLife))
		}, "ACME", "should have been renewed", "the server's log"},
		"ACME that has not renewed": {func(t *testing.T, d *doctor) {
			gotCertificate(t, d, time.Now().Add(-certificateLife-24*time.Hour))
		}, "ACME", "was not renewed", "from the Internet"},
		"ACME with a name of another machine": {func(_ *testing.T, d *doctor) {
			withACME(d)
			d.name = d.c.Domain
			d.addresses = func() []netip.Addr { return nil }
		}, "name", "neither an address of this machine", "correct the record"},
		"root": {func(_ *testing.T, d *doctor) { d.user = 0 }, "privileges", "as root", "ops/systemd"},
	} {
		t.Run(name, func(t *testing.T) {
			d := healthyDoctor(t)
			tc.breakIt(t, d)
			var about []finding
			for _, f := range d.examine(t.Context()) {
				if f.State != stateOK && f.Remedy == "" {
					t.Errorf("no remedy: %+v", f)
				}
				if f.State != stateOK && f.Check == tc.check {
					about = append(about, f)
				}
				if f.State != stateOK && f.Check == tc.check && strings.Contains(f.What, tc.what) && strings.Contains(f.Remedy, tc.remedy) {
					return
				}
			}
			t.Errorf("want %q with remedy %q, got %+v", tc.what, tc.remedy, about)
		})
	}
}

// withACME is a set-up with a certificate of an authority.
func withACME(d *doctor) {
	d.c.Data = filepath.Dir(d.c.TLSCert)
	d.c.Domain, d.c.TLSCert, d.c.TLSKey = "meet.example.org", "", ""
}

// gotCertificate is withACME, after one was got.
func gotCertificate(t *testing.T, d *doctor, when time.Time) {
	t.Helper()
	withACME(d)
	dir := filepath.Join(d.c.Data, "acme")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	writePair(t, cert, key, []string{d.c.Domain}, when)
	var both []byte
	for _, file := range []string{key, cert} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	writeFile(t, filepath.Join(dir, d.c.Domain), string(both))
}

// TestDoctorAsksRunningServer: whether UDP arrives is told by what the server
// counts.
func TestDoctorAsksRunningServer(t *testing.T) {
	metrics := freeAddress(t)
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", metrics)
	listen := "127.0.0.1:" + p.port()
	out, err := command(t, "doctor", "--listen", listen, "--metrics", metrics, "--json").Output()
	states := map[string]finding{}
	for line := range strings.Lines(string(out)) {
		var f finding
		if jsonErr := json.Unmarshal([]byte(line), &f); jsonErr != nil {
			t.Fatalf("%q: %v", line, jsonErr)
		}
		states[f.Check] = f
	}
	if err != nil || states["reach TCP"].What != listen || states["reach UDP"].What != listen || !strings.HasPrefix(states["ports"].What, "a server runs") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = command(t, "doctor", "--listen", listen, "--metrics", "").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "start the server with --metrics") {
		t.Errorf("%v\n%s", err, out)
	}
	p.stop(os.Interrupt)
	if out, err = command(t, "doctor", "--listen", "0.0.0.0:1").CombinedOutput(); err == nil || !strings.Contains(string(out), "problem  configuration") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDoctorAsksForRelay: what passes pages on and nothing else keeps out who has
// TLS only.
func TestDoctorAsksForRelay(t *testing.T) {
	metrics := freeAddress(t)
	p := start(t, "--listen", "127.0.0.1:0", "--metrics", metrics, "--tls", selfSigned, "--open")
	direct, proxied := "127.0.0.1:"+p.port(), "127.0.0.2:"+p.port()
	a, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.issue([]string{"127.0.0.2"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", proxied, &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: direct})
	proxy.Transport = insecure()
	front := &http.Server{Handler: proxy, ErrorLog: log.New(io.Discard, "", 0)}
	go front.Serve(l)
	t.Cleanup(func() { front.Close() })
	out, err := command(t, "doctor", "--listen", direct, "--advertise", "127.0.0.2", "--tls", selfSigned, "--open", "--metrics", metrics, "--json").Output()
	said := map[string]finding{}
	for line := range strings.Lines(string(out)) {
		var f finding
		if jsonErr := json.Unmarshal([]byte(line), &f); jsonErr != nil {
			t.Fatalf("%q: %v", line, jsonErr)
		}
		if f.Check == "relay" {
			said[f.State] = f
		}
	}
	if err == nil || !strings.Contains(said[stateOK].What, direct) || !strings.Contains(said[stateProblem].What, proxied) || !strings.Contains(said[stateProblem].Remedy, "no proxy for HTTP") {
		t.Errorf("%v\n%s", err, out)
	}
	p.stop(os.Interrupt)
}
