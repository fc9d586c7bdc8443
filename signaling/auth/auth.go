// Package auth lets people sign in at an OpenID provider, and says what those
// may do who did: make rooms, run the server, or nothing. It keeps nothing of
// them: neither who they are, nor that they were here.
//
// The flow is the authorization code with PKCE, state and nonce (OpenID Connect
// Core 1.0 §3.1, RFC 7636, RFC 9700). What belongs to one attempt lies sealed
// in a cookie of the browser that began it, so that attempts cost the server
// no memory, and a link to the end of somebody else's attempt is worth nothing.
package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A Config says which provider to ask, and whom to let in.
type Config struct {
	Issuer       string // its URL; discovery happens below it
	ClientID     string
	ClientSecret string // empty: a public client, held by PKCE alone
	// Who may make rooms: those with a verified mail address in one of Domains, or in
	// one of Groups. With both empty: everybody whom the provider signs in.
	Domains, Groups []string
	// AdminGroups may run the server, too.
	AdminGroups []string
}

// A Role is what somebody may do who signed in.
type Role int

// The roles. Each may do what those before it may.
const (
	Nobody Role = iota
	Maker
	Admin
)

// Errors that callers tell apart; each is a different sentence to the person.
var (
	// ErrStale: the attempt was begun in another browser, too long ago, or never.
	ErrStale = errors.New("auth: no such attempt")
	// ErrRefused: the provider, or the person there, said no.
	ErrRefused = errors.New("auth: refused by the provider")
)

// attemptLife is how long signing in at the provider may take. Longer, and a
// cookie that was stolen is of use for longer.
const attemptLife = 10 * time.Minute

// callTime bounds each conversation with the provider.
const callTime = 10 * time.Second

// retryDiscovery is how long a failed look at the provider's configuration is
// not repeated: people who wait must not become a load on it.
const retryDiscovery = 5 * time.Second

// A SignIn is safe for concurrent use.
type SignIn struct {
	// Static after construction.
	cfg  Config
	seal cipher.AEAD // of attempts, by a key of this process

	// Guarded by mu.
	mu       sync.Mutex
	provider *oidc.Provider // nil until it was found
	triedAt  time.Time
	failure  error // of the last look
}

// New returns a SignIn. The provider is asked when the first person signs in:
// it may start after this server.
func New(cfg Config) *SignIn {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails; crypto/rand ends the process instead
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("auth: internal error: %v", err)) // the key has a size of AES
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(fmt.Sprintf("auth: internal error: %v", err))
	}
	return &SignIn{cfg: cfg, seal: seal}
}

// An attempt is what the browser brings back.
type attempt struct {
	State, Nonce, Verifier string
	Ends                   int64 // Unix time in seconds
}

// Begin sends the browser to the provider. redirect is the absolute URL of the
// request that is to be given to Finish. When Begin fails it has not answered.
func (s *SignIn) Begin(w http.ResponseWriter, r *http.Request, redirect string, now time.Time) error {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	provider, err := s.find(ctx, now)
	if err != nil {
		return err
	}
	a := attempt{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), now.Add(attemptLife).Unix()}
	plain, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Sprintf("auth: internal error: %v", err)) // strings and a number
	}
	c := s.cookie(redirect)
	c.Value, c.MaxAge = base64.RawURLEncoding.EncodeToString(s.seal.Seal(nil, nil, plain, []byte(c.Name))), int(attemptLife/time.Second)
	http.SetCookie(w, c)
	url := s.oauth(provider, redirect).AuthCodeURL(a.State, oauth2.S256ChallengeOption(a.Verifier), oidc.Nonce(a.Nonce))
	http.Redirect(w, r, url, http.StatusFound)
	return nil
}

// Finish takes the answer of the provider that the browser brings, and takes
// the attempt back: it holds once. Of the person nothing is returned but the role.
func (s *SignIn) Finish(w http.ResponseWriter, r *http.Request, redirect string, now time.Time) (Role, error) {
	c := s.cookie(redirect)
	held, err := r.Cookie(c.Name)
	if err != nil {
		return Nobody, ErrStale
	}
	c.MaxAge = -1
	http.SetCookie(w, c)
	a, err := s.open(held)
	if err != nil || now.Unix() > a.Ends || subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(a.State)) != 1 {
		return Nobody, ErrStale
	}
	if r.FormValue("error") != "" || r.FormValue("code") == "" {
		return Nobody, ErrRefused
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	provider, err := s.find(ctx, now)
	if err != nil {
		return Nobody, err
	}
	token, err := s.oauth(provider, redirect).Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Nobody, fmt.Errorf("auth: exchanging the code: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: s.cfg.ClientID, Now: func() time.Time { return now }}).Verify(ctx, raw)
	if err != nil {
		return Nobody, fmt.Errorf("auth: the provider's token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return Nobody, errors.New("auth: the provider's token is of another attempt")
	}
	var c1 claims
	if err := id.Claims(&c1); err != nil {
		return Nobody, fmt.Errorf("auth: the provider's claims: %w", err)
	}
	if s.cfg.asksMore(c1) {
		info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != id.Subject {
			return Nobody, fmt.Errorf("auth: asking the provider about the person: %w", errors.Join(err, errOther(info, id)))
		}
		if err := info.Claims(&c1); err != nil {
			return Nobody, fmt.Errorf("auth: the provider's claims: %w", err)
		}
	}
	return s.cfg.role(c1), nil
}

func errOther(info *oidc.UserInfo, id *oidc.IDToken) error {
	if info != nil && info.Subject != id.Subject {
		return errors.New("they are of another person")
	}
	return nil
}

// claims are what decides. Groups is no standard claim, and the usual one.
type claims struct {
	Email         string   `json:"email"`
	EmailVerified truth    `json:"email_verified"`
	Groups        []string `json:"groups"`
}

// truth is a boolean that some providers write as a string.
type truth bool

// UnmarshalJSON takes true and "true" for true, everything else for false.
func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == "true" || string(b) == `"true"`
	return nil
}

// asksMore reports whether what the token says is too little to decide by:
// many providers put mail and groups into the answer about the person only.
func (c Config) asksMore(has claims) bool {
	mail := len(c.Domains) > 0 && has.Email == ""
	groups := len(c.Groups)+len(c.AdminGroups) > 0 && len(has.Groups) == 0
	return mail || groups
}

// role decides what somebody may do.
func (c Config) role(has claims) Role {
	in := func(groups []string) bool {
		return slices.ContainsFunc(has.Groups, func(g string) bool { return slices.Contains(groups, g) })
	}
	_, domain, _ := strings.Cut(has.Email, "@")
	of := func(d string) bool { return strings.EqualFold(d, domain) }
	switch {
	case in(c.AdminGroups):
		return Admin
	case len(c.Domains)+len(c.Groups) == 0, in(c.Groups):
		return Maker
	case bool(has.EmailVerified) && slices.ContainsFunc(c.Domains, of):
		return Maker
	}
	return Nobody
}

func (s *SignIn) oauth(p *oidc.Provider, redirect string) *oauth2.Config {
	scopes := []string{oidc.ScopeOpenID}
	if len(s.cfg.Domains)+len(s.cfg.Groups)+len(s.cfg.AdminGroups) > 0 {
		scopes = append(scopes, "email", "profile") // groups come with the profile where they come at all
	}
	return &oauth2.Config{ClientID: s.cfg.ClientID, ClientSecret: s.cfg.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: redirect, Scopes: scopes}
}

// find returns the provider, looking for it where that was not done yet.
func (s *SignIn) find(ctx context.Context, now time.Time) (*oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // those who come meanwhile wait for the same look
	if s.provider != nil {
		return s.provider, nil
	}
	if s.failure != nil && now.Sub(s.triedAt) < retryDiscovery {
		return nil, s.failure
	}
	// The provider keeps the context's client for its keys, not its end.
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, &http.Client{Timeout: callTime}), s.cfg.Issuer)
	if err != nil {
		s.triedAt, s.failure = now, fmt.Errorf("auth: reading the configuration of the provider: %w", err)
		return nil, s.failure
	}
	s.provider, s.failure = p, nil
	return p, nil
}

// cookie has everything but the value. Over TLS its name keeps other hosts of
// the domain from setting it.
func (s *SignIn) cookie(redirect string) *http.Cookie {
	c := &http.Cookie{Name: "incamera-sign-in", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(redirect, "https:") {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	return c
}

func (s *SignIn) open(c *http.Cookie) (a attempt, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return a, err
	}
	plain, err := s.seal.Open(nil, nil, sealed, []byte(c.Name))
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(plain, &a)
}
