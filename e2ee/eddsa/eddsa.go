// Package eddsa verifies Ed25519 signatures so that all members judge alike.
//
// RFC 8032 leaves open what becomes of public keys of small order and of
// encodings that are not canonical, and implementations differ: Firefox refuses
// keys by which Go and Chromium take signatures. One leaf with such a key would
// part them. By a key of small order, besides, anybody can sign.
package eddsa

import (
	"crypto/ed25519"
	"slices"
)

// Verify reports whether a signature holds (RFC 8032 §5.1.7, without cofactor)
// and neither key nor R is of small order or encoded in another way than the
// one. It takes input of any length.
func Verify(pub ed25519.PublicKey, message, signature []byte) bool {
	if len(pub) != ed25519.PublicKeySize || len(signature) != ed25519.SignatureSize {
		return false
	}
	return sound(pub) && sound(signature[:ed25519.PublicKeySize]) && ed25519.Verify(pub, message, signature)
}

// sound reports whether 32 bytes are no other encoding of a point than the
// canonical one, and no point of small order. Whether they are a point at all is
// for who computes with it.
func sound(point []byte) bool {
	y := [32]byte(point)
	y[31] &= 0x7f // the sign of x
	if y[0] >= 0xed && y[31] == 0x7f && !slices.ContainsFunc(y[1:31], func(b byte) bool { return b != 0xff }) {
		return false // y is p or more
	}
	return !slices.Contains(small[:], y)
}

// small are the y of the eight points of small order: with each of them both x
// are such points, and one of both signs of an x of 0 is not canonical.
var small = [...][32]byte{
	{},  // order 4
	{1}, // order 1
	{ // order 2
		0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	},
	{ // order 8
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
}
