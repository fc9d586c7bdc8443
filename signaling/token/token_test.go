package token

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
)

func TestMatches(t *testing.T) {
	secret, h := New()
	if !h.Matches(secret) || !h.Equal(Of(secret)) {
		t.Error("a secret does not match its own hash")
	}
	for i := range secret {
		wrong := bytes.Clone(secret)
		wrong[i] ^= 1
		if h.Matches(wrong) {
			t.Errorf("matches with byte %d changed", i)
		}
	}
	for _, wrong := range [][]byte{nil, {}, secret[:31], append(bytes.Clone(secret), 0)} {
		if h.Matches(wrong) {
			t.Errorf("matches %d bytes", len(wrong))
		}
	}
	if (Hash{}).Matches(secret) || (Hash{}).Matches(nil) {
		t.Error("the zero hash matches")
	}
}

func TestKnownHash(t *testing.T) {
	sum, err := hex.DecodeString("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
	if err != nil {
		t.Fatal(err)
	}
	h, err := Parse(sum)
	if err != nil || !h.Matches([]byte("abc")) { // FIPS 180-2, appendix B.1
		t.Errorf("SHA-256 of abc: %v", err)
	}
	if _, err := Parse(sum[:31]); err == nil {
		t.Error("a short hash is taken")
	}
}

// TestUnprintable: no way of printing shows the bytes.
func TestUnprintable(t *testing.T) {
	h := Of([]byte("abc"))
	text := fmt.Sprintf("%v %+v %#v %s %q", h, h, h, h, h) + h.LogValue().String()
	b, err := json.Marshal(map[string]any{"h": h})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{text, string(b)} {
		if bytes.Contains([]byte(shown), []byte("ba78")) || bytes.Contains([]byte(shown), []byte("186 120")) {
			t.Errorf("shown: %s", shown)
		}
	}
}
