package client

import (
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"incamera/e2ee/keys"
	"incamera/signaling/wire"
)

// A Misbehaviour is a way to send frames of the camera that nobody may show.
// It exists to be refused, in tests.
type Misbehaviour string

// The misbehaviours.
const (
	Plain      Misbehaviour = "plain"       // not sealed at all
	WrongKey   Misbehaviour = "wrong-key"   // sealed with a key that nobody has
	Replay     Misbehaviour = "replay"      // the first second again and again
	WrongOwner Misbehaviour = "wrong-owner" // sealed as the camera of another member
)

// Misbehaviours lists all of them.
var Misbehaviours = []Misbehaviour{Plain, WrongKey, Replay, WrongOwner}

// replayed is how many frames a replay repeats: a second, with a key frame.
const replayed = 15

// A trespasser seals frames of the camera in a wrong way. Guarded by the
// client's mutex.
type trespasser struct {
	how    Misbehaviour
	sender *keys.Sender
	loop   [][]byte
	next   int
}

func newTrespasser(how Misbehaviour, room string) (*trespasser, error) {
	if how == "" {
		return nil, nil
	}
	if !slices.Contains(Misbehaviours, how) {
		return nil, fmt.Errorf("unknown misbehaviour %q, want one of %q", how, Misbehaviours)
	}
	return &trespasser{how: how, sender: keys.NewSender(room)}, nil
}

// entered takes the keys of an epoch, before they are wiped.
func (t *trespasser) entered(e keys.Epoch, now time.Time) {
	switch t.how {
	case WrongKey:
		guess := make([]byte, keys.BaseKeySize)
		_, _ = rand.Read(guess) // never fails
		e.Base = keys.NewBaseKey(guess)
	case WrongOwner:
		for leaf := range e.Owners {
			if leaf != e.Self {
				e.Self = leaf
				break
			}
		}
	case Plain, Replay:
	}
	t.sender.Install(e, now)
}

// seal returns what to send of a frame instead of the honest bytes.
func (t *trespasser) seal(key bool, payload []byte, now time.Time) []byte {
	switch t.how {
	case Plain:
		return payload
	case Replay:
		if len(t.loop) < replayed {
			if honest := t.honest(key, payload, now); honest != nil {
				t.loop = append(t.loop, honest)
			}
			return nil // nothing is sent before the loop is full
		}
		t.next++
		return t.loop[t.next%replayed]
	case WrongKey, WrongOwner:
		return t.honest(key, payload, now)
	}
	panic("client: internal error: misbehaviour " + string(t.how))
}

func (t *trespasser) honest(key bool, payload []byte, now time.Time) []byte {
	b, err := t.sender.Seal(contextOf(wire.SourceCamera), codecOf(wire.SourceCamera), key, payload, now)
	if err != nil {
		return nil
	}
	return b
}
