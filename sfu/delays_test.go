package sfu_test

import (
	"testing"
	"time"

	"incamera/sfu"
	"incamera/sfu/delay"
	"incamera/sfu/sfutest"
)

// TestDelaysAreCounted: each packet that is sent on is counted by how long ago the
// first of its frame came to the machine.
func TestDelaysAreCounted(t *testing.T) {
	server := sfutest.Open(t)
	room := server.NewRoom()
	a, b, c := sfutest.Join(t, room, "a"), sfutest.Join(t, room, "b"), sfutest.Join(t, room, "c")
	a.Peer.SetSources([]sfu.Source{sfu.Camera})
	watch(b, "a", a)
	watch(c, "a", a)
	inject := sfu.NewInjector(a.Peer)
	packet := func(seq byte) []byte {
		p := make([]byte, 1000)
		copy(p, []byte{0x80, 96, 0, seq, 0, 0, 0, 0, 0, 0, 0, 0, 0x90, 0x80, 0x80, 0, 0x10})
		return p
	}
	ends := func(seq byte) []byte {
		p := packet(seq)
		p[1] |= 0x80
		return p
	}
	inject.Inject(ends(1)) // the key frame
	before := server.Stats()
	inject.Late(packet(2), 3*time.Second)
	inject.Inject(ends(3))
	after := server.Stats()
	took := after.Forwarded.Since(before.Forwarded)
	if late := took.Packets[len(delay.Bounds)]; late != 4 || after.PacketsOut-before.PacketsOut != 4 || after.Paced.Total() != 0 {
		t.Errorf("of two packets to two %d are counted as late: %+v", late, took)
	}
}
