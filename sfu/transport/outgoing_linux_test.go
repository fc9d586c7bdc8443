package transport

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"

	"incamera/sfu/bwe"
)

// BenchmarkWrite measures what numbering and pacing add to a packet that is
// sealed and sent: bursts of 8 packets of 1200 bytes to one subscriber, over
// loopback, in CPU time of the thread that sends, the least of several windows.
//
//   - unnumbered: to one who does not tell of packets;
//   - numbered: to one who does, and whose network takes all at once;
//   - named: to one who tells of them by streams (RFC 8888);
//   - held: each packet waits, and goes when it is due.
func BenchmarkWrite(b *testing.B) {
	const burst, window = 8, 500
	for _, bc := range []struct {
		name string
		way  way
		held bool
	}{{"unnumbered", silent, false}, {"numbered", numbers, false}, {"named", streams, false}, {"held", numbers, true}} {
		b.Run(bc.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			tr := openTransport(b, 15*time.Second)
			change := func(offer string) string { return offer }
			if bc.way == streams {
				change = offerReports
			}
			v := watchAs(b, tr, change, func(me *webrtc.MediaEngine, _ *interceptor.Registry) error {
				if bc.way == silent {
					return nil
				}
				return agreeToTell(me) // and then say nothing: the pace is this benchmark's
			})
			if v.sub.conn.out.way != bc.way {
				b.Fatal("another way of telling was agreed to")
			}
			s, o := v.ready(), v.sub.conn.out
			now, seq := time.Now(), uint16(0)
			payload := make([]byte, 1200-12-16)
			packets := func() {
				now = now.Add(time.Second) // so that the burst before is paid for
				rate := bwe.Bitrate(0)     // no pace
				if bc.held {
					rate = bwe.Least
				}
				o.mu.Lock()
				o.pacer.SetRate(int64(rate), false, now.Sub(o.start))
				o.mu.Unlock()
				batch := tr.Batch()
				for range burst {
					seq++
					if err := v.seat.Write(batch, Packet{PayloadType: s.PayloadType, SSRC: s.SSRC, Seq: seq, Payload: payload}, now); err != nil {
						b.Fatal(err)
					}
				}
				for bc.held {
					now = now.Add(time.Second)
					if _, more := o.drain(batch, v.sub.conn, now); !more {
						break
					}
				}
				batch.Send()
			}
			least := math.Inf(1)
			for b.Loop() {
				before := threadTime(b)
				for range window {
					packets()
				}
				least = min(least, float64((threadTime(b)-before).Nanoseconds())/1000/window/burst)
			}
			b.ReportMetric(least, "cpu-us/packet")
			b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
		})
	}
}

// threadTime is the CPU time of the calling thread, which it stays on.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ts.Nano())
}
