package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a certificate for localhost and its key.
func writePair(t *testing.T, cert, key string, names []string, now time.Time) []byte {
	t.Helper()
	a, err := newAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.issue(names, now)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var chain []byte
	for _, c := range pair.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c})...)
	}
	for name, text := range map[string][]byte{cert: chain, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if name != "" {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return pair.Certificate[0]
}

func TestCertificateFilesChange(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	now := time.Unix(1_800_000_000, 0)
	touched := time.Unix(1_800_000_000, 0)
	touch := func() { // two writes within one tick of the file system's clock look alike
		touched = touched.Add(time.Second)
		for _, name := range []string{cert, key} {
			if err := os.Chtimes(name, touched, touched); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := writePair(t, cert, key, []string{"localhost"}, now)
	touch()
	var log strings.Builder
	c, err := fileCertificates(cert, key, slog.New(slog.NewTextHandler(&log, nil)), now)
	if err != nil {
		t.Fatal(err)
	}
	serves := func(when string, want []byte) {
		t.Helper()
		if got := c.at(now).Certificate[0]; string(got) != string(want) {
			t.Errorf("%s: another certificate", when)
		}
	}
	serves("at the start", first)

	second := writePair(t, cert, key, []string{"localhost"}, now.Add(time.Hour))
	touch()
	serves("before the next look", first)
	now = now.Add(stampEvery)
	serves("when the files have changed", second)

	writePair(t, cert, "", []string{"localhost"}, now) // a new certificate with the old key
	touch()
	now = now.Add(stampEvery)
	serves("while the files do not fit", second)
	if !strings.Contains(log.String(), "cannot be used") {
		t.Errorf("log: %s", log.String())
	}
	third := writePair(t, cert, key, []string{"localhost"}, now)
	now = now.Add(stampEvery)
	serves("when they fit again", third)

	fourth := writePair(t, cert, key, []string{"localhost"}, now)
	touch()
	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	half := append(make([]byte, len(good)/2), good[len(good)/2:]...)
	for _, text := range [][]byte{half, good} { // written twice within one tick of the clock
		if err = os.WriteFile(key, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err = os.Chtimes(key, touched, touched); err != nil {
			t.Fatal(err)
		}
		now = now.Add(stampEvery)
		c.at(now)
	}
	serves("when a key was half written", fourth)
	if err = os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if err = c.reload(now); err == nil || !strings.Contains(err.Error(), "--tls-key") {
		t.Errorf("told to load what is gone: %v", err)
	}
	serves("after that", fourth)
}

func TestOwnCertificateIsRenewed(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := validConfig()
	c.TLS = selfSigned
	source, _, err := loadTLS(&c, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	certs := source.(*certificates)
	first := certs.expiry()
	if certs.at(now.Add(certificateLife - renewBefore - 2*time.Hour)); !certs.expiry().Equal(first) {
		t.Error("renewed too early")
	}
	if certs.at(now.Add(certificateLife - renewBefore + time.Hour)); !certs.expiry().After(first) {
		t.Error("not renewed")
	}
}

// insecure talks to servers of tests, whose certificates it looks at itself.
func insecure() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}
