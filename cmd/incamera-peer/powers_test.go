package main

import (
	"context"
	"crypto/ed25519"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// attackers are those who are not the host, with what they try it by.
type attacker struct {
	*peer
	orders []any
}

// TestHostPowers: a host of the Go client mutes for good, promotes and takes
// back; those who are not the host order the same past all clients, in a real
// meeting. They are refused, and nobody inside hears of it or misses a frame.
func TestHostPowers(t *testing.T) {
	t.Parallel()
	l, host := hosted(t, startServer(t, "127.0.0.1:0").url)
	var mu sync.Mutex
	var devices []ed25519.PublicKey // of Pat
	host.Entered = func(_ uint64, members []group.Participant) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range members {
			if m.Name == "Pat" {
				devices = []ed25519.PublicKey{m.Device}
			}
		}
	}
	inside := []*gauge{newGauge(), newGauge()}
	ann := enterAs(t, counted(inside[0], host))
	ben := enterAs(t, counted(inside[1], client.Config{Link: l, Name: "Ben", Publish: []wire.Source{mic, camera}, Layers: 1}))
	pat, mal := enter(t, l, "Pat", mic), enter(t, l, "Mal", mic)
	together(t, ann, ben, pat, mal)

	// He is kept muted, and sends on: nothing of it is forwarded.
	mu.Lock()
	device := devices[0]
	mu.Unlock()
	shows(t, pat, ben, 5, mic)
	ann.does("keeps Pat muted", func(m *group.Member, now time.Time) (group.Output, error) {
		return m.Except(device, link.ActMic, now)
	})
	quiet(t, pat, ben)
	sent := pat.Report().Sent[mic].Frames
	until(t, "Pat sends on", 10*time.Second, func() bool { return pat.Report().Sent[mic].Frames > sent+20 })
	if n := ben.from("Pat", mic).Packets; n != quiet(t, pat, ben) {
		t.Error("something of Pat is forwarded")
	}
	ann.does("lets Pat speak", func(m *group.Member, now time.Time) (group.Output, error) { return m.Except(device, 0, now) })
	shows(t, pat, ben, 5, mic)

	// He was a moderator.
	moderators := func(list ...ed25519.PublicKey) {
		t.Helper()
		ann.does("names moderators", func(m *group.Member, now time.Time) (group.Output, error) { return m.SetModerators(list, now) })
		until(t, "Pat knows", 10*time.Second, func() (is bool) {
			pat.does("looks", func(m *group.Member, _ time.Time) (group.Output, error) {
				is = m.Moderates() == (len(list) > 0)
				return group.Output{}, nil
			})
			return is
		})
	}
	moderators(device)
	pat.lobby(true)
	gus := enter(t, l, "Gus", mic)
	until(t, "Gus waits", 10*time.Second, func() bool { return gus.Report().Phase == group.Asking.String() })
	moderators()

	session := wire.SessionID(ben.Report().Session)
	signature := make([]byte, ed25519.SignatureSize)
	epoch := ann.Report().Epoch
	orders := []any{
		wire.Remove{Session: session},
		wire.End{},
		wire.Rules{Generation: 1, Epoch: epoch, Withheld: []wire.Source{mic, camera}, Ends: 1},
		wire.SendBack{Session: session, Signature: signature},
		wire.Note{To: wire.SessionID(gus.Report().Session), Body: []byte("come in")},
		wire.Mark{Number: 99, Body: []byte("open"), Signature: signature},
		wire.Moderate{Grant: 99, Role: wire.RoleHost, Signature: signature},
	}
	// What the host did last comes to an end, the mark of it included.
	var before []map[string]int
	until(t, "nothing happens any more", 30*time.Second, func() bool {
		before = []map[string]int{inside[0].counts(), inside[1].counts()}
		shows(t, ben, ann, 20, mic)
		return len(inside[0].more(before[0])) == 0 && len(inside[1].more(before[1])) == 0
	})
	for _, a := range []attacker{
		{mal, orders},
		{gus, append(orders, wire.App{Generation: 1, Epoch: epoch, Body: []byte("a")}, wire.Since{Generation: 1})},
		{pat, orders},
	} {
		a.try(t)
	}
	shows(t, ben, ann, 20, mic, camera)
	shows(t, ann, ben, 20, mic, camera)
	for i, g := range inside {
		for typ, n := range g.more(before[i]) {
			t.Errorf("%d messages %q more at %d", n, typ, i)
		}
	}
	if r := ann.Report(); len(r.Members) != 4 || len(r.Errors) > 0 {
		t.Errorf("Ann is with %v, %q", ann.members(), r.Errors)
	}
}

// goesOn are the messages of a meeting in which nothing happens.
var goesOn = []string{"ack", "beat_of", "quality", "said", "demand", "committed"}

func counted(g *gauge, cfg client.Config) client.Config {
	cfg.Took = g.on(cfg).Took
	return cfg
}

func (g *gauge) counts() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.messages)
}

// more returns the messages that came since the counts of before, but those of
// a meeting in which nothing happens.
func (g *gauge) more(before map[string]int) map[string]int {
	since := g.counts()
	maps.DeleteFunc(since, func(typ string, n int) bool { return n == before[typ] || slices.Contains(goesOn, typ) })
	for typ := range since {
		since[typ] -= before[typ]
	}
	return since
}

// quiet waits until nothing of the microphone of one arrives at another any
// more, and returns how much has.
func quiet(t *testing.T, from, at *peer) (packets int) {
	t.Helper()
	packets = -1
	until(t, from.name+" is not forwarded", 10*time.Second, func() bool {
		before := packets
		sent := from.Report().Sent[mic].Frames
		until(t, from.name+" sends on", 10*time.Second, func() bool { return from.Report().Sent[mic].Frames > sent+5 })
		packets = at.from(from.name, mic).Packets
		return packets == before
	})
	return packets
}

// try sends the orders and waits until each is refused.
func (a attacker) try(t *testing.T) {
	t.Helper()
	for _, m := range a.orders {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := a.Order(ctx, m); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	for _, m := range a.orders {
		about := `"` + wire.TypeName(m) + `"`
		until(t, a.name+" is refused "+about, 10*time.Second, func() bool {
			return slices.ContainsFunc(a.Report().Errors, func(e string) bool { return strings.Contains(e, about) })
		})
	}
}
