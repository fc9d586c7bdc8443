package transport

import (
	"testing"
	"time"
)

type place struct {
	address string
	port    int
	heard   time.Time
}

func (p *place) Address() string         { return p.address }
func (p *place) Port() int               { return p.port }
func (p *place) LastReceived() time.Time { return p.heard }

func TestMediaFollowsAClientThatMoved(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	r := newRoutes(15 * time.Second)
	home, port, elsewhere := &place{address: "192.0.2.1", port: 1}, &place{address: "192.0.2.1", port: 2}, &place{address: "192.0.2.9", port: 1}
	for i, step := range []struct {
		ms        int
		user      string
		from      *place
		nominates bool
		heard     int // when media last came from home; 0: not since the step before
		move      bool
		why       string
	}{
		{0, "a", port, false, 0, false, "not nominated: nothing to follow yet"},
		{10, "a", home, true, 0, false, "the first is followed anyway"},
		{2000, "a", home, false, 0, false, "no news"},
		{2100, "a", port, true, 2050, false, "media still comes from home: it may be a replay"},
		{3400, "a", elsewhere, false, 0, false, "home was checked from just now"},
		{9000, "a", elsewhere, false, 8900, false, "checks may be rare, media is not"},
		{10_399, "a", port, false, 0, false, "not silent for long enough"},
		{10_400, "a", port, false, 0, true, "another port, as after a NAT has forgotten"},
		{10_500, "a", port, false, 0, false, "it is there already"},
		{10_600, "b", elsewhere, false, 0, false, "another client"},
		{12_100, "a", elsewhere, true, 0, true, "another network"},
	} {
		if step.heard != 0 {
			home.heard = at(step.heard)
		}
		if got := r.check(step.user, step.from, step.nominates, at(step.ms)); got != step.move {
			t.Errorf("step %d (%s): moves %v", i, step.why, got)
		}
	}
}

func TestGoneClientsAreForgotten(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	r := newRoutes(15 * time.Second)
	for i := range 1000 {
		r.check(string(rune('a'+i)), &place{address: "192.0.2.1", port: i}, true, start.Add(time.Duration(i)*time.Second))
	}
	if n := len(r.byUser); n > 32 {
		t.Errorf("%d clients are remembered", n)
	}
}
