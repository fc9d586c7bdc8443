package signaling

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"incamera/signaling/store"
	"incamera/signaling/wire"
)

// The operators' API (docs/openapi.json). Whoever calls it shows the secret of
// an admin pass or a token. It tells how many are in which room, and of nothing
// that is said there; a room's id here is another than in its link, and holds
// until the next start: lists and webhooks that get lost lead nobody to a meeting.

// endedFor is how long nobody makes a room again that an operator has ended:
// as long as people's permits for it hold. A restart forgets it.
const endedFor = permitLife

// maxEnded bounds the memory for that; beyond it the oldest is forgotten.
const maxEnded = 10_000

// maxPassLife is the longest that an invite or a token holds.
const maxPassLife = 366 * 24 * time.Hour

// Bodies of the API. Times are RFC 3339.
type (
	// AdminRoom is a room that exists.
	AdminRoom struct {
		ID     string    `json:"id"`
		People int       `json:"people"`
		Since  time.Time `json:"since"`
	}
	// AdminRooms answers GET /api/admin/rooms, the oldest room first.
	AdminRooms struct {
		Rooms []AdminRoom `json:"rooms"`
	}
	// AdminPasses answers GET /api/admin/passes.
	AdminPasses struct {
		Passes []store.Pass `json:"passes"`
	}
	// AdminMake is the body of POST /api/admin/passes.
	AdminMake struct {
		Kind  store.Kind `json:"kind"`            // invite or token
		Uses  int        `json:"uses,omitempty"`  // rooms that may be made; 0: as many as one likes; a token has none
		Hours int        `json:"hours,omitempty"` // how long it holds; 0: a week
		Note  string     `json:"note,omitempty"`
	}
	// AdminMade answers it: the secret is nowhere else.
	AdminMade struct {
		Pass   store.Pass `json:"pass"`
		Secret string     `json:"secret"` // base64url
	}
	// AdminAudit answers GET /api/admin/audit.
	AdminAudit struct {
		Entries []store.Entry `json:"entries"`
		Altered string        `json:"altered,omitempty"` // what is wrong with the chain; empty: nothing
	}
)

func (s *Server) administer() http.HandlerFunc {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/admin/rooms", s.adminRooms)
	mux.HandleFunc("DELETE /api/admin/rooms/{id}", s.adminEnd)
	mux.HandleFunc("GET /api/admin/passes", s.adminPasses)
	mux.HandleFunc("POST /api/admin/passes", s.adminMake)
	mux.HandleFunc("DELETE /api/admin/passes/{id}", s.adminRevoke)
	mux.HandleFunc("GET /api/admin/audit", s.adminAudit)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answerError(w, http.StatusNotFound, wire.CodeInvalid, "There is nothing here.")
	})
	return func(w http.ResponseWriter, r *http.Request) {
		if !sameOrigin(r) {
			answerError(w, http.StatusForbidden, wire.CodeInvalid, "Requests of other sites are refused.")
			return
		}
		err := s.authorize(r)
		switch {
		case errors.Is(err, store.ErrRefused):
			s.counters.unauthorized.Add(1)
			w.Header().Set("WWW-Authenticate", "Bearer")
			answerError(w, http.StatusUnauthorized, wire.CodeRefused, "This needs an admin pass or a token that holds.")
		case err != nil:
			s.unable(w, "an operator's pass cannot be checked", err)
		default:
			mux.ServeHTTP(w, r)
		}
	}
}

func (s *Server) authorize(r *http.Request) error {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	secret, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(secret) != store.SecretSize {
		return store.ErrRefused
	}
	_, err = s.cfg.Store.Authorize(r.Context(), secret, time.Now())
	return err
}

// unable answers what went wrong here.
func (s *Server) unable(w http.ResponseWriter, what string, err error) {
	s.cfg.Log.Error(what, "error", err)
	answerError(w, http.StatusServiceUnavailable, wire.CodeUnavailable, "The server cannot do this now.")
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("signaling: internal error: %v", err)) // structs of texts, numbers and times
	}
	answer(w, status, b)
}

// adminID names a room to operators.
func (s *Server) adminID(name string) string {
	mac := hmac.New(sha256.New, s.adminKey[:])
	mac.Write([]byte(name))
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)))[:16]
}

func (s *Server) adminRooms(w http.ResponseWriter, _ *http.Request) {
	list := AdminRooms{Rooms: []AdminRoom{}}
	s.mu.Lock()
	for name, e := range s.rooms {
		list.Rooms = append(list.Rooms, AdminRoom{s.adminID(name), e.room.People(), e.made.UTC().Truncate(time.Second)})
	}
	s.mu.Unlock()
	slices.SortFunc(list.Rooms, func(a, b AdminRoom) int { return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID)) })
	answerJSON(w, http.StatusOK, list)
}

func (s *Server) adminEnd(w http.ResponseWriter, r *http.Request) {
	if !s.endRoom(r.PathValue("id"), time.Now()) {
		answerError(w, http.StatusNotFound, wire.CodeInvalid, "No room has this id now.")
		return
	}
	if err := s.cfg.Store.Note(context.WithoutCancel(r.Context()), "room ended", time.Now()); err != nil {
		s.cfg.Log.Error("the audit log lacks that a room was ended", "error", err)
	}
	answer(w, http.StatusOK, []byte("{}"))
}

// endRoom ends a room for good. It reports whether there was one.
func (s *Server) endRoom(id string, now time.Time) bool {
	s.mu.Lock()
	var found *entry
	for name, e := range s.rooms {
		if hmac.Equal([]byte(s.adminID(name)), []byte(id)) {
			found = e
			delete(s.rooms, name)
			s.bar(name, now)
			break
		}
	}
	s.mu.Unlock()
	if found == nil {
		return false
	}
	found.room.End()
	return true
}

// bar keeps a room from being made again. The caller holds mu.
func (s *Server) bar(name string, now time.Time) {
	if len(s.ended) >= maxEnded {
		oldest := ""
		for n, until := range s.ended {
			if !now.Before(until) {
				delete(s.ended, n)
			} else if oldest == "" || until.Before(s.ended[oldest]) {
				oldest = n
			}
		}
		if len(s.ended) >= maxEnded {
			delete(s.ended, oldest)
		}
	}
	s.ended[name] = now.Add(endedFor)
}

func (s *Server) adminPasses(w http.ResponseWriter, r *http.Request) {
	list, err := s.cfg.Store.Passes(r.Context())
	if err != nil {
		s.unable(w, "invites cannot be listed", err)
		return
	}
	if list == nil {
		list = []store.Pass{}
	}
	answerJSON(w, http.StatusOK, AdminPasses{list})
}

func (s *Server) adminMake(w http.ResponseWriter, r *http.Request) {
	var m AdminMake
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	d.DisallowUnknownFields()
	err := d.Decode(&m)
	if err == nil && !errors.Is(d.Decode(new(any)), io.EOF) {
		err = errors.New("more than one value")
	}
	life := time.Duration(m.Hours) * time.Hour
	if m.Hours == 0 {
		life = 7 * 24 * time.Hour
	}
	uses := m.Uses
	if uses == 0 {
		uses = store.Unlimited
	}
	switch {
	case err != nil:
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "The server does not understand this: "+err.Error()+".")
	case m.Kind != store.Invite && m.Kind != store.Token:
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "kind is invite or token.")
	case m.Uses < 0 || m.Uses > 1_000_000 || m.Kind == store.Token && m.Uses != 0:
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "uses is from 0 to 1000000, and a token has none.")
	case m.Hours < 0 || m.Hours > int(maxPassLife/time.Hour):
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "hours is from 0 to 8784.")
	case len(m.Note) > 200:
		answerError(w, http.StatusBadRequest, wire.CodeInvalid, "note has at most 200 bytes.")
	default:
		p, secret, err := s.cfg.Store.Make(r.Context(), m.Kind, uses, life, m.Note, time.Now())
		if err != nil {
			s.unable(w, "an invite cannot be made", err)
			return
		}
		answerJSON(w, http.StatusCreated, AdminMade{p, base64.RawURLEncoding.EncodeToString(secret)})
	}
}

func (s *Server) adminRevoke(w http.ResponseWriter, r *http.Request) {
	err := s.cfg.Store.Revoke(r.Context(), r.PathValue("id"), time.Now())
	switch {
	case errors.Is(err, store.ErrNoPass):
		answerError(w, http.StatusNotFound, wire.CodeInvalid, "No invite or token has this id.")
	case err != nil:
		s.unable(w, "an invite cannot be revoked", err)
	default:
		answer(w, http.StatusOK, []byte("{}"))
	}
}

// maxAuditLines is how many of the last lines one answer has.
const maxAuditLines = 500

func (s *Server) adminAudit(w http.ResponseWriter, r *http.Request) {
	entries, err := s.cfg.Store.Audit(r.Context())
	answered := AdminAudit{Entries: entries[max(0, len(entries)-maxAuditLines):]}
	if err != nil {
		answered.Altered = err.Error()
	}
	if answered.Entries == nil {
		answered.Entries = []store.Entry{}
	}
	answerJSON(w, http.StatusOK, answered)
}
