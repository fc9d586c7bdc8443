package wrap

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"
)

var codecs = []Codec{Opus, VP8, VP9, AV1, H264}

// bodies are what is hard to carry, and random bytes with many zeros in them.
func bodies() [][]byte {
	out := [][]byte{
		{},
		{0},
		{0, 0},
		{0, 0, 0},
		{0, 0, 1},
		{0, 0, 3},
		{0, 0, 0, 1},
		{0, 0, 0, 0, 0, 0, 0},
		{3},
		{0, 0, 3, 0, 0, 3},
		{0x80},
		{0, 0, 0x80},
		{1, 0, 0, 0, 1, 0x65, 0x88, 0x80, 2},
		bytes.Repeat([]byte{0}, 130), bytes.Repeat([]byte{0xff}, 127), bytes.Repeat([]byte{7}, 128),
		bytes.Repeat([]byte{0, 0, 2}, 6000), []byte(av1Sequence), []byte(vp8Key),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := make([]byte, random.IntN(300))
		few := random.IntN(2) == 0
		for i := range b {
			if b[i] = byte(random.Uint32()); few {
				b[i] &= 3 & byte(random.Uint32())
			}
		}
		out = append(out, b)
	}
	return out
}

func TestUnwrapGivesWhatWasWrapped(t *testing.T) {
	before := []byte("what is there")
	for _, codec := range codecs {
		for _, key := range []bool{false, true} {
			for _, body := range bodies() {
				frame := Wrap(nil, codec, key, body)
				if got := Wrap(bytes.Clone(before), codec, key, body); !bytes.Equal(got, append(bytes.Clone(before), frame...)) {
					t.Fatalf("codec %d: appended as %x", codec, got)
				}
				if codec != H264 && len(frame) > len(body)+MaxOverhead || codec == H264 && len(frame) > len(body)*3/2+MaxOverhead {
					t.Fatalf("codec %d: %d bytes become %d", codec, len(body), len(frame))
				}
				got, err := Unwrap(codec, bytes.Clone(frame))
				if err != nil || !bytes.Equal(got, body) {
					t.Fatalf("codec %d key %v: %x comes back as %x, %v", codec, key, body, got, err)
				}
			}
		}
	}
}

// Whoever looks for start codes finds those of the wrapper only, and a
// packetiser that strips zeros from the end strips nothing.
func TestH264HasNoStartCodeInTheBody(t *testing.T) {
	for _, body := range bodies() {
		for key, codes := range map[bool]int{true: 3, false: 1} {
			frame := Wrap(nil, H264, key, body)
			if n := bytes.Count(frame, []byte{0, 0, 1}); n != codes {
				t.Fatalf("%x: %d start codes, want %d", body, n, codes)
			}
			if n := bytes.Count(frame, []byte{0, 0, 0, 0}) + bytes.Count(frame, []byte{0, 0, 2}); n != 0 {
				t.Fatalf("%x: three zeros or 00 00 02 in %x", body, frame)
			}
			if frame[len(frame)-1] == 0 {
				t.Fatalf("%x: the frame ends in zero", body)
			}
		}
	}
}

func TestUnwrapRefuses(t *testing.T) {
	for codec, frames := range map[Codec][]string{
		0:   {"", "00"},
		6:   {"00"},
		VP8: {"", "10", "1002009d012a10001001aa", "13aa", "12aa"},
		AV1: {
			"", "0a0a00000004", "0a0a000000043cffbcda3008", "1200", "b20100", "32", "3280", "3205aabb",
			"32ffffffffffffffff7f", "328080808010", "36", "3203aabbcc32",
		},
		H264: {
			"", "00", "000001", "00000001", "0000000165", "000000016588", "00000001658880", "0000000165888001", "00000001658880aa",
			"0000016588800000010080", "0000016588800000020080", "0000016588800000030480", "00000165888000000380",
			"0000000167420000", "000001418880aa80", "01658880aa80", "00016588aa80",
			"000001658880aa80000001419a80bb80",
		},
	} {
		for _, s := range frames {
			frame, err := hex.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := Unwrap(codec, frame); !errors.Is(err, ErrWrapper) || got != nil {
				t.Errorf("codec %d: %q is unwrapped as %x, %v", codec, s, got, err)
			}
		}
	}
}

func TestWrapRefusesAnUnknownCodec(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("codec 9 is wrapped")
		}
	}()
	Wrap(nil, 9, true, []byte{1})
}

func TestPad(t *testing.T) {
	for n := range 2000 {
		payload := bytes.Repeat([]byte{0}, n)
		for i := range payload {
			payload[i] = byte(i * n)
		}
		for name, bucket := range map[string]Bucket{"audio": AudioBucket, "video": VideoBucket} {
			b := Pad([]byte{9}, payload, bucket)
			if b[0] != 9 || len(b)-1 != bucket(n+4) {
				t.Fatalf("%s: %d bytes are padded to %d", name, n, len(b)-1)
			}
			if got, err := Unpad(b[1:]); err != nil || !bytes.Equal(got, payload) {
				t.Fatalf("%s: %d bytes: %v", name, n, err)
			}
		}
	}
	for n, want := range map[int]int{4: 96, 96: 96, 97: 160, 160: 160, 161: 288, 288: 288, 289: 320, 320: 320, 321: 480, 1000: 1120} {
		if got := AudioBucket(n); got != want {
			t.Errorf("%d bytes of audio are padded to %d, want %d", n, got, want)
		}
	}
}

func TestPadHidesTheSizeOfAudio(t *testing.T) {
	sizes := map[int]bool{}
	for n := range 93 {
		sizes[len(Pad(nil, make([]byte, n), AudioBucket))] = true
	}
	if len(sizes) != 1 {
		t.Errorf("payloads of 0 to 92 bytes have %d sizes", len(sizes))
	}
}

func TestUnpadRefuses(t *testing.T) {
	for _, s := range []string{"", "00", "000000", "01000001aa", "80000000", "00000001", "00000002aa", "00ffffffaa", "00000001aa01", "00000001aa000080", "0000000000000001"} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Unpad(b); !errors.Is(err, ErrPadding) || got != nil {
			t.Errorf("%q is unpadded as %x, %v", s, got, err)
		}
	}
}

func TestPadRefusesWhatHasNoLength(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("16 MiB are padded")
		}
	}()
	Pad(nil, make([]byte, MaxPayload+1), VideoBucket)
}

func TestNothingIsAllocated(t *testing.T) {
	body, dst, padded := bytes.Repeat([]byte{0, 1, 2, 0xff}, 300), make([]byte, 0, 4096), make([]byte, 0, 4096)
	for _, codec := range codecs {
		if n := testing.AllocsPerRun(100, func() {
			padded = Pad(padded[:0], body, AudioBucket)
			dst = Wrap(dst[:0], codec, true, padded)
			got, err := Unwrap(codec, dst)
			if err == nil {
				_, err = Unpad(got)
			}
			if err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("codec %d: %v allocations", codec, n)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	for _, codec := range codecs {
		f.Add(uint8(codec), Wrap(nil, codec, true, []byte{0, 0, 1, 0}))
	}
	f.Fuzz(func(t *testing.T, codec uint8, frame []byte) {
		kept := bytes.Clone(frame)
		body, err := Unwrap(Codec(codec), frame)
		if err != nil {
			return
		}
		body = bytes.Clone(body)
		for _, key := range []bool{false, true} {
			again, err := Unwrap(Codec(codec), Wrap(nil, Codec(codec), key, body))
			if err != nil || !bytes.Equal(again, body) {
				t.Fatalf("%x unwraps to %x, which comes back as %x, %v", kept, body, again, err)
			}
		}
	})
}

func FuzzUnpad(f *testing.F) {
	f.Add(Pad(nil, []byte("abc"), AudioBucket))
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, err := Unpad(b)
		if err != nil {
			return
		}
		if again := Pad(nil, payload, func(int) int { return len(b) }); !bytes.Equal(again, b) {
			t.Fatalf("%x is padded as %x", b, again)
		}
	})
}
