package sframe

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) (err error) {
	var s string
	if err = json.Unmarshal(b, &s); err != nil {
		return err
	}
	*h, err = hex.DecodeString(s)
	return err
}

type aeadVector struct {
	Suite                   Suite `json:"cipher_suite"`
	Key, Nonce, AAD, PT, CT hexBytes
}

type frameVector struct {
	Suite            Suite `json:"cipher_suite"`
	KID, CTR         uint64
	Base             hexBytes `json:"base_key"`
	Metadata, PT, CT hexBytes
}

type vectors struct {
	Header []struct {
		KID, CTR uint64
		Encoded  hexBytes
	}
	AEAD     []aeadVector  `json:"aes_ctr_hmac"`
	AEAD256  []aeadVector  `json:"aes_256_ctr_hmac"`
	Frame    []frameVector `json:"sframe"`
	Frame256 []frameVector `json:"sframe_aes_256_ctr_hmac"`
}

func officialVectors(t testing.TB) (v vectors) {
	t.Helper()
	dir := os.Getenv("INCAMERA_VECTORS")
	if dir == "" {
		dir = "../../../shared/vectors"
	}
	for _, name := range []string{"test-vectors.json", "test-vectors-aes256.json"} {
		b, err := os.ReadFile(filepath.Join(dir, "sframe", name))
		if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
			t.Skipf("the official vectors are not here (INCAMERA_VECTORS): %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestVectorsOfTheRFC(t *testing.T) {
	v := officialVectors(t)
	aeads, frames := append(v.AEAD, v.AEAD256...), append(v.Frame, v.Frame256...)
	if len(v.Header) < 289 || len(aeads) < 6 || len(frames) < 8 {
		t.Fatalf("too few vectors: %d headers, %d ciphers, %d frames", len(v.Header), len(aeads), len(frames))
	}
	for _, h := range v.Header {
		if got := AppendHeader(nil, h.KID, h.CTR); !bytes.Equal(got, h.Encoded) {
			t.Errorf("header %d %d: got %x, want %x", h.KID, h.CTR, got, h.Encoded)
		}
		if got, err := ParseHeader(h.Encoded); err != nil || got != (Header{h.KID, h.CTR, len(h.Encoded)}) {
			t.Errorf("header %x: parsed as %+v, %v", h.Encoded, got, err)
		}
	}
	for _, a := range aeads {
		c, err := suites[a.Suite].newAEAD(a.Key)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Seal(nil, a.Nonce, a.PT, a.AAD); !bytes.Equal(got, a.CT) {
			t.Errorf("suite %d: sealed as %x, want %x", a.Suite, got, a.CT)
		}
		if got, err := c.Open(nil, a.Nonce, a.CT, a.AAD); err != nil || !bytes.Equal(got, a.PT) {
			t.Errorf("suite %d: opened as %x, %v", a.Suite, got, err)
		}
	}
	seen := map[Suite]bool{}
	for _, f := range frames {
		seen[f.Suite] = true
		k := newKey(t, f.Suite, f.KID, f.Base)
		if got := k.Seal(nil, f.CTR, f.Metadata, f.PT); !bytes.Equal(got, f.CT) {
			t.Errorf("suite %d: sealed as %x, want %x", f.Suite, got, f.CT)
		}
		if got, err := k.Open(nil, f.Metadata, f.CT); err != nil || !bytes.Equal(got, f.PT) {
			t.Errorf("suite %d: opened as %x, %v", f.Suite, got, err)
		}
	}
	if len(seen) != len(suites) {
		t.Errorf("frames of %d suites, want all %d", len(seen), len(suites))
	}
	t.Logf("pass: %d headers, %d ciphers, %d frames; skipped: none", len(v.Header), len(aeads), len(frames))
}

func newKey(t testing.TB, id Suite, kid uint64, base []byte) *Key {
	t.Helper()
	k, err := NewKey(id, kid, base)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNothingButTheFrameOpens(t *testing.T) {
	base := bytes.Repeat([]byte{7}, 16)
	metadata, plaintext := []byte("room and codec"), []byte("what the camera saw")
	for id := range suites {
		k := newKey(t, id, 0x123, base)
		frame := k.Seal(nil, 1000, metadata, plaintext)
		if got, err := k.Open(nil, metadata, frame); err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("suite %d: %q, %v", id, got, err)
		}
		for i := range frame {
			for bit := range 8 {
				bad := bytes.Clone(frame)
				bad[i] ^= 1 << bit
				if got, err := k.Open(nil, metadata, bad); err == nil || got != nil {
					t.Errorf("suite %d: opens with bit %d of byte %d flipped: %x, %v", id, bit, i, got, err)
				}
			}
		}
		for n := range frame {
			if _, err := k.Open(nil, metadata, frame[:n]); err == nil {
				t.Errorf("suite %d: opens when cut to %d bytes", id, n)
			}
		}
		if _, err := k.Open(nil, []byte("room and codeC"), frame); !errors.Is(err, ErrOpen) {
			t.Errorf("suite %d: other metadata: %v", id, err)
		}
		if _, err := newKey(t, id, 0x124, base).Open(nil, metadata, frame); !errors.Is(err, ErrKID) {
			t.Errorf("suite %d: the key of another KID: %v", id, err)
		}
		if _, err := newKey(t, id, 0x123, bytes.Repeat([]byte{8}, 16)).Open(nil, metadata, frame); !errors.Is(err, ErrOpen) {
			t.Errorf("suite %d: the key of another epoch: %v", id, err)
		}
	}
}

func TestUnknownSuite(t *testing.T) {
	for _, id := range []Suite{0, 9, 0xffff} {
		if _, err := NewKey(id, 1, make([]byte, 16)); err == nil {
			t.Errorf("suite %d makes a key", id)
		}
	}
}

func TestHeaderHasOneForm(t *testing.T) {
	for _, s := range []string{"", "80", "8007", "0807", "900008", "090008", "f0", "ff0102030405060708", "8f0800ffffffffffffff"} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if h, err := ParseHeader(b); !errors.Is(err, ErrHeader) {
			t.Errorf("%q parses as %+v, %v", s, h, err)
		}
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	k := newKey(t, AES128GCM, 0x40, []byte("0123456789abcdef"))
	type holder struct{ K *Key }
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, s := range []string{fmt.Sprintf(format, k), fmt.Sprintf(format, holder{k})} {
			if !strings.Contains(s, "[secret]") && !strings.Contains(s, "0xc0") {
				t.Errorf("%s prints %s", format, s)
			}
			if strings.Contains(s, hex.EncodeToString(k.salt[:4])) || strings.Contains(s, fmt.Sprint(k.salt)) {
				t.Errorf("%s prints the salt", format)
			}
		}
	}
}

func TestSealAndOpenAllocateNothing(t *testing.T) {
	k := newKey(t, AES128GCM, 0x10040, make([]byte, 16))
	plaintext, metadata := make([]byte, 1200), make([]byte, 50)
	sealed, opened := make([]byte, 0, 1500), make([]byte, 0, 1500)
	replay := NewReplay(ReplayVideo)
	var ctr uint64
	if n := testing.AllocsPerRun(200, func() {
		ctr++
		sealed = k.Seal(sealed[:0], ctr, metadata, plaintext)
		h, err := ParseHeader(sealed)
		if err != nil || !replay.Check(h.CTR) {
			t.Fatal("refused", err)
		}
		if opened, err = k.Open(opened[:0], metadata, sealed); err != nil {
			t.Fatal(err)
		}
		replay.Mark(h.CTR)
	}); n != 0 {
		t.Errorf("%v allocations for a frame", n)
	}
}

func TestReplayAgainstASet(t *testing.T) {
	for _, size := range []int{64, ReplayAudio, ReplayVideo} {
		for _, start := range []uint64{0, 1, 1 << 32, ^uint64(0) - 3000} {
			r, seen, high, some := NewReplay(size), map[uint64]bool{}, uint64(0), false
			random := rand.New(rand.NewPCG(uint64(size), start))
			at := start
			for range 20000 {
				var ctr uint64
				switch random.IntN(8) {
				case 0:
					ctr = at - random.Uint64N(min(at, uint64(2*size))+1)
				case 1:
					ctr = min(at, ^uint64(0)-uint64(3*size)) + random.Uint64N(uint64(3*size))
				default:
					ctr = min(at, ^uint64(0)-4) + random.Uint64N(4)
				}
				want := !some || ctr > high || high-ctr < uint64(size) && !seen[ctr]
				if got := r.Check(ctr); got != want {
					t.Fatalf("size %d, highest %d: Check(%d) is %v, want %v", size, high, ctr, got, want)
				}
				if random.IntN(4) == 0 {
					continue // it did not authenticate
				}
				r.Mark(ctr)
				if want {
					seen[ctr] = true
				}
				if !some || ctr > high {
					high, some = ctr, true
				}
				at = high
			}
		}
	}
}

func TestReplayMarksOnlyWhatItIsTold(t *testing.T) {
	r := NewReplay(ReplayAudio)
	if !r.Check(1<<40) || !r.Check(5) {
		t.Error("a forged high counter shuts out others")
	}
	r.Mark(5)
	if r.Check(5) || !r.Check(4) || !r.Check(6) {
		t.Error("5 is not the only counter seen")
	}
	r.Mark(5 + ReplayAudio)
	if r.Check(5) || !r.Check(6) {
		t.Error("the window does not end 256 below the highest")
	}
}

func FuzzOpen(f *testing.F) {
	k := newKey(f, AES128GCM, 9, make([]byte, 16))
	f.Add(k.Seal(nil, 3, nil, []byte("x")))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := ParseHeader(b); err == nil && !bytes.Equal(AppendHeader(nil, h.KID, h.CTR), b[:h.Len]) {
			t.Fatal("a header with two forms")
		}
		if p, err := k.Open(nil, nil, b); err == nil {
			h, _ := ParseHeader(b)
			if !bytes.Equal(k.Seal(nil, h.CTR, nil, p), b) {
				t.Fatal("a frame opens that was not sealed so")
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for _, id := range []Suite{AES128GCM, AES128CTRHMACSHA256Tag80} {
		for _, n := range []int{160, 1200, 50000} {
			b.Run(fmt.Sprintf("suite%d/%d", id, n), func(b *testing.B) {
				k := newKey(b, id, 0x123, make([]byte, 16))
				plaintext, dst := make([]byte, n), make([]byte, 0, n+MaxOverhead)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				var ctr uint64
				for b.Loop() {
					ctr++
					k.Seal(dst, ctr, nil, plaintext)
				}
			})
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, id := range []Suite{AES128GCM, AES128CTRHMACSHA256Tag80} {
		for _, n := range []int{160, 1200, 50000} {
			b.Run(fmt.Sprintf("suite%d/%d", id, n), func(b *testing.B) {
				k := newKey(b, id, 0x123, make([]byte, 16))
				frame, dst := k.Seal(nil, 5, nil, make([]byte, n)), make([]byte, 0, n)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := k.Open(dst, nil, frame); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
