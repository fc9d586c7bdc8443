// Package attack makes a malicious server, a malicious forwarder and malicious
// participants of our own parts, and lets them loose on real clients: members
// of e2ee/group, keys of e2ee/keys, the delivery service itself, and where the
// bytes on the wire matter, participants of cmd/incamera-peer on loopback.
//
// An [Attack] says what it tried and what each side saw. Its verdict follows
// from what was observed, never from what is hoped for. Where a defence can be
// taken out, the attack names it as an edit of the source; [Prove] builds the
// suite without it and shows that the attack then succeeds.
package attack

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"incamera/e2ee/group"
)

// A Verdict is what became of an attack.
type Verdict string

// The verdicts.
const (
	Defeated     Verdict = "defeated"      // it had no effect that an honest member could feel
	Detected     Verdict = "detected"      // it reached nothing; who was disturbed by it knows why
	NotPrevented Verdict = "not prevented" // it reached what it wanted
	Failed       Verdict = "not carried out"
)

// An Attack is one thing that somebody hostile may try. Static.
type Attack struct {
	Name string
	// Claim is the number of the claim in THREAT_MODEL.md that says it cannot
	// succeed. Otherwise Admitted is a phrase of that document that admits that
	// it can.
	Claim, Admitted string
	Do              func(*Trial)
	// Defence says what stands in the way, and Without what takes it out of
	// the sources. Without edits, Defence says why none does.
	Defence string
	Without []Edit
}

// An Edit changes one place of one file. Old stands in it exactly once.
type Edit struct{ File, Old, New string }

// A Result is what became of an attack.
type Result struct {
	Attack  *Attack
	Verdict Verdict
	Tried   string
	Saw     []string
	Why     string // it was not carried out
	Breach  bool   // it reached more than what is admitted
}

// Bad reports whether the result contradicts THREAT_MODEL.md, or is none.
func (r Result) Bad() bool {
	return r.Verdict == Failed || r.Breach || r.Verdict == NotPrevented && r.Attack.Admitted == ""
}

// Print writes the result for people.
func (r Result) Print(w io.Writer) {
	verdict := string(r.Verdict)
	switch {
	case r.Breach:
		verdict += ", AND MORE THAN IS ADMITTED"
	case r.Verdict == NotPrevented && r.Attack.Admitted != "":
		verdict += " (as documented: " + r.Attack.Admitted + ")"
	case r.Verdict == NotPrevented:
		verdict += ", AGAINST CLAIM " + r.Attack.Claim
	case r.Verdict == Failed:
		verdict += ": " + r.Why
	}
	fmt.Fprintf(w, "%s\n  tried    %s\n", r.Attack.Name, r.Tried)
	for _, s := range r.Saw {
		fmt.Fprintf(w, "  saw      %s\n", s)
	}
	fmt.Fprintf(w, "  verdict  %s\n", verdict)
}

// A Trial is one attack under way. It is used by one goroutine.
type Trial struct {
	tried   string
	saw     []string
	reached bool
	breach  bool
	noticed bool
	watched []watched
	cleanup []func()
}

// obstacle is why an attack cannot be carried out.
type obstacle string

// All returns every attack, in the order in which they are told.
func All() []*Attack {
	var all []*Attack
	for _, part := range [][]*Attack{ghosts, lobby, changedLinks, hostPowers, hostWords, order, identity, frames, floods, invites, content, onTheWire} {
		all = append(all, part...)
	}
	return all
}

// Run carries the attack out. A panic of a client under attack is a success of
// the attacker.
func (a *Attack) Run() (r Result) {
	t := &Trial{}
	r.Attack = a
	defer func() {
		for len(t.cleanup) > 0 {
			last := t.cleanup[len(t.cleanup)-1]
			t.cleanup = t.cleanup[:len(t.cleanup)-1]
			last()
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			o, known := p.(obstacle)
			if known {
				r.Verdict, r.Tried, r.Saw, r.Why = Failed, t.tried, t.saw, string(o)
				return
			}
			t.reached, t.breach = true, true
			t.sawf("everybody", "a client ended with a panic: %v\n%s", p, debug.Stack())
		}
		r.Tried, r.Saw, r.Verdict, r.Breach = t.tried, t.saw, t.verdict(), t.breach
	}()
	a.Do(t)
	t.look()
	return r
}

func (t *Trial) verdict() Verdict {
	switch {
	case t.reached:
		return NotPrevented
	case t.noticed:
		return Detected
	}
	return Defeated
}

// try says what is attempted.
func (t *Trial) try(format string, args ...any) { t.tried = fmt.Sprintf(format, args...) }

// sawf notes what somebody saw.
func (t *Trial) sawf(who, format string, args ...any) {
	if s := who + ": " + fmt.Sprintf(format, args...); !slices.Contains(t.saw, s) {
		t.saw = append(t.saw, s)
	}
}

// goal notes whether the attacker has what he wants.
func (t *Trial) goal(reached bool, what string) {
	not := "did not reach"
	if reached {
		t.reached, not = true, "reached"
	}
	t.sawf("attacker", "%s: %s", not, what)
}

// never is a goal that must not be reached even where others are admitted.
func (t *Trial) never(reached bool, what string) {
	t.breach = t.breach || reached
	t.goal(reached, what)
}

// must ends the trial where the attack itself does not work.
func (t *Trial) must(ok bool, format string, args ...any) {
	if !ok {
		panic(obstacle(fmt.Sprintf(format, args...)))
	}
}

func (t *Trial) check(err error, doing string) { t.must(err == nil, "%s: %v", doing, err) }

// watched is an honest person and how it was when the attack began.
type watched struct {
	p       *person
	phases  int
	dropped group.Dropped
}

// watch begins to look at what the honest see.
func (t *Trial) watch(people ...*person) {
	for _, p := range people {
		t.watched = append(t.watched, watched{p, len(p.phases), p.member.Dropped})
	}
}

// look notes what the honest have seen since watch.
func (t *Trial) look() {
	for _, w := range t.watched {
		p := w.p
		var why []string
		for _, e := range p.phases[w.phases:] {
			if e.Why != nil {
				why = append(why, e.Why.Error())
			}
		}
		d, before := p.member.Dropped, w.dropped
		for what, n := range map[string]uint64{
			"asks": d.Asks - before.Asks, "commits": d.Commits - before.Commits, "welcomes": d.Welcomes - before.Welcomes, "messages": d.Apps - before.Apps,
		} {
			if n > 0 && what != "commits" && what != "welcomes" { // those have their why
				why = append(why, fmt.Sprintf("%d %s dropped", n, what))
			}
		}
		now := fmt.Sprintf("is %v, in epoch %d with %s", p.member.Phase(), p.member.Epoch(), p.roster())
		if len(why) == 0 {
			t.sawf(p.name, "nothing unusual; %s", now)
			continue
		}
		t.noticed = true
		t.sawf(p.name, "%s; %s", strings.Join(why, "; "), now)
	}
	t.watched = nil
}
