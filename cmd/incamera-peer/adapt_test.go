package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/sfu/netlab"
	"incamera/signaling/wire"
)

// The rates of ann's layers in kbit/s, and those of their packets on the wire.
const drawn = "150,500,1700"

// settled is when everybody is there and sees the others, and the record of
// ben's cable begins.
const settled = 10 * time.Second

// An adaptation is a scenario in which ben's cable, towards him, takes less than
// what ann sends.
type adaptation struct {
	name   string
	lasts  time.Duration
	down   netlab.Profile
	others int // further subscribers
	script func(a *adapting) []netlab.Step
	judge  func(t *testing.T, a *adapting) string
}

// An adapting is one under way.
type adapting struct {
	lab     *netlab.Lab
	ctx     context.Context
	ben     *netlab.Host
	hosts   []*netlab.Host // the others
	record  []netlab.Moment
	records [][]netlab.Moment // of the others
	report  *client.Report
	script  *adaptation
}

// from returns the moments between two times since everybody is there.
func from(record []netlab.Moment, begin, end time.Duration) []netlab.Moment {
	at := func(d time.Duration) int { return min(int(d/netlab.MomentLasts), len(record)) }
	return record[at(begin):at(end)]
}

// kbps is the mean of what f counts in bytes.
func kbps(record []netlab.Moment, f func(netlab.Moment) int) float64 {
	sum := 0
	for _, m := range record {
		sum += f(m)
	}
	return float64(sum*8) / 1000 / (float64(len(record)) * netlab.MomentLasts.Seconds())
}

func sent(m netlab.Moment) int    { return m.Sent }
func arrived(m netlab.Moment) int { return m.Arrived }

func waits95(record []netlab.Moment) time.Duration {
	var all []time.Duration
	for _, m := range record {
		all = append(all, m.Longest)
	}
	slices.Sort(all)
	return all[len(all)*95/100]
}

func lostOf(record []netlab.Moment) float64 {
	lost, packets := 0, 0
	for _, m := range record {
		lost, packets = lost+m.Lost, packets+m.Packets
	}
	return float64(lost) / float64(max(packets, 1))
}

// picture returns what ben saw of ann.
func (a *adapting) picture() (p client.Received) {
	for _, r := range a.report.Received {
		if r.Source == wire.SourceCamera && r.Frames > p.Frames {
			p = r
		}
	}
	return p
}

// rate sets ben's cable towards him.
func (a *adapting) rate(bitrate int) func() {
	p := a.script.down
	p.Rate = bitrate
	return func() { a.ben.Set(netlab.Profile{}, p) }
}

const second = time.Second

var adaptations = []adaptation{
	{
		name: "N2 4, 1, 4 Mbit/s", lasts: 47 * second, down: netlab.Profile{Rate: 4_000_000, Queue: 500 * ms, Delay: 20 * ms},
		script: func(a *adapting) []netlab.Step {
			return []netlab.Step{{At: settled + 20*second, Do: a.rate(1_000_000)}, {At: settled + 30*second, Do: a.rate(4_000_000)}}
		},
		judge: func(t *testing.T, a *adapting) string {
			before := kbps(from(a.record, 10*second, 20*second), sent)
			after := kbps(from(a.record, 21500*ms, 23*second), sent)
			wait := waits95(from(a.record, 22*second, 30*second))
			back := -1.0
			for at := 30 * second; at < 46*second && back < 0; at += 100 * ms {
				if w := from(a.record, at, at+second); len(w) == 10 && kbps(w, sent) >= 0.8*before {
					back = (at - 30*second).Seconds()
				}
			}
			p := a.picture()
			holds(t, before > 1500, "before %.0f kbit/s are sent, want 1700", before)
			holds(t, after < 1150, "1.5 s after the step %.0f kbit/s are sent into 1000", after)
			holds(t, wait < 250*ms, "packets wait for %v", wait)
			holds(t, back >= 0 && back <= 12, "it comes back after %.1f s", back)
			holds(t, p.Switches <= 6, "%d switches", p.Switches) // two of them on the way up at first
			return fmt.Sprintf("%.0f kbit/s before, %.0f after the step; queue p95 %v; back after %.1f s; %d switches", before, after, wait, back, p.Switches)
		},
	},
	{
		name: "N5 policer of 1 Mbit/s", lasts: 35 * second, down: netlab.Profile{Rate: 1_000_000, Queue: 40 * ms, Police: true, Delay: 20 * ms},
		judge: func(t *testing.T, a *adapting) string {
			after := from(a.record, 5*second, 24*second)
			lost, rate := lostOf(after), kbps(after, arrived)
			holds(t, lost < 0.05, "%.3f are lost", lost)
			holds(t, rate > 400, "%.0f kbit/s arrive", rate)
			return fmt.Sprintf("%.1f %% lost, %.0f kbit/s arrive", 100*lost, rate)
		},
	},
	{
		name: "N6 1.5 Mbit/s, queue of 1 s", lasts: 25 * second, down: netlab.Profile{Rate: 1_500_000, Queue: time.Second, Delay: 20 * ms},
		judge: func(t *testing.T, a *adapting) string {
			after := from(a.record, 2*second, 14*second)
			wait, rate := waits95(after), kbps(after, arrived)
			holds(t, wait < 300*ms, "packets wait for %v", wait)
			holds(t, rate > 450, "%.0f kbit/s arrive", rate)
			return fmt.Sprintf("queue p95 %v, %.0f kbit/s arrive", wait, rate)
		},
	},
	{
		name: "N8 a mobile network", lasts: 55 * second, down: netlab.Profile{Rate: 3_000_000, Queue: 400 * ms, Delay: 40 * ms, Jitter: 5 * ms},
		script: func(a *adapting) (steps []netlab.Step) {
			for i, rate := range mobile() {
				steps = append(steps, netlab.Step{At: settled + time.Duration(i)*second, Do: a.rate(rate)})
			}
			return steps
		},
		judge: func(t *testing.T, a *adapting) string {
			ideal := 0.0
			trace := mobile()
			for _, rate := range trace[5:] { // of the layers the highest that fits, at once
				best := 150.0
				for _, layer := range []float64{500, 1700} {
					if 1.1*layer+60 <= float64(rate)/1000 {
						best = layer
					}
				}
				ideal += best
			}
			got := kbps(from(a.record, 5*second, time.Duration(len(trace))*second), arrived)
			share := got / (ideal / float64(len(trace)-5))
			wait := waits95(from(a.record, 5*second, time.Duration(len(trace))*second))
			holds(t, share > 0.5, "%.2f of what fits arrives", share)
			return fmt.Sprintf("%.0f %% of what an oracle would send, queue p95 %v, %d switches", 100*share, wait, a.picture().Switches)
		},
	},
	{
		name: "N9 one bad subscriber of ten", lasts: 45 * second, others: 9, down: netlab.Profile{Delay: 20 * ms},
		script: func(a *adapting) []netlab.Step {
			bad := netlab.Profile{Rate: 300_000, Queue: 300 * ms, Delay: 20 * ms, Loss: 0.05}
			return []netlab.Step{{At: settled + 14*second, Do: func() { a.ben.Set(netlab.Profile{}, bad) }}}
		},
		judge: func(t *testing.T, a *adapting) string {
			worst := 1.0
			for i, r := range a.records {
				before, after := kbps(from(r, 4*second, 14*second), arrived), kbps(from(r, 16*second, 28*second), arrived)
				change := after / before
				if max(change, 1/change) > max(worst, 1/worst) {
					worst = change
				}
				holds(t, change > 0.97 && change < 1.03, "subscriber %d gets %.3f of what it had", i, change)
			}
			return fmt.Sprintf("the others get %.1f %% at worst of what they had", 100*worst)
		},
	},
	{
		name: "N10 beside TCP", lasts: 50 * second, down: netlab.Profile{Rate: 3_000_000, Queue: 200 * ms, Delay: 20 * ms},
		script: func(a *adapting) []netlab.Step {
			return []netlab.Step{{At: settled + 5*second, Do: func() { a.download() }}}
		},
		judge: func(t *testing.T, a *adapting) string {
			after := from(a.record, 15*second, 38*second)
			udp := kbps(after, func(m netlab.Moment) int { return m.UDP })
			tcp := kbps(after, func(m netlab.Moment) int { return m.TCP })
			share := udp / (udp + tcp)
			holds(t, share >= 0.25 && share <= 0.75, "the meeting has %.2f", share)
			return fmt.Sprintf("the meeting %.0f, TCP %.0f kbit/s: %.0f %%", udp, tcp, 100*share)
		},
	},
}

func holds(t *testing.T, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Errorf(format, args...)
	}
}

// mobile is what a mobile network takes, second by second: a walk between 0.6
// and 5 Mbit/s.
func mobile() (trace []int) {
	rng := rand.New(rand.NewPCG(8, 8))
	rate := 3.0
	for range 40 {
		rate = min(max(rate*(0.75+0.55*rng.Float64()), 0.6), 5)
		trace = append(trace, int(rate*1e6))
	}
	return trace
}

// download has ben's machine fetch from another by TCP until the end.
func (a *adapting) download() {
	web := a.lab.Host("web", "10.77.0.9")
	listener := web.ListenTCP(80)
	context.AfterFunc(a.ctx, func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		context.AfterFunc(a.ctx, func() { _ = conn.Close() })
		_, _ = io.Copy(conn, zeros{}) // until it is closed
	}()
	go func() {
		conn, err := a.ben.DialTCP(netip.AddrPortFrom(web.Addr, 80))
		if err != nil {
			return
		}
		context.AfterFunc(a.ctx, func() { _ = conn.Close() })
		_, _ = io.Copy(io.Discard, onlyReader{conn})
	}()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

type onlyReader struct{ net.Conn }

// TestAdaptation holds meetings over networks that do not take what is sent. It
// judges what came over ben's cable, by the record of the cable.
func TestAdaptation(t *testing.T) {
	for _, s := range adaptations {
		t.Run(s.name, func(t *testing.T) {
			if !*allNetworks {
				t.Skip("several minutes in all: make netlab")
			}
			s.run(t)
		})
	}
}

func (s *adaptation) run(t *testing.T) {
	lab := netlab.New(t, 1)
	server, ann := lab.Host("server", "10.77.0.1"), lab.Host("ann", "10.77.0.2")
	a := &adapting{lab: lab, ben: lab.Host("ben", "10.77.0.3"), report: &client.Report{}, script: s}
	a.ben.Set(netlab.Profile{}, s.down)
	for i := range s.others {
		a.hosts = append(a.hosts, lab.Host(fmt.Sprintf("o%d", i), fmt.Sprintf("10.77.1.%d", i+1)))
	}
	l := meetingOn(t, server) // which may have to be built before
	ctx, cancel := context.WithTimeout(t.Context(), s.lasts+20*second)
	defer cancel()
	a.ctx = ctx
	var work sync.WaitGroup
	work.Go(func() { attendWith(ctx, t, ann, l, "ann", s.lasts, &client.Report{}, "--bitrates", drawn) })
	watch := []string{"--no-publish", "--height", "720"}
	work.Go(func() { attendWith(ctx, t, a.ben, l, "ben", s.lasts, a.report, watch...) })
	for i, h := range a.hosts {
		work.Go(func() { attendWith(ctx, t, h, l, fmt.Sprintf("other %d", i), s.lasts, &client.Report{}, watch...) })
	}
	steps := []netlab.Step{{At: settled, Do: func() {
		for _, h := range append([]*netlab.Host{a.ben}, a.hosts...) {
			h.Record()
		}
	}}}
	if s.script != nil {
		steps = append(steps, s.script(a)...)
	}
	lab.Follow(ctx, steps)
	work.Wait()
	a.record = a.ben.Recorded()
	for _, h := range a.hosts {
		a.records = append(a.records, h.Recorded())
	}
	if p := a.picture(); p.Frames == 0 || len(a.record) < int((s.lasts-settled-5*second)/netlab.MomentLasts) {
		t.Fatalf("ben saw %d pictures, the record has %d moments; phase %s, media %v, problems %v", p.Frames, len(a.record), a.report.Phase, a.report.Media, a.report.Errors)
	}
	fmt.Fprintf(os.Stderr, "%-30s %s\n", s.name, s.judge(t, a))
	if t.Failed() || testing.Verbose() {
		fmt.Fprintf(os.Stderr, "%30s kbit/s by the second, sent: %s\n", "", seconds(a.record))
	}
}

// seconds is what was sent in each second.
func seconds(record []netlab.Moment) string {
	var b strings.Builder
	for i := 0; i+10 <= len(record); i += 10 {
		fmt.Fprintf(&b, " %.0f", kbps(record[i:i+10], sent))
	}
	return b.String()
}
