package main

import (
	"crypto/ed25519"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// refusedBy checks that nobody comes by a link.
func refusedBy(t *testing.T, l link.Link) {
	t.Helper()
	c, err := client.New(client.Config{Link: l, Name: "Late", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var refused *client.RefusedError
	if err := c.Run(t.Context()); !errors.As(err, &refused) || refused.Code != wire.CodeRefused {
		t.Errorf("by the old link: %v", err)
	}
}

func secret(l link.Link) string { return string(l.Secret.Reveal()) }

// TestChangeLink: the host removes somebody and changes the link, while the
// connection of another is broken: he is back with the new link, the one who
// was removed is not, and a newcomer comes by the new link only. After a
// restart of the server, which has no store, the meeting goes on by the new
// link, and by that alone.
func TestChangeLink(t *testing.T) {
	s := startServer(t, "127.0.0.1:0")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := client.NewRoomOf(t.Context(), s.url, "Kaffee", key)
	if err != nil {
		t.Fatal(err)
	}
	host := enterAs(t, client.Config{Link: l, Name: "Host", Host: key, Layers: 1, Publish: []wire.Source{mic}})
	line := newCable(t, s)
	far := l
	far.Server = line.url
	ben, eve := enter(t, far, "Ben", mic), enter(t, l, "Eve")
	together(t, host, ben, eve)
	line.cut()
	evil := eve.Report().Session
	if actErr := host.Act(t.Context(), func(m *group.Member, now time.Time) (group.Output, error) { return m.Remove(evil, now) }); actErr != nil {
		t.Fatal(actErr)
	}
	if actErr := host.Act(t.Context(), func(m *group.Member, now time.Time) (group.Output, error) { return m.ChangeLink(now) }); actErr != nil {
		t.Fatal(actErr)
	}
	until(t, "the link is changed", 20*time.Second, func() bool { return host.Link().Text() != l.Text() })
	if ben.Link().Text() != far.Text() {
		t.Error("Ben hears of it through a cable that is cut")
	}
	session := ben.Report().Session
	line.mend()
	until(t, "Ben has the new link", 20*time.Second, func() bool { return secret(ben.Link()) == secret(host.Link()) })
	together(t, host, ben)
	if now := ben.Report(); now.Session != session || eve.Link().Text() != l.Text() {
		t.Errorf("Ben was %s and is %s", session, now.Session)
	}
	refusedBy(t, l)
	s.stop()
	startServer(t, strings.TrimPrefix(s.url, "http://"))
	until(t, "Ben has a new session", 20*time.Second, func() bool { return ben.Report().Session != session })
	together(t, host, ben)
	refusedBy(t, l)
}
