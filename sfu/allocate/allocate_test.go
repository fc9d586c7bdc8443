package allocate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAssign(t *testing.T) {
	for _, tc := range []struct {
		name                string
		seats, wanted, want []string
		prefer              map[string]int
	}{
		{"empty", []string{"", ""}, nil, []string{"", ""}, nil},
		{"fills in order", []string{"", "", ""}, []string{"a", "b"}, []string{"a", "b", ""}, nil},
		{"keeps places", []string{"a", "b", "c"}, []string{"c", "d", "a"}, []string{"a", "d", "c"}, nil},
		{"more than seats", []string{"x", ""}, []string{"a", "b", "x"}, []string{"a", "b"}, nil},
		{"frees", []string{"a", "b"}, []string{"b"}, []string{"", "b"}, nil},
		{"no seats", nil, []string{"a"}, []string{}, nil},
		{"in step", []string{"", "", ""}, []string{"a", "b"}, []string{"b", "", "a"}, map[string]int{"a": 2}},
		{"in step, but taken", []string{"x", "", ""}, []string{"x", "a", "b"}, []string{"x", "a", "b"}, map[string]int{"a": 0, "b": 0}},
		{"keeps its place rather than step", []string{"a", ""}, []string{"a"}, []string{"a", ""}, map[string]int{"a": 1}},
		{"in step with no seat of the kind", []string{"", ""}, []string{"a"}, []string{"a", ""}, map[string]int{"a": 7}},
	} {
		if got := Assign(tc.seats, tc.wanted, tc.prefer); !slices.Equal(got, tc.want) {
			t.Errorf("%s: Assign(%q, %q) = %q, want %q", tc.name, tc.seats, tc.wanted, got, tc.want)
		}
	}
}

// Whatever is wanted: nobody has two seats, who is wanted within the number of
// seats has one, and who had one keeps it.
func TestAssignHolds(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	r := rand.New(rand.NewPCG(1, 2))
	seats := make([]string, 5)
	for range 10_000 {
		wanted := make([]string, 0, len(names))
		for _, i := range r.Perm(len(names))[:r.IntN(len(names)+1)] {
			wanted = append(wanted, names[i])
		}
		prefer := map[string]int{}
		for _, w := range wanted {
			if r.IntN(2) == 0 {
				prefer[w] = r.IntN(7)
			}
		}
		next := Assign(seats, wanted, prefer)
		for i, owner := range next {
			if owner == "" {
				continue
			}
			if slices.Index(next, owner) != i {
				t.Fatalf("%q has two seats in %q", owner, next)
			}
			if old := slices.Index(seats, owner); old >= 0 && old != i {
				t.Fatalf("%q moved from %d to %d", owner, old, i)
			}
		}
		for _, w := range wanted[:min(len(wanted), len(seats))] {
			if !slices.Contains(next, w) {
				t.Fatalf("%q is wanted and has no seat in %q", w, next)
			}
		}
		seats = next
	}
}
