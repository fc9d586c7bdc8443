package bwe

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A network is a link in virtual time: packets of all flows wait in one queue.
type network struct {
	rate    func(at time.Duration) Bitrate
	queue   time.Duration // 0: a policer, with a bucket of 40 ms
	delay   time.Duration
	jitter  time.Duration // standard deviation; order is kept
	loss    float64
	burst   float64       // mean number of packets lost in a row; 0: one
	unheard float64       // share of reports that get lost
	tick    time.Duration // in which arrivals are told; 0: as they are

	rng     *rand.Rand
	free    time.Duration
	last    time.Duration
	failing bool
}

func steady(r Bitrate) func(time.Duration) Bitrate { return func(time.Duration) Bitrate { return r } }

// send returns when a packet arrives, and for how long it has waited.
func (n *network) send(size int, at time.Duration) (arrives, waits time.Duration, ok bool) {
	if n.loses() {
		return 0, 0, false
	}
	takes := time.Duration(float64(size*8) / float64(n.rate(at)) * float64(time.Second))
	n.free = max(n.free, at)
	waits = n.free - at
	most := n.queue
	if most == 0 {
		most = 40 * time.Millisecond
	}
	if waits > most {
		return 0, 0, false
	}
	n.free += takes
	arrives = at + n.delay
	if n.queue > 0 {
		arrives = n.free + n.delay
	}
	arrives += time.Duration(math.Abs(n.rng.NormFloat64()) * float64(n.jitter))
	n.last = max(n.last, arrives)
	return n.last, waits, true
}

func (n *network) loses() bool {
	if n.loss == 0 {
		return false
	}
	leave := 1 / max(n.burst, 1/(1-n.loss))
	if n.failing {
		n.failing = n.rng.Float64() >= leave
	} else {
		n.failing = n.rng.Float64() < leave*n.loss/(1-n.loss)
	}
	return n.failing
}

// A call is a server that sends what it may of a picture, and a voice.
type call struct {
	network network
	ladder  []Bitrate // what pictures there are; the highest that fits is sent
	wanted  Bitrate   // what is probed for
	lasts   time.Duration
	seed    uint64
	start   Bitrate
}

// A moment is what was seen in 100 ms.
type moment struct {
	at           time.Duration
	target, sent Bitrate
	waits        time.Duration // the longest
	lost, count  int
}

const reportEvery = 50 * time.Millisecond

// run holds the call and returns what was seen.
func (c call) run() (seen []moment, e *Estimator) {
	c.network.rng = rand.New(rand.NewPCG(c.seed, 7))
	if c.start == 0 {
		c.start = 800 * Kbps
	}
	e = New(c.start)
	type report struct {
		at   time.Duration
		acks []Ack
	}
	var unheard []Ack
	var reports []report
	var queue []int // sizes, that the pacer holds
	budget, frame, due := 0.0, 0, 0
	var probe Probe
	var probeEnds time.Duration
	m := moment{}
	const tick = 5 * time.Millisecond
	sent := func(size int, at time.Duration) {
		arrives, waits, ok := c.network.send(size, at)
		if c.network.tick > 0 {
			arrives = arrives.Truncate(c.network.tick)
		}
		unheard = append(unheard, Ack{Sent: at, Arrived: arrives + time.Hour, Size: size, Lost: !ok})
		m.sent += Bitrate(size * 8 * 10)
		m.count++
		if m.waits = max(m.waits, waits); !ok {
			m.lost++
		}
	}
	for now := time.Duration(0); now < c.lasts; now += tick {
		for len(reports) > 0 && reports[0].at <= now {
			e.Observe(reports[0].acks, now)
			reports = reports[1:]
		}
		if now%(20*time.Millisecond) == 0 {
			sent(160, now) // voice
		}
		target := e.Target()
		if now%(100*time.Millisecond) == 0 {
			m.at, m.target = now, target
			seen = append(seen, m)
			m = moment{}
		}
		picture := Bitrate(0)
		for _, r := range c.ladder {
			if r+64*Kbps <= target {
				picture = r
			}
		}
		if len(c.ladder) == 0 { // as much as it may
			picture = min(max(target-64*Kbps, 0), c.wanted)
		}
		if now/(33*time.Millisecond) >= time.Duration(frame) {
			frame++
			for left := int(float64(picture) * 0.033 / 8 * (0.8 + 0.4*c.network.rng.Float64())); left > 0; left -= 1200 {
				queue = append(queue, min(left, 1200))
			}
		}
		// Pacing at two and a half times the estimate.
		fresh := 2.5 * float64(target) / 8 * tick.Seconds()
		budget = min(budget+fresh, fresh+1500)
		spent := 0
		for len(queue) > 0 && budget > 0 {
			sent(queue[0], now)
			budget -= float64(queue[0])
			spent += queue[0]
			queue = queue[1:]
		}
		if now < probeEnds {
			due += int(float64(probe.Rate)/8*tick.Seconds()) - spent
			for ; due >= 600; due -= 1200 {
				sent(1200, now)
			}
		} else if p, ok := e.Probe(c.wanted, now); ok {
			probe, probeEnds, due = p, now+p.Lasts, 0
		}
		if now%reportEvery == 0 && len(unheard) > 0 {
			if c.network.rng.Float64() >= c.network.unheard {
				// What has arrived is told of, and what is missing before it.
				n := len(unheard)
				for n > 0 && !unheard[n-1].Unheard && (unheard[n-1].Lost || unheard[n-1].Arrived-time.Hour > now) {
					n--
				}
				reports = append(reports, report{now + c.network.delay, slices.Clone(unheard[:n])})
				unheard = unheard[n:]
			} else {
				for i := range unheard {
					unheard[i].Unheard, unheard[i].Lost = true, false
				}
			}
		}
	}
	return seen, e
}

// between returns the moments of a time.
func between(seen []moment, from, to time.Duration) []moment {
	out := []moment{}
	for _, m := range seen {
		if m.at >= from && m.at < to {
			out = append(out, m)
		}
	}
	return out
}

func mean(seen []moment, f func(moment) float64) float64 {
	sum := 0.0
	for _, m := range seen {
		sum += f(m)
	}
	return sum / float64(len(seen))
}

func p95(seen []moment) time.Duration {
	var all []time.Duration
	for _, m := range seen {
		all = append(all, m.waits)
	}
	slices.Sort(all)
	return all[len(all)*95/100]
}

func lost(seen []moment) float64 {
	lost, count := 0, 0
	for _, m := range seen {
		lost, count = lost+m.lost, count+m.count
	}
	return float64(lost) / float64(count)
}

func target(m moment) float64 { return float64(m.target) }

// seeds are several, as chance plays a part.
const seeds = 8

func eachSeed(t *testing.T, f func(t *testing.T, seed uint64)) {
	t.Helper()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { f(t, seed) })
	}
}

// TestConverges: on a steady link the estimate is near what it takes, soon and
// from then on, and does not fill its queue.
func TestConverges(t *testing.T) {
	for _, rate := range []Bitrate{300 * Kbps, 1000 * Kbps, 2500 * Kbps, 8000 * Kbps} {
		for _, delay := range []time.Duration{10 * time.Millisecond, 120 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d kbps %v", rate/Kbps, delay), func(t *testing.T) {
				eachSeed(t, func(t *testing.T, seed uint64) {
					seen, _ := call{network: network{rate: steady(rate), queue: 600 * time.Millisecond, delay: delay}, wanted: 12_000 * Kbps, lasts: 30 * time.Second, seed: seed}.run()
					after := between(seen, 8*time.Second, time.Hour)
					if got := mean(after, target) / float64(rate); got < 0.8 || got > 1.1 {
						t.Errorf("it is held to take %.2f of what it takes", got)
					}
					if got := p95(after); got > 300*time.Millisecond {
						t.Errorf("packets wait for %v", got)
					}
					if got := lost(after); got > 0.01 {
						t.Errorf("%.3f are lost", got)
					}
				})
			})
		}
	}
}

// TestStep: a link that becomes slower, and fast again.
func TestStep(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		rate := func(at time.Duration) Bitrate {
			if at >= 20*time.Second && at < 30*time.Second {
				return 1000 * Kbps
			}
			return 4000 * Kbps
		}
		ladder := []Bitrate{150 * Kbps, 500 * Kbps, 1700 * Kbps, 3000 * Kbps}
		seen, e := call{network: network{rate: rate, queue: 500 * time.Millisecond, delay: 20 * time.Millisecond}, ladder: ladder, wanted: 3100 * Kbps, lasts: 50 * time.Second, seed: seed}.run()
		if got := mean(between(seen, 5*time.Second, 20*time.Second), target); got < 3064e3 {
			t.Errorf("before it is held to take %.0f", got)
		}
		if got := between(seen, 21500*time.Millisecond, 21600*time.Millisecond)[0].target; got > 1100*Kbps {
			t.Errorf("1.5 s after it became slower it is held to take %d", got)
		}
		if e.fell < 20*time.Second || e.fell > 23*time.Second {
			t.Errorf("it fell at %v", e.fell)
		}
		if got := p95(between(seen, 22*time.Second, 30*time.Second)); got > 250*time.Millisecond {
			t.Errorf("packets wait for %v", got)
		}
		if got := mean(between(seen, 23*time.Second, 30*time.Second), target); got < 500e3 {
			t.Errorf("the slow link is held to take %.0f", got)
		}
		if got := mean(between(seen, 42*time.Second, 50*time.Second), target); got < 3000e3 {
			t.Errorf("12 s after it is fast again it is held to take %.0f", got)
		}
	})
}

// TestRandomLoss: a network that loses packets at any rate is used.
func TestRandomLoss(t *testing.T) {
	for _, c := range []struct{ loss, burst, least float64 }{{0.01, 0, 0.8}, {0.03, 0, 0.75}, {0.05, 0, 0.7}, {0.03, 8, 0.5}, {0.1, 0, 0.2}} {
		t.Run(fmt.Sprintf("%.0f %% by %.0f", 100*c.loss, c.burst), func(t *testing.T) {
			eachSeed(t, func(t *testing.T, seed uint64) {
				seen, _ := call{
					network: network{rate: steady(3000 * Kbps), queue: 300 * time.Millisecond, delay: 20 * time.Millisecond, loss: c.loss, burst: c.burst},
					wanted:  6000 * Kbps, lasts: 40 * time.Second, seed: seed,
				}.run()
				if got := mean(between(seen, 10*time.Second, time.Hour), target) / 3000e3; got < c.least || got > 1.15 {
					t.Errorf("it is held to take %.2f of what it takes", got)
				}
			})
		})
	}
}

// TestPolicer: a link that drops what is too much, and delays nothing.
func TestPolicer(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		seen, _ := call{network: network{rate: steady(1000 * Kbps), delay: 20 * time.Millisecond}, wanted: 4000 * Kbps, lasts: 40 * time.Second, seed: seed}.run()
		after := between(seen, 5*time.Second, time.Hour)
		if got := lost(after); got > 0.05 {
			t.Errorf("%.3f are lost", got)
		}
		if got := mean(after, target); got < 500e3 {
			t.Errorf("it is held to take %.0f", got)
		}
	})
}

// TestBufferbloat: a queue of a second stays nearly empty.
func TestBufferbloat(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		seen, _ := call{network: network{rate: steady(1500 * Kbps), queue: time.Second, delay: 20 * time.Millisecond}, wanted: 4000 * Kbps, lasts: 60 * time.Second, seed: seed}.run()
		after := between(seen, 5*time.Second, time.Hour)
		if got := p95(after); got > 300*time.Millisecond {
			t.Errorf("packets wait for %v", got)
		}
		if got := mean(after, target) / 1500e3; got < 0.8 {
			t.Errorf("it is held to take %.2f of what it takes", got)
		}
	})
}

// TestJitter: delays that vary are no queue.
func TestJitter(t *testing.T) {
	for jitter, least := range map[time.Duration]float64{10 * time.Millisecond: 1500e3, 30 * time.Millisecond: 600e3} {
		t.Run(jitter.String(), func(t *testing.T) {
			eachSeed(t, func(t *testing.T, seed uint64) {
				seen, _ := call{
					network: network{rate: steady(4000 * Kbps), queue: 300 * time.Millisecond, delay: 60 * time.Millisecond, jitter: jitter},
					ladder:  []Bitrate{150 * Kbps, 500 * Kbps, 1700 * Kbps}, wanted: 1800 * Kbps, lasts: 40 * time.Second, seed: seed,
				}.run()
				if got := mean(between(seen, 10*time.Second, time.Hour), target); got < least {
					t.Errorf("it is held to take %.0f of 4000e3", got)
				}
			})
		})
	}
}

// TestUntriedIsUnknown: what was not sent is no evidence.
func TestUntriedIsUnknown(t *testing.T) {
	seen, e := call{network: network{rate: steady(20_000 * Kbps), queue: 300 * time.Millisecond, delay: 20 * time.Millisecond}, ladder: []Bitrate{200 * Kbps}, lasts: 60 * time.Second, start: 300 * Kbps}.run()
	if got := seen[len(seen)-1].target; got > 450*Kbps {
		t.Errorf("after a minute of 264 kbps it is held to take %d", got)
	}
	if e.Cause() != Untried {
		t.Errorf("the cause is %v", e.Cause())
	}
}

// TestLostReports: a report that is lost says nothing about packets.
func TestLostReports(t *testing.T) {
	eachSeed(t, func(t *testing.T, seed uint64) {
		seen, e := call{network: network{rate: steady(2000 * Kbps), queue: 300 * time.Millisecond, delay: 20 * time.Millisecond, unheard: 0.15}, wanted: 4000 * Kbps, lasts: 30 * time.Second, seed: seed}.run()
		if got := mean(between(seen, 10*time.Second, time.Hour), target) / 2000e3; got < 0.55 {
			t.Errorf("it is held to take %.2f of what it takes", got)
		}
		if e.LossShare() > 0.02 {
			t.Errorf("%.3f are held to be lost", e.LossShare())
		}
	})
}

// TestCoarseTimes: reports of RFC 8888 tell arrivals in ticks of 1/1024 s, transport-wide
// feedback in 250 µs. Over many calls that makes no difference to what a network is held
// to take, nor to how long packets wait in it, nor to how many are lost.
func TestCoarseTimes(t *testing.T) {
	const calls, wide, report = seeds, 250 * time.Microsecond, time.Second / 1024
	const ms = time.Millisecond
	for name, c := range map[string]call{
		"slow":   {network: network{rate: steady(300 * Kbps), queue: 600 * ms, delay: 10 * ms}, wanted: 12_000 * Kbps},
		"fast":   {network: network{rate: steady(8000 * Kbps), queue: 600 * ms, delay: 120 * ms}, wanted: 12_000 * Kbps},
		"police": {network: network{rate: steady(1000 * Kbps), delay: 20 * ms}, wanted: 4000 * Kbps},
		"lossy":  {network: network{rate: steady(3000 * Kbps), queue: 300 * ms, delay: 20 * ms, loss: 0.05}, wanted: 6000 * Kbps},
		"jitter": {network: network{rate: steady(4000 * Kbps), queue: 300 * ms, delay: 60 * ms, jitter: 10 * ms}, ladder: []Bitrate{150 * Kbps, 500 * Kbps, 1700 * Kbps}, wanted: 1800 * Kbps},
	} {
		held, waits, lose := map[time.Duration]float64{}, map[time.Duration]float64{}, map[time.Duration]float64{}
		for _, tick := range []time.Duration{wide, report} {
			for seed := range uint64(calls) {
				c.network.tick, c.seed, c.lasts = tick, 100+seed, 30*time.Second
				seen, _ := c.run()
				after := between(seen, 8*time.Second, time.Hour)
				held[tick] += mean(after, target) / 1000 / calls
				waits[tick] += p95(after).Seconds() * 1000 / calls
				lose[tick] += lost(after) / calls
			}
		}
		t.Logf("%s: %.0f and %.0f kbit/s, packets wait for %.0f and %.0f ms, %.4f and %.4f are lost", name, held[wide], held[report], waits[wide], waits[report], lose[wide], lose[report])
		if held[report] < 0.95*held[wide] || waits[report] > 1.1*waits[wide]+5 || lose[report] > 1.1*lose[wide]+0.002 {
			t.Errorf("%s: coarser times make a difference", name)
		}
	}
}

// TestOwnQueue: the queue that a network leaves behind which has become slower is
// ours, however much slower it is, and drains.
func TestOwnQueue(t *testing.T) {
	for _, slower := range []Bitrate{1200 * Kbps, 600 * Kbps, 300 * Kbps} {
		for _, long := range []time.Duration{300 * time.Millisecond, time.Second, 2 * time.Second} {
			t.Run(fmt.Sprintf("%d kbps %v", slower/Kbps, long), func(t *testing.T) {
				eachSeed(t, func(t *testing.T, seed uint64) {
					rate := func(at time.Duration) Bitrate {
						if at >= 12*time.Second {
							return slower
						}
						return 4000 * Kbps
					}
					for _, ladder := range [][]Bitrate{nil, {60 * Kbps, 90 * Kbps, 150 * Kbps, 300 * Kbps, 500 * Kbps, 1000 * Kbps, 1700 * Kbps}} {
						seen, e := call{network: network{rate: rate, queue: long, delay: 20 * time.Millisecond}, ladder: ladder, wanted: 1800 * Kbps, lasts: 50 * time.Second, seed: seed}.run()
						if got := p95(between(seen, 25*time.Second, time.Hour)); got > 300*time.Millisecond {
							t.Errorf("of %d pictures packets wait for %v; another's: %v", len(ladder), got, e.queue.foreign)
						}
					}
				})
			})
		}
	}
}
