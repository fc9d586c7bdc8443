package attack

import (
	"slices"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

// order are lies of the server about what was said, and when.
var order = []*Attack{
	{
		Name: "commit replayed", Claim: "C18",
		Do: func(t *Trial) {
			t.try("the server sends an old commit again as if it were the next, to Ann as it was, to Ben sealed anew with the link")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			old := m.lastCommit()
			t.watch(ann, ben)
			before := []int{len(ann.epochs), len(ben.epochs)}
			at := link.Place{Room: m.link.Room, Kind: link.KindCommit, Generation: 1, Epoch: old.Epoch}
			plain, err := link.Open(m.cfg.Keys.Envelope, at, old.Body)
			t.check(err, "opening the old commit")
			old.Seq, old.Epoch = m.seq+1, ann.member.Epoch()
			m.tell(ann, old)
			at.Epoch = old.Epoch
			old.Body = link.Seal(m.cfg.Keys.Envelope, at, plain)
			m.tell(ben, old)
			t.goal(len(ann.epochs) > before[0] || len(ben.epochs) > before[1], "somebody enters an epoch by it")
		},
		Defence: "none of its own: envelope, group context, membership tag, signature and confirmation tag each bind the epoch",
	},
	{
		Name: "commits reordered", Claim: "C18",
		Do: func(t *Trial) {
			t.try("the server swaps two commits on their way to Ann, and numbers them anew")
			m := t.meeting(3)
			ann := m.people[0]
			t.watch(ann)
			var first *wire.Committed
			m.toPerson = func(to *person, msg any) []any {
				c, ok := msg.(wire.Committed)
				switch {
				case to != ann || !ok:
					return []any{msg}
				case first == nil:
					first = &c
					return nil
				}
				m.toPerson = nil
				a, b := c, *first
				a.Seq, b.Seq = b.Seq, a.Seq
				return []any{a, b}
			}
			m.enter("Eve")
			m.pass(time.Second)
			m.enter("Fay")
			before := len(ann.epochs)
			m.pass(time.Second)
			t.must(first != nil && m.toPerson == nil, "there are no two commits to swap")
			wrong := slices.ContainsFunc(ann.epochs[before:], func(e group.EpochBegun) bool {
				return !m.somebodyIn(e, ann)
			})
			t.goal(wrong, "Ann enters an epoch that nobody else is in")
			m.pass(2 * time.Minute)
			t.must(m.agree(), "they do not come together again")
		},
		Defence: "none of its own: a commit is bound to its epoch as above",
	},
	{
		Name: "commit withheld from the middle", Claim: "C18",
		Do: func(t *Trial) {
			t.try("the server keeps one commit from Ann for ever, and says that there is none")
			m := t.meeting(3)
			ann := m.people[0]
			t.watch(ann)
			held := uint32(0)
			m.toPerson = func(to *person, msg any) []any {
				if to != ann {
					return []any{msg}
				}
				switch e := msg.(type) {
				case wire.Committed:
					if held == 0 {
						held = e.Seq
					}
					if held == e.Seq {
						return nil
					}
				case wire.Said:
					if e.Seq < held {
						return nil
					}
				}
				return []any{msg}
			}
			m.enter("Eve")
			m.pass(time.Second)
			m.enter("Fay")
			m.pass(time.Second)
			t.must(held != 0, "there is no commit to withhold")
			behind := ann.member.Epoch() < m.people[1].member.Epoch() && ann.member.Phase() == group.Inside
			told := slices.ContainsFunc(ann.phases, func(e group.PhaseChanged) bool { return e.Why != nil })
			t.goal(behind && !told, "Ann stays behind and does not know")
		},
		Defence: "log entries are numbered, and whoever cannot get one begins anew",
		Without: []Edit{{takeFile, "m.phase == Inside && in.Seq > m.seq {\n			m.begin", "m.phase == Inside && in.Seq < m.seq {\n			m.begin"}},
	},
	{
		Name: "all commits withheld from one", Admitted: "drop, delay, partition, refuse",
		Do: func(t *Trial) {
			t.try("the server tells Ann of nothing that the group does any more")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			m.toPerson = func(to *person, msg any) []any {
				if to == ann {
					return nil
				}
				return []any{msg}
			}
			m.enter("Eve")
			m.pass(20 * time.Second)
			frame := ben.seal(keys.Camera, "Ben's face")
			_, err := ann.open(ben.session, keys.Camera, wrap.VP8, frame)
			t.sawf("Ann", "a frame of Ben's does not open: %v", err)
			t.never(err == nil, "Ann opens frames of an epoch that she was not told of")
			t.goal(ann.member.Epoch() < ben.member.Epoch() && ann.member.Phase() == group.Inside, "Ann is cut off, and is told nothing but that frames do not open")
		},
		Defence: "none: a server can always keep silent",
	},
	{
		Name: "group forked in two halves", Claim: "C29",
		Do: func(t *Trial) {
			t.try("the server takes two commits for one epoch, and shows one to Ann and Ben, the other to Cleo and Dora; of what members say of where they are it shows each half its own")
			forkInHalves(t, false)
		},
		Defence: "who is not heard to go the way that we went is told of after 30 s",
		Without: []Edit{{pulseFile, "m.differs || now.Sub(m.agreed) > limit", "m.differs"}},
	},
	{
		Name: "group forked, all told where the others are", Claim: "C29",
		Do: func(t *Trial) {
			t.try("the server takes two commits for one epoch, and shows one to Ann and Ben, the other to Cleo and Dora, but what members say of where they are to all")
			forkInHalves(t, true)
		},
		Defence: "who names another history for an epoch of ours is told of",
		Without: []Edit{
			{pulseFile, "m.differs = l.history != b.History", "m.differs = false"},
			{pulseFile, "m.differs || now.Sub(m.agreed) > limit", "m.differs"},
		},
	},
	{
		Name: "commit altered by a server that has the link", Claim: "C11",
		Do: func(t *Trial) {
			t.try("the server opens a commit's envelope, flips each bit of what is inside, and seals it again")
			m := t.meeting(3)
			x := m.mallory() // whose group, of the real e2ee/mls, tries each and changes nothing
			tried, taken, done := 0, 0, false
			m.toPerson = func(to *person, msg any) []any {
				c, ok := msg.(wire.Committed)
				if to != x.p || !ok || done {
					return []any{msg}
				}
				done = true
				plain, err := link.Open(m.cfg.Keys.Envelope, x.place(link.KindCommit, c.Epoch), c.Body)
				t.check(err, "opening the commit")
				for i := range 8 * len(plain) {
					bad := slices.Clone(plain)
					bad[i/8] ^= 1 << (i % 8)
					tried++
					if other, err := mls.ParseMessage(bad); err == nil {
						if _, err := x.group.Process(other); err == nil {
							taken++
						}
					}
				}
				return []any{msg}
			}
			m.enter("Eve")
			m.pass(time.Second)
			t.must(done && x.group.Epoch() > 0, "there is no commit")
			t.watch(m.people[0])
			t.sawf("member", "%d altered commits, %d taken", tried, taken)
			t.goal(taken > 0, "an altered commit is taken")
		},
		Defence: "none of its own: membership tag, signature and confirmation tag each cover the whole commit",
	},
	{
		Name: "removal withheld", Admitted: "Removal is as fast as the server lets it be",
		Do: func(t *Trial) {
			t.try("the server tells nobody that Ben left, and goes on sending him Ann's frames")
			m := t.meeting(3)
			ann, ben := m.people[0], m.people[1]
			t.watch(ann)
			m.toPerson = func(_ *person, msg any) []any {
				if _, ok := msg.(wire.Left); ok {
					return nil
				}
				return []any{msg}
			}
			m.leave(ben)
			m.pass(time.Minute)
			got, err := ben.open(ann.session, keys.Camera, wrap.VP8, ann.seal(keys.Camera, "Ann's face"))
			t.sawf("Ben", "a minute later: %q, %v", got, err)
			t.never(err == nil && !ann.sees("Ben"), "Ben sees Ann, and is not in her roster")
			t.goal(err == nil && ann.sees("Ben"), "Ben sees Ann; she still has him in her roster")
		},
		Defence: "none: who is here is the server's word; he stands in the roster as long as he has keys",
	},
	{
		Name: "somebody declared to have left", Admitted: "drop, delay, partition, refuse",
		Do: func(t *Trial) {
			t.try("the server says that Cleo has left while she is there")
			m := t.meeting(3)
			ann, cleo := m.people[0], m.people[2]
			t.watch(ann, cleo)
			before := len(cleo.phases)
			for _, p := range m.people[:2] {
				m.send(p, wire.Left{Session: cleo.session, Reason: wire.ReasonLost})
			}
			m.pass(5 * time.Second)
			thrown := slices.ContainsFunc(cleo.phases[before:], func(e group.PhaseChanged) bool { return e.Phase != group.Inside })
			t.goal(thrown, "Cleo is removed, and knows that she was")
		},
		Defence: "none: a server can refuse anybody",
	},
	{
		Name: "stale Welcome", Claim: "C8",
		Do: func(t *Trial) {
			t.try("the server holds Eve's Welcome back while the group goes on, and passes it off as one of the present epoch")
			m := t.meeting(3)
			var kept *wire.Welcomed
			m.toPerson = func(to *person, msg any) []any {
				if w, ok := msg.(wire.Welcomed); ok && to.name == "Eve" {
					kept = &w
					return nil
				}
				return []any{msg}
			}
			eve := m.enter("Eve")
			m.pass(time.Second)
			t.must(kept != nil, "there is no Welcome")
			m.toPerson = nil
			x := m.mallory()
			t.must(x.group.Epoch() > kept.Epoch, "the group does not go on")
			t.watch(eve)
			kept.Epoch, kept.Seq = x.group.Epoch(), m.seq
			m.tell(eve, *kept)
			t.goal(len(eve.epochs) > 0, "Eve is in an epoch that is over, and takes it for the present one")
		},
		Defence: "envelope and Welcome name their epoch",
		Without: []Edit{
			{sealFile, "return binary.BigEndian.AppendUint64(b, p.Epoch)", "return binary.BigEndian.AppendUint64(b, 0)"},
			{policyFile, "case g.Epoch() != epoch:", "case g.Epoch() > epoch:"},
		},
	},
	{
		Name: "message repeated", Claim: "C4",
		Do: func(t *Trial) {
			t.try("the server repeats a line of Ben's chat with the next number")
			m := t.meeting(2)
			ann, ben := m.people[0], m.people[1]
			out, err := ben.member.Say(group.Chat{ID: "0123456789abcdef", Text: "yes"}, m.now)
			t.check(err, "Ben says something")
			var said *wire.Said
			m.toPerson = func(_ *person, msg any) []any {
				if s, ok := msg.(wire.Said); ok {
					said = &s
				}
				return []any{msg}
			}
			ben.take(out)
			m.settle()
			t.must(said != nil && len(ann.heard) == 1, "Ann hears nothing")
			t.watch(ann)
			said.Seq = m.seq + 1
			m.tell(ann, *said)
			t.goal(len(ann.heard) > 1, "Ann hears it twice")
		},
		Defence: "MLS reads a message once",
		Without: []Edit{{"e2ee/mls/process.go", "	done()\n	if c.kind", "	_ = done\n	if c.kind"}},
	},
}

// lastCommit is the last one that was sent and took effect.
func (m *meeting) lastCommit() wire.Committed {
	for _, msg := range slices.Backward(m.wire) {
		if c, ok := msg.(wire.Commit); ok {
			return wire.Committed{Generation: c.Generation, Epoch: c.Epoch, Body: c.Body}
		}
	}
	panic(obstacle("there was no commit"))
}

// somebodyIn reports whether anybody else has been in an epoch with these keys.
func (m *meeting) somebodyIn(e group.EpochBegun, but *person) bool {
	s := keys.NewSender(string(m.link.Room))
	e.Keys.Removed = true
	s.Install(e.Keys, m.now)
	frame, err := s.Seal(keys.Mic, wrap.Opus, true, []byte("probe"), m.now)
	m.t.check(err, "sealing a probe")
	for _, p := range m.people {
		for _, other := range p.epochs {
			if p == but || other.Keys.Number != e.Keys.Number {
				continue
			}
			r := keys.NewReceiver(string(m.link.Room))
			r.Install(other.Keys, m.now)
			owner := e.Keys.Owners[e.Keys.Self].Session
			if _, err := r.Open(keys.Frame{Owner: owner, Source: keys.Mic, Codec: wrap.Opus, Data: slices.Clone(frame)}, m.now); err == nil {
				return true
			}
		}
	}
	return false
}

// forkInHalves lets two halves of a meeting go apart. across: what members say
// of where they are is shown to the other half, too.
func forkInHalves(t *Trial, across bool) {
	m := t.meeting(4)
	halves := [][]*person{m.people[:2], m.people[2:4]}
	t.watch(m.people[:4]...)
	f := m.fork(halves)
	f.across = across
	f.admit(m.enterApart("Eve"), 0)
	f.admit(m.enterApart("Fay"), 1)
	m.pass(time.Minute)
	ann, ben, cleo := m.people[0], m.people[1], m.people[2]
	t.must(ann.sees("Eve") && cleo.sees("Fay"), "the halves do not go on: Ann sees %s, Cleo %s", ann.roster(), cleo.roster())
	_, err := ann.open(cleo.session, keys.Camera, wrap.VP8, cleo.seal(keys.Camera, "Cleo's face"))
	t.sawf("Ann", "a frame of Cleo's from the other half: %v", err)
	_, own := ann.open(ben.session, keys.Camera, wrap.VP8, ben.seal(keys.Camera, "Ben's face"))
	t.must(own == nil, "Ann does not hear her own half: %v", own)
	t.sawf("Ann", "roster code %s, %d not in sync", ann.code(), len(ann.apart))
	t.sawf("Cleo", "roster code %s, %d not in sync", cleo.code(), len(cleo.apart))
	t.never(err == nil, "a key is shared by the two halves")
	t.never(ann.code() == cleo.code(), "the halves have one roster code")
	told := true
	for _, w := range t.watched {
		told = told && len(w.p.apart) == 2
	}
	t.goal(!told, "the two halves go on and nobody is told")
}

// A fork is a server that keeps two logs and shows each to one half.
type fork struct {
	m      *meeting
	halves [][]*person
	epoch  [2]uint64
	seq    [2]uint32
	asked  [2]*person
	across bool // beats are shown to both halves
}

// fork makes the server forget its delivery service.
func (m *meeting) fork(halves [][]*person) *fork {
	f := &fork{m: m, halves: halves}
	for i := range halves {
		f.epoch[i], f.seq[i] = halves[i][0].member.Epoch(), m.seq
	}
	m.toServer = f.take
	return f
}

// enterApart lets somebody in of whom no half has heard yet.
func (m *meeting) enterApart(name string) *person {
	m.toPerson = func(to *person, msg any) []any {
		if _, ok := msg.(wire.Arrived); ok {
			return nil
		}
		return []any{msg}
	}
	p := m.enter(name)
	m.toPerson = nil
	return p
}

// admit shows somebody who came to one half only.
func (f *fork) admit(p *person, half int) {
	f.asked[half] = p
	for _, q := range f.halves[half] {
		f.m.send(q, wire.Arrived{Session: p.session})
	}
}

func (f *fork) take(from *person, msg any) []any {
	half := 0
	if slices.Contains(f.halves[1], from) || f.asked[1] == from {
		half = 1
	}
	tell := func(msg any) {
		for _, p := range f.halves[half] {
			f.m.send(p, msg)
		}
	}
	switch msg := msg.(type) {
	case wire.Ask:
		tell(wire.Asked{Generation: msg.Generation, From: from.session, Body: msg.Body})
	case wire.Beat:
		beat := wire.BeatOf{Generation: msg.Generation, From: from.session, Body: msg.Body}
		for i := range f.halves {
			for _, p := range f.halves[i] {
				if p != from && (i == half || f.across) {
					f.m.send(p, beat)
				}
			}
		}
	case wire.App:
		f.seq[half]++
		tell(wire.Said{Seq: f.seq[half], Generation: msg.Generation, Epoch: msg.Epoch, From: from.session, Body: msg.Body})
	case wire.Commit:
		if msg.Epoch != f.epoch[half] {
			f.m.send(from, wire.CommitRefused{Generation: msg.Generation, Epoch: f.epoch[half]})
			break
		}
		f.epoch[half]++
		f.seq[half]++
		tell(wire.Committed{Seq: f.seq[half], Generation: msg.Generation, Epoch: msg.Epoch, From: from.session, Body: msg.Body})
		if p := f.asked[half]; p != nil && slices.Contains(msg.To, p.session) {
			f.halves[half] = append(slices.Clone(f.halves[half]), p)
			f.m.send(p, f.m.peersOf(p, f.asked[1-half]))
			f.m.send(p, wire.Welcomed{Seq: f.seq[half], Generation: msg.Generation, Epoch: f.epoch[half], Body: msg.Welcome, Tree: msg.Tree})
		}
	}
	return nil
}
