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

// FuzzPolicy signs whatever it is given, as a policy of the host's and as a grant
// in one: what is read is what signing makes of it again.
func FuzzPolicy(f *testing.F) {
	l, host := testLink()
	public := host.Public().(ed25519.PublicKey)
	moderator := ed25519.NewKeyFromSeed(seed(1))
	a := Authority{Room: l.Room, Host: public, GroupID: []byte("group")}
	grant, err := MakeGrant(l.Room, host, 3, public, []ed25519.PublicKey{public, moderator.Public().(ed25519.PublicKey)})
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range []Policy{
		{Number: 1},
		{Number: 2, Lobby: true, Locked: true, Full: 9, Locks: 1, Ends: 2, Hostless: 3, Keep: 4},
		{Number: 1 << 30, Lobby: true, Withheld: 1, Exceptions: []Exception{{Device: public, Withheld: 2}}, Grant: grant},
	} {
		fields := p.fields()
		f.Add(fields[:len(fields)-len(appendVec(nil, p.Grant.encode()))], p.Grant.fields())
	}
	f.Add([]byte{}, []byte{0, 0, 0, 1, 0, 0})
	f.Add([]byte{}, []byte{0, 0, 0, 1, 0, 0x40, 0})
	f.Fuzz(func(t *testing.T, head, grantFields []byte) {
		signed := append(bytes.Clone(grantFields), ed25519.Sign(host, append([]byte(grantLabel+string(l.Room)), grantFields...))...)
		if g, err := a.parseGrant(signed); err == nil && !bytes.Equal(g.encode(), signed) {
			t.Fatal("a grant with two encodings")
		}
		if len(signed) >= 1<<14 {
			return
		}
		for _, grant := range [][]byte{nil, signed} {
			for _, by := range []ed25519.PrivateKey{host, moderator} {
				encoded := append(appendVec(bytes.Clone(head), grant), by.Public().(ed25519.PublicKey)...)
				encoded = append(encoded, ed25519.Sign(by, append(a.bound(policyLabel), encoded...))...)
				p, err := a.ParsePolicy(encoded)
				if err != nil {
					continue
				}
				again, err := a.SignPolicy(p, by)
				if err != nil || !bytes.Equal(again, encoded) {
					t.Fatalf("a policy with two encodings: %v", err)
				}
			}
		}
	})
}

// FuzzAdmissions: what lets somebody in is what SignAdmissions makes, and
// nothing else does.
func FuzzAdmissions(f *testing.F) {
	l, host := testLink()
	a := Authority{Room: l.Room, Host: host.Public().(ed25519.PublicKey), GroupID: []byte("group")}
	p := Policy{Number: 7, Lobby: true}
	for n := range 3 {
		f.Add(a.SignAdmissions(p, [][]byte{[]byte("one"), []byte("two")}[:n], host), n)
	}
	f.Fuzz(func(t *testing.T, signed []byte, n int) {
		packages := [][]byte{[]byte("one"), []byte("two")}[:min(2, max(0, n))]
		if a.CheckAdmissions(p, packages, signed) == nil && !bytes.Equal(signed, a.SignAdmissions(p, packages, host)) {
			t.Fatalf("%x lets %d in", signed, len(packages))
		}
	})
}

// FuzzMark seals and signs whatever it is given: what is read is what MakeMark
// makes of it.
func FuzzMark(f *testing.F) {
	l, host := testLink()
	a := Authority{Room: l.Room, Host: host.Public().(ed25519.PublicKey), GroupID: []byte("group")}
	key, salt := l.Keys().Envelope, make([]byte, saltLength)
	for _, p := range []Policy{{Number: 1}, {Number: 9, Lobby: true}} {
		encoded, err := a.SignPolicy(p, host)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(appendVec(appendVec(nil, a.GroupID), encoded), p.Number, p.Closed())
		f.Add(appendVec(appendVec(nil, a.GroupID), encoded), p.Number+1, !p.Closed())
	}
	f.Add([]byte{}, uint32(0), false)
	f.Fuzz(func(t *testing.T, b []byte, number uint32, closed bool) {
		m := Mark{Number: number, Closed: closed}
		m.Body = sealWith(key, Place{Room: l.Room, Kind: KindMark}, bytes.Clone(salt), b)
		m.Signature = ed25519.Sign(host, m.statement(l.Room))
		if _, err := a.Open(key, m); err != nil {
			return
		}
		r := reader{b: b}
		of := a
		of.GroupID = r.vec()
		again := of.makeMark(key, bytes.Clone(salt), r.vec(), host)
		if again.Number != m.Number || again.Closed != m.Closed || !bytes.Equal(again.Body, m.Body) || !bytes.Equal(again.Signature, m.Signature) {
			t.Fatal("a mark with two encodings")
		}
	})
}
