package transport

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"incamera/sfu/bwe"
	"incamera/sfu/pace"
	"incamera/sfu/trace"
	"incamera/sfu/transport/srtp"
	"incamera/sfu/transport/udp"
)

const (
	// startRate is what a network is held to take before anything is known of it:
	// a few small pictures. Lower, and everybody begins with black tiles; higher,
	// and a slow network begins with a full queue.
	startRate = 1000 * bwe.Kbps
	// extensionSize is of the RTP header extension with the transport-wide number
	// (RFC 8285 §4.2): its head, id and length, two bytes, one of padding.
	extensionSize = 8
)

const (
	// lossFrom is the share of lost packets from which sound goes twice: below, an
	// ear hears nothing of it.
	lossFrom = 0.01
	// twiceFor is for how long it then does. Shorter, and where there is nothing
	// but sound it stops because of what it mends, over and over.
	twiceFor = 30 * time.Second
	// leastForTwice is what a network is to take. One that takes less loses what is
	// too much, and more of it would be worse.
	leastForTwice = 200 * bwe.Kbps
)

// An outgoing is what a subscribe connection sends: it numbers packets, spreads
// them over time, and knows what the subscriber says about them.
type outgoing struct {
	start time.Time         // of the clock that packets are stamped with
	trace *trace.Connection // told under congestion's mutex; nil: nobody records

	mu sync.Mutex
	// Guarded by mu.
	history
	way     way   // how the subscriber tells of packets
	bytes   int64 // sent so far
	pacer   pace.Pacer[held]
	probe   probe
	waits   bool          // in the line of those that the pacing goroutine looks at
	twice   time.Duration // until when sound goes twice
	dropped uint64

	congestion struct {
		sync.Mutex
		estimator *bwe.Estimator
		expected  bool        // the subscriber has agreed to tell of packets
		told      bwe.Bitrate // the target when its owner was told latest
	}

	// Guarded by the connection's reading.
	acks    []bwe.Ack
	said    []saidPacket
	clock   clock
	reports reportClock
}

// held is a packet that waits for its time.
type held struct {
	seat   *Seat
	packet Packet // its payload and descriptor are of buf
	buf    *[maxPacket]byte
	came   time.Time // to this machine; zero: it did not, but is sent again
}

var heldPool = sync.Pool{New: func() any { return new([maxPacket]byte) }}

// probe is one under way.
type probe struct {
	rate         bwe.Bitrate
	begun, until time.Duration
	before       int64 // bytes sent before it
}

func newOutgoing(recording *trace.Connection) *outgoing {
	o := &outgoing{start: time.Now(), trace: recording, history: newHistory()}
	o.congestion.estimator = bwe.New(startRate)
	o.trace.Begin(startRate, o.start)
	return o
}

// expect notes in which way the subscriber will tell of packets: from now on the rate is
// bounded, unless it will not.
func (o *outgoing) expect(w way, now time.Time) {
	o.mu.Lock()
	if o.way = w; w != streams {
		o.unname()
	}
	o.mu.Unlock()
	o.congestion.Lock()
	if w == silent || o.congestion.expected {
		o.congestion.Unlock()
		return
	}
	o.congestion.expected = true
	j := judge(o.congestion.estimator)
	o.congestion.Unlock()
	o.setPace(j, now.Sub(o.start))
}

// untriedPace is the rate that sets the pace as long as nothing speaks against
// it: everybody's key frames come at the beginning.
const untriedPace = 3000 * bwe.Kbps

// A judgement is what an estimator says by which the pace is set.
type judgement struct {
	target  bwe.Bitrate
	untried bool // nothing speaks against more
	full    bool // a queue of ours does
	loss    float64
}

func judge(e *bwe.Estimator) judgement {
	return judgement{target: e.Target(), untried: e.Cause() == bwe.Untried, full: e.Full(), loss: e.LossShare()}
}

func (o *outgoing) setPace(j judgement, at time.Duration) {
	target := j.target
	if j.untried {
		target = max(target, untriedPace)
	}
	o.mu.Lock()
	o.pacer.SetRate(int64(target), j.full, at)
	anew := o.trim()
	if j.loss >= lossFrom && j.target >= leastForTwice {
		o.twice = at + twiceFor
	}
	o.mu.Unlock()
	for _, s := range anew {
		s.conn.said(s.ssrc, Feedback{KeyFrame: true})
	}
}

// trim gives up what waits for a network that has become slow at once, and returns whose
// it was: with a key frame they are seen again sooner than when all of it went. Called
// under mu.
func (o *outgoing) trim() (anew []*Seat) {
	o.pacer.Trim(func(h held) {
		heldPool.Put(h.buf)
		o.dropped++
		if !slices.Contains(anew, h.seat) {
			anew = append(anew, h.seat)
		}
	})
	return anew
}

// write seals a packet into the batch, or keeps it for its time. Called under mu.
func (o *outgoing) write(b *Batch, s *Seat, k *keys, p *Packet, at time.Duration) error {
	size := srtp.HeaderSize + max(extensionSize, describedSize(p.Descriptor, true)) + len(p.Payload) + k.rtp.Overhead()
	if size > maxPacket || len(p.Descriptor) > maxDescriptor {
		return errTooLarge
	}
	if !s.video || p.Probe {
		o.pacer.Pay(size, at)
	} else if !o.pacer.Take(size, at) {
		return o.hold(b, s, p, size)
	}
	return o.seal(b, s, k, p, at)
}

// hold keeps a packet for its time. Called under mu.
func (o *outgoing) hold(b *Batch, s *Seat, p *Packet, size int) error {
	h := held{seat: s, packet: *p, came: b.Came(), buf: heldPool.Get().(*[maxPacket]byte)} //nolint:forcetypeassert,errcheck // it holds nothing else
	n := copy(h.buf[:], p.Payload)
	h.packet.Payload = h.buf[:n]
	if p.Descriptor != nil {
		h.packet.Descriptor = h.buf[n : n+copy(h.buf[n:], p.Descriptor)]
	}
	if !o.pacer.Put(h, size, p.SSRC == s.rtxSSRC) {
		heldPool.Put(h.buf)
		o.dropped++
		return errFull
	}
	o.wait(s.conn)
	return nil
}

// wait has the pacing goroutine look at the connection. Called under mu.
func (o *outgoing) wait(c *conn) {
	if !o.waits {
		o.waits = true
		c.t.pacing.add(c)
	}
}

// seal writes a packet into the batch. Called under mu.
func (o *outgoing) seal(b *Batch, s *Seat, k *keys, p *Packet, at time.Duration) error {
	dest := s.conn.dest.Load()
	if dest == nil {
		return errNotReady
	}
	if s.keys != k {
		s.keys, s.media, s.rtx = k, k.rtp.Stream(s.ssrc), k.rtp.Stream(s.rtxSSRC)
	}
	stream := s.media
	switch p.SSRC {
	case s.ssrc:
	case s.rtxSSRC:
		stream = s.rtx
	default:
		return errNotOurs
	}
	index, ok := stream.Next(p.Seq)
	if !ok {
		return errRepeated
	}
	header, wide, described := srtp.HeaderSize, uint8(s.wide.Load()), uint8(s.described.Load())
	if len(p.Descriptor) == 0 {
		described = 0
	}
	numbered := wide != 0 && wide != unnumbered
	switch {
	case described != 0:
		header += describedSize(p.Descriptor, numbered)
	case numbered:
		header += extensionSize
	}
	size := header + len(p.Payload) + k.rtp.Overhead()
	out := b.Reserve(dest, size)
	out[0], out[1] = 0x80, p.PayloadType
	if p.Padded {
		out[0] |= 0x20
	}
	if p.Marker {
		out[1] |= 0x80
	}
	binary.BigEndian.PutUint16(out[2:], p.Seq)
	binary.BigEndian.PutUint32(out[4:], p.Timestamp)
	binary.BigEndian.PutUint32(out[8:], p.SSRC)
	switch {
	case described != 0:
		out[0] |= 0x10
		describe(out[srtp.HeaderSize:header], described, p.Descriptor, numbered, wide, uint16(o.next))
	case numbered:
		out[0] |= 0x10
		binary.BigEndian.PutUint32(out[12:], 0xbede_0001) // one word of one-byte elements
		out[16], out[19] = wide<<4|1, 0                   // two bytes
		binary.BigEndian.PutUint16(out[17:], uint16(o.next))
	}
	if wide != 0 {
		o.note(size, at)
		if wide == unnumbered {
			o.name(p.SSRC, p.Seq)
		}
	}
	stream.Seal(out, header, p.Payload, index)
	o.bytes += int64(size)
	if !s.video {
		o.copySound(b, s, dest, out, at)
	}
	return nil
}

// copySound sends the seat's packet of before once more, byte for byte, where
// packets are lost: one in a hundred that are lost, at random, is one in ten
// thousand then, for as many bits as sound takes. A packet later, as what is lost
// is often lost in a row. Whoever has it drops it as a replay (RFC 3711 §3.3.2),
// and no key is used twice for anything else. Called under mu.
func (o *outgoing) copySound(b *Batch, s *Seat, dest *udp.Dest, packet []byte, at time.Duration) {
	if at >= o.twice {
		s.again = nil
		return
	}
	if s.again == nil {
		s.again = &again{}
	}
	before := s.again.latest
	s.again.latest = sealed{keys: s.keys, packet: append(s.again.spare[:0], packet...)} // first: reserving may send the batch
	if s.wide.Load() != 0 {
		s.again.latest.number = o.next - 1
	}
	s.again.spare = before.packet
	if len(before.packet) == 0 || before.keys != s.keys {
		return
	}
	copy(b.Reserve(dest, len(before.packet)), before.packet)
	o.bytes += int64(len(before.packet))
	o.pacer.Pay(len(before.packet), at)
	if n := before.number; n != 0 && o.next-n <= uint64(len(o.sent)) {
		o.place(n).twice = true
	}
}

// again is what a seat of sound has while it goes twice.
type again struct {
	latest sealed
	spare  []byte // memory of a packet
}

// sealed is a packet as it went out.
type sealed struct {
	keys   *keys
	number uint64 // transport-wide, extended; 0: it has none
	packet []byte
}

// drain sends what is due, and reports how many bytes a probe lacks, and
// whether there is more to come.
func (o *outgoing) drain(b *Batch, c *conn, now time.Time) (lacking int, more bool) {
	at, k := now.Sub(o.start), c.keys.Load()
	o.mu.Lock()
	defer o.mu.Unlock()
	send := func(h held) {
		if k != nil {
			if o.seal(b, h.seat, k, &h.packet, at) == nil && !h.came.IsZero() { // a connection that is gone needs nothing
				c.t.paced.Note(1, time.Since(h.came))
			}
		}
		heldPool.Put(h.buf)
	}
	for h, ok := o.pacer.Next(at); ok; h, ok = o.pacer.Next(at) {
		send(h)
	}
	probing := k != nil && at < o.probe.until
	if probing {
		due := int64(o.probe.rate) * int64(at-o.probe.begun) / 8 / int64(time.Second)
		for lacking = int(due - (o.bytes - o.probe.before)); lacking > 0; lacking = int(due - (o.bytes - o.probe.before)) {
			h, ok := o.pacer.Early(at)
			if !ok {
				break
			}
			send(h)
		}
	}
	o.waits = probing || o.pacer.Waiting() > 0
	return lacking, o.waits
}

// begin begins a probe. Called under no lock.
func (o *outgoing) begin(c *conn, p bwe.Probe, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := now.Sub(o.start)
	o.probe = probe{rate: p.Rate, begun: at, until: at + p.Lasts, before: o.bytes}
	o.wait(c)
}

// moved reports whether the target is lower by a tenth than when its owner was
// told latest, or twice as high: it is to look at it at once.
func (o *outgoing) moved() bool {
	o.congestion.Lock()
	defer o.congestion.Unlock()
	target := o.congestion.estimator.Target()
	if target*10 > o.congestion.told*9 && target < 2*o.congestion.told {
		return false
	}
	o.congestion.told = target
	return true
}
