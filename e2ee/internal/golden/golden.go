// Package golden compares what tests make with the vectors in testdata/e2ee,
// which the tests of the browser's code read too.
package golden

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors in testdata/e2ee anew")

// Hex is a byte string that is in JSON as hex digits.
type Hex []byte

// MarshalText returns the hex digits.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode([]byte{}, h), nil }

// UnmarshalText reads hex digits.
func (h *Hex) UnmarshalText(b []byte) (err error) {
	*h, err = hex.AppendDecode(nil, b)
	return err
}

// Updating reports whether vectors are to be written anew.
func Updating() bool { return *update }

// Read reads the vectors of this name into v, where there are any yet.
func Read(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "e2ee", name))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
}

// Check fails unless the vectors of this name are what v says; with -update
// it writes them. The calling test's package is two folders below the root.
func Check(t testing.TB, name string, v any) {
	t.Helper()
	made := encode(t, v)
	if *update {
		write(t, name, made)
		return
	}
	if !bytes.Equal(read(t, name), made) {
		t.Errorf("%s is not what the code makes; -update writes it anew, and then the browser's tests say more", path(name))
	}
}

// Kept reads the vectors of this name into v, for what is made with fresh
// randomness each time; with -update it first writes what is made.
func Kept(t testing.TB, name string, v any, made func() any) {
	t.Helper()
	if *update {
		write(t, name, encode(t, made()))
	}
	if err := json.Unmarshal(read(t, name), v); err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	var made bytes.Buffer
	e := json.NewEncoder(&made)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return made.Bytes()
}

func path(name string) string { return filepath.Join("..", "..", "testdata", "e2ee", name) }

func write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path(name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(path(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
