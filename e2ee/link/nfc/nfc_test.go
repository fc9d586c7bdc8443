package nfc

import "testing"

func TestIs(t *testing.T) {
	for s, want := range map[string]bool{
		"":                         true,
		"Zo\u00eb":                 true,
		"Zoe\u0308":                false, // composes
		"x\u0304":                  true,  // nothing to compose into
		"\u212b":                   false, // Angstrom sign, a singleton
		"\u1ead":                   true,
		"a\u0323\u0302":            false,
		"\u00e2\u0323":             false, // composes only after reordering
		"a\u0302\u0323":            false,
		"q\u0323\u0307":            true,
		"q\u0307\u0323":            false, // out of canonical order
		"\ud55c\uae00":             true,
		"\u1112\u1161\u11ab":       false, // Hangul in letters
		"\ud558\u11ab":             false, // syllable and tail
		"\u0915\u093c":             true,  // excluded from composition
		"\u0958":                   false,
		"\u09c7\u09be":             false,
		"\u0645\u062d\u0645\u062f": true,
		"a\u0315\u0300":            false, // an accent behind another mark still composes
		"\U0001f600":               true,
		"\U00011099\U000110ba":     false,
		"\u1100\u0300\u1161":       true, // blocked
	} {
		if got := Is(s); got != want {
			t.Errorf("Is(%+q) = %t", s, got)
		}
	}
}

func TestKnown(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "Zo\u00eb": true, "\ud55c\uae00": true, "\U0001f600": true, "\U0001fae8": true, "\U000323b0": true,
		"\u0378":              false,
		"\U000105d2\u0307":    false, // composes in Unicode 16
		"x\u0316\u0ece":       false, // out of order in Unicode 15
		"\uffff":              false,
		"\U0010fffe":          false,
		"Zo\u00eb \U0001611e": false,
	} {
		if got := Known(s); got != want {
			t.Errorf("Known(%+q) = %t", s, got)
		}
	}
	if n := len(Unknown()); n != 656 {
		t.Errorf("%d runs of unknown characters", n)
	}
}

func TestTables(t *testing.T) {
	l := load()
	if len(l.decompose) != 2061 || len(l.class) != 912 || len(l.compose) != 941 {
		t.Errorf("read %d decompositions, %d classes, %d compositions", len(l.decompose), len(l.class), len(l.compose))
	}
	for whole := range l.decompose {
		if s := string(whole); Is(s) != (string(l.normal(s)) == s) {
			t.Errorf("%+q: the short way differs", s)
		}
	}
}
