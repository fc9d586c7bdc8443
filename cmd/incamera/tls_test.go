package main

import (
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSelfSigned(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := validConfig()
	c.TLS, c.Listen, c.Advertise = selfSigned, "192.168.1.10:8443", []string{"203.0.113.7"}
	source, notes, err := loadTLS(&c, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	certs := source.(*certificates)
	chain := certs.at(now).Certificate
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(chain[1])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	for _, name := range []string{"localhost", "127.0.0.1", "192.168.1.10", "203.0.113.7"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if leaf.NotAfter.Sub(leaf.NotBefore) > 398*24*time.Hour || leaf.IsCA {
		t.Error("no certificate that browsers take")
	}
	if len(notes) != 2 || !strings.HasSuffix(notes[0], fingerprint(root.Raw)) || !strings.HasSuffix(notes[1], fingerprint(leaf.Raw)) {
		t.Errorf("notes: %q", notes)
	}
}

func TestAuthorityIsKept(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	dir := filepath.Join(t.TempDir(), "data")
	first, err := openAuthority(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openAuthority(dir, now.Add(time.Hour))
	if err != nil || !second.cert.Equal(first.cert) {
		t.Errorf("another authority: %v", err)
	}
	file := filepath.Join(dir, "authority.pem")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := openAuthority(dir, now.Add(authorityLife+time.Hour)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired authority: %v", err)
	}
	if err := os.WriteFile(file, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAuthority(dir, now); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("rubbish: %v", err)
	}
	if other, err := openAuthority("", now); err != nil || other.cert.Equal(first.cert) {
		t.Errorf("without a folder: %v", err)
	}
}

func TestCertificateFilesMissing(t *testing.T) {
	c := validConfig()
	c.TLSCert, c.TLSKey = "gone.pem", "gone.key"
	if _, _, err := loadTLS(&c, slog.New(slog.DiscardHandler), time.Now()); err == nil || !strings.Contains(err.Error(), "gone.pem") {
		t.Errorf("%v", err)
	}
}
