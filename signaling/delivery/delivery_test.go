package delivery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"incamera/signaling/wire"
)

type id = wire.SessionID

// A fake is a room with sessions; got holds what each was sent.
type fake struct {
	*Service
	t   testing.TB
	got map[id][]string
}

func newFake(t testing.TB, ids ...id) *fake {
	f := &fake{New(), t, map[id][]string{}}
	for _, i := range ids {
		f.Arrive(i)
	}
	return f
}

// do carries out one message and delivers what follows.
func (f *fake) do(from id, m any) error {
	f.t.Helper()
	var out []Out
	var err error
	switch m := m.(type) {
	case wire.Found:
		out, err = f.Found(from, m)
	case wire.Ask:
		out, err = f.Ask(from, m)
	case wire.Commit:
		out, err = f.Commit(from, m)
	case wire.App:
		out, err = f.App(from, m)
	case wire.Since:
		out, err = f.Since(from, m)
	case wire.Beat:
		out, err = f.Beat(from, m)
	default:
		f.t.Fatalf("no such message: %T", m)
	}
	if err != nil && out != nil {
		f.t.Errorf("%T: an error and messages", m)
	}
	f.deliver(out)
	return err
}

// TestBeat: where a member stands goes to the other members and into no log;
// what others say is dropped.
func TestBeat(t *testing.T) {
	s := New()
	for _, i := range []id{"a", "b", "c"} {
		s.Arrive(i)
	}
	s.founded, s.members = true, []id{"a", "b"}
	out, err := s.Beat("a", wire.Beat{Generation: 1, Body: []byte("here")})
	want := []Out{{[]id{"b"}, wire.BeatOf{Generation: 1, From: "a", Body: []byte("here")}}}
	if err != nil || !reflect.DeepEqual(out, want) {
		t.Errorf("%+v, %v", out, err)
	}
	if s.log.next() != 1 {
		t.Error("it has a place in the log")
	}
	if out, err := s.Beat("c", wire.Beat{Generation: 1}); out != nil || err != nil {
		t.Errorf("of no member: %+v, %v", out, err)
	}
	s.generation = 2
	if out, err := s.Beat("a", wire.Beat{Generation: 1}); out != nil || err != nil {
		t.Errorf("of before: %+v, %v", out, err)
	}
	if _, err := s.Beat("a", wire.Beat{Generation: 3}); err == nil {
		t.Error("of a generation to come")
	}
}

func (f *fake) end(i id) { f.deliver(f.End(i)) }

func (f *fake) deliver(out []Out) {
	for _, o := range out {
		for _, to := range o.To {
			f.got[to] = append(f.got[to], brief(o.Message))
		}
	}
}

// must is do where no error is expected.
func (f *fake) must(from id, m any) {
	f.t.Helper()
	if err := f.do(from, m); err != nil {
		f.t.Fatalf("%T from %s: %v", m, from, err)
	}
}

// want checks what a session was sent since the last look.
func (f *fake) want(i id, want string) {
	f.t.Helper()
	if got := strings.Join(f.got[i], ", "); got != want {
		f.t.Errorf("%s was sent\n     %q\nwant %q", i, got, want)
	}
	f.got[i] = nil
}

func brief(m any) string {
	switch m := m.(type) {
	case wire.Founded:
		return fmt.Sprintf("founded %d by %s", m.Generation, m.By)
	case wire.Reset:
		return fmt.Sprintf("reset %d", m.Generation)
	case wire.Asked:
		return fmt.Sprintf("asked %s %s", m.From, m.Body)
	case wire.Committed:
		return fmt.Sprintf("#%d committed %d %s", m.Seq, m.Epoch, m.Body)
	case wire.CommitRefused:
		return fmt.Sprintf("refused at %d", m.Epoch)
	case wire.Welcomed:
		return fmt.Sprintf("#%d welcomed %d %s %s", m.Seq, m.Epoch, m.Body, m.Tree)
	case wire.Said:
		return fmt.Sprintf("#%d said %s", m.Seq, m.Body)
	case wire.CaughtUp:
		return fmt.Sprintf("caught up %d", m.Seq)
	case wire.Gap:
		return "gap"
	}
	return fmt.Sprintf("%T?", m)
}

func ask(body string) wire.Ask { return wire.Ask{Generation: 1, Body: []byte(body)} }

func commit(epoch uint64, body string, to ...id) wire.Commit {
	c := wire.Commit{Generation: 1, Epoch: epoch, Body: []byte(body), To: to}
	if len(to) > 0 {
		c.Welcome, c.Tree = []byte("w"), []byte("t")
	}
	return c
}

func app(body string) wire.App { return wire.App{Generation: 1, Body: []byte(body)} }

func since(seq uint32) wire.Since { return wire.Since{Generation: 1, Seq: seq} }

// TestLifeOfAGroup follows PROTOCOL.md 1.3 point by point.
func TestLifeOfAGroup(t *testing.T) {
	f := newFake(t, "ann", "ben", "cleo", "dora")
	f.must("ann", wire.Found{Generation: 1})
	f.must("ben", wire.Found{Generation: 1}) // a loser
	for _, i := range []id{"ann", "ben", "cleo", "dora"} {
		f.want(i, "founded 1 by ann")
	}
	f.must("ben", ask("kb"))
	f.must("cleo", ask("kc"))
	f.must("cleo", ask("kc2")) // replaces the first
	f.must("dora", ask("kd"))
	f.want("ann", "asked ben kb, asked cleo kc, asked cleo kc2, asked dora kd")
	f.want("ben", "")

	f.must("ann", commit(0, "c0", "ben"))
	f.want("ann", "#1 committed 0 c0")
	f.want("ben", "#1 welcomed 1 w t, asked cleo kc2, asked dora kd")
	f.want("cleo", "")

	f.must("ben", app("hello"))
	f.want("ann", "#2 said hello")
	f.want("ben", "#2 said hello")
	f.want("cleo", "")

	f.must("ben", commit(1, "c1", "cleo", "dora"))
	f.must("ann", commit(1, "late", "cleo", "dora"))
	f.want("ann", "#3 committed 1 c1, refused at 2")
	f.want("ben", "#3 committed 1 c1")
	f.want("cleo", "#3 welcomed 2 w t")
	f.want("dora", "#3 welcomed 2 w t")

	f.must("ann", since(1))
	f.want("ann", "#2 said hello, #3 committed 1 c1, caught up 3")
	f.must("ann", since(3))
	f.want("ann", "caught up 3")
}

func TestResetWhenTheLastMemberGoes(t *testing.T) {
	f := newFake(t, "ann", "ben", "cleo")
	f.must("ann", wire.Found{Generation: 1})
	f.must("ben", ask("kb"))
	f.must("ann", commit(0, "c", "ben"))
	f.must("cleo", ask("kc"))
	f.got = map[id][]string{}
	f.end("ann")
	f.want("ben", "")
	f.end("ben")
	f.want("cleo", "reset 2")
	f.must("cleo", ask("kc")) // overtaken by the reset
	f.want("cleo", "")
	if err := f.do("cleo", wire.Ask{Generation: 2, Body: []byte("k")}); !errors.Is(err, ErrOutOfOrder) {
		t.Errorf("ask without a group: %v", err)
	}
	f.must("cleo", wire.Found{Generation: 2})
	f.must("cleo", wire.App{Generation: 2, Body: []byte("alone")})
	f.must("cleo", wire.Since{Generation: 2, Seq: 0})
	f.want("cleo", "founded 2 by cleo, #1 said alone, #1 said alone, caught up 1")
}

func TestDeserted(t *testing.T) {
	f := newFake(t, "ann", "ben", "cleo", "dora")
	f.must("ann", wire.Found{Generation: 1})
	f.must("ben", ask("kb"))
	f.must("ann", commit(0, "c", "ben"))
	here := map[id]bool{"cleo": true, "dora": true}
	deserted := func() bool { return f.Deserted(func(i id) bool { return here[i] }) }
	if deserted() {
		t.Error("deserted, and nobody asks")
	}
	f.must("cleo", ask("kc"))
	if !deserted() {
		t.Error("not deserted, and no member is here")
	}
	here["ben"] = true
	if deserted() {
		t.Error("deserted, and ben is here")
	}
	here["ben"], here["cleo"] = false, false
	if deserted() {
		t.Error("deserted, and who asked is away, too")
	}
	f.got = map[id][]string{}
	f.deliver(f.Abandon("x"))
	for _, i := range []id{"ann", "ben", "cleo", "dora"} {
		f.want(i, "reset 2")
	}
	if out := f.Abandon("x"); out != nil {
		t.Errorf("there is no group, and it is abandoned: %v", out)
	}
	f.must("cleo", wire.Found{Generation: 2})
	if err := f.do("ann", wire.App{Generation: 2, Body: []byte("x")}); !errors.Is(err, ErrOutOfOrder) {
		t.Errorf("a member of the group that was abandoned speaks in the next: %v", err)
	}
}

func TestMemberThatAsksStartsOver(t *testing.T) {
	f := newFake(t, "ann", "ben")
	f.must("ann", wire.Found{Generation: 1})
	f.must("ben", ask("1"))
	f.must("ann", commit(0, "c0", "ben"))
	f.got = map[id][]string{}
	f.must("ben", ask("2"))
	f.must("ann", app("x"))
	f.want("ben", "") // no member any more
	f.must("ann", commit(1, "c1", "ben"))
	f.want("ben", "#3 welcomed 2 w t")
	f.want("ann", "asked ben 2, #2 said x, #3 committed 1 c1")

	f.end("ben")
	f.must("ann", ask("3")) // the only member lost its state: nobody can add it
	f.want("ann", "reset 2")
}

func TestNobodyIsAddedWhoDidNotAsk(t *testing.T) {
	f := newFake(t, "ann", "ben", "cleo")
	f.must("ann", wire.Found{Generation: 1})
	f.must("ben", ask("k"))
	f.got = map[id][]string{}
	f.must("ann", commit(0, "c0", "cleo", "ben", "gone", "ann"))
	f.want("cleo", "")
	f.want("ann", "#1 committed 0 c0")
	f.want("ben", "#1 welcomed 1 w t")
	if err := f.do("cleo", app("x")); !errors.Is(err, ErrOutOfOrder) {
		t.Errorf("cleo speaks as a member: %v", err)
	}
}

func TestOutOfOrder(t *testing.T) {
	f := newFake(t, "ann", "ben")
	check := func(name string, from id, m any) {
		t.Helper()
		if err := f.do(from, m); !errors.Is(err, ErrOutOfOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	check("commit without a group", "ann", commit(0, "c"))
	check("app without a group", "ann", app("x"))
	check("since without a group", "ann", since(0))
	check("found of a generation to come", "ann", wire.Found{Generation: 2})
	f.must("ann", wire.Found{Generation: 1})
	check("commit of a stranger", "ben", commit(0, "c"))
	check("app of a stranger", "ben", app("x"))
	check("since of a stranger", "ben", since(0))
	check("commit for an epoch to come", "ann", commit(1, "c"))
	check("app of an epoch to come", "ann", wire.App{Generation: 1, Epoch: 1, Body: []byte("x")})
	check("app of a generation to come", "ann", wire.App{Generation: 2, Body: []byte("x")})
	check("since beyond the log", "ann", since(1))
	if f.epoch != 0 || f.log.next() != 1 {
		t.Error("something was carried out")
	}
}

func TestLogIsBounded(t *testing.T) {
	f := newFake(t, "ann")
	f.must("ann", wire.Found{Generation: 1})
	big := string(make([]byte, wire.MaxApp))
	for range 2 * MaxLog / wire.MaxApp {
		f.must("ann", app(big))
		f.got = map[id][]string{}
	}
	last := f.log.next() - 1
	if f.log.bytes > MaxLog || f.log.bytes < MaxLog-wire.MaxApp-overhead {
		t.Errorf("log keeps %d bytes", f.log.bytes)
	}
	f.must("ann", since(0))
	f.want("ann", "gap")
	f.must("ann", since(f.log.dropped)) // kept, but too much for one answer
	f.want("ann", "gap")
	f.must("ann", since(last-2))
	if n := len(f.got["ann"]); n != 3 {
		t.Errorf("%d messages for two entries", n)
	}
	f.got = map[id][]string{}
	for range 10 * MaxRepeatEntries {
		f.must("ann", app(""))
	}
	if got := len(f.log.entries) * overhead; got > MaxLog {
		t.Errorf("%d entries without a body", len(f.log.entries))
	}
	f.got = map[id][]string{}
	last = f.log.next() - 1
	f.must("ann", since(last-MaxRepeatEntries-1))
	f.want("ann", "gap")
}

// TestRandomOrder runs random messages of random sessions and checks what must
// hold whatever happens: each member sees each entry once, in order, and one
// commit per epoch.
func TestRandomOrder(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		f := newFake(t)
		seen := map[id]uint32{}     // last entry that a member saw, 0 for none
		epochs := map[uint64]bool{} // those that ended in this generation
		present := []id{}
		check := func(out []Out) {
			for _, o := range out {
				if _, ok := o.Message.(wire.Reset); ok {
					clear(seen)
					clear(epochs)
				}
				if m, ok := o.Message.(wire.Committed); ok {
					if epochs[m.Epoch] {
						t.Fatalf("seed %d: epoch %d ended twice", seed, m.Epoch)
					}
					epochs[m.Epoch] = true
				}
				for _, to := range o.To {
					if !slices.Contains(present, to) {
						t.Fatalf("seed %d: %T to %s, who is gone", seed, o.Message, to)
					}
					switch m := o.Message.(type) {
					case wire.Founded:
						seen[m.By] = 0
					case wire.Welcomed:
						seen[to] = m.Seq
					case wire.Said:
						inOrder(t, seen, to, m.Seq)
					case wire.Committed:
						inOrder(t, seen, to, m.Seq)
					}
				}
			}
		}
		for step := range 300 {
			if len(present) == 0 || rng.IntN(10) == 0 {
				i := id(fmt.Sprint("s", step))
				f.Arrive(i)
				present = append(present, i)
			}
			who := present[rng.IntN(len(present))]
			gen, _ := f.State()
			var out []Out
			var err error
			switch rng.IntN(8) {
			case 0:
				present = without(present, who)
				delete(seen, who)
				out = f.End(who)
			case 1:
				out, err = f.Found(who, wire.Found{Generation: gen})
			case 2, 3:
				if out, err = f.Ask(who, wire.Ask{Generation: gen, Body: []byte("k")}); err == nil {
					delete(seen, who)
				}
			case 4, 5, 6:
				c := wire.Commit{Generation: gen, Epoch: f.epoch - uint64(rng.IntN(2)), To: present, Body: []byte("c"), Welcome: []byte("w"), Tree: []byte("t")}
				out, err = f.Commit(who, c)
			default:
				out, err = f.App(who, wire.App{Generation: gen, Epoch: f.epoch, Body: []byte("a")})
			}
			if err != nil && !errors.Is(err, ErrOutOfOrder) {
				t.Fatal(err)
			}
			check(out)
		}
	}
}

func inOrder(t *testing.T, seen map[id]uint32, to id, seq uint32) {
	t.Helper()
	last, member := seen[to]
	if !member || seq != last+1 {
		t.Fatalf("%s sees entry %d after %d (member: %v)", to, seq, last, member)
	}
	seen[to] = seq
}

func TestEveryDeliveryMessageIsBriefed(t *testing.T) {
	for _, m := range []any{wire.Founded{}, wire.Reset{}, wire.Asked{}, wire.Committed{}, wire.CommitRefused{}, wire.Welcomed{}, wire.Said{}, wire.CaughtUp{}, wire.Gap{}} {
		if strings.HasSuffix(brief(m), "?") {
			t.Errorf("%s would be compared as nothing", reflect.TypeOf(m))
		}
	}
}
