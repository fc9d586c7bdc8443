package attack

import (
	"os"
	"strings"
	"testing"
)

const root = "../../.."

// TestAttacks carries out every attack, and fails where one contradicts
// THREAT_MODEL.md or does not work.
func TestAttacks(t *testing.T) {
	if len(All()) < 40 {
		t.Fatalf("%d attacks: are some lost?", len(All()))
	}
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			if r := a.Run(); r.Bad() {
				var text strings.Builder
				r.Print(&text)
				t.Error(text.String())
			}
		})
	}
}

// TestAttacksAreToldInTheDocuments: what an attack claims or admits stands in
// THREAT_MODEL.md, and the table of attacks has it.
func TestAttacksAreToldInTheDocuments(t *testing.T) {
	model, err := os.ReadFile(root + "/THREAT_MODEL.md")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(root + "/docs/attacks.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, a := range All() {
		switch {
		case (a.Claim == "") == (a.Admitted == ""):
			t.Errorf("%s: claimed %q and admitted %q, want one of them", a.Name, a.Claim, a.Admitted)
		case a.Claim != "" && !strings.Contains(string(model), "| "+a.Claim+" |"):
			t.Errorf("%s: THREAT_MODEL.md has no claim %s", a.Name, a.Claim)
		case a.Admitted != "" && !strings.Contains(string(model), a.Admitted):
			t.Errorf("%s: THREAT_MODEL.md does not admit %q", a.Name, a.Admitted)
		case seen[a.Name]:
			t.Errorf("two attacks are called %s", a.Name)
		}
		seen[a.Name] = true
		if row := strings.TrimSuffix(a.row(""), "  |"); !strings.Contains(string(table), row) {
			t.Errorf("docs/attacks.md lacks %q; run make attack-proof", row)
		}
	}
}

// TestEditsFit: each defence can still be taken out where the attack says.
func TestEditsFit(t *testing.T) {
	for _, a := range All() {
		if a.Defence == "" {
			t.Errorf("%s names no defence", a.Name)
		}
		if _, err := a.Patched(root); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
	if _, err := (Edit{"x.go", "old", "new"}).Apply("old and old"); err == nil {
		t.Error("an edit that fits twice is taken")
	}
}

// TestVerdictFollowsFromWhatWasSeen: no attack can declare itself defeated.
func TestVerdictFollowsFromWhatWasSeen(t *testing.T) {
	for want, do := range map[Verdict]func(*Trial){
		Defeated:     func(t *Trial) { t.goal(false, "x") },
		Detected:     func(t *Trial) { t.noticed = true },
		NotPrevented: func(t *Trial) { t.noticed = true; t.goal(true, "x"); t.goal(false, "y") },
		Failed:       func(t *Trial) { t.goal(false, "x"); t.must(false, "no way") },
	} {
		a := &Attack{Claim: "C1", Do: do}
		if r := a.Run(); r.Verdict != want || r.Bad() != (want == NotPrevented || want == Failed) {
			t.Errorf("%s, bad %t, want %s", r.Verdict, r.Bad(), want)
		}
	}
	more := &Attack{Admitted: "some of it", Do: func(t *Trial) { t.goal(true, "x"); t.never(true, "y") }}
	if r := more.Run(); !r.Bad() {
		t.Error("more than is admitted is taken for admitted")
	}
	panics := &Attack{Claim: "C1", Do: func(*Trial) { panic("a client ends") }}
	if r := panics.Run(); r.Verdict != NotPrevented {
		t.Errorf("a panic is %s", r.Verdict)
	}
}
