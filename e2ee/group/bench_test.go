package group

import (
	"crypto/ed25519"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"incamera/e2ee/link"
	"incamera/e2ee/mls"
)

// BenchmarkGroup is what a member pays, in bytes that arrive and CPU of its own,
// to join a group of a size, to follow an Add and to follow a Remove; and what
// the committer pays for the Remove. In a cold tree nobody but the first has sent
// a path, in a warm one everybody has.
func BenchmarkGroup(b *testing.B) {
	for _, n := range []int{10, 50, 100, 500} {
		benchmarkGroup(b, link.Suite, n)
	}
}

// BenchmarkGroupXwing is the same for post-quantum rooms.
func BenchmarkGroupXwing(b *testing.B) {
	for _, n := range []int{10, 50, link.MaxPostQuantum - 1} { // one more has to fit in
		benchmarkGroup(b, link.SuitePostQuantum, n)
	}
}

func benchmarkGroup(b *testing.B, suite uint16, n int) {
	for _, warm := range []bool{false, true} {
		b.Run(fmt.Sprintf("%d/%s", n, map[bool]string{false: "cold", true: "warm"}[warm]), func(b *testing.B) {
			c := newCrowd(b, suite, n, warm)
			b.Run("join", c.join)
			b.Run("add", func(b *testing.B) { c.follow(b, nil, []asking{{session: "new", kp: c.leaf("new").Public}}) })
			b.Run("remove", func(b *testing.B) { c.follow(b, []uint32{uint32(n / 2)}, nil) })
			b.Run("commit_remove", func(b *testing.B) {
				spend(b, func() { c.commit([]uint32{uint32(n / 2)}, nil).drop() })
			})
		})
	}
}

// A crowd is a group of which only two members are followed up to the end.
type crowd struct {
	b     *testing.B
	s     *fakeService
	first *Member
	last  *Member
}

// newCrowd makes a group of n. Those between the first and the last member join
// for one path only, or not even that: they are asked for nothing later.
func newCrowd(b *testing.B, suite uint16, n int, warm bool) *crowd {
	b.Helper()
	c := &crowd{b: b, s: newServiceOf(b, suite)}
	host := c.s.cfg
	host.Name, host.Host = "First", hostKey
	_, host.Device, _ = ed25519.GenerateKey(nil)
	c.first = c.s.joinWith(host).member
	c.s.run(time.Second)
	for i := 1; i < n-1; i++ {
		extra := c.s.join(fmt.Sprint(i))
		extra.raw = func(in Input) Output { return c.extra(extra, in, warm) }
		if warm {
			c.s.run(6 * time.Second)
		}
	}
	last := c.s.join("Last")
	for range 100 {
		if c.s.run(6 * time.Second); len(c.first.terms.roster) == n && last.member.Phase() == Inside {
			break
		}
	}
	c.last = last.member
	c.s.run(time.Minute)
	cold := 0
	for _, m := range c.first.terms.roster {
		if !m.warm {
			cold++
		}
	}
	if len(c.first.terms.roster) != n || c.first.Epoch() != c.last.Epoch() || warm != (cold == 0) {
		b.Fatalf("a group of %d, of whom %d are cold, in epochs %d and %d", len(c.first.terms.roster), cold, c.first.Epoch(), c.last.Epoch())
	}
	return c
}

func (c *crowd) leaf(session string) *mls.KeyPackagePrivate {
	c.b.Helper()
	cfg := c.s.cfg
	cfg.Name = "Somebody"
	_, cfg.Device, _ = ed25519.GenerateKey(nil)
	c.first.terms.now = c.s.now
	kp, err := c.first.terms.newLeaf(cfg, session)
	if err != nil {
		c.b.Fatal(err)
	}
	return kp
}

// extra asks, and sends one path when it is let in, if it is to.
func (c *crowd) extra(who *client, in Input, warm bool) (out Output) {
	m := c.first // seals and opens as anybody does
	switch in := in.(type) {
	case Joined:
		kp := c.leaf(who.session)
		out.Send = []Message{Ask{in.Generation, m.seal(link.KindAsk, 0, kp.Public.Message().Marshal())}}
		who.member.own = kp
	case Welcomed:
		if !warm {
			return out
		}
		message, err := m.openMessage(link.KindWelcome, in.Epoch, in.Body, mls.WireWelcome)
		if err != nil {
			c.b.Fatal(err)
		}
		tree, err := m.open(link.KindTree, in.Epoch, in.Tree)
		if err != nil {
			c.b.Fatal(err)
		}
		lax := mls.Config{PSK: m.terms.psk, Now: func() time.Time { return c.s.now }}
		g, err := mls.Join(lax, message.Welcome, who.member.own, tree)
		if err != nil {
			c.b.Fatal(err)
		}
		path, _, next, err := g.Commit(mls.CommitOptions{
			Proposals: []*mls.Proposal{g.NewPSK(link.PSKID(m.terms.linkNumber))}, ForcePath: true, Public: true,
		})
		if err != nil {
			c.b.Fatal(err)
		}
		next.Wipe(nil)
		out.Send = []Message{Commit{Generation: in.Generation, Epoch: in.Epoch, Body: m.seal(link.KindCommit, in.Epoch, path.Marshal())}}
	}
	return out
}

// made is a commit that the first member has made and nobody takes.
type made struct {
	c   *crowd
	out Commit
	p   *pending
}

func (m made) drop() { m.p.next.Wipe(m.c.first.group) }

func (c *crowd) commit(removes []uint32, adds []asking) made {
	c.b.Helper()
	p, err := c.first.tryCommit(removes, adds)
	if err != nil {
		c.b.Fatal(err)
	}
	sent := c.first.flush().Send
	return made{c, sent[0].(Commit), p}
}

// follow has the last member process a commit, again and again.
func (c *crowd) follow(b *testing.B, removes []uint32, adds []asking) {
	commit := c.commit(removes, adds)
	defer commit.drop()
	c.last.terms.now = c.s.now
	spend(b, func() {
		message, err := c.last.openMessage(link.KindCommit, commit.out.Epoch, commit.out.Body, mls.WirePublic)
		if err != nil {
			b.Fatal(err)
		}
		ev, _, err := c.last.terms.process(c.last.group, message)
		if err != nil {
			b.Fatal(err)
		}
		ev.Next.Wipe(c.last.group)
	})
	b.ReportMetric(float64(len(commit.out.Body)), "bytes")
}

// join has newcomers take one Welcome each.
func (c *crowd) join(b *testing.B) {
	var newcomers []*Member
	var welcomes []Welcomed
	bytes := 0
	for range b.N {
		cfg := c.s.cfg
		cfg.Name = "Newcomer"
		_, cfg.Device, _ = ed25519.GenerateKey(nil)
		m, err := New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		m.Handle(Joined{Session: "new", Generation: c.s.generation, Founded: true}, c.s.now)
		commit := c.commit(nil, []asking{{session: "new", kp: m.own.Public}})
		commit.drop()
		newcomers = append(newcomers, m)
		welcomes = append(welcomes, Welcomed{
			Seq: 1, Generation: c.s.generation, Epoch: commit.out.Epoch + 1, Body: commit.out.Welcome, Tree: commit.out.Tree,
		})
		bytes = len(commit.out.Welcome) + len(commit.out.Tree)
	}
	i := 0
	spendN(b, func() {
		if newcomers[i].Handle(welcomes[i], c.s.now); newcomers[i].Phase() != Inside {
			b.Fatal("the newcomer is not in the group")
		}
		i++
	})
	b.ReportMetric(float64(bytes), "bytes")
}

// BenchmarkKick is the time from the host's order to remove somebody to the last
// frame that is sealed with a key which the removed one has. Members seal with
// the new key as soon as they have followed the commit. So it is how long the
// commit has to keep its distance from the one before, by the group's clock (all
// of it when that one has just come, nothing when it is quiet), and the CPU time
// of making it and of following it. The network's time comes on top.
func BenchmarkKick(b *testing.B) {
	for _, n := range []int{100, 500} {
		c := newCrowd(b, link.Suite, n, false) // in a cold tree a Remove costs most
		b.Run(fmt.Sprintf("%d/busy", n), func(b *testing.B) { c.kick(b, 0) })
		b.Run(fmt.Sprintf("%d/quiet", n), func(b *testing.B) { c.kick(b, time.Minute) })
	}
}

// kick removes somebody so long after the last commit, and takes it back.
func (c *crowd) kick(b *testing.B, since time.Duration) {
	m := c.first
	target := m.terms.roster[uint32(len(m.terms.roster)/2)].Session
	now := m.lastCommit.Add(since)
	var wait, cpu time.Duration
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range b.N {
		if _, err := m.Remove(target, now); err != nil {
			b.Fatal(err)
		}
		at := later(m.at, now)
		wait += at.Sub(now)
		begun := threadCPU(b)
		sent := m.Wake(at).Send
		i := slices.IndexFunc(sent, func(m Message) bool { _, ok := m.(Commit); return ok })
		if i < 0 {
			b.Fatal("no commit when it is due")
		}
		commit := sent[i].(Commit)
		c.last.terms.now = at
		message, err := c.last.openMessage(link.KindCommit, commit.Epoch, commit.Body, mls.WirePublic)
		if err != nil {
			b.Fatal(err)
		}
		ev, _, err := c.last.terms.process(c.last.group, message)
		if err != nil || len(ev.Commit.Removed) != 1 {
			b.Fatal(ev, err)
		}
		cpu += threadCPU(b) - begun
		ev.Next.Wipe(c.last.group)
		m.dropPending()
		m.wish, m.dueSince = nil, time.Time{}
		delete(m.removing, target)
	}
	b.ReportMetric(float64((wait+cpu).Microseconds())/1000/float64(b.N), "ms-to-last-old-key-frame")
	b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
}

// spend reports the CPU time and the allocations of f, b.N times.
func spend(b *testing.B, f func()) {
	b.Helper()
	f() // what is made once
	spendN(b, f)
}

func spendN(b *testing.B, f func()) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := threadCPU(b)
	for range b.N {
		f()
	}
	cpu = threadCPU(b) - cpu
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-us")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "allocs")
	b.ReportMetric(0, "ns/op") // wall time of a shared machine says nothing
}

func threadCPU(b *testing.B) time.Duration {
	b.Helper()
	const rusageThread = 1
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
