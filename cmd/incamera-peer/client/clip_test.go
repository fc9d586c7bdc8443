package client

import (
	"testing"
	"time"
)

func TestClips(t *testing.T) {
	p, err := picture()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.frames) != 120 || p.every != time.Second/15 {
		t.Errorf("%d frames, one each %v", len(p.frames), p.every)
	}
	keys, last := 0, 0
	for i, f := range p.frames {
		if f.key {
			keys, last = keys+1, i
		}
		if time.Duration(i-last)*p.every > 2*time.Second {
			t.Errorf("frame %d is more than 2 s after a key frame", i)
		}
	}
	if keys != 8 {
		t.Errorf("%d key frames", keys)
	}
	if i := p.at(1, true); !p.frames[i].key || i == 0 || i > 15 {
		t.Errorf("the key frame after frame 1 is %d", i)
	}
	if i := p.at(119, true); i != 0 {
		t.Errorf("the key frame after the last is %d", i)
	}
	if i := p.at(241, false); i != 1 {
		t.Errorf("frame 241 is %d", i)
	}
	s, err := sound()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.frames); n < 100 || n > 102 {
		t.Errorf("%d packets of sound", n)
	}
	for i, f := range s.frames {
		if len(f.data) != 80 { // 32 kbit/s, constant
			t.Errorf("packet %d of the tone has %d bytes", i, len(f.data))
		}
	}
}
