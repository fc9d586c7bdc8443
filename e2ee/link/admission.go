package link

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"incamera/e2ee/eddsa"
)

const (
	admitLabel       = "incamera admit v1\x00"
	admissionVersion = 1
	admissionSize    = ed25519.PublicKeySize + ed25519.SignatureSize
)

func (a Authority) admission(policy uint32, keyPackage []byte) []byte {
	sum := sha256.Sum256(keyPackage)
	return append(binary.BigEndian.AppendUint32(a.bound(admitLabel), policy), sum[:]...)
}

// SignAdmissions lets KeyPackages, as encoded, into a group with a lobby. The
// result is a commit's authenticated data; it is empty for nobody.
func (a Authority) SignAdmissions(p Policy, keyPackages [][]byte, signer ed25519.PrivateKey) []byte {
	if len(keyPackages) == 0 {
		return nil
	}
	b := []byte{admissionVersion}
	for _, k := range keyPackages {
		b = append(b, signer[ed25519.SeedSize:]...)
		b = append(b, ed25519.Sign(signer, a.admission(p.Number, k))...)
	}
	return b
}

// CheckAdmissions reports an error unless a moderator has signed for each of
// these KeyPackages, in their order, under this very policy.
func (a Authority) CheckAdmissions(p Policy, keyPackages [][]byte, signed []byte) error {
	if len(keyPackages) == 0 {
		if len(signed) != 0 {
			return errors.New("checking admissions: there is nobody to admit")
		}
		return nil
	}
	if len(signed) != 1+len(keyPackages)*admissionSize || signed[0] != admissionVersion {
		return fmt.Errorf("checking admissions: %d are to be let in, and not each has a signature", len(keyPackages))
	}
	for i, k := range keyPackages {
		one := signed[1+i*admissionSize:][:admissionSize]
		signer := ed25519.PublicKey(one[:ed25519.PublicKeySize])
		if !a.Allows(p.Grant, signer) || !eddsa.Verify(signer, a.admission(p.Number, k), one[ed25519.PublicKeySize:]) {
			return errors.New("checking admissions: no moderator has signed")
		}
	}
	return nil
}
