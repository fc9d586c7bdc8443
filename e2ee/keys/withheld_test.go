package keys

import (
	"errors"
	"testing"
	"time"

	"incamera/e2ee/wrap"
)

// TestWithheld: what the policy withholds from somebody is not opened, in
// whatever epoch it was sealed, and is not counted as seen.
func TestWithheld(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	owners := map[uint32]Owner{0: {Session: "ann"}, 1: {Session: "ben"}}
	epoch := func(n uint64, self uint32, withheld map[uint32]Sources) Epoch {
		return Epoch{Number: n, Base: NewBaseKey(make([]byte, BaseKeySize)), Self: self, Owners: owners, Withheld: withheld}
	}
	ann, ben := NewSender("room"), NewReceiver("room")
	ann.Install(epoch(5, 0, nil), now)
	ben.Install(epoch(5, 1, nil), now)
	seal := func(s Source) Frame {
		codec := wrap.VP8
		if !s.IsPicture() {
			codec = wrap.Opus
		}
		b, err := ann.Seal(s, codec, true, []byte("picture"), now)
		if err != nil {
			t.Fatal(err)
		}
		return Frame{Owner: "ann", Source: s, Codec: codec, Data: b}
	}
	open := func(f Frame) error {
		f.Data = append([]byte(nil), f.Data...)
		_, err := ben.Open(f, now)
		return err
	}
	camera, mic := seal(Camera), seal(Mic)
	ben.Install(epoch(6, 1, map[uint32]Sources{0: Of(Camera, Screen)}), now)
	for _, f := range []Frame{camera, seal(Screen)} {
		if err := open(f); !errors.Is(err, ErrWithheld) {
			t.Errorf("source %d: %v", f.Source, err)
		}
	}
	if err := open(mic); err != nil {
		t.Errorf("what is not withheld: %v", err)
	}
	ben.Install(epoch(7, 1, map[uint32]Sources{1: Of(Camera)}), now)
	if err := open(camera); err != nil {
		t.Errorf("given back: %v", err)
	}
}
