package signaling

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"incamera/signaling/wire"
)

// TestEndedStaysEnded: a meeting that its host has ended is not made again by
// anybody who has the link, and is by the host.
func TestEndedStaysEnded(t *testing.T) {
	f := serve(t, nil)
	host := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	l := newLink("a")
	l.hostKey = host.Public().(ed25519.PublicKey)
	l.room = roomOf(l.hostKey)
	make := func(open []byte) (int, string) {
		m := l.create()
		m.Open = open
		return f.post("/api/rooms", wire.EncodeBody(m))
	}
	opening := func(by ed25519.PrivateKey, room string) []byte {
		return ed25519.Sign(by, append([]byte("incamera open v1\x00"+room), l.create().TokenHash...))
	}
	if status, body := make(nil); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	f.closed.add(l.room, time.Now())
	f.mu.Lock()
	delete(f.rooms, l.room) // as its end does
	f.mu.Unlock()
	_, own, _ := ed25519.GenerateKey(nil)
	for name, open := range map[string][]byte{"without a word of the host": nil, "by another": opening(own, l.room), "of another room": opening(host, newLink("b").room)} {
		if status, body := make(open); status != http.StatusConflict || !strings.Contains(body, textRefused) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := make(opening(host, l.room)); status != http.StatusCreated {
		t.Errorf("by the host: %d %s", status, body)
	}
	if status, _ := make(nil); status != http.StatusCreated {
		t.Error("what the host has opened again is ended still")
	}
}

func TestEndedIsForgotten(t *testing.T) {
	var e closedRooms
	now := time.Unix(1_800_000_000, 0)
	for i := range maxClosed + 10 {
		e.add(fmt.Sprint(i), now.Add(time.Duration(i)))
	}
	stays := func(room string, at time.Time) bool {
		return e.stays(wire.CreateRoom{Room: room, HostKey: make([]byte, ed25519.PublicKeySize)}, at)
	}
	if len(e.until) > maxClosed || stays("0", now) || !stays(fmt.Sprint(maxClosed), now) {
		t.Errorf("%d are kept; the oldest: %t, a late one: %t", len(e.until), stays("0", now), stays(fmt.Sprint(maxClosed), now))
	}
	if stays("9999", now.Add(closedFor+time.Second)) {
		t.Error("it is remembered for ever")
	}
}
