// Package layer decides which simulcast layer of a source a seat gets.
package layer

import "time"

// None stands for no layer.
const None = -1

// Count is how many layers a source has at most: quarter, half, full size.
const Count = 3

// aliveFor is how long a layer counts as sent after its latest packet. Shorter,
// and a slow screen share flaps; longer, and a seat waits for a layer that the
// sender has given up.
const aliveFor = 2 * time.Second

// For returns the layer that suits a tile of that height in pixels.
func For(height int) int {
	switch {
	case height <= 180:
		return 0
	case height <= 360:
		return 1
	default:
		return 2
	}
}

// Best returns the layer to aim for: the wanted one, or the closest below that
// is being sent, or the closest above; None when nothing is.
func Best(wanted int, lastPacket [Count]time.Time, now time.Time) int {
	alive := func(i int) bool { return !lastPacket[i].IsZero() && now.Sub(lastPacket[i]) < aliveFor }
	for i := wanted; i >= 0; i-- {
		if alive(i) {
			return i
		}
	}
	for i := wanted + 1; i < Count; i++ {
		if alive(i) {
			return i
		}
	}
	return None
}
