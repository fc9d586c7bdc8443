package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"incamera/e2ee/eddsa"
)

// What a token may be (PROTOCOL.md 2.15).
const (
	MaxToken    = 16 << 10 // bytes
	MaxTokenAge = 24 * time.Hour
	clockSkew   = 5 * time.Minute
	minRSABytes = 256
)

// IdentityNonce is the nonce of an ID token that is for a device in a room. The
// provider signs it without knowing what it means; the device key signs each
// leaf, so that the token speaks of whoever sits there.
func IdentityNonce(room string, device ed25519.PublicKey) string {
	digest := sha256.Sum256(append([]byte("incamera identity v1\x00"+room), device...))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// A Provider is who is believed about people: its keys are pinned, not fetched
// by way of the server that is not to be believed.
type Provider struct {
	Issuer   string
	Audience string // the client id under which people sign in
	Keys     []byte // a JSON Web Key Set (RFC 7517)
}

// An Identity is what a provider says of somebody. Name and Email may be empty.
type Identity struct {
	Subject string `json:"subject"`
	Name    string `json:"name"`
	Email   string `json:"email"` // one that the provider has verified
}

var errToken = errors.New("checking an ID token")

// Check returns whom an ID token is about, if the provider has signed it for
// that device in that room within the last day. It does not look at exp: that is
// when a client has to renew a session, and this is no session.
func (p Provider) Check(token, room string, device ed25519.PublicKey, now time.Time) (Identity, error) {
	id, err := p.check(token, IdentityNonce(room, device), now)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", errToken, err)
	}
	return id, nil
}

func (p Provider) check(token, nonce string, now time.Time) (Identity, error) {
	parts := strings.Split(token, ".")
	if len(token) > MaxToken || len(parts) != 3 {
		return Identity{}, errors.New("it is none, or too long")
	}
	header, err := object(parts[0])
	if err != nil {
		return Identity{}, err
	}
	claims, err := object(parts[1])
	if err != nil {
		return Identity{}, err
	}
	signature, err := strict(parts[2])
	if err != nil {
		return Identity{}, err
	}
	if err := p.verify(header, []byte(parts[0]+"."+parts[1]), signature); err != nil {
		return Identity{}, err
	}
	return p.believe(claims, nonce, now)
}

// fields are the members of a JSON object, by their exact names.
type fields map[string]json.RawMessage

func (f fields) text(name string) string {
	var s *string
	if json.Unmarshal(f[name], &s) != nil || s == nil {
		return ""
	}
	return *s
}

// seconds is a time in whole seconds, -1 (long ago) for what is none.
func (f fields) seconds(name string) int64 {
	var n *float64
	if json.Unmarshal(f[name], &n) != nil || n == nil || *n != float64(int64(*n)) || *n < 0 || *n >= 1<<53 {
		return -1
	}
	return int64(*n)
}

func strict(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("it is not base64url")
	}
	return b, nil
}

func object(part string) (f fields, err error) {
	b, err := strict(part)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(b) || json.Unmarshal(b, &f) != nil || f == nil {
		return nil, errors.New("a part of it is no JSON object")
	}
	return f, nil
}

func (p Provider) verify(header fields, signed, signature []byte) error {
	if _, critical := header["crit"]; critical {
		return errors.New("it wants something understood that is not")
	}
	var set struct{ Keys []fields }
	if err := json.Unmarshal(p.Keys, &set); err != nil {
		return fmt.Errorf("reading the provider's keys: %w", err)
	}
	kid, alg := header.text("kid"), header.text("alg")
	keys := slices.DeleteFunc(set.Keys, func(k fields) bool { return k.text("kid") != kid })
	if kid == "" || len(keys) != 1 {
		return errors.New("it is signed by no key of the provider's")
	}
	key := keys[0]
	if use := key.text("use"); use != "" && use != "sig" || key.text("alg") != "" && key.text("alg") != alg {
		return errors.New("it is signed by a key for something else")
	}
	digest := sha256.Sum256(signed)
	part := func(name string) []byte { b, _ := strict(key.text(name)); return b } // nil is no key
	ok := false
	switch kty, crv := key.text("kty"), key.text("crv"); {
	case alg == "RS256" && kty == "RSA":
		n, e := part("n"), part("e")
		if len(n) >= minRSABytes && len(e) > 0 && len(e) <= 4 {
			public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
			ok = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		}
	case alg == "ES256" && kty == "EC" && crv == "P-256":
		x, y := part("x"), part("y")
		if len(x) == 32 && len(y) == 32 && len(signature) == 64 {
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
			ok = err == nil && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		}
	case alg == "EdDSA" && kty == "OKP" && crv == "Ed25519":
		x := part("x")
		ok = len(x) == ed25519.PublicKeySize && eddsa.Verify(x, signed, signature)
	}
	if !ok {
		return errors.New("its signature does not hold")
	}
	return nil
}

func (p Provider) believe(claims fields, nonce string, now time.Time) (Identity, error) {
	var several []*string // a null is no text
	audience := claims.text("aud")
	if audience == "" && json.Unmarshal(claims["aud"], &several) == nil && !slices.Contains(several, nil) &&
		slices.ContainsFunc(several, func(a *string) bool { return *a == p.Audience }) {
		audience = p.Audience
	}
	_, hasParty := claims["azp"]
	issued := claims.seconds("iat")
	id := Identity{Subject: claims.text("sub"), Name: claims.text("name")}
	if string(claims["email_verified"]) == "true" {
		id.Email = claims.text("email")
	}
	switch at := time.Unix(issued, 0); {
	case claims.text("iss") != p.Issuer || p.Issuer == "":
		return Identity{}, errors.New("another provider has signed it")
	case audience != p.Audience || p.Audience == "":
		return Identity{}, errors.New("it is for another service")
	case (hasParty || len(several) > 1) && claims.text("azp") != p.Audience:
		return Identity{}, errors.New("another service has asked for it")
	case claims.text("nonce") != nonce:
		return Identity{}, errors.New("it is for another device or room")
	case at.After(now.Add(clockSkew)) || at.Before(now.Add(-MaxTokenAge)):
		return Identity{}, errors.New("it is not of today")
	case id.Subject == "" || len(id.Subject) > 255:
		return Identity{}, errors.New("it is about nobody")
	}
	return id, nil
}
