package rtpx

import (
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var cases = []struct {
	name  string
	codec Codec
	hex   string
	want  Info
}{
	{"opus", Opus, "00aa", Info{Start: true, KeyFrame: true}},
	{"vp8 key, no extension", VP8, "1010", Info{Start: true, KeyFrame: true}},
	{"vp8 delta", VP8, "1011", Info{Start: true}},
	{"vp8 second packet of a key frame", VP8, "0010", Info{}},
	{"vp8 long picture id", VP8, "9080812310", Info{Start: true, KeyFrame: true, PictureID: 2, LongPictureID: true}},
	{"vp8 short picture id, tl0, tid", VP8, "90e023074011", Info{Start: true, PictureID: 2, TL0: 3}},
	{"vp9 key", VP9, "888123aa", Info{Start: true, KeyFrame: true, PictureID: 1, LongPictureID: true}},
	{"vp9 delta", VP9, "c88123aa", Info{Start: true, PictureID: 1, LongPictureID: true}},
	{"vp9 key, layers, not flexible", VP9, "a88123000711", Info{Start: true, KeyFrame: true, PictureID: 1, LongPictureID: true, TL0: 4}},
	{"vp9 upper spatial layer", VP9, "a88123020711", Info{Start: true, PictureID: 1, LongPictureID: true, TL0: 4}},
	{"av1 key", AV1, "180a", Info{Start: true, KeyFrame: true}},
	{"av1 delta", AV1, "1032", Info{Start: true}},
	{"av1 continued", AV1, "9832", Info{}},
	{"h264 stap-a with sps", H264, "78001967", Info{Start: true, KeyFrame: true}},
	{"h264 sps alone", H264, "6742", Info{Start: true, KeyFrame: true}},
	{"h264 delta", H264, "419a", Info{Start: true}},
	{"h264 fu-a start", H264, "7c85", Info{Start: true}},
	{"h264 fu-a middle", H264, "7c05", Info{}},
}

func TestParse(t *testing.T) {
	for _, tc := range cases {
		got, ok := Parse(tc.codec, unhex(t, tc.hex))
		if !ok || got != tc.want {
			t.Errorf("%s: got %+v, %t, want %+v", tc.name, got, ok, tc.want)
		}
	}
}

// Every prefix of a valid payload is refused or read without looking past its
// end: positions that Parse names must exist.
func TestTruncated(t *testing.T) {
	for _, tc := range cases {
		b := unhex(t, tc.hex)
		for n := range b {
			checkPositions(t, tc.codec, b[:n:n])
		}
	}
	if _, ok := Parse(VP8, nil); ok {
		t.Error("an empty payload is taken")
	}
	if _, ok := Parse(0, []byte{1, 2, 3}); ok {
		t.Error("an unknown codec is taken")
	}
}

func checkPositions(t testing.TB, c Codec, b []byte) {
	t.Helper()
	in, ok := Parse(c, b)
	if !ok {
		return
	}
	if in.LongPictureID && in.PictureID+1 >= len(b) || in.PictureID >= len(b) || in.TL0 >= len(b) {
		t.Fatalf("codec %d, %x: positions outside: %+v", c, b, in)
	}
}

func FuzzParse(f *testing.F) {
	for _, tc := range cases {
		f.Add(uint8(tc.codec), unhex(f, tc.hex))
	}
	f.Fuzz(func(t *testing.T, c uint8, b []byte) { checkPositions(t, Codec(c), b) })
}
