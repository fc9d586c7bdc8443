package signaling

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"time"

	"incamera/signaling/wire"
)

// Links that were changed (PROTOCOL.md 1.5). A room that is made again, after
// a restart or after everybody left, must not come back by a link of before:
// so the number of its link is kept for as long as permits hold.

const relinkLabel = "incamera link number v1"

// links is that memory where there is no store: it ends with the process. Safe
// for concurrent use.
type links struct {
	mu sync.Mutex
	// Guarded by mu.
	kept map[string]keptLink
}

type keptLink struct {
	number uint32
	until  time.Time
}

// maxLinks bounds it. The oldest goes first.
const maxLinks = 10_000

func (l *links) keep(name string, number uint32, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil {
		l.kept = map[string]keptLink{}
	}
	if _, there := l.kept[name]; !there && len(l.kept) >= maxLinks {
		oldest := ""
		for other, k := range l.kept {
			if oldest == "" || k.until.Before(l.kept[oldest].until) {
				oldest = other
			}
		}
		delete(l.kept, oldest)
	}
	if k := l.kept[name]; now.Before(k.until) {
		number = max(number, k.number)
	}
	l.kept[name] = keptLink{number, now.Add(permitLife)}
}

func (l *links) least(name string, now time.Time) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.kept[name]; now.Before(k.until) {
		return k.number
	}
	return 0
}

// linkKey names a room in the store, which holds no room's id.
func (s *Server) linkKey(name string) []byte {
	mac := hmac.New(sha256.New, s.permitKey)
	mac.Write([]byte(relinkLabel))
	mac.Write([]byte(name))
	return mac.Sum(nil)
}

// keepLink notes the number of a room's link. When it returns without an
// error, and there is a store, it survives the end of the process.
func (s *Server) keepLink(ctx context.Context, name string, number uint32, now time.Time) error {
	if s.cfg.Store == nil {
		s.links.keep(name, number, now)
		return nil
	}
	return s.cfg.Store.KeepLink(ctx, s.linkKey(name), number, now.Add(permitLife), now)
}

// leastLink is the number below which the room's links hold no more, 0 for
// none. Where it cannot be known, none holds.
func (s *Server) leastLink(ctx context.Context, name string, now time.Time) (uint32, error) {
	if s.cfg.Store == nil {
		return s.links.least(name, now), nil
	}
	return s.cfg.Store.LeastLink(ctx, s.linkKey(name), now)
}

// noteLink notes the number of a room's link: before the change is carried out,
// so that a process that ends in between comes back with the old link refused,
// rather than with it in force.
func (s *Server) noteLink(name string, number uint32) {
	if number < 2 {
		return
	}
	if err := s.keepLink(context.WithoutCancel(s.life), name, number, time.Now()); err != nil {
		// The old link ends all the same, for as long as the process lives.
		s.cfg.Log.Error("a change of a link could not be noted", "error", err)
	}
}

// supersede carries out, in a room that is there by an older link, the order
// that whoever makes it again knows. It reports whether there was one.
func (s *Server) supersede(e *entry, m wire.CreateRoom) bool {
	order, number := orderOf(m), e.room.Link().Number
	if order == nil || order.Number <= number {
		return false
	}
	e.room.Relink(*order)
	return true
}

// orderOf returns the order by which a room is made with a later link, nil
// for its first.
func orderOf(m wire.CreateRoom) *wire.Relink {
	if m.Number < 2 {
		return nil
	}
	return &wire.Relink{Number: m.Number, TokenHash: m.TokenHash, Card: m.Card, Signature: m.Relink}
}
