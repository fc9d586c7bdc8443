// Package signaling serves the HTTP API and the socket of PROTOCOL.md part 1:
// it decides who may speak, how much and how fast, and hands what is said to
// the rooms.
package signaling

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"incamera/signaling/auth"
	"incamera/signaling/files"
	"incamera/signaling/hook"
	"incamera/signaling/room"
	"incamera/signaling/store"
	"incamera/signaling/token"
	"incamera/signaling/wire"
)

// Config is what an operator or a test may choose. See [DefaultConfig].
type Config struct {
	Room       room.Config
	MaxRooms   int
	MaxSockets int
	// NewMedia makes the media plane of one room; nil: offers fail.
	NewMedia func() (room.Media, error)
	// NewTestMedia makes the one of a connection test; nil: NewMedia does.
	NewTestMedia func() (room.Media, error)
	// BehindProxy takes the client's address from the last X-Forwarded-For.
	BehindProxy bool
	// Store says who may make rooms; nil: anybody. It stays the caller's.
	Store *store.Store
	// SignIn lets people make rooms who sign in; nil: nobody signs in. It needs a Store.
	SignIn *auth.SignIn
	// Told hears of rooms that come and go, by the names that operators have for
	// them. It must not block; nil: nobody does.
	Told func(hook.Event)
	// PermitKey is the store's; not used without one.
	PermitKey []byte
	// Files keeps what people send each other; nil: no files here.
	Files   *files.Store
	Log     *slog.Logger
	Times   Times
	Budgets Budgets
}

// Times of a socket (PROTOCOL.md 1.2).
type Times struct {
	Join   time.Duration // from connecting to join
	Ping   time.Duration // between pings
	Silent time.Duration // without a sign of life, until the socket is dropped
	Write  time.Duration // for one message to leave
	Close  time.Duration // for a client to read the last message
}

// DefaultConfig returns values for a server of some thousand people. Log and
// NewMedia are for the caller to set.
func DefaultConfig() Config {
	return Config{
		Room:       room.DefaultConfig(),
		MaxRooms:   5000,
		MaxSockets: 20000,
		Log:        slog.New(slog.DiscardHandler),
		Times: Times{
			Join:   10 * time.Second,
			Ping:   15 * time.Second,
			Silent: 40 * time.Second,
			Write:  10 * time.Second,
			Close:  2 * time.Second,
		},
		Budgets: DefaultBudgets(),
	}
}

// A Server is an [http.Handler] for /api/ and /ws.
type Server struct {
	// Static after construction.
	cfg       Config
	mux       *http.ServeMux
	permitKey []byte
	adminKey  [32]byte                   // names rooms to operators, until the next start
	addresses map[string]*addressLimiter // by what is asked for
	nobody    token.Hash                 // compared with where there is no room
	life      context.Context            // the lifetime of the server itself
	end       context.CancelFunc

	// Guarded by mu: only the map and what a request needs to begin.
	mu     sync.Mutex
	rooms  map[string]*entry
	ended  map[string]time.Time // rooms that an operator has ended: until when nobody makes them again
	ending bool

	// Atomic.
	draining atomic.Bool // no new rooms

	// Waited for by Close.
	requests sync.WaitGroup // requests and sockets
	loops    sync.WaitGroup // rooms

	counters counters
	closed   closedRooms
	links    links
	probes   probes
}

// counters are for the operator; none is of a room or a person. Atomic.
type counters struct {
	sockets, joined, resumed, refused, malformed, created, uninvited, unredeemed, unsigned, unauthorized, filesRefused atomic.Int64

	limited map[string]*atomic.Int64 // by what is asked for; the map is static
}

// An entry is a room that exists. Immutable.
type entry struct {
	room *room.Room
	made time.Time
}

// New returns a server. Close ends it.
func New(cfg Config) *Server {
	_, nobody := token.New()
	life, end := context.WithCancel(context.Background())
	if cfg.Files != nil {
		cfg.Room.MaxFile = uint64(cfg.Files.Max())
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), permitKey: cfg.PermitKey, nobody: nobody, life: life, end: end, rooms: map[string]*entry{}, ended: map[string]time.Time{}}
	_, _ = rand.Read(s.adminKey[:]) // never fails; crypto/rand ends the process instead
	s.addresses = map[string]*addressLimiter{
		"create":  newAddressLimiter(cfg.Budgets.Create),
		"redeem":  newAddressLimiter(cfg.Budgets.Redeem),
		"look":    newAddressLimiter(cfg.Budgets.Look),
		"socket":  newAddressLimiter(cfg.Budgets.Socket),
		"admin":   newAddressLimiter(cfg.Budgets.Admin),
		"sign-in": newAddressLimiter(cfg.Budgets.SignIn),
		"file":    newAddressLimiter(cfg.Budgets.File),
		"probe":   newAddressLimiter(cfg.Budgets.Probe),
	}
	s.counters.limited = map[string]*atomic.Int64{}
	for what := range s.addresses {
		s.counters.limited[what] = &atomic.Int64{}
	}
	s.mux.Handle("/api/rooms", s.guard("create", http.MethodPost, s.createRoom))
	s.mux.Handle("/api/redeem", s.guard("redeem", http.MethodPost, s.redeem))
	s.mux.Handle("/api/look", s.guard("look", http.MethodPost, s.look))
	s.mux.Handle("/api/leave", s.guard("socket", http.MethodPost, s.leave))
	if cfg.Store != nil {
		s.mux.Handle("/api/admin/", s.limit("admin", "", s.administer()))
	}
	if cfg.SignIn != nil {
		s.mux.Handle("/auth/login", s.limit("sign-in", http.MethodGet, s.beginSignIn))
		s.mux.Handle("/auth/callback", s.limit("sign-in", http.MethodGet, s.finishSignIn))
	}
	s.mux.Handle("/api/probe", s.guard("probe", http.MethodPost, s.probe))
	s.handleFiles()
	s.mux.Handle("/ws", s.guard("socket", http.MethodGet, s.serveSocket))
	s.mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answerError(w, http.StatusNotFound, wire.CodeInvalid, "There is nothing here.")
	}))
	return s
}

// ServeHTTP answers requests for /api/ and /ws.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close tells all sockets that the server goes away, ends all rooms, and waits
// for both until ctx is done.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.end()
	done := make(chan struct{})
	go func() {
		s.requests.Wait()
		s.loops.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("signaling: sockets still open at the end: %w", ctx.Err())
	}
}

// A Metric is one figure for the operator. Those of one name stand together,
// and share its help and kind.
type Metric struct {
	Name, Help string
	Gauge      bool // may fall; otherwise a counter
	Value      float64
	// Label and Of tell figures of one name apart: a word of the program's own,
	// never a room or a person. Empty: there is one such figure.
	Label, Of string
	// Histogram is whose figure this is, by the rules of Prometheus for their names; empty: of none.
	Histogram string
}

// Metrics returns figures of the whole server, none of a room or a person.
func (s *Server) Metrics() []Metric {
	c := &s.counters
	figures := []Metric{
		{Name: "incamera_rooms", Help: "Rooms that exist now.", Gauge: true, Value: float64(len(s.entries()))},
		{Name: "incamera_participants", Help: "Sessions in all rooms now.", Gauge: true, Value: float64(s.people())},
		{Name: "incamera_sockets", Help: "Signaling sockets open now.", Gauge: true, Value: float64(c.sockets.Load())},
		{Name: "incamera_rooms_created_total", Help: "Rooms made.", Value: float64(c.created.Load())},
		{Name: "incamera_malformed_total", Help: "Messages that could not be understood.", Value: float64(c.malformed.Load())},
	}
	for _, r := range []struct {
		of string
		n  *atomic.Int64
	}{{"joined", &c.joined}, {"resumed", &c.resumed}, {"refused", &c.refused}} {
		figures = append(figures, Metric{
			Name: "incamera_sessions_total", Help: "Sessions begun, resumed with another socket, and refused (looks at a room included) for room or token.",
			Label: "result", Of: r.of, Value: float64(r.n.Load()),
		})
	}
	for _, f := range []struct {
		of string
		n  *atomic.Int64
	}{{"invite", &c.uninvited}, {"admin-link", &c.unredeemed}, {"sign-in", &c.unsigned}, {"admin", &c.unauthorized}} {
		figures = append(figures, Metric{
			Name: "incamera_auth_failures_total", Help: "Rooms not made for want of an invite that holds, admin links that did not hold, people who were not signed in, and requests to the operators' API without a pass.",
			Label: "method", Of: f.of, Value: float64(f.n.Load()),
		})
	}
	if s.cfg.Files != nil {
		count, used := s.cfg.Files.Usage()
		figures = append(figures,
			Metric{Name: "incamera_files", Help: "Sealed files kept or under way now.", Gauge: true, Value: float64(count)},
			Metric{Name: "incamera_file_bytes", Help: "Bytes promised to files now.", Gauge: true, Value: float64(used)},
			Metric{Name: "incamera_files_refused_total", Help: "Files not taken for their size or for want of room.", Value: float64(c.filesRefused.Load())})
	}
	for _, surface := range slices.Sorted(maps.Keys(c.limited)) {
		figures = append(figures, Metric{
			Name: "incamera_ratelimited_total", Help: "Requests refused for their rate.",
			Label: "surface", Of: surface, Value: float64(c.limited[surface].Load()),
		})
	}
	return figures
}
