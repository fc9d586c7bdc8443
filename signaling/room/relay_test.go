package room

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"

	"incamera/signaling/wire"
)

// Each session has credentials of its own for the relay, is told of them once,
// and loses them when it ends.
func TestRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var revoked []string // by the room's loop, which is idle when it is read
		cfg, n := DefaultConfig(), 0
		cfg.Relay = func() (wire.Relay, func()) {
			n++
			name := fmt.Sprint("user ", n)
			return wire.Relay{Username: name, Password: "p"}, func() { revoked = append(revoked, name) }
		}
		r := New(cfg, About{Name: "room", HostKey: hostKey.Public().(ed25519.PublicKey), Card: []byte("card")}, nil, slog.New(slog.DiscardHandler))
		go r.Run(t.Context())
		ann, ben := join(t, r), join(t, r)
		if a, b := ann.joined.Relay, ben.joined.Relay; a == nil || b == nil || a.Username != "user 1" || b.Username != "user 2" {
			t.Fatalf("ann has %v, ben %v", a, b)
		}
		again, err := r.Enter(t.Context(), r.Link(), &wire.Resume{Session: ann.joined.Session, Secret: ann.joined.Secret, Received: ann.got})
		if err != nil {
			t.Fatal(err)
		}
		ann.Conn = again
		if _, m := ann.frame(); !m.(wire.Joined).Resumed || m.(wire.Joined).Relay != nil || len(revoked) > 0 {
			t.Errorf("resumed: %+v, revoked %v", m, revoked)
		}
		_ = ben.try(wire.Leave{}) // it ends with it
		synctest.Wait()
		if !slices.Equal(revoked, []string{"user 2"}) {
			t.Errorf("revoked: %v", revoked)
		}
	})
}
