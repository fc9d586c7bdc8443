package quality

import (
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	var j Judge
	for i, step := range []struct {
		at      time.Duration
		now     Grade
		want    Grade
		changed bool
	}{
		{0, Limited, Good, false},
		{time.Second, Good, Good, false},
		{1500 * time.Millisecond, Limited, Good, false}, // the time counts anew
		{3 * time.Second, Limited, Good, false},
		{3500 * time.Millisecond, Limited, Limited, true},
		{4 * time.Second, Paused, Limited, false},
		{5 * time.Second, Limited, Limited, false},
		{6 * time.Second, Paused, Limited, false},
		{8 * time.Second, Paused, Paused, true},
		{9 * time.Second, Good, Paused, false},
		{13 * time.Second, Good, Paused, false},
		{14 * time.Second, Good, Good, true},
		{15 * time.Second, Good, Good, false},
	} {
		if changed := j.Update(step.now, start.Add(step.at)); changed != step.changed || j.Grade() != step.want {
			t.Errorf("step %d: %v, %v; want %v, %v", i, j.Grade(), changed, step.want, step.changed)
		}
	}
}

func TestGrades(t *testing.T) {
	for i, c := range []struct{ got, want Grade }{
		{Down(false, false, 0.01, 50*time.Millisecond), Good},
		{Down(true, true, 0, 0), Paused},
		{Down(false, true, 0, 0), Limited},
		{Down(false, false, 0.06, 0), Limited},
		{Down(false, false, 0, 400*time.Millisecond), Limited},
		{Up(false, false, 0.04), Good},
		{Up(true, false, 0), Paused},
		{Up(false, true, 0), Limited},
		{Up(false, false, 0.2), Limited},
	} {
		if c.got != c.want {
			t.Errorf("case %d: %v, want %v", i, c.got, c.want)
		}
	}
}

func TestCauseOf(t *testing.T) {
	for _, tc := range []struct {
		grade Grade
		loss  float64
		queue time.Duration
		want  Cause
	}{
		{Good, 1, time.Hour, None},
		{Limited, 0, 0, Bandwidth},
		{Paused, muchLoss, longQueue, Bandwidth},
		{Limited, 0, longQueue + 1, Delay},
		{Paused, muchLoss + 0.01, longQueue + 1, Loss},
	} {
		if got := CauseOf(tc.grade, tc.loss, tc.queue); got != tc.want {
			t.Errorf("%v with loss %v and a wait of %v: %v, want %v", tc.grade, tc.loss, tc.queue, got, tc.want)
		}
	}
}
