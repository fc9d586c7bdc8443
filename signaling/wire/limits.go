package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
)

// Limits of single fields, in bytes of content or in items. A sealed commit for
// 500 members with 64 Adds is below 200 KiB, its Welcome and tree below
// 400 KiB; smaller limits would end large meetings, larger ones let one client
// fill the others' outboxes.
const (
	MaxSDP     = 256 << 10
	MaxCommit  = 1 << 20
	MaxWelcome = 1 << 20
	MaxTree    = 2 << 20
	MaxAsk     = 64 << 10
	MaxApp     = 64 << 10
	MaxCard    = 2 << 10
	MaxMark    = 4 << 10
	MaxBeat    = 1 << 9
	MaxLeave   = 1 << 9
	MaxText    = 1 << 10
	MaxNote    = 4 << 10
	MaxTo      = 64
	MaxOthers  = 128
	MaxTiles   = 64
	MaxSeats   = 64
	MaxSources = 4
	MaxCodecs  = 4
	MaxMids    = 8
	MaxPeers   = 1024 // leaf indices on a frame end there
	MaxPixels  = 1 << 14

	// TokenSize is the size of a join token and of its hash, SecretSize that of
	// a session's secret, HostKeySize that of an Ed25519 public key.
	TokenSize   = 32
	SecretSize  = 32
	HostKeySize = 32
	// FileIDSize is the size of a file's id.
	FileIDSize = 16
	// SignatureSize is the size of an Ed25519 signature.
	SignatureSize = 64
	// PermitSize is the size of a permit: its end and a MAC.
	PermitSize = 8 + 32
	// RoomLength is the length of a room id in characters.
	RoomLength = 26
)

// Limits of whole messages, as text.
const (
	// MaxMessage bounds every socket message.
	MaxMessage = 6 << 20
	// MaxBody bounds the body of an HTTP request or answer.
	MaxBody = 16 << 10
	// MaxJoin bounds the first message on a socket.
	MaxJoin = 4 << 10

	smallMessage = 4 << 10
	maxTypeName  = 32
	maxFields    = 32
	maxItems     = MaxPeers
	maxSession   = 64
)

// maxSize is the limit of each message as text where it is not smallMessage:
// the limits of its fields, a third more for base64, and room for the rest.
var maxSize = map[string]int{
	"join": MaxJoin,
	"ask":  MaxAsk*4/3 + smallMessage, "asked": MaxAsk*4/3 + smallMessage,
	"app": MaxApp*4/3 + smallMessage, "said": MaxApp*4/3 + smallMessage,
	"commit":    MaxMessage,
	"committed": MaxCommit*4/3 + smallMessage,
	"welcomed":  (MaxWelcome+MaxTree)*4/3 + smallMessage,
	"publish":   2*MaxSDP + smallMessage, "published": 2*MaxSDP + smallMessage, // line ends are escaped
	"subscribe": 2*MaxSDP + smallMessage, "subscribed": 2*MaxSDP + smallMessage,
	"view":  MaxTiles*256 + smallMessage,
	"rules": MaxOthers*256 + smallMessage,
	"note":  MaxNote*4/3 + smallMessage, "noted": MaxNote*4/3 + smallMessage,
	"seats":  MaxSeats*256 + smallMessage,
	"joined": (MaxCard+MaxMark)*4/3 + smallMessage,
	"mark":   MaxMark*4/3 + smallMessage, "marked": MaxMark*4/3 + smallMessage,
	"peers":  MaxPeers*256 + smallMessage,
	"failed": 8 * smallMessage, "ended": 8 * smallMessage, "refused": 8 * smallMessage, "media_lost": 8 * smallMessage,
}

// MaxSize returns how long a message of this type may be as text, in bytes.
func MaxSize(typ string) int {
	if n, ok := maxSize[typ]; ok {
		return n
	}
	return smallMessage
}

// AllSources are the sources there are.
var AllSources = [...]Source{SourceMic, SourceCamera, SourceScreen, SourceScreenAudio}

// Enums are the named string types whose values the protocol fixes.
var Enums = []any{
	AllSources[:],
	[]VideoCodec{CodecVP8, CodecVP9, CodecAV1, CodecH264},
	[]LeaveReason{ReasonLeft, ReasonLost, ReasonSlow, ReasonInvalid, ReasonRemoved, ReasonEnded, ReasonOver, ReasonRelinked, ReasonOperator},
	[]Grade{GradeGood, GradeLimited, GradePaused},
	[]Cause{CauseNone, CauseBandwidth, CauseDelay, CauseLoss},
	[]Code{CodeRefused, CodeFull, CodeRate, CodeInvalid, CodeMedia, CodeInvite, CodeSignIn, CodeUnavailable},
}

var enums = func() map[reflect.Type][]string {
	values := map[reflect.Type][]string{}
	for _, e := range Enums {
		v := reflect.ValueOf(e)
		for i := range v.Len() {
			values[v.Type().Elem()] = append(values[v.Type().Elem()], v.Index(i).String())
		}
	}
	return values
}()

// validate checks m against the limits that its type alone does not express.
func validate(m any) error {
	if v, ok := m.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("%T: %w", m, err)
		}
	}
	return nil
}

// Valid reports whether id has the form of a session id: 1 to 64 characters of
// base64url.
func (id SessionID) Valid() bool {
	if id == "" || len(id) > maxSession {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// LogValue shortens id for logs.
func (id SessionID) LogValue() slog.Value { return slog.StringValue(string(id[:min(6, len(id))])) }

// ValidRoom reports whether s has the form of a room id: 26 characters of
// base32 in lower case.
func ValidRoom(s string) bool {
	if len(s) != RoomLength {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

func first(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func session(id SessionID) error {
	if !id.Valid() {
		return errors.New("malformed session id")
	}
	return nil
}

func room(s string) error {
	if !ValidRoom(s) {
		return errors.New("malformed room id")
	}
	return nil
}

func within[T ~string | ~[]byte | []Source | []SessionID | []Tile | []MidSource | []Seat | []Peer | []Withheld | []VideoCodec](what string, v T, least, most int) error {
	if n := len(v); n < least || n > most {
		return fmt.Errorf("%s of %d, want %d to %d", what, n, least, most)
	}
	return nil
}

func generation(g uint32) error {
	if g == 0 {
		return errors.New("generation 0")
	}
	return nil
}

// distinct refuses a list that names something twice.
func distinct[T comparable](what string, list []T) error {
	seen := make(map[T]bool, len(list))
	for _, v := range list {
		if seen[v] {
			return fmt.Errorf("%s named twice", what)
		}
		seen[v] = true
	}
	return nil
}

func sources(on []Source) error {
	return first(within("sources", on, 0, MaxSources), distinct("source", on))
}
