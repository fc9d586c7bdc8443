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
)

// drawnMark tells frames that were drawn from those of a clip.
const drawnMark = 0x64726177

// drawing makes frames of nothing: sizes vary as those of an encoder do, and
// each says of which layer it is. Not safe for concurrent use.
type drawing struct {
	rng  *rand.Rand
	mean int // bytes
	n    int // frames since the last key frame
	owed int // bytes that key frames took in advance
}

func newDrawing(kbps int, layer int) *drawing {
	return &drawing{rng: rand.New(rand.NewPCG(uint64(layer), 0x64726177)), mean: int(float64(kbps*125) * drawEvery.Seconds())}
}

// frame returns the next frame of a layer.
func (d *drawing) frame(layer int, key bool) frame {
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
	data[1] = byte(layer)
	binary.BigEndian.PutUint32(data[2:], drawnMark)
	return frame{data, key}
}

// drawnLayer returns of which layer a frame is that was drawn.
func drawnLayer(payload []byte) (layer int, ok bool) {
	if len(payload) < 6 || binary.BigEndian.Uint32(payload[2:]) != drawnMark || payload[1] >= MaxLayers {
		return 0, false
	}
	return int(payload[1]), true
}

// draw sends frames of nothing on the first streams of a source, at these rates,
// until the publisher is closed.
func (p *publisher) draw(source wire.Source, bitrates []int) {
	outs := p.outs[source][:min(len(bitrates), len(p.outs[source]))]
	drawings := make([]*drawing, len(outs))
	for i, o := range outs {
		drawings[i] = newDrawing(bitrates[i], i)
		o.ticks = uint32(drawEvery * time.Duration(o.track.Codec().ClockRate) / time.Second)
	}
	p.work.Go(func() {
		ticker := time.NewTicker(drawEvery)
		defer ticker.Stop()
		sealed := false // somebody has keys for us
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
			}
			wanted := !sealed
			select {
			case <-p.key[source]:
				wanted = true
			default:
			}
			sealed = true
			for i, o := range outs {
				sealed = p.sendAll(source, []*output{o}, drawings[i].frame(i, wanted)) && sealed
			}
		}
	})
}
