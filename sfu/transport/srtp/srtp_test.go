package srtp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	pion "github.com/pion/srtp/v3"
)

var profiles = map[Profile]struct {
	pion pion.ProtectionProfile
	salt int
}{
	AEADAES128GCM:      {pion.ProtectionProfileAeadAes128Gcm, gcmSalt},
	AESCM128HMACSHA180: {pion.ProtectionProfileAes128CmHmacSha1_80, cmSalt},
}

func master(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + 1)
	}
	return b
}

func seal(t testing.TB, s *Stream, ssrc uint32, seq uint16, payload []byte) []byte {
	t.Helper()
	index, ok := s.Next(seq)
	if !ok {
		t.Fatalf("number %d is refused", seq)
	}
	header := headerSize(seq)
	packet := make([]byte, header+len(payload)+s.keys.Overhead())
	packet[0], packet[1] = 0x80, 96
	binary.BigEndian.PutUint16(packet[2:], seq)
	binary.BigEndian.PutUint32(packet[8:], ssrc)
	if header > HeaderSize {
		packet[0] |= 0x10
		copy(packet[HeaderSize:], []byte{0xbe, 0xde, 0, 1, 0x31, byte(seq), 7, 0})
	}
	s.Seal(packet, header, payload, index)
	return packet
}

// headerSize is that of every third packet with an extension.
func headerSize(seq uint16) int {
	if seq%3 == 0 {
		return HeaderSize + 8
	}
	return HeaderSize
}

// Another implementation opens what is sealed, over turns of the sequence
// number, with packets out of order and lost.
func TestOpensElsewhere(t *testing.T) {
	for profile := range profiles {
		keys, other := pair(t, profile)
		for ssrc := uint32(1); ssrc <= 2; ssrc++ {
			s := keys.Stream(ssrc)
			seq := uint16(65000)
			for i := range 200_000 {
				if rand.N(100) == 0 {
					seq += uint16(rand.N(300))
				}
				seq++
				if i%50 != 0 && i > 100 { // most are only counted: sealing all of them takes long
					s.Next(seq)
					if i%50 != 49 {
						continue
					}
					seq++
				}
				payload := bytes.Repeat([]byte{byte(i)}, i%1200)
				opened, err := other.DecryptRTP(nil, seal(t, s, ssrc, seq, payload), nil)
				if err != nil || !bytes.Equal(opened[headerSize(seq):], payload) {
					t.Fatalf("profile %d, packet %d, number %d: %v", profile, i, seq, err)
				}
			}
		}
	}
}

// The packet of RFC 7714 §16.1.1, whose session key and salt are given.
func TestVectorOfTheRFC(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	keys, err := New(AEADAES128GCM, Master{master(keySize), master(gcmSalt)})
	if err != nil {
		t.Fatal(err)
	}
	keys.aead = gcm(t, unhex("000102030405060708090a0b0c0d0e0f"))
	keys.salt = unhex("517569642070726f2071756f")
	payload := []byte("Gallia est omnis divisa in partes tres")
	want := unhex("8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce")
	packet := make([]byte, len(want))
	copy(packet, want[:HeaderSize])
	s := keys.Stream(0x5501a0b2)
	index, _ := s.Next(0xf17b)
	s.Seal(packet, HeaderSize, payload, index)
	if !bytes.Equal(packet, want) {
		t.Errorf("sealed\n%x, want\n%x", packet, want)
	}
}

// No number is given out twice, whatever is asked for: a nonce is used once.
func TestNoIndexTwice(t *testing.T) {
	for range 20 {
		var x indexes
		given := map[uint64]bool{}
		seq := uint16(rand.Uint32())
		for range 20_000 {
			switch rand.N(20) {
			case 0:
				seq += uint16(rand.N(3000))
			case 1:
				seq -= uint16(rand.N(1500)) // less than forwards, or most are too old
			case 2:
			default:
				seq++
			}
			index, ok := x.next(seq)
			if !ok {
				continue
			}
			if given[index] {
				t.Fatalf("index %d is given out twice", index)
			}
			if uint16(index) != seq {
				t.Fatalf("index %x for number %x", index, seq)
			}
			given[index] = true
		}
		if len(given) < 1000 {
			t.Errorf("only %d of 20000 were let through", len(given))
		}
	}
}

func TestLatePacketsAreSentOnce(t *testing.T) {
	var x indexes
	for _, step := range []struct {
		seq  uint16
		want int64 // -1: refused
	}{
		{10, 10},
		{10, -1},
		{9, 9},
		{9, -1},
		{0, 0},
		{65535, -1}, // there is nothing before the first turn
		{1033, 1033},
		{10, -1},
		{11, 11},
		{9, -1},
		{33000, 33000},
		{65535, 65535},
		{0, 65536},
		{65534, 65534},
		{65535, -1},
		{0, -1},
		{1, 65537},
	} {
		index, ok := x.next(step.seq)
		if ok != (step.want >= 0) || ok && index != uint64(step.want) {
			t.Errorf("number %d: index %d, %t, want %d", step.seq, index, ok, step.want)
		}
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	keys, err := New(AEADAES128GCM, Master{master(keySize), master(gcmSalt)})
	if err != nil {
		t.Fatal(err)
	}
	keys.Stream(1)
	keys.Stream(2)
	defer func() {
		if recover() == nil {
			t.Error("there are two writers of one SSRC")
		}
	}()
	keys.Stream(1)
}

func TestWrongKeySizesAreRefused(t *testing.T) {
	for profile, p := range profiles {
		for _, sizes := range [][2]int{{0, p.salt}, {keySize, 0}, {32, p.salt}, {keySize, p.salt + 1}} {
			if _, err := New(profile, Master{master(sizes[0]), master(sizes[1])}); err == nil {
				t.Errorf("profile %d takes sizes %v", profile, sizes)
			}
		}
	}
	if _, err := New(0, Master{master(keySize), master(cmSalt)}); err == nil {
		t.Error("no profile is taken")
	}
}

func TestSealAllocatesNothing(t *testing.T) {
	keys, err := New(AEADAES128GCM, Master{master(keySize), master(gcmSalt)})
	if err != nil {
		t.Fatal(err)
	}
	s, seq := keys.Stream(1), uint16(0)
	packet, payload := make([]byte, 1200), make([]byte, 1200-HeaderSize-gcmTag)
	if n := testing.AllocsPerRun(1000, func() {
		index, _ := s.Next(seq)
		s.Seal(packet, HeaderSize, payload, index)
		seq++
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func BenchmarkSeal(b *testing.B) {
	for profile, p := range profiles {
		b.Run(map[Profile]string{AEADAES128GCM: "GCM", AESCM128HMACSHA180: "CM"}[profile], func(b *testing.B) {
			keys, err := New(profile, Master{master(keySize), master(p.salt)})
			if err != nil {
				b.Fatal(err)
			}
			s, seq := keys.Stream(1), uint16(0)
			packet := make([]byte, 1200)
			payload := make([]byte, 1200-HeaderSize-keys.Overhead())
			b.ReportAllocs()
			for b.Loop() {
				index, _ := s.Next(seq)
				s.Seal(packet, HeaderSize, payload, index)
				seq++
			}
		})
	}
}

func gcm(t testing.TB, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}
