package sfu

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"incamera/sfu/rtpx"
)

func filled(sizes ...int) *burst {
	b := &burst{late: time.AfterFunc(time.Hour, func() {})}
	for i, n := range sizes {
		p := b.next()
		p.header = rtpx.Header{Payload: bytes.Repeat([]byte{byte(i + 1)}, n)}
		b.add(p, time.Time{})
	}
	return b
}

// Packets of almost one size become of one size, by padding that says how long
// it is (RFC 3550 §5.1); others stay as they were, and so does the last.
func TestEqualise(t *testing.T) {
	for _, tc := range []struct{ sizes, want []int }{
		{[]int{1000}, []int{1000}},
		{[]int{1000, 1000}, []int{1000, 1000}},
		{[]int{988, 1000, 999}, []int{1000, 1000, 999}},
		{[]int{1000, 999, 998, 500}, []int{1000, 1000, 998, 500}},
		{[]int{1000, 900, 1000}, []int{1000, 900, 1000}},
		{[]int{983, 1000}, []int{983, 1000}},
		{[]int{984, 1000}, []int{1000, 1000}},
		{[]int{990, 1000, 980, 1000}, []int{1000, 1000, 980, 1000}},
	} {
		packets := filled(tc.sizes...).take()
		var got []int
		for i := range packets {
			p := &packets[i]
			payload := p.payload()
			got = append(got, len(payload))
			n := len(p.header.Payload)
			if n != tc.sizes[i] || !bytes.Equal(payload[:n], bytes.Repeat([]byte{byte(i + 1)}, n)) {
				t.Errorf("%v: packet %d has changed", tc.sizes, i)
			}
			if p.pad > 0 && (int(payload[len(payload)-1]) != p.pad || len(payload) != n+p.pad) {
				t.Errorf("%v: packet %d ends with %d, padded by %d", tc.sizes, i, payload[len(payload)-1], p.pad)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%v became %v, want %v", tc.sizes, got, tc.want)
		}
	}
}

func TestBurstIsSentWhenItIsWhole(t *testing.T) {
	b := filled()
	for i := range maxBurst {
		p := b.next()
		p.header = rtpx.Header{Payload: []byte{1}}
		if full := b.add(p, time.Time{}); full != (i == maxBurst-1) {
			t.Fatalf("after packet %d: full is %t", i, full)
		}
	}
	if n := len(b.take()); n != maxBurst || len(b.take()) != 0 {
		t.Errorf("took %d", n)
	}
	p := b.next()
	p.header = rtpx.Header{Marker: true}
	if !b.add(p, time.Time{}) {
		t.Error("the end of a frame waits")
	}
}

// TestDescriptorThatLeavesNoRoom: a descriptor is kept beside the payload, as it came
// and as it is padded, or the packet is none that can be sent on.
func TestDescriptorThatLeavesNoRoom(t *testing.T) {
	for _, tc := range []struct {
		payload, descriptor int
		fits                bool
	}{{1100, 100, true}, {maxPacket - 255, 255, true}, {maxPacket - 254, 255, false}, {maxPacket, 3, false}} {
		b := filled()
		p := b.next()
		p.header = rtpx.Header{Payload: bytes.Repeat([]byte{1}, tc.payload)}
		if fits := p.tell(bytes.Repeat([]byte{2}, tc.descriptor)); fits != tc.fits {
			t.Errorf("%d bytes with a descriptor of %d fit: %t", tc.payload, tc.descriptor, fits)
		}
		if !tc.fits {
			continue
		}
		b.add(p, time.Time{})
		next := b.next()
		next.header = rtpx.Header{Payload: bytes.Repeat([]byte{1}, tc.payload+maxPad)[:min(tc.payload+maxPad, maxPacket)]}
		b.add(next, time.Time{})
		got := b.take()[0]
		if !bytes.Equal(got.descriptor, bytes.Repeat([]byte{2}, tc.descriptor)) || !bytes.Equal(got.header.Payload, bytes.Repeat([]byte{1}, tc.payload)) {
			t.Errorf("of %d bytes with a descriptor of %d something is lost", tc.payload, tc.descriptor)
		}
	}
}
