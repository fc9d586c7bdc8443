package reception

import (
	"time"

	"incamera/sfu/munge"
	"incamera/sfu/transport/rtcpx"
)

// wideSize is how many packets are remembered: those of 50 ms at 200 Mbit/s. A
// power of two, so that it divides 1<<16.
const wideSize = 1024

// Wide is when the packets of a connection came, by their transport-wide numbers
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). The zero value is not
// ready: use [NewWide]. Not safe for concurrent use.
type Wide struct {
	start  time.Time // of the clock of arrivals
	unwrap munge.Unwrapper
	began  bool
	next   uint64 // the lowest number that is to be told
	end    uint64 // behind the highest that has come
	low    uint64 // the lowest number in the ring
	at     [wideSize]time.Duration
	count  uint8 // of feedback
	list   [rtcpx.MaxArrivals]time.Duration
}

// NewWide returns one of a connection on which nothing has come before start.
func NewWide(start time.Time) *Wide { return &Wide{start: start} }

// Note takes a packet. One that comes late is told of again, with those after it.
func (w *Wide) Note(seq uint16, now time.Time) {
	ext, _ := w.unwrap.Unwrap(seq)
	switch {
	case !w.began:
		w.began, w.next, w.end, w.low = true, ext, ext, ext
	case ext < w.low:
		return // nobody asks any more
	}
	if ext >= w.end+wideSize {
		w.low, w.next, w.end = ext, ext, ext // more is lost than can be told of
	}
	for ; w.end <= ext; w.end++ {
		w.at[w.end%wideSize] = rtcpx.Lost
	}
	if w.end > wideSize {
		w.low = max(w.low, w.end-wideSize)
	}
	w.at[ext%wideSize] = max(0, now.Sub(w.start))
	w.next = max(w.low, min(w.next, ext))
}

// Waiting returns how many numbers are to be told.
func (w *Wide) Waiting() int { return int(w.end - w.next) }

// Append appends feedback of what is to be told, as much as goes into one part,
// and counts it as told. It appends nothing when there is nothing.
func (w *Wide) Append(dst []byte, sender, media uint32) []byte {
	n := int(min(w.end-w.next, rtcpx.MaxArrivals))
	for i := range n {
		w.list[i] = w.at[(w.next+uint64(i))%wideSize]
	}
	dst, told := rtcpx.AppendArrivals(dst, sender, media, uint16(w.next), w.count, w.list[:n])
	if told == 0 { // as many in a row are lost as one feedback tells of: the next one's base says it
		w.next += uint64(n)
		return dst
	}
	w.count++
	w.next += uint64(told)
	return dst
}
