package group

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"incamera/e2ee/file"
	"incamera/e2ee/internal/golden"
	"incamera/e2ee/link"
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
		State{Key: strings.Repeat("0a", 32)},
		File{strings.Repeat("01", 16), "Bericht „Müller“ (1).pdf", 123_456, "application/pdf", strings.Repeat("02", 32), strings.Repeat("03", 32)},
		File{strings.Repeat("01", 16), strings.Repeat("é", MaxFileName), file.MaxSize, "", strings.Repeat("02", 32), strings.Repeat("03", 32)},
		Direct{strings.Repeat("AAAA", 18)},
		Poll{"0123456789abcdef", "Lunch?", []string{"yes", "no"}, false},
		Poll{"0123456789abcdef", strings.Repeat("ß", MaxQuestion), slices.Repeat([]string{strings.Repeat("é", MaxOption)}, MaxOptions), true},
		Vote{"Zm9v", "0123456789abcdef", []int{}},
		Vote{"Zm9v", "0123456789abcdef", []int{0, 3, 9}},
		PollEnd{"0123456789abcdef"},
		Mute{"", "mic"},
		Mute{"c2Vzc2lvbi0x", "camera"},
		Mute{"c2Vzc2lvbi0x", "screen"},
		Spotlight{"", "camera"},
		Draw{[]Stroke{{"0123456789abcdef", "pen", 5, 3, []int{0, 4095, 12, 13, 14, 15}, ""}, {"0123456789abcde0", "text", 0, 1, []int{1, 2}, "Größe"}}},
		Draw{slices.Repeat([]Stroke{{"0123456789abcdef", "oval", 1, 2, []int{0, 1, 2, 3}, ""}}, MaxStrokes)},
		Erase{[]string{"0123456789abcdef", "0123456789abcde0"}},
		Spotlight{"c2Vzc2lvbi0x", "screen"},
		Pass{link.Pass{Grant: 4_294_967_295, Role: link.RoleModerator, Session: "c2Vzc2lvbi0x", Signature: []byte(strings.Repeat("s", 64))}},
		NewLink{link.SecretFrom([]byte(strings.Repeat("k", 32))), []byte("a card that is sealed"), []byte(strings.Repeat("s", 64))},
	} {
		b, err := EncodeApp(a)
		if err != nil {
			t.Fatal(err)
		}
		if len(b)%appStep != 0 {
			t.Errorf("%T takes %d bytes", a, len(b))
		}
		back, err := DecodeApp(b)
		if _, secret := a.(NewLink); secret && err == nil { // which shows itself to no comparison
			again, encodeErr := EncodeApp(back)
			if encodeErr != nil || !bytes.Equal(again, b) {
				t.Errorf("%+v comes back as %+v", a, back)
			}
		} else if err != nil || !reflect.DeepEqual(back, a) {
			t.Errorf("%+v comes back as %+v, %v", a, back, err)
		}
		good = append(good, vector{string(b[4 : 4+binary.BigEndian.Uint32(b)]), b})
	}
	for _, text := range []string{`{"kind":"wave"}`, `{"kind":"polls","id":3}`, `{}`, `{"kind":3}`, `{"KIND":"chat"}`, `{"kind":"unmute","session":"","source":"mic"}`, `{"kind":"reaction","sign":"abcdefghijklmnop"}`} {
		a, err := DecodeApp(padded(text))
		if err != nil || a != nil {
			t.Errorf("%s is %+v, %v", text, a, err)
		}
		ignored = append(ignored, vector{text, padded(text)})
	}
	golden.Check(t, "app.json", map[string]any{"good": good, "ignored": ignored, "bad": badApps(t)})
}

// badLink is a link with fields of these sizes in bytes.
func badLink(secret, card, signature int) string {
	zeros := func(n int) string { return toBase64(make([]byte, n)) }
	return fmt.Sprintf(`{"kind":"link","secret":%q,"card":%q,"signature":%q}`, zeros(secret), zeros(card), zeros(signature))
}

const goodStroke = `{"id":"0123456789abcdef","shape":"line","ink":0,"size":1,"points":[1,2,3,4],"text":""}`

// badStroke returns a draw whose one mark has a field twice: the last counts.
func badStroke(field string) string {
	return `{"kind":"draw","strokes":[` + strings.TrimSuffix(goodStroke, "}") + `,` + field + `}]}`
}

func badApps(t *testing.T) (all []golden.Hex) {
	bad := [][]byte{{}, make([]byte, 255), append(padded(`{"kind":"state","mic":true,"camera":true,"screen":true}`), 0)}
	trailing := padded(`{"kind":"wave"}`)
	trailing[len(trailing)-1] = 1
	long := padded(`{"kind":"wave"}`)
	binary.BigEndian.PutUint32(long, 253)
	bad = append(bad, trailing, long, make([]byte, 256), padded("\ufeff"+`{"kind":"hand","ticket":1}`))
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
		`{"kind":"state","mic":true,"camera":true,"screen":false,"key":""}`,
		`{"kind":"state","mic":true,"camera":true,"screen":false,"key":"0A"}`,
		`{"kind":"state","mic":true,"camera":true,"screen":false,"key":null}`,
		badFile(`"id":"01"`), badFile(`"id":3`), badFile(`"name":""`), badFile(`"name":"a/b"`), badFile(`"name":"a\\b"`), badFile(`"name":".."`),
		badFile(`"name":"a\u202eb"`), badFile(`"name":"a\u0000b"`), badFile(`"name":"` + strings.Repeat("x", MaxFileName+1) + `"`),
		badFile(`"size":-1`), badFile(`"size":1.5`), badFile(`"size":"1"`), badFile(`"size":1099511627777`),
		badFile(`"type":"text/html; charset=x"`), badFile(`"type":"text"`), badFile(`"type":"Text/plain"`),
		badFile(`"key":""`), badFile(`"digest":"` + strings.Repeat("0A", 32) + `"`), badFile(`"digest":null`),
		`{"kind":"direct"}`, `{"kind":"direct","box":"AAAA"}`, `{"kind":"direct","box":"` + strings.Repeat("A", 73) + `"}`, `{"kind":"direct","box":"` + strings.Repeat("AAAA", 18) + `\n"}`,
		`{"kind":"poll","id":"0123456789abcdef","question":"?","options":["a"],"multiple":false}`,
		`{"kind":"poll","id":"0123456789abcdef","question":"?","options":["a",""],"multiple":false}`,
		`{"kind":"poll","id":"0123456789abcdef","question":"?","options":["a",3],"multiple":false}`,
		`{"kind":"poll","id":"0123456789abcdef","question":" ","options":["a","b"],"multiple":false}`,
		`{"kind":"poll","id":"0123456789abcdef","question":"?","options":["a","b"]}`,
		`{"kind":"poll","id":"0123456789abcdef","question":"?","options":["1","2","3","4","5","6","7","8","9","10","11"],"multiple":false}`,
		`{"kind":"vote","asker":"a","poll":"0123456789abcdef"}`,
		`{"kind":"vote","asker":"","poll":"0123456789abcdef","choices":[]}`,
		`{"kind":"vote","asker":"a","poll":"0123456789abcdef","choices":[1,1]}`,
		`{"kind":"vote","asker":"a","poll":"0123456789abcdef","choices":[2,1]}`,
		`{"kind":"vote","asker":"a","poll":"0123456789abcdef","choices":[10]}`,
		`{"kind":"vote","asker":"a","poll":"0123456789abcdef","choices":[-1]}`,
		`{"kind":"vote","asker":"a","poll":"0123456789abcdef","choices":[null]}`,
		`{"kind":"vote","asker":"a","poll":"3","choices":[]}`,
		`{"kind":"link"}`, badLink(32, 0, 64), badLink(32, maxCard+1, 64), badLink(31, 9, 64), badLink(33, 9, 64), badLink(32, 9, 63), badLink(32, 9, 65),
		strings.Replace(badLink(32, 9, 64), "A", "+", 1), strings.Replace(badLink(32, 9, 64), `AA","card"`, `AB","card"`, 1),
		`{"kind":"poll_end"}`, `{"kind":"poll_end","poll":"0123456789ABCDEF"}`,
		badStroke(`"id":"1"`), badStroke(`"shape":"star"`), badStroke(`"ink":6`), badStroke(`"ink":-1`), badStroke(`"ink":1.5`), badStroke(`"size":0`), badStroke(`"size":4`), badStroke(`"size":"1"`),
		badStroke(`"points":[]`), badStroke(`"points":[1,2]`), badStroke(`"points":[1,2,3]`), badStroke(`"points":[1,2,3,4096]`), badStroke(`"points":[1,2,3,-1]`), badStroke(`"points":[1,2,3,null]`), badStroke(`"points":[1,2,3,0.5]`),
		badStroke(`"text":"x"`), badStroke(`"text":null`), badStroke(`"shape":"text"`),
		`{"kind":"draw"}`, `{"kind":"draw","strokes":[]}`, `{"kind":"draw","strokes":[3]}`, `{"kind":"draw","strokes":[null]}`, `{"kind":"draw","strokes":null}`,
		`{"kind":"draw","strokes":[` + strings.Repeat(goodStroke+`,`, MaxStrokes) + goodStroke + `]}`,
		`{"kind":"draw","strokes":[` + strings.Replace(goodStroke, `[1,2,3,4]`, `[1`+strings.Repeat(`,1`, MaxPoints+1)+`]`, 1) + `]}`,
		`{"kind":"erase"}`, `{"kind":"erase","ids":[]}`, `{"kind":"erase","ids":["1"]}`, `{"kind":"erase","ids":[null]}`,
		`{"kind":"spotlight","session":"a"}`, `{"kind":"spotlight","session":"a","source":"mic"}`, `{"kind":"spotlight","session":null,"source":"camera"}`,
		`{"kind":"spotlight","session":"` + strings.Repeat("a", maxSession+1) + `","source":"camera"}`,
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

// badFile is an announcement with one field that is not as it must be, which
// comes last and so takes the place of the good one.
func badFile(field string) string {
	return `{"kind":"file","id":"` + strings.Repeat("01", 16) + `","name":"a","size":1,"type":"","key":"` +
		strings.Repeat("02", 32) + `","digest":"` + strings.Repeat("03", 32) + `",` + field + `}`
}

func TestBadSignsAreNotSaid(t *testing.T) {
	for _, a := range []App{
		Hand{MaxTicket + 1},
		Reaction{},
		Reaction{"wave"},
		Reaction{"👍"},
		State{Key: "x"},
		File{},
		Direct{},
		Poll{},
		Vote{},
		PollEnd{},
		Vote{"a", "0123456789abcdef", []int{1, 0}},
	} {
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
		`{"kind":"chat","id":"0123456789abcdef","text":" "}`, `{"kind":"poll"}`, badFile(`"more":1`),
		`{"kind":"poll","id":"0123456789abcdef","question":"?","options":["a","b"],"multiple":false}`, `{"kind":"vote","asker":"a","poll":"0123456789abcdef","choices":[1]}`,
		`{"kind":"direct","box":"` + strings.Repeat("AAAA", 18) + `"}`, `[]`, `null`, `{"kind":"chat","id":"0123456789abcdef","text":"\ud800"}`, "", "\xff",
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
		if back, err := DecodeApp(again); err != nil || !reflect.DeepEqual(back, a) {
			t.Fatalf("%+v comes back as %+v, %v", a, back, err)
		}
	})
}
