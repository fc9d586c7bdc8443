// Package netlab is a network on one machine whose links are as bad as a test
// wants them: hosts are network namespaces with one TUN device each, and one
// router in the test's process carries packets between them.
//
// The kernel's own emulation is not everywhere; this one is seeded, follows a
// script, and keeps the truth of what it did to every packet, for tests to
// judge by. It needs root and Linux.
package netlab

import (
	"math"
	"math/rand/v2"
	"time"
)

// A Profile is what one direction of a host's cable does. The zero value is a
// perfect cable.
type Profile struct {
	Delay  time.Duration // of every packet
	Jitter time.Duration // standard deviation of what is added to it; order is kept
	// Loss is the share of packets that are lost, 0 to 1; Burst the mean number
	// of packets in a row (Gilbert-Elliott; below 1 it counts as 1: independent).
	Loss  float64
	Burst float64
	// Rate in bits per second of IP packets; 0 is unlimited. Packets that would
	// wait for longer than Queue are dropped: with 0 every one that has to wait,
	// which is a policer without a bucket.
	Rate  int
	Queue time.Duration
	// Police makes the queue a bucket: what fits into it is not delayed.
	Police bool
	// Reorder is the share of packets that come ReorderBy late, behind those
	// that were sent after them; Duplicate the share that comes twice.
	Reorder   float64
	ReorderBy time.Duration
	Duplicate float64
	MTU       int  // bytes; longer packets vanish, without a word to their sender; 0: no limit
	Blackhole bool // nothing passes
	BlockUDP  bool // as a strict firewall does
	// OnlyTCP, if not 0, is the one TCP port towards which, and from which,
	// packets pass; nothing else does.
	OnlyTCP uint16
}

// burstEnds is for how long a burst of losses goes on at most, however few
// packets come: without it the few of an idle cable would be lost for minutes.
const burstEnds = 200 * time.Millisecond

// A Drop says why a packet was dropped.
type Drop string

// The reasons.
const (
	Passed   Drop = ""
	Lost     Drop = "loss"
	Full     Drop = "queue"
	TooLong  Drop = "mtu"
	Hole     Drop = "blackhole"
	Blocked  Drop = "firewall"
	Nowhere  Drop = "no such host"
	Unparsed Drop = "not IP"
)

// A Link is one direction of a cable. It is a function of its seed, its
// profiles and what is sent: it knows no clock. Not safe for concurrent use.
type Link struct {
	profile Profile
	rng     *rand.Rand
	bad     bool      // the state of the loss model
	since   time.Time // when it became so
	free    time.Time // when the cable has sent all that was accepted
	last    time.Time // when the latest packet arrives that kept its place
}

// NewLink returns a perfect cable.
func NewLink(seed uint64) *Link {
	return &Link{rng: rand.New(rand.NewPCG(seed, 0x6e65746c6162))}
}

// Set changes the profile from the next packet on. What is under way arrives.
func (l *Link) Set(p Profile) { l.profile = p }

// Waiting returns for how long a packet that is sent now would be queued.
func (l *Link) Waiting(now time.Time) time.Duration { return max(0, l.free.Sub(now)) }

// A packet is what links look at.
type packet struct {
	size             int // bytes of the IP packet
	udp, tcp         bool
	fromPort, toPort uint16
}

// Send is what becomes of a UDP packet of that many bytes that is sent now: when
// it arrives, twice if it is duplicated, or why it does not. It is for tests in
// virtual time; now does not go back.
func (l *Link) Send(size int, now time.Time) (arrivals []time.Time, why Drop) {
	return l.send(packet{size: size, udp: true}, now)
}

// send returns when the packet arrives, twice if it is duplicated, or why it
// does not.
func (l *Link) send(p packet, now time.Time) (arrivals []time.Time, why Drop) {
	c := l.profile
	// The loss model sees every packet, so that bursts do not depend on what the rest of the profile drops.
	lost := l.loses(c, now)
	switch {
	case c.Blackhole:
		return nil, Hole
	case c.blocks(p):
		return nil, Blocked
	case c.MTU != 0 && p.size > c.MTU:
		return nil, TooLong
	case lost:
		return nil, Lost
	}
	at := now
	if c.Rate > 0 {
		if l.Waiting(now) > c.Queue {
			return nil, Full
		}
		if l.free.Before(now) {
			l.free = now
		}
		l.free = l.free.Add(time.Duration(float64(p.size*8) / float64(c.Rate) * float64(time.Second)))
		if !c.Police {
			at = l.free
		}
	}
	at = at.Add(c.Delay)
	if c.Jitter > 0 {
		at = at.Add(time.Duration(math.Abs(l.rng.NormFloat64()) * float64(c.Jitter)))
	}
	if c.Reorder > 0 && l.rng.Float64() < c.Reorder {
		at = at.Add(c.ReorderBy)
	} else {
		if at.Before(l.last) {
			at = l.last
		}
		l.last = at
	}
	arrivals = []time.Time{at}
	if c.Duplicate > 0 && l.rng.Float64() < c.Duplicate {
		arrivals = append(arrivals, at)
	}
	return arrivals, Passed
}

// blocks reports whether a firewall stops the packet.
func (c Profile) blocks(p packet) bool {
	if c.OnlyTCP != 0 {
		return !p.tcp || p.toPort != c.OnlyTCP && p.fromPort != c.OnlyTCP
	}
	return c.BlockUDP && p.udp
}

// loses walks the loss model one packet on.
func (l *Link) loses(c Profile, now time.Time) bool {
	if c.Loss <= 0 {
		l.bad = false
		return false
	}
	if c.Loss >= 1 {
		return true
	}
	burst := max(c.Burst, 1/(1-c.Loss)) // the mean run of independent losses
	leave := 1 / burst
	enter := leave * c.Loss / (1 - c.Loss)
	if l.bad && now.Sub(l.since) < burstEnds {
		l.bad = l.rng.Float64() >= leave
	} else if l.bad = l.rng.Float64() < enter; l.bad {
		l.since = now
	}
	return l.bad
}
