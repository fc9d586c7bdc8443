package udp

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// A burst to one destination is one message to the kernel, a shorter packet
// ends it, and a longer one begins another.
func TestRuns(t *testing.T) {
	c := open(t, "127.0.0.1:0")
	if !c.segments.Load() {
		t.Skip("this kernel does not take runs")
	}
	_, to := receiver(t)
	d := c.Dest(to)
	for i, want := range []int{1, 1, 1, 2, 2, 1, 2} {
		before := c.Totals()
		b := c.Batch()
		for _, size := range sizes[i] {
			b.Reserve(d, size)
		}
		b.Send()
		got := c.Totals()
		if runs := int(got.Runs - before.Runs); runs != want || int(got.Packets-before.Packets) != len(sizes[i]) {
			t.Errorf("%v left in %d runs of %d packets, want %d", sizes[i], runs, got.Packets-before.Packets, want)
		}
	}
}

// A run that the kernel refuses is sent packet by packet, and the next one is
// no run.
func TestRefusedRunsAreSentSingly(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EINVAL, unix.EMSGSIZE, unix.EIO} {
		c := open(t, "127.0.0.1:0")
		r, to := receiver(t)
		d := c.Dest(to)
		list := []int{1200, 1200, 1200, 700}
		b := c.Batch()
		for i, size := range list {
			copy(b.Reserve(d, size), packet(i, size))
		}
		b.singly(0, errno)
		check := func() {
			t.Helper()
			for i, size := range list {
				if got := get(t, r); !bytes.Equal(got, packet(i, size)) {
					t.Fatalf("packet %d arrived with %d bytes", i, len(got))
				}
			}
		}
		check()
		again := c.Batch()
		for i, size := range list {
			copy(again.Reserve(d, size), packet(i, size))
		}
		if again.n != len(list) {
			t.Errorf("after %v the next packets are %d runs, want %d", errno, again.n, len(list))
		}
		again.Send()
		check()
	}
}
