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
	}{
		{"empty", []string{"", ""}, nil, []string{"", ""}},
		{"fills in order", []string{"", "", ""}, []string{"a", "b"}, []string{"a", "b", ""}},
		{"keeps places", []string{"a", "b", "c"}, []string{"c", "d", "a"}, []string{"a", "d", "c"}},
		{"more than seats", []string{"x", ""}, []string{"a", "b", "x"}, []string{"a", "b"}},
		{"frees", []string{"a", "b"}, []string{"b"}, []string{"", "b"}},
		{"no seats", nil, []string{"a"}, []string{}},
	} {
		if got := Assign(tc.seats, tc.wanted); !slices.Equal(got, tc.want) {
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
		next := Assign(seats, wanted)
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
