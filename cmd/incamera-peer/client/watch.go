package client

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
)

const (
	// freezeLeast and freezeTimes tell a freeze from a pause between two frames, as
	// getStats does: longer than the mean of the latest by that, and so many times
	// as long (W3C webrtc-stats, freezeCount).
	freezeLeast  = 150 * time.Millisecond
	freezeTimes  = 3
	freezeFrames = 30

	// playoutDelay is how long sound waits before it is played, from the quickest
	// packet's arrival: what comes later has been concealed. Browsers' buffers adapt,
	// and are at about that where packets have to be repeated.
	playoutDelay = 200 * time.Millisecond
	soundClock   = 48_000
	soundTicks   = soundClock / 50 // of a piece of sound

	// maxSamples bounds what quantiles are of: half an hour of sound.
	maxSamples = 100_000
)

// Spread is how a time is distributed, in ms; -1: nothing is known of it.
type Spread struct {
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Most float64 `json:"most"`
}

// spreadOf sorts the samples.
func spreadOf(samples []float64) Spread {
	if len(samples) == 0 {
		return Spread{-1, -1, -1, -1}
	}
	slices.Sort(samples)
	at := func(share float64) float64 { return samples[min(int(share*float64(len(samples))), len(samples)-1)] }
	return Spread{at(0.5), at(0.95), at(0.99), at(1)}
}

// Watched is how it was to see or hear a sender who draws, since [Config.Settle].
type Watched struct {
	// Latency is from a frame's being drawn until it is opened, if both have one
	// clock.
	Latency Spread `json:"latency"`
	// Skew is, of a camera, by how much its picture would be shown too early or too
	// late beside its sound by who goes by sender reports, as browsers do; without a
	// sign.
	Skew     Spread `json:"skew"`
	Frames   int    `json:"frames"`
	Layers   [3]int `json:"layers"`   // frames of each
	Switches int    `json:"switches"` // of layers
	Freezes  int    `json:"freezes"`
	FrozenMs int64  `json:"frozenMs"` // in freezes
	GapMs    int64  `json:"gapMs"`    // the longest between two frames
	SpanMs   int64  `json:"spanMs"`   // from the first frame to the last
	KeyAsked int    `json:"keyAsked"` // how often a key frame was asked for
	Repeats  int    `json:"repeats"`  // retransmissions of what was missing, also those that came once more
	Useful   int    `json:"useful"`   // of these, the first of each
	// Pieces of sound of 20 ms that were to come, and those of them that came too
	// late to be played, or never.
	Pieces    int `json:"pieces"`
	Concealed int `json:"concealed"`
}

// A watch makes a [Watched] of what arrives on the seats of one source. It is
// pure; the zero value is ready. Not safe for concurrent use.
type watch struct {
	now             Watched
	latency, skewed []float64 // ms
	latest          time.Time // when a frame was opened
	first           time.Time
	between         [freezeFrames]time.Duration
	layer           int // of the latest frame, from 1

	report  *rtcp.SenderReport // the latest
	offset  time.Duration      // by how much the capture time by it is later than the true one
	offsets bool               // it is known

	sound struct {
		started  bool
		first    uint32
		last     uint32
		quickest time.Duration
		onTime   int
	}
}

// frame takes a frame that was opened, of an RTP time of that clock.
func (w *watch) frame(at uint32, clock int, drawn, now time.Time) {
	took := now.Sub(drawn)
	if len(w.latency) < maxSamples {
		w.latency = append(w.latency, float64(took)/float64(time.Millisecond))
	}
	if w.now.Frames == 0 {
		w.first = now
	} else {
		w.pause(now.Sub(w.latest))
	}
	w.latest = now
	w.now.Frames++
	w.now.SpanMs = now.Sub(w.first).Milliseconds()
	if w.report != nil {
		since := time.Duration(int32(at-w.report.RTPTime)) * time.Second / time.Duration(clock)
		w.offset, w.offsets = fromNTP(w.report.NTPTime).Add(since).Sub(drawn), true
	}
}

func (w *watch) pause(d time.Duration) {
	w.now.GapMs = max(w.now.GapMs, d.Milliseconds())
	n := min(w.now.Frames-1, freezeFrames)
	var sum time.Duration
	for _, b := range w.between[:n] {
		sum += b
	}
	if n == freezeFrames {
		if mean := sum / freezeFrames; d > max(freezeTimes*mean, mean+freezeLeast) {
			w.now.Freezes++
			w.now.FrozenMs += d.Milliseconds()
		}
	}
	w.between[(w.now.Frames-1)%freezeFrames] = d
}

// drawn takes of which layer the latest frame was.
func (w *watch) drawn(layer int) {
	w.now.Layers[layer]++
	if w.layer != 0 && w.layer != layer+1 {
		w.now.Switches++
	}
	w.layer = layer + 1
}

// piece takes a piece of sound.
func (w *watch) piece(at uint32, now time.Time) {
	s := &w.sound
	if !s.started {
		s.started, s.first, s.last = true, at, at
	}
	took := time.Duration(now.UnixNano()) - time.Duration(int32(at-s.first))*time.Second/soundClock
	if s.onTime == 0 || took < s.quickest {
		s.quickest = took
	}
	if int32(at-s.last) > 0 {
		s.last = at
	}
	if took-s.quickest <= playoutDelay {
		s.onTime++
	}
}

// beside takes the sound of whose picture a frame has come.
func (w *watch) beside(sound *watch) {
	if w.offsets && sound != nil && sound.offsets && len(w.skewed) < maxSamples {
		w.skewed = append(w.skewed, float64((w.offset-sound.offset).Abs())/float64(time.Millisecond))
	}
}

// result returns what was seen so far.
func (w *watch) result() Watched {
	out := w.now
	out.Latency, out.Skew = spreadOf(slices.Clone(w.latency)), spreadOf(slices.Clone(w.skewed))
	if w.sound.started {
		out.Pieces = max(int((int32(w.sound.last-w.sound.first)+soundTicks/2)/soundTicks)+1, w.sound.onTime)
		out.Concealed = out.Pieces - w.sound.onTime
	}
	return out
}

// fromNTP is the time of a timestamp of RFC 3550 §4.
func fromNTP(t uint64) time.Time {
	const since1900 = 2_208_988_800 // s until 1970
	return time.Unix(int64(t>>32)-since1900, int64(t&0xffffffff)*int64(time.Second)>>32)
}

// A repetition is what a packet is of use for as a retransmission.
type repetition uint8

const (
	none  repetition = iota // it is none, or of what was not missing: a probe
	mends                   // what it brings had not come
	again                   // it had come as a retransmission already
)

// repetitions tell what retransmissions of a stream are of use for. The zero
// value is ready.
type repetitions struct{ came, mended window }

// packet takes a packet.
func (r *repetitions) packet(seq uint16, repeat bool) repetition {
	had := r.came.add(seq)
	switch {
	case !repeat:
	case !had:
		r.mended.add(seq)
		return mends
	case r.mended.has(seq):
		return again
	}
	return none
}

// A window knows which of the latest packets of a stream have come, by their
// sequence number. The zero value is ready.
type window [1 << 16 / 64]uint64

// add notes a packet, and reports whether it had come before.
func (w *window) add(seq uint16) (had bool) {
	ahead := seq + 1<<15 // forgotten by when its number comes round
	w[ahead/64] &^= 1 << (ahead % 64)
	had = w.has(seq)
	w[seq/64] |= 1 << (seq % 64)
	return had
}

// has reports whether a packet has come.
func (w *window) has(seq uint16) bool { return w[seq/64]>>(seq%64)&1 == 1 }
