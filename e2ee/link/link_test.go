package link

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/internal/golden"
	"incamera/e2ee/link/nfc"
)

// seed makes 32 bytes counting up from start.
func seed(start byte) []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = start + byte(i)
	}
	return b
}

func testLink() (Link, ed25519.PrivateKey) {
	host := ed25519.NewKeyFromSeed(seed(0x40))
	room := RoomOf(host.Public().(ed25519.PublicKey))
	return Link{Server: "https://meet.example.org", Room: room, Secret: SecretFrom(seed(0))}, host
}

func TestLinkVectors(t *testing.T) {
	l, host := testLink()
	k := l.Keys()
	hash := k.TokenHash()
	reveal := func(s Secret) golden.Hex { return s.Reveal() }
	golden.Check(t, "link.json", map[string]any{
		"hostKey": golden.Hex(host.Public().(ed25519.PublicKey)), "room": l.Room,
		"secret": reveal(l.Secret), "origin": l.Server, "link": l.Text(),
		"psk": reveal(k.PSK), "envelope": reveal(k.Envelope), "card": reveal(k.Card),
		"admission": reveal(k.Admission), "token": reveal(k.Token), "tokenHash": golden.Hex(hash[:]),
		"linkNumber": 7, "pskId": string(PSKID(7)),
		"bad": badLinks(l),
	})
	back, err := Parse(" " + l.Text() + "\n")
	if err != nil || back.Text() != l.Text() {
		t.Errorf("read back as %v: %v", back, err)
	}
}

// badLinks are links that everybody refuses.
func badLinks(l Link) []string {
	whole := l.Text()
	at := func(old, new string) string { return strings.Replace(whole, old, new, 1) }
	return []string{
		whole[:len(whole)-1],
		whole + "A",
		at("#1.", "#2."),
		at("#1.", "#"),
		at("#", "?"),
		whole[:strings.IndexByte(whole, '#')],
		at("#1.AAEC", "#1.AA+C"),
		at("#1.AAEC", "#1.AA C"),
		whole[:len(whole)-1] + "9", // stray bits at the end
		at("/r/"+string(l.Room[:1]), "/r/"),
		at("/r/", "/r/a"),
		at("/r/"+string(l.Room[:1]), "/r/1"),
		at("/r/"+string(l.Room[:1]), "/r/A"),
		at("/r/", "/s/"),
		whole + ".2",
	}
}

func TestParseErrors(t *testing.T) {
	l, _ := testLink()
	for _, bad := range badLinks(l) {
		if got, err := Parse(bad); err == nil {
			t.Errorf("%s was read as %v", bad, got)
		} else if strings.Contains(err.Error(), "AECAw") {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
	whole := l.Text()
	for bad, want := range map[string]error{
		"":                                        ErrNoLink,
		"meet.example.org":                        ErrNoLink,
		"https://meet.example.org/":               ErrNoLink,
		"ftp" + whole[5:]:                         ErrNoLink,
		"https://a%zz" + whole:                    ErrNoLink,
		"https://meet.example.org/r/abc#1.xyz":    ErrRoom,
		whole[:strings.IndexByte(whole, '#')]:     ErrNoSecret,
		whole[:len(whole)-5]:                      ErrCutShort,
		strings.Replace(whole, "#1.", "#9.", 1):   ErrVersion,
		whole + "AAAA":                            ErrSecret,
		strings.Replace(whole, "AAEC", "AA*C", 1): ErrSecret,
	} {
		if _, err := Parse(bad); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", bad, err, want)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	l, _ := testLink()
	k := l.Keys()
	inside := struct {
		Open   Secret
		hidden Keys
		deeper []any
	}{l.Secret, k, []any{l, &k}}
	var out strings.Builder
	for _, v := range []any{l.Secret, &l.Secret, l, &l, k, &k, inside, &inside} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	for name, s := range map[string]Secret{"secret": l.Secret, "psk": k.PSK, "token": k.Token} {
		for form, text := range map[string]string{
			"hex": hex.EncodeToString(s.Reveal()[:6]), "HEX": strings.ToUpper(hex.EncodeToString(s.Reveal()[:6])),
			"decimal": strings.Trim(fmt.Sprintf("%d", s.Reveal()[:6]), "[]"), "Go": strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", s.Reveal()[:6]), "[]byte"), "{}"),
			"raw": string(s.Reveal()[:6]), "link": "AAECAwQF",
		} {
			if strings.Contains(out.String(), text) {
				t.Errorf("the %s is printed as %s", name, form)
			}
		}
	}
	if !strings.Contains(out.String(), hidden) {
		t.Error("nothing says that there is a secret")
	}
}

func TestEnvelope(t *testing.T) {
	l, _ := testLink()
	key := l.Keys().Envelope
	at := Place{l.Room, KindCommit, 3, 1 << 40}
	plain := []byte("Ring the bells that still can ring")
	sealed := sealWith(key, at, seed(0x80), plain)
	golden.Check(t, "envelope.json", map[string]any{
		"key": golden.Hex(key.Reveal()), "room": at.Room, "type": at.Kind, "generation": at.Generation, "epoch": at.Epoch,
		"salt": golden.Hex(seed(0x80)), "plaintext": golden.Hex(plain), "sealed": golden.Hex(sealed),
	})
	if got, err := Open(key, at, Seal(key, at, plain)); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("opened as %q: %v", got, err)
	}
	for _, elsewhere := range []Place{
		{"aaaaaaaaaaaaaaaaaaaaaaaaaa", KindCommit, 3, 1 << 40},
		{l.Room, KindApp, 3, 1 << 40},
		{l.Room, KindCommit, 4, 1 << 40},
		{l.Room, KindCommit, 3, 1<<40 + 1},
	} {
		if _, err := Open(key, elsewhere, sealed); err == nil {
			t.Errorf("it opens at %v", elsewhere)
		}
	}
	if _, err := Open(l.Keys().Card, at, sealed); err == nil {
		t.Error("it opens with another key")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := Open(key, at, bad); err == nil {
			t.Errorf("it opens with byte %d altered", i)
		}
		if _, err := Open(key, at, sealed[:i]); err == nil {
			t.Errorf("it opens cut to %d bytes", i)
		}
	}
}

func TestCard(t *testing.T) {
	l, host := testLink()
	key := l.Keys().Card
	card := Card{HostKey: host.Public().(ed25519.PublicKey), Suite: Suite, LinkNumber: 1, Created: time.UnixMilli(1795000000123), Title: "Küche & Kaffee"}
	encoded, err := card.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	quantum := card
	quantum.Suite = SuitePostQuantum
	pq, err := quantum.Sign(host)
	if err != nil {
		t.Fatal(err)
	}
	place := Place{Room: l.Room, Kind: KindCard}
	hash := CardHash(encoded)
	golden.Check(t, "card.json", map[string]any{
		"room": l.Room, "cardKey": golden.Hex(key.Reveal()), "hostSeed": golden.Hex(host.Seed()), "hostKey": golden.Hex(card.HostKey),
		"suite": card.Suite, "linkNumber": card.LinkNumber, "createdMs": card.Created.UnixMilli(), "title": card.Title,
		"encoded": golden.Hex(encoded), "hash": golden.Hex(hash[:]), "salt": golden.Hex(seed(0xa0)),
		"sealed": golden.Hex(sealWith(key, place, seed(0xa0), encoded)), "postQuantum": golden.Hex(pq),
	})
	if c, cardErr := ParseCard(l.Room, pq); cardErr != nil || c.Suite != SuitePostQuantum || c.Capacity() != 64 || card.Capacity() != 0 {
		t.Errorf("of a post-quantum room: %+v, %v", c, cardErr)
	}
	got, again, err := OpenCard(key, l.Room, SealCard(key, l.Room, encoded))
	if err != nil || !bytes.Equal(again, encoded) || got.Title != card.Title || !got.Created.Equal(card.Created) || got.LinkNumber != 1 {
		t.Fatalf("opened as %+v: %v", got, err)
	}
	for i := range encoded {
		bad := bytes.Clone(encoded)
		bad[i] ^= 1
		if _, err = ParseCard(l.Room, bad); err == nil {
			t.Errorf("it is accepted with byte %d altered", i)
		}
		if _, err = ParseCard(l.Room, encoded[:i]); err == nil {
			t.Errorf("it is accepted cut to %d bytes", i)
		}
	}
	if _, err = ParseCard(l.Room, append(bytes.Clone(encoded), 0)); err == nil {
		t.Error("it is accepted with a byte more")
	}
	stranger := ed25519.NewKeyFromSeed(seed(9))
	theirs := card
	theirs.HostKey = stranger.Public().(ed25519.PublicKey)
	forged := theirs.encode()
	forged = append(forged, ed25519.Sign(stranger, cardStatement(l.Room, forged))...)
	if _, err := ParseCard(l.Room, forged); err == nil {
		t.Error("a stranger's card is accepted")
	}
	for name, bad := range map[string]Card{
		"suite": {Suite: 2, LinkNumber: 1, Created: card.Created}, "number": {Suite: Suite, Created: card.Created},
		"title": {Suite: Suite, LinkNumber: 1, Created: card.Created, Title: strings.Repeat("x", MaxTitle+1)},
		"utf8":  {Suite: Suite, LinkNumber: 1, Created: card.Created, Title: "\xff"},
		"time":  {Suite: Suite, LinkNumber: 1, Created: time.UnixMilli(-1)},
	} {
		bad.HostKey = card.HostKey
		b := bad.encode()
		b = append(b, ed25519.Sign(host, cardStatement(l.Room, b))...)
		if _, err := ParseCard(l.Room, b); err == nil {
			t.Errorf("a signed card with a bad %s is accepted", name)
		}
	}
}

func TestLeaf(t *testing.T) {
	l, _ := testLink()
	admission := l.Keys().Admission
	device := ed25519.NewKeyFromSeed(seed(0x60))
	c := LeafContext{Room: l.Room, LinkNumber: 1, MemberID: MemberID(seed(0x70)), SignatureKey: seed(0x90)}
	ext, err := c.Make(admission, device, "c2Vzc2lvbi1pZA", "Zoë Müller")
	if err != nil {
		t.Fatal(err)
	}
	mac := c.mac(admission, device.Public().(ed25519.PublicKey))
	golden.Check(t, "leaf.json", map[string]any{
		"room": l.Room, "linkNumber": c.LinkNumber, "memberId": golden.Hex(c.MemberID[:]), "signatureKey": golden.Hex(c.SignatureKey),
		"admissionKey": golden.Hex(admission.Reveal()), "deviceSeed": golden.Hex(device.Seed()),
		"deviceKey": golden.Hex(device.Public().(ed25519.PublicKey)), "session": "c2Vzc2lvbi1pZA", "name": "Zoë Müller",
		"admission": golden.Hex(mac), "extension": golden.Hex(ext), "goodNames": goodNames, "badNames": badNames,
		"unknown": unknownCharacters(),
	})
	got, err := c.Check(admission, ext)
	if err != nil || got.Name != "Zoë Müller" || got.Session != "c2Vzc2lvbi1pZA" || !got.Device.Equal(device.Public()) {
		t.Fatalf("read as %+v: %v", got, err)
	}
	for i := range ext {
		bad := bytes.Clone(ext)
		bad[i] ^= 1
		if _, err := c.Check(admission, bad); err == nil {
			t.Errorf("accepted with byte %d altered", i)
		}
		if _, err := c.Check(admission, ext[:i]); err == nil {
			t.Errorf("accepted cut to %d bytes", i)
		}
	}
	if _, err := c.Check(admission, append(bytes.Clone(ext), 0)); err == nil {
		t.Error("accepted with a byte more")
	}
	if _, err := c.Check(l.Keys().Envelope, ext); err == nil {
		t.Error("accepted from one who has another link")
	}
	for i, other := range []LeafContext{
		{"aaaaaaaaaaaaaaaaaaaaaaaaaa", 1, c.MemberID, c.SignatureKey},
		{c.Room, 2, c.MemberID, c.SignatureKey},
		{c.Room, 1, MemberID{}, c.SignatureKey},
		{c.Room, 1, c.MemberID, seed(0x91)},
	} {
		if _, err := other.Check(admission, ext); err == nil {
			t.Errorf("accepted in context %d", i)
		}
	}
	if _, err := c.Make(admission, device, "", "Zoë"); err == nil {
		t.Error("made without a session")
	}
}

// unknownCharacters is how the browser's code has them: by turns how many are
// known and how many are not, in base 36.
func unknownCharacters() string {
	var runs []string
	at := rune(0)
	for _, u := range nfc.Unknown() {
		runs = append(runs, strconv.FormatInt(int64(u[0]-at), 36), strconv.FormatInt(int64(u[1]-u[0]+1), 36))
		at = u[1] + 1
	}
	return strings.Join(runs, " ")
}

var goodNames = []string{
	"A", "Zoë", strings.Repeat("x", MaxNameChars), strings.Repeat("\U0001f600", MaxNameChars), "x\u0304", "한글", "क\u093cमल",
	"O'Brien (he/him)", "a b", "\U0001fae8", "\U000323b0",
}

var badNames = []string{
	"", " ", "\u00a0\u2003", "a\nb", "a\u0000", "\u007f", "a\u0085b", "a\u202eb", "a\u200bb", "a\ufeffb", "\ue000",
	"Zoe\u0308", "\u212b", "a\u0302\u0323", "\u1112\u1161\u11ab", strings.Repeat("x", MaxNameChars+1), strings.Repeat("\U0001f600", MaxNameChars) + "x",
	"\u0378", "\uffff", "x\u0316\u0ece", "\U000105d2\u0307", "\U000105c9", "\U00016d67\U00016d67",
}

func TestNames(t *testing.T) {
	for _, name := range goodNames {
		if err := CheckName(name); err != nil {
			t.Errorf("%+q: %v", name, err)
		}
	}
	l, _ := testLink()
	device := ed25519.NewKeyFromSeed(seed(1))
	for _, name := range append([]string{"\xff"}, badNames...) {
		if err := CheckName(name); err == nil {
			t.Errorf("%+q is a good name", name)
		}
		if _, err := (LeafContext{Room: l.Room}).Make(l.Keys().Admission, device, "s", name); err == nil {
			t.Errorf("a leaf with the name %+q is made", name)
		}
	}
}

// FuzzParse checks that what parses is written as the same link.
func FuzzParse(f *testing.F) {
	l, _ := testLink()
	for _, s := range append(badLinks(l), l.Text()) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(l.Text())
		if err != nil || again.Text() != l.Text() {
			t.Errorf("%q is read as %s and that as %s: %v", s, l.Text(), again.Text(), err)
		}
	})
}
