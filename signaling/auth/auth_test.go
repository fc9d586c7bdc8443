package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"incamera/signaling/auth/authtest"
)

func TestRole(t *testing.T) {
	cfg := Config{Domains: []string{"example.org"}, Groups: []string{"press"}, AdminGroups: []string{"ops"}}
	for _, tc := range []struct {
		name string
		cfg  Config
		has  claims
		want Role
	}{
		{"everybody, where nothing is asked", Config{}, claims{}, Maker},
		{"everybody makes rooms, ops run the server", Config{AdminGroups: []string{"ops"}}, claims{Groups: []string{"x"}}, Maker},
		{"nothing known", cfg, claims{}, Nobody},
		{"mail of the domain", cfg, claims{Email: "a@Example.ORG", EmailVerified: true}, Maker},
		{"mail that nobody verified", cfg, claims{Email: "a@example.org"}, Nobody},
		{"mail below the domain", cfg, claims{Email: "a@evil.example.org", EmailVerified: true}, Nobody},
		{"mail that ends like the domain", cfg, claims{Email: "a@evilexample.org", EmailVerified: true}, Nobody},
		{"two at signs", cfg, claims{Email: "a@evil.org@example.org", EmailVerified: true}, Nobody},
		{"no domain", cfg, claims{Email: "a@", EmailVerified: true}, Nobody},
		{"a group", cfg, claims{Groups: []string{"sport", "press"}}, Maker},
		{"a group that begins alike", cfg, claims{Groups: []string{"press-office"}}, Nobody},
		{"an admin group", cfg, claims{Groups: []string{"ops"}}, Admin},
		{"a group by the name of a domain", cfg, claims{Groups: []string{"example.org"}}, Nobody},
	} {
		if got := tc.cfg.role(tc.has); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
	for text, want := range map[string]truth{`true`: true, `"true"`: true, `false`: false, `"false"`: false, `1`: false, `null`: false} {
		var has claims
		if err := json.Unmarshal([]byte(`{"email_verified":`+text+`}`), &has); err != nil || has.EmailVerified != want {
			t.Errorf("email_verified %s: %v, %v", text, has.EmailVerified, err)
		}
	}
}

// A site is a server with two paths, beside a real provider.
type site struct {
	*SignIn
	t        *testing.T
	app      *httptest.Server
	now      atomic.Pointer[time.Time]
	role     Role
	err      error
	callback *http.Request // that ended the last attempt
}

func newSite(t *testing.T, cfg Config) *site {
	t.Helper()
	s := &site{t: t}
	s.app = httptest.NewServer(s)
	t.Cleanup(s.app.Close)
	s.at(time.Now())

	authtest.Allow(s.redirect())
	cfg.Issuer, cfg.ClientID = authtest.Provider(t), authtest.ClientID
	if cfg.ClientSecret == "" {
		cfg.ClientSecret = authtest.Secret
	}
	s.SignIn = New(cfg)
	return s
}

func (s *site) redirect() string { return s.app.URL + "/auth/callback" }

func (s *site) at(now time.Time) { s.now.Store(&now) }

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/auth/login" {
		if err := s.Begin(w, r, s.redirect(), *s.now.Load()); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
		return
	}
	s.callback = r.Clone(context.WithoutCancel(r.Context()))
	s.role, s.err = s.Finish(w, r, s.redirect(), *s.now.Load())
}

// signIn goes the whole way.
func (s *site) signIn(b *authtest.Browser, user string) (Role, error) {
	s.t.Helper()
	s.role, s.err = -1, errors.New("the browser never came back")
	if _, err := b.SignIn(s.app.URL+"/auth/login", user); err != nil {
		s.t.Fatal(err)
	}
	return s.role, s.err
}

func TestSignIn(t *testing.T) {
	s := newSite(t, Config{Groups: []string{"press"}, AdminGroups: []string{"ops"}})
	if role, err := s.signIn(authtest.NewBrowser(nil, nil), authtest.Operator); role != Admin || err != nil {
		t.Errorf("who is in an admin group: %v %v", role, err)
	}
	if role, err := s.signIn(authtest.NewBrowser(nil, nil), authtest.Person); role != Nobody || err != nil {
		t.Errorf("who is in no group: %v %v", role, err)
	}
	s.cfg.Groups, s.cfg.Domains = nil, []string{"zitadel.ch"}
	if role, err := s.signIn(authtest.NewBrowser(nil, nil), authtest.Person); role != Maker || err != nil {
		t.Errorf("who has a mail address of the domain: %v %v", role, err)
	}
}

// TestForgedReturns: the end of an attempt is worth nothing to whom it does not belong.
func TestForgedReturns(t *testing.T) {
	s := newSite(t, Config{})
	victim := authtest.NewBrowser(nil, nil)
	if _, err := s.signIn(victim, authtest.Person); err != nil {
		t.Fatal(err)
	}
	used := s.callback
	finish := func(name string, r *http.Request, now time.Time, want error) {
		t.Helper()
		w := httptest.NewRecorder()
		role, err := s.Finish(w, r, s.redirect(), now)
		if role != Nobody || err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v %v, want %v", name, role, err, want)
		}
	}
	now := time.Now()
	home, err := url.Parse(s.app.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(victim.Jar.Cookies(home)); got != 0 {
		t.Errorf("%d cookies after the attempt", got)
	}
	finish("a code for the second time", used, now, nil)
	finish("after ten minutes", used, now.Add(attemptLife+2*time.Second), ErrStale)

	with := func(change func(q url.Values), cookie string) *http.Request {
		u := *used.URL
		q := u.Query()
		change(q)
		u.RawQuery = q.Encode()
		r := httptest.NewRequest(http.MethodGet, u.String(), nil)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "incamera-sign-in", Value: cookie})
		}
		return r
	}
	same := func(url.Values) {}
	held, err := used.Cookie("incamera-sign-in")
	if err != nil {
		t.Fatal(err)
	}
	finish("without the cookie", with(same, ""), now, ErrStale)
	finish("with rubbish for a cookie", with(same, "AAAA"), now, ErrStale)
	altered := []byte(held.Value)
	altered[len(altered)/2] ^= 1
	finish("with an altered cookie", with(same, string(altered)), now, ErrStale)
	finish("with another state", with(func(q url.Values) { q.Set("state", "x") }, held.Value), now, ErrStale)
	finish("without a state", with(func(q url.Values) { q.Del("state") }, held.Value), now, ErrStale)
	finish("with an error", with(func(q url.Values) { q.Set("error", "access_denied") }, held.Value), now, ErrRefused)
	finish("without a code", with(func(q url.Values) { q.Del("code") }, held.Value), now, ErrRefused)
	finish("of a server that has started anew", func() *http.Request { s.SignIn = New(s.cfg); return with(same, held.Value) }(), now, ErrStale)
}

// TestSwappedCode: a code that somebody got for himself does not sign another
// browser in, and a token of another attempt is refused though the code is good.
func TestSwappedCode(t *testing.T) {
	s := newSite(t, Config{})
	fresh := func() (b *authtest.Browser, back *url.URL) {
		b = authtest.NewBrowser(nil, func(u *url.URL) bool { return strings.HasPrefix(u.String(), s.app.URL) && u.Path != "/auth/login" })
		back, err := b.SignIn(s.app.URL+"/auth/login", authtest.Person)
		if err != nil || back == nil {
			t.Fatal("the provider sent the browser nowhere", err)
		}
		return b, back
	}
	finish := func(back *url.URL, cookie string) (Role, error) {
		r := httptest.NewRequest(http.MethodGet, back.String(), nil)
		r.AddCookie(&http.Cookie{Name: "incamera-sign-in", Value: cookie})
		return s.Finish(httptest.NewRecorder(), r, s.redirect(), time.Now())
	}
	_, attacker := fresh()
	b, back := fresh()
	cookie := b.Jar.Cookies(back)[0].Value
	mixed := *back
	q := back.Query()
	q.Set("code", attacker.Query().Get("code"))
	mixed.RawQuery = q.Encode()
	if role, err := finish(&mixed, cookie); role != Nobody || err == nil {
		t.Errorf("the code of another: %v %v", role, err)
	}

	a, err := s.open(&http.Cookie{Name: "incamera-sign-in", Value: cookie})
	if err != nil {
		t.Fatal(err)
	}
	a.Nonce = "another"
	plain, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	swapped := base64.RawURLEncoding.EncodeToString(s.seal.Seal(nil, nil, plain, []byte("incamera-sign-in")))
	if role, err := finish(back, swapped); role != Nobody || err == nil || !strings.Contains(err.Error(), "another attempt") {
		t.Errorf("a token with another nonce: %v %v", role, err)
	}
}

func TestWrongSecret(t *testing.T) {
	s := newSite(t, Config{ClientSecret: "a guess"})
	if role, err := s.signIn(authtest.NewBrowser(nil, nil), authtest.Person); role != Nobody || err == nil {
		t.Errorf("%v %v", role, err)
	}
}

// TestProviderAway: who comes while the provider is away is told, and the
// provider is not asked again by each.
func TestProviderAway(t *testing.T) {
	asked := 0
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer idp.Close()
	s := New(Config{Issuer: idp.URL, ClientID: "incamera"})
	now := time.Now()
	begin := func(now time.Time) error {
		w := httptest.NewRecorder()
		err := s.Begin(w, httptest.NewRequest(http.MethodGet, "/auth/login", nil), "https://meet.example.org/auth/callback", now)
		if len(w.Result().Cookies()) > 0 {
			t.Error("a cookie for no attempt")
		}
		return err
	}
	for range 3 {
		if err := begin(now); err == nil {
			t.Error("a provider that is away was asked with success")
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	if err := begin(now.Add(retryDiscovery)); err == nil || asked != 2 {
		t.Errorf("later: %v, asked %d times", err, asked)
	}
}

func TestCookieOverTLS(t *testing.T) {
	c := New(Config{}).cookie("https://meet.example.org/auth/callback")
	if c.Name != "__Host-incamera-sign-in" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("%+v", c)
	}
}
