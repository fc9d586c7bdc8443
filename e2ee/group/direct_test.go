package group

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/internal/golden"
	"incamera/e2ee/link"
)

const directRoom = link.Room("abcdefghijklmnopqrstuvwxyz")

func directKey(t testing.TB, seed string) *DirectKey {
	t.Helper()
	k, err := directKEM.DeriveKeyPair([]byte(strings.Repeat(seed, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return &DirectKey{k}
}

// TestDirect: the one whom it is for can open it, from who said it alone.
func TestDirect(t *testing.T) {
	ben, cy := directKey(t, "b"), directKey(t, "c")
	secret := Chat{"0123456789abcdef", "for Ben alone"}
	d, err := SealDirect(directRoom, "ann", "ben", ben.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if a, openErr := OpenDirect(ben, directRoom, "ann", "ben", d); openErr != nil || a != secret {
		t.Errorf("%+v, %v", a, openErr)
	}
	altered, err := base64.StdEncoding.DecodeString(d.Box)
	if err != nil {
		t.Fatal(err)
	}
	altered[60] ^= 1
	for what, open := range map[string]func() (App, error){
		"another":            func() (App, error) { return OpenDirect(cy, directRoom, "ann", "ben", d) },
		"another's own":      func() (App, error) { return OpenDirect(cy, directRoom, "ann", "cy", d) },
		"passed on by him":   func() (App, error) { return OpenDirect(ben, directRoom, "cy", "ben", d) },
		"in another session": func() (App, error) { return OpenDirect(ben, directRoom, "ann", "ben2", d) },
		"in another room":    func() (App, error) { return OpenDirect(ben, "bbcdefghijklmnopqrstuvwxyz", "ann", "ben", d) },
		"altered": func() (App, error) {
			return OpenDirect(ben, directRoom, "ann", "ben", Direct{base64.StdEncoding.EncodeToString(altered)})
		},
	} {
		if a, err := open(); a != nil || err != nil {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
	}
}

// TestDirectLooksLikeText: to the server it is a text of the same length, and
// to the others the length does not show beyond that.
func TestDirectLooksLikeText(t *testing.T) {
	ben := directKey(t, "b")
	sizes := map[int]bool{}
	for _, text := range []string{"y", "yes", strings.Repeat("x", 60)} {
		d, err := SealDirect(directRoom, "ann", "ben", ben.Public(), Chat{"0123456789abcdef", text})
		if err != nil {
			t.Fatal(err)
		}
		b, err := EncodeApp(d)
		if err != nil || len(b) != appStep {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		sizes[len(d.Box)] = true
	}
	if len(sizes) != 1 {
		t.Errorf("boxes of %v characters", sizes)
	}
	d, err := SealDirect(directRoom, "ann", "ben", ben.Public(), Chat{"0123456789abcdef", strings.Repeat("\U0001F44B", MaxChat)})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := EncodeApp(d); err != nil || len(b) > 60<<10 { // the delivery service takes 64 KiB, sealed
		t.Errorf("the longest takes %d bytes, %v", len(b), err)
	}
}

func TestNotDirect(t *testing.T) {
	ben := directKey(t, "b")
	for _, a := range []App{State{}, Hand{}, Direct{strings.Repeat("AAAA", 18)}, Chat{}} {
		if d, err := SealDirect(directRoom, "ann", "ben", ben.Public(), a); err == nil {
			t.Errorf("%+v is sealed as %v", a, d)
		}
	}
	for _, key := range []string{"", "xx", strings.Repeat("00", 32)} {
		if d, err := SealDirect(directRoom, "ann", "ben", key, Chat{"0123456789abcdef", "x"}); err == nil {
			t.Errorf("sealed to %q as %v", key, d)
		}
	}
	// A member may seal what SealDirect refuses to.
	for _, text := range []string{`{"kind":"hand","ticket":1}`, `{"kind":"chat"}`, `[]`} {
		d := sealRaw(t, ben, padded(text))
		if a, err := OpenDirect(ben, directRoom, "ann", "ben", d); err == nil {
			t.Errorf("%s is read as %+v", text, a)
		}
	}
}

func sealRaw(t testing.TB, to *DirectKey, plaintext []byte) Direct {
	t.Helper()
	enc, s, err := hpke.NewSender(to.private.PublicKey(), directKDF, directAEAD, directInfo(directRoom, "ann", "ben"))
	if err != nil {
		t.Fatal(err)
	}
	ct, err := s.Seal(nil, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return Direct{base64.StdEncoding.EncodeToString(append(enc, ct...))}
}

// TestDirectVectors opens boxes that were sealed before: sealing draws its own
// randomness, so those in the file stay.
func TestDirectVectors(t *testing.T) {
	ben := directKey(t, "b")
	private, err := ben.private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	kept := struct{ Boxes []Direct }{}
	golden.Read(t, "direct.json", &kept)
	all := []App{
		Chat{"0123456789abcdef", "for Ben alone"},
		Chat{"0123456789abcdef", strings.Repeat("é", MaxChat)},
		File{strings.Repeat("01", 16), "a.txt", 5, "text/plain", strings.Repeat("02", 32), strings.Repeat("03", 32)},
	}
	if len(kept.Boxes) != len(all) {
		kept.Boxes = make([]Direct, len(all))
	}
	var said []string
	for i, a := range all {
		got, err := OpenDirect(ben, directRoom, "ann", "ben", kept.Boxes[i])
		if err != nil || !reflect.DeepEqual(got, a) {
			if !golden.Updating() {
				t.Fatalf("box %d: %+v, %v", i, got, err)
			}
			if kept.Boxes[i], err = SealDirect(directRoom, "ann", "ben", ben.Public(), a); err != nil {
				t.Fatal(err)
			}
		}
		b, err := EncodeApp(a)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, hex.EncodeToString(b))
	}
	golden.Check(t, "direct.json", map[string]any{
		"room": directRoom, "from": "ann", "to": "ben", "private": golden.Hex(private), "key": ben.Public(),
		"info": golden.Hex(directInfo(directRoom, "ann", "ben")), "boxes": kept.Boxes, "said": said,
	})
	if _, err := ecdh.X25519().NewPrivateKey(private); err != nil {
		t.Error(err)
	}
}

// TestSayTo: of three, one hears what is said to him, the third nothing, and
// nobody counts it as malformed.
func TestSayTo(t *testing.T) {
	s := meeting(t, 3)
	ann, ben, cy := s.clients[0], s.clients[1], s.clients[2]
	secret := Chat{"0123456789abcdef", "for Ben alone"}
	if _, err := ann.member.SayTo(ben.session, secret, s.now); err == nil {
		t.Error("said to somebody whose key is unknown")
	}
	for _, c := range s.clients {
		out, err := c.member.Say(State{}, s.now)
		if err != nil {
			t.Fatal(err)
		}
		s.take(c, out)
	}
	s.run(time.Second)
	out, err := ann.member.SayTo(ben.session, secret, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(ann, out)
	s.run(time.Second)
	for c, want := range map[*client]int{ann: 1, ben: 1, cy: 0} {
		heard := 0
		for _, h := range c.heard {
			if h.Private && h.App == secret && h.From.Session == ann.session && h.Self == (c == ann) {
				heard++
			} else if _, is := h.App.(State); !is {
				t.Errorf("%s hears %+v", c.name, h)
			}
		}
		if heard != want || c.member.Dropped != (Dropped{}) {
			t.Errorf("%s heard it %d times, and dropped %+v", c.name, heard, c.member.Dropped)
		}
	}
}
