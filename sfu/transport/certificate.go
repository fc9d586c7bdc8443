package transport

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"time"

	"incamera/sfu/transport/session"
)

// newCertificate makes a certificate for DTLS, good as long as the process
// lives, and its fingerprint as in SDP. Nobody signs it and no date of it is
// looked at: clients compare it with the fingerprint in the answer.
func newCertificate() (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("transport: making a certificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "WebRTC"},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, "", fmt.Errorf("transport: making a certificate: %w", err)
	}
	sum := sha256.Sum256(der)
	fingerprint := strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, fingerprint, nil
}

// supported reports whether a fingerprint is of a hash that nobody can forge.
func supported(f session.Fingerprint) bool {
	return f.Hash == "sha-256" || f.Hash == "sha-384" || f.Hash == "sha-512"
}

// matches reports whether a fingerprint is that of a certificate.
func matches(f session.Fingerprint, certificate []byte) bool {
	switch f.Hash {
	case "sha-256":
		sum := sha256.Sum256(certificate)
		return bytes.Equal(f.Sum, sum[:])
	case "sha-384":
		sum := sha512.Sum384(certificate)
		return bytes.Equal(f.Sum, sum[:])
	case "sha-512":
		sum := sha512.Sum512(certificate)
		return bytes.Equal(f.Sum, sum[:])
	}
	return false
}
