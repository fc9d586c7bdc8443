package transport

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	pionsrtp "github.com/pion/srtp/v3"

	"incamera/sfu/transport/rtcpx"
	"incamera/sfu/transport/session"
	"incamera/sfu/transport/srtp"
	"incamera/sfu/transport/stun"
	"incamera/sfu/transport/udp"
)

const (
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

// A conn is a subscribe connection: an ICE-lite agent, a DTLS server, and the
// keys that come of them.
//
// It goes through these steps: a verified check makes a path and begins the
// handshake; the certificate of that is compared with the offer's fingerprints;
// then there are keys, and packets can be sent, until the client says goodbye
// or is silent for too long.
type conn struct {
	// Static after construction.
	t      *Transport
	events SubscriberEvents
	out    *outgoing
	said   func(ssrc uint32, f Feedback) // called while reading is held; f is valid during the call
	inbox  *inbox                        // DTLS packets
	life   context.Context
	end    context.CancelFunc
	work   sync.WaitGroup
	silent *time.Timer

	reading sync.Mutex // held by who takes what came; before mu

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

	server atomic.Pointer[dtls.Conn] // nil before the handshake
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
	rtp *srtp.Keys

	mu sync.Mutex
	// Guarded by mu.
	out *pionsrtp.Context // RTCP that we send

	// Guarded by the connection's reading.
	in      *pionsrtp.Context // RTCP that we receive
	buf     []byte
	missing [maxMissing]uint16
}

// maxMissing bounds how many packets one NACK asks for; the others are asked
// for again.
const maxMissing = 128

func newConn(t *Transport, events SubscriberEvents, said func(ssrc uint32, f Feedback)) *conn {
	c := &conn{t: t, events: events, out: newOutgoing(), said: said}
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
		c.credentials = slices.Delete(c.credentials, 0, 1)
	}
	c.t.demux.addUfrag(own.ufrag, c)
	return own, nil
}

// check takes a connectivity check. Safe for concurrent use.
func (c *conn) check(r *stun.Request, from netip.AddrPort) {
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
// or by that of a tunnel.
func (c *conn) receive(b []byte, from netip.AddrPort) {
	c.reading.Lock()
	defer c.reading.Unlock()
	switch {
	case len(b) > 0 && b[0] >= 20 && b[0] <= 63: // DTLS (RFC 7983)
		c.inbox.put(b)
	case rtcpx.IsRTCP(b):
		if k := c.keys.Load(); k == nil || !c.feedback(k, b) {
			c.t.garbage.Add(1)
			return
		}
		c.heardOn(from, time.Now())
	default:
		c.t.garbage.Add(1)
	}
}

// heardOn notes that something verified came on a path.
func (c *conn) heardOn(from netip.AddrPort, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.paths {
		if p.addr == from {
			p.heard = now
		}
	}
}

// feedback carries out what an RTCP packet says, and reports whether it is the
// client's.
func (c *conn) feedback(k *keys, b []byte) bool {
	plain, err := k.in.DecryptRTCP(k.buf[:0], b, nil)
	if err != nil {
		return false
	}
	k.buf = plain
	now := time.Now()
	c.heard.Store(now.UnixNano())
	for p, rest, ok := rtcpx.Next(plain); ok; p, rest, ok = rtcpx.Next(rest) {
		p.KeyFrame(func(ssrc uint32) { c.said(ssrc, Feedback{KeyFrame: true}) })
		if ssrc, missing, ok := p.Missing(k.missing[:0]); ok {
			c.said(ssrc, Feedback{Missing: missing})
		}
		if c.out.hears(p, now) && c.out.moved() {
			c.events.Moved()
		}
	}
	return true
}

// drain sends what was held back and is due, and reports whether there is more
// to come. It runs on the pacing goroutine.
func (c *conn) drain(b *udp.Batch, now time.Time) (more bool) {
	lacking, more := c.out.drain(b, c, now)
	if lacking > 0 {
		c.events.Fill(b, lacking, now)
	}
	return more
}

// handshake runs the DTLS server until the connection ends.
func (c *conn) handshake() {
	server, err := dtls.ServerWithOptions(c.inbox, anybody,
		dtls.WithCertificates(c.t.certificate),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerify(true),      // nobody has signed it: its fingerprint is compared below
		dtls.WithInsecureSkipVerifyHello(true), // the address has been proved
	)
	if err == nil {
		err = c.secure(server)
	}
	if err != nil {
		if c.life.Err() == nil {
			c.events.Lost("the media connection could not be secured")
		}
		return
	}
	buf := make([]byte, 2048)
	for err == nil {
		_, err = server.Read(buf)
	}
	// The client said goodbye, or we do. Its owner hears of that by signaling.
	c.keys.Store(nil)
	_ = server.Close()
}

// secure completes the handshake and takes the keys, if the client is who the
// offer says.
func (c *conn) secure(server *dtls.Conn) (err error) {
	defer func() {
		if err != nil {
			_ = server.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(c.life, c.t.lostAfter)
	defer cancel()
	if err = server.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("transport: DTLS: %w", err)
	}
	state, ok := server.ConnectionState()
	if !ok || len(state.PeerCertificates) == 0 || !c.known(state.PeerCertificates[0]) {
		return errors.New("transport: DTLS: the client's certificate is not the offer's")
	}
	chosen, _ := server.SelectedSRTPProtectionProfile()
	profile, theirs := srtp.AEADAES128GCM, pionsrtp.ProtectionProfileAeadAes128Gcm
	switch chosen {
	case dtls.SRTP_AEAD_AES_128_GCM:
	case dtls.SRTP_AES128_CM_HMAC_SHA1_80:
		profile, theirs = srtp.AESCM128HMACSHA180, pionsrtp.ProtectionProfileAes128CmHmacSha1_80
	default:
		return errors.New("transport: DTLS: no SRTP profile in common")
	}
	cfg := pionsrtp.Config{Profile: theirs}
	if err = cfg.ExtractSessionKeysFromDTLS(&state, false); err != nil {
		return fmt.Errorf("transport: SRTP keys: %w", err)
	}
	k := &keys{buf: make([]byte, 0, 2048)}
	if k.rtp, err = srtp.New(profile, cfg.Keys.LocalMasterKey, cfg.Keys.LocalMasterSalt); err != nil {
		return err
	}
	if k.out, err = pionsrtp.CreateContext(cfg.Keys.LocalMasterKey, cfg.Keys.LocalMasterSalt, theirs); err != nil {
		return fmt.Errorf("transport: SRTCP keys: %w", err)
	}
	// 64 is the least that RFC 3711 §3.3.2 asks for.
	if k.in, err = pionsrtp.CreateContext(cfg.Keys.RemoteMasterKey, cfg.Keys.RemoteMasterSalt, theirs, pionsrtp.SRTCPReplayProtection(64)); err != nil {
		return fmt.Errorf("transport: SRTCP keys: %w", err)
	}
	c.server.Store(server)
	if c.life.Err() != nil {
		return errors.New("transport: DTLS: the connection is closed") // by who has not seen the server
	}
	c.keys.Store(k)
	return nil
}

func (c *conn) writeDTLS(b []byte) error {
	dest := c.dest.Load()
	if dest == nil {
		return errNotReady
	}
	c.send(dest, b)
	return nil
}

// send sends one packet.
func (c *conn) send(dest *udp.Dest, p []byte) {
	b := c.t.demux.Batch()
	copy(b.Reserve(dest, len(p)), p)
	b.Send()
}

// known reports whether a certificate has a fingerprint of the offer.
func (c *conn) known(certificate []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.fingerprints, func(f session.Fingerprint) bool { return matches(f, certificate) })
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
func (c *conn) writeRTCP(packets []rtcp.Packet) error {
	k, dest := c.keys.Load(), c.dest.Load()
	if k == nil || dest == nil {
		return errNotReady
	}
	plain, err := rtcp.Marshal(packets)
	if err != nil {
		return err
	}
	k.mu.Lock()
	sealed, err := k.out.EncryptRTCP(nil, plain, nil)
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
	if server := c.server.Load(); server != nil {
		_ = server.Close() // it says goodbye
	}
	_ = c.inbox.Close()
	c.work.Wait()
}
