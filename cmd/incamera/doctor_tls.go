package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// soonEnds is how long before its end a certificate is worth a warning: a
// renewal that works has happened by then.
const soonEnds = 14 * 24 * time.Hour

// certificate looks at the files of --tls-cert and --tls-key.
func (d *doctor) certificate() {
	const check = "certificate"
	switch {
	case d.c.TLS == selfSigned:
		d.ok(check, "made by an own authority; people have to trust that, or accept a warning")
		return
	case d.c.acme():
		d.ok(check, "got by ACME")
		return
	case d.c.TLSCert == "" || d.c.TLSKey == "":
		d.ok(check, "none given")
		return
	}
	if info, err := os.Stat(d.c.TLSKey); err == nil && info.Mode().Perm()&0o007 != 0 {
		d.problem(check, "chmod 640 "+d.c.TLSKey, "everybody on this machine may read the key (mode %04o)", info.Mode().Perm())
	}
	pair, err := tls.LoadX509KeyPair(d.c.TLSCert, d.c.TLSKey)
	switch {
	case err != nil && strings.Contains(err.Error(), "private key does not match"):
		d.problem(check, "give the key that the certificate was made for; after a renewal, copy both", "the certificate and the key do not belong together")
		return
	case err != nil:
		d.problem(check, "correct --tls-cert and --tls-key; both are PEM, and readable by the user that the server runs as", "it cannot be loaded: %v", err)
		return
	}
	leaf := pair.Leaf
	d.validity(leaf)
	d.chain(leaf, pair.Certificate[1:])
	for _, name := range d.wantedNames() {
		if err := leaf.VerifyHostname(name); err != nil {
			d.problem(check, fmt.Sprintf("get a certificate that has %s, or give people another address", name), "it is not for %s: browsers refuse it there", name)
		}
	}
}

func (d *doctor) validity(leaf *x509.Certificate) {
	const check = "certificate"
	switch {
	case d.now.After(leaf.NotAfter):
		d.problem(check, "renew it; the server takes the new file by itself", "it ended on %s: browsers refuse it", leaf.NotAfter.Format(time.DateOnly))
	case d.now.Before(leaf.NotBefore):
		d.problem(check, "set the clock of this machine, or wait", "it begins on %s only", leaf.NotBefore.Format(time.DateOnly))
	case d.now.After(leaf.NotAfter.Add(-soonEnds)):
		d.warn(check, "find out why it was not renewed", "it ends on %s", leaf.NotAfter.Format(time.DateOnly))
	default:
		d.ok(check, "holds until %s", leaf.NotAfter.Format(time.DateOnly))
	}
}

// chain checks that browsers find their way from the certificate to an
// authority with what is in the file.
func (d *doctor) chain(leaf *x509.Certificate, rest [][]byte) {
	between := x509.NewCertPool()
	for _, der := range rest {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	when := leaf.NotBefore.Add(time.Minute) // whether it is valid now is another finding
	_, err := leaf.Verify(x509.VerifyOptions{Roots: d.roots, Intermediates: between, CurrentTime: when})
	switch {
	case err == nil:
		d.ok("chain", "leads to an authority that this machine trusts")
	case len(rest) == 0:
		d.problem("chain", "give the file with the whole chain with --tls-cert (of certbot: fullchain.pem)", "the file holds the certificate alone, and browsers may not find who signed it")
	default:
		d.warn("chain", "if the authority is your own, people have to install it; otherwise give the whole chain with --tls-cert", "it leads to no authority that this machine trusts: %v", err)
	}
}

// wantedNames are those by which browsers come.
func (d *doctor) wantedNames() []string {
	if d.name != "" {
		return []string{d.name}
	}
	return nil
}

// resolution looks the name up, and compares it with the addresses of this
// machine and of --advertise.
func (d *doctor) resolution(ctx context.Context) {
	const check = "name"
	if d.name == "" {
		d.ok(check, "not looked up; give the name that people type with --name")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := d.lookup(ctx, d.name)
	if err != nil {
		d.problem(check, "make an A or AAAA record for it, and wait until it is known", "%s is not found: %v", d.name, err)
		return
	}
	ours := append(publicAddressesOf(d.c), d.addresses()...)
	for _, a := range found {
		if a = a.Unmap(); !a.IsLoopback() && !slices.Contains(ours, a) {
			d.problem(check, fmt.Sprintf("correct the record; or, if this machine is behind %s (NAT, container), give --advertise %s", a, a),
				"%s is at %s, which is neither an address of this machine nor one of --advertise", d.name, a)
			return
		}
	}
	d.ok(check, "%s is at %v", d.name, found)
}

// publicAddressesOf is publicAddresses of settings that may be wrong.
func publicAddressesOf(c *Config) (list []netip.Addr) {
	for _, text := range c.Advertise {
		if a, err := netip.ParseAddr(text); err == nil {
			list = append(list, a.Unmap())
		}
	}
	return list
}
