package group

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestTally: what is kept up to date is what is found anew.
func TestTally(t *testing.T) {
	s := newService(t)
	for i := range 6 {
		s.join(fmt.Sprint(i))
	}
	s.run(5 * time.Second)
	m := s.present()[5].member
	if m.Phase() != Inside || m.group.Me() != 5 {
		t.Fatal("not where it should be in the group")
	}
	before, cold, lost := 0, 0, 0
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		m.terms.roster = roster{5: m.terms.roster[5]}
		for range 12 {
			if i := uint32(rng.IntN(16)); i != 5 {
				m.terms.roster[i] = &member{Participant: Participant{Leaf: i, Session: fmt.Sprint("s", i)}, warm: rng.IntN(2) == 0}
			}
		}
		m.sight.lookAnew()
		for range 60 {
			session := fmt.Sprint("s", rng.IntN(20))
			m.take([]Input{Arrived{session}, Left{Session: session}, Away{session, true}, Away{session, false}}[rng.IntN(4)], s.now)
			kept := m.sight
			m.sight.lookAnew()
			anew := m.count()
			if k := kept.tally; k != nil && (k.before != anew.before || k.cold != anew.cold || !slices.Equal(k.lost, anew.lost)) {
				t.Fatalf("seed %d: kept %+v, found %+v", seed, *k, *anew)
			}
			if kept.tally != nil {
				m.sight = kept
			}
			before, cold, lost = max(before, anew.before), max(cold, anew.cold), max(lost, len(anew.lost))
		}
	}
	if before < 3 || cold < 3 || lost < 3 {
		t.Errorf("at most %d before, %d cold, %d lost: too little happens", before, cold, lost)
	}
}
