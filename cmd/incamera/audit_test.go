package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"incamera/sfu/netlab"
)

var runAudit = flag.Bool("audit", false, "have the programs of others judge TLS, headers and ports (minutes, root)")

const auditedAt = "10.77.0.1"

// TestAudit has testssl.sh judge the server's TLS, the HTTP Observatory its
// headers, and nmap its ports: from another host, in a network of the test's
// own, with a certificate of an authority that both are told of.
func TestAudit(t *testing.T) {
	if !*runAudit {
		t.Skip("make audit")
	}
	lab := netlab.New(t, 1)
	host, auditor := lab.Host("server", auditedAt), lab.Host("auditor", "10.77.0.2")
	dir := t.TempDir()
	cert, key, root := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "root.pem")
	writePair(t, cert, key, []string{auditedAt, "meet.example.org"}, time.Now())
	chain, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	const begin = "-----BEGIN"
	writeFile(t, root, string(chain[bytes.LastIndex(chain, []byte(begin)):]))
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	server := startCommand(t, host.Command(t.Context(), file, "serve", "--listen", auditedAt+":443", "--tls-cert", cert, "--tls-key", key, "--metrics", "127.0.0.1:9090", "--data", dir))
	defer server.stop(os.Interrupt)
	run := func(t *testing.T, h *netlab.Host, name string, args ...string) []byte {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		cmd := h.Command(ctx, name, args...)
		var stderr bytes.Buffer
		cmd.Stderr, cmd.Dir = &stderr, dir
		cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+root, "MAX_WAITSOCK=3", "CCS_MAX_WAITSOCK=3", "HEARTBLEED_MAX_WAITSOCK=3") // the server is next door
		if name == "node" {
			cmd.Dir = "../../web/tools/audit"
		}
		out, err := cmd.Output()
		if err != nil && name != "testssl" { // which says by its code how much it has found
			t.Fatalf("%s: %v\n%s%s", name, err, out, &stderr)
		}
		return out
	}
	t.Run("ports", func(t *testing.T) {
		scanner := needs(t, "nmap")
		open := openPortsOf(string(run(t, auditor, scanner, "-n", "-Pn", "-sT", "-T5", "-p-", "-oG", "-", auditedAt)))
		fmt.Println("audit  nmap             open to others, TCP:", open)
		if !slices.Equal(open, []string{"443/open/tcp"}) {
			t.Errorf("nmap finds %v, want 443 alone", open)
		}
		bound := boundUDP(string(run(t, host, "cat", "/proc/net/udp", "/proc/net/udp6")))
		fmt.Println("audit  /proc/net/udp    bound, UDP:", bound)
		if len(bound) == 0 || slices.ContainsFunc(bound, func(p uint16) bool { return p != 443 }) {
			t.Errorf("UDP is bound at %v, want 443 alone", bound)
		}
	})
	t.Run("headers", func(t *testing.T) {
		var scanned struct {
			Scan struct {
				Grade                                   string
				Score                                   int
				TestsPassed, TestsQuantity, TestsFailed int
			}
			Tests map[string]struct {
				Result        string
				Pass          bool
				ScoreModifier int
			}
		}
		if err := json.Unmarshal(run(t, auditor, "node", "headers.mjs", auditedAt), &scanned); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("audit  HTTP Observatory %s, %d points, %d of %d tests\n", scanned.Scan.Grade, scanned.Scan.Score, scanned.Scan.TestsPassed, scanned.Scan.TestsQuantity)
		for name, one := range scanned.Tests {
			fmt.Printf("audit  HTTP Observatory %s: %s (%+d)\n", name, one.Result, one.ScoreModifier)
			if !one.Pass {
				t.Errorf("%s: %s", name, one.Result)
			}
		}
		if scanned.Scan.Grade != "A+" || len(scanned.Tests) < 8 {
			t.Errorf("grade %s of %d tests, want A+", scanned.Scan.Grade, len(scanned.Tests))
		}
	})
	t.Run("TLS", func(t *testing.T) {
		needs(t, "testssl")
		report := filepath.Join(dir, "tls.json")
		out := run(t, auditor, "testssl", "-p", "-s", "-f", "-P", "-S", "-h", "-U", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", root, "--jsonfile", report, auditedAt)
		text, err := os.ReadFile(report)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var findings []struct{ ID, Severity, Finding string }
		if err := json.Unmarshal(text, &findings); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, f := range findings {
			seen[f.Severity]++
			if f.Severity == "OK" || f.Severity == "INFO" {
				continue
			}
			reason := notOurs[f.ID]
			fmt.Printf("audit  testssl.sh       %s %s: %s (%s)\n", f.Severity, f.ID, f.Finding, reason)
			if reason == "" {
				t.Errorf("%s %s: %s", f.Severity, f.ID, f.Finding)
			}
		}
		fmt.Println("audit  testssl.sh      ", seen)
		if seen["OK"] < 20 {
			t.Errorf("only %d things are well: was it a TLS server that was looked at?\n%s", seen["OK"], out)
		}
	})
}

// notOurs are findings of testssl.sh that are of the test's certificate or
// chosen, and why.
var notOurs = map[string]string{
	"engine_problem":  "of the program itself",
	"cert_revocation": "the test's own authority revokes nothing",
	"BREACH":          "what is compressed is the client, the same for all; no answer holds a secret and something that was asked for",
}

var openPort = regexp.MustCompile(`\d+/open[^/]*/(tcp|udp)`)

// openPortsOf reads them from nmap's output for grep.
func openPortsOf(out string) []string { return openPort.FindAllString(out, -1) }

// boundUDP reads ports from the tables in /proc/net.
func boundUDP(tables string) (ports []uint16) {
	for line := range strings.Lines(tables) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		_, text, ok := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseUint(text, 16, 16); ok && err == nil {
			ports = append(ports, uint16(n))
		}
	}
	return ports
}
