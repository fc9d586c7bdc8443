package udp

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A run is consecutive packets to one destination, all of one size but the
// last, which may be shorter.
type run struct {
	dest    *Dest
	from    int // in the arena
	size    int // of each packet but the last
	packets int
}

// A Batch collects packets and sends them together. Not safe for concurrent
// use.
type Batch struct {
	conn    *Conn
	arena   []byte
	used    int
	packets int
	came    time.Time // zero: it says nothing
	runs    [maxRuns]run
	n       int
	open    bool // the last run takes more

	msgs    [maxRuns]mmsghdr
	iov     [maxRuns]unix.Iovec
	control [maxRuns]control
}

// control is two control messages (struct cmsghdr): the size of a run's packets,
// and from which of our addresses they go.
type control struct {
	hdr    unix.Cmsghdr
	size   uint16
	_      [6]byte // CMSG_SPACE(2)
	source source
}

func newBatch(c *Conn) *Batch {
	b := &Batch{conn: c, arena: make([]byte, arenaSize)}
	for i := range b.msgs {
		h := &b.control[i].hdr
		h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
		h.SetLen(unix.CmsgLen(2))
		b.msgs[i].hdr.Iov = &b.iov[i]
		b.msgs[i].hdr.SetIovlen(1)
	}
	return b
}

// Batch returns an empty batch, to be given back by Send.
func (c *Conn) Batch() *Batch {
	b, ok := c.pool.Get().(*Batch)
	if !ok {
		panic("udp: internal error: the pool holds something else")
	}
	return b
}

// Reserve adds a packet and returns its bytes, which the caller must fill
// before the next call. A full batch is sent first. It panics for a size that
// no packet has, which is a bug of the caller.
func (b *Batch) Reserve(d *Dest, size int) []byte {
	if size <= 0 || size > maxPacket {
		panic("udp: internal error: a packet of no or of too large a size")
	}
	if b.packets == maxPackets || b.used+size > len(b.arena) {
		b.flush()
	}
	var r *run
	if b.open {
		r = &b.runs[b.n-1]
	}
	if r == nil || r.dest != d || size > r.size || r.packets == maxSegments || b.used+size-r.from > maxRunBytes {
		if b.n == maxRuns {
			b.flush()
		}
		r = &b.runs[b.n]
		*r = run{dest: d, from: b.used, size: size}
		b.n++
	}
	r.packets++
	b.packets++
	b.open = size == r.size && b.conn.segments.Load() && !d.plain.Load()
	p := b.arena[b.used : b.used+size : b.used+size]
	b.used += size
	return p
}

// Send sends what was reserved and gives the batch back: it must not be used
// any more. What the kernel does not take at once is dropped and counted.
func (b *Batch) Send() {
	b.flush()
	b.came = time.Time{}
	b.conn.pool.Put(b)
}

// SetCame says when all that the batch is to have came to this machine, for the totals.
func (b *Batch) SetCame(at time.Time) { b.came = at }

// Came returns what SetCame was told; zero: nothing.
func (b *Batch) Came() time.Time { return b.came }

func (b *Batch) flush() {
	for i := range b.runs[:b.n] {
		b.prepare(i)
	}
	b.sendAll()
	if !b.came.IsZero() {
		b.conn.totals.delays.Note(b.packets, time.Since(b.came))
	}
	clear(b.runs[:b.n])
	b.n, b.used, b.packets, b.open = 0, 0, 0, false
}

// prepare writes the kernel's description of a run.
func (b *Batch) prepare(i int) {
	r, h := &b.runs[i], &b.msgs[i].hdr
	if r.dest.through != nil {
		return
	}
	b.iov[i].Base = &b.arena[r.from]
	b.iov[i].SetLen(b.end(i) - r.from)
	h.Name, h.Namelen = &r.dest.name[0], r.dest.len
	h.Control = nil
	h.SetControllen(0)
	from := r.dest.source.n
	if from > 0 {
		b.control[i].source = r.dest.source
		h.Control = b.control[i].source.bytes()
		h.SetControllen(from)
	}
	if r.packets > 1 {
		b.control[i].size = uint16(r.size)
		h.Control = (*byte)(unsafe.Pointer(&b.control[i]))
		h.SetControllen(unix.CmsgSpace(2) + from)
	}
}

// end returns where a run ends in the arena.
func (b *Batch) end(i int) int {
	if i+1 < b.n {
		return b.runs[i+1].from
	}
	return b.used
}

func (b *Batch) sendAll() {
	c := b.conn
	c.using.RLock()
	defer c.using.RUnlock()
	for i := 0; i < b.n; {
		if c.closed.Load() {
			b.drop(i, b.n)
			return
		}
		if b.runs[i].dest.through != nil {
			b.through(i)
			i++
			continue
		}
		// As far as the next that the kernel is not to send.
		end := i + 1
		for end < b.n && b.runs[end].dest.through == nil {
			end++
		}
		sent, _, errno := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&b.msgs[i])), uintptr(end-i), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			for range sent {
				c.totals.packets.Add(uint64(b.runs[i].packets))
				i++
			}
			c.totals.runs.Add(uint64(sent))
		case unix.EINTR:
		case unix.EAGAIN, unix.ENOBUFS:
			// The socket's buffer or the device's queue is full: more would only wait there.
			b.drop(i, end)
			i = end
		case unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.EOPNOTSUPP, unix.ENOPROTOOPT:
			b.singly(i, errno)
			i++
		default: // this destination cannot be reached
			b.drop(i, i+1)
			i++
		}
	}
}

// through hands over the packets of a run that does not go by the port.
func (b *Batch) through(i int) {
	r := &b.runs[i]
	for at, end := r.from, b.end(i); at < end; at += r.size {
		r.dest.through(b.arena[at:min(at+r.size, end)])
	}
}

func (b *Batch) drop(from, to int) {
	for _, r := range b.runs[from:to] {
		b.conn.totals.dropped.Add(uint64(r.packets))
	}
}

// singly sends the packets of a run that the kernel has refused one by one, and
// remembers not to try again: with the path, whose packets may have to be
// smaller than ours, or with the device, which may be unable (EIO).
func (b *Batch) singly(i int, errno syscall.Errno) {
	r, c := &b.runs[i], b.conn
	if r.packets == 1 {
		b.drop(i, i+1)
		return
	}
	if errno == unix.EINVAL || errno == unix.EMSGSIZE {
		r.dest.plain.Store(true)
	} else {
		c.segments.Store(false)
	}
	for at, end := r.from, b.end(i); at < end; at += r.size {
		p := b.arena[at:min(at+r.size, end)]
		if errno := c.sendOne(p, r.dest); errno != 0 {
			c.totals.dropped.Add(1)
			continue
		}
		c.totals.packets.Add(1)
		c.totals.runs.Add(1)
	}
}
