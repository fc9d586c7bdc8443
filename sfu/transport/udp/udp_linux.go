package udp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readBatch is how many packets one call receives at most: with more the later
// ones wait for the earlier ones; with fewer a busy port pays for more calls.
const readBatch = 32

// A Conn is a UDP port. Reading is for one goroutine; everything else is safe
// for concurrent use.
type Conn struct {
	// Static after construction.
	fd    int
	local *net.UDPAddr
	v6    bool // the socket's addresses are of IPv6, or mapped
	pool  sync.Pool

	sources *sources // nil: there is one address only

	// Owned by the reader.
	rx reader

	// Held for reading while the descriptor is in use, for writing by Close.
	using  sync.RWMutex
	closed atomic.Bool

	segments atomic.Bool // the kernel takes runs
	totals   totals
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// sockaddrSize is of struct sockaddr_in6, the larger of the two.
const sockaddrSize = unix.SizeofSockaddrInet6

type reader struct {
	msgs    [readBatch]mmsghdr
	iov     [readBatch]unix.Iovec
	names   [readBatch][sockaddrSize]byte
	buf     [readBatch][2048]byte
	control [readBatch]ancillary
	n       int
	last    time.Time // when the latest packet came
}

// Over takes over a socket, such as one that was handed to the process.
func Over(std *net.UDPConn) (*Conn, error) {
	c := &Conn{local: prepare(std), fd: -1}
	err := errors.Join(c.detach(std), std.Close())
	if err == nil {
		err = c.askSources()
	}
	if err != nil {
		if c.fd >= 0 {
			_ = unix.Close(c.fd)
		}
		return nil, fmt.Errorf("udp: taking the socket out of the poller: %w", err)
	}
	for i := range c.rx.msgs {
		h := &c.rx.msgs[i].hdr
		c.rx.iov[i].Base = &c.rx.buf[i][0]
		c.rx.iov[i].SetLen(len(c.rx.buf[i]))
		h.Iov, h.Name = &c.rx.iov[i], &c.rx.names[i][0]
		h.SetIovlen(1)
		h.Control = c.rx.control[i].bytes()
	}
	c.askTimes()
	_, err = unix.GetsockoptInt(c.fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	c.segments.Store(err == nil)
	c.pool.New = func() any { return newBatch(c) }
	return c, nil
}

// detach keeps a descriptor of the socket that Go's poller does not know.
func (c *Conn) detach(std *net.UDPConn) error {
	raw, err := std.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		if c.fd, inner = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); inner != nil {
			c.fd = -1
			return
		}
		var domain int
		domain, inner = unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		c.v6 = domain == unix.AF_INET6
		if inner == nil {
			inner = unix.SetNonblock(c.fd, false)
		}
	})
	return errors.Join(err, inner)
}

// DualStack reports whether the port takes IPv4 and IPv6.
func (c *Conn) DualStack() bool { return c.v6 }

// Receive waits for packets and gives f each of those that have come, which is
// valid during the call, and when it came to this machine, which is not when it
// is read, and never before the one before it. It fails with net.ErrClosed when the port is closed.
func (c *Conn) Receive(f func(b []byte, from netip.AddrPort, at time.Time)) error {
	if err := c.receive(); err != nil {
		return err
	}
	now := time.Now()
	for i := range c.rx.n {
		from, ok := parseSockaddr(c.rx.names[i][:c.rx.msgs[i].hdr.Namelen])
		if !ok {
			continue
		}
		b := c.rx.buf[i][:c.rx.msgs[i].len]
		said, n := &c.rx.control[i], int(c.rx.msgs[i].hdr.Controllen) //nolint:gosec // its type is of the system; at most ancillarySpace
		if c.sources != nil {
			c.sources.note(b, said, n, from)
		}
		if at := said.arrived(n, now); at.After(c.rx.last) { // time goes on, even where somebody sets a clock
			c.rx.last = at
		}
		f(b, from, c.rx.last)
	}
	return nil
}

// receive waits for packets.
func (c *Conn) receive() error {
	c.using.RLock()
	defer c.using.RUnlock()
	if c.closed.Load() {
		return net.ErrClosed
	}
	c.rx.n = 0
	for i := range c.rx.msgs {
		h := &c.rx.msgs[i].hdr
		h.Namelen = sockaddrSize
		h.SetControllen(ancillarySpace)
	}
	n, _, errno := syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&c.rx.msgs[0])), readBatch, unix.MSG_WAITFORONE, 0, 0)
	switch {
	case c.closed.Load():
		return net.ErrClosed
	case errno == unix.EINTR, errno == unix.ECONNREFUSED: // the latter is of an earlier send
		return nil
	case errno != 0:
		return fmt.Errorf("udp: receiving: %w", errno)
	}
	c.rx.n = int(n)
	return nil
}

// WriteToAddrPort sends one packet. What the kernel does not take at once is
// lost, as anything else on a network.
func (c *Conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	var d Dest
	c.fill(&d, to)
	if errno := c.sendto(b, &d); errno != 0 {
		return 0, os.NewSyscallError("sendto", errno)
	}
	return len(b), nil
}

func (c *Conn) sendto(b []byte, d *Dest) syscall.Errno {
	if len(b) == 0 {
		return unix.EINVAL
	}
	c.using.RLock()
	defer c.using.RUnlock()
	if c.closed.Load() {
		return unix.EBADF
	}
	for {
		errno := c.sendOne(b, d)
		if errno == unix.EINTR {
			continue
		}
		if errno == 0 {
			c.totals.packets.Add(1)
			c.totals.runs.Add(1)
		} else {
			c.totals.dropped.Add(1)
		}
		return errno
	}
}

// sendOne is one call of the kernel, with the descriptor in use.
func (c *Conn) sendOne(b []byte, d *Dest) (errno syscall.Errno) {
	if d.source.n == 0 {
		_, _, errno = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
			unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&d.name[0])), uintptr(d.len))
		return errno
	}
	iov := unix.Iovec{Base: &b[0]}
	iov.SetLen(len(b))
	h := unix.Msghdr{Name: &d.name[0], Namelen: d.len, Iov: &iov, Control: d.source.bytes()}
	h.SetIovlen(1)
	h.SetControllen(d.source.n)
	_, _, errno = syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&h)), unix.MSG_DONTWAIT)
	return errno
}

// Close frees the port and ends reading. It waits for calls under way.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	// It says "not connected", and wakes the reader nevertheless.
	_ = unix.Shutdown(c.fd, unix.SHUT_RDWR)
	c.using.Lock()
	defer c.using.Unlock()
	return os.NewSyscallError("close", unix.Close(c.fd))
}

// A Dest is where packets go, in the kernel's form. Safe for concurrent use.
type Dest struct {
	name  [sockaddrSize]byte
	len   uint32
	plain atomic.Bool // runs do not pass, by the size of the path's packets

	source source // from which of our addresses

	through func(packet []byte) // not nil: packets go by this instead
}

// Through returns a destination that is reached by other means than the port:
// send is called for each of its packets, which it must copy, and must not
// block.
func Through(send func(packet []byte)) *Dest { return &Dest{through: send} }

// Dest returns the destination for an address.
func (c *Conn) Dest(to netip.AddrPort) *Dest {
	d := new(Dest)
	c.fill(d, to)
	return d
}

func (c *Conn) fill(d *Dest, to netip.AddrPort) {
	d.source = c.sources.of(to)
	binary.BigEndian.PutUint16(d.name[2:], to.Port())
	if !c.v6 {
		binary.NativeEndian.PutUint16(d.name[:], unix.AF_INET)
		a := to.Addr().Unmap()
		if a.Is4() {
			a4 := a.As4()
			copy(d.name[4:], a4[:])
		}
		d.len = unix.SizeofSockaddrInet4
		return
	}
	binary.NativeEndian.PutUint16(d.name[:], unix.AF_INET6)
	a := to.Addr().As16()
	copy(d.name[8:], a[:])
	if zone := to.Addr().Zone(); zone != "" {
		binary.NativeEndian.PutUint32(d.name[24:], zoneIndex(zone))
	}
	d.len = unix.SizeofSockaddrInet6
}

func zoneIndex(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// parseSockaddr reads an address of the kernel, those of IPv4 unmapped.
func parseSockaddr(b []byte) (netip.AddrPort, bool) {
	if len(b) < unix.SizeofSockaddrInet4 {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(b[2:])
	switch family := binary.NativeEndian.Uint16(b); {
	case family == unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port), true
	case family == unix.AF_INET6 && len(b) >= unix.SizeofSockaddrInet6:
		a := netip.AddrFrom16([16]byte(b[8:24])).Unmap()
		if scope := binary.NativeEndian.Uint32(b[24:]); scope != 0 && a.Is6() {
			a = a.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		return netip.AddrPortFrom(a, port), true
	}
	return netip.AddrPort{}, false
}
