package link

import (
	"crypto/ed25519"
	"errors"

	"incamera/e2ee/eddsa"
)

const leaveLabel = "incamera leave v1\x00"

// LeaveSize is the size of every leave as encoded.
const LeaveSize = 1 + len(MemberID{}) + ed25519.SignatureSize

// SignLeave returns what a member says who leaves on purpose, signed by the
// leaf's device (PROTOCOL.md 2.13). It is of one leaf.
func SignLeave(room Room, member MemberID, device ed25519.PrivateKey) []byte {
	fields := append([]byte{1}, member[:]...)
	return append(fields, ed25519.Sign(device, leaveStatement(room, fields))...)
}

func leaveStatement(room Room, fields []byte) []byte {
	return append([]byte(leaveLabel+string(room)), fields...)
}

// ParseLeave returns the member that a leave is of. It holds only if SignedLeave
// says so of the device of that member's leaf.
func ParseLeave(encoded []byte) (MemberID, error) {
	if len(encoded) != LeaveSize || encoded[0] != 1 {
		return MemberID{}, errors.New("reading a leave: of another size or version")
	}
	return MemberID(encoded[1 : 1+len(MemberID{})]), nil
}

// SignedLeave reports whether a leave as encoded was signed by a device.
func SignedLeave(room Room, encoded []byte, device ed25519.PublicKey) bool {
	n := len(encoded) - ed25519.SignatureSize
	return n > 0 && eddsa.Verify(device, leaveStatement(room, encoded[:n]), encoded[n:])
}
