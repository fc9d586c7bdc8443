package link

import (
	"testing"

	"incamera/e2ee/internal/golden"
)

// TestLeaveVector, and that no bit of a leave can be altered.
func TestLeaveVector(t *testing.T) {
	l, device := testLink()
	member := MemberID(seed(0x30)[:16])
	encoded := SignLeave(l.Room, member, device)
	golden.Check(t, "leave.json", map[string]any{
		"room": l.Room, "member": golden.Hex(member[:]), "deviceSeed": golden.Hex(device.Seed()), "device": golden.Hex(publicOf(device)),
		"leave": golden.Hex(encoded),
	})
	if back, err := ParseLeave(encoded); err != nil || back != member || !SignedLeave(l.Room, encoded, publicOf(device)) {
		t.Errorf("read back as %x: %v", back, err)
	}
	for i := range 8 * len(encoded) {
		bad := append([]byte(nil), encoded...)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := ParseLeave(bad); err == nil && SignedLeave(l.Room, bad, publicOf(device)) {
			t.Fatalf("bit %d can be altered", i)
		}
	}
	if SignedLeave("another", encoded, publicOf(device)) {
		t.Error("it holds in another room")
	}
	for _, n := range []int{0, 1, LeaveSize - 1} {
		if _, err := ParseLeave(encoded[:n]); err == nil || SignedLeave(l.Room, encoded[:n], publicOf(device)) {
			t.Errorf("%d bytes are taken", n)
		}
	}
	if _, err := ParseLeave(append(encoded, 0)); err == nil {
		t.Error("a byte too many is taken")
	}
}
