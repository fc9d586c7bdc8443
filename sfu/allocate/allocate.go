// Package allocate puts sources on seats. Who has a seat keeps it while
// wanted, so that pictures do not jump.
package allocate

// Assign returns the owners of the seats: wanted in order of importance, as
// many as there are seats, those already seated where they are. An empty
// string is an empty seat. Wanted holds no doubles. Who is new gets the seat
// that prefer names (the one in step with the owner's voice or picture), when
// it is free. The arguments are not changed.
func Assign(seats, wanted []string, prefer map[string]int) []string {
	if len(wanted) > len(seats) {
		wanted = wanted[:len(seats)]
	}
	want := make(map[string]bool, len(wanted))
	for _, w := range wanted {
		want[w] = true
	}
	out := make([]string, len(seats))
	for i, owner := range seats {
		if owner != "" && want[owner] {
			out[i] = owner
			delete(want, owner)
		}
	}
	for _, w := range wanted {
		if i, ok := prefer[w]; ok && want[w] && i < len(out) && out[i] == "" {
			out[i] = w
			delete(want, w)
		}
	}
	free := 0
	for _, w := range wanted {
		if !want[w] {
			continue
		}
		for out[free] != "" {
			free++
		}
		out[free] = w
	}
	return out
}
