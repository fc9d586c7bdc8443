package mls

import (
	"crypto/hpke"
	"testing"
)

// TestCheckKey: checkKey refuses exactly what cannot be encrypted to.
func TestCheckKey(t *testing.T) {
	for id, s := range suites {
		_, pub, err := s.generateKeyPair()
		if err != nil {
			t.Fatal(err)
		}
		usable := func(pub []byte) bool {
			pk, err := s.kem.NewPublicKey(pub)
			if err == nil {
				_, _, err = hpke.NewSender(pk, s.kdf, s.aead, nil)
			}
			return err == nil
		}
		check := func(pub []byte, want bool) {
			t.Helper()
			if got := s.checkKey(pub) == nil; got != want || usable(pub) != want {
				t.Errorf("suite %#04x: %x: checked %v, usable %v, want %v", uint16(id), pub[len(pub)-32:], got, usable(pub), want)
			}
		}
		check(pub, true)
		check(pub[1:], false)
		check(nil, false)
		if !s.endsInX25519() {
			check(make([]byte, len(pub)), false)
			continue
		}
		for point := range smallOrder {
			for _, high := range []byte{0, 0x80} {
				bad := append(append([]byte{}, pub[:len(pub)-32]...), point[:]...)
				bad[len(bad)-1] |= high
				check(bad, false)
				bad[len(bad)-16]++ // another point
				check(bad, true)
			}
		}
		if len(smallOrder) != 7 {
			t.Errorf("%d points of small order", len(smallOrder))
		}
	}
}
