package link

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
)

// Acts are what somebody may be kept from doing, as bits.
type Acts uint8

// The acts.
const (
	ActMic    Acts = 1 << iota // to be heard
	ActCamera                  // to be seen
	ActScreen                  // to share a screen, and its sound
	ActChat                    // to write

	allActs = ActMic | ActCamera | ActScreen | ActChat
)

// Listening is what is withheld from who only listens: every medium.
const Listening = ActMic | ActCamera | ActScreen

// MaxExceptions is how many devices a policy treats in a way of their own.
// More would make the group's context larger than a KeyPackage.
const MaxExceptions = 64

const exceptionSize = ed25519.PublicKeySize + 1

// An Exception is what is withheld from one device, whatever is withheld from
// the others.
type Exception struct {
	Device   ed25519.PublicKey
	Withheld Acts
}

// Withholds returns what the holder of a device key may not do. From the
// host's and moderators' nothing is withheld, so that nobody is left who could
// take it back.
func (p Policy) Withholds(device ed25519.PublicKey) Acts {
	if p.Grant.Names(device) {
		return 0
	}
	for _, e := range p.Exceptions {
		if e.Device.Equal(device) {
			return e.Withheld
		}
	}
	return p.Withheld
}

// Except returns the policy with other acts withheld from one device. What is
// withheld from everybody needs no exception, and has none. It fails when there
// are too many.
func (p Policy) Except(device ed25519.PublicKey, withheld Acts) (Policy, error) {
	list := slices.DeleteFunc(slices.Clone(p.Exceptions), func(e Exception) bool { return e.Device.Equal(device) })
	if withheld != p.Withheld {
		list = append(list, Exception{device, withheld})
	}
	if len(list) > MaxExceptions {
		return p, fmt.Errorf("%d people have rights of their own already, more are not possible", MaxExceptions)
	}
	slices.SortFunc(list, compareExceptions)
	p.Exceptions = list
	return p, nil
}

func compareExceptions(a, b Exception) int { return bytes.Compare(a.Device, b.Device) }

func (p Policy) encodeExceptions() []byte {
	var b []byte
	for _, e := range p.Exceptions {
		b = append(append(b, e.Device...), byte(e.Withheld))
	}
	return b
}

func parseExceptions(b []byte) (list []Exception, err error) {
	if len(b)%exceptionSize != 0 {
		return nil, errTruncated
	}
	for one := range slices.Chunk(b, exceptionSize) {
		list = append(list, Exception{ed25519.PublicKey(one[:ed25519.PublicKeySize]), Acts(one[ed25519.PublicKeySize])})
	}
	return list, nil
}

// validActs refuses what is not known here, and more than one way to say a
// thing.
func (p Policy) validActs() error {
	if len(p.Exceptions) > MaxExceptions {
		return fmt.Errorf("%d exceptions, at most %d are allowed", len(p.Exceptions), MaxExceptions)
	}
	all := p.Withheld
	for i, e := range p.Exceptions {
		if len(e.Device) != ed25519.PublicKeySize {
			return errors.New("a device key of another length")
		}
		if i > 0 && compareExceptions(p.Exceptions[i-1], e) >= 0 {
			return errors.New("its exceptions are not sorted, or named twice")
		}
		all |= e.Withheld
	}
	if all&^allActs != 0 {
		return errors.New("it withholds what is not known here")
	}
	return nil
}
