package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"incamera/sfu"
)

// Times of the doctor's own traffic. Longer, and a broken set-up takes long to
// tell; shorter, and a slow machine looks broken.
const (
	connectTime = 3 * time.Second
	packetTime  = 2 * time.Second
)

// ports takes both ports if they are free and sends to itself, or else asks who
// has them. It reaches as far as the addresses of --advertise; whether a
// firewall farther out lets others in only others can see.
func (d *doctor) ports(ctx context.Context) {
	host, port, err := splitAddress(d.c.Listen)
	if err != nil || port == 0 {
		d.ok("ports", "nothing to test: --listen picks a free port")
		return
	}
	addr := netip.AddrPortFrom(host, port)
	tcp, tcpErr := net.Listen("tcp", addr.String())
	udp, udpErr := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if tcpErr == nil {
		defer func() { _ = tcp.Close() }() // only the doctor used it
	}
	if udpErr == nil {
		defer func() { _ = udp.Close() }()
	}
	switch {
	case tcpErr == nil && udpErr == nil:
		d.ok("ports", "TCP and UDP %s are free", addr)
		for _, a := range d.targets(host) {
			d.selfTest(ctx, tcp, udp, netip.AddrPortFrom(a, port))
		}
	case errors.Is(tcpErr, syscall.EADDRINUSE) && errors.Is(udpErr, syscall.EADDRINUSE) && d.isOurs(ctx, addr):
		d.ok("ports", "a server runs at %s", addr)
		d.running(ctx, host, port)
	default:
		for protocol, err := range map[string]error{"TCP": tcpErr, "UDP": udpErr} {
			if err != nil {
				d.problem("ports", portRemedy(protocol, addr, err), "%s %s cannot be used: %v", protocol, addr, reason(err))
			}
		}
	}
	d.refused(d.targets(host), port)
	d.operatorPort(ctx)
}

// refused tells of a port at which Chromium takes no media directly, where it
// has no other address either.
func (d *doctor) refused(targets []netip.Addr, port uint16) {
	others := slices.DeleteFunc(slices.Clone(targets), netip.Addr.IsLoopback)
	if len(others) == 0 || slices.ContainsFunc(others, func(a netip.Addr) bool { return !sfu.Refused(netip.AddrPortFrom(a, port)) }) {
		return
	}
	d.warn("browsers", "choose a port from 1024 on, as with --listen :8443, or leave it: meetings work, and cost the server more",
		"Chromium takes no media of private addresses at port %d: it goes by the relay", port)
}

func portRemedy(protocol string, addr netip.AddrPort, err error) string {
	flag := map[string]string{"TCP": "t", "UDP": "u"}[protocol]
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("find who has it with ss -lnp%s 'sport = :%d' and stop that, or choose another port with --listen", flag, addr.Port())
	case errors.Is(err, syscall.EACCES):
		return "ports below 1024 need a privilege: use ops/systemd/incamera.socket, or setcap cap_net_bind_service=+ep on the program"
	}
	return "give an address of this machine with --listen, or 0.0.0.0 for all"
}

func reason(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// targets are addresses at which people are to reach the port.
func (d *doctor) targets(host netip.Addr) []netip.Addr {
	list := publicAddressesOf(d.c)
	if host.IsUnspecified() {
		for _, a := range d.addresses() {
			if host.Is6() || a.Is4() {
				list = append(list, a)
			}
		}
		return append(list, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return append(list, host)
}

func (d *doctor) unreachable(protocol string, to netip.AddrPort, err error) {
	check := map[string]string{"TCP": "reach TCP", "UDP": "reach UDP"}[protocol]
	d.warn(check, fmt.Sprintf("allow %s %d in the firewall and forward it where there is NAT; some routers do not lead their own address back inside: then test from another network", protocol, to.Port()),
		"%s is not reached from here: %v", to, err)
}

// selfTest connects to the listener, and sends a packet to the socket, by way
// of one address.
func (d *doctor) selfTest(ctx context.Context, tcp net.Listener, udp *net.UDPConn, to netip.AddrPort) {
	conn, err := dialTCP(ctx, to)
	if err != nil {
		d.unreachable("TCP", to, reason(err))
	} else {
		_ = conn.Close()
		if l, ok := tcp.(*net.TCPListener); ok {
			_ = l.SetDeadline(time.Now().Add(connectTime))
			if c, err := l.Accept(); err == nil {
				_ = c.Close()
			}
		}
		d.ok("reach TCP", "%s", to)
	}
	probe := []byte("incamera doctor " + rand.Text())
	if err := sendUDP(to, probe); err != nil {
		d.unreachable("UDP", to, reason(err))
		return
	}
	_ = udp.SetReadDeadline(time.Now().Add(packetTime))
	for b := make([]byte, 128); ; {
		n, _, err := udp.ReadFromUDPAddrPort(b)
		if err != nil {
			d.unreachable("UDP", to, errors.New("the packet did not arrive"))
			return
		}
		if bytes.Equal(b[:n], probe) {
			d.ok("reach UDP", "%s", to)
			return
		}
	}
}

// running tests a server that runs: over TCP it answers, and of a packet to the
// media port that belongs to no connection it counts the arrival.
func (d *doctor) running(ctx context.Context, host netip.Addr, port uint16) {
	for _, a := range d.targets(host) {
		to := netip.AddrPortFrom(a, port)
		if d.isOurs(ctx, to) {
			d.ok("reach TCP", "%s", to)
			d.relay(ctx, to)
		} else {
			d.unreachable("TCP", to, errors.New("no answer of an incamera server"))
		}
		before, err := d.garbage(ctx)
		if err != nil {
			d.warn("reach UDP", "start the server with --metrics 127.0.0.1:9090, or stop it and run this again", "cannot be told while the server runs without metrics: %v", err)
			continue
		}
		if err := sendUDP(to, []byte("incamera doctor")); err != nil {
			d.unreachable("UDP", to, reason(err))
			continue
		}
		if d.arrives(ctx, before) {
			d.ok("reach UDP", "%s", to)
		} else {
			d.unreachable("UDP", to, errors.New("the packet did not arrive"))
		}
	}
}

func (d *doctor) arrives(ctx context.Context, before float64) bool {
	tick, end := time.NewTicker(50*time.Millisecond), time.After(packetTime)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if now, err := d.garbage(ctx); err == nil && now > before {
				return true
			}
		case <-end:
			return false
		}
	}
}

var garbageLine = regexp.MustCompile(`(?m)^incamera_sfu_dropped_total\{reason="garbage"\} (\S+)$`)

func (d *doctor) garbage(ctx context.Context) (float64, error) {
	if d.c.Metrics == "" {
		return 0, errors.New("--metrics is empty")
	}
	_, body, err := ask(ctx, "http://"+d.c.Metrics+"/metrics")
	if err != nil {
		return 0, err
	}
	m := garbageLine.FindSubmatch(body)
	if m == nil {
		return 0, fmt.Errorf("%s is not the metrics of incamera", d.c.Metrics)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// isOurs reports whether an incamera server answers there. An unspecified
// address is asked by loopback.
func (d *doctor) isOurs(ctx context.Context, at netip.AddrPort) bool {
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	scheme := "http"
	if d.c.secure() {
		scheme = "https"
	}
	status, body, err := ask(ctx, scheme+"://"+at.String()+"/healthz")
	return err == nil && status == http.StatusOK && string(body) == "ok\n"
}

// operatorPort looks whether others reach what only the operator is to see.
func (d *doctor) operatorPort(ctx context.Context) {
	const check = "operator port"
	_, port, err := splitAddress(d.c.Metrics)
	if d.c.Metrics == "" || err != nil {
		d.ok(check, "none, or not to be tested")
		return
	}
	for _, a := range d.addresses() {
		_, body, err := ask(ctx, "http://"+netip.AddrPortFrom(a, port).String()+"/metrics")
		if err != nil || !bytes.Contains(body, []byte("incamera_build_info")) && string(body) != textNotLoopback {
			continue // nobody, or another program
		}
		d.problem(check, fmt.Sprintf("whoever listens there must not: find it with ss -lntp 'sport = :%d', and remove forwarding to it (a proxy, a container's published port)", port),
			"%s port %d is open to others; profiles and figures are for loopback only", a, port)
		return
	}
	d.ok(check, "%s is reached from this machine only", d.c.Metrics)
}

func dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectTime}
	return dialer.DialContext(ctx, "tcp", to.String())
}

func sendUDP(to netip.AddrPort, packet []byte) error {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return err
	}
	_, err = conn.Write(packet)
	return errors.Join(err, conn.Close())
}

// ask gets a page of this machine's server. Its certificate is looked at
// elsewhere.
func ask(ctx context.Context, url string) (status int, body []byte, err error) {
	client := http.Client{
		Timeout:       connectTime,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, body, errors.Join(err, res.Body.Close())
}
