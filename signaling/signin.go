package signaling

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"incamera/signaling/auth"
	"incamera/signaling/store"
)

// What the page is told in its fragment when signing in has led to nothing.
const (
	signInStale   = "/#sign-in=stale"   // begun elsewhere, or too long ago
	signInRefused = "/#sign-in=refused" // the provider says no
	signInNobody  = "/#sign-in=nobody"  // signed in, and may make no meetings here
	signInFailed  = "/#sign-in=failed"  // the provider is away, or makes no sense
)

func (s *Server) beginSignIn(w http.ResponseWriter, r *http.Request) {
	if err := s.cfg.SignIn.Begin(w, r, s.callback(r), time.Now()); err != nil {
		s.counters.unsigned.Add(1)
		s.cfg.Log.Error("signing in does not work", "error", err)
		http.Redirect(w, r, signInFailed, http.StatusSeeOther)
	}
}

// finishSignIn gives who may make meetings what an invite is made of, in the
// fragment, which the page takes out of the address at once.
func (s *Server) finishSignIn(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	role, err := s.cfg.SignIn.Finish(w, r, s.callback(r), now)
	to := ""
	switch {
	case errors.Is(err, auth.ErrStale):
		to = signInStale
	case errors.Is(err, auth.ErrRefused):
		to = signInRefused
	case err != nil:
		s.cfg.Log.Error("signing in does not work", "error", err)
		to = signInFailed
	case role == auth.Nobody:
		to = signInNobody
	}
	if to != "" {
		s.counters.unsigned.Add(1)
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	kind, name := store.SignedIn, "signed-in"
	if role == auth.Admin {
		kind, name = store.Admin, "operator"
	}
	_, secret, err := s.cfg.Store.Make(r.Context(), kind, store.Unlimited, store.SignInLife, "signed in", now)
	if err != nil {
		s.cfg.Log.Error("signing in does not work", "error", err)
		http.Redirect(w, r, signInFailed, http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/#"+name+"="+base64.RawURLEncoding.EncodeToString(secret), http.StatusSeeOther)
}

// callback is where the provider is to send the browser: to the host that the
// browser asked for. The provider knows which of them are ours.
func (s *Server) callback(r *http.Request) string {
	scheme := "https"
	if r.TLS == nil && loopback(r.Host) {
		scheme = "http"
	}
	return scheme + "://" + r.Host + "/auth/callback"
}

// loopback reports whether a host, with or without a port, is this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback() || strings.EqualFold(host, "localhost")
}
