// Package nfc reports whether a text is in Unicode normal form C (UAX #15).
//
// It knows Unicode 14; characters of later versions count as ones that neither
// decompose nor combine. Where others judge by a later version, what is not
// [Known] is to be refused. nfc.txt is made by make.py.
package nfc

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed nfc.txt
var data string

type pair [2]rune

type tables struct {
	decompose map[rune][]rune
	compose   map[pair]rune
	class     map[rune]uint8
	unknown   [][2]rune // first and last, ascending
}

var load = sync.OnceValue(func() *tables {
	t := &tables{map[rune][]rune{}, map[pair]rune{}, map[rune]uint8{}, nil}
	for line := range strings.Lines(data) {
		var kind string
		var a, b, c rune
		n, _ := fmt.Sscanf(line, "%s %x %x %x", &kind, &a, &b, &c)
		switch {
		case kind == "c" && n == 4:
			t.compose[pair{b, c}] = a
			t.decompose[a] = []rune{b, c}
		case kind == "d" && n >= 3:
			t.decompose[a] = []rune{b, c}[:n-2]
		case kind == "r" && n == 4:
			var class uint8
			if _, err := fmt.Sscanf(line, "r %x %x %d", &a, &b, &class); err != nil {
				panic("nfc: " + err.Error())
			}
			for r := a; r <= b; r++ {
				t.class[r] = class
			}
		case kind == "u" && n == 3:
			t.unknown = append(t.unknown, [2]rune{a, b})
		case kind != "#":
			panic("nfc: cannot read the line " + line)
		}
	}
	return t
})

// Is reports whether s, which is valid UTF-8, is in normal form C.
func Is(s string) bool {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x300 }) < 0 {
		return true // below the first combining mark nothing decomposes without composing back
	}
	return string(load().normal(s)) == s
}

// Known reports whether all characters of s are of Unicode 14, or are emoji
// (U+1F000 to U+1FAFF) or ideographs (planes 2 and 3), of which later ones
// neither decompose nor combine either: then every later version judges s alike.
func Known(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		if r < 0x300 {
			return false
		}
		_, found := slices.BinarySearchFunc(load().unknown, r, func(u [2]rune, r rune) int {
			switch {
			case u[1] < r:
				return -1
			case u[0] > r:
				return 1
			}
			return 0
		})
		return found
	}) < 0
}

// Unknown returns the first and last of each run of characters that are not
// [Known].
func Unknown() [][2]rune { return slices.Clone(load().unknown) }

// Hangul syllables are composed by arithmetic (Unicode §3.12).
const (
	hangulS, hangulL, hangulV, hangulT = 0xac00, 0x1100, 0x1161, 0x11a7
	countL, countV, countT             = 19, 21, 28
	countS                             = countL * countV * countT
)

func (t *tables) normal(s string) []rune {
	var out []rune
	for _, r := range s {
		out = t.appendDecomposed(out, r)
	}
	for i := 0; i < len(out); { // canonical order of each run of marks
		j := i
		for j < len(out) && t.class[out[j]] != 0 {
			j++
		}
		slices.SortStableFunc(out[i:j], func(a, b rune) int { return int(t.class[a]) - int(t.class[b]) })
		i = j + 1
	}
	return t.composed(out)
}

func (t *tables) appendDecomposed(out []rune, r rune) []rune {
	if i := r - hangulS; i >= 0 && i < countS {
		out = append(out, hangulL+i/(countV*countT), hangulV+i%(countV*countT)/countT)
		if i%countT != 0 {
			out = append(out, hangulT+i%countT)
		}
		return out
	}
	parts, ok := t.decompose[r]
	if !ok {
		return append(out, r)
	}
	for _, p := range parts {
		out = t.appendDecomposed(out, p)
	}
	return out
}

func (t *tables) composed(in []rune) []rune {
	out := make([]rune, 0, len(in))
	starter, last := -1, uint8(0) // last is the class of the mark before
	for _, r := range in {
		class := t.class[r]
		adjacent := starter == len(out)-1
		if starter >= 0 && (adjacent || last != 0 && last < class) {
			if whole, ok := t.join(out[starter], r); ok {
				out[starter] = whole
				continue
			}
		}
		if class == 0 {
			starter = len(out)
		}
		last = class
		out = append(out, r)
	}
	return out
}

func (t *tables) join(a, b rune) (rune, bool) {
	if l, v := a-hangulL, b-hangulV; l >= 0 && l < countL && v >= 0 && v < countV {
		return hangulS + (l*countV+v)*countT, true
	}
	if s, tail := a-hangulS, b-hangulT; s >= 0 && s < countS && s%countT == 0 && tail > 0 && tail < countT {
		return a + tail, true
	}
	whole, ok := t.compose[pair{a, b}]
	return whole, ok
}
