package munge

import "time"

// A Clock tells when a stream's timestamps were, from one sender report
// (RFC 3550 §6.4.1).
type Clock struct {
	RTP  uint32
	At   int64 // Unix ns on our clock
	Rate uint32
}

// Timestamp returns the timestamp of a time.
func (c Clock) Timestamp(at int64) uint32 {
	return c.RTP + uint32((at-c.At)*int64(c.Rate)/int64(time.Second))
}

// Time returns when a timestamp was, within half its range.
func (c Clock) Time(timestamp uint32) int64 {
	return c.At + int64(int32(timestamp-c.RTP))*int64(time.Second)/int64(c.Rate)
}

// epochWindow is for how long an Epoch trusts its quickest report. Clocks that
// differ by 100 ppm drift 3 ms within it.
const epochWindow = 30 * time.Second

// An Epoch translates a publisher's wall clock to ours, so that receivers need
// not know that seats change between publishers whose clocks differ. It trusts
// the report that was quickest to arrive. The zero value is ready. Not safe
// for concurrent use.
type Epoch struct {
	started       bool
	since         time.Time // when the current window began
	current, last int64     // least difference of this window and the one before
}

// Translate returns what a publisher's time, in Unix ns, is on our clock; now
// is when it was received.
func (e *Epoch) Translate(sent int64, now time.Time) int64 {
	difference := now.UnixNano() - sent
	switch {
	case !e.started:
		e.started, e.since, e.current, e.last = true, now, difference, difference
	case now.Sub(e.since) >= epochWindow:
		e.since, e.last, e.current = now, e.current, difference
	}
	e.current = min(e.current, difference)
	return sent + min(e.current, e.last)
}

// unixEpoch is 1970 in seconds of NTP, which counts from 1900.
const unixEpoch = 2_208_988_800

// FromNTP returns a 64-bit NTP timestamp (RFC 5905 §6) of this era as Unix ns.
func FromNTP(ntp uint64) int64 {
	return (int64(ntp>>32)-unixEpoch)*int64(time.Second) + int64((ntp&0xffff_ffff)*uint64(time.Second)>>32)
}

// ToNTP is the inverse of [FromNTP], to within a nanosecond.
func ToNTP(ns int64) uint64 {
	return uint64(ns/int64(time.Second)+unixEpoch)<<32 | uint64(ns%int64(time.Second))<<32/uint64(time.Second)
}
