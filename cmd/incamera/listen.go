package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// portTries is how often a free number is looked for that both protocols have.
const portTries = 50

// listenBoth opens TCP at addr, and media by openMedia at the same number. With
// port 0 it picks one that is free for both.
func listenBoth[M any](addr netip.AddrPort, openMedia func(netip.AddrPort) (M, error)) (net.Listener, M, error) {
	var none M
	for try := 1; ; try++ {
		tcp, err := net.Listen("tcp", addr.String())
		if err != nil {
			return nil, none, listenError("TCP", addr, err)
		}
		both := netip.AddrPortFrom(addr.Addr(), portOf(tcp))
		media, err := openMedia(both)
		if err == nil {
			return tcp, media, nil
		}
		_ = tcp.Close() // nobody has connected yet
		if addr.Port() != 0 || !errors.Is(err, syscall.EADDRINUSE) || try == portTries {
			return nil, none, listenError("UDP", both, err)
		}
	}
}

// listenError says what to do about it.
func listenError(protocol string, addr netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s %s: another program uses it, maybe another incamera. "+
			"Stop that, or choose another port with --listen %s", protocol, addr, netip.AddrPortFrom(addr.Addr(), addr.Port()+1))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %s %s: ports below 1024 need a privilege. "+
			"Allow it (setcap cap_net_bind_service=+ep on this program), or choose a higher port with --listen", protocol, addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %s %s: this machine does not have that address. "+
			"Give one that it has with --listen, or 0.0.0.0 for all", protocol, addr)
	}
	return fmt.Errorf("cannot listen on %s %s: %w", protocol, addr, err)
}

func portOf(l net.Listener) uint16 {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		panic("incamera: internal error: not a TCP listener")
	}
	return addr.AddrPort().Port()
}

// publicAddresses are those at which browsers reach this server, where they are
// not the ones that it listens on.
func publicAddresses(c *Config) []netip.Addr {
	var list []netip.Addr
	for _, text := range c.Advertise {
		list = append(list, netip.MustParseAddr(text)) // check has parsed it
	}
	return list
}

// readyURL is where people on this machine find the page, or, behind TLS, where
// others do.
func readyURL(c *Config, host netip.Addr, port uint16) string {
	scheme, usual := "http", uint16(80)
	if c.secure() {
		scheme, usual = "https", 443
	}
	name := host.String()
	switch {
	case c.Domain != "":
		name = strings.ToLower(c.Domain)
	case host.IsLoopback():
		name = "localhost"
	case host.IsUnspecified() && len(c.Advertise) > 0:
		name = c.Advertise[0]
	case host.IsUnspecified():
		name = "localhost"
	}
	if a, err := netip.ParseAddr(name); err == nil && a.Is6() {
		name = "[" + name + "]"
	}
	if port == usual {
		return scheme + "://" + name
	}
	return fmt.Sprintf("%s://%s:%d", scheme, name, port)
}
