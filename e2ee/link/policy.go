package link

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// PolicyExtension is the room's policy in the group's context.
const PolicyExtension uint16 = 0xf1cc

// MaxModerators is how many device keys a grant names. More would make the
// group's context, which every newcomer reads, larger than a leaf.
const MaxModerators = 16

const (
	flagLobby  = 1
	flagLocked = 2
)

// What is signed begins with one of these, so that no signature passes for
// another.
const (
	policyLabel = "incamera policy v1\x00"
	grantLabel  = "incamera grant v1\x00"
	admitLabel  = "incamera admit v1\x00"
	removeLabel = "incamera remove v1\x00"
)

// A Grant is the host's word on whose devices may act for the host. It is
// bound to the room. The zero value is that of a room without moderators.
type Grant struct {
	Number     uint32              // rises with each grant, from 1; 0: there is none
	Moderators []ed25519.PublicKey // device keys, sorted, distinct
	signature  []byte
}

// A Policy says who gets into a group. It is bound to the group, so none
// outlives it. The zero value is that of a group without one: open to all who
// have the link.
type Policy struct {
	Number uint32 // rises with each change, from 1; 0: there is none
	Lobby  bool   // nobody is added without a moderator's signature
	Locked bool   // nobody is added
	Grant  Grant
}

// Closed reports whether not everybody who has the link gets in.
func (p Policy) Closed() bool { return p.Lobby || p.Locked }

// An Authority is what signatures of a group's moderators are checked against.
type Authority struct {
	Room    Room
	Host    ed25519.PublicKey
	GroupID []byte
}

// MakeGrant signs a grant with the host's key. The keys may be in any order.
func MakeGrant(room Room, host ed25519.PrivateKey, number uint32, moderators []ed25519.PublicKey) (Grant, error) {
	list := slices.Clone(moderators)
	slices.SortFunc(list, func(a, b ed25519.PublicKey) int { return bytes.Compare(a, b) })
	g := Grant{Number: number, Moderators: list}
	if err := g.valid(); err != nil {
		return Grant{}, fmt.Errorf("making a grant: %w", err)
	}
	g.signature = ed25519.Sign(host, g.statement(room))
	return g, nil
}

func (g Grant) fields() []byte {
	b := binary.BigEndian.AppendUint32(nil, g.Number)
	return appendVec(b, slices.Concat(g.Moderators...))
}

func (g Grant) statement(room Room) []byte {
	return append([]byte(grantLabel+string(room)), g.fields()...)
}

func (g Grant) encode() []byte {
	if g.Number == 0 {
		return nil
	}
	return append(g.fields(), g.signature...)
}

func (g Grant) valid() error {
	switch {
	case g.Number == 0:
		return errors.New("number 0")
	case len(g.Moderators) > MaxModerators:
		return fmt.Errorf("%d moderators, at most %d are allowed", len(g.Moderators), MaxModerators)
	}
	for i, k := range g.Moderators {
		if len(k) != ed25519.PublicKeySize {
			return errors.New("a moderator's key of another length")
		}
		if i > 0 && bytes.Compare(g.Moderators[i-1], k) >= 0 {
			return errors.New("its moderators are not sorted, or named twice")
		}
	}
	return nil
}

// Equal reports whether both are the same grant.
func (g Grant) Equal(h Grant) bool { return bytes.Equal(g.encode(), h.encode()) }

// Names reports whether a device key is that of a moderator.
func (g Grant) Names(device ed25519.PublicKey) bool {
	return slices.ContainsFunc(g.Moderators, func(m ed25519.PublicKey) bool { return m.Equal(device) })
}

// Allows reports whether a key may act for the host.
func (a Authority) Allows(g Grant, key ed25519.PublicKey) bool {
	return key.Equal(a.Host) || g.Names(key)
}

func (a Authority) parseGrant(b []byte) (Grant, error) {
	if len(b) == 0 {
		return Grant{}, nil
	}
	r := reader{b: b}
	g := Grant{Number: r.u32()}
	keys := r.vec()
	g.signature = r.take(ed25519.SignatureSize)
	if err := r.end(); err != nil {
		return Grant{}, err
	}
	if len(keys)%ed25519.PublicKeySize != 0 {
		return Grant{}, errTruncated
	}
	for k := range slices.Chunk(keys, ed25519.PublicKeySize) {
		g.Moderators = append(g.Moderators, k)
	}
	if !ed25519.Verify(a.Host, g.statement(a.Room), g.signature) {
		return Grant{}, errors.New("the host did not sign its grant")
	}
	return g, g.valid()
}

// bound begins everything that is signed for this very group.
func (a Authority) bound(label string) []byte {
	return appendVec([]byte(label), a.GroupID)
}

// SignPolicy returns the policy as encoded, signed by the host or a moderator.
func (a Authority) SignPolicy(p Policy, signer ed25519.PrivateKey) ([]byte, error) {
	public := ed25519.PublicKey(signer[ed25519.SeedSize:]) // the second half
	switch {
	case p.Number == 0:
		return nil, errors.New("signing a policy: number 0")
	case !a.Allows(p.Grant, public):
		return nil, errors.New("signing a policy: the signer is no moderator")
	}
	b := binary.BigEndian.AppendUint32([]byte{1}, p.Number)
	var flags byte
	if p.Lobby {
		flags |= flagLobby
	}
	if p.Locked {
		flags |= flagLocked
	}
	b = appendVec(append(b, flags), p.Grant.encode())
	b = append(b, public...)
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

func (a Authority) parsePolicy(encoded []byte) (Policy, error) {
	r := reader{b: encoded}
	if r.u8() != 1 {
		return Policy{}, errors.New("unknown version")
	}
	p := Policy{Number: r.u32()}
	flags := r.u8()
	grant := r.vec()
	signer := ed25519.PublicKey(r.take(ed25519.PublicKeySize))
	fields := encoded[:len(encoded)-len(r.b)]
	signature := r.take(ed25519.SignatureSize)
	if err := r.end(); err != nil {
		return Policy{}, err
	}
	p.Lobby, p.Locked = flags&flagLobby != 0, flags&flagLocked != 0
	var err error
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
	case !ed25519.Verify(signer, append(a.bound(policyLabel), fields...), signature):
		return Policy{}, errors.New("its signer did not sign it for this group")
	}
	return p, nil
}

// Follows reports an error unless p may take the place of old.
func (p Policy) Follows(old Policy) error {
	switch {
	case p.Number <= old.Number:
		return fmt.Errorf("policy %d after %d", p.Number, old.Number)
	case p.Grant.Number < old.Grant.Number:
		return errors.New("it brings back moderators of before")
	case p.Grant.Number == old.Grant.Number && !p.Grant.Equal(old.Grant):
		return errors.New("two grants of one number")
	}
	return nil
}

const (
	admissionVersion = 1
	admissionSize    = ed25519.PublicKeySize + ed25519.SignatureSize
)

func (a Authority) admission(policy uint32, keyPackage []byte) []byte {
	sum := sha256.Sum256(keyPackage)
	return append(binary.BigEndian.AppendUint32(a.bound(admitLabel), policy), sum[:]...)
}

// SignAdmissions lets KeyPackages, as encoded, into a group with a lobby. The
// result is a commit's authenticated data; it is empty for nobody.
func (a Authority) SignAdmissions(p Policy, keyPackages [][]byte, signer ed25519.PrivateKey) []byte {
	if len(keyPackages) == 0 {
		return nil
	}
	b := []byte{admissionVersion}
	for _, k := range keyPackages {
		b = append(b, signer[ed25519.SeedSize:]...)
		b = append(b, ed25519.Sign(signer, a.admission(p.Number, k))...)
	}
	return b
}

// CheckAdmissions reports an error unless a moderator has signed for each of
// these KeyPackages, in their order, under this very policy.
func (a Authority) CheckAdmissions(p Policy, keyPackages [][]byte, signed []byte) error {
	if len(keyPackages) == 0 {
		if len(signed) != 0 {
			return errors.New("checking admissions: there is nobody to admit")
		}
		return nil
	}
	if len(signed) != 1+len(keyPackages)*admissionSize || signed[0] != admissionVersion {
		return fmt.Errorf("checking admissions: %d are to be let in, and not each has a signature", len(keyPackages))
	}
	for i, k := range keyPackages {
		one := signed[1+i*admissionSize:][:admissionSize]
		signer := ed25519.PublicKey(one[:ed25519.PublicKeySize])
		if !a.Allows(p.Grant, signer) || !ed25519.Verify(signer, a.admission(p.Number, k), one[ed25519.PublicKeySize:]) {
			return errors.New("checking admissions: no moderator has signed")
		}
	}
	return nil
}

// SignRemoval is the host's order to the server to end a session of the room.
// Session ids are never used twice, so it cannot be repeated to any effect.
func SignRemoval(room Room, session string, host ed25519.PrivateKey) []byte {
	return ed25519.Sign(host, []byte(removeLabel+string(room)+session))
}
