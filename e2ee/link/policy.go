package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"incamera/e2ee/eddsa"
)

// PolicyExtension is the room's policy in the group's context.
const PolicyExtension uint16 = 0xf1cc

const (
	policyVersion = 2
	policyLabel   = "incamera policy v1\x00"

	flagLobby  = 1
	flagLocked = 2
)

// A Policy says who gets into a group, who may do what there, and when it is
// over. It is bound to the group, so none outlives it. The zero value is that
// of a group without one: open to all who have the link, and nothing withheld.
type Policy struct {
	Number uint32 // rises with each change, from 1; 0: there is none
	Lobby  bool   // nobody is added without a moderator's signature
	Locked bool   // nobody is added

	Withheld   Acts        // from everybody who is no moderator
	Exceptions []Exception // in order of device keys, distinct

	Full     uint16 // with so many members it counts as locked; 0: never
	Locks    uint64 // when moderators are to lock it, in Unix milliseconds; 0: never
	Ends     uint64 // when the meeting is to end, in Unix milliseconds; 0: never
	Hostless uint16 // minutes without a host or moderator after which it ends; 0: never
	Keep     uint16 // minutes for which the server keeps the room when nobody is there; 0: as long as it likes

	Grant Grant
}

// Closed reports whether not everybody who has the link gets in.
func (p Policy) Closed() bool { return p.Lobby || p.Locked }

// Crowded reports whether a group of so many members is beyond what the policy
// allows.
func (p Policy) Crowded(members int) bool { return p.Full > 0 && members > int(p.Full) }

// Same reports whether two policies differ in their number at most.
func (p Policy) Same(q Policy) bool {
	p.Number = q.Number
	return bytes.Equal(p.fields(), q.fields())
}

func (p Policy) fields() []byte {
	b := binary.BigEndian.AppendUint32([]byte{policyVersion}, p.Number)
	var flags byte
	if p.Lobby {
		flags |= flagLobby
	}
	if p.Locked {
		flags |= flagLocked
	}
	b = appendVec(append(b, flags, byte(p.Withheld)), p.encodeExceptions())
	b = binary.BigEndian.AppendUint16(b, p.Full)
	b = binary.BigEndian.AppendUint64(b, p.Locks)
	b = binary.BigEndian.AppendUint64(b, p.Ends)
	b = binary.BigEndian.AppendUint16(b, p.Hostless)
	b = binary.BigEndian.AppendUint16(b, p.Keep)
	return appendVec(b, p.Grant.encode())
}

// bound begins everything that is signed for this very group.
func (a Authority) bound(label string) []byte {
	return appendVec([]byte(label), a.GroupID)
}

// SignPolicy returns the policy as encoded, signed by the host or a moderator.
func (a Authority) SignPolicy(p Policy, signer ed25519.PrivateKey) ([]byte, error) {
	public := ed25519.PublicKey(signer[ed25519.SeedSize:]) // the second half
	err := p.valid()
	switch {
	case err != nil:
		return nil, fmt.Errorf("signing a policy: %w", err)
	case p.Number == 0:
		return nil, errors.New("signing a policy: number 0")
	case !a.Allows(p.Grant, public):
		return nil, errors.New("signing a policy: the signer is no moderator")
	}
	b := append(p.fields(), public...)
	return append(b, ed25519.Sign(signer, append(a.bound(policyLabel), b...))...), nil
}

// ParsePolicy reads a policy. It fails unless the host or a moderator of its
// grant has signed it for this group.
func (a Authority) ParsePolicy(encoded []byte) (Policy, error) {
	p, err := a.parsePolicy(encoded)
	if err != nil {
		return Policy{}, fmt.Errorf("reading the room's policy: %w", err)
	}
	return p, nil
}

// ByHost reports whether a policy as encoded, which ParsePolicy has taken, is of
// the host's own signing and not a moderator's.
func (a Authority) ByHost(encoded []byte) bool {
	n := len(encoded) - ed25519.PublicKeySize - ed25519.SignatureSize
	return n >= 0 && a.Host.Equal(ed25519.PublicKey(encoded[n:n+ed25519.PublicKeySize]))
}

func (a Authority) parsePolicy(encoded []byte) (Policy, error) {
	r := reader{b: encoded}
	if r.u8() != policyVersion {
		return Policy{}, errors.New("unknown version")
	}
	p := Policy{Number: r.u32()}
	flags := r.u8()
	p.Lobby, p.Locked = flags&flagLobby != 0, flags&flagLocked != 0
	p.Withheld = Acts(r.u8())
	exceptions := r.vec()
	p.Full, p.Locks, p.Ends, p.Hostless, p.Keep = r.u16(), r.u64(), r.u64(), r.u16(), r.u16()
	grant := r.vec()
	signer := ed25519.PublicKey(r.take(ed25519.PublicKeySize))
	fields := encoded[:len(encoded)-len(r.b)]
	signature := r.take(ed25519.SignatureSize)
	err := r.end()
	if err != nil {
		return Policy{}, err
	}
	if p.Exceptions, err = parseExceptions(exceptions); err != nil {
		return Policy{}, err
	}
	if p.Grant, err = a.parseGrant(grant); err != nil {
		return Policy{}, err
	}
	switch {
	case p.Number == 0:
		return Policy{}, errors.New("number 0")
	case flags&^(flagLobby|flagLocked) != 0:
		return Policy{}, errors.New("it asks for what is not known here")
	case !a.Allows(p.Grant, signer):
		return Policy{}, errors.New("its signer is no moderator")
	case !eddsa.Verify(signer, append(a.bound(policyLabel), fields...), signature):
		return Policy{}, errors.New("its signer did not sign it for this group")
	}
	return p, p.valid()
}

// maxTime is the last time that every client can tell: browsers count in
// doubles.
const maxTime = 1<<53 - 1

func (p Policy) valid() error {
	if p.Locks > maxTime || p.Ends > maxTime {
		return errors.New("a time beyond all clocks")
	}
	return p.validActs()
}

// MaxStep is by how much the number of a policy may be above that of the one
// before. Without it one commit could use all numbers up, and nobody could take
// its moderators back.
const MaxStep = 1 << 16

// Leaps reports whether p's number is farther above that of old than one change
// takes it.
func (p Policy) Leaps(old Policy) bool {
	return p.Number > old.Number && p.Number-old.Number > MaxStep
}

// NextNumber returns the number of a policy that follows p, made by who knows of
// one with the number known: above that, too, or as near as a step leads. 0: the
// numbers are used up.
func (p Policy) NextNumber(known uint32) uint32 {
	if p.Number == math.MaxUint32 {
		return 0
	}
	return uint32(min(uint64(max(p.Number, known))+1, uint64(p.Number)+MaxStep, math.MaxUint32))
}

// Follows reports an error unless p may take the place of old.
func (p Policy) Follows(old Policy) error {
	switch {
	case p.Number <= old.Number, p.Leaps(old):
		return fmt.Errorf("policy %d after %d", p.Number, old.Number)
	default:
		return p.Grant.Follows(old.Grant)
	}
}
