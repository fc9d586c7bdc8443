package udp

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A busy process reads what came during its pause at once. A client that
// measures its way by a cluster of packets would be told that all of it came in
// no time, and throw the measurement away (libwebrtc's probes). So the kernel
// says with each packet when it came.

// longestWait is how long a packet may have waited for the reader. One that
// seems to have waited for longer came before the clock was set.
const longestWait = 2 * time.Second

// An ancillary is what the kernel says with a packet, in its form: messages, one
// after the other.
type ancillary [ancillarySpace / 8]uint64

// ancillarySpace is how long it may be: with the time of arrival, and an address of
// ours (struct in6_pktinfo, the larger one).
const (
	stampSize      = int(unsafe.Sizeof(unix.Timespec{}))
	ancillarySpace = 2*unix.SizeofCmsghdr + (stampSize+7)&^7 + 24
)

// bytes points at the messages, for the kernel.
func (a *ancillary) bytes() *byte { return (*byte)(unsafe.Pointer(a)) }

// find returns the content of a message, of at least size bytes, of the n bytes
// that were written; nil: it is not among them.
func (a *ancillary) find(n int, level, kind int32, size int) []byte {
	b := unsafe.Slice(a.bytes(), min(n, ancillarySpace))
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		whole := int(h.Len) //nolint:gosec // its type is of the system; what is too large is refused
		if whole < unix.SizeofCmsghdr || whole > len(b) {
			return nil
		}
		if h.Level == level && h.Type == kind && whole >= unix.CmsgLen(size) {
			return b[unix.CmsgLen(0):whole]
		}
		b = b[min(unix.CmsgSpace(whole-unix.CmsgLen(0)), len(b)):]
	}
	return nil
}

// arrived returns when the packet came, by what the kernel says in n bytes; now
// where it says nothing that can be.
func (a *ancillary) arrived(n int, now time.Time) time.Time {
	b := a.find(n, unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS, stampSize)
	if b == nil {
		return now
	}
	stamp := (*unix.Timespec)(unsafe.Pointer(&b[0]))
	waited := now.Sub(time.Unix(stamp.Unix()))
	if waited < 0 || waited > longestWait {
		return now
	}
	return now.Add(-waited) // by the clock that nobody sets
}

// askTimes has the kernel say when packets came. One that does not leaves it at
// when they are read.
func (c *Conn) askTimes() { _ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) }
