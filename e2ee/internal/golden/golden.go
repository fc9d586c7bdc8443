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

// Check fails unless the vectors of this name are what v says; with -update
// it writes them. The calling test's package is two folders below the root.
func Check(t testing.TB, name string, v any) {
	t.Helper()
	var made bytes.Buffer
	e := json.NewEncoder(&made)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "testdata", "e2ee", name)
	if *update {
		if err := os.WriteFile(file, made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made.Bytes()) {
		t.Errorf("%s is not what the code makes; -update writes it anew, and then the browser's tests say more", file)
	}
}
