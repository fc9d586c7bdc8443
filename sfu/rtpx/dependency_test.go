package rtpx

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// fromBits packs a text of bits, in which blanks mean nothing.
func fromBits(text ...string) (b []byte) {
	at := 0
	for _, c := range strings.ReplaceAll(strings.Join(text, ""), " ", "") {
		if at%8 == 0 {
			b = append(b, 0)
		}
		if c == '1' {
			b[at/8] |= 0x80 >> (at % 8)
		}
		at++
	}
	return b
}

// The structures of the specification's examples A.6.1 and A.6.2, written out
// field by field.
var (
	l1t3 = []string{
		"001010 00010",                                             // its templates begin at id 10; three decode targets
		"00 01 01 00 11",                                           // layers of the templates: T0 T0 T1 T2 T2
		"10 10 10", "10 10 10", "10 01 00", "01 00 00", "01 00 00", // S S S, S S S, S D -, D - -, D - -
		"0", "1 0011 0", "1 0001 0", "1 0000 0", "1 0000 0", // frames that are referred to: none, 4, 2, 1, 1
		"01", "0 0 0", // one chain, which protects all targets
		"0000", "0100", "0010", "0001", "0011",
		"1", "0000010011111111", "0000001011001111", // 1280x720
	}
	l2t1 = []string{
		"000000 00001",
		"00 00 10 00 11", // S0 three times, S1 twice
		"10 10", "11 10", "10 10", "10 00", "11 00",
		"0", "1 0001 0", "1 0001 0", "1 0000 0", "1 0001 1 0000 0",
		"11", "10 0", // two chains: the second protects HD, the first VGA
		"0000 0000", "0010 0001", "0010 0001", "0001 0001", "0001 0001",
		"0",
	}
)

// with returns a descriptor of a template with a structure.
func with(structure []string, template, frame string) []byte {
	return fromBits(append([]string{"1 0", template, frame, "1 0 0 0 0"}, structure...)...)
}

func TestDependencies(t *testing.T) {
	var s Dependencies
	plain := fromBits("0 1 001101 0000000000001001")
	if _, is := s.Parse(plain, true); is != Unknown {
		t.Fatal("it is read without a structure")
	}
	d, is := s.Parse(with(l1t3, "001010", "0000000000000111"), true)
	if is != Read || !d.Key || !d.Start || d.End || d.Frame != 7 || d.Spatial != 0 || d.Temporal != 0 || !d.HasActive || d.Active != 7 {
		t.Fatalf("the key frame is %+v, %d", d, is)
	}
	if s.Targets() != 3 {
		t.Errorf("there are %d targets", s.Targets())
	}
	for target, want := range []uint8{2, 1, 0} {
		if spatial, temporal := s.Layer(target); spatial != 0 || temporal != want {
			t.Errorf("target %d has layers up to %d, %d", target, spatial, temporal)
		}
		if chain, protected := s.Chain(target); !protected || chain != 0 {
			t.Errorf("target %d is protected by %d, %t", target, chain, protected)
		}
	}
	if width, height, told := s.Resolution(0); !told || width != 1280 || height != 720 {
		t.Errorf("%d x %d, %t", width, height, told)
	}
	d, is = s.Parse(plain, true)
	if is != Read || d.Key || d.Start || !d.End || d.Frame != 9 || d.Temporal != 2 || d.HasActive {
		t.Fatalf("a frame of the upper layer is %+v, %d", d, is)
	}
	for target, want := range []Indication{Discardable, NotPresent, NotPresent, NotPresent} {
		if got := d.Indication(target); got != want {
			t.Errorf("for target %d it is %d, want %d", target, got, want)
		}
	}
	if back, known := d.Previous(0); !known || back != 1 {
		t.Errorf("the frame of the chain is %d back, %t", back, known)
	}
	// What is custom is taken instead: here the frame is one of the middle layer's that nothing refers to.
	d, is = s.Parse(fromBits("1 1 001100 0000000000001011", "0 1 1 1 1", "011", "11 01 00", "01 0001 10 00000011 00", "00000110"), true)
	if is != Read || d.Temporal != 1 || d.Active != 3 || !d.HasActive || d.Indication(0) != Required || d.Indication(1) != Discardable {
		t.Errorf("a custom frame is %+v, %d", d, is)
	}
	if back, _ := d.Previous(0); back != 6 {
		t.Errorf("the frame of the chain is %d back, want 6", back)
	}
	if d, is = s.Parse(fromBits("1 1 001111 0000000000001100"), true); is != Unknown || d != (Descriptor{}) {
		t.Errorf("a frame of a template that is not there is %+v, %d", d, is)
	}
	if d, is = s.Parse(with(l1t3, "001111", "0000000000001100"), true); is != Malformed || d != (Descriptor{}) {
		t.Errorf("a key frame of a template that its structure has not is %+v, %d", d, is)
	}
}

func TestSpatialDependencies(t *testing.T) {
	var s Dependencies
	if d, is := s.Parse(with(l2t1, "000000", "0000000000000001"), true); is != Read || d.Spatial != 0 {
		t.Fatalf("the key frame is %+v, %d", d, is)
	}
	d, is := s.Parse(fromBits("1 1 000100 0000000000000010"), true)
	if is != Read || d.Spatial != 1 || d.Indication(0) != Required || d.Indication(1) != NotPresent {
		t.Fatalf("the upper layer is %+v, %d", d, is)
	}
	for target, want := range []struct {
		spatial uint8
		chain   int
	}{{1, 1}, {0, 0}} {
		spatial, _ := s.Layer(target)
		if chain, ok := s.Chain(target); spatial != want.spatial || chain != want.chain || !ok {
			t.Errorf("target %d: layer %d, chain %d, %t", target, spatial, chain, ok)
		}
	}
	if _, _, ok := s.Resolution(0); ok {
		t.Error("there is a resolution")
	}
	// An old structure is for its own packet; a new one is there from then on.
	if d, is := s.Parse(with(l1t3, "001010", "0000000000000000"), false); is != Read || !d.Key {
		t.Error("a late key frame is not read")
	}
	if d, is := s.Parse(fromBits("1 1 000011 0000000000000011"), true); is != Read || d.Spatial != 1 {
		t.Error("the structure of a late packet is taken")
	}
	if _, is := s.Parse(with(l1t3, "001010", "0000000000001000"), true); is != Read || s.Targets() != 3 {
		t.Error("a new structure is not taken")
	}
}

// TestUp: from a frame of the lowest layer, and of the middle one, all of what is
// above can follow; from the highest there is nothing to go up to, and from one of
// which a higher target only needs it there is no going up.
func TestUp(t *testing.T) {
	var s Dependencies
	if s.Layers() != 0 {
		t.Errorf("%d layers without a structure", s.Layers())
	}
	key, is := s.Parse(with(l1t3, "001010", "0000000000000111"), true)
	if is != Read || !s.Up(&key) || s.Layers() != 1 {
		t.Errorf("%d: from a key frame it does not go up: %+v", is, key)
	}
	for text, want := range map[string]bool{
		"1 1 001011 0000000000001000":                  true,  // T0
		"1 1 001100 0000000000001001":                  true,  // T1
		"1 1 001101 0000000000001010":                  false, // T2
		"1 1 001011 0000000000001011 0 0 1 0 0 111010": false, // T0, which the highest target requires
		"1 1 001011 0000000000001011 0 0 1 0 0 101110": false, // T0, which the middle target requires
	} {
		d, got := s.Parse(fromBits(text), true)
		if got != Read || s.Up(&d) != want {
			t.Errorf("%s: %d, up %t", text, got, !want)
		}
	}
	// Of several spatial layers those of its own count.
	if key, is = s.Parse(with(l2t1, "000000", "0000000000000001"), true); is != Read || s.Up(&key) || s.Layers() != 2 {
		t.Errorf("%d: with one temporal layer it goes up: %+v", is, key)
	}
}

// Every prefix is refused, and changes nothing, unless all of what is missing was
// of no meaning.
func TestTruncatedDependencies(t *testing.T) {
	for _, b := range [][]byte{with(l1t3, "001010", "0000000000000111"), with(l2t1, "000000", "0000000000000111")} {
		for n := range b {
			var s Dependencies
			if d, is := s.Parse(b[:n:n], true); is == Read || d != (Descriptor{}) || s != (Dependencies{}) {
				t.Errorf("%d of %d bytes are taken: %+v", n, len(b), d)
			}
		}
	}
	for name, structure := range map[string][]string{
		"a fifth spatial layer":  {"000000 00000", "10 10 10 10 11", strings.Repeat("10", 5), strings.Repeat("0", 5), "0", "0", "0"},
		"a ninth temporal layer": {"000000 00000", strings.Repeat("01", 8), "11", strings.Repeat("10", 9), strings.Repeat("0", 9), "0", "0", "0"},
		"65 templates":           {"000000 00000", strings.Repeat("00", 64), "11", strings.Repeat("10", 65), strings.Repeat("0", 65), "0", "0", "0"},
	} {
		var s Dependencies
		if _, is := s.Parse(with(structure, "000000", "0000000000000001"), true); is != Malformed {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestRandomDependencies: whatever structure is written is read as it is.
func TestRandomDependencies(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var w strings.Builder
		put := func(n int, v uint32) { fmt.Fprintf(&w, "%0*b", n, v) }
		ns := func(n, v uint32) { // the reverse of A.4.1
			width := len(fmt.Sprintf("%b", n))
			if least := uint32(1)<<width - n; v < least {
				if width > 1 {
					put(width-1, v)
				}
			} else {
				put(width, v+least)
			}
		}
		want := Dependencies{offset: uint8(rng.IntN(64)), targets: uint8(1 + rng.IntN(maxTargets)), templates: uint8(1 + rng.IntN(20)), layers: 1}
		put(6, uint32(want.offset))
		put(5, uint32(want.targets-1))
		for i := range int(want.templates) {
			want.spatial[i] = want.layers - 1
			if i > 0 && want.spatial[i] == want.spatial[i-1] {
				want.temporal[i] = want.temporal[i-1] + map[bool]uint8{true: 1}[strings.HasSuffix(w.String(), "01")]
			}
			switch next := rng.IntN(3); {
			case i == int(want.templates)-1:
				put(2, 3)
			case next == 1 && want.temporal[i] < maxTemporal:
				put(2, 1)
			case next == 2 && want.layers <= maxSpatial:
				put(2, 2)
				want.layers++
			default:
				put(2, 0)
			}
		}
		for i := range int(want.templates) {
			for target := range int(want.targets) {
				v := uint32(rng.IntN(4))
				put(2, v)
				want.indications[i] |= uint64(v) << (2 * target)
				if v != 0 {
					want.tops[target] = [2]uint8{max(want.tops[target][0], want.spatial[i]), max(want.tops[target][1], want.temporal[i])}
				}
			}
		}
		for range int(want.templates) {
			for rng.IntN(2) == 0 {
				put(5, 16+uint32(rng.IntN(16)))
			}
			put(1, 0)
		}
		want.chains = uint8(rng.IntN(int(want.targets) + 1))
		ns(uint32(want.targets)+1, uint32(want.chains))
		for i := 0; want.chains > 0 && i < int(want.targets); i++ {
			want.protected[i] = uint8(rng.IntN(int(want.chains) + 1))
			ns(uint32(want.chains)+1, uint32(want.protected[i]))
		}
		for i := range int(want.templates) {
			for chain := range int(want.chains) {
				want.chainDiffs[i][chain] = uint8(rng.IntN(16))
				put(4, uint32(want.chainDiffs[i][chain]))
			}
		}
		if want.resolutions = rng.IntN(2) == 0; !want.resolutions {
			put(1, 0)
		} else {
			put(1, 1)
			for i := range int(want.layers) {
				want.width[i], want.height[i] = 1+uint32(rng.IntN(1<<16)), 1+uint32(rng.IntN(1<<16))
				put(16, want.width[i]-1)
				put(16, want.height[i]-1)
			}
		}
		index := rng.IntN(int(want.templates))
		b := with([]string{w.String()}, fmt.Sprintf("%06b", (int(want.offset)+index)%64), "0000000000000001")
		var got Dependencies
		d, is := got.Parse(b, true)
		if is != Read || got != want {
			t.Fatalf("seed %d: %+v, %d, want %+v", seed, got, is, want)
		}
		if d.Spatial != want.spatial[index] || d.Temporal != want.temporal[index] || d.indications != want.indications[index] || d.chainDiffs != want.chainDiffs[index] {
			t.Fatalf("seed %d: the frame is %+v, of template %d of %+v", seed, d, index, want)
		}
	}
}

func TestDependenciesAllocateNothing(t *testing.T) {
	var s Dependencies
	key, plain := with(l1t3, "001010", "0000000000000111"), fromBits("0 1 001101 0000000000001001")
	if n := testing.AllocsPerRun(100, func() {
		if _, is := s.Parse(key, true); is != Read {
			t.Fatal("it is not read")
		}
		s.Parse(plain, true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDependencies(f *testing.F) {
	f.Add(with(l1t3, "001010", "0000000000000111"), fromBits("0 1 001101 0000000000001001"))
	f.Add(with(l2t1, "000000", "0000000000000111"), fromBits("1 1 000100 0000000000000010", "0 1 1 1 1", "11", "11 01", "01 0001 00", "00000110 00000001"))
	for _, key := range []string{ // what Chromium sends of L1T3 and of L2T3_KEY
		"800001800214eaa860414d1410208427027f0167",
		"c00001800514853aaaa8018004004002a02a0060010015d34514174d144c700874321651118543276809f8059813f80b38",
	} {
		b, err := hex.DecodeString(key)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, []byte{0xc4, 0, 8})
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var s Dependencies
		for _, b := range [][]byte{first, second} {
			before := s
			d, is := s.Parse(b, true)
			if is != Read {
				if s != before || d != (Descriptor{}) {
					t.Fatalf("%x is refused and has changed something", b)
				}
				continue
			}
			if d.Spatial > maxSpatial || d.Temporal > maxTemporal || int(d.targets) != s.Targets() || d.Active>>(s.targets%32) != 0 && s.targets < 32 {
				t.Fatalf("%x: %+v", b, d)
			}
			if !d.Key && s != before {
				t.Fatalf("%x has no structure and has changed it", b)
			}
			for target := range s.Targets() {
				spatial, temporal := s.Layer(target)
				if spatial > maxSpatial || temporal > maxTemporal {
					t.Fatalf("%x: target %d has layers up to %d, %d", b, target, spatial, temporal)
				}
			}
		}
	})
}
