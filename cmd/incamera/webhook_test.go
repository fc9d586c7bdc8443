package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"incamera/signaling/hook"
)

func TestWebhookSettings(t *testing.T) {
	for _, tc := range []struct{ url, secret, want string }{
		{"", "", ""},
		{"https://example.org/hook", "file", ""},
		{"http://127.0.0.1:9/hook", "file", ""},
		{"", "file", "there is no --webhook"},
		{"https://example.org/hook", "", "--webhook-secret-file"},
		{"http://example.org/hook", "file", "give the https:// address"},
		{"example.org", "file", "want a URL"},
	} {
		c := validConfig()
		c.Webhook, c.WebhookSecretFile = tc.url, tc.secret
		if err := c.check(); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// TestOperatorsProgram: a program with a token sees a room, ends it, and hears
// of both by the webhook, under one name that is not the room's.
func TestOperatorsProgram(t *testing.T) {
	heard := make(chan hook.Event, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e hook.Event
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if got := r.Header.Get("Incamera-Signature"); err != nil || got != hook.Sign([]byte("shared"), body, time.Now()) && got != hook.Sign([]byte("shared"), body, time.Now().Add(-time.Second)) {
			t.Errorf("%s signed %q: %v", body, got, err)
		}
		heard <- e
	}))
	defer receiver.Close()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("shared\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--listen", "127.0.0.1:0", "--tls", selfSigned, "--behind-proxy", "--data", dir, "--webhook", receiver.URL, "--webhook-secret-file", secret)
	printed, err := command(t, "token", "create", "--data", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	token, _, _ := strings.Cut(string(printed), "\n")
	call := func(method, path, body string) (int, string) {
		t.Helper()
		r := httptest.NewRequest(method, p.url+path, strings.NewReader(body))
		r.RequestURI = "" // it is for a client
		r.Header.Set("Authorization", "Bearer "+token)
		client := http.Client{Transport: insecure()}
		defer client.CloseIdleConnections()
		res, doErr := client.Do(r)
		if doErr != nil {
			t.Fatal(doErr)
		}
		defer res.Body.Close()
		b, readErr := io.ReadAll(res.Body)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return res.StatusCode, string(b)
	}
	status, text := call("POST", "/api/admin/passes", `{"kind":"invite","uses":1}`)
	var made struct{ Secret string }
	if err = json.Unmarshal([]byte(text), &made); err != nil || status != http.StatusCreated {
		t.Fatal(status, text, err)
	}
	invite, err := base64.RawURLEncoding.DecodeString(made.Secret)
	if err != nil || p.makeRoom("a", invite) != http.StatusCreated {
		t.Fatal("the invite makes no room", err)
	}
	next := func() hook.Event {
		t.Helper()
		select {
		case e := <-heard:
			return e
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was heard")
			return hook.Event{}
		}
	}
	first := next()
	if first.Event != hook.RoomMade {
		t.Errorf("heard %+v", first)
	}
	status, text = call("GET", "/api/admin/rooms", "")
	if status != http.StatusOK || !strings.Contains(text, first.Room) {
		t.Errorf("%d %s", status, text)
	}
	if status, text := call("DELETE", "/api/admin/rooms/"+first.Room, ""); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	if last := next(); last.Event != hook.RoomOver || last.Room != first.Room {
		t.Errorf("heard %+v after %+v", last, first)
	}
	p.stop(os.Interrupt)
}
