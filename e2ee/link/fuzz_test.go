package link

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"
	"time"
)

// FuzzCard signs whatever it is given: what is read as a card is what a card
// encodes to.
func FuzzCard(f *testing.F) {
	l, host := testLink()
	public := host.Public().(ed25519.PublicKey)
	for _, title := range []string{"", "Tea", "Zoë", string(make([]byte, 100)), string(bytes.Repeat([]byte("x"), MaxTitle))} {
		f.Add(Card{HostKey: public, Suite: Suite, LinkNumber: 1, Created: time.UnixMilli(1), Title: title}.encode())
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, fields []byte) {
		encoded := append(bytes.Clone(fields), ed25519.Sign(host, cardStatement(l.Room, fields))...)
		c, err := ParseCard(l.Room, encoded)
		if err != nil {
			return
		}
		if !bytes.Equal(c.encode(), fields) {
			t.Fatal("a card with two encodings")
		}
	})
}

// FuzzLeaf vouches for whatever it is given: what is read as a leaf is what
// Make makes of it.
func FuzzLeaf(f *testing.F) {
	l, _ := testLink()
	admission := l.Keys().Admission
	device := ed25519.NewKeyFromSeed(seed(1))
	public := device.Public().(ed25519.PublicKey)
	c := LeafContext{Room: l.Room, LinkNumber: 1, SignatureKey: []byte("signature key")}
	for _, name := range []string{"Ann", "Zoë", "a\u202eb", ""} {
		for _, session := range []string{"session", "", string(make([]byte, MaxSessionBytes+1))} {
			head := append(appendVec([]byte{1}, []byte(session)), public...)
			f.Add(appendVec(head, []byte(name)))
		}
	}
	long := append([]byte{1, 0x40, 1, 's'}, public...) // a length that is not the shortest
	f.Add(appendVec(long, []byte("Ann")))
	f.Fuzz(func(t *testing.T, head []byte) {
		r := reader{b: head}
		r.u8()
		session := string(r.vec())
		r.take(ed25519.PublicKeySize)
		name := string(r.vec())
		encoded := append(bytes.Clone(head), c.mac(admission, public)...)
		encoded = append(encoded, ed25519.Sign(device, c.statement(session, name))...)
		who, err := c.Check(admission, encoded)
		if err != nil {
			return
		}
		again, err := c.Make(admission, device, who.Session, who.Name)
		if err != nil || !bytes.Equal(again, encoded) || !bytes.Equal(who.Device, public) {
			t.Fatalf("a leaf with two encodings: %v", err)
		}
	})
}

// FuzzEnvelope opens whatever it is given, which is nothing; and what it seals
// it opens at its place only.
func FuzzEnvelope(f *testing.F) {
	l, _ := testLink()
	key := l.Keys().Envelope
	at := Place{Room: l.Room, Kind: KindCommit, Generation: 1, Epoch: 7}
	f.Add([]byte{})
	f.Add(Seal(key, at, []byte("hello"))[1:])
	f.Add(make([]byte, sha256.Size+16))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := Open(key, at, b); err == nil {
			t.Fatalf("%x is opened as %x", b, got)
		}
		sealed := Seal(key, at, b)
		if got, err := Open(key, at, sealed); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("sealed and opened: %x, %v", got, err)
		}
		elsewhere := at
		elsewhere.Epoch++
		if _, err := Open(key, elsewhere, sealed); err == nil {
			t.Fatal("opened elsewhere")
		}
	})
}
