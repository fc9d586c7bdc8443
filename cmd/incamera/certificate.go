package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// stampEvery is how long a look at the certificate's files holds. Longer, and
	// a new certificate is served later; shorter, and each handshake costs two
	// calls of the system.
	stampEvery = 10 * time.Second
	// renewBefore is how long before its end a certificate of the own authority
	// is made anew. Longer than the distance between two handshakes of a server
	// that is in use at all.
	renewBefore = 30 * 24 * time.Hour
)

// A certificateSource is where the listener has its certificate from.
type certificateSource interface {
	config() *tls.Config
	expiry() time.Time // when the certificate that is served ends; zero: there is none yet
	reload(now time.Time) error
}

// certificates serve the newest certificate that could be loaded. Files are
// looked at when a browser comes, so that whoever renews them has nobody to
// tell. Safe for concurrent use.
type certificates struct {
	// Static after construction.
	load  func(now time.Time) (tls.Certificate, error)
	stamp func() string // another value: load again
	renew time.Duration // load again so long before the end
	log   *slog.Logger

	authority []byte // the own one's certificate, for browsers to fetch; nil: there is none

	// Guarded by mu.
	mu      sync.Mutex
	current *tls.Certificate
	seen    string
	looked  time.Time
}

// newCertificates loads for the first time; that it cannot is an error then.
func newCertificates(load func(time.Time) (tls.Certificate, error), stamp func() string, renew time.Duration, log *slog.Logger, now time.Time) (*certificates, error) {
	c := &certificates{load: load, stamp: stamp, renew: renew, log: log}
	return c, c.reload(now)
}

// fileCertificates are those of --tls-cert and --tls-key.
func fileCertificates(cert, key string, log *slog.Logger, now time.Time) (*certificates, error) {
	load := func(time.Time) (tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return pair, fmt.Errorf("reading --tls-cert and --tls-key: %w", err)
		}
		return pair, nil
	}
	stamp := func() string {
		text := ""
		for _, name := range []string{cert, key} {
			if info, err := os.Stat(name); err == nil {
				text += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
			}
		}
		return text
	}
	return newCertificates(load, stamp, 0, log, now)
}

// reload takes what is there now, or keeps what it has.
func (c *certificates) reload(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reloadLocked(now)
}

func (c *certificates) reloadLocked(now time.Time) error {
	c.looked, c.seen = now, c.stamp()
	pair, err := c.load(now)
	if err != nil {
		return err
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return fmt.Errorf("reading the certificate: %w", err)
		}
	}
	c.current = &pair
	return nil
}

// at returns the certificate for a handshake at the given time. When new files
// do not fit together, which they may not for a moment, the old one goes on.
func (c *certificates) at(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.looked) < stampEvery {
		return c.current
	}
	c.looked = now
	due := c.renew > 0 && now.After(c.current.Leaf.NotAfter.Add(-c.renew))
	if stamp := c.stamp(); stamp == c.seen && !due {
		return c.current
	}
	if err := c.reloadLocked(now); err != nil {
		c.log.Error("the new certificate cannot be used; the old one goes on", "error", err)
		c.seen = "" // the next look tries again
	} else {
		c.log.Info("certificate loaded", "until", c.current.Leaf.NotAfter)
	}
	return c.current
}

// expiry returns when the certificate that is served ends.
func (c *certificates) expiry() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.Leaf.NotAfter
}

// config is for the listener.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true, // keys that open what was said outlive nothing, and no ticket tells who comes back
		NextProtos:             append(slices.Clone(pagesALPN), alpnTURN),
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.at(time.Now()), nil },
	}
}
