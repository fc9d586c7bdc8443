package group

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"incamera/e2ee/link"
)

const (
	appStep = 256 // what is said is padded to multiples of this

	// MaxChat is the length of a chat text in code points.
	MaxChat = 4000

	// MaxTicket is the last place in the line of raised hands. Those who come
	// after it share it.
	MaxTicket = 1<<31 - 1

	maxSign = 16 // letters of a reaction's name
)

// An App is what people say inside the group (PROTOCOL.md 2.7): a Chat, a
// State, a Hand, a Reaction, a Mute, a Pass, a NewLink, or one of those in content.go.
type App interface{ kind() string }

// A Chat is a text for everybody.
type Chat struct {
	ID   string `json:"id"` // 16 hex digits
	Text string `json:"text"`
}

// A State is what the sender has switched on.
type State struct {
	Mic    bool `json:"mic"`
	Camera bool `json:"camera"`
	Screen bool `json:"screen"`
	// Key is the X25519 public key of the sender's leaf, to which Direct
	// messages are sealed, in 64 hex digits; "" while it takes none.
	Key string `json:"key,omitempty"`
}

// A Hand is the sender's place in the line of raised hands: one more than the
// highest that it has heard of, up to MaxTicket; 0 is a lowered hand. Equal
// tickets are ordered by session id.
type Hand struct {
	Ticket uint32 `json:"ticket"`
}

// A Reaction is a sign that is shown for a moment: one of Signs.
type Reaction struct {
	Sign string `json:"sign"`
}

// A Recording says that the sender records what it sees and hears, or has ended
// that.
type Recording struct {
	On bool `json:"on"`
}

// Signs are the reactions there are. Names alone travel, so that nobody can
// put a picture of his own on the screens of others.
var Signs = [...]string{"thumb", "applause", "heart", "laugh", "surprise", "party"}

// A Mute is a moderator's request to switch something off: for one session, or
// for all who are no moderators where none is named. It is obeyed at once.
// There is none to switch anything on.
type Mute struct {
	Session string `json:"session"`
	Source  string `json:"source"` // mic, camera or screen
}

// A Spotlight is a moderator's wish that all see one picture large; none where
// no session is named.
type Spotlight struct {
	Session string `json:"session"`
	Source  string `json:"source"` // camera or screen
}

// A Pass is handed by the host to a session that may give the server orders.
type Pass struct{ link.Pass }

func (Spotlight) kind() string { return "spotlight" }

func (Mute) kind() string     { return "mute" }
func (Pass) kind() string     { return "pass" }
func (Chat) kind() string     { return "chat" }
func (State) kind() string    { return "state" }
func (Hand) kind() string     { return "hand" }
func (Reaction) kind() string { return "reaction" }

func (Recording) kind() string { return "recording" }

// EncodeApp returns the padded bytes of an application message. It fails for
// what receivers would drop.
func EncodeApp(a App) ([]byte, error) {
	var v any
	switch a := a.(type) {
	case Chat:
		if err := a.valid(); err != nil {
			return nil, fmt.Errorf("saying something: %w", err)
		}
		v = struct {
			Kind string `json:"kind"`
			Chat
		}{a.kind(), a}
	case State:
		if a.Key != "" && !isHex(a.Key, keyDigits) {
			return nil, errors.New("saying something: the key is not 64 hex digits")
		}
		v = struct {
			Kind string `json:"kind"`
			State
		}{a.kind(), a}
	case Hand:
		if a.Ticket > MaxTicket {
			return nil, fmt.Errorf("saying something: ticket %d is beyond the line's end, %d", a.Ticket, MaxTicket)
		}
		v = struct {
			Kind string `json:"kind"`
			Hand
		}{a.kind(), a}
	case Reaction:
		if !slices.Contains(Signs[:], a.Sign) {
			return nil, fmt.Errorf("saying something: there is no reaction %q", a.Sign)
		}
		v = struct {
			Kind string `json:"kind"`
			Reaction
		}{a.kind(), a}
	case Recording:
		v = struct {
			Kind string `json:"kind"`
			Recording
		}{a.kind(), a}
	case Mute:
		if err := a.valid(); err != nil {
			return nil, fmt.Errorf("saying something: %w", err)
		}
		v = struct {
			Kind string `json:"kind"`
			Mute
		}{a.kind(), a}
	case NewLink:
		v = newLinkJSON{a.kind(), toBase64(a.Secret.Reveal()), toBase64(a.Card), toBase64(a.Signature)}
	case Spotlight:
		if err := a.valid(); err != nil {
			return nil, fmt.Errorf("saying something: %w", err)
		}
		v = struct {
			Kind string `json:"kind"`
			Spotlight
		}{a.kind(), a}
	case Pass:
		v = passJSON{a.kind(), a.Session, a.Grant, uint32(a.Role), toBase64(a.Signature)}
	default:
		var err error
		if v, err = contentJSON(a); err != nil {
			return nil, fmt.Errorf("saying something: %w", err)
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic("group: encoding an application message: " + err.Error())
	}
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
	return append(b, make([]byte, (appStep-len(b)%appStep)%appStep)...), nil
}

func (c Chat) valid() error {
	switch n := utf8.RuneCountInString(c.Text); {
	case !isHex(c.ID, idDigits):
		return errors.New("the id is not 16 hex digits")
	case strings.TrimSpace(c.Text) == "" || !utf8.ValidString(c.Text):
		return errors.New("there is no text")
	case n > MaxChat:
		return fmt.Errorf("the text has %d characters, at most %d are allowed", n, MaxChat)
	}
	return nil
}

// DecodeApp reads an application message. It returns nil without an error for
// a kind that is not known here.
func DecodeApp(b []byte) (App, error) {
	a, err := decodeApp(b)
	if err != nil {
		return nil, fmt.Errorf("reading what somebody says: %w", err)
	}
	return a, nil
}

func decodeApp(b []byte) (App, error) {
	if len(b) < appStep || len(b)%appStep != 0 {
		return nil, errors.New("it is not padded")
	}
	return decodeUnpadded(b)
}

// decodeUnpadded reads a message that ends in any number of zeros.
func decodeUnpadded(b []byte) (App, error) {
	if len(b) < 4 {
		return nil, errors.New("cut short")
	}
	n := binary.BigEndian.Uint32(b)
	if int64(n) > int64(len(b)-4) || strings.Trim(string(b[4+n:]), "\x00") != "" {
		return nil, errors.New("bad padding")
	}
	text := b[4 : 4+n]
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	// A map, since a struct would match names whatever their case.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, errors.New("it is not a JSON object")
	}
	var kind string
	_ = read(fields, "kind", &kind) // one that is no string is unknown, too
	switch kind {
	case "chat":
		var c Chat
		if err := errors.Join(read(fields, "id", &c.ID), read(fields, "text", &c.Text)); err != nil {
			return nil, err
		}
		return c, c.valid()
	case "state":
		var s State
		err := errors.Join(read(fields, "mic", &s.Mic), read(fields, "camera", &s.Camera), read(fields, "screen", &s.Screen))
		if _, ok := fields["key"]; ok && err == nil {
			if err = read(fields, "key", &s.Key); err == nil && !isHex(s.Key, keyDigits) {
				err = errors.New("the key is not 64 hex digits")
			}
		}
		return s, err
	case "mute":
		var m Mute
		if err := errors.Join(read(fields, "session", &m.Session), read(fields, "source", &m.Source)); err != nil {
			return nil, err
		}
		return m, m.valid()
	case "spotlight":
		var s Spotlight
		if err := errors.Join(read(fields, "session", &s.Session), read(fields, "source", &s.Source)); err != nil {
			return nil, err
		}
		return s, s.valid()
	case "pass":
		return readPass(fields)
	case "link":
		return readNewLink(fields)
	case "hand":
		// Any spelling of an integer that JSON has, as in a browser.
		var ticket float64
		if err := read(fields, "ticket", &ticket); err != nil {
			return nil, err
		}
		if ticket < 0 || ticket > MaxTicket || ticket != math.Trunc(ticket) {
			return nil, errors.New("the ticket is no place in a line")
		}
		return Hand{uint32(ticket)}, nil
	case "reaction":
		var r Reaction
		if err := read(fields, "sign", &r.Sign); err != nil {
			return nil, err
		}
		return r.known()
	case "recording":
		var r Recording
		err := read(fields, "on", &r.On)
		return r, err
	}
	return decodeContent(kind, fields)
}

// known returns nil for a sign that may be one of a later version.
func (r Reaction) known() (App, error) {
	switch {
	case slices.Contains(Signs[:], r.Sign):
		return r, nil
	case r.Sign == "" || len(r.Sign) > maxSign || strings.Trim(r.Sign, "abcdefghijklmnopqrstuvwxyz") != "":
		return nil, errors.New("the sign is no name")
	}
	return nil, nil
}

func (m Mute) valid() error {
	if m.Source != "mic" && m.Source != "camera" && m.Source != "screen" {
		return errors.New("there is no such thing to switch off")
	}
	if len(m.Session) > maxSession {
		return errors.New("that is no session")
	}
	return nil
}

func (s Spotlight) valid() error {
	if s.Source != "camera" && s.Source != "screen" {
		return errors.New("there is no such picture")
	}
	if len(s.Session) > maxSession {
		return errors.New("that is no session")
	}
	return nil
}

const maxSession = 64 // characters

type passJSON struct {
	Kind      string `json:"kind"`
	Session   string `json:"session"`
	Grant     uint32 `json:"grant"`
	Role      uint32 `json:"role"`
	Signature string `json:"signature"` // base64url
}

func readPass(fields map[string]json.RawMessage) (App, error) {
	var p Pass
	var grant, role float64
	var signature string
	err := errors.Join(read(fields, "session", &p.Session), read(fields, "grant", &grant), read(fields, "role", &role), read(fields, "signature", &signature))
	if err != nil {
		return nil, err
	}
	if p.Signature, err = fromBase64(signature); err != nil {
		return nil, err
	}
	p.Grant, p.Role = uint32(grant), link.Role(role)
	if float64(p.Grant) != grant || float64(p.Role) != role || len(p.Session) > maxSession {
		return nil, errors.New("it is no pass")
	}
	return p, nil
}

func read[T string | bool | float64 | []string | []*float64](fields map[string]json.RawMessage, name string, to *T) error {
	raw, ok := fields[name]
	if !ok || string(raw) == "null" || json.Unmarshal(raw, to) != nil {
		return fmt.Errorf("%s is missing or of another type", name)
	}
	return nil
}
