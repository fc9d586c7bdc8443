package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"incamera/signaling/auth"
)

// checkSignIn refuses settings that would let nobody sign in, or anybody read along.
func (c *Config) checkSignIn() error {
	if c.OIDCIssuer == "" {
		if c.OIDCClientID+c.OIDCClientSecretFile != "" || len(c.OIDCDomains)+len(c.OIDCGroups)+len(c.OIDCAdminGroups) > 0 {
			return errors.New("--oidc-…: there is no --oidc-issuer, so nobody could sign in; give it, or none of these")
		}
		return nil
	}
	var problems []error
	u, err := url.Parse(c.OIDCIssuer)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "":
		problems = append(problems, fmt.Errorf("--oidc-issuer %q: want a URL such as https://login.example.org/realms/staff", c.OIDCIssuer))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		problems = append(problems, fmt.Errorf("--oidc-issuer %s: by plain HTTP anybody on the way could sign in as anybody; give the https:// address", c.OIDCIssuer))
	}
	if c.OIDCClientID == "" {
		problems = append(problems, errors.New("--oidc-issuer needs --oidc-client-id: how the provider knows this server"))
	}
	for _, d := range c.OIDCDomains {
		if d == "" || strings.ContainsAny(d, "@/ *") {
			problems = append(problems, fmt.Errorf("--oidc-domain %q: want what stands behind the @ of a mail address, such as example.org", d))
		}
	}
	if c.everybodyMakes() {
		problems = append(problems, errors.New("--oidc-issuer: everybody may make meetings here (--open, or a loopback address), so signing in would mean nothing; leave one of the two out"))
	}
	return errors.Join(problems...)
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || strings.EqualFold(host, "localhost")
}

// readSecret reads a secret that a setting of this name points to.
func readSecret(what, flag, file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w; correct %s", what, err, flag)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("reading %s: %s is empty; put it there, or correct %s", what, file, flag)
	}
	return secret, nil
}

// openSignIn returns nil where nobody signs in.
func openSignIn(c *Config) (*auth.SignIn, error) {
	if c.OIDCIssuer == "" {
		return nil, nil
	}
	secret := ""
	if c.OIDCClientSecretFile != "" {
		var err error
		if secret, err = readSecret("the provider's secret", "--oidc-client-secret-file", c.OIDCClientSecretFile); err != nil {
			return nil, err
		}
	}
	return auth.New(auth.Config{
		Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: secret,
		Domains: c.OIDCDomains, Groups: c.OIDCGroups, AdminGroups: c.OIDCAdminGroups,
	}), nil
}
