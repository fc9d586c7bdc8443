package link

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"incamera/e2ee/internal/golden"
)

func TestNoteVector(t *testing.T) {
	a, _, mod, _, _, g := court(t)
	l, _ := testLink()
	n := Note{Sent: 1_800_000_000_123, Text: "Gleich, wir sind noch fünf Minuten beschäftigt. \u270b"}
	sealed, err := a.sealNote(l.Keys().Envelope, seed(0x91), "session-1", n, mod)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "note.json", map[string]any{
		"room": a.Room, "hostKey": golden.Hex(a.Host), "secret": golden.Hex(l.Secret.Reveal()), "session": "session-1",
		"signerSeed": golden.Hex(mod.Seed()), "signer": golden.Hex(publicOf(mod)), "salt": golden.Hex(seed(0x91)),
		"sent": n.Sent, "text": n.Text, "sealed": golden.Hex(sealed),
	})
	if got, signer, err := a.OpenNote(l.Keys().Envelope, "session-1", g, sealed); err != nil || got != n || !signer.Equal(publicOf(mod)) {
		t.Errorf("read back as %+v: %v", got, err)
	}
	if len(sealed) != saltLength+notePad+tagLength {
		t.Errorf("%d bytes", len(sealed))
	}
}

// TestForgedNotes: what nobody who waits takes for a word of the host's.
func TestForgedNotes(t *testing.T) {
	a, host, mod, _, nobody, g := court(t)
	l, _ := testLink()
	key := l.Keys().Envelope
	seal := func(by ed25519.PrivateKey, session string, n Note) []byte {
		b, err := a.SealNote(key, session, n, by)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	hello := Note{1, "hello"}
	place := Place{Room: a.Room, Kind: KindNote}
	plain, err := Open(key, place, seal(host, "s", hello))
	if err != nil {
		t.Fatal(err)
	}
	again := func(change func(b []byte) []byte) []byte {
		return Seal(key, place, change(append([]byte(nil), plain...)))
	}
	for name, c := range map[string]struct {
		grant  Grant
		sealed []byte
		why    string
	}{
		"by nobody":            {g, seal(nobody, "s", hello), "acts for the host"},
		"by who was moderator": {Grant{}, seal(mod, "s", hello), "acts for the host"},
		"to another":           {g, seal(host, "t", hello), "for this session"},
		"another text":         {g, again(func(b []byte) []byte { b[10] ^= 1; return b }), "for this session"},
		"another time":         {g, again(func(b []byte) []byte { b[8]++; return b }), "for this session"},
		"of no time":           {g, seal(host, "s", Note{1 << 53, "hello"}), "out of range"},
		"of another version":   {g, again(func(b []byte) []byte { b[0]++; return b }), "version"},
		"cut short":            {g, again(func(b []byte) []byte { return b[:50] }), "truncated"},
		"not padded":           {g, again(func(b []byte) []byte { return b[:len(b)-1] }), "padding"},
		"padded with a word":   {g, again(func(b []byte) []byte { b[len(b)-1] = 1; return b }), "padding"},
		"padded twice":         {g, again(func(b []byte) []byte { return append(b, make([]byte, notePad)...) }), "padding"},
		"of another kind":      {g, Seal(key, Place{Room: a.Room, Kind: KindApp}, plain), "altered"},
	} {
		if n, _, err := a.OpenNote(key, "s", c.grant, c.sealed); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for _, by := range []ed25519.PrivateKey{host, mod} {
		if n, _, err := a.OpenNote(key, "s", g, seal(by, "s", hello)); err != nil || n != hello {
			t.Errorf("%+v, %v", n, err)
		}
	}
	for name, text := range map[string]string{"blank": " \n", "too long": strings.Repeat("ä", MaxNoteChars+1), "no text": "\xff"} {
		if _, err := a.SealNote(key, "s", Note{1, text}, host); err == nil {
			t.Errorf("%s is sealed", name)
		}
	}
}
