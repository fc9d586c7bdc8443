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
		Keys  []golden.Hex  `json:"keys"`
		Code  Code          `json:"code"`
		Emoji [Signs]string `json:"emoji"`
	}
	var cases []vector
	for _, some := range [][]ed25519.PublicKey{{}, keys[:1], keys[:2], {keys[1], keys[0], keys[1]}, keys} {
		v := vector{Keys: []golden.Hex{}, Code: RosterCode(room, some)}
		for _, k := range some {
			v.Keys = append(v.Keys, golden.Hex(k))
		}
		for i, sign := range RosterEmoji(room, some) {
			v.Emoji[i] = sign.Emoji
		}
		cases = append(cases, v)
	}
	golden.Check(t, "roster.json", map[string]any{"room": room, "cases": cases, "signs": signs})
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
	if cases[2].Emoji != cases[3].Emoji {
		t.Error("order or repetition changes the emoji")
	}
	for _, group := range cases[4].Code {
		if len(group) != 5 {
			t.Errorf("a group %q", group)
		}
	}
}

// TestEveryKeyCounts: no bit of any key can change while code or emoji stay.
func TestEveryKeyCounts(t *testing.T) {
	keys := []ed25519.PublicKey{make([]byte, 32), make([]byte, 32)}
	keys[1][0] = 1
	codes := map[Code]bool{RosterCode("r", keys): true}
	rows := map[[Signs]Sign]bool{RosterEmoji("r", keys): true}
	for i := range keys {
		for bit := range 256 {
			if i == 1 && bit == 0 {
				continue // then both are one
			}
			keys[i][bit/8] ^= 1 << (bit % 8)
			codes[RosterCode("r", keys)], rows[RosterEmoji("r", keys)] = true, true
			keys[i][bit/8] ^= 1 << (bit % 8)
		}
	}
	if want := 1 + 511; len(codes) != want || len(rows) != want {
		t.Errorf("%d codes, %d rows of emoji for %d sets of keys", len(codes), len(rows), want)
	}
}

func TestSigns(t *testing.T) {
	emoji, names := map[string]bool{}, map[string]bool{}
	for _, s := range signs {
		emoji[s.Emoji], names[s.Name] = true, true
		if len([]rune(s.Emoji)) != 1 {
			t.Errorf("%s is more than one code point", s.Name)
		}
	}
	if len(emoji) != 64 || len(names) != 64 {
		t.Errorf("%d emoji, %d names", len(emoji), len(names))
	}
}
