package sfu

import (
	"encoding/hex"
	"testing"

	"incamera/sfu/rtpx"
)

// chromium returns a descriptor that Chromium has sent.
func chromium(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWhatIsTold: of a frame it is told what its descriptor says, and that it is a
// key frame where descriptor and payload agree on it.
func TestWhatIsTold(t *testing.T) {
	d, seq := &described{}, uint64(0)
	for _, step := range []struct {
		name, descriptor string
		key              bool // says the payload
		timestamp        uint32
		want             rtpx.Info
	}{
		{"a frame before any structure", "810009", false, 1, rtpx.Info{}},
		{"a key frame before any structure, says its payload", "800009", true, 1, rtpx.Info{}},
		{"L1T3, key frame", "800001800214eaa860414d1410208427027f0167", true, 2, rtpx.Info{Start: true, KeyFrame: true, Layered: true, Up: true, Spatials: 1}},
		{"its end", "400001", false, 2, rtpx.Info{End: true, Layered: true, Up: true}},
		{"T2", "830002", false, 3, rtpx.Info{Start: true, Layered: true, Temporal: 2, Predicted: true}},
		{"T1", "c20003", false, 4, rtpx.Info{Start: true, End: true, Layered: true, Temporal: 1, Up: true, Predicted: true}},
		{"T0", "c10005", false, 5, rtpx.Info{Start: true, End: true, Layered: true, Up: true, Predicted: true}},
		{"T0, a key frame says its payload only", "c10005", true, 6, rtpx.Info{Start: true, End: true, Layered: true, Up: true, Predicted: true}},
		{"L2T3_KEY, key frame", "c00001800514853aaaa8018004004002a02a0060010015d34514174d144c700874321651118543276809f8059813f80b38", true, 7, rtpx.Info{Start: true, End: true, KeyFrame: true, Layered: true, Up: true, Spatials: 2}},
		{"S1 of its picture", "850002", false, 7, rtpx.Info{Start: true, Layered: true, Spatial: 1, Up: true}},
		{"S0 T2", "c30003", false, 8, rtpx.Info{Start: true, End: true, Layered: true, Temporal: 2, Predicted: true}},
		{"S1 T2", "c80004", false, 8, rtpx.Info{Start: true, End: true, Layered: true, Spatial: 1, Temporal: 2, Predicted: true}},
		{"L1T3, a key frame says its descriptor only", "800001800214eaa860414d1410208427027f0167", false, 9, rtpx.Info{Start: true, Layered: true, Up: true}},
	} {
		seq++
		p := &packet{info: rtpx.Info{KeyFrame: step.key, Start: step.key}}
		p.in.Seq, p.in.Timestamp, p.in.Timed = seq, step.timestamp, true
		if !d.read(chromium(t, step.descriptor), p) {
			t.Fatalf("%s: it is malformed", step.name)
		}
		if step.want == (rtpx.Info{}) {
			step.want.Start = step.key
			if p.in.Timed {
				t.Errorf("%s: its picture is known", step.name)
			}
		}
		if p.info != step.want {
			t.Errorf("%s is %+v, want %+v", step.name, p.info, step.want)
		}
	}
}

// TestDescriptorsAllocateNothing: neither those of key frames nor others.
func TestDescriptorsAllocateNothing(t *testing.T) {
	d, p := &described{}, &packet{}
	key, other := chromium(t, "800001800214eaa860414d1410208427027f0167"), chromium(t, "830002")
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range [][]byte{key, other} {
			p.in.Seq++
			if !d.read(b, p) {
				t.Fatal("it is malformed")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
