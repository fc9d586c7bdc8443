package client

import (
	"testing"

	"incamera/e2ee/keys"
)

// TestReason: whatever the server sends is counted.
func TestReason(t *testing.T) {
	seen := map[string]bool{}
	for _, err := range []error{keys.ErrNoKey, keys.ErrWrongOwner, keys.ErrWithheld, keys.ErrBadTag, keys.ErrReplay, keys.ErrMalformed, keys.ErrEmpty} {
		seen[reason(err)] = true
	}
	if len(seen) != 7 {
		t.Errorf("%v", seen)
	}
}
