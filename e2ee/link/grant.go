package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"incamera/e2ee/eddsa"
)

// MaxModerators is how many device keys a grant names. More would make the
// group's context, which every newcomer reads, larger than a leaf.
const MaxModerators = 16

const grantLabel = "incamera grant v1\x00"

// A Grant is the host's word on whose devices may act for the host: its own,
// and those of moderators. It is bound to the room. The zero value is that of
// a room in which no host has been yet.
type Grant struct {
	Number     uint32              // rises with each grant, from 1; 0: there is none
	Own        ed25519.PublicKey   // the host's own device; empty: it is not told
	Moderators []ed25519.PublicKey // device keys, sorted, distinct
	signature  []byte
}

// An Authority is what signatures of a group's moderators are checked against.
type Authority struct {
	Room    Room
	Host    ed25519.PublicKey
	GroupID []byte
}

// MakeGrant signs a grant with the host's key. The keys may be in any order.
func MakeGrant(room Room, host ed25519.PrivateKey, number uint32, own ed25519.PublicKey, moderators []ed25519.PublicKey) (Grant, error) {
	list := slices.Clone(moderators)
	slices.SortFunc(list, func(a, b ed25519.PublicKey) int { return bytes.Compare(a, b) })
	g := Grant{Number: number, Own: own, Moderators: list}
	if err := g.valid(); err != nil {
		return Grant{}, fmt.Errorf("making a grant: %w", err)
	}
	g.signature = ed25519.Sign(host, g.statement(room))
	return g, nil
}

func (g Grant) fields() []byte {
	b := appendVec(binary.BigEndian.AppendUint32(nil, g.Number), g.Own)
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
	case len(g.Own) != 0 && len(g.Own) != ed25519.PublicKeySize:
		return errors.New("a device key of another length")
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

// Follows reports an error unless g is old, or one that takes its place. The
// host's signature on a grant holds for good and in every group of the room: only
// a later one ends it.
func (g Grant) Follows(old Grant) error {
	switch {
	case g.Number < old.Number:
		return errors.New("it brings back moderators of before")
	case g.Number == old.Number && !g.Equal(old):
		return errors.New("two grants of one number")
	}
	return nil
}

// Equal reports whether both are the same grant.
func (g Grant) Equal(h Grant) bool { return bytes.Equal(g.encode(), h.encode()) }

// Names reports whether a device key is the host's own or that of a moderator.
func (g Grant) Names(device ed25519.PublicKey) bool {
	return g.IsHost(device) || slices.ContainsFunc(g.Moderators, func(m ed25519.PublicKey) bool { return m.Equal(device) })
}

// IsHost reports whether a device key is the host's own.
func (g Grant) IsHost(device ed25519.PublicKey) bool {
	return len(g.Own) > 0 && g.Own.Equal(device)
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
	if own := r.vec(); len(own) > 0 {
		g.Own = own
	}
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
	if !eddsa.Verify(a.Host, g.statement(a.Room), g.signature) {
		return Grant{}, errors.New("the host did not sign its grant")
	}
	return g, g.valid()
}
