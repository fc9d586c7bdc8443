package allocate

import (
	"cmp"
	"slices"
	"time"
)

// How turns go when more speak at once than are heard.
const (
	// hangOver is how long somebody counts as speaking after that was taken back.
	// Shorter, and who draws breath loses the seat to another; longer, and who has
	// long finished keeps others waiting.
	hangOver = 2 * time.Second
	// leastTurn is what everybody is given. Shorter, and it is no sentence; longer,
	// and who begins to speak into a meeting where all do waits that long.
	leastTurn = 2 * time.Second
	// yieldEvery is the time from one place that is given up to the next. Shorter,
	// and nobody keeps it for long, and every subscriber hears of more changes of
	// seats than of anything else; longer, and the last in the line waits for minutes.
	yieldEvery = time.Second
)

// A Voice is one member's microphone.
type Voice struct {
	ID       string
	Open     bool // it is published, and may be heard
	Speaking bool // its member says so; who cannot be heard is not asked
}

// Voices says who is heard when more microphones are open than are heard at
// once: who speaks, or spoke last. It believes no more of who says to speak than
// that he wants to be heard: whoever says so always has one place at most, and
// gives it up, too, when more speak than there are places. Not safe for
// concurrent use. The zero value is ready.
type Voices struct {
	known   map[string]*voice
	opened  int // microphones, so far
	yielded time.Time
}

type voice struct {
	id       string
	open     bool
	nth      int       // in the order in which microphones were opened
	says     bool      // to speak
	stopped  time.Time // when its member last took that back
	speaking bool      // or has stopped less than the hang-over ago: it has a turn
	began    time.Time // the turn
	spoke    time.Time // when the latest turn ended; zero: there was none
	placed   time.Time // since when it has a place; zero: it has none
	heard    time.Time // until when it last had one; zero: never
}

// Update takes all members in a fixed order, and returns those with an open
// microphone in the order in which they are to be heard; the first places of them
// are. Whoever begins to speak is among these at once as long as no more than that
// do; he takes the place of who has been silent for longest. Otherwise a place is
// given up for whoever was not heard for longest, at most each second. Who is not
// named in all is forgotten. now does not go back; call it with each change, and
// a few times each second for what time brings.
func (v *Voices) Update(places int, all []Voice, now time.Time) (ranked []string) {
	open := v.take(all, now)
	var speaking, waiting, silent []*voice
	for _, m := range open {
		switch {
		case !m.speaking:
			silent = append(silent, m)
		case m.placed.IsZero():
			waiting = append(waiting, m)
		default:
			speaking = append(speaking, m)
		}
	}
	slices.SortFunc(waiting, func(a, b *voice) int {
		return cmp.Or(a.heard.Compare(b.heard), a.began.Compare(b.began), cmp.Compare(a.nth, b.nth))
	})
	// Who has had a place for longest is last, where fewer are heard.
	slices.SortFunc(speaking, func(a, b *voice) int {
		return cmp.Or(b.placed.Compare(a.placed), cmp.Compare(b.nth, a.nth))
	})
	for len(waiting) > 0 && len(speaking) < places {
		speaking, waiting = slices.Insert(speaking, 0, waiting[0]), waiting[1:]
		speaking[0].placed = now
	}
	if last := len(speaking) - 1; len(waiting) > 0 && last >= 0 && now.Sub(v.yielded) >= yieldEvery && now.Sub(speaking[last].placed) >= leastTurn {
		old := speaking[last]
		old.leave(now)
		speaking, waiting = slices.Insert(speaking[:last:last], 0, waiting[0]), append(waiting[1:], old)
		speaking[0].placed, v.yielded = now, now
	}
	slices.SortFunc(silent, func(a, b *voice) int {
		return cmp.Or(b.spoke.Compare(a.spoke), cmp.Compare(a.nth, b.nth))
	})
	for _, m := range slices.Concat(speaking, waiting, silent) {
		ranked = append(ranked, m.id)
	}
	return ranked
}

// take brings what is known up to date, and returns who has an open microphone.
func (v *Voices) take(all []Voice, now time.Time) (open []*voice) {
	known := make(map[string]*voice, len(all))
	for _, in := range all {
		m := v.known[in.ID]
		if m == nil {
			m = &voice{id: in.ID}
		}
		known[in.ID] = m
		if in.Open && !m.open {
			v.opened++
			m.nth = v.opened
		}
		if m.open = in.Open; !in.Open {
			m.end(now)
			continue
		}
		open = append(open, m)
		switch {
		case in.Speaking:
			if m.says = true; !m.speaking {
				m.speaking, m.began = true, now
			}
		case m.says:
			m.says, m.stopped = false, now
		case now.Sub(m.stopped) >= hangOver:
			m.end(now)
		}
	}
	v.known = known
	return open
}

// end ends the turn, if there is one.
func (m *voice) end(now time.Time) {
	if m.says = false; m.speaking {
		m.speaking, m.spoke = false, now
		m.leave(now)
	}
}

// leave takes the place away, if there is one.
func (m *voice) leave(now time.Time) {
	if !m.placed.IsZero() {
		m.placed, m.heard = time.Time{}, now
	}
}
