package recording

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"incamera/e2ee/internal/golden"
)

const passphrase = "correct horse, Zoë"

// seal makes what a browser makes.
func seal(t *testing.T, iterations int, salt []byte, chunks ...string) []byte {
	t.Helper()
	key, err := pbkdf2.Key(sha256.New, passphrase, salt, iterations, 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	out := append(binary.BigEndian.AppendUint32([]byte(magic), uint32(iterations)), salt...)
	header := slices.Clone(out)
	for i, c := range chunks {
		word := uint32(len(c))
		if i == len(chunks)-1 {
			word |= lastBit
		}
		head := binary.BigEndian.AppendUint32(nil, word)
		nonce := binary.BigEndian.AppendUint64(make([]byte, 4), uint64(i))
		out = append(out, head...)
		out = aead.Seal(out, nonce, []byte(c), append(slices.Clone(header), head...))
	}
	return out
}

var salt = []byte("0123456789abcdef")

func TestVectors(t *testing.T) {
	chunks := []string{"first", "", "and the last"}
	sealed := seal(t, minIterations, salt, chunks...)
	var hexes []golden.Hex
	for _, c := range chunks {
		hexes = append(hexes, golden.Hex(c))
	}
	golden.Check(t, "recording.json", map[string]any{
		"passphrase": passphrase, "iterations": minIterations, "salt": golden.Hex(salt), "chunks": hexes, "file": golden.Hex(sealed),
	})
	var out bytes.Buffer
	if err := Open(&out, bytes.NewReader(sealed), passphrase); err != nil || out.String() != "firstand the last" {
		t.Errorf("%q, %v", &out, err)
	}
}

func TestCutShort(t *testing.T) {
	sealed := seal(t, minIterations, salt, "first", "second", "third")
	one := headerLen + 4 + len("first") + tagLen
	for _, c := range []struct {
		at   int
		want string
	}{{headerLen, ""}, {one - 1, ""}, {one, "first"}, {one + 2, "first"}, {len(sealed) - 1, "firstsecond"}} {
		var out bytes.Buffer
		if err := Open(&out, bytes.NewReader(sealed[:c.at]), passphrase); !errors.Is(err, ErrCutShort) || out.String() != c.want {
			t.Errorf("cut at %d: %q, %v", c.at, &out, err)
		}
	}
}

func TestNothingButTheRecordingOpens(t *testing.T) {
	sealed := seal(t, minIterations, salt, "first", "other", "third")
	size := 4 + 5 + tagLen
	chunk := func(i int) []byte { return sealed[headerLen+i*size : headerLen+(i+1)*size] }
	bend := func(at int, bit byte) []byte {
		b := slices.Clone(sealed)
		b[at] ^= bit
		return b
	}
	for name, file := range map[string][]byte{
		"of other iterations":   bend(len(magic)+3, 1),
		"of another salt":       bend(headerLen-1, 1),
		"with an altered byte":  bend(headerLen+4, 1),
		"that ends too early":   bend(headerLen, 0x80),
		"with an enormous size": bend(headerLen, 0x40),
		"with chunks swapped":   slices.Concat(sealed[:headerLen], chunk(1), chunk(0), chunk(2)),
		"with a chunk left out": slices.Concat(sealed[:headerLen], chunk(0), chunk(2)),
		"with a byte after it":  append(slices.Clone(sealed), 0),
	} {
		if err := Open(&bytes.Buffer{}, bytes.NewReader(file), passphrase); !errors.Is(err, ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var out bytes.Buffer
	if err := Open(&out, bytes.NewReader(sealed), passphrase+" "); !errors.Is(err, ErrWrong) || out.Len() > 0 {
		t.Errorf("a wrong passphrase: %q, %v", &out, err)
	}
	for _, n := range []uint32{0, minIterations - 1, maxIterations + 1, 1 << 31} {
		file := slices.Clone(sealed)
		binary.BigEndian.PutUint32(file[len(magic):], n)
		if err := Open(&bytes.Buffer{}, bytes.NewReader(file), passphrase); err == nil {
			t.Errorf("%d iterations are taken", n)
		}
	}
	if err := Open(&bytes.Buffer{}, bytes.NewReader([]byte("\x1aE\xdf\xa3 a video as it is, longer than a header")), passphrase); err == nil {
		t.Error("a plain video opens")
	}
}
