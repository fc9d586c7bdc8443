package link

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"

	"incamera/e2ee/eddsa"
)

const markLabel = "incamera mark v1\x00"

// A Mark is the policy of a room's latest group as the server keeps it for
// those who come while no group is there: sealed, and signed by the host, so
// that nobody else can put one there, and rising in number.
type Mark struct {
	Number    uint32 // of the policy
	Closed    bool   // shown to the server: not everybody who has the link gets in
	Body      []byte // sealed: group_id<V> and the policy as encoded <V>
	Signature []byte
}

// MakeMark seals and signs the policy of the group that a is bound to. It
// panics unless encoded is a policy of that group.
func (a Authority) MakeMark(envelope Secret, encoded []byte, host ed25519.PrivateKey) Mark {
	return a.makeMark(envelope, newSalt(), encoded, host)
}

func (a Authority) makeMark(envelope Secret, salt, encoded []byte, host ed25519.PrivateKey) Mark {
	p, err := a.ParsePolicy(encoded)
	if err != nil {
		panic("link: making a mark: " + err.Error())
	}
	m := Mark{Number: p.Number, Closed: p.Closed()}
	m.Body = sealWith(envelope, Place{Room: a.Room, Kind: KindMark}, salt, appendVec(appendVec(nil, a.GroupID), encoded))
	m.Signature = ed25519.Sign(host, m.statement(a.Room))
	return m
}

func (m Mark) statement(room Room) []byte {
	b := binary.BigEndian.AppendUint32([]byte(markLabel+string(room)), m.Number)
	closed := byte(0)
	if m.Closed {
		closed = 1
	}
	return append(append(b, closed), m.Body...)
}

// Holds reports whether the room's host has signed the mark.
func (m Mark) Holds(room Room, host ed25519.PublicKey) bool {
	return eddsa.Verify(host, m.statement(room), m.Signature)
}

// Open checks a mark and returns the policy in it. The group of a is of no
// account.
func (a Authority) Open(envelope Secret, m Mark) (Policy, error) {
	p, err := a.openMark(envelope, m)
	if err != nil {
		return Policy{}, fmt.Errorf("reading the room's mark: %w", err)
	}
	return p, nil
}

func (a Authority) openMark(envelope Secret, m Mark) (Policy, error) {
	if !m.Holds(a.Room, a.Host) {
		return Policy{}, errors.New("the host did not sign it")
	}
	b, err := Open(envelope, Place{Room: a.Room, Kind: KindMark}, m.Body)
	if err != nil {
		return Policy{}, err
	}
	r := reader{b: b}
	a.GroupID = r.vec()
	encoded := r.vec()
	if err = r.end(); err != nil {
		return Policy{}, err
	}
	p, err := a.ParsePolicy(encoded)
	if err == nil && (p.Number != m.Number || p.Closed() != m.Closed) {
		err = errors.New("the policy in it is another than it says")
	}
	return p, err
}
