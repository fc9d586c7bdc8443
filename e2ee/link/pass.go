package link

import (
	"crypto/ed25519"
	"encoding/binary"

	"incamera/e2ee/eddsa"
)

const passLabel = "incamera pass v1\x00"

// A Role is for whom the server is to take a session.
type Role uint8

// The roles that a pass can give.
const (
	RoleModerator Role = 1
	RoleHost      Role = 2
)

// A Pass is the host's word to the server that a session may give orders in
// the room (PROTOCOL.md 1.5). It names the session, which is never used twice,
// so it is of use to nobody else and ends with it; a pass that was made after
// a later grant makes it void. It tells the server nothing of who it is.
type Pass struct {
	Grant     uint32 // number of the grant in force when it was made
	Role      Role
	Session   string
	Signature []byte // Ed25519 by the host
}

func (p Pass) statement(room Room) []byte {
	b := binary.BigEndian.AppendUint32([]byte(passLabel+string(room)), p.Grant)
	return append(append(b, byte(p.Role)), p.Session...)
}

// MakePass signs a pass with the host's key.
func MakePass(room Room, host ed25519.PrivateKey, grant uint32, role Role, session string) Pass {
	p := Pass{Grant: grant, Role: role, Session: session}
	p.Signature = ed25519.Sign(host, p.statement(room))
	return p
}

// Holds reports whether the room's host has made the pass.
func (p Pass) Holds(room Room, host ed25519.PublicKey) bool {
	return (p.Role == RoleModerator || p.Role == RoleHost) && eddsa.Verify(host, p.statement(room), p.Signature)
}

// SignSendBack is the host's order to the server to take a session out of the
// group, which may ask again.
func SignSendBack(room Room, session string, host ed25519.PrivateKey) []byte {
	return ed25519.Sign(host, []byte("incamera send back v1\x00"+string(room)+session))
}
