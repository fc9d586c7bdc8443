package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/internal/golden"
	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
)

const room = "acxozefyy5ikkmpyw3dwb5cido"

var start = time.Unix(1_800_000_000, 0)

func base(b byte) BaseKey { return NewBaseKey(bytes.Repeat([]byte{b}, BaseKeySize)) }

func owners(sessions ...string) map[uint32]Owner {
	m := map[uint32]Owner{}
	for i, s := range sessions {
		if s != "" {
			m[uint32(i)] = Owner{Session: s, Member: [16]byte{byte(len(s)), s[0]}}
		}
	}
	return m
}

// epoch is one in which ann is on leaf 0, bob on 1 and so on; self is ann.
func epoch(n uint64, sessions ...string) Epoch {
	return Epoch{Number: n, Base: base(byte(n)), Owners: owners(sessions...)}
}

// pair returns ann's sender and bob's receiver in epoch n.
func pair(n uint64) (*Sender, *Receiver) {
	s, r := NewSender(room), NewReceiver(room)
	s.Install(epoch(n, "ann", "bob"), start)
	r.Install(epoch(n, "ann", "bob"), start)
	return s, r
}

func seal(t testing.TB, s *Sender, source Source, c wrap.Codec, payload string, now time.Time) Frame {
	t.Helper()
	b, err := s.Seal(source, c, true, []byte(payload), now)
	if err != nil {
		t.Fatal(err)
	}
	return Frame{Owner: "ann", Source: source, Codec: c, Data: b}
}

func refused(t testing.TB, what string, r *Receiver, f Frame, now time.Time, want error) {
	t.Helper()
	if got, err := r.Open(f, now); got != nil || !errors.Is(err, want) {
		t.Errorf("%s: opened as %q, %v; want nothing, %v", what, got, err, want)
	}
}

func opens(t testing.TB, r *Receiver, f Frame, want string, now time.Time) {
	t.Helper()
	if got, err := r.Open(f, now); err != nil || string(got) != want {
		t.Errorf("opened as %q, %v; want %q", got, err, want)
	}
}

func TestNothingComesOut(t *testing.T) {
	s, r := pair(5)
	frame := func() Frame { return seal(t, s, Camera, wrap.VP8, "picture", start) }
	refused(t, "no key", NewReceiver(room), frame(), start, ErrNoKey)

	other := NewReceiver(room)
	wrong := epoch(5, "ann", "bob")
	wrong.Base = base(99)
	other.Install(wrong, start)
	refused(t, "wrong key", other, frame(), start, ErrBadTag)

	elsewhere := NewReceiver("aaaaaaaaaaaaaaaaaaaaaaaaaa")
	elsewhere.Install(epoch(5, "ann", "bob"), start)
	refused(t, "other room", elsewhere, frame(), start, ErrBadTag)

	f := frame()
	opens(t, r, f, "picture", start)
	refused(t, "replay", r, f, start, ErrReplay)

	f = frame()
	f.Owner = "bob"
	refused(t, "on another's seat", r, f, start, ErrWrongOwner)
	f.Owner = ""
	refused(t, "on an empty seat", r, f, start, ErrWrongOwner)
	f.Owner = "eve"
	refused(t, "on a stranger's seat", r, f, start, ErrWrongOwner)

	f = frame()
	f.Source = Screen
	refused(t, "camera as screen", r, f, start, ErrWrongOwner)
	f.Source = Mic
	refused(t, "camera as mic", r, f, start, ErrMalformed)

	f = frame()
	f.Codec, f.Data = wrap.VP9, mustUnwrap(t, f)
	refused(t, "other codec", r, f, start, ErrBadTag)
	f = frame()
	f.Codec = 9
	refused(t, "unknown codec", r, f, start, ErrMalformed)

	f = frame()
	f.Data = nil
	refused(t, "empty", r, f, start, ErrEmpty)
	f = frame()
	for i := range f.Data {
		cut, flipped := f, f
		cut.Data = f.Data[:i]
		flipped.Data = bytes.Clone(f.Data)
		flipped.Data[i] ^= 0x10
		if got, err := r.Open(cut, start); err == nil {
			t.Errorf("cut to %d bytes it opens as %q", i, got)
		}
		if i < 10 {
			continue // the wrapper is not authenticated
		}
		if got, err := r.Open(flipped, start); err == nil {
			t.Errorf("with byte %d altered it opens as %q", i, got)
		}
	}
}

func mustUnwrap(t testing.TB, f Frame) []byte {
	t.Helper()
	b, err := wrap.Unwrap(f.Codec, f.Data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func header(t testing.TB, f Frame) sframe.Header {
	t.Helper()
	h, err := sframe.ParseHeader(mustUnwrap(t, f))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSealNothing(t *testing.T) {
	s := NewSender(room)
	if b, err := s.Seal(Mic, wrap.Opus, false, []byte("x"), start); b != nil || !errors.Is(err, ErrNoKey) {
		t.Errorf("without a key: %x, %v", b, err)
	}
	s.Install(epoch(1, "ann"), start)
	if b, err := s.Seal(Mic, wrap.Opus, false, nil, start); b != nil || !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty frame: %x, %v", b, err)
	}
	for _, bad := range []struct {
		s Source
		c wrap.Codec
	}{{Mic, wrap.VP8}, {Camera, 0}, {Camera, 6}, {Camera, wrap.Opus}, {ScreenAudio, wrap.AV1}, {Screen, wrap.Opus}} {
		if b, err := s.Seal(bad.s, bad.c, true, []byte("x"), start); b != nil || !errors.Is(err, ErrMalformed) {
			t.Errorf("source %d with codec %d: %x, %v", bad.s, bad.c, b, err)
		}
	}
	s.Clear()
	if b, err := s.Seal(Mic, wrap.Opus, false, []byte("x"), start); b != nil || !errors.Is(err, ErrNoKey) {
		t.Errorf("after Clear: %x, %v", b, err)
	}
}

// TestRemoved: who was removed, and whoever has its keys, is heard no more,
// and hears no more.
func TestRemoved(t *testing.T) {
	s, r := NewSender(room), NewReceiver(room)
	s.Install(epoch(1, "ann", "bob", "cat"), start)
	r.Install(epoch(1, "ann", "bob", "cat"), start)
	f := seal(t, s, Camera, wrap.VP8, "late", start)
	r.Install(epoch(2, "", "bob", "cat"), start) // ann is removed
	refused(t, "a leaf that is gone", r, f, start, ErrWrongOwner)

	// Somebody else takes the leaf, even the same session with a new leaf.
	r.Install(epoch(3, "dan", "bob", "cat"), start)
	f = seal(t, s, Camera, wrap.VP8, "late", start)
	f.Owner = "dan"
	refused(t, "the leaf's former owner", r, f, start, ErrWrongOwner)
	again := epoch(4, "ann", "bob", "cat")
	again.Owners[0] = Owner{"ann", [16]byte{77}}
	r.Install(again, start)
	f.Owner = "ann"
	refused(t, "the same session's former leaf", r, f, start, ErrWrongOwner)

	// cat, removed, keeps the keys of epoch 1 and sees what ann sends then.
	removed := epoch(2, "ann", "bob")
	removed.Removed = true
	cat := NewReceiver(room)
	cat.Install(epoch(1, "ann", "bob", "cat"), start)
	s.Install(removed, start)
	f = seal(t, s, Camera, wrap.VP8, "private", start)
	refused(t, "by who was removed", cat, f, start, ErrHeld)
	for _, o := range cat.Expire(start.Add(Hold)) {
		if o.Err == nil || o.Payload != nil {
			t.Errorf("who was removed opens %q", o.Payload)
		}
	}
}

func TestSwitchOver(t *testing.T) {
	s, r := pair(1)
	s.Install(epoch(2, "ann", "bob", "cat"), start)
	almost := start.Add(SwitchDelay - 1)
	opens(t, r, seal(t, s, Mic, wrap.Opus, "old", almost), "old", almost)
	now := start.Add(SwitchDelay)
	f := seal(t, s, Mic, wrap.Opus, "new", now)
	refused(t, "the next epoch", r, f, now, ErrHeld)
	out := r.Install(epoch(2, "ann", "bob", "cat"), now)
	if len(out) != 1 || string(out[0].Payload) != "new" || out[0].Err != nil {
		t.Fatalf("held frames: %+v", out)
	}

	removed := epoch(3, "ann", "bob")
	removed.Removed = true
	s.Install(removed, now)
	r.Install(removed, now)
	f = seal(t, s, Mic, wrap.Opus, "at once", now)
	if got := header(t, f).KID; got != KID(Mic, 0, 3) {
		t.Errorf("after a removal the frame is for %#x", got)
	}
	opens(t, r, f, "at once", now)
	if len(s.epochs) != 1 {
		t.Errorf("the sender keeps %d epochs", len(s.epochs))
	}
}

// TestSwitchGoesOn: commits that come faster than the delay do not keep the
// sender on an old key.
func TestSwitchGoesOn(t *testing.T) {
	s, _ := pair(1)
	now := start
	for n := uint64(2); n < 40; n++ {
		now = now.Add(SwitchDelay / 2)
		s.Install(epoch(n, "ann", "bob"), now)
		if e := s.inUse(now); n > 4 && e.number+3 < n {
			t.Fatalf("in epoch %d it seals with the key of %d", n, e.number)
		}
		if len(s.epochs) > 4 {
			t.Fatalf("it keeps %d epochs", len(s.epochs))
		}
	}
	if at := s.Next(); !at.After(now) {
		t.Errorf("the next change is at %v, now is %v", at, now)
	}
	s.Expire(now.Add(SwitchDelay))
	if len(s.epochs) != 1 || s.epochs[0].number != 39 || !s.Next().IsZero() {
		t.Errorf("%d epochs are left, the first is %d", len(s.epochs), s.epochs[0].number)
	}
}

func TestRetention(t *testing.T) {
	s, r := pair(1)
	mine := r.epochs[0].base.reveal()
	late := seal(t, s, Camera, wrap.VP8, "late", start)
	later := seal(t, s, Camera, wrap.VP8, "later", start)
	r.Install(epoch(2, "ann", "bob"), start)
	if want := start.Add(Retention); !r.Next().Equal(want) {
		t.Errorf("something is due at %v, want %v", r.Next(), want)
	}
	opens(t, r, late, "late", start.Add(Retention-1))
	// It is destroyed even when nobody calls Expire, and not taken for a next epoch.
	refused(t, "an expired epoch", r, later, start.Add(Retention), ErrNoKey)
	if !bytes.Equal(mine, make([]byte, BaseKeySize)) {
		t.Error("the base key is not wiped")
	}
	if len(r.epochs) != 1 || !r.Next().IsZero() {
		t.Errorf("%d epochs are left", len(r.epochs))
	}
}

func TestHeldFramesAreBounded(t *testing.T) {
	s, r := pair(1)
	removed := epoch(2, "ann", "bob")
	removed.Removed = true
	s.Install(removed, start)
	held := 0
	for i := range maxHeld + 10 {
		f := seal(t, s, Camera, wrap.VP8, fmt.Sprint(i), start)
		f.ID = i
		if _, err := r.Open(f, start.Add(time.Duration(i))); errors.Is(err, ErrHeld) {
			held++
		}
	}
	if held != maxHeld {
		t.Errorf("%d frames are held", held)
	}
	if at := r.Next(); !at.Equal(start.Add(Hold)) {
		t.Errorf("the first one's time is over at %v", at)
	}
	gone := r.Expire(start.Add(Hold + 9))
	if len(gone) != 10 || gone[9].Frame.ID != 9 || !errors.Is(gone[9].Err, ErrNoKey) || gone[9].Payload != nil {
		t.Errorf("expired: %+v", gone)
	}
	out := r.Install(removed, start.Add(Hold+9))
	if len(out) != maxHeld-10 {
		t.Errorf("%d frames come out", len(out))
	}
	for i, o := range out {
		if o.Err != nil || string(o.Payload) != fmt.Sprint(i+10) || o.Frame.ID != i+10 {
			t.Errorf("frame %d: %q, %v", i+10, o.Payload, o.Err)
		}
	}
	big := seal(t, s, Camera, wrap.VP8, strings.Repeat("x", 1<<20), start)
	_, r = pair(1)
	for i := range 5 {
		_, err := r.Open(big, start)
		if want := map[bool]error{true: ErrHeld, false: ErrNoKey}[i < 3]; !errors.Is(err, want) {
			t.Errorf("frame %d of 1 MiB: %v", i, err)
		}
	}
	far := epoch(1+maxAhead+1, "ann", "bob")
	far.Removed = true
	s.Install(far, start)
	refused(t, "an epoch too far ahead", r, seal(t, s, Camera, wrap.VP8, "x", start), start, ErrNoKey)
}

func TestCounters(t *testing.T) {
	s, r := pair(1)
	seen := map[sframe.Header]bool{}
	check := func(f Frame) {
		t.Helper()
		if h := header(t, f); seen[h] {
			t.Errorf("KID %#x and counter %d are used twice", h.KID, h.CTR)
		} else {
			seen[h] = true
		}
	}
	for range 20 { // all layers of a source share a counter
		f := seal(t, s, Camera, wrap.VP8, "x", start)
		check(f)
		opens(t, r, f, "x", start)
	}
	check(seal(t, s, Screen, wrap.VP8, "x", start))
	// The KID comes again 64 epochs later, and after a new start.
	s.Clear()
	s.Install(epoch(65, "ann"), start)
	check(seal(t, s, Camera, wrap.VP8, "x", start))
	s.Clear()
	s.Install(epoch(1, "ann"), start)
	check(seal(t, s, Camera, wrap.VP8, "x", start))
}

func TestKID(t *testing.T) {
	for _, s := range []Source{Mic, Camera, Screen, ScreenAudio} {
		for _, leaf := range []uint32{0, 1, MaxLeaf} {
			for _, n := range []uint64{0, 63, 64, 1 << 40} {
				source, l, bits, ok := parseKID(KID(s, leaf, n))
				if !ok || source != s || l != leaf || bits != n%64 {
					t.Errorf("%d %d %d comes back as %d %d %d %t", s, leaf, n, source, l, bits, ok)
				}
			}
		}
	}
	if KID(Camera, 3, 70) != 1<<16|3<<6|6 {
		t.Errorf("KID %#x", KID(Camera, 3, 70))
	}
	if _, _, _, ok := parseKID(4 << 16); ok {
		t.Error("a context that is none")
	}
}

// TestSizes: what the server sees of a sound says little of it.
func TestSizes(t *testing.T) {
	s, _ := pair(1)
	sizes := map[int]bool{}
	for n := 1; n <= 284; n++ {
		f := seal(t, s, Mic, wrap.Opus, strings.Repeat("x", n), start)
		sizes[len(f.Data)-header(t, f).Len] = true
	}
	if len(sizes) != 3 || !sizes[96+16] || !sizes[160+16] || !sizes[288+16] {
		t.Errorf("sounds have the sizes %v", sizes)
	}
}

func TestMalformedInside(t *testing.T) {
	_, r := pair(1)
	kid := KID(Mic, 0, 1)
	key := newKey(kid, base(1))
	meta := newMetadata(room)
	for i, inside := range [][]byte{{}, {0, 0, 0}, {1, 0, 0, 1, 5}, {0, 0, 0, 2, 5}, {0, 0, 0, 1, 5, 1}} {
		f := Frame{Owner: "ann", Source: Mic, Codec: wrap.Opus, Data: key.Seal(nil, uint64(i), meta.of(wrap.Opus), inside)}
		refused(t, fmt.Sprintf("%x", inside), r, f, start, ErrMalformed)
	}
	f := Frame{Owner: "ann", Source: Mic, Codec: wrap.Opus, Data: key.Seal(nil, 9, meta.of(wrap.Opus), make([]byte, 96))}
	refused(t, "nothing inside", r, f, start, ErrEmpty)
}

func TestBaseKeyIsNotPrinted(t *testing.T) {
	e := Epoch{Base: base(0xab)}
	s, _ := pair(0xab)
	var out strings.Builder
	for _, v := range []any{e, &e, e.Base, s, s.epochs[0], &struct{ k BaseKey }{e.Base}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
	}
	for _, text := range []string{hex.EncodeToString([]byte{0xab, 0xab}), "171 171", "0xab, 0xab", "\xab\xab", `\xab\xab`} {
		if strings.Contains(out.String(), text) {
			t.Errorf("the key is printed as %q", text)
		}
	}
}

func TestFrameVectors(t *testing.T) {
	type vector struct {
		Source   Source     `json:"context"`
		Leaf     uint32     `json:"leaf"`
		Epoch    uint64     `json:"epoch"`
		Counter  int        `json:"counter"`
		Codec    wrap.Codec `json:"codec"`
		KeyFrame bool       `json:"keyFrame"`
		KID      uint64     `json:"kid"`
		Payload  golden.Hex `json:"payload"`
		Frame    golden.Hex `json:"frame"`
	}
	var cases []vector
	key := NewBaseKey([]byte("0123456789abcdef"))
	for i, v := range []vector{
		{Source: Mic, Leaf: 0, Epoch: 0, Codec: wrap.Opus},
		{Source: Mic, Leaf: 5, Epoch: 66, Counter: 300, Codec: wrap.Opus},
		{Source: ScreenAudio, Leaf: 1, Epoch: 3, Codec: wrap.Opus},
		{Source: Camera, Leaf: 0, Epoch: 1, Codec: wrap.VP8, KeyFrame: true},
		{Source: Camera, Leaf: MaxLeaf, Epoch: 63, Counter: 7, Codec: wrap.VP8},
		{Source: Screen, Leaf: 2, Epoch: 2, Counter: 8, Codec: wrap.VP9, KeyFrame: true},
		{Source: Camera, Leaf: 3, Epoch: 9, Codec: wrap.AV1, KeyFrame: true},
		{Source: Camera, Leaf: 3, Epoch: 9, Counter: 1, Codec: wrap.AV1},
		{Source: Camera, Leaf: 4, Epoch: 9, Codec: wrap.H264, KeyFrame: true},
		{Source: Camera, Leaf: 4, Epoch: 9, Counter: 255, Codec: wrap.H264},
	} {
		v.Payload = bytes.Repeat([]byte{byte(i), 0, 0, 1, 0xff}, 1+i*7)
		v.KID = KID(v.Source, v.Leaf, v.Epoch)
		e := Epoch{Number: v.Epoch, Base: key, Self: v.Leaf, Owners: map[uint32]Owner{v.Leaf: {Session: "ann"}}}
		s, r := NewSender(room), NewReceiver(room)
		s.Install(e, start)
		r.Install(e, start)
		s.counters[v.KID] = uint64(v.Counter)
		frame, err := s.Seal(v.Source, v.Codec, v.KeyFrame, v.Payload, start)
		if err != nil {
			t.Fatal(err)
		}
		v.Frame = frame
		opens(t, r, Frame{Owner: "ann", Source: v.Source, Codec: v.Codec, Data: frame}, string(v.Payload), start)
		cases = append(cases, v)
	}
	golden.Check(t, "frame.json", map[string]any{"room": room, "baseKey": golden.Hex(key.reveal()), "cases": cases})
}
