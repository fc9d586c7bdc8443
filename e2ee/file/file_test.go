package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"incamera/e2ee/internal/golden"
	"incamera/e2ee/link"
)

var (
	room = link.Room("abcdefghijklmnopqrstuvwxyz")
	id   = ID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	key  = bytes.Repeat([]byte{7}, KeySize)
)

// content is what the vectors' files hold: byte i is i·7 + i/256.
func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestVectors(t *testing.T) {
	type vector struct {
		Size   int        `json:"size"`
		Padded int64      `json:"padded"`
		Chunks int64      `json:"chunks"`
		Sealed int64      `json:"sealed"`
		First  golden.Hex `json:"first"`  // 32 bytes of the first sealed chunk
		SHA256 golden.Hex `json:"sha256"` // of all sealed chunks
		Digest golden.Hex `json:"digest"`
	}
	var all []vector
	for _, n := range []int{0, 1, 255, 256, 257, 1000, ChunkSize - 1, ChunkSize, ChunkSize + 1, 200_000} {
		sealed, digest, err := Seal(room, id, key, content(n))
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(sealed)) != SealedSize(int64(n)) {
			t.Errorf("%d bytes take %d, not %d", n, len(sealed), SealedSize(int64(n)))
		}
		if back, err := Open(room, id, key, int64(n), digest, sealed); err != nil || !bytes.Equal(back, content(n)) {
			t.Errorf("%d bytes come back as %d, %v", n, len(back), err)
		}
		sum := sha256.Sum256(sealed)
		all = append(all, vector{n, Padded(int64(n)), Chunks(int64(n)), int64(len(sealed)), sealed[:32], sum[:], digest[:]})
	}
	type size struct {
		Size   int64 `json:"size"`
		Padded int64 `json:"padded"`
	}
	var sizes []size
	for _, n := range []int64{0, 300, 65_537, 1_000_000, 100_000_000, 1<<32 + 1, MaxSize} {
		sizes = append(sizes, size{n, Padded(n)})
		if p := Padded(n); p < n || n > 1000 && p-n > n/16 {
			t.Errorf("%d is padded to %d", n, p)
		}
	}
	golden.Check(t, "file.json", map[string]any{
		"room": room, "id": golden.Hex(id[:]), "key": golden.Hex(key), "files": all, "sizes": sizes,
	})
}

// TestNothingButTheFileOpens: no chunk opens in another place, in another file
// or room, under another key, altered, cut short, or as an end that it is not.
func TestNothingButTheFileOpens(t *testing.T) {
	const size = 3*ChunkSize + 5
	sealed, digest, err := Seal(room, id, key, content(size))
	if err != nil {
		t.Fatal(err)
	}
	const step = ChunkSize + Overhead
	altered := func(f func([]byte) []byte) []byte { return f(bytes.Clone(sealed)) }
	swapped := altered(func(b []byte) []byte {
		copy(b, sealed[step:2*step])
		copy(b[step:], sealed[:step])
		return b
	})
	tampered := altered(func(b []byte) []byte { b[step+100] ^= 1; return b })
	other, otherDigest, _ := Seal(room, id, key, content(size - 1)[:size-1])
	for what, open := range map[string]func() ([]byte, error){
		"swapped chunks":   func() ([]byte, error) { return Open(room, id, key, size, digest, swapped) },
		"a bit":            func() ([]byte, error) { return Open(room, id, key, size, digest, tampered) },
		"cut short":        func() ([]byte, error) { return Open(room, id, key, size, digest, sealed[:2*step]) },
		"a shorter size":   func() ([]byte, error) { return Open(room, id, key, 2*ChunkSize, digest, sealed[:2*step]) },
		"longer":           func() ([]byte, error) { return Open(room, id, key, size, digest, append(bytes.Clone(sealed), 0)) },
		"another key":      func() ([]byte, error) { return Open(room, id, bytes.Repeat([]byte{8}, 32), size, digest, sealed) },
		"a short key":      func() ([]byte, error) { return Open(room, id, key[:31], size, digest, sealed) },
		"another id":       func() ([]byte, error) { return Open(room, ID{1}, key, size, digest, sealed) },
		"another room":     func() ([]byte, error) { return Open("bbcdefghijklmnopqrstuvwxyz", id, key, size, digest, sealed) },
		"a negative size":  func() ([]byte, error) { return Open(room, id, key, -1, digest, sealed) },
		"another file":     func() ([]byte, error) { return Open(room, id, key, size-1, digest, other) },
		"another's digest": func() ([]byte, error) { return Open(room, id, key, size, otherDigest, sealed) },
	} {
		if b, openErr := open(); openErr == nil {
			t.Errorf("%s: %d bytes are opened", what, len(b))
		}
	}
	// What is hidden in the padding is no part of the file.
	c, err := New(room, id, key)
	if err != nil {
		t.Fatal(err)
	}
	hidden := make([]byte, 256)
	hidden[255] = 1
	chunk := c.Seal(0, true, hidden)
	if b, err := Open(room, id, key, 10, Digest([][32]byte{sha256.Sum256(chunk)}), chunk); err == nil {
		t.Errorf("%d bytes with something hidden behind them", len(b))
	}
}

// TestNoncesDiffer: each place has its own nonce.
func TestNoncesDiffer(t *testing.T) {
	c, err := New(room, id, key)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range uint32(1000) {
		for _, last := range []bool{false, true} {
			n := string(c.nonce(i, last))
			if seen[n] || len(n) != 12 || binary.BigEndian.Uint32([]byte(n)[7:]) != i {
				t.Fatalf("%d %t: nonce %x", i, last, n)
			}
			seen[n] = true
		}
	}
}
