package group_test

import (
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"incamera/e2ee/group"
)

var (
	churnSeeds   = flag.Int("churn.seeds", 12, "how many seeds TestChurn runs")
	churnFirst   = flag.Uint64("churn.first", 1, "the first of them")
	churnMembers = flag.Int("churn.members", 0, "how many people; 0: from 2 to 16")
)

// TestChurn lets people come, leave, crash, lose their socket for a while and
// reload, alone and many at once, while others talk. Then it is quiet. Always:
// whoever is in an epoch has the same key and roster as all others in it,
// nobody who was removed opens what is sealed from then on, and no counter of a
// key comes twice. In the end all who are there are in one epoch within 10 s.
func TestChurn(t *testing.T) {
	var runs, commits, frames, tried atomic.Int64
	var slowest atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := *churnFirst; seed < *churnFirst+uint64(*churnSeeds); seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				w, took := churn(t, seed, *churnMembers)
				c := w.checks
				runs.Add(1)
				commits.Add(int64(c.commits))
				frames.Add(int64(c.frames))
				tried.Add(int64(c.tried))
				for about, n := range c.refused {
					t.Logf("%d were out of order: %s", n, about)
				}
				slowest.Store(max(slowest.Load(), int64(took)))
				for _, f := range c.failures {
					t.Error(f)
				}
				t.Logf("seed %d of %d members: %d commits, %d frames, agreed %v after quiet", seed, *churnMembers, c.commits, c.frames, took)
				if t.Failed() {
					t.Logf("replay: go test -tags churn ./e2ee/group -v -run 'TestChurn$' -churn.seeds=1 -churn.first=%d -churn.members=%d", seed, *churnMembers)
				}
			})
		}
	})
	t.Logf("%d runs: %d commits, %d frames, %d tries of who was gone, all agreed within %v of quiet",
		runs.Load(), commits.Load(), frames.Load(), tried.Load(), time.Duration(slowest.Load()))
	if runs.Load() > 5 && (tried.Load() == 0 || frames.Load() == 0) {
		t.Error("nobody talked, or nobody who was gone listened")
	}
}

// churn runs one seed, and returns how long after the last fault all agreed.
func churn(t *testing.T, seed uint64, members int) (*world, time.Duration) {
	w := newWorld(seed)
	if *churnSeeds == 1 && testing.Verbose() {
		w.trace = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	if members == 0 {
		members = 2 + w.rng.IntN(15)
	}
	arriving := time.Duration(min(members*200, 60_000)) * time.Millisecond
	for range members {
		w.fault(time.Duration(w.rng.Int64N(int64(arriving))), func() { w.arrive() })
	}
	end := epoch0.Add(arriving + time.Duration(30+w.rng.IntN(60))*time.Second)
	w.churnUntil(end, members)
	w.talkUntil(end.Add(time.Hour))
	w.run(end.Sub(epoch0), nil)
	w.quietly = true
	// Sockets that are broken work again, or are given up.
	if !w.run(5*time.Minute, func() bool { return w.faults == 0 }) {
		t.Errorf("%d faults never end", w.faults)
	}
	w.note("quiet")
	if len(w.sessions) == 0 {
		w.arrive()
	}
	quiet := w.now
	if !w.run(tooLong, w.checks.agreed) {
		w.checks.fail("no agreement %v after quiet: %s", w.now.Sub(quiet), w.checks.disagreement())
		return w, 0
	}
	took := w.now.Sub(quiet)
	w.run(3*time.Second, nil)
	if !w.run(tooLong, w.checks.agreed) {
		w.checks.fail("agreement does not last: %s", w.checks.disagreement())
	}
	w.run(time.Second, nil) // for frame keys to change
	if !w.run(tooLong, w.checks.agreed) {
		w.checks.fail("agreement does not last: %s", w.checks.disagreement())
	}
	sample := w.checks.sample()
	for _, p := range sample {
		if n := w.checks.talk(p); n != len(sample)-1 {
			w.checks.fail("%d of %d can hear %s", n, len(sample)-1, p.name)
		}
	}
	return w, took
}

// patience is how long it may take to let in so many who stand in line, or
// somebody behind them.
func (w *world) patience(outside int) time.Duration {
	spacing, adds := 250*time.Millisecond, 20
	switch {
	case len(w.people) > 200:
		spacing, adds = time.Second, 64
	case len(w.people) > 20:
		spacing = time.Second
	}
	return tooLong + time.Duration(outside/adds)*spacing
}

func (w *world) arrive() *person {
	p := w.open(fmt.Sprintf("p%d", w.named+1))
	w.note("%s comes", p.name)
	return p
}

// talkUntil has people of the sample talk, and looks for who is behind.
func (w *world) talkUntil(end time.Time) {
	var tick func()
	n := 0
	tick = func() {
		n++
		if sample := w.checks.sample(); len(sample) > 0 {
			w.checks.talk(sample[n%len(sample)])
		}
		if n%10 == 0 {
			w.checks.behind()
			w.checks.slow()
		}
		if w.now.Before(end) {
			w.after(100*time.Millisecond, tick)
		}
	}
	w.after(0, tick)
}

// churnUntil has things happen, more often where there are more people.
func (w *world) churnUntil(end time.Time, members int) {
	pause := min(4000, max(200, 20_000/members))
	var next func()
	next = func() {
		if w.now.After(end) {
			return
		}
		w.happen(members)
		w.after(w.millis(0, 2*pause), next)
	}
	w.after(w.millis(0, 2*pause), next)
}

func (w *world) happen(members int) {
	switch k := w.rng.IntN(100); {
	case len(w.people) < members/2+1 || k < 20 && len(w.people) < members*5/4+1:
		w.arrive()
	case k < 32:
		w.leave(w.anybody())
	case k < 40:
		w.crash(w.anybody())
	case k < 50:
		w.note("a page reloads")
		w.reloadNow(w.anybody())
	case k < 72:
		w.away(w.anybody(), w.millis(100, 8_000))
	case k < 78:
		w.away(w.anybody(), w.millis(20_000, 45_000)) // some too long
	case k < 88:
		w.stall(w.anybody(), w.millis(500, 12_000))
	case k < 90:
		w.stall(w.anybody(), w.millis(30_000, 50_000))
	case k < 92:
		w.partition(w.rng.IntN(len(w.people)) + 1)
	case k < 93:
		w.partition(len(w.people))
	default:
		w.say(w.anybody())
	}
}

func (w *world) anybody() *person { return w.people[w.rng.IntN(len(w.people))] }

func (w *world) leave(p *person) {
	w.note("%s leaves", p.name)
	s := p.session
	w.close(p)
	if s != nil {
		w.end(s)
	}
}

func (w *world) crash(p *person) {
	w.note("%s crashes", p.name)
	s := p.session
	w.close(p)
	w.cutAtSomeTime(s)
}

// cutAtSomeTime breaks a socket; mostly the server sees it at once.
func (w *world) cutAtSomeTime(s *session) {
	noticed := w.millis(0, 300)
	if w.rng.IntN(4) == 0 {
		noticed = w.millis(0, int(silence/time.Millisecond))
	}
	w.cut(s, noticed)
}

func (w *world) reloadNow(p *person) {
	w.cutAtSomeTime(p.session)
	w.reload(p)
	p.wellSince = w.now
}

// away breaks the socket of a page that comes back later.
func (w *world) away(p *person, d time.Duration) {
	s := p.session
	if s.socket == nil || s.socket.cut {
		return
	}
	w.note("%s loses its socket for %v", p.name, d)
	w.cutAtSomeTime(s)
	w.fault(d, func() {
		if p.session == s {
			w.note("%s has a socket again", p.name)
			w.reconnect(p)
			p.wellSince = w.now
		}
	})
}

// stall lets a socket stand still; when it is for too long the server cuts it.
func (w *world) stall(p *person, d time.Duration) {
	s := p.session
	k := s.socket
	if k == nil || k.cut || s.ended {
		return
	}
	w.note("%s stalls for %v", p.name, d)
	k.stalledUntil = later(k.stalledUntil, w.now.Add(min(d, silence)))
	if d > silence {
		w.cut(s, silence)
	}
	w.fault(d, func() {
		if p.session != s {
			return
		}
		if k.cut && s.socket == k || s.socket == nil {
			w.reconnect(p)
		}
		p.wellSince = w.now
	})
}

// partition cuts many at once, who come back at once.
func (w *world) partition(n int) {
	d := w.millis(500, 40_000)
	w.note("%d are cut off for %v", n, d)
	for _, i := range w.rng.Perm(len(w.people))[:n] {
		w.away(w.people[i], d+w.millis(0, 1000))
	}
}

func (w *world) say(p *person) {
	if out, err := p.member.Say(churnChat, w.now); err == nil {
		w.put(p, out)
	}
}

var churnChat = group.Chat{ID: "0123456789abcdef", Text: "hello"}
