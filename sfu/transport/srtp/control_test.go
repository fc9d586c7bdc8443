package srtp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	pion "github.com/pion/srtp/v3"
)

// rtcp is a packet of that SSRC whose body has n words.
func rtcp(ssrc uint32, n int) []byte {
	b := make([]byte, 8+4*n)
	b[0], b[1] = 0x80, 201
	binary.BigEndian.PutUint16(b[2:], uint16(1+n))
	binary.BigEndian.PutUint32(b[4:], ssrc)
	for i := range b[8:] {
		b[8+i] = byte(i)
	}
	return b
}

func control(t testing.TB, profile Profile) (ours, theirs *Control, other *pion.Context) {
	t.Helper()
	p := profiles[profile]
	var err error
	if ours, err = NewControl(profile, Master{master(keySize), master(p.salt)}); err != nil {
		t.Fatal(err)
	}
	if theirs, err = NewControl(profile, Master{master(keySize), master(p.salt)}); err != nil {
		t.Fatal(err)
	}
	if other, err = pion.CreateContext(master(keySize), master(p.salt), p.pion); err != nil {
		t.Fatal(err)
	}
	return ours, theirs, other
}

// Another implementation opens what is sealed, and seals what is opened.
func TestControlElsewhere(t *testing.T) {
	for profile := range profiles {
		seals, opens, other := control(t, profile)
		for i := range 300 {
			plain := rtcp(uint32(i%3+1), i%50)
			sealed, err := seals.Seal([]byte("before"), plain)
			if err != nil || string(sealed[:6]) != "before" || len(sealed)-6-len(plain) > ControlOverhead {
				t.Fatalf("profile %d: sealed %x (%v)", profile, sealed, err)
			}
			got, err := other.DecryptRTCP(nil, sealed[6:], nil)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("profile %d, packet %d is opened as %x (%v)", profile, i, got, err)
			}
			if sealed, err = other.EncryptRTCP(nil, plain, nil); err != nil {
				t.Fatal(err)
			}
			var ok bool
			if got, ok = opens.Open(sealed); !ok || !bytes.Equal(got, plain) {
				t.Fatalf("profile %d, packet %d: opened %x (%v)", profile, i, got, ok)
			}
		}
	}
}

func TestControlOnceEach(t *testing.T) {
	for profile := range profiles {
		seals, opens, _ := control(t, profile)
		var sealed [][]byte
		for i := range 200 {
			b, err := seals.Seal(nil, rtcp(uint32(i%2+1), 3))
			if err != nil {
				t.Fatal(err)
			}
			sealed = append(sealed, b)
		}
		open := func(i int) bool { _, ok := opens.Open(slices.Clone(sealed[i])); return ok }
		for _, i := range []int{10, 8, 12, 14, 9, 20} {
			if !open(i) {
				t.Errorf("profile %d: packet %d is not taken", profile, i)
			}
			if open(i) {
				t.Errorf("profile %d: packet %d is taken twice", profile, i)
			}
		}
		if !open(190) || open(20) || open(100) || !open(140) || !open(151) {
			t.Errorf("profile %d: after a jump", profile)
		}
	}
}

func TestControlForged(t *testing.T) {
	for profile := range profiles {
		seals, opens, _ := control(t, profile)
		sealed, err := seals.Seal(nil, rtcp(7, 5))
		if err != nil {
			t.Fatal(err)
		}
		for at := range sealed {
			for bit := range 8 {
				forged := slices.Clone(sealed)
				forged[at] ^= 1 << bit
				if _, ok := opens.Open(forged); ok {
					t.Errorf("profile %d: taken with bit %d of byte %d changed", profile, bit, at)
				}
			}
			if _, ok := opens.Open(slices.Clone(sealed[:at])); ok {
				t.Errorf("profile %d: taken with %d bytes", profile, at)
			}
		}
		if len(opens.opened) > 0 {
			t.Errorf("profile %d: something is kept of forged packets", profile)
		}
		if _, ok := opens.Open(sealed); !ok {
			t.Errorf("profile %d: what was forged has done harm", profile)
		}
		if _, err := seals.Seal(nil, []byte("short")); err == nil {
			t.Error("what is no packet is sealed")
		}
		seals.sent = encrypted - 1
		if _, err := seals.Seal(nil, rtcp(7, 5)); err == nil {
			t.Error("an index is used twice")
		}
		for i := range uint32(2 * maxOpened) { // of as many streams as it likes
			seals.sent = i
			b, err := seals.Seal(nil, rtcp(100+i, 1))
			if err != nil {
				t.Fatal(err)
			}
			opens.Open(b)
		}
		if len(opens.opened) != maxOpened {
			t.Errorf("profile %d: %d SSRCs are remembered", profile, len(opens.opened))
		}
	}
}

// Material is divided as another implementation does.
func TestSplit(t *testing.T) {
	for profile, p := range profiles {
		material := make([]byte, profile.MaterialSize())
		for i := range material {
			material[i] = byte(i)
		}
		for _, client := range []bool{false, true} {
			cfg := pion.Config{Profile: p.pion}
			if err := cfg.ExtractSessionKeysFromDTLS(exporter(material), client); err != nil {
				t.Fatal(err)
			}
			ours, theirs := profile.Split(material)
			if !client {
				ours, theirs = theirs, ours
			}
			k := cfg.Keys
			if !bytes.Equal(k.LocalMasterKey, ours.Key) || !bytes.Equal(k.LocalMasterSalt, ours.Salt) || !bytes.Equal(k.RemoteMasterKey, theirs.Key) || !bytes.Equal(k.RemoteMasterSalt, theirs.Salt) {
				t.Errorf("profile %d is divided into %+v and %+v, want %+v", profile, ours, theirs, k)
			}
		}
	}
}

// An exporter is a DTLS connection that has agreed on this.
type exporter []byte

func (e exporter) ExportKeyingMaterial(_ string, _ []byte, n int) ([]byte, error) { return e[:n], nil }

// FuzzOpen: whatever comes, nothing is opened that was not sealed, and nothing is
// kept of it.
func FuzzOpen(f *testing.F) {
	for profile := range profiles {
		seals, _, _ := control(f, profile)
		sealed, err := seals.Seal(nil, rtcp(7, 5))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(profile), sealed)
		f.Add(uint8(profile), sealed[:12])
	}
	f.Fuzz(func(t *testing.T, profile uint8, b []byte) {
		p := Profile(profile%2 + 1)
		m := Master{bytes.Repeat([]byte{9}, keySize), bytes.Repeat([]byte{8}, p.saltSize())} // of nobody
		c, err := NewControl(p, m)
		if err != nil {
			t.Fatal(err)
		}
		if plain, ok := c.Open(slices.Clone(b)); ok || len(c.opened) > 0 {
			t.Fatalf("%x is opened as %x", b, plain)
		}
		keys, err := New(p, m)
		if err != nil {
			t.Fatal(err)
		}
		for header := range 24 {
			if len(b) >= HeaderSize {
				if plain, ok := keys.Source(binary.BigEndian.Uint32(b[8:])).Open(slices.Clone(b), header); ok {
					t.Fatalf("%x is opened as %x", b, plain)
				}
			}
		}
	})
}
