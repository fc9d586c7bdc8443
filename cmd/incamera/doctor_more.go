package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// acme looks at what an authority needs, and at what was got from it.
func (d *doctor) acme() {
	const check = "ACME"
	if !d.c.acme() {
		return
	}
	if _, port, err := splitAddress(d.c.Listen); err == nil && port != 443 {
		d.warn(check, "listen at [::]:443, or forward TCP 443 of the public address to this port", "the authority comes to TCP 443, and the server listens at %d", port)
	}
	file := filepath.Join(dataDir(d.c.Data), "acme", strings.ToLower(d.c.Domain))
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.ok(check, "no certificate yet; the server gets it once it runs")
		return
	case err != nil:
		d.problem(check, "chown -R the folder of --data to the user that the server runs as", "the certificate that was got cannot be read: %v", err)
		return
	}
	leaf := firstCertificate(text)
	const why = "the server's log says what the authority says; it has to reach TCP 443 of this name from the Internet"
	switch {
	case leaf == nil:
		d.problem(check, "remove "+file+": the server gets another", "%s holds no certificate", file)
	case d.now.After(leaf.NotAfter):
		d.problem(check, why, "the certificate was not renewed, and ended on %s", leaf.NotAfter.Format("2006-01-02"))
	case d.now.After(leaf.NotAfter.Add(-soonEnds)):
		d.warn(check, why, "the certificate should have been renewed, and ends on %s", leaf.NotAfter.Format("2006-01-02"))
	default:
		d.ok(check, "the certificate holds until %s", leaf.NotAfter.Format("2006-01-02"))
	}
}

// firstCertificate reads a file of the cache: the key, then the chain. nil: there
// is none that goes with the key.
func firstCertificate(text []byte) *x509.Certificate {
	var chain, key []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			chain = append(chain, pem.EncodeToMemory(block)...)
		} else {
			key = pem.EncodeToMemory(block)
		}
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil
	}
	return pair.Leaf
}

// secrets looks who may read the files that hold some.
func (d *doctor) secrets() {
	const check = "secrets"
	seen := false
	for _, file := range []string{d.c.OIDCClientSecretFile, d.c.WebhookSecretFile} {
		if file == "" {
			continue
		}
		seen = true
		info, err := os.Stat(file)
		switch {
		case err != nil:
			d.problem(check, "make the file, or correct its name", "%v", err)
		case info.Mode().Perm()&0o007 != 0:
			d.problem(check, "chmod 640 "+file, "everybody on this machine may read %s (mode %04o)", file, info.Mode().Perm())
		default:
			d.ok(check, "%s is not for everybody", file)
		}
	}
	if !seen {
		d.ok(check, "none in files of their own")
	}
}

// openness looks for what lets strangers do more than the operator may have
// wanted.
func (d *doctor) openness() {
	const check = "openness"
	host, _, err := splitAddress(d.c.Listen)
	if err != nil {
		return // told already
	}
	local, fine := host.IsLoopback(), true
	if d.c.Open && (!local || d.c.BehindProxy) {
		fine = false
		d.warn(check, "leave --open out, and give invites to who is to make meetings (incamera invite create)", "anybody who reaches this server may make meetings on it")
	}
	if d.c.BehindProxy && !local && !host.IsPrivate() {
		fine = false
		d.warn(check, "listen where the proxy alone comes to: --listen 127.0.0.1:8080, or an address of the network between them",
			"with --behind-proxy clients are told apart by what the proxy writes, and others may reach %s and write it themselves", d.c.Listen)
	}
	if fine {
		d.ok(check, "who may make meetings is limited, or this machine alone is served")
	}
}
