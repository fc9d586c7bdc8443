package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// What systemd is told (sd_notify(3)).
const (
	notifyReady     = "READY=1"
	notifyReloading = "RELOADING=1"
	notifyStopping  = "STOPPING=1"
)

// notifySystemd sends one state to the service manager, if one asked for it.
// That it cannot be reached harms nobody but itself.
func notifySystemd(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // a leading @ is the abstract name space, here as there
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }() // a datagram is out or lost by then
	_, _ = conn.Write([]byte(state))
}

// activated are sockets that systemd opened for this process; both or none.
type activated struct {
	tcp net.Listener
	udp *net.UDPConn
}

// firstPassed is the number of the first file that systemd passes on
// (sd_listen_fds(3)).
const firstPassed = 3

// passedSockets takes over the sockets of a socket unit: one TCP and one UDP of
// the same port. Without a socket unit both are nil. It is to be called once,
// before anything else is opened.
func passedSockets() (activated, error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // they are not for children
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return activated{}, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > 16 {
		return activated{}, fmt.Errorf("taking the sockets of systemd: LISTEN_FDS is %q", count)
	}
	var a activated
	for fd := firstPassed; fd < firstPassed+n; fd++ {
		if err := a.take(fd); err != nil {
			return activated{}, fmt.Errorf("taking the sockets of systemd: %w", err)
		}
	}
	switch {
	case a.tcp == nil && a.udp == nil:
		return a, nil
	case a.tcp == nil || a.udp == nil:
		return activated{}, errors.New("taking the sockets of systemd: want one TCP and one UDP socket; give the socket unit ListenStream= and ListenDatagram= with one number")
	}
	udp, ok := a.udp.LocalAddr().(*net.UDPAddr)
	if !ok || udp.AddrPort().Port() != portOf(a.tcp) {
		return activated{}, fmt.Errorf("taking the sockets of systemd: TCP port %d and UDP port %d differ; give ListenStream= and ListenDatagram= one number", portOf(a.tcp), udp.Port)
	}
	return a, nil
}

func (a *activated) take(fd int) error {
	syscall.CloseOnExec(fd)
	kind, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return fmt.Errorf("file %d is no socket: %w", fd, err)
	}
	f := os.NewFile(uintptr(fd), "socket of systemd")
	defer func() { _ = f.Close() }() // net has a duplicate
	switch kind {
	case syscall.SOCK_STREAM:
		l, err := net.FileListener(f)
		if err != nil {
			return fmt.Errorf("file %d: %w", fd, err)
		}
		if _, ok := l.Addr().(*net.TCPAddr); !ok || a.tcp != nil {
			return fmt.Errorf("file %d (%v): want one TCP socket", fd, l.Addr())
		}
		a.tcp = l
	case syscall.SOCK_DGRAM:
		p, err := net.FilePacketConn(f)
		if err != nil {
			return fmt.Errorf("file %d: %w", fd, err)
		}
		u, ok := p.(*net.UDPConn)
		if !ok || a.udp != nil {
			return fmt.Errorf("file %d (%v): want one UDP socket", fd, p.LocalAddr())
		}
		a.udp = u
	default:
		return fmt.Errorf("file %d is a socket of type %d, want TCP or UDP", fd, kind)
	}
	return nil
}
