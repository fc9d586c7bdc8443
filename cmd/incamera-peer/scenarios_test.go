package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"incamera/sfu/netlab"
	"incamera/signaling/wire"
)

const second = time.Second

// takes3 is what the network of N3 takes in kbit/s: more than ann sends.
const takes3 = 2500

// scenariosOfMedia are N1 to N11; each says what ben is to see and hear of ann.
var scenariosOfMedia = []scenario{
	{
		name: "N1 clean 20 ms", browsers: true, lasts: settled + 20*second, up: netlab.Profile{Delay: 10 * ms}, down: netlab.Profile{Delay: 10 * ms}, ann: netlab.Profile{Delay: 10 * ms},
		judge: func(_ *testing.T, a *adapting) []oracle {
			w := a.watched(wire.SourceCamera)
			got := 0.0
			for layer, n := range w.Layers {
				got += float64(n) * drawnRates[layer] / drawnRates[2]
			}
			return []oracle{
				atLeast("of the best layer arrives", 100*got/(a.fps()*a.script.watching().Seconds()), 95, "%"),
				atMost("freezes", float64(w.Freezes), 0, ""),
				atMost("from drawn to opened, p99", w.Latency.P99, 80, "ms"),
				a.skew(),
			}
		},
	},
	{
		name: "N2 4, 1, 4 Mbit/s", browsers: true, lasts: settled + 47*second, down: netlab.Profile{Rate: 4_000_000, Queue: 500 * ms, Delay: 20 * ms},
		script: func(a *adapting) []netlab.Step {
			return []netlab.Step{{At: 20 * second, Do: a.rate(1_000_000)}, {At: 30 * second, Do: a.rate(4_000_000)}}
		},
		judge: func(_ *testing.T, a *adapting) []oracle {
			const step, end = 20 * second, 30 * second
			before := kbps(from(a.record, step/2, step), sent)
			return []oracle{
				atLeast("of the best layer is sent before", 100*before/a.best, 95, "%"),
				atMost("until no more is sent than is taken", since(a.record, step, end, func(rate float64) bool { return rate <= 1050 }), 1.5, "s"),
				atMost("wait in the queue 2 s later, p95", waits95(from(a.record, step+2*second, end)), 250, "ms"),
				atMost("until 80 % of before are back", since(a.record, end, a.script.watching(), func(rate float64) bool { return rate >= 0.8*before }), 12, "s"),
				atMost("switches of layers", float64(a.watched(wire.SourceCamera).Switches), 4, ""),
				a.skew(),
			}
		},
	},
	lossy(0.01), lossy(0.03), lossy(0.05), lossy(0.1),
	{
		name: "N4 bursts of 8, 3 %", lasts: settled + 20*second, up: netlab.Profile{Delay: 10 * ms}, down: netlab.Profile{Delay: 10 * ms, Loss: 0.03, Burst: 8},
		judge: func(_ *testing.T, a *adapting) []oracle {
			w := a.watched(wire.SourceCamera)
			return []oracle{
				atMost("of the time in freezes", 100*float64(w.FrozenMs)/float64(a.script.watching().Milliseconds()), 2, "%"),
				atMost("key frames asked for each second", float64(w.KeyAsked)/a.script.watching().Seconds(), 0.5, ""),
				a.skew(),
			}
		},
	},
	{
		name: "N5 policer of 1 Mbit/s", lasts: settled + 25*second, down: netlab.Profile{Rate: 1_000_000, Queue: 40 * ms, Police: true, Delay: 20 * ms},
		judge: func(_ *testing.T, a *adapting) []oracle {
			after := from(a.record, 5*second, a.script.watching()-second)
			return []oracle{
				atMost("of the packets are lost", lostOf(after), 5, "%"),
				atLeast("of the highest layer that fits arrives", 100*kbps(after, arrived)/drawnRates[1], 80, "%"),
			}
		},
	},
	{
		name: "N6 1.5 Mbit/s, queue of 1 s", browsers: true, lasts: settled + 20*second, down: netlab.Profile{Rate: 1_500_000, Queue: second, Delay: 20 * ms},
		judge: func(_ *testing.T, a *adapting) []oracle {
			after := from(a.record, 2*second, a.script.watching()-second)
			return []oracle{
				atMost("wait in the queue, p95", waits95(after), 300, "ms"),
				atLeast("of the highest layer that fits arrives", 100*kbps(after, arrived)/drawnRates[1], 80, "%"),
			}
		},
	},
	{
		// The loss is for there to be something to repeat.
		name: "N7 RTT 300 ms, jitter 50 ms", lasts: settled + 20*second,
		up: long, down: long, ann: long,
		judge: func(_ *testing.T, a *adapting) []oracle {
			w, s := a.watched(wire.SourceCamera), a.sender.Sent[wire.SourceCamera]
			return []oracle{
				atLeast("of what is repeated to ben had not come", share(w.Useful, w.Repeats), 80, "%"),
				atLeast("of what ann is asked for was not before", share(s.Missed-s.Again, s.Missed), 80, "%"),
				atLeast("of her frames are seen", a.seen(), 90, "%"),
				a.skew(),
			}
		},
	},
	{
		name: "N8 a mobile network", lasts: settled + 45*second, down: mobileNetwork,
		script: func(a *adapting) (steps []netlab.Step) {
			for i, rate := range mobile() {
				steps = append(steps, netlab.Step{At: time.Duration(i) * second, Do: a.rate(rate)})
			}
			return steps
		},
		judge: func(t *testing.T, a *adapting) []oracle {
			trace := mobile()
			ideal, lasts := 0.0, time.Duration(len(trace))*second
			for _, rate := range trace[5:] { // of the layers the highest that fits, at once
				ideal += fits(float64(rate)/1000) / float64(len(trace)-5)
			}
			got := kbps(from(a.record, 5*second, lasts), arrived)
			control := controlRun(t, trace)
			return []oracle{
				atLeast("of a single stream that follows arrives", 100*got/max(kbps(from(control, 5*second, lasts), arrived), 1), 95, "%"),
				atLeast("of the layers that fit arrives", 100*got/ideal, 80, "%"),
				atMost("wait in the queue, p95", waits95(from(a.record, 5*second, lasts)), 400, "ms"),
			}
		},
	},
	{
		name: "N9 one bad subscriber of ten", lasts: settled + 30*second, others: 9, down: netlab.Profile{Delay: 20 * ms},
		script: func(a *adapting) []netlab.Step {
			bad := netlab.Profile{Rate: 300_000, Queue: 300 * ms, Delay: 20 * ms, Loss: 0.05}
			return []netlab.Step{{At: 14 * second, Do: func() { a.ben.Set(netlab.Profile{}, bad) }}}
		},
		judge: func(_ *testing.T, a *adapting) []oracle {
			worst := -1.0
			for _, r := range a.records {
				before, after := kbps(from(r, 4*second, 14*second), arrived), kbps(from(r, 16*second, 28*second), arrived)
				worst = max(worst, 100*max(after/before-1, 1-after/before))
			}
			return []oracle{
				atMost("others get more or less than before", worst, 3, "%"),
				atMost("until the bad one gets what it takes", since(a.record, 14*second, a.script.watching(), func(rate float64) bool { return rate <= 315 }), 3, "s"),
			}
		},
	},
	{
		// Of 2 Mbit/s a layer is a share between the oracle's, with what goes with it.
		name: "N10 beside TCP", lasts: settled + 40*second, down: netlab.Profile{Rate: 2_000_000, Queue: 200 * ms, Delay: 20 * ms},
		script: func(a *adapting) []netlab.Step {
			return []netlab.Step{{At: 5 * second, Do: func() { a.download() }}}
		},
		judge: func(_ *testing.T, a *adapting) []oracle {
			after := from(a.record, 15*second, 38*second)
			udp := kbps(after, func(m netlab.Moment) int { return m.UDP })
			tcp := kbps(after, func(m netlab.Moment) int { return m.TCP })
			return []oracle{
				atLeast("the meeting's share", 100*udp/max(udp+tcp, 1), 25, "%"),
				atMost("the meeting's share", 100*udp/max(udp+tcp, 1), 75, "%"),
			}
		},
	},
	hole(2*second, 1.5), hole(5*second, 2.5), hole(12*second, 6),
	{
		name: "N11 NAT rebinding", browsers: true, lasts: settled + 20*second, nat: true,
		script: func(a *adapting) []netlab.Step { return []netlab.Step{{At: 6 * second, Do: a.ben.Rebind}} },
		judge: func(_ *testing.T, a *adapting) []oracle {
			return []oracle{
				atMost("until ann is seen again", a.recovery(0), 6, "s"),
				atMost("times that ben had to come again", a.rejoins(), 0, ""),
			}
		},
	},
}

var (
	long          = netlab.Profile{Delay: 150 * ms, Jitter: 50 * ms, Loss: 0.01}
	mobileNetwork = netlab.Profile{Rate: 3_000_000, Queue: 400 * ms, Delay: 40 * ms, Jitter: 5 * ms}
)

func lossy(loss float64) scenario {
	return scenario{
		name: fmt.Sprintf("N3 loss %g %%", 100*loss), lasts: settled + 25*second,
		up:   netlab.Profile{Delay: 10 * ms, Loss: loss},
		down: netlab.Profile{Delay: 10 * ms, Loss: loss, Rate: takes3 * 1000, Queue: 200 * ms},
		judge: func(_ *testing.T, a *adapting) []oracle {
			list := []oracle{
				atMost("of her sound is concealed", a.concealed(), 2, "%"),
				atLeast("of her frames are seen", a.seen(), 90, "%"),
				a.skew(),
			}
			if loss == 0.05 {
				list = append(list, atLeast("of what the network takes is estimated", 100*a.estimates(5*second, a.script.watching())/takes3, 70, "%"))
			}
			return list
		},
	}
}

// hole breaks ben's cable for a time.
func hole(lasts time.Duration, recovers float64) scenario {
	const at = 6 * second
	return scenario{
		name: fmt.Sprintf("N11 hole of %d s", lasts/second), browsers: true, lasts: settled + at + lasts + 12*second,
		script: func(a *adapting) []netlab.Step {
			none := netlab.Profile{Blackhole: true}
			return []netlab.Step{
				{At: at, Do: func() { a.ben.Set(none, none) }},
				{At: at + lasts, Do: func() { a.ben.Set(netlab.Profile{}, netlab.Profile{}) }},
			}
		},
		judge: func(_ *testing.T, a *adapting) []oracle {
			list := []oracle{atMost("until ann is seen again", a.recovery(lasts), recovers, "s")}
			if lasts <= 5*second {
				list = append(list, atMost("times that ben had to come again", a.rejoins(), 0, ""))
			}
			return list
		},
	}
}

// since is for how long after a time in the record the rate that is sent, over
// half a second, was not as it is to be, in s; -1: it never was until the end.
func since(record []netlab.Moment, begin, end time.Duration, as func(rate float64) bool) float64 {
	const window = 500 * ms
	for at := begin; at+window <= end; at += netlab.MomentLasts {
		if w := from(record, at, at+window); len(w) == int(window/netlab.MomentLasts) && as(kbps(w, sent)) {
			return (at - begin).Seconds()
		}
	}
	return -1
}

// share is in percent; -1: there is nothing of which it would be one.
func share(part, all int) float64 {
	if all == 0 {
		return -1
	}
	return 100 * float64(part) / float64(all)
}

// fits is the rate of the highest layer for a network that takes kbps.
func fits(kbps float64) (best float64) {
	best = drawnRates[0]
	for _, layer := range drawnRates {
		if 1.1*layer+60 <= kbps {
			best = max(best, layer)
		}
	}
	return best
}

// mobile is what a mobile network takes, second by second: a walk between 0.6
// and 5 Mbit/s.
func mobile() (trace []int) {
	rng := rand.New(rand.NewPCG(8, 8))
	rate := 3.0
	for range 40 {
		rate = min(max(rate*(0.75+0.55*rng.Float64()), 0.6), 5)
		trace = append(trace, int(rate*1e6))
	}
	return trace
}

// download has ben's machine fetch from another by TCP until the end.
func (a *adapting) download() {
	web := a.lab.Host("web", "10.77.0.9")
	listener := web.ListenTCP(80)
	context.AfterFunc(a.ctx, func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		context.AfterFunc(a.ctx, func() { _ = conn.Close() })
		_, _ = io.Copy(conn, zeros{}) // until it is closed
	}()
	go func() {
		conn, err := a.ben.DialTCP(netip.AddrPortFrom(web.Addr, 80))
		if err != nil {
			return
		}
		context.AfterFunc(a.ctx, func() { _ = conn.Close() })
		_, _ = io.Copy(io.Discard, onlyReader{conn})
	}()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

type onlyReader struct{ net.Conn }
