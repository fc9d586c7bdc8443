package netlab

import (
	"math"
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

// every sends n packets of 1200 bytes in steps of the interval.
func every(l *Link, n int, interval time.Duration) (late []time.Duration, drops map[Drop]int) {
	drops = map[Drop]int{}
	for i := range n {
		now := start.Add(time.Duration(i) * interval)
		arrivals, why := l.send(packet{size: 1200, udp: true}, now)
		if why != Passed {
			drops[why]++
		}
		for _, at := range arrivals {
			late = append(late, at.Sub(now))
		}
	}
	return late, drops
}

func TestPerfectLink(t *testing.T) {
	late, drops := every(NewLink(1), 100, time.Millisecond)
	if len(late) != 100 || len(drops) != 0 || late[50] != 0 {
		t.Errorf("%d arrive, %v, the 50th after %v", len(late), drops, late[50])
	}
}

func TestDelayAndJitter(t *testing.T) {
	l := NewLink(1)
	l.Set(Profile{Delay: 150 * time.Millisecond, Jitter: 20 * time.Millisecond})
	late, _ := every(l, 1000, 100*time.Millisecond)
	var sum time.Duration
	for _, d := range late {
		if d < 150*time.Millisecond {
			t.Fatalf("%v is early", d)
		}
		sum += d
	}
	// The mean of a folded normal distribution is sigma times the root of 2/pi.
	want := 150*time.Millisecond + time.Duration(float64(20*time.Millisecond)*math.Sqrt(2/math.Pi))
	if mean := sum / time.Duration(len(late)); mean < want*95/100 || mean > want*105/100 {
		t.Errorf("mean delay %v, want %v", mean, want)
	}
}

func TestJitterKeepsOrder(t *testing.T) {
	l := NewLink(1)
	l.Set(Profile{Jitter: 50 * time.Millisecond})
	var last time.Time
	for i := range 1000 {
		arrivals, _ := l.send(packet{size: 100}, start.Add(time.Duration(i)*time.Millisecond))
		if arrivals[0].Before(last) {
			t.Fatalf("packet %d overtakes", i)
		}
		last = arrivals[0]
	}
}

// TestLoss checks the share of what is lost and the mean run, for independent
// losses and for bursts.
func TestLoss(t *testing.T) {
	const n = 200_000
	for _, c := range []struct{ loss, burst, run float64 }{{0.03, 0, 1 / 0.97}, {0.03, 8, 8}, {0.1, 3, 3}, {0.5, 2, 2}} {
		l := NewLink(7)
		l.Set(Profile{Loss: c.loss, Burst: c.burst})
		lost, runs, was := 0, 0, false
		for i := range n {
			_, why := l.send(packet{size: 100}, start.Add(time.Duration(i)*time.Millisecond))
			if is := why == Lost; is {
				lost++
				if !was {
					runs++
				}
				was = true
			} else {
				was = false
			}
		}
		if share := float64(lost) / n; math.Abs(share-c.loss) > 0.05*c.loss+0.001 {
			t.Errorf("%+v: %.4f are lost", c, share)
		}
		if run := float64(lost) / float64(runs); math.Abs(run-c.run) > 0.05*c.run {
			t.Errorf("%+v: %.2f in a row", c, run)
		}
	}
}

func TestRateAndQueue(t *testing.T) {
	l := NewLink(1)
	l.Set(Profile{Rate: 960_000, Queue: 100 * time.Millisecond}) // 100 packets of 1200 bytes a second
	late, drops := every(l, 400, 5*time.Millisecond)             // twice as many
	if n := len(late); n < 205 || n > 215 {                      // 2 s at 100, and the queue's 10
		t.Errorf("%d packets arrive in 2 s", n)
	}
	if drops[Full] != 400-len(late) {
		t.Errorf("dropped %v", drops)
	}
	if longest := late[len(late)-1]; longest < 100*time.Millisecond || longest > 120*time.Millisecond {
		t.Errorf("at last a packet takes %v", longest)
	}
	if w := l.Waiting(start.Add(time.Hour)); w != 0 {
		t.Errorf("an hour later %v are queued", w)
	}
}

func TestPolicer(t *testing.T) {
	l := NewLink(1)
	l.Set(Profile{Rate: 960_000})
	late, _ := every(l, 400, 5*time.Millisecond)
	for _, d := range late {
		if d > 10*time.Millisecond {
			t.Fatalf("a policer delays a packet for %v", d)
		}
	}
	if n := len(late); n < 195 || n > 205 {
		t.Errorf("%d packets arrive in 2 s at 100 a second", n)
	}
}

func TestPolicerWithABucket(t *testing.T) {
	l := NewLink(1)
	l.Set(Profile{Rate: 960_000, Queue: 50 * time.Millisecond, Police: true}) // it holds five packets
	for i := range 8 {
		arrivals, why := l.send(packet{size: 1200, udp: true}, start)
		if i < 6 && (why != Passed || arrivals[0] != start) || i >= 6 && why != Full {
			t.Errorf("packet %d of eight at once: %v, %q", i, arrivals, why)
		}
	}
	late, _ := every(l, 400, 5*time.Millisecond)
	if n := len(late); n < 195 || n > 210 {
		t.Errorf("%d packets arrive in 2 s at 100 a second", n)
	}
}

func TestReorderAndDuplicate(t *testing.T) {
	l := NewLink(3)
	l.Set(Profile{Reorder: 0.1, ReorderBy: 15 * time.Millisecond, Duplicate: 0.2})
	late, _ := every(l, 10_000, 10*time.Millisecond)
	behind := 0
	for _, d := range late {
		if d == 15*time.Millisecond {
			behind++
		}
	}
	if n := len(late); n < 11_800 || n > 12_200 {
		t.Errorf("%d arrive of 10000", n)
	}
	if behind < 1000 || behind > 1400 {
		t.Errorf("%d are late", behind)
	}
}

func TestWhatIsBlocked(t *testing.T) {
	udp, web, other := packet{size: 100, udp: true, toPort: 443}, packet{size: 100, tcp: true, toPort: 443}, packet{size: 100, tcp: true, toPort: 22}
	back := packet{size: 100, tcp: true, fromPort: 443, toPort: 5000}
	for _, c := range []struct {
		profile Profile
		packet  packet
		want    Drop
	}{
		{Profile{Blackhole: true}, web, Hole},
		{Profile{BlockUDP: true}, udp, Blocked},
		{Profile{BlockUDP: true}, web, Passed},
		{Profile{OnlyTCP: 443}, udp, Blocked},
		{Profile{OnlyTCP: 443}, other, Blocked},
		{Profile{OnlyTCP: 443}, web, Passed},
		{Profile{OnlyTCP: 443}, back, Passed},
		{Profile{MTU: 99}, web, TooLong},
		{Profile{MTU: 100}, web, Passed},
		{Profile{Loss: 1}, web, Lost},
	} {
		l := NewLink(1)
		l.Set(c.profile)
		if _, why := l.send(c.packet, start); why != c.want {
			t.Errorf("%+v, %+v: %q, want %q", c.profile, c.packet, why, c.want)
		}
	}
}

// TestSameSeedSameFate: a run can be repeated.
func TestSameSeedSameFate(t *testing.T) {
	fate := func(seed uint64) (out []time.Duration) {
		l := NewLink(seed)
		l.Set(Profile{Delay: time.Millisecond, Jitter: 3 * time.Millisecond, Loss: 0.1, Burst: 3, Duplicate: 0.1})
		out, _ = every(l, 500, time.Millisecond)
		return out
	}
	a, b, c := fate(1), fate(1), fate(2)
	if len(a) != len(b) {
		t.Fatalf("%d and %d arrive", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("packet %d: %v and %v", i, a[i], b[i])
		}
	}
	if len(a) == len(c) && a[7] == c[7] && a[70] == c[70] {
		t.Error("another seed, the same fate")
	}
}
