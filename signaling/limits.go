package signaling

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"incamera/signaling/wire"
)

// A Budget is so many things a second on average, and Burst at once.
type Budget struct {
	PerSecond rate.Limit
	Burst     int
}

// Budgets are what addresses and sessions may spend. Those of addresses allow a
// whole meeting behind one address to come back at once after a restart;
// secrets of 256 random bits need no slower guessing.
type Budgets struct {
	Create, Look, Redeem, Socket, SignIn, Admin, File, Probe Budget            // per address
	Messages                                                 Budget            // per session
	Bytes                                                    Budget            // per session; the burst takes the largest message
	Types                                                    map[string]Budget // per session and type of message, on top of Messages
}

// DefaultBudgets returns what ordinary meetings stay far below.
func DefaultBudgets() Budgets {
	return Budgets{
		Create:   Budget{10, 600},
		Look:     Budget{20, 600},
		Redeem:   Budget{1, 10},
		Socket:   Budget{50, 1000},
		SignIn:   Budget{2, 60},
		Admin:    Budget{10, 100},
		File:     Budget{50, 2000},
		Probe:    Budget{0.5, 16}, // a test asks twice
		Messages: Budget{50, 300},
		Bytes:    Budget{512 << 10, wire.MaxMessage + 2<<20},
		Types: map[string]Budget{
			"found":     {1, 5},
			"ask":       {1, 10},
			"commit":    {10, 40},
			"app":       {20, 100},
			"since":     {1, 5},
			"speaking":  {4, 20},
			"publish":   {1, 10},
			"subscribe": {1, 10},
		},
	}
}

// A sessionLimiter slows one session down. Used by one goroutine.
type sessionLimiter struct {
	budgets  Budgets
	messages *rate.Limiter
	bytes    *rate.Limiter
	types    map[string]*rate.Limiter
}

func newSessionLimiter(b Budgets) *sessionLimiter {
	return &sessionLimiter{
		budgets:  b,
		messages: rate.NewLimiter(b.Messages.PerSecond, b.Messages.Burst),
		bytes:    rate.NewLimiter(b.Bytes.PerSecond, b.Bytes.Burst),
		types:    map[string]*rate.Limiter{},
	}
}

// wait takes a message of n bytes into account and returns when it may be
// handled. Waiting leaves what the client sends further in the network: it is
// slowed down, and nothing is lost.
func (l *sessionLimiter) wait(ctx context.Context, n int) error {
	if err := l.messages.Wait(ctx); err != nil {
		return err
	}
	return l.bytes.WaitN(ctx, n)
}

// waitType is wait for the budget of one type.
func (l *sessionLimiter) waitType(ctx context.Context, typ string) error {
	b, ok := l.budgets.Types[typ]
	if !ok {
		return nil
	}
	if l.types[typ] == nil {
		l.types[typ] = rate.NewLimiter(b.PerSecond, b.Burst)
	}
	return l.types[typ].Wait(ctx)
}

// An address is where a request comes from. Logs show its network only.
type address struct{ netip.Addr }

// LogValue shortens the address to /24 or /48.
func (a address) LogValue() slog.Value {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil || !p.IsValid() {
		return slog.StringValue("unknown")
	}
	return slog.StringValue(p.String())
}

// address returns where r comes from; the zero address when that is not known.
func (s *Server) address(r *http.Request) address {
	text, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		text = r.RemoteAddr
	}
	if s.cfg.BehindProxy {
		// The proxy's own entry is the last; those before it anybody may write.
		if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
			list := strings.Split(all[len(all)-1], ",")
			text = strings.TrimSpace(list[len(list)-1])
		}
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return address{}
	}
	return address{a.Unmap().WithZone("")}
}

// Bounds of an addressLimiter. More addresses cost memory, fewer let those
// beyond share one budget sooner.
const (
	maxAddresses = 1 << 14
	addressIdle  = 10 * time.Minute // by then a budget is full again
)

// An addressLimiter has one budget for each IPv4 address and each IPv6 /64.
// Safe for concurrent use.
type addressLimiter struct {
	budget Budget

	// Guarded by mu.
	mu   sync.Mutex
	seen map[netip.Prefix]*addressBudget
	rest *rate.Limiter // shared by all that do not fit in seen
}

type addressBudget struct {
	*rate.Limiter
	last time.Time
}

func newAddressLimiter(b Budget) *addressLimiter {
	return &addressLimiter{budget: b, seen: map[netip.Prefix]*addressBudget{}, rest: rate.NewLimiter(b.PerSecond, b.Burst)}
}

// allow reports whether one more request from a is within its budget.
func (l *addressLimiter) allow(a address, now time.Time) bool {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	network, err := a.Prefix(bits)
	if err != nil {
		network = netip.Prefix{} // all that have no address share one budget
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.seen[network]
	if b == nil {
		if len(l.seen) >= maxAddresses {
			l.expire(now)
		}
		if len(l.seen) >= maxAddresses {
			return l.rest.AllowN(now, 1)
		}
		b = &addressBudget{Limiter: rate.NewLimiter(l.budget.PerSecond, l.budget.Burst)}
		l.seen[network] = b
	}
	b.last = now
	return b.AllowN(now, 1)
}

func (l *addressLimiter) expire(now time.Time) {
	for network, b := range l.seen {
		if now.Sub(b.last) >= addressIdle {
			delete(l.seen, network)
		}
	}
}
