package sfu

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/bwe"
	"incamera/sfu/layer"
	"incamera/sfu/netlab"
	"incamera/sfu/pace"
	"incamera/sfu/transport"
)

// A virtual is a meeting in virtual time: somebody sends a picture in three
// layers and a voice, somebody watches over a network, and between them decides
// what decides in a room: the estimator, the pacer, the allocation, the selector.
// It is what make netlab measures, without the machine's own delays. Its link is
// the lab's.
type virtual struct {
	lasts  time.Duration
	down   netlab.Profile
	steps  []virtualStep
	single bool          // one stream without layers that follows its estimate, as a control
	most   int           // kbit/s of that stream at most; 0: no limit
	frames bool          // the layers have temporal ones, as those that browsers send
	rival  bool          // a TCP connection over the same link, from virtualRival on
	ends   time.Duration // of the TCP connection, if it is not the end
	seed   uint64

	began     time.Time
	now       time.Time
	link      *netlab.Link
	estimator *bwe.Estimator
	pacer     pace.Pacer[virtualPacket]
	floor     allocate.Floor
	selector  layer.Selector
	meters    [layer.Count]meter
	rates     [layer.Count]layer.Rates
	rng       *rand.Rand
	drawn     [layer.Count]struct{ frames, owed, place int }
	wantKey   time.Time // when the sender makes a key frame of each layer; zero: it does not
	asked     time.Time
	allowed   int
	limit     int
	changed   time.Duration
	told      bwe.Bitrate
	probe     struct {
		rate         bwe.Bitrate
		begun, until time.Duration
		before       int64
	}
	bytes   int64
	events  []virtualEvent
	tell    []bwe.Ack // of the packets that were sent and not told of
	tcp     virtualTCP
	record  []virtualMoment
	current int // layer that was sent latest
}

type virtualStep struct {
	at      time.Duration
	profile netlab.Profile
}

type virtualPacket struct {
	size    int
	resends int
}

type virtualEvent struct {
	at time.Time
	do func()
}

// A virtualMoment is what was seen in a tenth of a second.
type virtualMoment struct {
	sent, arrived, tcp int // bytes
	packets, lost      int
	waits              time.Duration // the longest
	target             bwe.Bitrate
	switches           int
}

const (
	virtualTick   = time.Millisecond
	virtualReport = 50 * time.Millisecond
	virtualBack   = 20 * time.Millisecond // from who watches to the server, and from there to who sends
	virtualRival  = 5 * time.Second
	virtualSettle = 10 * time.Second // until the record counts
)

var virtualRates = [layer.Count]int{150, 500, 1700} // kbit/s

// run holds the meeting, and returns what was seen in each tenth of a second
// since it was settled.
func (v *virtual) run() []virtualMoment {
	v.began = time.Unix(1_000_000, 0)
	v.link, v.estimator = netlab.NewLink(v.seed), bwe.New(1000*bwe.Kbps)
	v.link.Set(v.down)
	v.selector, v.rng = layer.New(), rand.New(rand.NewPCG(v.seed, 1))
	v.allowed, v.limit, v.current = layer.Unlimited, layer.Unlimited, layer.None
	v.setPace()
	all := v.lasts + virtualSettle
	for at := time.Duration(0); at < all; at += virtualTick {
		v.now = v.began.Add(at)
		for len(v.steps) > 0 && at >= virtualSettle+v.steps[0].at {
			v.link.Set(v.steps[0].profile)
			v.steps = v.steps[1:]
		}
		for len(v.events) > 0 && !v.events[0].at.After(v.now) {
			e := v.events[0]
			v.events = v.events[1:]
			e.do()
		}
		if at%(20*time.Millisecond) == 0 {
			v.pacer.Pay(140, at)
			v.send(virtualPacket{size: 140})
		}
		if at/(time.Second/30) != (at-virtualTick)/(time.Second/30) {
			v.frame()
		}
		if at%(5*time.Millisecond) == 0 {
			v.drain(at)
		}
		if at%virtualReport == 0 {
			v.report()
		}
		if at%tickEvery == 0 {
			v.adapt(at)
		}
		if v.rival && at > virtualSettle+virtualRival && (v.ends == 0 || at < virtualSettle+v.ends) {
			v.tcp.run(v)
		}
		v.moment().target = v.estimator.Target()
	}
	return v.record[int(virtualSettle/netlab.MomentLasts):]
}

func (v *virtual) after(at time.Time, do func()) {
	i, _ := slices.BinarySearchFunc(v.events, at, func(e virtualEvent, at time.Time) int { return cmp.Or(e.at.Compare(at), -1) })
	v.events = slices.Insert(v.events, i, virtualEvent{at, do})
}

func (v *virtual) moment() *virtualMoment {
	for int(v.now.Sub(v.began)/netlab.MomentLasts) >= len(v.record) {
		v.record = append(v.record, virtualMoment{})
	}
	return &v.record[len(v.record)-1]
}

// frame draws a frame of each layer, and forwards what the selector does. It is
// the drawing of incamera-peer.
func (v *virtual) frame() {
	if v.single {
		rate := v.estimator.Target() - 64*bwe.Kbps
		if v.most > 0 {
			rate = min(rate, bwe.Bitrate(v.most)*bwe.Kbps)
		}
		v.packets(int(float64(rate) / 8 / 30))
		return
	}
	key := !v.wantKey.IsZero() && !v.now.Before(v.wantKey)
	if key {
		v.wantKey = time.Time{}
	}
	for i := range v.drawn {
		d := &v.drawn[i]
		mean := virtualRates[i] * 125 / 30
		size := int(float64(mean) * (0.7 + 0.6*v.rng.Float64()))
		isKey := key || d.frames == 0
		switch {
		case isKey:
			d.owed += 5 * mean
			size = 6 * mean
		case d.owed > 0:
			pay := min(d.owed, size/4)
			size, d.owed = size-pay, d.owed-pay
		}
		temporal := 0
		if v.frames { // L1T3: 40, 60 and 100 % of the bits up to each
			if isKey {
				d.place = 0
			}
			temporal = [...]int{0, 2, 1, 2}[d.place%4]
			if d.place++; !isKey {
				size = int(float64(size) * [...]float64{1.6, 0.8, 0.8}[temporal])
			}
		}
		d.frames++
		if rates, ok := v.meters[i].add(uint64(d.frames), temporal, size, v.now); ok {
			v.rates[i] = rates
		}
		switch decision := v.selector.Packet(i, isKey, true); decision {
		case layer.Switch, layer.Forward:
			if decision == layer.Switch {
				if v.current != layer.None && v.current != i {
					v.moment().switches++
				}
				v.current = i
			}
			if v.selector.Frame(layer.Frame{Temporal: temporal, Key: isKey, Up: temporal == 0}) {
				v.packets(size)
			}
		case layer.Request:
			v.requestKey()
		case layer.Drop:
		}
	}
}

func (v *virtual) requestKey() {
	if v.wantKey.IsZero() && v.now.Sub(v.asked) >= 500*time.Millisecond {
		v.asked, v.wantKey = v.now, v.now.Add(2*virtualBack)
	}
}

// packets sends a frame.
func (v *virtual) packets(size int) {
	for ; size > 0; size -= 1100 {
		p := virtualPacket{size: min(size, 1100) + 70}
		if v.pacer.Take(p.size, v.now.Sub(v.began)) {
			v.send(p)
		} else {
			v.pacer.Put(p, p.size, false) // or it is dropped
		}
	}
}

// send gives a packet to the network, and has a lost one asked for again.
func (v *virtual) send(p virtualPacket) {
	now := v.now.Sub(v.began)
	v.bytes += int64(p.size)
	m := v.moment()
	m.sent += p.size
	m.packets++
	m.waits = max(m.waits, v.link.Waiting(v.now))
	arrivals, why := v.link.Send(p.size, v.now)
	ack := bwe.Ack{Sent: now, Size: p.size}
	if why != netlab.Passed {
		m.lost++
		ack.Lost = true
		ack.Arrived = now + v.down.Delay // when those around it came: it is told of then
		if p.size > 200 && p.resends < maxResends {
			p.resends++
			v.after(v.now.Add(v.down.Delay+virtualBack+100*time.Millisecond), func() { v.again(p) })
		}
	} else {
		ack.Arrived = arrivals[0].Sub(v.began)
		v.after(arrivals[0], func() { v.moment().arrived += p.size })
	}
	v.tell = append(v.tell, ack)
}

func (v *virtual) again(p virtualPacket) {
	if v.pacer.Take(p.size, v.now.Sub(v.began)) {
		v.send(p)
	} else {
		v.pacer.Put(p, p.size, true) // or it is dropped
	}
}

// drain is what the pacing goroutine does.
func (v *virtual) drain(at time.Duration) {
	for {
		p, ok := v.pacer.Next(at)
		if !ok {
			break
		}
		v.send(p)
	}
	if at < v.probe.until {
		due := int64(v.probe.rate) * int64(at-v.probe.begun) / 8 / int64(time.Second)
		for due > v.bytes-v.probe.before {
			if p, ok := v.pacer.Early(at); ok {
				v.send(p)
				continue
			}
			v.pacer.Pay(1170, at)
			v.send(virtualPacket{size: 1170, resends: maxResends})
		}
	}
}

// report tells the server what has come, and what is missing before it.
func (v *virtual) report() {
	now := v.now.Sub(v.began)
	n := len(v.tell)
	for n > 0 && (v.tell[n-1].Lost || v.tell[n-1].Arrived > now) {
		n--
	}
	for i := range n {
		if v.tell[i].Arrived > now {
			n = i
			break
		}
	}
	if n == 0 {
		return
	}
	acks := slices.Clone(v.tell[:n])
	v.tell = v.tell[n:]
	v.after(v.now.Add(virtualBack), func() {
		v.estimator.Observe(acks, v.now.Sub(v.began))
		v.setPace()
		if target := v.estimator.Target(); target*10 <= v.told*9 || target >= 2*v.told {
			v.adapt(v.now.Sub(v.began))
		}
	})
}

// setPace is [transport.Subscriber]'s.
func (v *virtual) setPace() {
	target := v.estimator.Target()
	if v.estimator.Cause() == bwe.Untried {
		target = max(target, 3000*bwe.Kbps)
	}
	v.pacer.SetRate(int64(target), v.estimator.Full(), v.now.Sub(v.began))
	v.pacer.Trim(func(virtualPacket) { v.requestKey() })
}

// adapt is that of a peer with one picture.
func (v *virtual) adapt(at time.Duration) {
	target := v.estimator.Target()
	v.told = target
	if v.single {
		v.tryFor(2*target, at)
		return
	}
	claim := allocate.Claim{Wanted: layer.Step(layer.Count-1, layer.Temporals-1), Rates: layer.Ladder(v.rates, false), Now: v.allowed, Prominent: true, Changed: v.changed}
	if claim.Rates == [layer.Steps]int64{} {
		v.aim()
		return
	}
	claims := []allocate.Claim{claim}
	e := v.estimator
	enough := proven(transport.Congestion{Cause: e.Cause(), Loss: e.LossShare(), Queue: e.QueueDelay()})
	budget := allocate.Budget{Now: allocate.Available(int64(target), 56_000, enough, claims)}
	budget.Sure = v.floor.Update(budget.Now, at)
	got, missing := allocate.Bits(claims, budget, at)
	if got[0] != v.allowed {
		v.allowed, v.changed = got[0], at
	}
	v.limit = got[0]
	if got[0] != layer.None && layer.Of(got[0]) >= layer.Of(claim.Wanted) && !claim.Short(got[0]) {
		v.limit = layer.Unlimited
	}
	v.selector.Pause(v.limit == layer.None)
	v.aim()
	if missing > 0 {
		v.tryFor(target+bwe.Bitrate(missing), at)
	}
}

func (v *virtual) aim() {
	v.selector.Want(min(layer.Count-1, layer.Of(max(v.limit, 0))))
	v.selector.Limit(v.limit, layer.Temporals-1)
	if v.selector.Update([layer.Count]time.Time{v.now, v.now, v.now}, v.now) {
		v.requestKey()
	}
}

func (v *virtual) tryFor(wanted bwe.Bitrate, at time.Duration) {
	if p, ok := v.estimator.Probe(wanted, at); ok {
		v.probe.rate, v.probe.begun, v.probe.until, v.probe.before = p.Rate, at, at+p.Lasts, v.bytes
	}
}

// A virtualTCP is a download as by Reno: it grows by a packet each round trip,
// and halves once for what is lost in one.
type virtualTCP struct {
	window, threshold float64 // packets
	flying            int
	recovers          time.Time // until when losses are of the same round trip
}

func (c *virtualTCP) run(v *virtual) {
	const size = 1500
	if c.window == 0 {
		c.window, c.threshold = 10, 1e9
	}
	for c.flying < int(c.window) {
		c.flying++
		waits := v.link.Waiting(v.now)
		arrivals, why := v.link.Send(size, v.now)
		trip := v.down.Delay + virtualBack
		if why != netlab.Passed {
			v.after(v.now.Add(waits+trip), func() {
				c.flying--
				if v.now.After(c.recovers) {
					c.window = max(c.window/2, 2)
					c.threshold, c.recovers = c.window, v.now.Add(waits+trip)
				}
			})
			continue
		}
		v.after(arrivals[0].Add(virtualBack), func() {
			c.flying--
			v.moment().tcp += size
			if c.window < c.threshold {
				c.window++
			} else {
				c.window += 1 / c.window
			}
		})
	}
}
