package wrap

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/wrap anew")

type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode([]byte{}, h), nil }

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// A frameVector is wrapped and unwrapped; with Only "unwrap" a depacketiser has
// changed the frame.
type frameVector struct {
	Codec Codec    `json:"codec"`
	Key   bool     `json:"key"`
	Body  hexBytes `json:"body"`
	Frame hexBytes `json:"frame"`
	Only  string   `json:"only,omitempty"`
}

type padVector struct {
	Media   string   `json:"media"`
	Payload hexBytes `json:"payload"`
	Padded  hexBytes `json:"padded"`
}

type refuseVectors struct {
	Unwrap []struct {
		Codec Codec    `json:"codec"`
		Frame hexBytes `json:"frame"`
	} `json:"unwrap"`
	Unpad []hexBytes `json:"unpad"`
}

func vectorBodies() [][]byte {
	counting := make([]byte, 300)
	for i := range counting {
		counting[i] = byte(i)
	}
	return [][]byte{
		{0x5a},
		{0},
		{0, 0},
		{0, 0, 0, 0},
		{0, 0, 1},
		{0, 0, 2, 0},
		{0, 0, 3},
		{0xaa, 0, 0, 0, 1, 0x65, 0xbb},
		{0, 0, 0x80},
		{0, 0, 3, 0, 0, 3, 0, 0},
		counting[:127], counting[:128], counting, bytes.Repeat([]byte{0}, 20),
	}
}

func madeFrames() (out []frameVector) {
	for _, codec := range codecs {
		for _, key := range []bool{true, false} {
			for _, body := range vectorBodies() {
				out = append(out, frameVector{Codec: codec, Key: key, Body: body, Frame: Wrap(nil, codec, key, body)})
			}
		}
	}
	changed := func(codec Codec, key bool, body []byte, change func([]byte) []byte) {
		out = append(out, frameVector{codec, key, body, change(Wrap(nil, codec, key, body)), "unwrap"})
	}
	for _, key := range []bool{true, false} {
		body := []byte{1, 0, 0, 1, 2}
		changed(AV1, key, body, func(b []byte) []byte { return append([]byte{0x12, 0}, b...) })
		changed(AV1, key, body, func(b []byte) []byte { // sizes of four bytes
			return bytes.Replace(b, []byte{0x32, 5}, []byte{0x32, 0x85, 0x80, 0x80, 0}, 1)
		})
		changed(AV1, key, body, func(b []byte) []byte { // no size, to the end
			return bytes.Replace(b, []byte{0x32, 5}, []byte{0x30}, 1)
		})
		changed(H264, key, body, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(startCode), []byte{0, 0, 1}) })
		changed(H264, key, body, func(b []byte) []byte { return append([]byte{0, 0, 0, 1, 9, 0xf0}, b...) })
	}
	return out
}

func madePads() (out []padVector) {
	for _, n := range []int{0, 1, 3, 92, 93, 156, 157, 284, 285, 316, 317} {
		payload := make([]byte, n)
		for i := range payload {
			payload[i] = byte(255 - i)
		}
		out = append(out, padVector{"audio", payload, Pad(nil, payload, AudioBucket)}, padVector{"video", payload, Pad(nil, payload, VideoBucket)})
	}
	return out
}

// vectors compares what is made with a file that the TypeScript side reads
// too; with -update it writes the file.
func vectors(t *testing.T, name string, made any) {
	t.Helper()
	want, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	path := filepath.Join("..", "..", "testdata", "wrap", name)
	if *update {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err = os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code makes; if it is right now: go test ./e2ee/wrap -run TestVectors -update", path)
	}
}

func TestVectorsOfFrames(t *testing.T) {
	made := madeFrames()
	vectors(t, "frames.json", made)
	for _, v := range made {
		if got, err := Unwrap(v.Codec, bytes.Clone(v.Frame)); err != nil || !bytes.Equal(got, v.Body) {
			t.Errorf("codec %d: %x is unwrapped as %x, %v", v.Codec, v.Frame, got, err)
		}
	}
	// The headers, as PROTOCOL.md §3.3 has them.
	for _, v := range []struct {
		codec Codec
		key   bool
		frame string
	}{
		{Opus, true, "5a"},
		{VP9, true, "5a"},
		{VP8, true, "1002009d012a100010005a"},
		{VP8, false, "115a"},
		{AV1, true, "0a0a000000043cffbcda300832015a"},
		{AV1, false, "32015a"},
		{H264, true, "000000016742c01f0fd91f8888840000030004000003" + "00c83c60c920000000016887cb83cb20000000016588805a80"},
		{H264, false, "00000001419a805a80"},
	} {
		if got := hex.EncodeToString(Wrap(nil, v.codec, v.key, []byte{0x5a})); got != v.frame {
			t.Errorf("codec %d key %v: %s, want %s", v.codec, v.key, got, v.frame)
		}
	}
}

func TestVectorsOfPadding(t *testing.T) { vectors(t, "pad.json", madePads()) }

// TestVectorsToRefuse reads a file written by hand.
func TestVectorsToRefuse(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "wrap", "refuse.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v refuseVectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Unwrap) == 0 || len(v.Unpad) == 0 {
		t.Fatal("nothing to refuse")
	}
	for _, x := range v.Unwrap {
		if got, err := Unwrap(x.Codec, bytes.Clone(x.Frame)); err == nil {
			t.Errorf("codec %d: %x is unwrapped as %x", x.Codec, x.Frame, got)
		}
	}
	for _, x := range v.Unpad {
		if got, err := Unpad(x); err == nil {
			t.Errorf("%x is unpadded as %x", x, got)
		}
	}
}
