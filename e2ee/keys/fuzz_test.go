package keys

import (
	"bytes"
	"testing"
	"time"

	"incamera/e2ee/wrap"
)

// FuzzReceiver shows a receiver whatever it is given, on any seat: nothing comes
// out but what a sender of the epoch made, and that once.
func FuzzReceiver(f *testing.F) {
	const room = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
	now := time.Unix(1_800_000_000, 0)
	epoch := func(self uint32) Epoch {
		return Epoch{
			Number: 7, Base: NewBaseKey(bytes.Repeat([]byte{7}, BaseKeySize)), Self: self,
			Owners: map[uint32]Owner{0: {Session: "a"}, 1: {Session: "b"}},
		}
	}
	sender := NewSender(room)
	sender.Install(epoch(1), now)
	made := map[string]bool{}
	for _, source := range []Source{Mic, Camera, Screen, ScreenAudio} {
		for codec := wrap.Opus; codec <= wrap.H264; codec++ {
			for _, key := range []bool{true, false} {
				if b, err := sender.Seal(source, codec, key, []byte("hello"), now); err == nil {
					made[string(b)] = true
					f.Add(byte(source), byte(codec), b)
				}
			}
		}
	}
	later := NewSender(room)
	e := epoch(1)
	e.Number = 8
	later.Install(e, now)
	ahead, err := later.Seal(Camera, wrap.VP8, true, []byte("hello"), now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(Camera), byte(wrap.VP8), ahead)
	f.Fuzz(func(t *testing.T, source, codec byte, b []byte) {
		r := NewReceiver(room)
		r.Install(epoch(0), now)
		frame := func() Frame {
			return Frame{Owner: "b", Source: Source(source), Codec: wrap.Codec(codec), Data: bytes.Clone(b)}
		}
		got, err := r.Open(frame(), now)
		if err == nil && string(got) != "hello" {
			t.Fatalf("%x comes out, which nobody has sealed", got)
		}
		if err == nil {
			if _, err := r.Open(frame(), now); err == nil {
				t.Fatal("it comes out twice")
			}
		}
		next := epoch(0)
		next.Number++
		for _, o := range r.Install(next, now) {
			if o.Err == nil && string(o.Payload) != "hello" {
				t.Fatalf("%x comes out, which nobody has sealed", o.Payload)
			}
		}
		r.Expire(now.Add(time.Hour))
	})
}
