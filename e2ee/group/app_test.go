package group

import (
	"encoding/binary"
	"strings"
	"testing"

	"incamera/e2ee/internal/golden"
)

// padded makes an application message of any text.
func padded(text string) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
	return append(b, make([]byte, (appStep-len(b)%appStep)%appStep)...)
}

func TestAppVectors(t *testing.T) {
	type vector struct {
		JSON   string     `json:"json"`
		Padded golden.Hex `json:"padded"`
	}
	var good, ignored []vector
	for _, a := range []App{
		Chat{"0123456789abcdef", "Guten Tag, Zoë 👋 <b>"},
		Chat{"0000000000000000", strings.Repeat("x", 204)}, // exactly one step with what is around it
		Chat{"0000000000000000", strings.Repeat("x", 205)},
		Chat{"00000000000000ff", strings.Repeat("é", MaxChat)},
		State{Mic: true, Screen: true},
		Hand{},
		Hand{1},
		Hand{MaxTicket},
		Reaction{"thumb"},
		Reaction{"applause"},
		Reaction{"heart"},
		Reaction{"laugh"},
		Reaction{"surprise"},
		Reaction{"party"},
		Recording{true},
		Recording{},
	} {
		b, err := EncodeApp(a)
		if err != nil {
			t.Fatal(err)
		}
		if len(b)%appStep != 0 {
			t.Errorf("%T takes %d bytes", a, len(b))
		}
		if back, err := DecodeApp(b); err != nil || back != a {
			t.Errorf("%+v comes back as %+v, %v", a, back, err)
		}
		good = append(good, vector{string(b[4 : 4+binary.BigEndian.Uint32(b)]), b})
	}
	for _, text := range []string{`{"kind":"wave"}`, `{"kind":"poll","id":3}`, `{}`, `{"kind":3}`, `{"KIND":"chat"}`, `{"kind":"reaction","sign":"abcdefghijklmnop"}`} {
		a, err := DecodeApp(padded(text))
		if err != nil || a != nil {
			t.Errorf("%s is %+v, %v", text, a, err)
		}
		ignored = append(ignored, vector{text, padded(text)})
	}
	golden.Check(t, "app.json", map[string]any{"good": good, "ignored": ignored, "bad": badApps(t)})
}

func badApps(t *testing.T) (all []golden.Hex) {
	bad := [][]byte{{}, make([]byte, 255), append(padded(`{"kind":"state","mic":true,"camera":true,"screen":true}`), 0)}
	trailing := padded(`{"kind":"wave"}`)
	trailing[len(trailing)-1] = 1
	long := padded(`{"kind":"wave"}`)
	binary.BigEndian.PutUint32(long, 253)
	bad = append(bad, trailing, long, make([]byte, 256))
	for _, text := range []string{
		`3`, `null`, `{} {}`, `{"kind":"chat"`,
		`{"kind":"chat","id":"0123456789abcdef"}`,
		`{"kind":"chat","id":"0123456789abcdef","TEXT":"x"}`,
		`{"kind":"chat","id":"0123456789abcdef","text":null}`,
		`{"kind":"chat","id":"0123456789ABCDEF","text":"x"}`,
		`{"kind":"chat","id":"0123456789abcde","text":"x"}`,
		`{"kind":"chat","id":"0123456789abcdef","text":""}`,
		`{"kind":"chat","id":"0123456789abcdef","text":" \n"}`,
		`{"kind":"chat","id":"0123456789abcdef","text":5}`,
		`{"kind":"chat","id":"0123456789abcdef","text":"` + strings.Repeat("x", MaxChat+1) + `"}`,
		`{"kind":"state","mic":true,"camera":true}`,
		`{"kind":"state","mic":1,"camera":true,"screen":false}`,
		`{"kind":"hand"}`,
		`{"kind":"hand","ticket":"1"}`,
		`{"kind":"hand","ticket":null}`,
		`{"kind":"hand","ticket":true}`,
		`{"kind":"hand","ticket":-1}`,
		`{"kind":"hand","ticket":1.5}`,
		`{"kind":"hand","ticket":2147483648}`,
		`{"kind":"hand","ticket":1e999}`,
		`{"kind":"reaction"}`,
		`{"kind":"reaction","sign":1}`,
		`{"kind":"reaction","sign":""}`,
		`{"kind":"reaction","sign":"Thumb"}`,
		`{"kind":"reaction","sign":"👍"}`,
		`{"kind":"reaction","sign":"abcdefghijklmnopq"}`,
		"{\"kind\":\"wave\",\"x\":\"\xff\"}",
	} {
		bad = append(bad, padded(text))
	}
	for _, b := range bad {
		if a, err := DecodeApp(b); err == nil {
			t.Errorf("%.80q is read as %+v", b, a)
		}
		all = append(all, b)
	}
	return all
}

func TestBadSignsAreNotSaid(t *testing.T) {
	for _, a := range []App{Hand{MaxTicket + 1}, Reaction{}, Reaction{"wave"}, Reaction{"👍"}} {
		if b, err := EncodeApp(a); err == nil {
			t.Errorf("%+v is said as %d bytes", a, len(b))
		}
	}
}

// What the server sees of a hand, a reaction and a short text is one size.
func TestSignsLookLikeText(t *testing.T) {
	for _, a := range []App{Hand{}, Hand{MaxTicket}, Reaction{"surprise"}, State{}, Chat{"0123456789abcdef", "yes"}} {
		if b, err := EncodeApp(a); err != nil || len(b) != appStep {
			t.Errorf("%+v takes %d bytes, %v", a, len(b), err)
		}
	}
}

func TestBadChatIsNotSaid(t *testing.T) {
	for _, c := range []Chat{{"", "x"}, {"0123456789abcdef", ""}, {"0123456789abcdef", strings.Repeat("x", MaxChat+1)}, {"0123456789abcdef", "\xff"}} {
		if b, err := EncodeApp(c); err == nil {
			t.Errorf("%.40q is said as %d bytes", c.Text, len(b))
		}
	}
}

// FuzzDecodeApp checks that what is read says the same when it is said again.
func FuzzDecodeApp(f *testing.F) {
	for _, text := range []string{
		`{"kind":"chat","id":"0123456789abcdef","text":"hello"}`, `{"kind":"state","mic":true,"camera":false,"screen":true}`,
		` {"text":"\u00e9","kind":"chat","id":"0123456789abcdef","more":[1]} `, `{"kind":"chat","Id":"0123456789abcdef","text":"x"}`,
		`{"kind":"chat","id":"0123456789abcdef","text":" "}`, `{"kind":"poll"}`, `[]`, `null`, `{"kind":"chat","id":"0123456789abcdef","text":"\ud800"}`, "", "\xff",
	} {
		f.Add(padded(text))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeApp(b)
		if err != nil || a == nil {
			return
		}
		again, err := EncodeApp(a)
		if err != nil {
			t.Fatalf("%+v is heard and cannot be said: %v", a, err)
		}
		if back, err := DecodeApp(again); err != nil || back != a {
			t.Fatalf("%+v comes back as %+v, %v", a, back, err)
		}
	})
}
