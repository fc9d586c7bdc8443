package netlab

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deviceMTU is that of the hosts' devices, as on Ethernet.
const deviceMTU = 1500

// maxUnderWay bounds the packets in the router. Beyond it, packets are dropped
// as by a full queue: a test is to be bounded.
const maxUnderWay = 20_000

var labs atomic.Int32 // that this process has made, for names

// A Lab is a router and the hosts around it. Its methods are safe for
// concurrent use. It is gone with the test.
type Lab struct {
	tb   testing.TB
	name string
	work chan func(now time.Time) // run by the router
	life context.Context
	wait sync.WaitGroup

	// Owned by the router.
	seed    uint64
	hosts   map[netip.Addr]*Host // by each of its addresses
	waiting schedule
	number  uint64 // of the latest event
	late    lateness
}

// A Host is one network namespace. Up is what it sends, down what it is sent.
type Host struct {
	Name string
	Addr netip.Addr

	lab       *Lab
	space     string
	tun       *os.File
	addresses []netip.Addr // with Addr

	// Owned by the router.
	up, down           *Link
	nat                *nat
	upStats, downStats Stats
	began              time.Time // of the record; zero: none is kept
	record             []Moment
}

// MomentLasts is how long a moment is.
const MomentLasts = 100 * time.Millisecond

// A Moment is what a host was sent in a tenth of a second.
type Moment struct {
	Sent, Arrived int // bytes
	UDP, TCP      int // bytes that arrived
	Packets, Lost int
	Longest       time.Duration // that a packet waited in the cable's queue
}

// Stats is the truth about one direction of a host's cable.
type Stats struct {
	Sent, Arrived int
	Bytes         int64 // that arrived
	Dropped       map[Drop]int
	// Longest and Total are of the time between a packet's being sent and its
	// arrival; Total sums it over those that arrived.
	Longest, Total time.Duration
}

// New makes a lab without hosts. Where there is no right to make network
// namespaces the test is skipped, and fails under CI.
func New(tb testing.TB, seed uint64) *Lab {
	tb.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			tb.Fatal("netlab: making network namespaces needs root")
		}
		tb.Skip("netlab: making network namespaces needs root")
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Lab{
		tb: tb, name: fmt.Sprintf("lab%d-%d", os.Getpid(), labs.Add(1)), seed: seed,
		work: make(chan func(time.Time)), life: ctx, hosts: map[netip.Addr]*Host{},
	}
	l.wait.Go(l.route)
	tb.Cleanup(func() {
		cancel()
		l.wait.Wait()
	})
	return l
}

// Host makes a host with addresses of 10.77.0.0/16 or fd77::/16, which sends
// everything to the router. Of a family of which it has none it has nothing.
func (l *Lab) Host(name, addr string, more ...string) *Host {
	l.tb.Helper()
	h := &Host{Name: name, Addr: netip.MustParseAddr(addr), lab: l, space: l.name + "-" + name}
	h.addresses = []netip.Addr{h.Addr}
	for _, text := range more {
		h.addresses = append(h.addresses, netip.MustParseAddr(text))
	}
	if err := h.open(); err != nil {
		l.tb.Fatalf("netlab: making host %s: %v", name, err)
	}
	l.do(func(time.Time) {
		l.seed += 2
		h.up, h.down = NewLink(l.seed), NewLink(l.seed+1)
		h.upStats, h.downStats = Stats{Dropped: map[Drop]int{}}, Stats{Dropped: map[Drop]int{}}
		for _, a := range h.addresses {
			l.hosts[a] = h
		}
	})
	l.wait.Go(h.read)
	return h
}

func (h *Host) open() error {
	if err := ip("netns", "add", h.space); err != nil {
		return err
	}
	h.lab.tb.Cleanup(func() {
		if h.tun != nil {
			_ = h.tun.Close() // ends read
		}
		if err := ip("netns", "del", h.space); err != nil {
			h.lab.tb.Errorf("netlab: %v", err)
		}
	})
	err := h.inside(func() (err error) {
		h.tun, err = openTUN("lab0")
		return err
	})
	if err != nil {
		return err
	}
	commands := [][]string{
		{"link", "set", "lo", "up"},
		{"link", "set", "lab0", "mtu", fmt.Sprint(deviceMTU), "up"},
	}
	for _, a := range h.addresses {
		length, family := "/32", "-4"
		if a.Is6() {
			length, family = "/128", "-6"
		}
		add := []string{"address", "add", a.String() + length, "dev", "lab0"}
		if a.Is6() {
			add = append(add, "nodad") // nobody else has it
		}
		commands = append(commands, add, []string{family, "route", "replace", "default", "dev", "lab0"})
	}
	for _, args := range commands {
		if err := ip(append([]string{"-n", h.space}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %v: %w: %s", args, err, out)
	}
	return nil
}

func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("TUNSETIFF: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// inside runs f on a thread in the host's namespace. What it opens stays
// there; the thread ends with it.
func (h *Host) inside(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: nobody else may get this thread
		space, err := os.Open("/run/netns/" + h.space)
		if err != nil {
			done <- err
			return
		}
		err = unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
		_ = space.Close()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// ListenUDP opens a socket of the host that closes with the test.
func (h *Host) ListenUDP(port uint16) *net.UDPConn {
	h.lab.tb.Helper()
	var conn *net.UDPConn
	err := h.inside(func() (err error) {
		conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(h.Addr, port)))
		return err
	})
	if err != nil {
		h.lab.tb.Fatalf("netlab: %s: %v", h.Name, err)
	}
	h.lab.tb.Cleanup(func() { _ = conn.Close() }) // the test may have closed it
	return conn
}

// ListenTCP opens a port of the host that closes with the test.
func (h *Host) ListenTCP(port uint16) net.Listener {
	h.lab.tb.Helper()
	var l net.Listener
	err := h.inside(func() (err error) {
		l, err = net.Listen("tcp", netip.AddrPortFrom(h.Addr, port).String())
		return err
	})
	if err != nil {
		h.lab.tb.Fatalf("netlab: %s: %v", h.Name, err)
	}
	h.lab.tb.Cleanup(func() { _ = l.Close() }) // the test may have closed it
	return l
}

// DialTCP connects from the host. The caller closes the connection.
func (h *Host) DialTCP(to netip.AddrPort) (conn net.Conn, err error) {
	err = h.inside(func() (err error) {
		conn, err = net.Dial("tcp", to.String())
		return err
	})
	return conn, err
}

// Command is [exec.CommandContext] for a program that runs on the host.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.space, name}, args...)...)
}

// Knows has programs that Command runs find an address by a name.
func (h *Host) Knows(name string, addr netip.Addr) {
	h.lab.tb.Helper()
	folder := filepath.Join("/etc/netns", h.space) // ip-netns(8) shows it in the place of /etc
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		h.lab.tb.Cleanup(func() { _ = os.RemoveAll(folder) })
		err = os.WriteFile(filepath.Join(folder, "hosts"), []byte(addr.String()+" "+name+"\n127.0.0.1 localhost\n"), 0o644) //nolint:gosec // programs read it
	}
	if err != nil {
		h.lab.tb.Fatalf("netlab: %v", err)
	}
}

// Set changes both directions of the cable.
func (h *Host) Set(up, down Profile) {
	h.lab.do(func(time.Time) {
		h.up.Set(up)
		h.down.Set(down)
	})
}

// BehindNAT has the host's UDP of IPv4 come from a public address. TCP goes as
// it is.
func (h *Host) BehindNAT(public string) {
	addr := netip.MustParseAddr(public)
	h.lab.do(func(time.Time) {
		h.nat = newNAT(addr)
		h.lab.hosts[addr] = h
	})
}

// Rebind has the NAT forget its mappings.
func (h *Host) Rebind() {
	h.lab.do(func(time.Time) { h.nat.forget() })
}

// Record keeps from now on what becomes of what the host is sent, in bounds that
// a test has: ten minutes.
func (h *Host) Record() {
	h.lab.do(func(now time.Time) { h.began, h.record = now, nil })
}

// Recorded returns the moments since Record.
func (h *Host) Recorded() (record []Moment) {
	h.lab.do(func(time.Time) { record = slices.Clone(h.record) })
	return record
}

// note adds a packet to the record. It runs on the router.
func (h *Host) note(p packet, waits time.Duration, why Drop, now time.Time) {
	i := int(now.Sub(h.began) / MomentLasts)
	if h.began.IsZero() || i >= int(10*time.Minute/MomentLasts) {
		return
	}
	for len(h.record) <= i {
		h.record = append(h.record, Moment{})
	}
	m := &h.record[i]
	m.Packets++
	m.Sent += p.size
	if why != Passed {
		m.Lost++
		return
	}
	m.Arrived += p.size
	if p.udp {
		m.UDP += p.size
	} else {
		m.TCP += p.size
	}
	m.Longest = max(m.Longest, waits)
}

// Stats returns what happened to what the host sent and was sent so far.
func (h *Host) Stats() (up, down Stats) {
	h.lab.do(func(time.Time) { up, down = h.upStats.clone(), h.downStats.clone() })
	return up, down
}

func (s Stats) clone() Stats {
	dropped := make(map[Drop]int, len(s.Dropped))
	for why, n := range s.Dropped {
		dropped[why] = n
	}
	s.Dropped = dropped
	return s
}

// A Step of a script is done at a time from its start.
type Step struct {
	At time.Duration
	Do func()
}

// Follow does the steps, which are in order of their time, and returns after
// the last, or when ctx is done.
func (l *Lab) Follow(ctx context.Context, steps []Step) {
	began := time.Now()
	for _, s := range steps {
		timer := time.NewTimer(time.Until(began.Add(s.At)))
		select {
		case <-timer.C:
			s.Do()
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// do runs f on the router and waits for it. After the end of the lab it does
// nothing.
func (l *Lab) do(f func(now time.Time)) {
	ran := make(chan struct{})
	select {
	case l.work <- func(now time.Time) { f(now); close(ran) }:
		<-ran
	case <-l.life.Done():
	}
}

// read gives the host's packets to the router until the device is closed.
func (h *Host) read() {
	buf := make([]byte, deviceMTU+100)
	for {
		n, err := h.tun.Read(buf)
		if err != nil {
			return
		}
		b := append([]byte(nil), buf[:n]...)
		select {
		case h.lab.work <- func(now time.Time) { h.lab.leave(h, b, now) }:
		case <-h.lab.life.Done():
			return
		}
	}
}

// An event is a packet that comes out of a link.
type event struct {
	at     time.Time
	number uint64 // of those at the same time, the first goes first
	do     func(now time.Time)
}

// A schedule is events in the order of their time.
type schedule []event

func (s *schedule) add(e event) {
	i, _ := slices.BinarySearchFunc(*s, e, func(a, b event) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number))
	})
	*s = slices.Insert(*s, i, e)
}

func (s *schedule) take() event {
	e := (*s)[0]
	*s = slices.Delete(*s, 0, 1)
	return e
}

func (l *Lab) route() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	l.beat(time.Now())
	for {
		now := time.Now()
		for len(l.waiting) > 0 && !l.waiting[0].at.After(now) {
			l.waiting.take().do(now)
		}
		if len(l.waiting) > 0 {
			timer.Reset(l.waiting[0].at.Sub(now))
		}
		select {
		case f := <-l.work:
			f(time.Now())
		case <-timer.C:
		case <-l.life.Done():
			return
		}
	}
}

func (l *Lab) after(at time.Time, do func(now time.Time)) {
	l.number++
	l.waiting.add(event{at, l.number, do})
}

// beat looks how late the router is, and again after beatEvery.
func (l *Lab) beat(now time.Time) {
	due := now.Add(beatEvery)
	l.after(due, func(now time.Time) {
		l.late.add(now.Sub(due))
		l.beat(now)
	})
}

// Late returns by how much the router was late at most in that share of the
// looks at its clock, 0 to 1, since Late was last called with 1 or the lab was
// made: what the computer itself adds to the delays of all cables, and a measure
// of how busy it is with other things.
func (l *Lab) Late(share float64) (late time.Duration) {
	l.do(func(time.Time) {
		if late = l.late.quantile(share); share == 1 {
			l.late = lateness{}
		}
	})
	return late
}

// leave takes a packet that a host has sent.
func (l *Lab) leave(h *Host, b []byte, now time.Time) {
	p, ok := parse(b)
	if !ok {
		return // neighbour discovery of IPv6 and the like: nobody's traffic
	}
	through(l, h.up, &h.upStats, p.packet, now, func(at time.Time) {
		if h.nat != nil && p.udp && p.fromPort != 0 && p.from.Is4() {
			b = append([]byte(nil), b...) // it may arrive twice
			setFrom(b, p, h.nat.out(p.fromPort))
		}
		l.arrive(h, b, p, at)
	})
}

// arrive takes a packet from the router to the host that it is for.
func (l *Lab) arrive(sender *Host, b []byte, p datagram, now time.Time) {
	h := l.hosts[p.to]
	if h == nil {
		sender.upStats.Dropped[Nowhere]++
		return
	}
	if h.nat != nil && p.to == h.nat.public {
		inside, ok := h.nat.in(p.toPort)
		if !ok || !p.udp {
			h.downStats.Sent++
			h.downStats.Dropped[Blocked]++
			return
		}
		b = append([]byte(nil), b...)
		setTo(b, p, netip.AddrPortFrom(h.Addr, inside))
	}
	waits := h.down.Waiting(now)
	why := through(l, h.down, &h.downStats, p.packet, now, func(time.Time) {
		_, _ = h.tun.Write(b) // a host whose device is full or gone loses it, as in life
	})
	h.note(p.packet, waits, why, now)
}

// through sends a packet over a link, and calls out for each time that it
// comes out of it.
func through(l *Lab, link *Link, stats *Stats, p packet, now time.Time, out func(now time.Time)) (why Drop) {
	stats.Sent++
	if len(l.waiting) >= maxUnderWay {
		stats.Dropped[Full]++
		return Full
	}
	arrivals, why := link.send(p, now)
	if why != Passed {
		stats.Dropped[why]++
		return why
	}
	stats.Arrived++
	stats.Bytes += int64(p.size)
	took := arrivals[0].Sub(now)
	stats.Total += took
	stats.Longest = max(stats.Longest, took)
	for _, at := range arrivals {
		if at.After(now) {
			l.after(at, out)
		} else {
			out(now)
		}
	}
	return Passed
}
