// Package authtest runs a real OpenID provider on loopback, for tests: that of
// github.com/zitadel/oidc, with its example's people.
package authtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// The people of the provider. The first is in the group "ops"; both have
// verified mail addresses of zitadel.ch.
const (
	Operator = "test-user@127.0.0.1"
	Person   = "test-user2"
)

// ClientID and Secret are how the provider knows its one client.
const (
	ClientID = "incamera"
	Secret   = "top secret"
)

// people is the provider's store with groups, which the library's has not.
type people struct{ *storage.Storage }

func (p people) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	if err := p.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	if info.Subject == "id1" {
		info.AppendClaims("groups", []string{"ops"})
	}
	return nil
}

// Allow lets the provider send browsers back to the callback. To be called
// before somebody signs in. There is one such client in a process: the library
// keeps it in a variable.
func Allow(callback string) { storage.RegisterClients(storage.WebClient(ClientID, Secret, callback)) }

// Provider starts a provider, which ends with the test, and returns its issuer.
func Provider(t testing.TB) string {
	t.Helper()
	before := slog.Default()
	defer slog.SetDefault(before) // the provider sets its own
	var handler http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	handler = exampleop.SetupServer(s.URL, people{storage.NewStorage(storage.NewUserStore(s.URL))}, slog.New(slog.DiscardHandler), true)
	return s.URL
}

// A Browser keeps cookies and goes where it is sent, but not to the page that
// Last matches: that address it returns.
type Browser struct {
	*http.Client
	Last func(*url.URL) bool // nil: everywhere
}

// NewBrowser returns a browser without cookies.
func NewBrowser(transport http.RoundTripper, last func(*url.URL) bool) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(fmt.Sprintf("authtest: internal error: %v", err)) // it has no options
	}
	b := &Browser{&http.Client{Jar: jar, Transport: transport}, last}
	b.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 10 {
			return errors.New("sent round and round")
		}
		if b.Last != nil && b.Last(r.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

var requestID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// Form follows the link to sign in, up to the provider's form. The host is the provider's.
func (b *Browser) Form(login string) (id, host string, err error) {
	res, err := b.Get(login)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	page, err := io.ReadAll(res.Body)
	if err != nil {
		return "", "", err
	}
	found := requestID.FindSubmatch(page)
	if found == nil {
		return "", "", fmt.Errorf("no form at %s: %s", res.Request.URL, page)
	}
	return string(found[1]), res.Request.URL.Host, nil
}

// Fill sends the form, and returns where the browser is sent from the last page
// that it visited, nil for nowhere.
func (b *Browser) Fill(id, host, user string) (*url.URL, error) {
	res, err := b.PostForm("http://"+host+"/login/username", url.Values{"id": {id}, "username": {user}, "password": {"verysecure"}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // nobody reads it
	if to, err := res.Location(); err == nil {
		return to, nil
	}
	return nil, nil
}

// SignIn is Form and Fill.
func (b *Browser) SignIn(login, user string) (*url.URL, error) {
	id, host, err := b.Form(login)
	if err != nil {
		return nil, err
	}
	return b.Fill(id, host, user)
}
