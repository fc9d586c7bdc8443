// Package link holds what a meeting's link gives to those who have it: the
// keys that follow from its secret, and the statements sealed or vouched for
// with them, which are the room card, the envelopes of the delivery service
// and the admission of leaves (PROTOCOL.md 2.1 to 2.3 and 2.5).
//
// Everything here is a pure function; values may be used concurrently.
package link

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
)

// What can be wrong with a link. Parse wraps one of these.
var (
	ErrNoLink   = errors.New("this is not a meeting link")
	ErrRoom     = errors.New("the room in this link is damaged, it is not 26 letters and digits")
	ErrNoSecret = errors.New("this link lacks its secret, the part behind the #")
	ErrVersion  = errors.New("this link is of an unknown version")
	ErrCutShort = errors.New("this link is cut short")
	ErrSecret   = errors.New("the secret in this link is damaged")
)

const (
	roomLength   = 26 // 130 bits of a SHA-256
	secretLength = 43 // 32 bytes in base64url
)

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// A Room is a room id. It certifies the key of the room's host.
type Room string

// RoomOf returns the id of the room whose host has this key.
func RoomOf(host ed25519.PublicKey) Room {
	sum := sha256.Sum256(append([]byte("incamera room v1"), host...))
	return Room(base32Lower.EncodeToString(sum[:])[:roomLength])
}

// ParseRoom reports ErrRoom unless s can be a room id.
func ParseRoom(s string) (Room, error) {
	if len(s) != roomLength || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return "", ErrRoom
	}
	return Room(s), nil
}

// LogValue is the short form for logs.
func (r Room) LogValue() slog.Value {
	return slog.StringValue(string(r[:min(len(r), 6)]))
}

// A Link is where a meeting is and the secret that admits to it.
type Link struct {
	Server string // origin, such as https://meet.example.org
	Room   Room
	Secret Secret
}

// Parse reads the text of a link. The error wraps one of the sentinels above.
func Parse(text string) (Link, error) {
	fail := func(why error) (Link, error) {
		return Link{}, fmt.Errorf("reading the link: %w", why)
	}
	// The parser's own error would repeat the link and so its secret.
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fail(ErrNoLink)
	}
	name, ok := strings.CutPrefix(u.Path, "/r/")
	if !ok {
		return fail(ErrNoLink)
	}
	room, err := ParseRoom(strings.TrimSuffix(name, "/"))
	if err != nil {
		return fail(err)
	}
	if u.Fragment == "" {
		return fail(ErrNoSecret)
	}
	version, secret, found := strings.Cut(u.Fragment, ".")
	switch {
	case version != "1":
		return fail(ErrVersion)
	case !found || len(secret) < secretLength:
		return fail(ErrCutShort)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(b) != 32 || strings.ContainsAny(secret, "\r\n") {
		return fail(ErrSecret)
	}
	return Link{Server: u.Scheme + "://" + u.Host, Room: room, Secret: SecretFrom(b)}, nil
}

// Text returns the link as people pass it on, secret included.
func (l Link) Text() string {
	return l.Server + "/r/" + string(l.Room) + "#1." + base64.RawURLEncoding.EncodeToString(l.Secret.Reveal())
}

// String returns the link without its secret.
func (l Link) String() string {
	return l.Server + "/r/" + string(l.Room) + "#[secret]"
}

// Keys are what follows from a link's secret, for one use each.
type Keys struct {
	PSK       Secret // external PSK of the group
	Envelope  Secret
	Card      Secret
	Admission Secret
	Token     Secret // shown to the server, which keeps its hash
}

// Keys derives the keys of the link.
func (l Link) Keys() Keys {
	derive := func(label string) Secret {
		info := label + "\x00" + string(l.Room)
		b, err := hkdf.Key(sha256.New, l.Secret.Reveal(), []byte("incamera link v1"), info, 32)
		if err != nil {
			panic("link: deriving a key: " + err.Error())
		}
		return SecretFrom(b)
	}
	return Keys{
		PSK:       derive("link psk"),
		Envelope:  derive("envelope key"),
		Card:      derive("card key"),
		Admission: derive("admission mac"),
		Token:     derive("join token"),
	}
}

// TokenHash is what the server keeps of the join token.
func (k Keys) TokenHash() [32]byte { return sha256.Sum256(k.Token.Reveal()) }

// PSKID names the PSK of the n-th link of a room, from 1.
func PSKID(n uint32) []byte { return strconv.AppendUint([]byte("link-"), uint64(n), 10) }
