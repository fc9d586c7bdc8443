package main

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"incamera/signaling/auth/authtest"
)

func TestSignInSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string // part of the message; empty: valid
	}{
		"all of it":                {func(c *Config) { c.OIDCDomains, c.OIDCGroups = []string{"example.org"}, []string{"press"} }, ""},
		"a provider here":          {func(c *Config) { c.OIDCIssuer = "http://localhost:9998/" }, ""},
		"no issuer":                {func(c *Config) { c.OIDCIssuer = "" }, "no --oidc-issuer"},
		"plain HTTP":               {func(c *Config) { c.OIDCIssuer = "http://login.example.org" }, "give the https:// address"},
		"no URL":                   {func(c *Config) { c.OIDCIssuer = "login.example.org" }, "want a URL"},
		"no client":                {func(c *Config) { c.OIDCClientID = "" }, "--oidc-client-id"},
		"an address for a domain":  {func(c *Config) { c.OIDCDomains = []string{"me@example.org"} }, "behind the @"},
		"where everybody makes":    {func(c *Config) { c.Open = true }, "leave one of the two out"},
		"on loopback":              {func(c *Config) { c.Listen = "127.0.0.1:8080" }, "leave one of the two out"},
		"on loopback with a proxy": {func(c *Config) { c.Listen, c.BehindProxy = "127.0.0.1:8080", true }, ""},
	} {
		c := validConfig()
		c.Listen, c.TLS, c.OIDCIssuer, c.OIDCClientID = ":443", selfSigned, "https://login.example.org/realms/staff", "incamera"
		tc.change(&c)
		err := c.check()
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	for name, text := range map[string]string{"empty": " \n", "missing": ""} {
		file := filepath.Join(t.TempDir(), "secret")
		if text != "" {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := openSignIn(&Config{OIDCIssuer: "https://x", OIDCClientSecretFile: file}); err == nil || !strings.Contains(err.Error(), "--oidc-client-secret-file") {
			t.Errorf("a secret that is %s: %v", name, err)
		}
	}
}

// TestSignInOverHTTP signs people in at a real provider, and makes meetings
// with what they get.
func TestSignInOverHTTP(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(authtest.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--listen", "127.0.0.1:0", "--tls", selfSigned, "--behind-proxy", "--data", t.TempDir(), "--oidc-issuer", authtest.Provider(t),
		"--oidc-client-id", authtest.ClientID, "--oidc-client-secret-file", secret, "--oidc-admin-group", "ops", "--oidc-domain", "zitadel.ch")
	authtest.Allow(p.url + "/auth/callback")

	signIn := func(user string) (kind string, secret []byte) {
		t.Helper()
		b := authtest.NewBrowser(insecure(), func(u *url.URL) bool { return u.Fragment != "" })
		defer b.CloseIdleConnections()
		to, err := b.SignIn(p.url+"/auth/login", user)
		if err != nil || to == nil {
			t.Fatal(to, err)
		}
		kind, text, _ := strings.Cut(to.Fragment, "=")
		secret, err = base64.RawURLEncoding.DecodeString(text)
		if err != nil || to.Path != "/" {
			t.Fatal(to, err)
		}
		return kind, secret
	}
	if status := p.makeRoom("nobody", nil); status != 403 {
		t.Errorf("without signing in: %d", status)
	}
	kind, person := signIn(authtest.Person)
	if kind != "signed-in" {
		t.Errorf("a person gets %q", kind)
	}
	for _, seed := range []string{"a", "b"} {
		if status := p.makeRoom(seed, person); status != 201 {
			t.Errorf("who signed in makes a room: %d", status)
		}
	}
	if kind, operator := signIn(authtest.Operator); kind != "operator" || p.makeRoom("c", operator) != 201 {
		t.Errorf("an operator gets %q", kind)
	}

	b := authtest.NewBrowser(insecure(), func(u *url.URL) bool { return u.Fragment != "" })
	defer b.CloseIdleConnections()
	res, err := b.Get(p.url + "/auth/callback?code=stolen&state=guess")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if to, err := res.Location(); err != nil || to.Fragment != "sign-in=stale" {
		t.Errorf("a return from nowhere leads to %v, %v", to, err)
	}
	p.stop(os.Interrupt)
}
