package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"incamera/signaling/room"
)

// A media is the media plane of the server.
type media struct{ socket *net.UDPConn }

func openMedia(addr netip.AddrPort, _ []netip.Addr, _ *slog.Logger) (*media, error) {
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("opening the media port: %w", err)
	}
	return &media{socket}, nil
}

// NewRoom makes the media side of a room; nil where there is none.
func (m *media) NewRoom() (room.Media, error) { return nil, nil }

// Close ends the media plane.
func (m *media) Close() { _ = m.socket.Close() }
