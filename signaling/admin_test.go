package signaling

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/signaling/store"
	"incamera/signaling/wire"
)

// admin sends a request to the operators' API.
func (f *fixture) admin(method, path, body string, secret []byte) (int, string) {
	f.t.Helper()
	r, err := http.NewRequest(method, f.http.URL+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if secret != nil {
		r.Header.Set("Authorization", "Bearer "+base64.RawURLEncoding.EncodeToString(secret))
	}
	res, err := f.http.Client().Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// An api is docs/openapi.json as far as the tests read it.
type api struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas   map[string]schema
		Responses map[string]response
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Enum       []string
	Required   []string
	Properties map[string]schema
	Items      *schema
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct{ Schema schema }
}

func readAPI(t *testing.T) api {
	t.Helper()
	b, err := os.ReadFile("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var a api
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// fits says what in v is not as the schema has it.
func (a api) fits(s schema, v any, where string) (problems []string) {
	if s.Ref != "" {
		s = a.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	kind := map[string]string{"string": "string", "integer": "float64", "boolean": "bool", "array": "[]interface {}", "object": "map[string]interface {}"}[s.Type]
	if s.Enum != nil {
		if text, ok := v.(string); !ok || !slices.Contains(s.Enum, text) {
			return []string{fmt.Sprintf("%s is %v", where, v)}
		}
		return nil
	}
	if kind == "" || fmt.Sprintf("%T", v) != kind {
		return []string{fmt.Sprintf("%s is %T, want %q", where, v, s.Type)}
	}
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			problems = append(problems, a.fits(*s.Items, e, fmt.Sprintf("%s[%d]", where, i))...)
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				problems = append(problems, where+" lacks "+name)
			}
		}
		for name, e := range v {
			p, ok := s.Properties[name]
			if !ok {
				problems = append(problems, where+" has "+name)
				continue
			}
			problems = append(problems, a.fits(p, e, where+"."+name)...)
		}
	}
	return problems
}

// TestOpenAPI asks everything that the file has, and holds each answer to it.
func TestOpenAPI(t *testing.T) {
	a := readAPI(t)
	f, s := closed(t, nil)
	_, pass := invite(t, s, store.Admin, store.Unlimited, time.Hour)
	l := newLink("a")
	m := l.create()
	m.Invite = pass
	if status, body := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	p, _ := invite(t, s, store.Invite, 1, time.Hour)
	asked := 0
	ask := func(method, path, id, body string, want int) {
		t.Helper()
		asked++
		raw, ok := a.Paths[path][strings.ToLower(method)]
		if !ok {
			t.Errorf("the file lacks %s %s", method, path)
			return
		}
		for secret, status := range map[*[]byte]int{{}: http.StatusUnauthorized, &pass: want} {
			var o struct{ Responses map[string]response }
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatal(err)
			}
			got, text := f.admin(method, strings.Replace(path, "{id}", id, 1), body, *secret)
			r, ok := o.Responses[fmt.Sprint(got)]
			if r.Ref != "" {
				r = a.Components.Responses[strings.TrimPrefix(r.Ref, "#/components/responses/")]
			}
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil || got != status || !ok {
				t.Errorf("%s %s: %d %s, want %d", method, path, got, text, status)
				continue
			}
			for _, problem := range a.fits(r.Content["application/json"].Schema, v, fmt.Sprintf("%s %s: %d", method, path, got)) {
				t.Error(problem)
			}
		}
	}
	ask("GET", "/api/admin/rooms", "", "", 200)
	ask("GET", "/api/admin/passes", "", "", 200)
	ask("POST", "/api/admin/passes", "", `{"kind":"invite","uses":2,"hours":3,"note":"for you"}`, 201)
	ask("GET", "/api/admin/audit", "", "", 200)
	ask("DELETE", "/api/admin/passes/{id}", p.ID, "", 200)
	_, text := f.admin("GET", "/api/admin/rooms", "", pass)
	var rooms AdminRooms
	if err := json.Unmarshal([]byte(text), &rooms); err != nil || len(rooms.Rooms) != 1 || strings.Contains(text, l.room) {
		t.Fatal(text, err)
	}
	ask("DELETE", "/api/admin/rooms/{id}", rooms.Rooms[0].ID, "", 200)

	operations := 0
	for _, path := range a.Paths {
		for method := range path {
			if method != "parameters" {
				operations++
			}
		}
	}
	if asked != operations {
		t.Errorf("asked %d of %d: %v", asked, operations, slices.Sorted(maps.Keys(a.Paths)))
	}
	ask("POST", "/api/admin/passes", "", `{"kind":"admin"}`, 400)
	ask("DELETE", "/api/admin/rooms/{id}", rooms.Rooms[0].ID, "", 404)
	ask("DELETE", "/api/admin/passes/{id}", "nothing", "", 404)
}

// TestAdminNeedsAPass: only what runs the server opens the API.
func TestAdminNeedsAPass(t *testing.T) {
	f, s := closed(t, nil)
	for _, kind := range []store.Kind{store.Invite, store.AdminLink, store.SignedIn} {
		_, secret := invite(t, s, kind, store.Unlimited, time.Hour)
		if status, body := f.admin("GET", "/api/admin/rooms", "", secret); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
	_, token := invite(t, s, store.Token, store.Unlimited, time.Hour)
	p, revoked := invite(t, s, store.Token, store.Unlimited, time.Hour)
	if err := s.Revoke(t.Context(), p.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, expired := invite(t, s, store.Admin, store.Unlimited, -time.Second)
	for name, secret := range map[string][]byte{"none": nil, "empty": {}, "unknown": make([]byte, 32), "cut short": token[:31], "revoked": revoked, "expired": expired} {
		if status, body := f.admin("GET", "/api/admin/rooms", "", secret); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := f.admin("GET", "/api/admin/rooms", "", token); status != http.StatusOK {
		t.Errorf("a token: %d %s", status, body)
	}
	m := newLink("a").create()
	m.Invite = token
	if status, _ := f.post("/api/rooms", wire.EncodeBody(m)); status != http.StatusForbidden {
		t.Errorf("a token makes a room: %d", status)
	}
	if status, _ := serve(t, nil).admin("GET", "/api/admin/rooms", "", token); status != http.StatusNotFound {
		t.Errorf("where everybody makes rooms there is no API: %d", status)
	}
}

// TestRoomEnded: a room that an operator ends is over for who is in it, and
// nobody makes it again, with its link or a permit either.
func TestRoomEnded(t *testing.T) {
	f, s := closed(t, nil)
	_, pass := invite(t, s, store.Admin, store.Unlimited, time.Hour)
	l, other := newLink("a"), newLink("b")
	for _, l := range []link{l, other} {
		m := l.create()
		m.Invite = pass
		f.post("/api/rooms", wire.EncodeBody(m))
	}
	_, body := f.post("/api/look", wire.EncodeBody(wire.Look{Room: l.room, Token: l.token}))
	looked, err := wire.DecodeBody[wire.Looked]([]byte(body[strings.LastIndex(body, `{"card"`):]))
	if err != nil {
		t.Fatal(err)
	}
	inside := f.join(l)
	f.join(other)
	if status, body := f.admin("DELETE", "/api/admin/rooms/"+f.adminID(l.room), "", pass); status != http.StatusOK {
		t.Fatal(status, body)
	}
	if m := expect[wire.Ended](inside); m.Reason != wire.ReasonOperator || m.Text == "" {
		t.Errorf("who was inside hears %+v", m)
	}
	again := l.create()
	again.Invite, again.Permit = pass, looked.Permit
	if status, body := f.post("/api/rooms", wire.EncodeBody(again)); status != http.StatusConflict || !strings.Contains(body, `"refused"`) {
		t.Errorf("made again: %d %s", status, body)
	}
	if status, _ := f.post("/api/look", wire.EncodeBody(wire.Look{Room: l.room, Token: l.token})); status != http.StatusNotFound {
		t.Errorf("looked at: %d", status)
	}
	if status, _ := f.post("/api/look", wire.EncodeBody(wire.Look{Room: other.room, Token: other.token})); status != http.StatusOK {
		t.Errorf("another room: %d", status)
	}
}

func TestBarIsBounded(t *testing.T) {
	s := New(DefaultConfig())
	now := time.Now()
	for i := range maxEnded + 5 {
		s.mu.Lock()
		s.bar(fmt.Sprint(i), now.Add(time.Duration(i)))
		s.mu.Unlock()
	}
	if len(s.ended) != maxEnded || !s.ended["0"].IsZero() || s.ended["5"].IsZero() {
		t.Errorf("%d rooms are kept out", len(s.ended))
	}
	s.bar("later", now.Add(2*endedFor))
	if len(s.ended) != 1 {
		t.Errorf("%d rooms are kept out after their time", len(s.ended))
	}
}
