package rtpx

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"github.com/pion/rtp"
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
	{"vp8 long picture id", VP8, "9080812310", Info{Start: true, KeyFrame: true, PictureAt: 2, PictureBits: 15}},
	{"vp8 short picture id, tl0, tid", VP8, "90e023074011", Info{Start: true, PictureAt: 2, PictureBits: 7, TL0At: 3, Layered: true, Temporal: 1}},
	{"vp8 tid without tl0", VP8, "90a0236011", Info{Start: true, PictureAt: 2, PictureBits: 7}},
	{"vp9 key", VP9, "888123aa", Info{Start: true, KeyFrame: true, PictureAt: 1, PictureBits: 15}},
	{"vp9 delta", VP9, "c88123aa", Info{Start: true, PictureAt: 1, PictureBits: 15, Predicted: true}},
	{"vp9 delta of two pictures, flexible", VP9, "fc81234503080b", Info{Start: true, End: true, PictureAt: 1, PictureBits: 15, Temporal: 2, Spatial: 2, InterLayer: true, Predicted: true, Layered: true}},
	{"vp9 switching point", VP9, "f4812330080b", Info{End: true, PictureAt: 1, PictureBits: 15, Temporal: 1, Up: true, Predicted: true, Layered: true}},
	{"vp9 key with sizes", VP9, "ba8123003002800168050002d0aa", Info{Start: true, KeyFrame: true, PictureAt: 1, PictureBits: 15, Layered: true, Spatials: 2}},
	{"vp9 key with a group", VP9, "8a8123080304140a0008010205aa", Info{Start: true, KeyFrame: true, PictureAt: 1, PictureBits: 15, Spatials: 1}},
	{"vp9 key, layers, not flexible", VP9, "a88123000711", Info{Start: true, KeyFrame: true, PictureAt: 1, PictureBits: 15, TL0At: 4, Layered: true}},
	{"vp9 structure in the middle", VP9, "ca812320aa", Info{Start: true, Predicted: true, PictureAt: 1, PictureBits: 15}},
	{"vp9 upper spatial layer", VP9, "a88123020711", Info{Start: true, PictureAt: 1, PictureBits: 15, TL0At: 4, Spatial: 1, Layered: true}},
	{"av1 key", AV1, "180a", Info{Start: true, KeyFrame: true}},
	{"av1 delta", AV1, "1032", Info{Start: true}},
	{"av1 continued", AV1, "9832", Info{}},
	{"vp8 everything", VP8, "90f0812307a511", Info{Start: true, PictureAt: 2, PictureBits: 15, TL0At: 4, KeyIdxAt: 5, Layered: true, Temporal: 2, Sync: true}},
	{"vp8 keyidx alone", VP8, "90100511", Info{Start: true, KeyIdxAt: 2}},
	{"h264 stap-a with sps", H264, "7800026742000168", Info{Start: true, KeyFrame: true}},
	{"h264 stap-a, sps second", H264, "780002091000026742", Info{Start: true, KeyFrame: true}},
	{"h264 stap-a without sps", H264, "7800026801000165", Info{Start: true}},
	{"h264 idr alone", H264, "6588", Info{Start: true}},
	{"h264 fu-a with sps", H264, "7c87", Info{Start: true, KeyFrame: true}},
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

// What a descriptor announces and does not hold is refused.
func TestTruncatedStructure(t *testing.T) {
	for _, text := range []string{
		"fc81234503030302aaaa",           // a fourth picture that is referred to
		"ba8123003002800168050002d0",     // nothing after the sizes
		"8a81230803140804000801",         // a group that ends in the middle
		"8a812308", "8a8123", "f4812330", // and what is missing altogether
	} {
		if in, ok := Parse(VP9, unhex(t, text)); ok {
			t.Errorf("%s is taken: %+v", text, in)
		}
	}
}

func checkPositions(t testing.TB, c Codec, b []byte) {
	t.Helper()
	in, ok := Parse(c, b)
	if !ok {
		return
	}
	if end := int(in.PictureAt) + int(in.PictureBits+1)/8; end > len(b) || int(in.TL0At) >= len(b) || int(in.KeyIdxAt) >= len(b) {
		t.Fatalf("codec %d, %x: positions outside: %+v", c, b, in)
	}
	// What is written is read again, and nothing else has changed.
	p := slices.Clone(b)
	in.Rewrite(p, 0x2bcd, 0xef, 0x15)
	wantPicture, wantTL0, wantKeyIdx := uint16(0x2bcd)&(1<<in.PictureBits-1), uint8(0xef), uint8(0x15)
	if in.TL0At == 0 {
		wantTL0 = 0
	}
	if in.KeyIdxAt == 0 {
		wantKeyIdx = 0
	}
	again, ok := Parse(c, p)
	if !ok || again != in || again.PictureID(p) != wantPicture || again.TL0(p) != wantTL0 || again.KeyIdx(p) != wantKeyIdx {
		t.Fatalf("codec %d, %x: rewritten to %x: %+v, was %+v", c, b, p, again, in)
	}
	in.Rewrite(p, in.PictureID(b), in.TL0(b), in.KeyIdx(b))
	if !bytes.Equal(p, b) {
		t.Fatalf("codec %d, %x: became %x when rewritten twice", c, b, p)
	}
}

var headers = []struct {
	name, hex string
	want      Header
}{
	{"plain", "80e0000100000002000000030455", Header{true, 96, 1, 2, 3, []byte{4, 0x55}}},
	{"sources", "826f000100000002000000030000000a0000000b04", Header{false, 111, 1, 2, 3, []byte{4}}},
	{"extension", "9060000100000002000000031000000110aa000004", Header{false, 96, 1, 2, 3, []byte{4}}},
	{"padding", "a06000010000000200000003040003", Header{false, 96, 1, 2, 3, []byte{}}},
	{"padding after payload", "a0600001000000020000000304050002", Header{false, 96, 1, 2, 3, []byte{4, 5}}},
	{"all", "b1e0fffffffffffffffffffe0000000a1000000110aa00000401", Header{true, 96, 0xffff, 0xffffffff, 0xfffffffe, []byte{4}}},
}

func TestParseHeader(t *testing.T) {
	for _, tc := range headers {
		b := unhex(t, tc.hex)
		if got, ok := ParseHeader(b); !ok || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %+v, %t, want %+v", tc.name, got, ok, tc.want)
		}
		for n := range b {
			if got, ok := ParseHeader(b[:n:n]); ok && n < 12 {
				t.Errorf("%s: %d bytes are taken: %+v", tc.name, n, got)
			}
		}
	}
	for _, bad := range []string{
		"00e0000100000002000000030455", // version 0
		"8fe0000100000002000000030455", // 15 sources are not there
		"90600001000000020000000310000002aaaaaaaa",
		"a0600001000000020000000300", // padding of no bytes
		"a060000100000002000000030e", // padding into the header
	} {
		if got, ok := ParseHeader(unhex(t, bad)); ok {
			t.Errorf("%s is taken: %+v", bad, got)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	for _, tc := range headers {
		f.Add(unhex(f, tc.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseHeader(b)
		Extensions(b, func(id uint8, value []byte) {
			if len(value) > len(b) || id == 0 {
				t.Fatalf("%x: extension %d of %d bytes", b, id, len(value))
			}
		})
		var p rtp.Packet
		if err := p.Unmarshal(b); err != nil || !ok {
			return // each is stricter than the other somewhere
		}
		if h.Marker != p.Marker || h.PayloadType != p.PayloadType || h.Seq != p.SequenceNumber ||
			h.Timestamp != p.Timestamp || h.SSRC != p.SSRC || !bytes.Equal(h.Payload, p.Payload) {
			t.Fatalf("%x: %+v, another reader says %+v", b, h, p)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, tc := range cases {
		f.Add(uint8(tc.codec), unhex(f, tc.hex))
	}
	f.Fuzz(func(t *testing.T, c uint8, b []byte) { checkPositions(t, Codec(c), b) })
}
