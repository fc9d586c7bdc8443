package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// A finding is what the doctor says about one thing.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"` // stateOK, stateWarning or stateProblem
	What   string `json:"what"`
	Remedy string `json:"remedy,omitempty"` // empty when the state is ok
}

// States of findings. A problem keeps people out or lets somebody in; a warning
// may.
const (
	stateOK      = "ok"
	stateWarning = "warning"
	stateProblem = "problem"
)

type doctorCommand struct {
	Config
	Name string `placeholder:"HOST" help:"Name that people type to reach this server; it is looked up, and the certificate must have it."`
	JSON bool   `name:"json" env:"-" help:"Print findings as JSON, one to a line."`
}

// errSick is told when there is a problem.
var errSick = errors.New("there are problems; each line above says what to do")

func (d *doctorCommand) run(stdout io.Writer) error {
	findings := newDoctor(&d.Config, d.Name, time.Now()).examine(context.Background())
	sick := false
	for _, f := range findings {
		sick = sick || f.State == stateProblem
		if d.JSON {
			b, err := json.Marshal(f)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%s\n", b)
			continue
		}
		fmt.Fprintf(stdout, "%-8s %s: %s\n", f.State, f.Check, f.What)
		if f.Remedy != "" {
			fmt.Fprintf(stdout, "         → %s\n", f.Remedy)
		}
	}
	if sick {
		return errSick
	}
	return nil
}

// A doctor looks at one configuration and the machine it is for. The functions
// are the machine; tests bring another one. It contacts nobody but the server
// itself and, for --name, the resolver of the system.
type doctor struct {
	c    *Config
	name string
	now  time.Time

	lookup    func(ctx context.Context, host string) ([]netip.Addr, error)
	addresses func() []netip.Addr // of this machine, but for loopback
	roots     *x509.CertPool      // nil: those of the system
	files     func() (uint64, error)
	buffer    func() (int, error) // of a UDP socket that asked for wantBuffer
	free      func(dir string) (uint64, error)
	kept      func() (bool, error) // whether something keeps the clock right
	user      int

	findings []finding
}

func newDoctor(c *Config, name string, now time.Time) *doctor {
	if name == "" {
		name = strings.ToLower(c.Domain)
	}
	return &doctor{
		c: c, name: name, now: now,
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		addresses: func() []netip.Addr { return reachableAt(netip.IPv6Unspecified()) },
		files: func() (uint64, error) {
			var l syscall.Rlimit
			err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l)
			return l.Cur, err
		},
		buffer: receiveBuffer,
		free: func(dir string) (uint64, error) {
			var s syscall.Statfs_t
			err := syscall.Statfs(dir, &s)
			return s.Bavail * uint64(s.Bsize), err
		},
		kept: clockKept,
		user: os.Getuid(),
	}
}

// examine looks at everything, also when something is wrong already: who has
// three problems wants to hear of three.
func (d *doctor) examine(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	valid := d.configuration()
	d.clock()
	d.certificate()
	d.acme()
	d.secrets()
	d.openness()
	d.resolution(ctx)
	if valid {
		d.ports(ctx)
	}
	d.fileLimit()
	d.socketBuffers()
	d.disk()
	d.privileges()
	return d.findings
}

func (d *doctor) ok(check, format string, a ...any) {
	d.findings = append(d.findings, finding{check, stateOK, fmt.Sprintf(format, a...), ""})
}

func (d *doctor) warn(check, remedy, format string, a ...any) {
	d.findings = append(d.findings, finding{check, stateWarning, fmt.Sprintf(format, a...), remedy})
}

func (d *doctor) problem(check, remedy, format string, a ...any) {
	d.findings = append(d.findings, finding{check, stateProblem, fmt.Sprintf(format, a...), remedy})
}

func (d *doctor) configuration() bool {
	err := d.c.check()
	if err == nil {
		d.ok("configuration", "the settings fit together")
		return true
	}
	list := []error{err}
	if all, several := err.(interface{ Unwrap() []error }); several {
		list = all.Unwrap()
	}
	for _, e := range list {
		d.problem("configuration", "correct the setting; incamera check-config shows where it is from", "%v", e)
	}
	return false
}

// clock looks for one that cannot be right. How far it is off only others
// could tell, and none are asked.
func (d *doctor) clock() {
	info, err := os.Stat("/proc/self/exe")
	if err == nil && d.now.Before(info.ModTime().Add(-24*time.Hour)) {
		d.problem("clock", "set the clock, and keep it set (systemd-timesyncd, chrony)", "it is %s here, and this program was installed later, on %s",
			d.now.UTC().Format(time.DateTime), info.ModTime().UTC().Format(time.DateTime))
		return
	}
	if kept, err := d.kept(); err == nil && !kept {
		d.warn("clock", "have it kept right: systemctl enable --now systemd-timesyncd, or chrony; in a container that is for the host",
			"it is %s UTC here, and nothing keeps it right: certificates and links that end hold too long, or not long enough", d.now.UTC().Format(time.DateTime))
		return
	}
	d.ok("clock", "%s UTC", d.now.UTC().Format(time.DateTime))
}

// wantFiles is how many files a server of some thousand people opens: each has
// a socket.
const wantFiles = 8192

func (d *doctor) fileLimit() {
	n, err := d.files()
	switch {
	case err != nil:
		d.warn("files", "run this as the server runs", "the limit cannot be read: %v", err)
	case n < wantFiles:
		d.warn("files", "give the unit LimitNOFILE=65536, or the shell ulimit -n 65536", "%d may be open at once, which is about as many people", n)
	default:
		d.ok("files", "%d may be open", n)
	}
}

// wantBuffer is what the media port asks the system for.
const wantBuffer = 4 << 20

func (d *doctor) socketBuffers() {
	n, err := d.buffer()
	switch {
	case err != nil:
		d.warn("buffers", "look at net.core.rmem_max", "the size of a buffer cannot be read: %v", err)
	case n < wantBuffer:
		d.warn("buffers", fmt.Sprintf("sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d, and the same in /etc/sysctl.d", wantBuffer, wantBuffer),
			"a UDP socket gets %d KiB, want %d: bursts of key frames are lost", n>>10, wantBuffer>>10)
	default:
		d.ok("buffers", "a UDP socket gets %d KiB", n>>10)
	}
}

// receiveBuffer asks for a buffer as the media port does.
func receiveBuffer() (size int, err error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // nobody used it
	_ = conn.SetReadBuffer(wantBuffer)  // the answer shows what came of it
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	ctlErr := raw.Control(func(fd uintptr) { size, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF) })
	return size / 2, errors.Join(ctlErr, err) // Linux says twice what it gives
}

// wantFree is what the folder of --data never comes near.
const wantFree = 64 << 20

func (d *doctor) disk() {
	dir := d.c.Data
	if dir == "" {
		d.ok("disk", "nothing is written (no --data)")
		return
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		d.warn("disk", "make it: install -d -m 700 -o USER "+dir, "--data: %v", err)
		return
	case !info.IsDir():
		d.problem("disk", "give a folder with --data", "--data %s is no folder", dir)
		return
	case info.Mode().Perm()&0o077 != 0:
		d.problem("disk", "chmod 700 "+dir, "--data %s may be read by others (mode %04o), and holds keys", dir, info.Mode().Perm())
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		d.problem("disk", "chown the folder to the user that the server runs as", "--data %s cannot be written: %v", dir, err)
		return
	}
	_ = errors.Join(probe.Close(), os.Remove(probe.Name())) // empty
	if n, err := d.free(dir); err == nil && n < wantFree {
		d.problem("disk", "make space, or move --data to another disk", "%d MiB are free in %s", n>>20, dir)
		return
	}
	d.ok("disk", "%s can be written", dir)
}

func (d *doctor) privileges() {
	if d.user == 0 {
		d.warn("privileges", "use ops/systemd, or another user and setcap cap_net_bind_service=+ep on the program", "the server would run as root, and needs nothing of that")
		return
	}
	d.ok("privileges", "not root")
}
