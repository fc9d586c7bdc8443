package munge

import (
	"strings"
	"testing"
	"time"
)

// TestFrameNumbers: frames keep their distances within a source, also where some are
// left out, late or without a number, and go on with the next one.
func TestFrameNumbers(t *testing.T) {
	s, now, seq := New(90_000, 7, 0), time.Unix(1000, 0), uint64(1<<16)
	latest := uint16(0)
	for _, start := range starts {
		seq += 100
		s.Switch(In{Seq: seq, Timestamp: 1}, now, Hint{})
		first := latest + 1
		for _, step := range []uint16{0, 0, 1, 5, 3, 300, 301, 299, 8000} {
			if step == 301 {
				seq++
				if out, ok := s.Rewrite(In{Seq: seq}, now); !ok || out.Described {
					t.Fatalf("start %d: a packet without a number becomes %+v", start, out)
				}
			}
			seq++
			out, ok := s.Rewrite(In{Seq: seq, Described: true, Frame: start + step}, now)
			if !ok || !out.Described || out.PictureID != first+step {
				t.Fatalf("start %d: frame %d becomes %d (%t), want %d", start, start+step, out.PictureID, ok, first+step)
			}
			latest = max(latest, out.PictureID)
			if int16(first+step-latest) > 0 {
				latest = first + step
			}
		}
	}
}

// TestFrameNumbersLeadNobodyAway: a receiver takes a number for the one that is nearest
// to the latest. Whatever those of one source are, the next one's are later.
func TestFrameNumbersLeadNobodyAway(t *testing.T) {
	for name, frames := range map[string][]uint16{
		"back, a quarter of a circle each time": {60_000, 60_000 - 1<<14, 60_000 - 1<<15, 60_000 - 3<<14},
		"back, in small steps":                  {60_000, 59_000, 58_000, 57_000, 56_000},
		"ahead":                                 {100, 100 + 1<<14, 100 + 1<<15 - 1, 100 + 3<<14},
		"far":                                   {100, 100 + 1<<15},
		"ahead, and lost on the way":            {100, 100 + 1<<15 - 1},
	} {
		s, now, seq := New(90_000, 7, 0), time.Unix(1000, 0), uint64(1<<16)
		receiver, begun := int64(0), false
		take := func(frame uint16) {
			seq++
			out, ok := s.Rewrite(In{Seq: seq, Described: true, Frame: frame}, now)
			if !ok || begun && strings.HasSuffix(name, "lost on the way") && frame != 40_000 {
				return
			}
			if !begun {
				receiver, begun = int64(out.PictureID), true
			}
			receiver += int64(int16(out.PictureID - uint16(receiver)))
		}
		s.Switch(In{Seq: seq + 1}, now, Hint{})
		take(frames[0])
		key := receiver
		for _, frame := range frames[1:] {
			take(frame)
		}
		if receiver < key-mostBehind {
			t.Errorf("%s: the receiver is led from %d to %d", name, key, receiver)
		}
		s.Switch(In{Seq: seq + 1}, now, Hint{})
		if take(40_000); receiver <= key {
			t.Errorf("%s: the next source's first frame is %d for the receiver, after %d", name, receiver, key)
		}
	}
}

// TestFrameNumbersBeginAnew: a key frame whose number is far from all others goes on
// with the next, and what follows with it, so that nobody waits for another owner.
func TestFrameNumbersBeginAnew(t *testing.T) {
	for _, jump := range []uint16{mostAhead + 1, 1 << 15, 1<<16 - mostBehind - 1} {
		s, now, seq := New(90_000, 7, 0), time.Unix(1000, 0), uint64(1<<16)
		take := func(frame uint16, key bool) (uint16, bool) {
			seq++
			out, ok := s.Rewrite(In{Seq: seq, Described: true, Frame: frame, Key: key}, now)
			return out.PictureID, ok
		}
		s.Switch(In{Seq: seq + 1}, now, Hint{})
		before, _ := take(500, true)
		if out, ok := take(500+jump, false); ok {
			t.Errorf("%d further a frame is %d", jump, out)
		}
		if out, ok := take(500+jump, true); !ok || out != before+1 {
			t.Errorf("%d further a key frame is %d (%t), want %d", jump, out, ok, before+1)
		}
		if out, ok := take(503+jump, false); !ok || out != before+4 {
			t.Errorf("3 after it a frame is %d (%t), want %d", out, ok, before+4)
		}
		if out, ok := take(506+jump, true); !ok || out != before+7 {
			t.Errorf("a key frame that is near is %d (%t), want %d: it keeps its distance", out, ok, before+7)
		}
	}
}
