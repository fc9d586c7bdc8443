package link

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// A Kind says what an envelope holds.
type Kind uint8

// The kinds of envelope (PROTOCOL.md 2.3).
const (
	KindAsk     Kind = 1
	KindCommit  Kind = 2
	KindWelcome Kind = 3
	KindTree    Kind = 4
	KindApp     Kind = 5
	KindMark    Kind = 6
	KindBeat    Kind = 7
	KindNote    Kind = 8
	KindLeave   Kind = 9
	KindCard    Kind = 16
)

// A Place is where an envelope belongs. It opens nowhere else.
type Place struct {
	Room       Room
	Kind       Kind
	Generation uint32
	Epoch      uint64
}

const (
	envelopeLabel = "incamera envelope v1"
	saltLength    = 32
	tagLength     = 16
)

var errEnvelope = errors.New("it was altered, sealed for another place, or by somebody without the link")

// Seal seals plaintext for a place with a key of the link.
func Seal(key Secret, at Place, plaintext []byte) []byte {
	return sealWith(key, at, newSalt(), plaintext)
}

func newSalt() []byte {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	return salt
}

// sealWith appends the ciphertext to the salt.
func sealWith(key Secret, at Place, salt, plaintext []byte) []byte {
	aead, nonce := envelopeAEAD(key, salt)
	return aead.Seal(salt, nonce, plaintext, at.aad())
}

func open(key Secret, at Place, sealed []byte) ([]byte, error) {
	if len(sealed) < saltLength+tagLength {
		return nil, fmt.Errorf("opening an envelope of kind %d: it has %d bytes", at.Kind, len(sealed))
	}
	aead, nonce := envelopeAEAD(key, sealed[:saltLength])
	plaintext, err := aead.Open([]byte{}, nonce, sealed[saltLength:], at.aad())
	if err != nil {
		return nil, fmt.Errorf("opening an envelope of kind %d for epoch %d: %w", at.Kind, at.Epoch, errEnvelope)
	}
	return plaintext, nil
}

func envelopeAEAD(key Secret, salt []byte) (cipher.AEAD, []byte) {
	b, err := hkdf.Key(sha256.New, key.Reveal(), salt, envelopeLabel, 44)
	if err != nil {
		panic("link: deriving an envelope's key: " + err.Error())
	}
	block, err := aes.NewCipher(b[:32])
	if err != nil {
		panic("link: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("link: " + err.Error())
	}
	return aead, b[32:]
}

func (p Place) aad() []byte {
	b := append([]byte(envelopeLabel), 0)
	b = append(b, p.Room...)
	b = append(b, byte(p.Kind))
	b = binary.BigEndian.AppendUint32(b, p.Generation)
	return binary.BigEndian.AppendUint64(b, p.Epoch)
}
