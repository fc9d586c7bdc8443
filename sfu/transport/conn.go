package transport

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"

	"incamera/sfu/transport/rtcpx"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/srtp"
	"incamera/sfu/transport/stun"
	"incamera/sfu/transport/udp"
)

const (
	// silentFor is for how long nothing must have come from where a client was
	// before media follows it to where its checks come from now. Shorter, and a
	// pause in a working path has media jump between two; longer, and pictures
	// stand still for longer when a client changes networks or its NAT forgets it.
	silentFor = 1500 * time.Millisecond
	// maxPaths is from how many addresses a client may be reached at once, all
	// of them proved by its password. A browser tries one for each of its
	// networks; more than that only costs memory.
	maxPaths = 8
	// nominationHolds is for how long a nominated path is preferred to one of
	// lower priority that is nominated later. Some clients nominate each path
	// that works while they choose; the one that they have left for a worse one is
	// not nominated again, and browsers repeat nominations every 2.5 s at least.
	nominationHolds = 4 * time.Second
	// restartKeeps is how many username fragments a connection has: those before
	// an ICE restart stay valid until the client uses the new ones.
	restartKeeps = 2
)

// A conn is a publish or a subscribe connection: an ICE-lite agent, a DTLS
// server, and the keys that come of them.
//
// It goes through these steps: a verified check makes a path and begins the
// handshake; the certificate of that is compared with the offer's fingerprints;
// then there are keys, and packets can be sent, until the client says goodbye
// or is silent for too long.
type conn struct {
	// Static after construction.
	t      *Transport
	events SubscriberEvents

	publisher *Publisher // nil when we send

	out    *outgoing                     // nil when we receive
	said   func(ssrc uint32, f Feedback) // f is valid during the call
	life   context.Context
	end    context.CancelFunc
	work   sync.WaitGroup
	silent *time.Timer

	reading sync.Mutex // held by who takes what came; before mu
	// Guarded by reading.
	inbox  *inbox      // DTLS packets; nil: none are taken
	parked *dtls.State // of a DTLS server that rests; nil: it does not
	flight [][]byte    // the last of its handshake, for a client that has not shown to have it

	mu sync.Mutex
	// Guarded by mu.
	closed       bool
	credentials  []credentials // the latest is the last
	fingerprints []session.Fingerprint
	paths        []*path
	begun        bool // the handshake

	// Atomic.
	dest  atomic.Pointer[udp.Dest] // nil before the first path
	keys  atomic.Pointer[keys]     // nil before the handshake and after the end
	heard atomic.Int64             // Unix ns: when something verified came

	proved atomic.Bool               // the client has the keys: something came under them
	server atomic.Pointer[dtls.Conn] // nil before the handshake, and while it rests
}

// credentials are ours of one ICE generation.
type credentials struct{ ufrag, password, remote string }

// A path is an address from which the client has proved its password.
type path struct {
	addr      netip.AddrPort
	dest      *udp.Dest
	priority  uint32    // that of the candidate from which it came
	heard     time.Time // latest check, or other verified packet
	nominated time.Time // latest nomination; zero: none
	selected  bool
}

// keys are what DTLS has agreed on.
type keys struct {
	rtp *srtp.Keys // of the packets that we send, or receive

	mu sync.Mutex
	// Guarded by mu.
	out *srtp.Control // RTCP that we send

	// Guarded by the connection's reading, or owned by who has taken the publisher's line.
	in *srtp.Control // RTCP that we receive
}

// A scratch is for reading or writing RTCP packets.
type scratch struct {
	plain   []byte
	missing [maxMissing]uint16
}

var scratches = sync.Pool{New: func() any { return &scratch{plain: make([]byte, 0, 2048)} }}

// maxMissing bounds how many packets one NACK asks for; the others are asked
// for again.
const maxMissing = 128

func newConn(t *Transport, events SubscriberEvents, said func(ssrc uint32, f Feedback)) *conn {
	c := &conn{t: t, events: events, said: said}
	c.inbox = newInbox(c.writeDTLS)
	c.life, c.end = context.WithCancel(context.Background())
	c.heard.Store(time.Now().UnixNano())
	c.silent = time.AfterFunc(t.lostAfter, c.listen)
	return c
}

// offered takes what an offer says of the client, and returns our credentials:
// new ones when the client's are new (an ICE restart).
func (c *conn) offered(o *session.Offer) (credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return credentials{}, errors.New("transport: the connection is closed")
	}
	c.fingerprints = o.Fingerprints
	remote := o.Ufrag + ":" + o.Password
	if n := len(c.credentials); n > 0 && c.credentials[n-1].remote == remote {
		return c.credentials[n-1], nil
	}
	// 130 bits each; 24 and 128 are asked for (RFC 8445 §5.3).
	own := credentials{ufrag: rand.Text(), password: rand.Text(), remote: remote}
	c.credentials = append(c.credentials, own)
	if len(c.credentials) > restartKeeps {
		c.t.demux.removeUfrag(c.credentials[0].ufrag)
		c.credentials = slices.Delete(c.credentials, 0, 1)
	}
	c.t.demux.addUfrag(own.ufrag, c)
	return own, nil
}

// check takes a connectivity check. Safe for concurrent use.
func (c *conn) check(r *stun.Request, from netip.AddrPort) {
	defer c.guard()
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.credentials, func(own credentials) bool { return own.ufrag == string(r.Local) })
	if c.closed || i < 0 || !r.Verify(c.credentials[i].password) {
		c.t.garbage.Add(1)
		return
	}
	c.heard.Store(now.UnixNano())
	c.t.demux.answer(r, from, c.credentials[i].password)
	p := c.path(from, now)
	p.priority = r.Priority
	if r.UseCandidate && !c.t.demux.Leads(p.dest, from) { // it has chosen another address of ours
		p.dest = c.t.demux.Dest(from)
		if p.selected {
			c.dest.Store(p.dest)
		}
	}
	c.choose(p, r.UseCandidate, now)
	if !c.begun {
		c.begun = true
		c.work.Go(c.handshake)
	}
}

// path returns the path from an address, a new one in the place of the one that
// is silent for longest.
func (c *conn) path(from netip.AddrPort, now time.Time) *path {
	for _, p := range c.paths {
		if p.addr == from {
			p.heard = now
			c.t.demux.keepAddr(from, c)
			return p
		}
	}
	if len(c.paths) == maxPaths {
		oldest := -1
		for i, p := range c.paths {
			if !p.selected && (oldest < 0 || p.heard.Before(c.paths[oldest].heard)) {
				oldest = i
			}
		}
		c.t.demux.removeAddr(c.paths[oldest].addr, c)
		c.paths = slices.Delete(c.paths, oldest, oldest+1)
	}
	p := &path{addr: from, dest: c.t.demux.Dest(from), heard: now}
	c.paths = append(c.paths, p)
	c.t.demux.addAddr(from, c)
	return p
}

// choose sends on that path from now on, if it is to be: the first is better
// than none, a nominated one than one that is not, and any on which something
// comes than one that has become silent: the client has moved, or its NAT has
// forgotten it, and some clients nominate only once. Less must not move media:
// checks can be replayed.
func (c *conn) choose(p *path, nominated bool, now time.Time) {
	if nominated {
		p.nominated = now
	}
	var current *path
	for _, q := range c.paths {
		if q.selected {
			current = q
		}
	}
	switch {
	case current == p:
		return
	case current == nil:
	case now.Sub(current.heard) >= silentFor:
	case !nominated:
		return
	case p.priority < current.priority && !current.nominated.IsZero() && now.Sub(current.nominated) < nominationHolds:
		return
	}
	if current != nil {
		current.selected = false
	}
	p.selected = true
	c.dest.Store(p.dest)
}

// receive takes a packet that came on one of the paths: by the port's reader,
// or by that of a tunnel. It returns the publisher whose line has to be taken, if
// there is one.
func (c *conn) receive(b []byte, from netip.AddrPort, now time.Time) *Publisher {
	defer c.guard()
	c.reading.Lock()
	defer c.reading.Unlock()
	switch {
	case len(b) > 0 && b[0] >= 20 && b[0] <= 63: // DTLS (RFC 7983)
		c.takeDTLS(b)
	case c.publisher != nil:
		if c.publisher.put(b, from, now) {
			return c.publisher
		}
	case rtcpx.IsRTCP(b):
		if k := c.keys.Load(); k == nil || !c.feedback(k, b) {
			c.t.garbage.Add(1)
			break
		}
		c.heardOn(from, now)
	default:
		c.t.garbage.Add(1)
	}
	return nil
}

// heardOn notes that something verified came on a path.
func (c *conn) heardOn(from netip.AddrPort, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.paths {
		if p.addr == from && now.After(p.heard) {
			p.heard = now
		}
	}
}

// feedback carries out what an RTCP packet says, and reports whether it is the
// client's.
func (c *conn) feedback(k *keys, b []byte) bool {
	plain, ok := k.in.Open(b)
	if !ok {
		return false
	}
	use := scratches.Get().(*scratch) //nolint:forcetypeassert,errcheck // it holds nothing else
	defer scratches.Put(use)
	now := time.Now()
	c.heard.Store(now.UnixNano())
	c.proved.Store(true)
	for p, rest, ok := rtcpx.Next(plain); ok; p, rest, ok = rtcpx.Next(rest) {
		p.KeyFrame(func(ssrc uint32) { c.said(ssrc, Feedback{KeyFrame: true}) })
		if ssrc, missing, ok := p.Missing(use.missing[:0]); ok {
			c.said(ssrc, Feedback{Missing: missing})
		}
		if how := c.out.hears(p, now); how != silent {
			c.t.told[how].Add(1)
			if c.out.moved() {
				c.events.Moved()
			}
		}
	}
	return true
}

// drain sends what was held back and is due, and reports whether there is more
// to come. It runs on the pacing goroutine. Where it is not whole the batch must not
// be sent.
func (c *conn) drain(b *udp.Batch, now time.Time) (more, whole bool) {
	defer c.guard()
	lacking, more := c.out.drain(b, c, now)
	if lacking > 0 {
		c.events.Fill(b, lacking, now)
	}
	return more, true
}

// send sends one packet.
func (c *conn) send(dest *udp.Dest, p []byte) {
	b := c.t.demux.Batch()
	copy(b.Reserve(dest, len(p)), p)
	b.Send()
}

// listen ends the connection when it is silent for too long.
func (c *conn) listen() {
	silence := time.Since(time.Unix(0, c.heard.Load()))
	if wait := c.t.lostAfter - silence; wait > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed {
			c.silent.Reset(wait)
		}
		return
	}
	if c.life.Err() == nil {
		c.events.Lost("the media connection broke")
	}
}

// writeRTCP seals and sends a compound packet.
func (c *conn) writeRTCP(plain []byte) error {
	k, dest := c.keys.Load(), c.dest.Load()
	if k == nil || dest == nil {
		return errNotReady
	}
	use := scratches.Get().(*scratch) //nolint:forcetypeassert,errcheck // it holds nothing else
	defer scratches.Put(use)
	k.mu.Lock()
	sealed, err := k.out.Seal(use.plain[:0], plain)
	k.mu.Unlock()
	if err != nil {
		return err
	}
	c.send(dest, sealed)
	return nil
}

// close ends everything. It returns when no goroutine of the connection is
// left.
func (c *conn) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.silent.Stop()
	c.keys.Store(nil)
	c.t.demux.remove(c)
	c.end()
	c.goodbye()
	c.work.Wait()
}
