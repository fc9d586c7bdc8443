package client

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"incamera/signaling/wire"
)

// MaxLayers is how many layers a camera has at most.
const MaxLayers = 3

const (
	drawEvery = time.Second / 30
	// keyEvery is how many frames are between key frames that nobody asked for:
	// browsers make none, a lost one of ours has to be mended some time.
	keyEvery = 30 * 60
	// keyFactor is by how much a key frame is larger than others.
	keyFactor = 6
	// drawnSound is the rate of drawn sound in kbit/s, as of Opus.
	drawnSound   = 32
	soundEvery   = 20 * time.Millisecond
	pictureClock = 90_000
)

// drawnMark tells frames that were drawn from those of a clip. After it comes
// when that was, in nanoseconds of Unix time.
const (
	drawnMark = 0x64726177
	drawnHead = 14 // bytes
)

// drawing makes frames of nothing: sizes vary as those of an encoder do, and
// each says of which layer it is. Not safe for concurrent use.
type drawing struct {
	rng  *rand.Rand
	mean int // bytes
	n    int // frames since the last key frame
	owed int // bytes that key frames took in advance
}

func newDrawing(kbps, layer int, every time.Duration) *drawing {
	return &drawing{rng: rand.New(rand.NewPCG(uint64(layer), 0x64726177)), mean: int(float64(kbps*125) * every.Seconds())}
}

// sound returns the next piece of sound: all are of one size.
func (d *drawing) sound(now time.Time) frame {
	data := make([]byte, d.mean)
	mark(data, 0, now)
	return frame{data, true}
}

// frame returns the next frame of a layer.
func (d *drawing) frame(layer int, key bool, now time.Time) frame {
	key = key || d.n == 0 || d.n >= keyEvery
	d.n++
	size := int(float64(d.mean) * (0.7 + 0.6*d.rng.Float64()))
	switch {
	case key:
		d.n, d.owed = 1, d.owed+d.mean*(keyFactor-1)
		size = d.mean * keyFactor
	case d.owed > 0: // an encoder pays for it within a second
		pay := min(d.owed, size/4)
		size, d.owed = size-pay, d.owed-pay
	}
	data := make([]byte, max(size, 16))
	data[0] = 1
	if key {
		data[0] = 0 // RFC 6386 §9.1
	}
	mark(data, layer, now)
	return frame{data, key}
}

func mark(data []byte, layer int, now time.Time) {
	data[1] = byte(layer)
	binary.BigEndian.PutUint32(data[2:], drawnMark)
	binary.BigEndian.PutUint64(data[6:], uint64(now.UnixNano()))
}

// drawnLayer returns of which layer a frame is that was drawn.
func drawnLayer(payload []byte) (layer int, ok bool) {
	if len(payload) < 6 || binary.BigEndian.Uint32(payload[2:]) != drawnMark || payload[1] >= MaxLayers {
		return 0, false
	}
	return int(payload[1]), true
}

// drawnAt returns when a frame was drawn that was. It is a time of the sender's
// clock.
func drawnAt(payload []byte) (at time.Time, ok bool) {
	if _, ok = drawnLayer(payload); !ok || len(payload) < drawnHead {
		return at, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(payload[6:]))), true
}

// draw sends frames of nothing on the first streams of the camera until the
// publisher is closed. Their RTP times are those of drawing, as a camera's are: a
// busy machine's late frames are late, and not slow.
func (p *publisher) draw(bitrates []int) {
	outs := p.outs[wire.SourceCamera][:min(len(bitrates), MaxLayers)]
	drawings := make([]*drawing, len(outs))
	for i := range outs {
		drawings[i] = newDrawing(bitrates[i], i, drawEvery)
	}
	p.work.Go(func() {
		ticker := time.NewTicker(drawEvery)
		defer ticker.Stop()
		sealed := false // somebody has keys for us
		began, at := time.Now(), uint32(0)
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
			}
			wanted := !sealed
			select {
			case <-p.key[wire.SourceCamera]:
				wanted = true
			default:
			}
			sealed = true
			now := time.Now()
			before := at
			at = uint32(now.Sub(began) * (pictureClock / 1000) / time.Millisecond)
			for i, o := range outs {
				o.rtp.SkipSamples(at - before)
				sealed = p.sendAll(wire.SourceCamera, []*output{o}, drawings[i].frame(i, wanted, now)) && sealed
			}
		}
	})
}

// mostBehind is how much sound is sent at once at most, as by a machine that was
// busy or suspended.
const mostBehind = time.Second

// voice sends pieces of sound of nothing until the publisher is closed: one for
// each time, as a microphone has them, however late.
func (p *publisher) voice() {
	o := p.outs[wire.SourceMic][0]
	o.ticks = soundTicks
	d := newDrawing(drawnSound, 0, soundEvery)
	p.work.Go(func() {
		ticker := time.NewTicker(soundEvery)
		defer ticker.Stop()
		for next := time.Now(); ; {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
			}
			now := time.Now()
			for ; now.Sub(next) > mostBehind; next = next.Add(soundEvery) {
				o.rtp.SkipSamples(o.ticks)
			}
			for ; !next.After(now); next = next.Add(soundEvery) {
				p.sendAll(wire.SourceMic, []*output{o}, d.sound(next)) // what cannot be sealed yet is nobody's
			}
		}
	})
}
