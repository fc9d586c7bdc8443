// Package verify makes the number that participants read out to each other, and
// the row of emoji that says the same.
package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Groups is the number of groups of five digits in a roster code.
const Groups = 6

// A Code is a roster code: groups of five digits, 99 bits together.
type Code [Groups]string

// String joins the groups by spaces.
func (c Code) String() string { return strings.Join(c[:], " ") }

// RosterCode returns the code of a room and the devices in it. It depends on
// the set of device keys only: it stays when keys are renewed or somebody is
// there twice, and changes when a device comes or goes (PROTOCOL.md 2.6).
func RosterCode(room string, devices []ed25519.PublicKey) Code {
	digest := digestOf(room, devices)
	var code Code
	for i := range code {
		var v uint64
		for _, b := range digest[5*i : 5*i+5] {
			v = v<<8 | uint64(b)
		}
		code[i] = fmt.Sprintf("%05d", v%100000)
	}
	return code
}

func digestOf(room string, devices []ed25519.PublicKey) (digest [sha256.Size]byte) {
	sorted := slices.SortedFunc(slices.Values(devices), func(a, b ed25519.PublicKey) int { return bytes.Compare(a, b) })
	sorted = slices.CompactFunc(sorted, func(a, b ed25519.PublicKey) bool { return bytes.Equal(a, b) })
	h := sha256.New()
	h.Write([]byte("incamera roster v1" + room))
	for _, d := range sorted {
		h.Write(d)
	}
	h.Sum(digest[:0])
	return digest
}
