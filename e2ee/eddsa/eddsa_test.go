package eddsa

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"incamera/e2ee/internal/golden"
)

type vector struct {
	What      string     `json:"what"`
	Key       golden.Hex `json:"key"`
	Message   golden.Hex `json:"message"`
	Signature golden.Hex `json:"signature"`
}

// weak are all encodings of the points of small order that somebody takes.
var weak = []struct{ what, key string }{
	{"order 1", "0100000000000000000000000000000000000000000000000000000000000000"},
	{"order 1, x is -0", "0100000000000000000000000000000000000000000000000000000000000080"},
	{"order 1, y is p+1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"order 1, y is p+1, x is -0", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"order 2, x is -0", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"order 4", "0000000000000000000000000000000000000000000000000000000000000000"},
	{"order 4, the other x", "0000000000000000000000000000000000000000000000000000000000000080"},
	{"order 4, y is p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"order 4, y is p, the other x", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	{"order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
	{"order 8, the other x", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"},
	{"order 8, the other y", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
	{"order 8, both others", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
}

// mixed are signatures by an ordinary key to which a point of order 8 was added,
// computed once by point arithmetic that crypto/ed25519 does not offer.
var mixed = map[string]vector{
	"holds":    {"key with a part of order 8", unhex("99555efe5dbf5b50b6fb4d8c38ee05c4ea8a97011c08e11366e8c8c00e8ce5d5"), unhex("7839"), unhex("33a73590507d501e4b5e58b45da709059adfaccbde1004fbeedb6034c0b510b5c28b948bb9ce95b7b267ef471d0ed74e29e85a6afdfe566a67966c4fcd055a03")},
	"small":    {"R of order 8, and a key with a part of it", unhex("99555efe5dbf5b50b6fb4d8c38ee05c4ea8a97011c08e11366e8c8c00e8ce5d5"), unhex("7730"), unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a3f4adf71cf4caa6104e915aabb6af4ec0267b6b90ca9bba874ae744129192804")},
	"cofactor": {"holds with the cofactor only", unhex("99555efe5dbf5b50b6fb4d8c38ee05c4ea8a97011c08e11366e8c8c00e8ce5d5"), unhex("7830"), unhex("33a73590507d501e4b5e58b45da709059adfaccbde1004fbeedb6034c0b510b5eaa89f0d0501b34e972f25c42cc3cc814b0cedc6f168b34e466873a7265f7f0f")},
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// littleEndian is n as 32 bytes.
func littleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func number(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// scalar is the one that a seed stands for (RFC 8032 §5.1.5).
func scalar(seed []byte) *big.Int {
	h := sha512.Sum512(seed)
	h[0] &= 248
	h[31] = h[31]&63 | 64
	n := number(h[:32])
	return n.Mod(n, order)
}

func seed(i byte) []byte { return append(make([]byte, 31), i) }

// signAnyhow signs by a key of small order, without any private one: [S]B is R,
// and the key times the challenge is nothing, for one message of 8 at the latest
// on average.
func signAnyhow(t *testing.T, what string, key []byte) vector {
	for i := range 200 {
		own := ed25519.NewKeyFromSeed(seed(byte(i)))
		message := fmt.Appendf(nil, "message %d", i)
		signature := append(slices.Clone([]byte(own[32:])), littleEndian(scalar(seed(byte(i))))...)
		if ed25519.Verify(key, message, signature) {
			return vector{"key of " + what, key, message, signature}
		}
	}
	t.Fatalf("%s: nothing that crypto/ed25519 takes: does it refuse such keys now?", what)
	return vector{}
}

func vectors(t *testing.T) (holds, refused []vector) {
	for _, w := range weak {
		refused = append(refused, signAnyhow(t, w.what, unhex(w.key)))
	}
	own, message := ed25519.NewKeyFromSeed(seed(7)), []byte("hello")
	pub, good := []byte(own[32:]), ed25519.Sign(own, message)
	holds = append(holds, vector{"ordinary", pub, message, good}, mixed["holds"])
	nothing := append([]byte{1}, make([]byte, 31)...)
	h := sha512.Sum512(slices.Concat(nothing, pub, message))
	s := number(h[:])
	s.Mul(s, scalar(seed(7))).Mod(s, order)
	high := number(good[32:])
	high.Add(high, order)
	twice := slices.Clone(good)
	twice[0] ^= 1
	for what, signature := range map[string][]byte{
		"R of order 1": append(slices.Clone(nothing), littleEndian(s)...), "S is not reduced": append(slices.Clone(good[:32]), littleEndian(high)...),
		"another R": twice, "one byte short": good[:63], "one byte more": append(slices.Clone(good), 0),
	} {
		refused = append(refused, vector{what, pub, message, signature})
	}
	refused = append(refused, mixed["small"], mixed["cofactor"],
		vector{"key of 31 bytes", pub[:31], message, good}, vector{"no point", append([]byte{2}, make([]byte, 31)...), message, good})
	slices.SortStableFunc(refused, func(a, b vector) int { return strings.Compare(a.What, b.What) })
	return holds, refused
}

// TestVectors: what holds here holds in the browsers, and nothing else.
func TestVectors(t *testing.T) {
	holds, refused := vectors(t)
	golden.Check(t, "ed25519.json", map[string]any{"holds": holds, "refused": refused})
	for _, v := range holds {
		if !Verify(ed25519.PublicKey(v.Key), v.Message, v.Signature) {
			t.Errorf("%s is refused", v.What)
		}
	}
	for _, v := range refused {
		if Verify(ed25519.PublicKey(v.Key), v.Message, v.Signature) {
			t.Errorf("%s is taken", v.What)
		}
	}
}

// TestNobodyElseVerifies: no other code of e2ee asks crypto/ed25519 itself.
func TestNobodyElseVerifies(t *testing.T) {
	asked := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if n := strings.Count(string(b), "ed25519.Verify("); n > 0 {
			asked += n
			if filepath.Base(path) != "eddsa.go" {
				t.Errorf("%s verifies a signature by itself", path)
			}
		}
		return err
	})
	if err != nil || asked != 1 {
		t.Errorf("%d places verify, %v; want one", asked, err)
	}
}
