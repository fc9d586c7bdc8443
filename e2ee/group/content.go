package group

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"incamera/e2ee/file"
)

const (
	idDigits  = 16 // hex digits of a message's or poll's id
	keyDigits = 64 // of keys and digests

	// MaxFileName is the length of a file's name in code points.
	MaxFileName = 200
	// MaxQuestion is the length of a poll's question in code points.
	MaxQuestion = 300
	// MaxOption is the length of one of its options in code points.
	MaxOption = 120
	// MinOptions is how many options a poll has at least.
	MinOptions = 2
	// MaxOptions is the other bound.
	MaxOptions = 10

	maxSessionBytes = 64
)

// A File announces a file that the server keeps sealed (package file).
type File struct {
	ID     string `json:"id"` // 32 hex digits
	Name   string `json:"name"`
	Size   uint64 `json:"size"`   // at most file.MaxSize
	Type   string `json:"type"`   // media type without parameters, or ""
	Key    string `json:"key"`    // 64 hex digits
	Digest string `json:"digest"` // 64 hex digits
}

// A Direct is a Chat or a File for one person: sealed to the key of that leaf
// ([SealDirect]). Whom it is for is not said: everybody tries to open it.
type Direct struct {
	Box string `json:"box"` // base64
}

// A Poll asks a question. It is said again for those who join later.
type Poll struct {
	ID       string   `json:"id"` // 16 hex digits
	Question string   `json:"question"`
	Options  []string `json:"options"`
	Multiple bool     `json:"multiple"` // more than one option may be chosen
}

// A Vote is what the sender chooses; it takes the place of an earlier one.
type Vote struct {
	Asker   string `json:"asker"` // session of who asks
	Poll    string `json:"poll"`
	Choices []int  `json:"choices"` // indices, ascending; none takes the vote back
}

// A PollEnd ends the sender's poll.
type PollEnd struct {
	Poll string `json:"poll"`
}

func (File) kind() string    { return "file" }
func (Direct) kind() string  { return "direct" }
func (Poll) kind() string    { return "poll" }
func (Vote) kind() string    { return "vote" }
func (PollEnd) kind() string { return "poll_end" }

func isHex(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}

// mediaType is a media type without parameters.
var mediaType = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63}$`)

// checkLine accepts one line of text that shows what it says.
func checkLine(what, s string, most int) error {
	switch {
	case strings.TrimSpace(s) == "" || !utf8.ValidString(s):
		return fmt.Errorf("%s is empty", what)
	case utf8.RuneCountInString(s) > most:
		return fmt.Errorf("%s has more than %d characters", what, most)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) }):
		return fmt.Errorf("%s holds invisible characters", what)
	}
	return nil
}

func (f File) valid() error {
	switch {
	case !isHex(f.ID, 32) || !isHex(f.Key, keyDigits) || !isHex(f.Digest, keyDigits):
		return errors.New("the id, key or digest is not of its length in hex digits")
	case f.Size > file.MaxSize:
		return errors.New("the size is out of range")
	case f.Type != "" && !mediaType.MatchString(f.Type):
		return errors.New("the type is not a media type")
	case f.Name == "." || f.Name == ".." || strings.ContainsAny(f.Name, `/\\`):
		return errors.New("the name is a path")
	}
	return checkLine("the name", f.Name, MaxFileName)
}

func (d Direct) valid() error {
	b, err := base64.StdEncoding.Strict().DecodeString(d.Box)
	if err != nil || len(b) < directLeast || strings.ContainsAny(d.Box, "\r\n") {
		return errors.New("the box is not sealed")
	}
	return nil
}

func (p Poll) valid() error {
	if !isHex(p.ID, idDigits) {
		return errors.New("the id is not 16 hex digits")
	}
	if len(p.Options) < MinOptions || len(p.Options) > MaxOptions {
		return fmt.Errorf("%d options, want %d to %d", len(p.Options), MinOptions, MaxOptions)
	}
	for _, o := range p.Options {
		if err := checkLine("an option", o, MaxOption); err != nil {
			return err
		}
	}
	return checkLine("the question", p.Question, MaxQuestion)
}

func (v Vote) valid() error {
	if v.Asker == "" || len(v.Asker) > maxSessionBytes || !isHex(v.Poll, idDigits) {
		return errors.New("it is for no poll")
	}
	before := -1
	for _, c := range v.Choices {
		if c <= before || c >= MaxOptions {
			return errors.New("the choices are not ascending places of options")
		}
		before = c
	}
	return nil
}

func (e PollEnd) valid() error {
	if !isHex(e.Poll, idDigits) {
		return errors.New("it is for no poll")
	}
	return nil
}

// contentJSON checks a, and returns what is encoded.
func contentJSON(a App) (any, error) {
	v, ok := a.(interface {
		App
		valid() error
	})
	if !ok {
		panic(fmt.Sprintf("group: no encoding for %T", a))
	}
	if err := v.valid(); err != nil {
		return nil, err
	}
	switch a := a.(type) {
	case File:
		return struct {
			Kind string `json:"kind"`
			File
		}{a.kind(), a}, nil
	case Direct:
		return struct {
			Kind string `json:"kind"`
			Direct
		}{a.kind(), a}, nil
	case Poll:
		return struct {
			Kind string `json:"kind"`
			Poll
		}{a.kind(), a}, nil
	case Vote:
		if a.Choices == nil {
			a.Choices = []int{}
		}
		return struct {
			Kind string `json:"kind"`
			Vote
		}{a.kind(), a}, nil
	case PollEnd:
		return struct {
			Kind string `json:"kind"`
			PollEnd
		}{a.kind(), a}, nil
	case Draw:
		return struct {
			Kind string `json:"kind"`
			Draw
		}{a.kind(), a}, nil
	case Erase:
		return struct {
			Kind string `json:"kind"`
			Erase
		}{a.kind(), a}, nil
	}
	panic(fmt.Sprintf("group: no encoding for %T", a))
}

// decodeContent reads the kinds of this file and of the board, and returns nil
// for others.
func decodeContent(kind string, fields map[string]json.RawMessage) (App, error) {
	switch kind {
	case "file":
		var f File
		var size float64
		if err := errors.Join(read(fields, "id", &f.ID), read(fields, "name", &f.Name), read(fields, "size", &size),
			read(fields, "type", &f.Type), read(fields, "key", &f.Key), read(fields, "digest", &f.Digest)); err != nil {
			return nil, err
		}
		if size < 0 || size > file.MaxSize || size != math.Trunc(size) {
			return nil, errors.New("the size is out of range")
		}
		f.Size = uint64(size)
		return f, f.valid()
	case "direct":
		var d Direct
		if err := read(fields, "box", &d.Box); err != nil {
			return nil, err
		}
		return d, d.valid()
	case "poll":
		var p Poll
		if err := errors.Join(read(fields, "id", &p.ID), read(fields, "question", &p.Question),
			read(fields, "options", &p.Options), read(fields, "multiple", &p.Multiple)); err != nil {
			return nil, err
		}
		return p, p.valid()
	case "vote":
		var v Vote
		var choices []*float64 // a null is no number
		if err := errors.Join(read(fields, "asker", &v.Asker), read(fields, "poll", &v.Poll), read(fields, "choices", &choices)); err != nil {
			return nil, err
		}
		v.Choices = make([]int, len(choices))
		for i, c := range choices {
			if c == nil || *c != math.Trunc(*c) || *c < 0 || *c >= MaxOptions {
				return nil, errors.New("the choices are not places of options")
			}
			v.Choices[i] = int(*c)
		}
		return v, v.valid()
	case "poll_end":
		var e PollEnd
		if err := read(fields, "poll", &e.Poll); err != nil {
			return nil, err
		}
		return e, e.valid()
	}
	return decodeBoard(kind, fields)
}
