package ring

import (
	"bytes"
	"testing"
)

func TestRingKeepsTheLatest(t *testing.T) {
	r := New()
	buf := make([]byte, 1500)
	for seq := uint64(70_000); seq < 73_000; seq++ {
		r.Put(seq, []byte{byte(seq), byte(seq >> 8)})
	}
	for seq := uint64(69_990); seq < 73_010; seq++ {
		got := r.Get(seq, buf)
		if kept := seq >= 73_000-slots && seq < 73_000; kept != (got != nil) {
			t.Fatalf("packet %d: kept %t, want %t", seq, got != nil, kept)
		}
		if got != nil && !bytes.Equal(got, []byte{byte(seq), byte(seq >> 8)}) {
			t.Fatalf("packet %d comes back as %x", seq, got)
		}
	}
}

func TestRingRefusesLateAndLarge(t *testing.T) {
	r := New()
	r.Put(5000, []byte("new"))
	r.Put(5000-slots, []byte("late"))
	buf := make([]byte, 1500)
	if got := r.Get(5000, buf); string(got) != "new" {
		t.Errorf("a late packet replaced a new one: %q", got)
	}
	r.Put(6000, make([]byte, maxSize+1))
	if got := r.Get(6000, buf); got != nil {
		t.Errorf("a packet larger than a slot was kept")
	}
	if got := r.Get(5000, buf[:1]); got != nil {
		t.Errorf("a packet was cut to fit: %q", got)
	}
}
