package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Lifetimes. Browsers refuse server certificates of more than 398 days; the
// authority lives as long as somebody may want to keep it in a browser.
const (
	authorityLife   = 10 * 365 * 24 * time.Hour
	certificateLife = 90 * 24 * time.Hour
)

// An authority signs the certificates of --tls self-signed.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// loadTLS returns nil for plain HTTP. notes are lines for the operator.
func loadTLS(c *Config, log *slog.Logger, now time.Time) (source certificateSource, notes []string, err error) {
	var certs *certificates
	switch {
	case c.acme():
		return newACME(c, log), nil, nil
	case c.TLS == selfSigned:
		var a *authority
		if a, err = openAuthority(c.Data, now); err != nil {
			return nil, nil, err
		}
		issue := func(now time.Time) (tls.Certificate, error) { return a.issue(certificateNames(c), now) }
		certs, err = newCertificates(issue, func() string { return "" }, renewBefore, log, now)
		if err != nil {
			return nil, nil, err
		}
		certs.authority = a.cert.Raw
		return certs, []string{
			"Certificate authority, SHA-256: " + fingerprint(a.cert.Raw),
			"Certificate, SHA-256:           " + fingerprint(certs.at(now).Certificate[0]),
		}, nil
	case c.TLSCert != "":
		if certs, err = fileCertificates(c.TLSCert, c.TLSKey, log, now); err != nil {
			return nil, nil, err
		}
		return certs, nil, nil
	}
	return nil, nil, nil
}

// fingerprint is written as browsers show it.
func fingerprint(der []byte) string {
	var pairs []string
	for _, b := range sha256.Sum256(der) {
		pairs = append(pairs, fmt.Sprintf("%02X", b))
	}
	return strings.Join(pairs, ":")
}

// openAuthority reads the authority in dir, and makes it where there is none.
// Without dir it is made anew, in memory.
func openAuthority(dir string, now time.Time) (*authority, error) {
	if dir == "" {
		return newAuthority(now)
	}
	file := filepath.Join(dir, "authority.pem")
	text, err := os.ReadFile(file)
	if err == nil {
		a, parseErr := parseAuthority(text, now)
		if parseErr != nil {
			return nil, fmt.Errorf("reading %s: %w; remove it to have a new one made", file, parseErr)
		}
		return a, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	a, err := newAuthority(now)
	if err != nil {
		return nil, err
	}
	if err := a.save(dir, file); err != nil {
		return nil, fmt.Errorf("keeping the certificate authority: %w", err)
	}
	return a, nil
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "Incamera local authority"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate authority: %w", err)
	}
	return &authority{cert, key}, nil
}

func parseAuthority(text []byte, now time.Time) (*authority, error) {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, errors.New("not a certificate authority of incamera")
	}
	if now.After(pair.Leaf.NotAfter) {
		return nil, errors.New("it has expired")
	}
	return &authority{pair.Leaf, key}, nil
}

func (a *authority) save(dir, file string) error {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// issue makes a server certificate with the authority in its chain.
func (a *authority) issue(names []string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Incamera"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, nil
}

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; crypto/rand ends the process instead
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

// certificateNames are the names and addresses by which browsers may come.
func certificateNames(c *Config) []string {
	names := append([]string{"localhost", "127.0.0.1", "::1"}, c.Advertise...)
	if c.Domain != "" {
		names = append(names, strings.ToLower(c.Domain))
	}
	if host, err := os.Hostname(); err == nil && host != "localhost" {
		names = append(names, host)
	}
	if addr, _, err := splitAddress(c.Listen); err == nil {
		for _, a := range reachableAt(addr) {
			names = append(names, a.String())
		}
	}
	return names
}

// reachableAt returns the addresses that listening on addr covers, but for
// those of this machine alone. The order is that of the interfaces.
func reachableAt(addr netip.Addr) []netip.Addr {
	if !addr.IsUnspecified() {
		return []netip.Addr{addr}
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil || prefix.Addr().IsLoopback() || prefix.Addr().IsLinkLocalUnicast() {
			continue
		}
		if addr.Is4() && prefix.Addr().Is6() {
			continue
		}
		list = append(list, prefix.Addr())
	}
	return list
}
