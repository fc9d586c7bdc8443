package allocate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A hearing is a meeting of microphones, as whoever listens to all of it with so
// many seats for sound hears it.
type hearing struct {
	t      *testing.T
	now    time.Time
	places int
	voices Voices
	all    []Voice
	seats  []string
	moves  int // of somebody onto a seat, after the beginning
}

func newHearing(t *testing.T, microphones, places int) *hearing {
	h := &hearing{t: t, now: time.Unix(1_700_000_000, 0), places: places, seats: make([]string, places)}
	for i := range microphones {
		h.all = append(h.all, Voice{ID: fmt.Sprintf("m%02d", i), Open: true})
	}
	h.update()
	h.moves = 0
	return h
}

func (h *hearing) update() {
	ranked := h.voices.Update(h.places, h.all, h.now)
	next := Assign(h.seats, ranked, nil)
	for i, owner := range next {
		if owner != "" && owner != h.seats[i] {
			h.moves++
			if slices.Contains(h.seats, owner) {
				h.t.Fatalf("%s moved to another seat", owner)
			}
		}
	}
	h.seats = next
}

// say has a member say that it speaks, or does not.
func (h *hearing) say(i int, speaking bool) {
	h.all[i].Speaking = speaking
	h.update()
}

// pass lets time pass, in the steps in which a server looks.
func (h *hearing) pass(d time.Duration) {
	for end := h.now.Add(d); h.now.Before(end); {
		h.now = h.now.Add(min(100*time.Millisecond, end.Sub(h.now)))
		h.update()
	}
}

func (h *hearing) hears(i int) bool { return slices.Contains(h.seats, h.all[i].ID) }

// turn has a member speak for a time, and be silent.
func (h *hearing) turn(i int, lasts time.Duration) {
	h.say(i, true)
	h.pass(lasts)
	h.say(i, false)
	h.pass(hangOver + time.Second)
}

// TestSilenceMovesNobody: who is there first keeps the seat, whatever time
// passes, and who comes later or opens his microphone again takes none.
func TestSilenceMovesNobody(t *testing.T) {
	h := newHearing(t, 20, 16)
	h.pass(time.Minute)
	h.all = append([]Voice{{ID: "late", Open: true}}, h.all...)
	h.update()
	h.all[17].Open = false
	h.update()
	h.all[17].Open = true
	h.update()
	if h.moves > 0 || h.seats[0] != "m00" || h.seats[15] != "m15" {
		t.Errorf("%d moves to %v", h.moves, h.seats)
	}
	h.all[1].Open = false // m00 closes: the first who waits takes the seat, and keeps it
	h.update()
	h.all[1].Open = true
	h.update()
	if h.moves != 1 || h.seats[0] != "m17" && h.seats[0] != "m16" {
		t.Errorf("%d moves to %v", h.moves, h.seats)
	}
}

// TestWhoSpeaksIsHeardAtOnce: he takes the seat of who has been silent for
// longest, and nobody else moves.
func TestWhoSpeaksIsHeardAtOnce(t *testing.T) {
	h := newHearing(t, 20, 16)
	for _, i := range []int{3, 15, 0, 7} {
		h.turn(i, time.Second)
	}
	for _, i := range []int{1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14} {
		h.turn(i, time.Second)
	}
	if h.moves > 0 {
		t.Fatalf("%d moves for those who have seats", h.moves)
	}
	for n, silent := range []int{3, 15, 0, 7} { // in the order in which they spoke
		h.say(16+n, true)
		if !h.hears(16+n) || h.hears(silent) || h.moves != n+1 {
			t.Fatalf("%s speaks, and %v are heard", h.all[16+n].ID, h.seats)
		}
	}
}

// TestHangOver: who draws breath is not cut, though all others speak meanwhile;
// who has finished makes room.
func TestHangOver(t *testing.T) {
	h := newHearing(t, 17, 16)
	for i := range 16 {
		h.say(i, true)
	}
	h.say(0, false)
	h.pass(hangOver - 100*time.Millisecond)
	if !h.hears(0) {
		t.Fatal("who draws breath is not heard")
	}
	h.say(0, true)
	h.say(0, false)
	h.pass(hangOver - 100*time.Millisecond)
	h.say(5, false)
	h.pass(100 * time.Millisecond)
	if !h.hears(0) || h.moves > 0 {
		t.Fatalf("%d moves before anybody else speaks", h.moves)
	}
	h.say(16, true)
	if h.hears(0) || !h.hears(5) || !h.hears(16) {
		t.Errorf("of who has finished, draws breath and begins, %v are heard", h.seats)
	}
}

// TestMutedIsNotHeard: what is not open has no place, whatever its member says,
// and who was kept out has no turn left when he is let speak.
func TestMutedIsNotHeard(t *testing.T) {
	h := newHearing(t, 20, 16)
	h.say(19, true)
	h.all[19].Open = false // by the host; he says to speak all the same
	h.update()
	h.pass(10 * time.Second)
	if h.hears(19) {
		t.Fatal("who is muted is heard")
	}
	for i := range 16 {
		h.say(i, true)
	}
	for i := range 16 {
		if !h.hears(i) {
			t.Fatalf("%s is not heard for one who is muted", h.all[i].ID)
		}
	}
	h.all[19] = Voice{ID: "m19", Open: true}
	h.update()
	if h.hears(19) {
		t.Error("who says nothing takes the place of who speaks")
	}
	h.pass(hangOver)
	h.all[0].Speaking = false
	h.pass(hangOver + 100*time.Millisecond)
	h.say(19, true)
	h.all[19].Open = false
	h.update()
	h.all[19] = Voice{ID: "m19", Open: true}
	h.say(16, true)
	for i := 1; i <= 16; i++ {
		if !h.hears(i) {
			t.Errorf("%s is not heard for a turn of before somebody was muted", h.all[i].ID)
		}
	}
}

// TestLiarsHaveOneSeatEach: members who say to speak always, or as often as they
// can, keep nobody from being heard at once.
func TestLiarsHaveOneSeatEach(t *testing.T) {
	for _, flips := range []bool{false, true} {
		h := newHearing(t, 40, 16)
		lie := func() {
			for i := range 15 {
				h.say(i, true)
				if flips {
					h.say(i, false)
					h.say(i, true)
				}
			}
		}
		lie()
		h.pass(time.Minute)
		before := h.moves
		for i := 15; i < 40; i++ {
			lie()
			h.say(i, true)
			lie()
			if !h.hears(i) {
				t.Fatalf("%s is not heard beside 15 liars (flips: %v)", h.all[i].ID, flips)
			}
			h.pass(3 * time.Second)
			if !h.hears(i) {
				t.Fatalf("%s is cut by liars (flips: %v)", h.all[i].ID, flips)
			}
			h.say(i, false)
			h.pass(hangOver)
		}
		if most := 25; h.moves-before > most {
			t.Errorf("%d moves for 25 turns (flips: %v)", h.moves-before, flips)
		}
	}
}

// TestFairness: when more claim than there are seats, whatever they do, each is
// heard as long as the others, one seat at most changes its owner each second,
// nobody loses it sooner than after a sentence, and who was not heard for long
// is next.
func TestFairness(t *testing.T) {
	const members, places, lasts = 50, 16, 500 * time.Second
	r := rand.New(rand.NewPCG(3, 4))
	h := newHearing(t, members+1, places)
	const honest = members
	heard := make([]time.Duration, members)
	since := map[string]time.Time{}
	claim := func() {
		for i := range members {
			h.all[i].Speaking = i%2 == 0 || r.IntN(3) > 0 // half of them flip as they like
		}
	}
	claim()
	h.update()
	began, last := h.now, slices.Clone(h.seats)
	h.moves = 0
	for h.now.Sub(began) < lasts {
		claim()
		h.pass(100 * time.Millisecond)
		for i := range members {
			if h.hears(i) {
				heard[i] += 100 * time.Millisecond
			}
		}
		for i, owner := range h.seats {
			if owner == last[i] {
				continue
			}
			if at, ok := since[last[i]]; ok && h.now.Sub(at) < leastTurn {
				t.Fatalf("%s was heard for %v only", last[i], h.now.Sub(at))
			}
			since[owner] = h.now
		}
		last = slices.Clone(h.seats)
	}
	if most := int(lasts / yieldEvery); h.moves > most {
		t.Errorf("%d moves in %v", h.moves, lasts)
	}
	share := lasts * places / members
	for i, d := range heard {
		if d < share*9/10 || d > share*11/10 {
			t.Errorf("%s is heard for %v, its share is %v", h.all[i].ID, d, share)
		}
	}
	for range 5 {
		h.say(honest, true)
		for waits := time.Duration(0); !h.hears(honest); waits += 100 * time.Millisecond {
			if waits > yieldEvery {
				t.Fatalf("who has not spoken for long is not heard after %v", waits)
			}
			claim()
			h.pass(100 * time.Millisecond)
		}
		h.pass(leastTurn)
		h.say(honest, false)
		for range 600 { // longer than it takes until each of the others has had his turn
			claim()
			h.pass(100 * time.Millisecond)
		}
	}
}

// TestAllBeginAtOnce: nobody of the first is thrown out before a sentence, and
// the others follow.
func TestAllBeginAtOnce(t *testing.T) {
	h := newHearing(t, 20, 16)
	for i := range 20 {
		h.say(i, true)
	}
	h.pass(leastTurn - 100*time.Millisecond)
	if h.moves > 0 {
		t.Fatalf("%d moves before the least turn is over", h.moves)
	}
	for i := 16; i < 20; i++ {
		if h.pass(yieldEvery); !h.hears(i) {
			t.Errorf("%s waits, %v are heard", h.all[i].ID, h.seats)
		}
	}
}

// TestFewSeats: a subscriber with fewer seats than places hears who began last.
func TestFewSeats(t *testing.T) {
	h := newHearing(t, 20, 16)
	for i := range 5 {
		h.say(i+10, true)
		h.pass(time.Second)
	}
	ranked := h.voices.Update(h.places, h.all, h.now)
	if want := []string{"m14", "m13", "m12"}; !slices.Equal(ranked[:3], want) {
		t.Errorf("ranked %v, want %v first", ranked, want)
	}
}

// TestForgotten: of who is gone nothing is kept.
func TestForgotten(t *testing.T) {
	h := newHearing(t, 20, 16)
	h.all = h.all[:3]
	h.update()
	if n := len(h.voices.known); n != 3 {
		t.Errorf("%d are known", n)
	}
}

// A talker is one member of a simulated meeting: he speaks in sentences with
// breaths between them, and is silent for long in between.
type talker struct {
	until time.Time // of the present part
	left  int       // sentences of this turn
	said  time.Time // when he last said to speak
	ended time.Time // when he last finished
}

// TestMeetings simulates meetings of ordinary people: whoever speaks is heard at
// once and until he has finished, the one who makes room has been silent for
// longest, and seats move no more often than somebody begins who has none.
func TestMeetings(t *testing.T) {
	for _, microphones := range []int{20, 100} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprintf("%d microphones, %d", microphones, seed), func(t *testing.T) { simulate(t, microphones, seed) })
		}
	}
}

func simulate(t *testing.T, microphones int, seed uint64) {
	const most = 5 // who speak at once
	r := rand.New(rand.NewPCG(seed, 7))
	seconds := func(least, most float64) time.Duration {
		return time.Duration((least + r.Float64()*(most-least)) * float64(time.Second))
	}
	h := newHearing(t, microphones, 16)
	people := make([]talker, microphones)
	turns := 0
	begins := func(i int) {
		before := slices.Clone(h.seats)
		had := h.hears(i)
		h.say(i, true)
		if !h.hears(i) {
			t.Fatalf("%s speaks and is not heard", h.all[i].ID)
		}
		if had {
			return
		}
		turns++
		for seat, owner := range before {
			if h.seats[seat] == owner {
				continue
			}
			gone := slices.IndexFunc(h.all, func(v Voice) bool { return v.ID == owner })
			for j := range people {
				if h.hears(j) && j != i && people[j].said.Before(people[gone].said) && !h.all[j].Speaking {
					t.Fatalf("%s makes room, silent since %v; %s was since %v", owner, people[gone].said, h.all[j].ID, people[j].said)
				}
			}
		}
	}
	for range 4 * 60 * 10 { // four minutes
		talking := 0
		for i := range people {
			if p := &people[i]; p.left > 0 {
				talking++
			}
		}
		for i := range people {
			p, v := &people[i], &h.all[i]
			switch {
			case h.now.Before(p.until):
			case v.Speaking: // a breath, or the end
				p.left--
				p.until = h.now.Add(seconds(0.2, 1.8))
				h.say(i, false)
				if p.ended = h.now; p.left == 0 {
					p.until = h.now.Add(seconds(hangOver.Seconds(), 240))
				}
			case p.left > 0:
				p.until = h.now.Add(seconds(0.3, 6))
				begins(i)
			case talking < most && r.IntN(microphones*3) == 0:
				p.left, p.until = 1+r.IntN(8), h.now.Add(seconds(0.3, 6))
				begins(i)
				talking++
			}
			if v.Speaking {
				p.said = h.now
			}
		}
		h.pass(100 * time.Millisecond)
		for i, p := range people {
			if p.left > 0 && !h.hears(i) {
				t.Fatalf("%s is cut in a turn", h.all[i].ID)
			}
		}
	}
	if h.moves > turns {
		t.Errorf("%d moves for %d turns of who had no seat", h.moves, turns)
	}
	if turns == 0 {
		t.Error("nobody spoke who had no seat")
	}
}
