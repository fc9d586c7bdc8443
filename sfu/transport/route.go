package transport

import (
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// silentFor is for how long nothing must have come from where a client was
// before media follows it to where its checks come from now. Shorter, and a
// pause in a working path has media jump between two; longer, and pictures
// stand still for longer when a client changes networks or its NAT forgets it.
const silentFor = 1500 * time.Millisecond

// Routes are where each client was last. A lite agent makes no checks of its
// own and would go on to send to an address that is gone until the client gave
// up the connection.
//
// Checks are authenticated by the connection's password, but may be replayed:
// so who is still heard from is not moved away from.
//
// Safe for concurrent use.
type routes struct {
	keep time.Duration // how long a client may be silent before it is forgotten

	mu sync.Mutex
	// Guarded by mu.
	byUser map[string]*route
	swept  time.Time
}

// A remote is what is used of an [ice.Candidate].
type remote interface {
	Address() string
	Port() int
	LastReceived() time.Time
}

type route struct {
	at      remote
	checked time.Time
}

func newRoutes(keep time.Duration) *routes {
	return &routes{keep: keep, byUser: map[string]*route{}}
}

// binding implements the handler of [webrtc.SettingEngine.SetICEBindingRequestHandler].
func (r *routes) binding(m *stun.Message, _, from ice.Candidate, pair *ice.CandidatePair) bool {
	var user stun.Username
	if pair == nil || user.GetFrom(m) != nil {
		return false
	}
	return r.check(string(user), from, m.Contains(stun.AttrUseCandidate), time.Now())
}

// check takes an authenticated check of the client user, and reports whether
// media is to go to where it came from, from here on.
func (r *routes) check(user string, from remote, nominates bool, now time.Time) (move bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	c := r.byUser[user]
	switch {
	case c == nil:
		if nominates { // the agent itself follows the first
			r.byUser[user] = &route{at: from, checked: now}
		}
		return false
	case c.at.Address() == from.Address() && c.at.Port() == from.Port():
		c.checked = now
		return false
	case now.Sub(later(c.checked, c.at.LastReceived())) < silentFor:
		return false
	}
	c.at, c.checked = from, now
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sweep forgets clients that are gone, now and then.
func (r *routes) sweep(now time.Time) {
	if now.Sub(r.swept) < r.keep {
		return
	}
	r.swept = now
	for user, c := range r.byUser {
		if now.Sub(later(c.checked, c.at.LastReceived())) > r.keep {
			delete(r.byUser, user)
		}
	}
}
