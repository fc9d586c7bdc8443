package sfutest

import (
	"context"
	"fmt"
	"net"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"

	"incamera/sfu"
)

// A Crowd are subscribers with a camera seat for each they watch, for measuring. They tell
// nothing of their networks, so that a burst goes at once.
type Crowd struct {
	tb    testing.TB
	conns []*net.UDPConn
}

// Gather makes n subscribers that watch the owners' cameras, and returns when
// they are connected. They leave with the test.
func Gather(tb testing.TB, room *sfu.Room, n int, owners ...sfu.PeerID) *Crowd {
	tb.Helper()
	c := &Crowd{tb: tb}
	for i := range n {
		peer, err := room.NewPeer(sfu.PeerID(fmt.Sprintf("viewer-%d", i)), sfu.Events{Seats: func([]sfu.Seat) {}, Closed: func(string) {}})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(peer.Close)
		peer.SetInside(true)
		pc, conn := dial(tb, Way{Silent: true})
		tb.Cleanup(func() { _ = pc.Close() })
		var sources []sfu.Source
		var tiles []sfu.Tile
		for _, owner := range owners {
			receive(tb, pc, sfu.Camera)
			sources = append(sources, sfu.Camera)
			tiles = append(tiles, sfu.Tile{Owner: owner, Kind: sfu.Camera, Width: 1280, Height: 720})
		}
		done := connected(pc)
		offer(tb, pc, func(sdp string) (string, error) {
			return peer.Subscribe(context.Background(), sdp, sources)
		})
		await(tb, done)
		peer.SetView(tiles)
		c.conns = append(c.conns, conn)
	}
	return c
}

// Deafen has the kernel drop media before it wakes anybody, so that the
// receivers cost nothing but the kernel's way to them.
func (c *Crowd) Deafen() {
	c.tb.Helper()
	for _, conn := range c.conns {
		Deafen(c.tb, conn)
	}
}

// Deafen has the kernel drop what comes to a socket as media (first byte 128
// and above) before it wakes anybody. What keeps connections up still
// arrives.
func Deafen(tb testing.TB, conn *net.UDPConn) {
	tb.Helper()
	const header = 8 // of UDP, where the filter's packet begins
	filter, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: header, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: 128, SkipFalse: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 0xffff},
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := ipv4.NewPacketConn(conn).SetBPF(filter); err != nil {
		tb.Fatal(err)
	}
}
