package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pion/dtls/v3"

	"incamera/sfu/transport/session"
	"incamera/sfu/transport/srtp"
)

// restsAfter is how long the DTLS server of a connection goes on after the
// handshake. Longer, and those who come at once cost the memory of it for longer;
// shorter, and it is made again for what the network has delayed.
const restsAfter = 2 * time.Second

// handshake runs the DTLS server until the connection ends.
func (c *conn) handshake() {
	defer c.guard()
	c.reading.Lock()
	in := c.inbox
	c.reading.Unlock()
	server, err := dtls.ServerWithOptions(in, anybody,
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
	c.serve(server, in)
}

// serve reads until the client or we say goodbye, or the server is to rest.
func (c *conn) serve(server *dtls.Conn, in *inbox) {
	buf := make([]byte, 2048)
	for {
		_ = server.SetReadDeadline(time.Now().Add(c.t.restsAfter)) // it can be set
		_, err := server.Read(buf)
		switch {
		case err == nil: // data, which nobody sends
		case errors.Is(err, context.DeadlineExceeded):
			if c.rest(server, in) {
				return
			}
		default:
			// The client said goodbye, or we do. Its owner hears of that by signaling.
			c.keys.Store(nil)
			_ = server.Close()
			return
		}
	}
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
	profile := srtp.AEADAES128GCM
	switch chosen {
	case dtls.SRTP_AEAD_AES_128_GCM:
	case dtls.SRTP_AES128_CM_HMAC_SHA1_80:
		profile = srtp.AESCM128HMACSHA180
	default:
		return errors.New("transport: DTLS: no SRTP profile in common")
	}
	material, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, profile.MaterialSize()) // RFC 5764 §4.2
	if err != nil {
		return fmt.Errorf("transport: SRTP keys: %w", err)
	}
	theirs, ours := profile.Split(material)
	k := &keys{}
	packets := ours
	if c.publisher != nil {
		packets = theirs
	}
	if k.rtp, err = srtp.New(profile, packets); err != nil {
		return err
	}
	if k.out, err = srtp.NewControl(profile, ours); err != nil {
		return err
	}
	if k.in, err = srtp.NewControl(profile, theirs); err != nil {
		return err
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

// secured fails when no certificate can be proved to be the one of the offer.
func secured(o *session.Offer) error {
	if !slices.ContainsFunc(o.Fingerprints, supported) {
		return errors.New("no fingerprint is of SHA-256, SHA-384 or SHA-512")
	}
	return nil
}

// known reports whether a certificate has a fingerprint of the offer.
func (c *conn) known(certificate []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.fingerprints, func(f session.Fingerprint) bool { return matches(f, certificate) })
}

// handshakeRecord is the type of records of a handshake (RFC 5246 §6.2.1).
const handshakeRecord = 22

// rest lets go of the DTLS server, which has nothing to do between the handshake
// and goodbye, and keeps what it takes to go on: a kilobyte instead of some
// thirty, and no goroutine of four. It reports false, and does nothing, while
// packets are being read.
func (c *conn) rest(server *dtls.Conn, in *inbox) bool {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.life.Err() != nil || !in.idle() {
		return false
	}
	// Nothing goes out after the state is taken: a record's number is a nonce,
	// and those that follow are the heir's. What the old server says when it is
	// closed nobody hears.
	in.mute()
	state, ok := server.ConnectionState()
	if !ok {
		panic("transport: internal error: no state after a handshake")
	}
	state.PeerCertificates = nil // compared already
	c.inbox, c.parked, c.flight = nil, &state, in.last()
	c.server.Store(nil)
	_ = server.Close()
	return true
}

// takeDTLS gives a packet to the DTLS server. It is called while reading is held.
func (c *conn) takeDTLS(b []byte) {
	if c.parked != nil && !c.proved.Load() && b[0] == handshakeRecord {
		// The client repeats its last flight, for it has not seen ours (RFC 6347
		// §4.2.4), or somebody says so. It is sent as it was: sealed again it would
		// need a number, and those that follow are the heir's.
		for _, packet := range c.flight {
			_ = c.writeDTLS(packet) // what is lost of it is asked for again
		}
		return
	}
	if c.parked != nil && c.life.Err() == nil {
		state, in := c.parked, newInbox(c.writeDTLS)
		in.shut = make(chan struct{})
		c.inbox, c.parked = in, nil
		c.work.Go(func() { c.goOn(state, in) })
	}
	if c.inbox != nil {
		c.inbox.put(b)
	}
}

// goOn is the rest of a DTLS server that rested. Packets wait until it is made:
// as long as it does not know that the handshake is complete it believes an alert
// that anybody can write.
func (c *conn) goOn(state *dtls.State, in *inbox) {
	server, err := resume(state, in)
	if err == nil {
		close(in.shut)
		c.server.Store(server)
		if c.life.Err() == nil {
			c.serve(server, in)
			return
		}
		_ = server.Close() // by who has seen the connection closed, but not the server
		return
	}
	if c.life.Err() == nil {
		c.keys.Store(nil) // no goodbye could end it
		c.events.Lost("the media connection could not be secured any more")
	}
}

func resume(state *dtls.State, in *inbox) (*dtls.Conn, error) {
	server, err := dtls.ResumeWithOptions(state, in, anybody)
	if err == nil {
		err = server.Handshake() // it is complete
	}
	return server, err
}

// goodbye ends the DTLS server, which says so to the client. The connection's
// life is over.
func (c *conn) goodbye() {
	c.reading.Lock()
	state := c.parked
	if state != nil {
		c.inbox, c.parked = newInbox(c.writeDTLS), nil
	}
	in := c.inbox
	c.reading.Unlock()
	if state != nil {
		if server, err := resume(state, in); err == nil {
			_ = server.Close()
		}
	} else if server := c.server.Load(); server != nil {
		_ = server.Close()
	}
	_ = in.Close()
}
