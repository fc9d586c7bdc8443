// Package sfu forwards media that it cannot read. It knows peers, sources and
// packets, not people: a room of peers, each with a publish connection of up
// to four sources and a subscribe connection of seats, negotiated once.
//
// Control (who is on which seat) is guarded by one mutex per room. The packet
// path takes none of it: a source's seats are an immutable list behind an
// atomic pointer, and each seat has a lock of its own for its numbers.
package sfu

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"incamera/sfu/trace"
	"incamera/sfu/transport"
)

// A PeerID names a peer within its room. It is opaque here.
type PeerID string

// A Source is one of the things that a peer publishes.
type Source uint8

// The sources.
const (
	Mic Source = iota
	Camera
	Screen
	ScreenAudio
	sourceCount = 4
)

// String returns the name of the source in the signaling protocol.
func (s Source) String() string {
	return [...]string{"mic", "camera", "screen", "screen-audio"}[s]
}

// IsVideo reports whether the source is a picture.
func (s Source) IsVideo() bool { return s == Camera || s == Screen }

// partner returns the source that goes with s: voice with face, sound with
// screen.
func (s Source) partner() Source { return [...]Source{Camera, Mic, ScreenAudio, Screen}[s] }

// Config says where media is received.
type Config struct {
	Listen    netip.AddrPort // UDP; port 0 picks one
	Conn      *net.UDPConn   // taken over instead, when not nil; Listen is its address
	Advertise []netip.Addr   // under which clients reach Listen's port; none: those that it listens on
	TCP       bool           // ServeTCP is called for clients that come to the same number by TCP
	Log       *slog.Logger

	// Trace keeps recordings of the rooms; nil: there are none.
	Trace *trace.Folder

	// LostAfter is how long a connection may be silent before its peer is told
	// to be lost; 0 means 15 s. Shorter, and a change of networks ends it;
	// longer, and who has vanished stays on screen.
	LostAfter time.Duration
}

const defaultLostAfter = 15 * time.Second

// A Server owns the media port. Safe for concurrent use.
type Server struct {
	log       *slog.Logger
	trace     *trace.Folder
	transport *transport.Transport
	counters  counters
}

// New takes the UDP port. The error names the port when it is in use.
func New(cfg Config) (*Server, error) {
	if cfg.LostAfter == 0 {
		cfg.LostAfter = defaultLostAfter
	}
	t, err := transport.Open(transport.Config{Listen: cfg.Listen, Conn: cfg.Conn, Advertise: cfg.Advertise, TCP: cfg.TCP, LostAfter: cfg.LostAfter, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	return &Server{log: cfg.Log, trace: cfg.Trace, transport: t}, nil
}

// Port returns the UDP port.
func (s *Server) Port() uint16 { return s.transport.Port() }

// ServeTCP carries the media of a client over a TCP connection (RFC 6544), until
// it is over, and closes it. All calls have returned when Close returns.
func (s *Server) ServeTCP(conn net.Conn) { s.transport.ServeTCP(conn) }

// ServeTURN lets a client use the relay over a TCP connection, or TLS, as
// ServeTCP does for media.
func (s *Server) ServeTURN(conn net.Conn) { s.transport.ServeTURN(conn) }

// Invite makes credentials for the relay (RFC 8656), by which one participant
// reaches the media plane, and nothing else. They hold until revoke is called.
func (s *Server) Invite() (username, password string, revoke func()) {
	c, revoke := s.transport.Invite()
	return c.Username, c.Password, revoke
}

// Refused reports whether there are browsers that take no media of an address,
// unless by the relay: Chromium at private ones with ports below 1024.
func Refused(at netip.AddrPort) bool { return transport.Refused(at) }

// NeedsRelay reports whether there are browsers that reach the port by the
// relay only: Chromium does where the port is below 1024 and an address private.
func (s *Server) NeedsRelay() bool { return s.transport.NeedsRelay() }

// Close frees the port. Rooms are to be closed before.
func (s *Server) Close() error { return s.transport.Close() }

// NewRoom returns an empty room. Media is forwarded between its peers only. Where
// there are recordings it holds a goroutine until it is closed.
func (s *Server) NewRoom() *Room {
	r := s.NewTestRoom()
	r.trace = s.trace.Recorder()
	return r
}

// NewTestRoom is NewRoom for a connection test, which nobody records.
func (s *Server) NewTestRoom() *Room {
	return &Room{server: s, peers: map[PeerID]*Peer{}}
}
