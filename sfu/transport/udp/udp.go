// Package udp is one UDP port for many destinations, made for sending: packets
// of one burst to one destination leave in one system call as one run
// (UDP_SEGMENT on Linux), and the socket is not in Go's poller, which would be
// woken for each packet that the kernel has sent.
package udp

import (
	"net"
	"net/netip"
	"sync/atomic"

	"incamera/sfu/delay"
)

const (
	// maxRuns and maxPackets bound what one call of the kernel sends. More, and
	// the call holds a processor of Go's scheduler for longer than 200 µs; less,
	// and calls cost more than they save.
	maxRuns    = 32
	maxPackets = 128
	// maxSegments and maxRunBytes bound one run: the kernel takes 64 segments,
	// and 65507 bytes with IPv4.
	maxSegments = 44
	maxRunBytes = 64_000
	// arenaSize holds maxPackets packets of the largest size, and stays in the
	// second-level cache.
	arenaSize = maxPackets * maxPacket
	maxPacket = 1600

	// bufferSize is of the socket, each way. The default of 208 KiB holds one
	// 200 ms burst of 8 Mbit/s; key frames arrive in bursts.
	bufferSize = 4 << 20
)

// Totals are what was sent since the port was opened. Runs are messages given
// to the kernel: packets of one run leave together.
type Totals struct {
	Packets, Runs uint64
	Dropped       uint64 // packets that the kernel refused, the socket's buffer being full or the destination not to be reached
	// Delays are of packets of which it was said when they came to this machine, until
	// the kernel has had them again.
	Delays delay.Counts
}

type totals struct {
	packets, runs, dropped atomic.Uint64
	delays                 delay.Counter
}

// Totals returns the totals so far. Safe for concurrent use.
func (c *Conn) Totals() Totals {
	return Totals{Packets: c.totals.packets.Load(), Runs: c.totals.runs.Load(), Dropped: c.totals.dropped.Load(), Delays: c.totals.delays.Counts()}
}

// Open takes a UDP port; port 0 picks one. The error is that of package net.
func Open(addr netip.AddrPort) (*Conn, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	return Over(conn)
}

// prepare widens the socket's buffers, as much as the system allows, and
// returns its address.
func prepare(conn *net.UDPConn) *net.UDPAddr {
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		panic("udp: internal error: not a UDP address")
	}
	_ = conn.SetReadBuffer(bufferSize)
	_ = conn.SetWriteBuffer(bufferSize)
	return local
}

// LocalAddr returns the address that was taken, a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.local }
