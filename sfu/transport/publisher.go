package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"incamera/sfu/rtpx"
	"incamera/sfu/transport/reception"
	"incamera/sfu/transport/rtcpx"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/srtp"
)

// A Layer is one incoming stream: a source, or one simulcast layer of it.
type Layer struct {
	Mid   string
	RID   string // empty without simulcast
	SSRC  uint32
	Codec rtpx.Codec

	conn *conn
}

// RequestKeyFrame sends a PLI to the publisher. Safe for concurrent use.
func (l *Layer) RequestKeyFrame() error {
	if err := l.conn.writeRTCP(rtcpx.AppendKeyFrameRequest(nil, ownSSRC, l.SSRC)); err != nil {
		return fmt.Errorf("transport: asking for a key frame: %w", err)
	}
	return nil
}

// ownSSRC is that of us as a receiver, who sends no media.
const ownSSRC = 1

// A Report is the mapping of clocks in a sender report.
type Report struct {
	NTP uint64
	RTP uint32
}

// A Sink takes what a layer brings. It is called by one goroutine at a time for
// all layers of a connection.
type Sink interface {
	// Receive takes an RTP packet, retransmissions under their original numbers, valid
	// during the call. described is the id of the header extension that its dependency
	// descriptor is in, if it is of AV1; 0: none has one. It came to this machine at
	// came, and whoever sends it on sends it at now.
	Receive(packet []byte, described uint8, came, now time.Time)
	// Report takes a sender report that came at that time.
	Report(r Report, at time.Time)
	// Gone says that nothing more comes.
	Gone()
}

// PublisherEvents are what a publish connection tells.
type PublisherEvents struct {
	// Lost is called at most once, when the connection fails. It must not wait.
	Lost func(reason string)
	// Arrived is called for each new layer, and returns who takes it; nil: nobody.
	Arrived func(*Layer) Sink
}

// A Publisher is a client's publish connection. Answer is not safe for concurrent
// use; everything else is.
//
// Packets wait in a line until somebody, the port's reader or a goroutine that
// ends when there is nothing left, opens them and gives them to their sinks.
type Publisher struct {
	// Static after construction.
	conn   *conn
	id     uint64 // of the session in SDP
	events PublisherEvents
	timer  *time.Timer // has somebody look at what the sender is to be told

	// Owned by the caller of Answer.
	version uint64

	line struct {
		sync.Mutex
		reader  *session.Reader // of the latest offer; not changed
		packets []waiting
		spare   []waiting // empty, for when packets is being taken
		tick    bool
		taken   bool // by somebody who looks until nothing is left
		closed  bool
		slow    time.Time // until then it may take long, as it did
		brief   bool      // when it was taken last it was to take little time
	}

	// Owned by who has taken the line.
	now     time.Time // when the round began
	streams []*stream
	opens   map[uint32]*srtp.Source // of every SSRC that anything has come from: what was opened is not opened again
	arrived struct {                // layers that may arrive
		left float64
		at   time.Time
	}
	bound *session.Reader // by which they were bound
	wide  *reception.Wide // nil before the first numbered packet
	trip  reception.Trip  // of all streams
	heard struct {        // when a path was told last that something came on it
		from netip.AddrPort
		at   time.Time
	}
	tell struct {
		next   time.Time // feedback; zero: none is due
		report time.Time // the next receiver report
		armed  time.Time // when the timer fires; zero: it does not
		came   bool      // something, since feedback was sent
	}
}

// waiting is a packet in the line.
type waiting struct {
	from netip.AddrPort
	at   time.Time
	n    int
	buf  *[maxPacket]byte
}

var waitingPool = sync.Pool{New: func() any { return new([maxPacket]byte) }}

const (
	// maxLine is how many packets may wait: a large key frame, or what comes while
	// the machine is busy for a moment.
	maxLine = 512
	// keptLine is for how many packets an empty line keeps its memory: as many as a
	// frame of a large picture has.
	keptLine = 16
	// briefLine is how many packets the port's reader may take at once: those that it
	// reads at once.
	briefLine = 32
	// maxSSRCs bounds the SSRCs of one connection, those of streams that are gone
	// included.
	maxSSRCs = 128
	// Each layer that arrives, or comes in another codec, makes work for the room: at
	// once there may be arriveAtOnce, and then arriveEach second.
	arriveAtOnce, arriveEach = 32, 2
	// maxStreams bounds the streams of one connection: of what clients send there
	// are thirteen. Beyond that the one that is silent for longest gives way.
	maxStreams = 48
	// briefFor is how long the port's reader may be kept from other connections by
	// one: twice what it takes to have another thread woken.
	briefFor = 200 * time.Microsecond
	// slowFor is for how long a line that took longer is left to others: a frame goes
	// with its last packet, and what came before it took little.
	slowFor = time.Second
	// heardEvery is how often paths are told that something comes on them.
	heardEvery = 200 * time.Millisecond
)

// Publisher makes the answering side of a publish connection.
func (t *Transport) Publisher(events PublisherEvents) *Publisher {
	var once sync.Once
	p := &Publisher{id: rand.Uint64() >> 2, events: events, opens: map[uint32]*srtp.Source{}} // id: a signed number with some clients
	p.arrived.left = arriveAtOnce
	p.conn = newConn(t, SubscriberEvents{Lost: func(reason string) { once.Do(func() { events.Lost(reason) }) }}, nil)
	p.conn.publisher = p
	p.timer = time.AfterFunc(time.Hour, p.fire)
	p.timer.Stop()
	return p
}

// Answer answers an offer, the first or a later one. After an error another one
// may be tried.
func (p *Publisher) Answer(_ context.Context, offer string) (string, error) {
	o, err := session.Parse(offer)
	if err == nil {
		err = errors.Join(o.Sends(), secured(o))
	}
	if err != nil {
		return "", fmt.Errorf("transport: taking the offer: %w", err)
	}
	own, err := p.conn.offered(o)
	if err != nil {
		return "", err
	}
	p.line.Lock()
	p.line.reader = o.Reader()
	p.line.Unlock()
	p.version++
	answer := session.Answer{
		ID: p.id, Version: p.version, Ufrag: own.ufrag, Password: own.password,
		Fingerprint: p.conn.t.fingerprint, Candidates: p.conn.t.candidates(),
	}
	return answer.Receive(o), nil
}

// Close ends the connection. When it returns no goroutine of it is left, and all
// sinks know.
func (p *Publisher) Close() error {
	p.line.Lock()
	if p.line.closed {
		p.line.Unlock()
		return errors.New("transport: the connection is closed")
	}
	p.line.closed = true
	p.line.Unlock()
	p.timer.Stop()
	p.conn.close()
	for _, s := range p.streams {
		s.end()
	}
	p.streams = nil
	for _, w := range p.line.packets {
		waitingPool.Put(w.buf)
	}
	p.line.packets = nil
	return nil
}

// put puts a packet into the line, or drops it when too many wait. It returns
// whether the caller has to take the line.
func (p *Publisher) put(b []byte, from netip.AddrPort, at time.Time) (take bool) {
	if len(b) > maxPacket {
		return false
	}
	p.line.Lock()
	defer p.line.Unlock()
	if p.line.closed {
		return false
	}
	if len(p.line.packets) == maxLine {
		p.conn.t.overrun.Add(1)
		return false
	}
	w := waiting{from: from, at: at, n: len(b), buf: waitingPool.Get().(*[maxPacket]byte)} //nolint:forcetypeassert,errcheck // it holds nothing else
	copy(w.buf[:], b)
	p.line.packets = append(p.line.packets, w)
	return p.take()
}

// take reports whether the line is the caller's from now on, until it is empty.
// Called under its mutex.
func (p *Publisher) take() bool {
	if p.line.taken {
		return false
	}
	p.line.taken = true
	p.conn.work.Add(1) // not yet closed: who closes waits afterwards
	return true
}

// fire is called by the timer.
func (p *Publisher) fire() {
	p.line.Lock()
	p.line.tick = true
	take := !p.line.closed && p.take()
	p.line.Unlock()
	if take {
		p.work()
	}
}

// start works for who has taken the line, or has a goroutine do so: that costs more
// than most of the work, but the caller may have others to serve. What comes
// meanwhile, by whatever way, a goroutine takes.
func (p *Publisher) start() {
	p.line.Lock()
	brief := p.line.brief && len(p.line.packets) <= briefLine
	p.line.Unlock()
	if !brief || p.round() {
		p.conn.t.workers.take(p)
	}
}

// work is for who has taken the line: it goes on until nothing is left.
func (p *Publisher) work() {
	for p.round() {
	}
}

// round takes what is in the line, and reports whether there is more. If there is
// not, the line is nobody's from then on.
func (p *Publisher) round() (more bool) {
	defer func() {
		if fault := recover(); fault != nil {
			p.conn.fault(fault)
			p.line.Lock()
			p.line.taken, p.line.packets, p.line.spare = false, nil, nil
			p.line.Unlock()
			p.conn.work.Done()
			more = false
		}
	}()
	p.now = time.Now()
	p.line.Lock()
	packets, tick, reader := p.line.packets, p.line.tick, p.line.reader
	if p.line.closed {
		packets, tick = nil, false
	} else {
		p.line.packets, p.line.spare, p.line.tick = p.line.spare[:0], nil, false
	}
	p.line.Unlock()
	if tick {
		p.tell.armed = time.Time{}
	}
	if reader != p.bound {
		p.rebind(reader)
	}
	for _, w := range packets {
		p.receive(w.buf[:w.n], w.from, w.at)
		waitingPool.Put(w.buf)
	}
	if len(packets) > 0 || tick {
		p.talk(time.Now())
	}
	clear(packets)
	p.line.Lock()
	defer p.line.Unlock()
	if cap(packets) <= keptLine { // who has sent a lot may be silent from now on
		p.line.spare = packets[:0]
	}
	now := time.Now()
	if now.Sub(p.now) >= briefFor {
		p.line.slow = now.Add(slowFor)
	}
	p.line.brief = now.After(p.line.slow)
	if !p.line.closed && (len(p.line.packets) > 0 || p.line.tick) {
		return true
	}
	p.line.taken = false
	p.conn.work.Done()
	return false
}
