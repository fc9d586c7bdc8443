package group

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"incamera/e2ee/link"
)

// maxCard is the size of a sealed card, as the server keeps it.
const maxCard = 2 << 10

// A NewLink hands out the link that takes the place of the present one, with
// the host's word that it does ([link.Card.OpenNext]): no order to the server.
type NewLink struct {
	Secret    link.Secret
	Card      []byte // sealed
	Signature []byte
}

func (NewLink) kind() string { return "link" }

type newLinkJSON struct {
	Kind      string `json:"kind"`
	Secret    string `json:"secret"`
	Card      string `json:"card"`
	Signature string `json:"signature"`
}

func readNewLink(fields map[string]json.RawMessage) (App, error) {
	var v newLinkJSON
	err := errors.Join(read(fields, "secret", &v.Secret), read(fields, "card", &v.Card), read(fields, "signature", &v.Signature))
	if err != nil {
		return nil, err
	}
	var l NewLink
	secret, err := fromBase64(v.Secret)
	if err == nil {
		l.Card, err = fromBase64(v.Card)
	}
	if err == nil {
		l.Signature, err = fromBase64(v.Signature)
	}
	if err != nil {
		return nil, err
	}
	if len(secret) != 32 || len(l.Card) == 0 || len(l.Card) > maxCard || len(l.Signature) != ed25519.SignatureSize {
		return nil, errors.New("it is no link")
	}
	l.Secret = link.SecretFrom(secret)
	return l, nil
}

func toBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func fromBase64(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("it is not base64url")
	}
	return b, nil
}
