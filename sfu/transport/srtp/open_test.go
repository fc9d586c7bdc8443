package srtp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	pion "github.com/pion/srtp/v3"
)

// incoming returns a packet as another implementation seals it.
func incoming(t *testing.T, with *pion.Context, ssrc uint32, seq uint16, payload []byte) []byte {
	t.Helper()
	header := headerSize(seq)
	plain := make([]byte, header+len(payload))
	plain[0], plain[1] = 0x80, 96
	binary.BigEndian.PutUint16(plain[2:], seq)
	binary.BigEndian.PutUint32(plain[8:], ssrc)
	if header > HeaderSize {
		plain[0] |= 0x10
		copy(plain[HeaderSize:], []byte{0xbe, 0xde, 0, 1, 0x31, byte(seq), 7, 0})
	}
	copy(plain[header:], payload)
	sealed, err := with.EncryptRTP(nil, plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// pair returns the keys of a profile, and the same of another implementation.
func pair(t *testing.T, profile Profile) (*Keys, *pion.Context) {
	t.Helper()
	p := profiles[profile]
	keys, err := New(profile, Master{master(keySize), master(p.salt)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := pion.CreateContext(master(keySize), master(p.salt), p.pion)
	if err != nil {
		t.Fatal(err)
	}
	return keys, other
}

// What another implementation seals is opened, over turns of the sequence
// number, with packets out of order and lost; each once.
func TestOpensWhatOthersSeal(t *testing.T) {
	for profile := range profiles {
		keys, other := pair(t, profile)
		for ssrc := uint32(1); ssrc <= 2; ssrc++ {
			s, seq := keys.Source(ssrc), uint16(65_000)
			var late []byte
			for i := range 20_000 {
				if rand.N(100) == 0 {
					seq += uint16(rand.N(300))
				}
				seq += uint16(rand.N(20)) + 1
				payload := bytes.Repeat([]byte{byte(i)}, i%1200)
				sealed := incoming(t, other, ssrc, seq, payload)
				if late == nil && rand.N(10) == 0 {
					late = sealed
					continue
				}
				again := slices.Clone(sealed)
				got, ok := s.Open(sealed, headerSize(seq))
				if !ok || !bytes.Equal(got, payload) {
					t.Fatalf("profile %d, packet %d, number %d: %v", profile, i, seq, ok)
				}
				if _, ok := s.Open(again, headerSize(seq)); ok {
					t.Fatalf("profile %d: number %d is taken twice", profile, seq)
				}
				if late != nil && rand.N(3) == 0 {
					header := headerSize(binary.BigEndian.Uint16(late[2:]))
					if _, ok := s.Open(late, header); !ok && seq-binary.BigEndian.Uint16(late[2:]) < window {
						t.Fatalf("profile %d: a late packet is not taken", profile)
					}
					late = nil
				}
			}
		}
	}
}

// Whatever is changed of a packet, nothing is opened, and the packet itself
// still is.
func TestForgedPacketsAreNotOpened(t *testing.T) {
	for profile := range profiles {
		keys, other := pair(t, profile)
		const seq = 3 // with an extension
		sealed := incoming(t, other, 7, seq, []byte("Gallia est omnis divisa"))
		s := keys.Source(7)
		for at := range sealed {
			forged := slices.Clone(sealed)
			forged[at] ^= 0x40
			if _, ok := s.Open(forged, headerSize(seq)); ok {
				t.Errorf("profile %d: taken with byte %d changed", profile, at)
			}
		}
		for n := range sealed {
			if _, ok := s.Open(slices.Clone(sealed[:n]), headerSize(seq)); ok {
				t.Errorf("profile %d: taken with %d of %d bytes", profile, n, len(sealed))
			}
		}
		if _, ok := keys.Source(8).Open(slices.Clone(sealed), headerSize(seq)); ok {
			t.Errorf("profile %d: taken as of another SSRC", profile)
		}
		if _, ok := s.Open(sealed, headerSize(seq)); !ok {
			t.Errorf("profile %d: what was forged has done harm", profile)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for profile, p := range profiles {
		name := "gcm"
		if profile != AEADAES128GCM {
			name = "cm"
		}
		b.Run(name, func(b *testing.B) {
			keys, err := New(profile, Master{master(keySize), master(p.salt)})
			if err != nil {
				b.Fatal(err)
			}
			w, r := keys.Stream(1), keys.Source(1)
			payload, packet := make([]byte, 1200), make([]byte, HeaderSize+1200+keys.Overhead())
			packet[0], packet[11] = 0x80, 1
			seq := uint16(0)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				binary.BigEndian.PutUint16(packet[2:], seq)
				index, _ := w.Next(seq)
				w.Seal(packet, HeaderSize, payload, index)
				if _, ok := r.Open(packet, HeaderSize); !ok {
					b.Fatal("not opened")
				}
			}
		})
	}
}
