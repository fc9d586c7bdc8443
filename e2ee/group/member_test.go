package group

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/wrap"
)

func TestAlone(t *testing.T) {
	s := meeting(t, 1)
	c := s.clients[0]
	if c.epoch().Keys.Number != 0 || c.commits != 0 {
		t.Errorf("alone in epoch %d after %d commits", c.epoch().Keys.Number, c.commits)
	}
}

// TestMeetings: people come one after the other, or all at once, and some
// leave; those who are there always agree.
func TestMeetings(t *testing.T) {
	for n := 2; n <= 12; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := gathering(t, n)
			for range 3 {
				s.join("Late")
			}
			s.run(3 * time.Second)
			s.agree()
			for i := range n/2 + 1 {
				s.leave(s.clients[i*2])
			}
			s.run(3 * time.Second)
			s.agree()
			for _, c := range s.present() {
				if len(c.phases) != 2 {
					t.Errorf("%s went through %v", c.name, c.phases)
				}
				if d := c.member.Dropped; d != (Dropped{}) {
					t.Errorf("%s dropped %+v", c.name, d)
				}
			}
		})
	}
}

// TestFoundingRace: many find no group; one wins, the others ask.
func TestFoundingRace(t *testing.T) {
	s := newService(t)
	for i := range 8 {
		s.join(fmt.Sprint(i))
	}
	s.run(10 * time.Second)
	s.agree()
}

// TestBatch: whoever comes within the spacing comes by one commit.
func TestBatch(t *testing.T) {
	s := meeting(t, 3)
	before := s.epoch
	for range 17 {
		s.join("New")
	}
	s.run(100 * time.Millisecond)
	if s.epoch != before+1 || len(s.members()) != 20 {
		t.Errorf("%d members after %d commits", len(s.members()), s.epoch-before)
	}
	for range 25 {
		s.join("Crowd")
	}
	s.run(250 * time.Millisecond)
	if n := len(s.members()); n != 40 {
		t.Errorf("%d members after the next commit, want 20 Adds", n)
	}
}

// TestPace holds the table of PROTOCOL.md 2.4.
func TestPace(t *testing.T) {
	for members, want := range map[int]time.Duration{
		1: 250 * time.Millisecond, 20: 250 * time.Millisecond, 21: time.Second, 100: time.Second,
		101: 2 * time.Second, 200: 2 * time.Second, 201: 5 * time.Second, 1024: 5 * time.Second,
	} {
		if spacing, adds := pace(members); spacing != want || adds != map[bool]int{true: 20, false: 64}[members <= 20] {
			t.Errorf("%d members: a commit each %v of %d Adds", members, spacing, adds)
		}
	}
}

// TestWarming: everybody has sent a path after a while, and then it is quiet.
func TestWarming(t *testing.T) {
	s := meeting(t, 5)
	for _, c := range s.present() {
		if !c.member.terms.roster[c.epoch().Keys.Self].warm {
			t.Errorf("%s never sent a path", c.name)
		}
	}
	before := s.epoch
	s.run(refreshEvery - time.Minute)
	if s.epoch != before {
		t.Errorf("%d commits for nothing", s.epoch-before)
	}
}

// TestWarmingOrder: paths come from all over the tree, 2 s apart, or as commits
// are spaced where that is more.
func TestWarmingOrder(t *testing.T) {
	s := newService(t)
	for i := range 8 {
		s.join(fmt.Sprint(i))
	}
	s.run(time.Second) // they are added by few commits, of the first
	var order []uint32
	var at []time.Time
	s.forge = func(from *client, _ *Commit) {
		order, at = append(order, from.epoch().Keys.Self), append(at, s.now)
	}
	s.run(time.Minute)
	want := slices.DeleteFunc([]uint32{0, 4, 2, 6, 1, 5, 3, 7}, func(leaf uint32) bool { return !slices.Contains(order, leaf) })
	if !slices.Equal(order, want) || len(order) < 7 {
		t.Errorf("leaves send paths in the order %v", order)
	}
	for i := range at[1:] {
		if d := at[i+1].Sub(at[i]); d < warmAfter {
			t.Errorf("paths come after %v", d)
		}
	}
	for members, quiet := range map[int]time.Duration{2: warmAfter, 150: 2 * time.Second, 300: 5 * time.Second} {
		m := s.clients[0].member
		m.terms.roster = roster{}
		for i := range members {
			m.terms.roster[uint32(i)] = &member{Participant: Participant{Leaf: uint32(i), Session: s.clients[0].session}}
		}
		m.lastCommit, m.joinedAt = s.now, s.now.Add(-time.Hour)
		if m.plan(s.now); m.at.Sub(s.now) != quiet {
			t.Errorf("among %d a path is sent after %v", members, m.at.Sub(s.now))
		}
	}
}

// TestLeaverHearsNothing: the keys of who has left open nothing of what is
// said afterwards, and what it seals is not opened.
func TestLeaverHearsNothing(t *testing.T) {
	s := meeting(t, 3)
	ann, bob, eve := s.clients[0], s.clients[1], s.clients[2]
	old := eve.epoch()
	s.leave(eve)
	s.run(time.Second)
	s.agree()
	now := ann.epoch()
	if !now.Keys.Removed || now.Keys.Number <= old.Keys.Number || fingerprint(now) == fingerprint(old) {
		t.Fatalf("after a removal the epoch is %d, before it was %d", now.Keys.Number, old.Keys.Number)
	}
	receivers := map[string]*keys.Receiver{}
	for name, e := range map[string]EpochBegun{"bob": bob.epoch(), "eve": old} {
		receivers[name] = keys.NewReceiver(string(s.cfg.Room))
		receivers[name].Install(e.Keys, start)
	}
	sender := keys.NewSender(string(s.cfg.Room))
	sender.Install(now.Keys, start)
	b, err := sender.Seal(keys.Mic, wrap.Opus, true, []byte("now that she is gone"), start)
	if err != nil {
		t.Fatal(err)
	}
	f := keys.Frame{Owner: ann.session, Source: keys.Mic, Codec: wrap.Opus, Data: b}
	if got, openErr := receivers["bob"].Open(f, start); openErr != nil || string(got) != "now that she is gone" {
		t.Errorf("bob hears %q, %v", got, openErr)
	}
	if got, openErr := receivers["eve"].Open(f, start); openErr == nil {
		t.Errorf("eve hears %q", got)
	}
	theirs := keys.NewSender(string(s.cfg.Room))
	theirs.Install(old.Keys, start)
	if b, err = theirs.Seal(keys.Mic, wrap.Opus, true, []byte("boo"), start); err != nil {
		t.Fatal(err)
	}
	receivers["bob"] = keys.NewReceiver(string(s.cfg.Room))
	receivers["bob"].Install(bob.epochs[len(bob.epochs)-2].Keys, start) // he still holds the old epoch
	receivers["bob"].Install(bob.epoch().Keys, start)
	f = keys.Frame{Owner: eve.session, Source: keys.Mic, Codec: wrap.Opus, Data: b}
	if got, err := receivers["bob"].Open(f, start); !errors.Is(err, keys.ErrWrongOwner) {
		t.Errorf("bob hears eve say %q, %v", got, err)
	}
}

// TestServerSeesNothing: nothing that passes the service holds a name, a
// session or a text.
func TestServerSeesNothing(t *testing.T) {
	s := meeting(t, 3)
	say(t, s, s.clients[0], "the secret word")
	s.run(time.Second)
	for _, b := range s.wire {
		for _, text := range []string{"Person", "session-", "secret word", string(s.cfg.Room)} {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("the service sees %q", text)
			}
		}
	}
	if len(s.wire) < 10 {
		t.Errorf("only %d bodies were looked at", len(s.wire))
	}
}

func say(t *testing.T, s *fakeService, c *client, text string) {
	t.Helper()
	out, err := c.member.Say(Chat{"0123456789abcdef", text}, s.now)
	if err != nil {
		t.Fatal(err)
	}
	s.take(c, out)
}

// TestSaying: what is said is heard once by all, in one order, also when a
// commit overtakes it.
func TestSaying(t *testing.T) {
	s := meeting(t, 4)
	for i := range 20 {
		say(t, s, s.clients[i%4], fmt.Sprint(i))
		if i%5 == 0 { // before anybody has heard it, somebody comes
			s.join("New")
			s.run(time.Second)
		}
	}
	s.run(time.Second)
	for _, c := range s.clients[:4] {
		var texts []string
		for _, h := range c.heard {
			texts = append(texts, h.App.(Chat).Text)
			if h.Self != (h.From.Session == c.session) {
				t.Errorf("%s hears %+v", c.name, h)
			}
		}
		if len(texts) != 20 || !slices.IsSortedFunc(texts, func(a, b string) int { return len(a) - len(b) }) {
			t.Errorf("%s heard %v", c.name, texts)
		}
	}
	if _, err := s.clients[0].member.Say(Chat{"", "x"}, s.now); err == nil {
		t.Error("a malformed chat is said")
	}
}

// TestCommitRace: two members both believe that they are the one to commit.
func TestCommitRace(t *testing.T) {
	s := meeting(t, 4)
	for _, c := range s.clients[1:] { // who believe that the first is away
		s.take(c, c.member.Handle(Away{s.clients[0].session, true}, s.now))
	}
	for range 3 {
		s.join("New")
	}
	before := s.epoch
	s.run(time.Second)
	if s.clients[0].commits == 0 || s.clients[1].commits == 0 {
		t.Error("there was no race")
	}
	if s.epoch == before {
		t.Error("nobody was added")
	}
	s.run(30 * time.Second)
	s.agree()
}

// TestLateRefusal: on a slow way to the server the refusal of one commit comes
// when the next is under way. That one is still ours when it is taken.
func TestLateRefusal(t *testing.T) {
	s := meeting(t, 4)
	ann := s.clients[0]
	var late Message
	s.mute = func(from *client, m Message) bool {
		_, commits := m.(Commit)
		if from != ann || !commits || late != nil {
			return false
		}
		late = m
		return true
	}
	s.join("New")
	s.run(time.Second) // the second in rank steps in
	refused := s.epoch
	s.join("Newer")
	s.deliver()
	s.take(ann, ann.member.Wake(ann.member.Next()))
	for i, d := range s.queue { // the server had the first one before
		if c, ok := d.in.(Committed); ok && c.Epoch == refused {
			s.queue = slices.Insert(s.queue, i, delivery{ann, CommitRefused{s.generation, refused}})
			break
		}
	}
	s.run(10 * time.Second)
	s.agree()
	if len(ann.phases) != 2 || late == nil {
		t.Errorf("ann went through %v", ann.phases)
	}
}

// TestSilentCommitter: when the first members say nothing, the next steps in.
func TestSilentCommitter(t *testing.T) {
	s := meeting(t, 4)
	s.mute = func(from *client, m Message) bool {
		_, commits := m.(Commit)
		return commits && (from == s.clients[0] || from == s.clients[1])
	}
	s.join("New")
	before := s.epoch
	s.run(2*stepIn - time.Millisecond)
	if s.epoch != before {
		t.Error("somebody stepped in too early")
	}
	s.run(time.Millisecond)
	if s.epoch != before+1 {
		t.Error("nobody stepped in")
	}
}

// TestLostMessages: a member that misses log entries asks for them.
func TestLostMessages(t *testing.T) {
	s := meeting(t, 4)
	bob := s.clients[1]
	lost := 0
	s.lose = func(to *client, in Input) bool {
		_, committed := in.(Committed)
		_, said := in.(Said)
		if to == bob && (committed || said) && lost < 3 {
			lost++
			return true
		}
		return false
	}
	s.join("New")
	s.run(100 * time.Millisecond)
	say(t, s, s.clients[0], "one")
	say(t, s, s.clients[0], "two")
	say(t, s, s.clients[0], "three")
	s.run(30 * time.Second)
	s.agree()
	if lost != 3 || len(bob.heard) != 3 || len(bob.phases) != 2 {
		t.Errorf("%d messages were lost; bob heard %v and went through %v", lost, bob.heard, bob.phases)
	}
}

// TestGap: what cannot be had again makes a member come back as a new leaf,
// and its old one goes in the same commit.
func TestGap(t *testing.T) {
	s := meeting(t, 4)
	bob := s.clients[1]
	old := bob.epoch()
	epoch := s.epoch
	s.take(bob, bob.member.Handle(Gap{s.generation}, s.now))
	s.run(300 * time.Millisecond)
	s.agree()
	if s.epoch != epoch+1 {
		t.Errorf("it took %d commits", s.epoch-epoch)
	}
	now := s.clients[0].epoch()
	for _, p := range now.Roster {
		for _, q := range old.Roster {
			if same := p.Member == q.Member; same != (p.Session == q.Session && p.Session != bob.session) {
				t.Errorf("%+v and %+v", p, q)
			}
		}
	}
	if !now.Keys.Removed {
		t.Error("the old leaf's keys are not left at once")
	}
}

// TestBeginsAnewRarely: a server that gives us no peace is not followed for
// ever.
func TestBeginsAnewRarely(t *testing.T) {
	s := meeting(t, 3)
	bob := s.clients[1]
	asks := 0
	s.mute = func(from *client, m Message) bool {
		if _, ask := m.(Ask); ask && from == bob {
			asks++
		}
		return false
	}
	began := s.now
	for s.now.Before(began.Add(2 * time.Minute)) {
		if bob.member.Phase() == Inside {
			s.take(bob, bob.member.Handle(Gap{s.generation}, s.now))
		}
		s.run(time.Second)
	}
	if asks < 5 || asks > 9 {
		t.Errorf("it asked %d times in two minutes", asks)
	}
	s.run(2 * time.Minute)
	s.agree()
}

// TestRejoin: a session that cannot be resumed comes back as a new one while
// its old one is still in the group.
func TestRejoin(t *testing.T) {
	s := meeting(t, 3)
	bob := s.clients[1]
	old := bob.session
	bob.session = "session-again"
	bob.inGroup = false
	for _, c := range s.present() {
		s.tell(c, Left{Session: old})
	}
	s.enter(bob)
	s.run(30 * time.Second)
	s.agree()
}

// TestEverybodyLeaves: the next generation begins with a new group.
func TestEverybodyLeaves(t *testing.T) {
	s := meeting(t, 2)
	first := fingerprint(s.clients[0].epochs[0])
	s.mute = func(_ *client, m Message) bool { _, commits := m.(Commit); return commits }
	s.join("Waits")
	s.join("Waits too")
	s.run(time.Second)
	s.mute = nil
	s.leave(s.clients[0])
	s.leave(s.clients[1])
	s.run(30 * time.Second)
	s.agree()
	if s.generation != 2 || fingerprint(s.clients[2].epochs[0]) == first {
		t.Errorf("generation %d", s.generation)
	}
}

// TestManyResets: a group that is gone is no fault of those who are here,
// however often it happens: they would all wait, and nobody found.
func TestManyResets(t *testing.T) {
	s := meeting(t, 3)
	for range 6 {
		s.generation++
		s.founded, s.epoch, s.log, s.asks = false, 0, nil, nil
		for _, c := range s.present() {
			c.inGroup = false
			s.tell(c, Reset{Generation: s.generation})
		}
		s.run(time.Second)
		s.agree()
	}
}

// TestLastMemberAsks: who is alone and loses its state founds anew.
func TestLastMemberAsks(t *testing.T) {
	s := meeting(t, 1)
	c := s.clients[0]
	s.take(c, c.member.Handle(Gap{s.generation}, s.now))
	s.run(time.Second)
	s.agree()
	if s.generation != 2 {
		t.Errorf("generation %d", s.generation)
	}
}

func TestNames(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"", " ", "a\u202eb", strings.Repeat("x", 65)} {
		cfg := s.cfg
		cfg.Name = name
		if _, err := New(cfg); err == nil {
			t.Errorf("%q may join", name)
		}
	}
}

// TestEchoOfAnotherEpoch: what comes back to who said it counts in the epoch in
// which it was said, as for the others.
func TestEchoOfAnotherEpoch(t *testing.T) {
	s := newService(t)
	ann := s.join("Ann")
	s.join("Ben")
	s.run(20 * time.Second)
	for _, back := range []uint64{1, 0} {
		heard := len(ann.heard)
		s.lose = func(to *client, in Input) bool {
			said, ok := in.(Said)
			if ok && to == ann && back > 0 {
				s.lose = nil
				said.Epoch -= back
				s.tell(ann, said)
				return true
			}
			return false
		}
		out, err := ann.member.Say(Chat{"0123456789abcdef", "where"}, s.now)
		s.do(ann, out, err)
		if got := len(ann.heard) - heard; got != 1-int(back) {
			t.Errorf("said %d epochs before: heard %d times", back, got)
		}
	}
}
