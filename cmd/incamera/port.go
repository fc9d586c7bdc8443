package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"incamera/sfu/transport/sniff"
)

const (
	// helloTime is how long a connection may take to say what it is, TLS
	// included. Longer helps who opens many and says nothing.
	helloTime = 10 * time.Second
	// maxHellos is how many connections may be at that. More are closed at once:
	// each costs a few KiB and a descriptor.
	maxHellos = 4096
)

// Protocols in TLS (ALPN).
const (
	alpnTURN = "stun.turn"  // RFC 7443
	alpnACME = "acme-tls/1" // RFC 8737: the handshake is all there is of it
)

// pagesALPN are those of pages, the preferred first.
var pagesALPN = []string{"h2", "http/1.1"}

// A port is the TCP side of the one port number: it tells by their first bytes
// what connections are, and hands them on. It is the listener of the HTTP
// server; the other kinds end with the media plane.
type port struct {
	// Static after construction.
	listener net.Listener
	tls      *tls.Config     // nil: there is none
	media    func(net.Conn)  // serves ICE over TCP until it is over; nil: nobody does
	relay    func(net.Conn)  // takes a connection of TURN over; nil: nobody does
	pages    chan net.Conn   // those of HTTP
	hellos   chan struct{}   // a slot for each connection that has not said what it is
	life     context.Context // done once nothing is accepted any more; its cause says why
	end      context.CancelCauseFunc
	closed   func() error // closes it, once

	work sync.WaitGroup
}

// newPort begins to accept.
func newPort(l net.Listener, config *tls.Config, media, relay func(net.Conn)) *port {
	p := &port{
		listener: l, tls: config, media: media, relay: relay,
		pages: make(chan net.Conn), hellos: make(chan struct{}, maxHellos),
	}
	p.life, p.end = context.WithCancelCause(context.Background())
	p.closed = sync.OnceValue(func() error {
		p.end(net.ErrClosed)
		return p.listener.Close()
	})
	p.work.Go(p.run)
	return p
}

// run accepts until the listener fails or is closed.
func (p *port) run() {
	pause := 5 * time.Millisecond
	for {
		conn, err := p.listener.Accept()
		if temporary(err) { // no descriptors are left, for one
			select {
			case <-time.After(pause):
				pause = min(2*pause, time.Second)
				continue
			case <-p.life.Done():
				return
			}
		}
		if err != nil {
			p.end(err)
			return
		}
		pause = 5 * time.Millisecond
		select {
		case p.hellos <- struct{}{}:
			p.work.Go(func() {
				if serve, c := p.tell(conn); serve != nil {
					serve(c) // with a stack that what tells is not on any more
				}
			})
		default:
			_ = conn.Close() // too many say nothing
		}
	}
}

func temporary(err error) bool {
	var ne interface{ Temporary() bool }
	return errors.As(err, &ne) && ne.Temporary()
}

// Accept implements [net.Listener] for pages.
func (p *port) Accept() (net.Conn, error) {
	select {
	case conn := <-p.pages:
		return conn, nil
	case <-p.life.Done():
		return nil, context.Cause(p.life)
	}
}

// Close implements [net.Listener]. Connections that have been handed on stay.
// Who serves closes it, too, when it ends: later calls are told what the first
// was. Safe for concurrent use.
func (p *port) Close() error { return p.closed() }

// Addr implements [net.Listener].
func (p *port) Addr() net.Addr { return p.listener.Addr() }

// wait returns when no connection is asked any more what it is, and none is of
// media.
func (p *port) wait() { p.work.Wait() }

// tell finds out what a connection is, and hands it on, or returns who is to serve it.
func (p *port) tell(conn net.Conn) (serve func(net.Conn), _ net.Conn) {
	handed := false
	asking := true
	asked := func() {
		if asking {
			<-p.hellos
			asking = false
		}
	}
	stop := context.AfterFunc(p.life, func() { _ = conn.Close() }) // nobody waits for who says nothing
	defer func() {
		stop()
		asked()
		if !handed {
			_ = conn.Close()
		}
	}()
	if conn.SetDeadline(time.Now().Add(helloTime)) != nil {
		return nil, nil
	}
	what, c, err := peek(conn)
	if err != nil {
		return nil, nil
	}
	if what == sniff.TLS {
		if p.tls == nil {
			return nil, nil
		}
		if what, c, err = p.inside(c); err != nil {
			return nil, nil
		}
	} else if what == sniff.HTTP && p.tls != nil {
		// By hand: it is one line, for who has typed the wrong scheme.
		_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThis is https: begin the address with https://\n")
		return nil, nil
	}
	if !stop() || conn.SetDeadline(time.Time{}) != nil {
		return nil, nil
	}
	asked()
	switch {
	case what == sniff.HTTP:
		select {
		case p.pages <- c:
			handed = true
		case <-p.life.Done():
		}
	case what == sniff.ICE && p.media != nil:
		handed = true
		return p.media, c
	case what == sniff.TURN && p.relay != nil:
		handed = true
		return p.relay, c
	}
	return nil, nil
}

// inside opens TLS, and tells what is in it: by ALPN, or by its first bytes
// where the client names no protocol, as browsers do for TURN.
func (p *port) inside(conn net.Conn) (sniff.Kind, net.Conn, error) {
	c := tls.Server(conn, p.tls)
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(helloTime))
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		return sniff.Unknown, nil, err
	}
	switch alpn := c.ConnectionState().NegotiatedProtocol; {
	case slices.Contains(pagesALPN, alpn):
		return sniff.HTTP, c, nil // as itself: the HTTP server asks it for its protocol
	case alpn == alpnTURN:
		return sniff.TURN, c, nil
	case alpn == alpnACME:
		return sniff.Unknown, c, nil
	}
	what, inner, err := peek(c)
	if peeked, ok := inner.(*peekedConn); ok {
		inner = &peekedTLS{*peeked, c}
	}
	return what, inner, err
}

// peek reads until it is clear what a connection is, and returns one from which
// that can be read again.
func peek(conn net.Conn) (sniff.Kind, net.Conn, error) {
	buf := make([]byte, 0, sniff.Need)
	for {
		n, err := conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if what, more := sniff.Stream(buf); !more {
			return what, &peekedConn{conn, buf}, nil
		}
		if err != nil {
			return sniff.Unknown, nil, err
		}
	}
}

// A peekedConn is a connection of which some was read already.
type peekedConn struct {
	net.Conn
	peeked []byte // owned by who reads
}

// NetConn returns the connection beneath, as that of TLS does.
func (c *peekedConn) NetConn() net.Conn { return c.Conn }

func (c *peekedConn) Read(b []byte) (int, error) {
	if len(c.peeked) > 0 {
		n := copy(b, c.peeked)
		c.peeked = c.peeked[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// A peekedTLS says of TLS what the HTTP server asks.
type peekedTLS struct {
	peekedConn
	tls *tls.Conn
}

// ConnectionState is asked for by the HTTP server.
func (c *peekedTLS) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
