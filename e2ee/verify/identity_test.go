package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"testing"
	"time"

	"incamera/e2ee/internal/golden"
)

// Keys of a provider of our own, the same each time.
var (
	edKey  = ed25519.NewKeyFromSeed(stream("ed", 32))
	ecKey  = ecFrom(stream("ec", 32))
	rsaKey = rsaFrom(primeFrom("p", 1024), primeFrom("q", 1024))
	// Of half the size that is taken.
	shortKey = rsaFrom(primeFrom("r", 512), primeFrom("s", 512))
)

func stream(label string, n int) (out []byte) {
	for i := byte(0); len(out) < n; i++ {
		sum := sha256.Sum256(append([]byte(label), i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

func primeFrom(label string, bits int) *big.Int {
	p := new(big.Int).SetBytes(stream(label, bits/8))
	p.SetBit(p.SetBit(p.SetBit(p, bits-1, 1), bits-2, 1), 0, 1)
	for !p.ProbablyPrime(20) {
		p.Add(p, big.NewInt(2))
	}
	return p
}

func rsaFrom(p, q *big.Int) *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q}}
	k.Precompute()
	return k
}

func ecFrom(secret []byte) *ecdsa.PrivateKey {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		panic(err)
	}
	return k
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type claimSet = map[string]any

func providerKeys(t *testing.T) []byte {
	t.Helper()
	point, err := ecKey.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	rsaJWK := claimSet{"kty": "RSA", "kid": "r", "alg": "RS256", "use": "sig", "n": b64(rsaKey.N.Bytes()), "e": "AQAB"}
	ed := claimSet{"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": b64(edKey.Public().(ed25519.PublicKey))}
	twice, enc := maps.Clone(ed), maps.Clone(ed)
	twice["kid"], enc["kid"], enc["use"] = "twice", "enc", "enc"
	short := maps.Clone(rsaJWK)
	short["kid"], short["n"] = "short", b64(shortKey.N.Bytes())
	b, err := json.Marshal(claimSet{"keys": []claimSet{
		rsaJWK, ed, twice, twice, enc, short,
		{"kty": "EC", "crv": "P-256", "kid": "e", "x": b64(point[1:33]), "y": b64(point[33:])},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signed is a token; the key is chosen by alg.
func signed(t *testing.T, header, claims claimSet) string {
	t.Helper()
	h, errH := json.Marshal(header)
	c, errC := json.Marshal(claims)
	if errH != nil || errC != nil {
		t.Fatal(errH, errC)
	}
	input := b64(h) + "." + b64(c)
	digest := sha256.Sum256([]byte(input))
	var signature []byte
	var err error
	switch header["alg"] {
	case "RS256":
		if header["kid"] == "short" {
			signature, err = rsa.SignPKCS1v15(nil, shortKey, crypto.SHA256, digest[:])
			break
		}
		signature, err = rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, digest[:])
	case "ES256":
		var der []byte
		der, err = ecKey.Sign(nil, digest[:], crypto.SHA256) // RFC 6979
		var rs struct{ R, S *big.Int }
		if _, e := asn1.Unmarshal(der, &rs); e != nil {
			t.Fatal(e)
		}
		signature = append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
	case "EdDSA":
		signature = ed25519.Sign(edKey, []byte(input))
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(signature)
}

// TestIdentity: what a provider has signed for that device in that room is
// believed, and nothing else. TypeScript reads the same tokens.
func TestIdentity(t *testing.T) {
	const room = "abcdefghijklmnopqrstuvwxyz"
	device := ed25519.PublicKey(stream("device", 32))
	now := time.Unix(1_800_000_000, 0)
	p := Provider{Issuer: "https://id.example.org", Audience: "incamera", Keys: providerKeys(t)}
	nonce := IdentityNonce(room, device)
	claims := func(change ...any) claimSet {
		c := claimSet{
			"iss": p.Issuer, "aud": p.Audience, "sub": "248289761001", "iat": now.Unix() - 3600, "exp": now.Unix() - 3000, "nonce": nonce,
			"name": "Zoë Ångström", "email": "zoe@example.org", "email_verified": true,
		}
		for i := 0; i < len(change); i += 2 {
			if c[change[i].(string)] = change[i+1]; change[i+1] == nil {
				delete(c, change[i].(string))
			}
		}
		return c
	}
	ed := func(change ...any) string { return signed(t, claimSet{"alg": "EdDSA", "kid": "d"}, claims(change...)) }
	with := func(header claimSet) string { return signed(t, header, claims()) }
	type good struct {
		Token string `json:"token"`
		Identity
	}
	zoe := Identity{"248289761001", "Zoë Ångström", "zoe@example.org"}
	goods := []good{
		{with(claimSet{"alg": "RS256", "kid": "r", "typ": "JWT"}), zoe},
		{with(claimSet{"alg": "ES256", "kid": "e"}), zoe},
		{ed(), zoe},
		{ed("aud", []string{"other", "incamera"}, "azp", "incamera"), zoe},
		{ed("aud", []string{"incamera"}), zoe},
		{ed("iat", now.Unix()-86400), zoe},
		{ed("iat", now.Unix()+300), zoe},
		{ed("email_verified", false, "name", nil), Identity{Subject: zoe.Subject}},
		{ed("email_verified", "true", "name", 7), Identity{Subject: zoe.Subject}},
	}
	token := ed()
	flipped := []byte(token)
	flipped[len(flipped)-20] ^= 1
	none := b64([]byte(`{"alg":"none","kid":"d"}`)) + token[len(b64([]byte(`{"alg":"EdDSA","kid":"d"}`))):]
	bads := map[string]string{
		"of another device": ed("nonce", IdentityNonce(room, make([]byte, 32))), "of another room": ed("nonce", IdentityNonce("another", device)),
		"without a nonce": ed("nonce", nil), "an empty nonce": ed("nonce", ""), "of another provider": ed("iss", "https://id.example.com"),
		"of a provider with a slash": ed("iss", p.Issuer+"/"), "for another service": ed("aud", "other"), "for no service": ed("aud", nil),
		"for others": ed("aud", []string{"other"}), "for us and what is no text": ed("aud", []any{"incamera", nil}, "azp", "incamera"), "for several, asked for by nobody": ed("aud", []string{"other", "incamera"}),
		"asked for by another": ed("azp", "other"), "of yesterday": ed("iat", now.Unix()-86401), "of tomorrow": ed("iat", now.Unix()+301),
		"of no time": ed("iat", nil), "of a half second": ed("iat", float64(now.Unix())-0.5), "of a time in words": ed("iat", "1800000000"),
		"about nobody": ed("sub", ""), "claims in other letters": ed("nonce", nil, "Nonce", nonce),
		"of an unknown key": with(claimSet{"alg": "EdDSA", "kid": "x"}), "of no key": with(claimSet{"alg": "EdDSA"}), "of one of two keys": with(claimSet{"alg": "EdDSA", "kid": "twice"}),
		"of a key to encrypt with": with(claimSet{"alg": "EdDSA", "kid": "enc"}), "of a short key": with(claimSet{"alg": "RS256", "kid": "short"}),
		"of a key of another kind": with(claimSet{"alg": "ES256", "kid": "r"}), "with what must be understood": with(claimSet{"alg": "EdDSA", "kid": "d", "crit": []string{"b64"}}),
		"by another algorithm": with(claimSet{"alg": "HS256", "kid": "d"}), "altered": string(flipped), "unsigned": none, "cut short": token[:len(token)-4],
		"of two parts": token[:len(token)-87], "of four parts": token + ".", "of padding": token + "=", "nothing": "", "too long": ed("name", string(make([]byte, MaxToken))),
	}
	golden.Check(t, "identity.json", map[string]any{
		"room": room, "device": golden.Hex(device), "nonce": nonce, "issuer": p.Issuer, "audience": p.Audience, "now": now.UnixMilli(),
		"keys": json.RawMessage(p.Keys), "good": goods, "bad": bads,
	})
	for i, g := range goods {
		if got, err := p.Check(g.Token, room, device, now); err != nil || got != g.Identity {
			t.Errorf("good %d: %+v, %v", i, got, err)
		}
	}
	for why, bad := range bads {
		if got, err := p.Check(bad, room, device, now); err == nil || got != (Identity{}) {
			t.Errorf("%s: %+v", why, got)
		}
	}
	for what, q := range map[string]Provider{"without keys": {p.Issuer, p.Audience, nil}, "without a name": {"", p.Audience, p.Keys}, "for nobody": {p.Issuer, "", p.Keys}} {
		if _, err := q.Check(ed("iss", q.Issuer, "aud", q.Audience), room, device, now); err == nil {
			t.Errorf("a provider %s is believed", what)
		}
	}
}
