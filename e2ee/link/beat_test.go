package link

import (
	"testing"

	"incamera/e2ee/internal/golden"
)

// TestBeatVector, and that no bit of a beat can be altered.
func TestBeatVector(t *testing.T) {
	l, host := testLink()
	group := append([]byte(l.Room), seed(0x70)[:16]...)
	h := HistoryOf(group, 0x0102030405, seed(0x20))
	b := Beat{Member: MemberID(seed(0x30)[:16]), Number: 7, Epoch: 0x0102030405, History: h}
	encoded := b.Sign(l.Room, host)
	golden.Check(t, "beat.json", map[string]any{
		"room": l.Room, "groupId": golden.Hex(group), "epoch": b.Epoch, "transcript": golden.Hex(seed(0x20)), "history": golden.Hex(h[:]),
		"member": golden.Hex(b.Member[:]), "number": b.Number, "deviceSeed": golden.Hex(host.Seed()), "device": golden.Hex(publicOf(host)),
		"beat": golden.Hex(encoded),
	})
	if back, err := ParseBeat(encoded); err != nil || back != b || !SignedBeat(l.Room, encoded, publicOf(host)) {
		t.Errorf("read back as %+v: %v", back, err)
	}
	for i := range 8 * len(encoded) {
		bad := append([]byte(nil), encoded...)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := ParseBeat(bad); err == nil && SignedBeat(l.Room, bad, publicOf(host)) {
			t.Fatalf("bit %d can be altered", i)
		}
	}
	if SignedBeat("another", encoded, publicOf(host)) {
		t.Error("it holds in another room")
	}
	for _, n := range []int{0, 1, BeatSize - 1} {
		if _, err := ParseBeat(encoded[:n]); err == nil || SignedBeat(l.Room, encoded[:n], publicOf(host)) {
			t.Errorf("%d bytes are taken", n)
		}
	}
	if _, err := ParseBeat(append(encoded, 0)); err == nil {
		t.Error("a byte too many is taken")
	}
	if HistoryOf(group, 1, seed(0)) == HistoryOf(group, 2, seed(0)) || HistoryOf(group, 1, seed(0)) == HistoryOf(group, 1, seed(1)) {
		t.Error("two histories are one")
	}
}
