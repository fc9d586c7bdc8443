package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:generate go run ../../cmd/wiregen -o ../../web/src/wire/wire.gen.ts

// MaxInteger is the largest integer on the wire: the largest that a browser's
// number holds exactly.
const MaxInteger = 1<<53 - 1

// A Head is what every socket message carries beside its own fields. N and Ack
// are absent from the wire when 0. PROTOCOL.md 1.2 says how they count.
type Head struct {
	Type string
	N    uint32
	Ack  uint32
}

// Errors that a receiver tells apart. Everything else that Decode* return
// means a malformed message.
var (
	ErrUnknownType = errors.New("unknown message type")
	ErrTooLarge    = errors.New("message too large")
)

// unnumbered messages carry no n (PROTOCOL.md 1.2).
var unnumbered = map[string]bool{"join": true, "ack": true, "joined": true, "refused": true}

// Numbered reports whether messages of this type carry an n.
func Numbered(typ string) bool { return !unnumbered[typ] }

// DecodeClient parses a message that a client sent. The message is a value,
// never a pointer, of a type in [ClientMessages], within all limits. The head
// is filled as far as it was understood, also with an error, so that an answer
// can say what it is about. Safe for concurrent use.
func DecodeClient(b []byte) (Head, any, error) { return decode(b, ClientMessages, clientTypes) }

// DecodeServer is [DecodeClient] for messages that a server sent.
func DecodeServer(b []byte) (Head, any, error) { return decode(b, ServerMessages, serverTypes) }

// EncodeClient returns the wire form of a message of a client. h.Type is
// ignored: it follows from m. It panics if m is not in [ClientMessages].
func EncodeClient(h Head, m any) []byte { return encode(h, m, clientTypes) }

// EncodeServer is [EncodeClient] for [ServerMessages].
func EncodeServer(h Head, m any) []byte { return encode(h, m, serverTypes) }

// DecodeBody parses the JSON body of an HTTP request or answer.
func DecodeBody[T CreateRoom | Depart | Look | Looked | Redeem | Redeemed | Probe | Probed | OpenFile | FileOpened | FileReceived | Error](b []byte) (T, error) {
	var m T
	if len(b) > MaxBody {
		return m, fmt.Errorf("wire: %T of %d bytes: %w", m, len(b), ErrTooLarge)
	}
	fields, err := object(b)
	if err != nil {
		return m, fmt.Errorf("wire: %T: %w", m, err)
	}
	v := reflect.ValueOf(&m).Elem()
	if err := decodeFields(fields, v); err != nil {
		return m, fmt.Errorf("wire: %w", err)
	}
	if err := validate(m); err != nil {
		return m, fmt.Errorf("wire: %w", err)
	}
	return m, nil
}

// EncodeBody returns the JSON body of an HTTP request or answer.
func EncodeBody[T CreateRoom | Depart | Look | Looked | Redeem | Redeemed | Probe | Probed | OpenFile | FileOpened | FileReceived | Error](m T) []byte {
	return append(appendStruct([]byte{'{'}, reflect.ValueOf(m), false), '}')
}

var clientTypes, serverTypes = namesOf(ClientMessages), namesOf(ServerMessages)

func namesOf(set map[string]any) map[reflect.Type]string {
	names := map[reflect.Type]string{}
	for name, proto := range set {
		names[reflect.TypeOf(proto)] = name
	}
	return names
}

// TypeName returns the wire name of a message of either side, "" for none.
func TypeName(m any) string {
	t := reflect.TypeOf(m)
	if name, ok := serverTypes[t]; ok {
		return name
	}
	return clientTypes[t]
}

func decode(b []byte, known map[string]any, names map[reflect.Type]string) (h Head, m any, err error) {
	if len(b) > MaxMessage {
		return h, nil, fmt.Errorf("wire: %d bytes: %w", len(b), ErrTooLarge)
	}
	fields, err := object(b)
	if err != nil {
		return h, nil, fmt.Errorf("wire: %w", err)
	}
	if err := decodeHead(fields, &h); err != nil {
		return h, nil, fmt.Errorf("wire: %w", err)
	}
	proto, ok := known[h.Type]
	if !ok {
		return h, nil, fmt.Errorf("wire: %q: %w", h.Type, ErrUnknownType)
	}
	if len(b) > MaxSize(h.Type) {
		return h, nil, fmt.Errorf("wire: %s of %d bytes: %w", h.Type, len(b), ErrTooLarge)
	}
	if Numbered(h.Type) != (h.N > 0) {
		return h, nil, fmt.Errorf("wire: %s: n = %d", h.Type, h.N)
	}
	v := reflect.New(reflect.TypeOf(proto)).Elem()
	if err := decodeFields(fields, v); err != nil {
		return h, nil, fmt.Errorf("wire: %w", err)
	}
	m = v.Interface()
	if err := validate(m); err != nil {
		return h, nil, fmt.Errorf("wire: %w", err)
	}
	if names[v.Type()] != h.Type {
		panic("wire: internal error: one Go type for two messages")
	}
	return h, m, nil
}

func decodeHead(fields map[string]json.RawMessage, h *Head) error {
	raw, ok := fields["type"]
	if !ok {
		return errors.New("no type")
	}
	if err := decodeValue(raw, reflect.ValueOf(&h.Type).Elem(), "type"); err != nil {
		return err
	}
	if len(h.Type) > maxTypeName {
		h.Type = ""
		return errors.New("type is too long")
	}
	for name, to := range map[string]*uint32{"n": &h.N, "ack": &h.Ack} {
		if raw, ok := fields[name]; ok {
			if err := decodeValue(raw, reflect.ValueOf(to).Elem(), name); err != nil {
				return err
			}
		}
	}
	return nil
}

// object splits one JSON object into its members. encoding/json alone would
// match names whatever their case, and take the last of two equal ones.
func object(b []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errors.New("not a JSON object")
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("not a JSON object")
		}
		if _, twice := fields[name]; twice {
			return nil, errors.New("a field appears twice")
		}
		if len(fields) == maxFields {
			return nil, errors.New("too many fields")
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, errors.New("not a JSON object")
		}
		fields[name] = raw
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if len(bytes.TrimSpace(b[d.InputOffset():])) > 0 {
		return nil, errors.New("something follows the JSON object")
	}
	return fields, nil
}

func decodeFields(fields map[string]json.RawMessage, v reflect.Value) error {
	t := v.Type()
	for i := range t.NumField() {
		name, optional := fieldName(t.Field(i))
		raw, ok := fields[name]
		if !ok {
			if optional {
				continue
			}
			return fmt.Errorf("%s.%s is missing", t.Name(), name)
		}
		if err := decodeValue(raw, v.Field(i), t.Name()+"."+name); err != nil {
			return err
		}
		if f := v.Field(i); optional && f.Kind() == reflect.Slice && f.Len() == 0 {
			f.SetZero() // one form for nothing
		}
	}
	return nil
}

// decodeValue never echoes the value in its errors: they go to logs.
func decodeValue(raw json.RawMessage, v reflect.Value, where string) error {
	if string(raw) == "null" {
		return fmt.Errorf("%s is null", where)
	}
	switch k := v.Kind(); {
	case v.Type() == reflect.TypeFor[[]byte]():
		return decodeBytes(raw, v, where)
	case k == reflect.Slice:
		return decodeList(raw, v, where)
	case k == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decodeValue(raw, v.Elem(), where)
	case k == reflect.Struct:
		fields, err := object(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		return decodeFields(fields, v)
	case k == reflect.String:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return fmt.Errorf("%s is not a string", where)
		}
		if values, ok := enums[v.Type()]; ok && !contains(values, s) {
			return fmt.Errorf("%s is none of its values", where)
		}
		v.SetString(s)
	case k == reflect.Bool:
		if s := string(raw); s != "true" && s != "false" {
			return fmt.Errorf("%s is not a boolean", where)
		}
		v.SetBool(string(raw) == "true")
	case k == reflect.Uint32, k == reflect.Uint64:
		u, err := strconv.ParseUint(string(raw), 10, v.Type().Bits())
		if err != nil || u > MaxInteger {
			return fmt.Errorf("%s is not an integer in its range", where)
		}
		v.SetUint(u)
	default:
		panic("wire: internal error: no decoder for " + v.Type().String())
	}
	return nil
}

func decodeBytes(raw json.RawMessage, v reflect.Value, where string) error {
	// Base64 needs no escapes, and the lenient decoder skips line breaks.
	if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return fmt.Errorf("%s is not base64", where)
	}
	text := raw[1 : len(raw)-1]
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(out, text)
	if err != nil {
		return fmt.Errorf("%s is not base64", where)
	}
	v.SetBytes(out[:n:n])
	return nil
}

func decodeList(raw json.RawMessage, v reflect.Value, where string) error {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return fmt.Errorf("%s is not a list", where)
	}
	if len(items) > maxItems {
		return fmt.Errorf("%s has %d items", where, len(items))
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if err := decodeValue(item, list.Index(i), where); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// A Prepared is a server message encoded but for its head, so that one message
// to many is encoded once. The zero value is no message. Immutable.
type Prepared struct {
	typ  string
	tail []byte // the fields with a leading comma, if any, and the closing brace
}

// Prepare encodes a message of the server. It panics if m is not in
// [ServerMessages].
func Prepare(m any) Prepared { return prepare(m, serverTypes) }

func prepare(m any, names map[reflect.Type]string) Prepared {
	v := reflect.ValueOf(m)
	name, ok := names[v.Type()]
	if !ok {
		panic(fmt.Sprintf("wire: internal error: %T is not a message of this side", m))
	}
	return Prepared{typ: name, tail: append(appendStruct(nil, v, true), '}')}
}

// Type returns the wire name.
func (p Prepared) Type() string { return p.typ }

// Size is the length of the message as text without its head, in bytes.
func (p Prepared) Size() int { return len(p.tail) }

// Head returns the text up to the fields; Tail, shared by all receivers and not
// to be changed, the rest. h.Type is ignored.
func (p Prepared) Head(h Head) []byte {
	b := append(make([]byte, 0, 64), `{"type":`...)
	b = strconv.AppendQuote(b, p.typ)
	if h.N > 0 {
		b = strconv.AppendUint(append(b, `,"n":`...), uint64(h.N), 10)
	}
	if h.Ack > 0 {
		b = strconv.AppendUint(append(b, `,"ack":`...), uint64(h.Ack), 10)
	}
	return b
}

// Tail is described at [Prepared.Head].
func (p Prepared) Tail() []byte { return p.tail }

func encode(h Head, m any, names map[reflect.Type]string) []byte {
	p := prepare(m, names)
	return append(p.Head(h), p.tail...)
}

// appendStruct appends the members of v; after says that one stands before.
func appendStruct(b []byte, v reflect.Value, after bool) []byte {
	t := v.Type()
	for i := range t.NumField() {
		name, optional := fieldName(t.Field(i))
		f := v.Field(i)
		if optional && (f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0) {
			continue
		}
		if after {
			b = append(b, ',')
		}
		after = true
		b = append(strconv.AppendQuote(b, name), ':')
		b = appendValue(b, f)
	}
	return b
}

// appendValue never writes null: a nil list is an empty one, at any depth.
func appendValue(b []byte, v reflect.Value) []byte {
	switch k := v.Kind(); {
	case v.Type() == reflect.TypeFor[[]byte]():
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"')
	case k == reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.Index(i))
		}
		return append(b, ']')
	case k == reflect.Pointer:
		return appendValue(b, v.Elem())
	case k == reflect.Struct:
		return append(appendStruct(append(b, '{'), v, false), '}')
	case k == reflect.String:
		return appendString(b, v.String())
	case k == reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case k == reflect.Uint32, k == reflect.Uint64:
		if v.Uint() > MaxInteger {
			panic("wire: internal error: integer beyond 2^53")
		}
		return strconv.AppendUint(b, v.Uint(), 10)
	default:
		panic("wire: internal error: no encoder for " + v.Type().String())
	}
}

func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false) // the form that a browser writes
	if err := e.Encode(s); err != nil {
		panic("wire: internal error: " + err.Error())
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte{'\n'})...)
}

func fieldName(f reflect.StructField) (name string, optional bool) {
	name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, opt == "omitempty"
}

func contains(values []string, s string) bool {
	for _, v := range values {
		if v == s {
			return true
		}
	}
	return false
}
