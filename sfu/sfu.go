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
	"net/netip"
	"sync/atomic"

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

// Config says where media is received.
type Config struct {
	Listen    netip.AddrPort // UDP; port 0 picks one
	Advertise []netip.Addr   // further addresses under which clients reach Listen's port
	Log       *slog.Logger
}

// A Server owns the media port. Safe for concurrent use.
type Server struct {
	log       *slog.Logger
	transport *transport.Transport
	counters  counters
}

// counters are read by Stats while the packet path adds to them.
type counters struct {
	in, out, resent, malformed, duplicates, unwritable, pli, pliCoalesced atomic.Uint64
}

// Stats are totals since the server was made.
type Stats struct {
	PacketsIn, PacketsOut uint64
	Resent                uint64 // retransmissions, answers to NACK
	Garbage               uint64 // UDP packets of no connection
	Malformed             uint64 // RTP that shows no valid beginning of its codec
	Duplicates            uint64 // received twice (bandwidth probes)
	Unwritable            uint64 // could not be sent to a subscriber
	KeyFrameRequests      uint64 // sent to publishers
	KeyFrameCoalesced     uint64 // asked for by subscribers, not sent on at once
}

// New takes the UDP port. The error names the port when it is in use.
func New(cfg Config) (*Server, error) {
	t, err := transport.Open(cfg.Listen, cfg.Advertise)
	if err != nil {
		return nil, err
	}
	return &Server{log: cfg.Log, transport: t}, nil
}

// Port returns the UDP port.
func (s *Server) Port() uint16 { return s.transport.Port() }

// Stats returns the totals so far.
func (s *Server) Stats() Stats {
	c := &s.counters
	return Stats{
		PacketsIn: c.in.Load(), PacketsOut: c.out.Load(), Resent: c.resent.Load(),
		Garbage: s.transport.Garbage(), Malformed: c.malformed.Load(), Duplicates: c.duplicates.Load(),
		Unwritable: c.unwritable.Load(), KeyFrameRequests: c.pli.Load(), KeyFrameCoalesced: c.pliCoalesced.Load(),
	}
}

// Close frees the port. Rooms are to be closed before.
func (s *Server) Close() error { return s.transport.Close() }

// NewRoom returns an empty room. Media is forwarded between its peers only.
func (s *Server) NewRoom() *Room {
	return &Room{server: s, peers: map[PeerID]*Peer{}}
}
