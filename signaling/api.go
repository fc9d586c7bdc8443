package signaling

import (
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"incamera/signaling/wire"
)

// textRefused is the one answer for a room that is unknown or expired and for
// a wrong token.
const textRefused = "There is no meeting behind this link. It may have ended."

// guard checks what every request must pass: where it comes from, its method,
// and how often.
func (s *Server) guard(what, method string, next http.HandlerFunc) http.Handler {
	return s.limit(what, method, func(w http.ResponseWriter, r *http.Request) {
		if !sameOrigin(r) {
			answerError(w, http.StatusForbidden, wire.CodeInvalid, "Requests of other sites are refused.")
			return
		}
		next(w, r)
	})
}

// limit is guard for pages to which other sites may send a browser, and for
// handlers that look at the method themselves: it is empty for these.
func (s *Server) limit(what, method string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.begin() {
			answerError(w, http.StatusServiceUnavailable, wire.CodeUnavailable, "The server is shutting down.")
			return
		}
		defer s.requests.Done()
		if method != "" && r.Method != method {
			w.Header().Set("Allow", method)
			answerError(w, http.StatusMethodNotAllowed, wire.CodeInvalid, "Another method is needed here.")
			return
		}
		from := s.address(r)
		if !s.addresses[what].allow(from, time.Now()) {
			s.counters.limited[what].Add(1)
			s.cfg.Log.Warn("too many requests", "for", what, "address", from)
			w.Header().Set("Retry-After", "10")
			answerError(w, http.StatusTooManyRequests, wire.CodeRate, "Too many requests. Wait a moment.")
			return
		}
		next(w, r)
	})
}

// begin notes a request that Close waits for.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.requests.Add(1)
	return true
}

// sameOrigin reports whether a request comes from a page of this server, or
// from no page at all: other programs send no Origin, and have nobody's
// authority to abuse.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	if err != nil || len(origins) > 1 || u.User != nil || u.Path != "" {
		return false
	}
	secure := u.Scheme == "https"
	if !secure && (u.Scheme != "http" || r.TLS != nil) {
		return false
	}
	return u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

func (s *Server) createRoom(w http.ResponseWriter, r *http.Request) {
	m, ok := read[wire.CreateRoom](w, r)
	if !ok {
		return
	}
	switch err := s.create(r.Context(), m); {
	case err == nil:
		answer(w, http.StatusCreated, []byte("{}"))
	case errors.Is(err, errForged):
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "The room does not belong to this key.")
	case errors.Is(err, errUninvited):
		s.uninvited(w)
	case errors.Is(err, errTaken), errors.Is(err, errEnded):
		answerError(w, http.StatusConflict, wire.CodeRefused, textRefused)
	case errors.Is(err, errDraining):
		answerError(w, http.StatusServiceUnavailable, wire.CodeUnavailable, "The server is to stop, and makes no new meetings.")
	case errors.Is(err, errFull):
		answerError(w, http.StatusServiceUnavailable, wire.CodeFull, "The server takes no more meetings now.")
	default:
		s.cfg.Log.Error("cannot make a room", "error", err)
		answerError(w, http.StatusServiceUnavailable, wire.CodeUnavailable, "The server cannot make a meeting now.")
	}
}

func (s *Server) look(w http.ResponseWriter, r *http.Request) {
	m, ok := read[wire.Look](w, r)
	if !ok {
		return
	}
	e, l, err := s.open(m.Room, m.Token)
	if err != nil {
		answerError(w, http.StatusNotFound, wire.CodeRefused, textRefused)
		return
	}
	looked := wire.Looked{Card: l.Card, People: uint32(e.room.People()), Relink: l.Order}
	if l.Number > 1 {
		looked.Number = l.Number
	}
	if s.cfg.Store != nil {
		hash := sha256.Sum256(m.Token) // which is that of the room, or open had refused
		looked.Permit = s.permit(m.Room, hash[:], time.Now().Add(permitLife))
	}
	answer(w, http.StatusOK, wire.EncodeBody(looked))
}

// leave ends a session whose socket is gone, for whoever shows its secret.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	m, ok := read[wire.Depart](w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	e := s.rooms[m.Room]
	s.mu.Unlock()
	if e == nil || e.room.Depart(s.life, m) != nil {
		s.counters.refused.Add(1)
		answerError(w, http.StatusNotFound, wire.CodeRefused, textRefused)
		return
	}
	answer(w, http.StatusOK, []byte("{}"))
}

// read takes a request's body. When it fails, it has answered.
func read[T wire.CreateRoom | wire.Depart | wire.Look | wire.Redeem | wire.Probe | wire.OpenFile](w http.ResponseWriter, r *http.Request) (m T, ok bool) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		answerError(w, http.StatusUnsupportedMediaType, wire.CodeInvalid, "The body must be application/json.")
		return m, false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		answerError(w, http.StatusRequestEntityTooLarge, wire.CodeInvalid, "The body is too large.")
		return m, false
	}
	if err == nil {
		m, err = wire.DecodeBody[T](b)
	}
	if err != nil {
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "The server does not understand this.")
		return m, false
	}
	return m, true
}

func answer(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone hears nothing
}

func answerError(w http.ResponseWriter, status int, code wire.Code, text string) {
	answer(w, status, wire.EncodeBody(wire.Error{Code: code, Text: text}))
}
