package verify

import (
	"crypto/ed25519"
	"crypto/sha256"
	"testing"

	"incamera/e2ee/internal/golden"
)

func TestRosterCode(t *testing.T) {
	room := "abcdefghijklmnopqrstuvwxyz"
	var keys []ed25519.PublicKey
	for i := range byte(5) {
		k := sha256.Sum256([]byte{i})
		keys = append(keys, k[:])
	}
	type vector struct {
		Keys []golden.Hex `json:"keys"`
		Code Code         `json:"code"`
	}
	var cases []vector
	for _, some := range [][]ed25519.PublicKey{{}, keys[:1], keys[:2], {keys[1], keys[0], keys[1]}, keys} {
		v := vector{Keys: []golden.Hex{}, Code: RosterCode(room, some)}
		for _, k := range some {
			v.Keys = append(v.Keys, golden.Hex(k))
		}
		cases = append(cases, v)
	}
	golden.Check(t, "roster.json", map[string]any{"room": room, "cases": cases})
	if cases[2].Code != cases[3].Code {
		t.Error("order or repetition changes the code")
	}
	seen := map[Code]bool{RosterCode("other", keys): true}
	for _, i := range []int{0, 1, 2, 4} {
		if seen[cases[i].Code] {
			t.Errorf("case %d has the code of another", i)
		}
		seen[cases[i].Code] = true
	}
	for _, group := range cases[4].Code {
		if len(group) != 5 {
			t.Errorf("a group %q", group)
		}
	}
}
