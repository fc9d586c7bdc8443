package wire

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const vectors = "../../testdata/wire/"

// read returns the vectors of one side by file name.
func read(t testing.TB, side string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(vectors + side + ".*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors of %s: did the folder move? %v", side, err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = bytes.TrimSpace(b)
	}
	return all
}

// TestVectors reads every socket message in testdata/wire and writes it back
// identically. web/src/wire/wire.test.ts reads the same files.
func TestVectors(t *testing.T) {
	for _, side := range []struct {
		name   string
		known  map[string]any
		decode func([]byte) (Head, any, error)
		encode func(Head, any) []byte
	}{
		{"client", ClientMessages, DecodeClient, EncodeClient},
		{"server", ServerMessages, DecodeServer, EncodeServer},
	} {
		seen := map[string]bool{}
		for file, want := range read(t, side.name) {
			t.Run(file, func(t *testing.T) {
				head, m, err := side.decode(want)
				if err != nil {
					t.Fatal(err)
				}
				if got := side.encode(head, m); !bytes.Equal(got, want) {
					t.Errorf("re-encoded differently:\n got %s\nwant %s", got, want)
				}
				if parts := strings.Split(file, "."); parts[1] != head.Type {
					t.Errorf("file %s holds a %s", file, head.Type)
				}
				seen[head.Type] = true
			})
		}
		for name := range side.known {
			if !seen[name] {
				t.Errorf("no vector of the %s message %q", side.name, name)
			}
		}
	}
}

// TestBodyVectors is the same for the bodies of HTTP.
func TestBodyVectors(t *testing.T) {
	files := read(t, "http")
	check := func(name string, roundTrip func([]byte) ([]byte, error)) {
		want, ok := files["http."+name+".json"]
		if !ok {
			t.Errorf("no vector of %s", name)
			return
		}
		got, err := roundTrip(want)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, want)
		}
	}
	check("CreateRoom", body[CreateRoom])
	check("Depart", body[Depart])
	check("Look", body[Look])
	check("Looked", body[Looked])
	check("Redeem", body[Redeem])
	check("Redeemed", body[Redeemed])
	check("Probe", body[Probe])
	check("Probed", body[Probed])
	check("OpenFile", body[OpenFile])
	check("FileOpened", body[FileOpened])
	check("FileReceived", body[FileReceived])
	check("Error", body[Error])
	if len(files) != len(HTTPBodies) {
		t.Errorf("%d vectors for %d bodies", len(files), len(HTTPBodies))
	}
}

func body[T CreateRoom | Depart | Look | Looked | Redeem | Redeemed | Probe | Probed | OpenFile | FileOpened | FileReceived | Error](b []byte) ([]byte, error) {
	m, err := DecodeBody[T](b)
	return EncodeBody(m), err
}

// TestNoNullLists checks that a message built in Go never says null where the
// browser expects a list, at any depth.
func TestNoNullLists(t *testing.T) {
	for _, proto := range ServerMessages {
		if got := EncodeServer(Head{}, proto); bytes.Contains(got, []byte("null")) {
			t.Errorf("zero %T encodes as %s", proto, got)
		}
	}
	got := EncodeServer(Head{}, Peers{Peers: []Peer{{Session: "a"}}})
	if want := []byte(`"peers":[{"session":"a","on":[],"away":false}]`); !bytes.Contains(got, want) {
		t.Errorf("nested: %s", got)
	}
}

// TestRefused holds what DecodeClient must not take.
func TestRefused(t *testing.T) {
	const token = `"token":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="`
	const room = `"room":"k5zq3fxw7hn2tdc4y6abgjmpre"`
	for name, text := range map[string]string{
		"empty":                 ``,
		"not JSON":              `join`,
		"a list":                `[]`,
		"a string":              `"join"`,
		"null":                  `null`,
		"cut off":               `{"type":"join"`,
		"two objects":           `{"type":"leave","n":1}{"type":"leave","n":2}`,
		"bytes after":           `{"type":"leave","n":1}x`,
		"no type":               `{"n":1}`,
		"type is a number":      `{"type":1}`,
		"type in capitals":      `{"TYPE":"leave","n":1}`,
		"empty type":            `{"type":"","n":1}`,
		"a server's message":    `{"type":"reset","n":1,"generation":1}`,
		"invalid UTF-8":         "{\"type\":\"leave\",\"n\":1,\"x\":\"\xff\"}",
		"a field twice":         `{"type":"leave","n":1,"n":2}`,
		"no n":                  `{"type":"leave"}`,
		"n of 0":                `{"type":"leave","n":0}`,
		"n of null":             `{"type":"leave","n":null}`,
		"n negative":            `{"type":"leave","n":-1}`,
		"n too large":           `{"type":"leave","n":4294967296}`,
		"n a fraction":          `{"type":"leave","n":1.5}`,
		"n with exponent":       `{"type":"leave","n":1e1}`,
		"n a string":            `{"type":"leave","n":"1"}`,
		"n on a join":           `{"type":"join","n":1,` + room + `,` + token + `}`,
		"a missing field":       `{"type":"join",` + room + `}`,
		"a null list":           `{"type":"sources","n":1,"on":null}`,
		"a null item":           `{"type":"sources","n":1,"on":[null]}`,
		"a null option":         `{"type":"join",` + room + `,` + token + `,"resume":null}`,
		"a field in capitals":   `{"type":"sources","n":1,"ON":[]}`,
		"unknown source":        `{"type":"sources","n":1,"on":["desk"]}`,
		"source twice":          `{"type":"sources","n":1,"on":["mic","mic"]}`,
		"not a list":            `{"type":"sources","n":1,"on":"mic"}`,
		"room too short":        `{"type":"join","room":"k5zq",` + token + `}`,
		"room in capitals":      `{"type":"join","room":"K5ZQ3FXW7HN2TDC4Y6ABGJMPRE",` + token + `}`,
		"room with a path":      `{"type":"join","room":"../../../../../../../../abc",` + token + `}`,
		"token too short":       `{"type":"join",` + room + `,"token":"AAEC"}`,
		"token with line break": `{"type":"join",` + room + `,` + strings.Replace(token, "AAEC", `AA\nEC`, 1) + `}`,
		"token not padded":      `{"type":"join",` + room + `,` + strings.Replace(token, "=", "", 1) + `}`,
		"token not canonical":   `{"type":"join",` + room + `,` + strings.Replace(token, "Hh8=", "Hh9=", 1) + `}`,
		"token in base64url":    `{"type":"join",` + room + `,` + strings.Replace(token, "AAEC", "A-_C", 1) + `}`,
		"generation 0":          `{"type":"found","n":1,"generation":0}`,
		"empty body":            `{"type":"app","n":1,"generation":1,"epoch":0,"body":""}`,
		"epoch beyond 2^53":     `{"type":"app","n":1,"generation":1,"epoch":9007199254740992,"body":"AA=="}`,
		"last epoch":            `{"type":"commit","n":1,"generation":1,"epoch":9007199254740991,"body":"AA==","to":[]}`,
		"nobody to welcome":     `{"type":"commit","n":1,"generation":1,"epoch":0,"body":"AA==","to":[],"welcome":"AA==","tree":"AA=="}`,
		"no tree":               `{"type":"commit","n":1,"generation":1,"epoch":0,"body":"AA==","to":["a"],"welcome":"AA=="}`,
		"session twice":         `{"type":"commit","n":1,"generation":1,"epoch":0,"body":"AA==","to":["a","a"],"welcome":"AA==","tree":"AA=="}`,
		"session with a quote":  `{"type":"commit","n":1,"generation":1,"epoch":0,"body":"AA==","to":["a\""],"welcome":"AA==","tree":"AA=="}`,
		"a silent tile":         `{"type":"view","n":1,"tiles":[{"session":"a","source":"mic","width":1,"height":1}]}`,
		"an enormous tile":      `{"type":"view","n":1,"tiles":[{"session":"a","source":"camera","width":99999,"height":1}]}`,
		"mid twice":             `{"type":"publish","n":1,"sdp":"v","mids":[{"mid":"0","source":"mic"},{"mid":"0","source":"camera"}]}`,
		"no mids":               `{"type":"publish","n":1,"sdp":"v","mids":[]}`,
		"deep":                  strings.Repeat(`{"x":`, 100000),
		"many fields":           manyFields(),
	} {
		if _, m, err := DecodeClient([]byte(text)); err == nil {
			t.Errorf("%s: taken as %#v", name, m)
		}
	}
}

func manyFields() string {
	var b strings.Builder
	b.WriteString(`{"type":"leave","n":1`)
	for i := range 100 {
		b.WriteString(`,"f` + strings.Repeat("x", i) + `":0`)
	}
	return b.String() + "}"
}

// TestLimits builds each message one step beyond a limit.
func TestLimits(t *testing.T) {
	b := func(n int) []byte { return make([]byte, n) }
	var manyTo []SessionID
	var manyTiles []Tile
	var manySeats []Source
	for i := range 65 {
		id := SessionID(strings.Repeat("a", i%60+1) + strings.Repeat("b", i/60))
		manyTo, manyTiles, manySeats = append(manyTo, id), append(manyTiles, Tile{id, SourceCamera, 1, 1}), append(manySeats, SourceMic)
	}
	for _, tc := range []struct{ fits, over any }{
		{Ask{1, b(MaxAsk)}, Ask{1, b(MaxAsk + 1)}},
		{App{1, 0, b(MaxApp)}, App{1, 0, b(MaxApp + 1)}},
		{Commit{Generation: 1, Body: b(MaxCommit)}, Commit{Generation: 1, Body: b(MaxCommit + 1)}},
		{
			Commit{1, 0, b(MaxCommit), manyTo[:64], b(MaxWelcome), b(MaxTree), nil},
			Commit{1, 0, b(1), manyTo, b(1), b(1), nil},
		},
		{Commit{1, 0, b(1), manyTo[:1], b(1), b(1), nil}, Commit{1, 0, b(1), manyTo[:1], b(MaxWelcome + 1), b(1), nil}},
		{Commit{1, 0, b(1), manyTo[:1], b(1), b(1), nil}, Commit{1, 0, b(1), manyTo[:1], b(1), b(MaxTree + 1), nil}},
		{Subscribe{strings.Repeat("\n", MaxSDP), manySeats[:1]}, Subscribe{strings.Repeat("x", MaxSDP+1), manySeats[:1]}},
		{Subscribe{"v", manySeats[:64]}, Subscribe{"v", manySeats}},
		{View{manyTiles[:64]}, View{manyTiles}},
	} {
		if _, _, err := DecodeClient(EncodeClient(Head{N: 1}, tc.fits)); err != nil {
			t.Errorf("%T at its limit: %v", tc.fits, err)
		}
		if _, _, err := DecodeClient(EncodeClient(Head{N: 1}, tc.over)); err == nil {
			t.Errorf("%T beyond its limit is taken", tc.over)
		}
	}
	for _, tc := range []struct {
		m    Demand
		fits bool
	}{
		{Demand{3, 3, []VideoCodec{}, false}, true},
		{Demand{4, 0, []VideoCodec{}, false}, false},
		{Demand{0, 4, []VideoCodec{}, false}, false},
		{Demand{0, 0, []VideoCodec{CodecVP8, CodecH264}, false}, true},
		{Demand{0, 0, []VideoCodec{CodecVP8, CodecVP8}, false}, false},
		{Demand{0, 0, []VideoCodec{"h265"}, false}, false},
	} {
		if _, _, err := DecodeServer(EncodeServer(Head{N: 1}, tc.m)); (err == nil) != tc.fits {
			t.Errorf("%+v: %v", tc.m, err)
		}
	}
	huge := []byte(`{"type":"leave","n":1,"x":"` + strings.Repeat("x", MaxSize("leave")) + `"}`)
	if _, _, err := DecodeClient(huge); !errors.Is(err, ErrTooLarge) {
		t.Errorf("unknown fields beyond the message's size: %v", err)
	}
	if _, _, err := DecodeClient(make([]byte, MaxMessage+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("beyond every size: %v", err)
	}
}

// TestUnknownFieldsAndTypes: fields that a later version adds are ignored,
// types are an error that names itself.
func TestUnknownFieldsAndTypes(t *testing.T) {
	if _, m, err := DecodeClient([]byte(`{"type":"found","later":{"a":[1]},"n":1,"generation":2}`)); err != nil || m != any(Found{2}) {
		t.Errorf("got %v, %v", m, err)
	}
	h, _, err := DecodeClient([]byte(`{"type":"dance","n":7}`))
	if !errors.Is(err, ErrUnknownType) || h != (Head{Type: "dance", N: 7}) {
		t.Errorf("got %+v, %v", h, err)
	}
}

// TestErrorsEchoNothing: what a client sent must not reach a log by way of an
// error.
func TestErrorsEchoNothing(t *testing.T) {
	const canary = "canary1234"
	for _, text := range []string{
		`{"type":"join","room":"` + canary + `","token":"AA=="}`,
		`{"type":"sources","n":1,"on":["` + canary + `"]}`,
		`{"type":"publish","n":1,"sdp":{"` + canary + `":1},"mids":[]}`,
		`{"type":"found","n":1,"generation":"` + canary + `"}`,
		canary,
	} {
		if _, _, err := DecodeClient([]byte(text)); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestEveryMessageHasItsOwnType: the wire name follows from the Go type.
func TestEveryMessageHasItsOwnType(t *testing.T) {
	for _, set := range []map[string]any{ClientMessages, ServerMessages} {
		if len(namesOf(set)) != len(set) {
			t.Errorf("%d Go types for %d messages", len(namesOf(set)), len(set))
		}
		for name, proto := range set {
			if TypeName(proto) != name {
				t.Errorf("%T is %q, want %q", proto, TypeName(proto), name)
			}
			if len(name) > maxTypeName {
				t.Errorf("%q is longer than a type may be", name)
			}
		}
	}
}

func FuzzDecodeClient(f *testing.F) { fuzz(f, "client", DecodeClient, EncodeClient) }

func FuzzDecodeServer(f *testing.F) { fuzz(f, "server", DecodeServer, EncodeServer) }

// fuzz checks that whatever parses re-encodes to a text that parses to the same
// message, and that this text is stable.
func fuzz(f *testing.F, side string, decode func([]byte) (Head, any, error), encode func(Head, any) []byte) {
	files := read(f, side)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f.Add(files[name])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		head, m, err := decode(b)
		if err != nil {
			return
		}
		text := encode(head, m)
		again, m2, err := decode(text)
		if err != nil {
			t.Fatalf("%s parses, but not %s: %v", b, text, err)
		}
		if again != head || !bytes.Equal(encode(again, m2), text) || !reflect.DeepEqual(m2, m) {
			t.Fatalf("not stable: %#v then %#v", m, m2)
		}
	})
}

// FuzzBody is fuzz for the bodies of HTTP requests and answers.
func FuzzBody(f *testing.F) {
	files := read(f, "http")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f.Add(files[name])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		stable(t, b, DecodeBody[CreateRoom], EncodeBody[CreateRoom])
		stable(t, b, DecodeBody[Depart], EncodeBody[Depart])
		stable(t, b, DecodeBody[Look], EncodeBody[Look])
		stable(t, b, DecodeBody[Looked], EncodeBody[Looked])
		stable(t, b, DecodeBody[Redeem], EncodeBody[Redeem])
		stable(t, b, DecodeBody[Redeemed], EncodeBody[Redeemed])
		stable(t, b, DecodeBody[Probe], EncodeBody[Probe])
		stable(t, b, DecodeBody[Probed], EncodeBody[Probed])
		stable(t, b, DecodeBody[Error], EncodeBody[Error])
	})
}

func stable[T any](t *testing.T, b []byte, decode func([]byte) (T, error), encode func(T) []byte) {
	m, err := decode(b)
	if err != nil {
		return
	}
	text := encode(m)
	m2, err := decode(text)
	if err != nil {
		t.Fatalf("%s parses as %T, but not %s: %v", b, m, text, err)
	}
	if !reflect.DeepEqual(m, m2) || !bytes.Equal(encode(m2), text) {
		t.Fatalf("not stable: %#v then %#v", m, m2)
	}
}
