package group_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/sframe"
	"incamera/e2ee/wrap"
	"incamera/signaling/wire"
)

const (
	// tooLong is how long members may disagree on a quiet server, and how long
	// one whose socket works may be behind on any.
	tooLong = 10 * time.Second
	// samples is how many people seal and open frames, ghosts how many of those
	// who are gone try to, kept how many of its last epochs each of them has.
	samples = 8
	ghosts  = 12
	kept    = 3
)

// checks sees all that members put out, and holds it to what a meeting is
// promised.
type checks struct {
	w        *world
	failures []string
	known    map[groupEpoch]view      // what the first member to enter an epoch has of it
	began    map[groupEpoch]time.Time // when it did
	latest   groupEpoch
	unable   time.Time // when there was last nobody who could let others in
	used     map[usedKey]bool
	ghosts   []*ghost
	refused  map[string]int // messages out of order, by type
	commits  int
	bytes    int // of commits
	frames   int
	tried    int // by ghosts
}

// A view is what a member has of an epoch.
type view struct {
	base   string
	roster []group.Participant
}

func (v view) equal(o view) bool {
	return v.base == o.base && slices.EqualFunc(v.roster, o.roster, func(p, q group.Participant) bool {
		return p.Leaf == q.Leaf && p.Session == q.Session && p.Member == q.Member && p.Device.Equal(q.Device) && p.Name == q.Name
	})
}

func (v view) String() string {
	var all strings.Builder
	fmt.Fprint(&all, v.base, " ")
	for _, q := range v.roster {
		fmt.Fprintf(&all, "%d:%s:%x ", q.Leaf, q.Session, q.Member[:4])
	}
	return all.String()
}

// usedKey is a key, which an epoch and a KID make, and a counter.
type usedKey struct {
	base     string
	kid, ctr uint64
}

// watched are the frame keys of somebody in the sample.
type watched struct {
	sender   *keys.Sender
	receiver *keys.Receiver
	bases    map[uint64]string // by epoch mod 64
	past     []keys.Epoch      // the latest, not wiped
}

// A ghost is somebody who is out of the group and has kept all its keys.
type ghost struct {
	name   string
	me     group.Participant
	epochs []keys.Epoch
}

func newChecks(w *world) *checks {
	return &checks{
		w: w, known: map[groupEpoch]view{}, began: map[groupEpoch]time.Time{}, used: map[usedKey]bool{},
		refused: map[string]int{},
	}
}

func (c *checks) fail(format string, args ...any) {
	text := fmt.Sprintf("at %v: ", c.w.now.Sub(epoch0)) + fmt.Sprintf(format, args...)
	c.w.note("FAILED %s", text)
	if len(c.failures) < 10 {
		c.failures = append(c.failures, text)
	}
}

func (c *checks) commit(m wire.Commit) {
	c.commits++
	c.bytes += len(m.Body)
}

func (c *checks) event(p *person, e group.Event) {
	switch e := e.(type) {
	case group.PhaseChanged:
		if e.Why != nil {
			c.fail("%s begins anew, on an honest server: %v", p.name, e.Why)
		}
		if e.Phase == group.Waiting {
			c.fail("%s has begun anew too often, on an honest server", p.name)
		}
		if e.Phase != group.Inside {
			c.left(p)
		}
	case group.EpochBegun:
		c.epoch(p, e)
	}
}

// left is when a member has no group any more, whoever takes its leaf out.
func (c *checks) left(p *person) {
	if len(p.last.Roster) == 0 {
		return
	}
	last := p.last
	p.at, p.last, p.outSince = groupEpoch{}, group.EpochBegun{}, c.w.now
	v := p.watched
	if v == nil {
		return
	}
	v.sender.Clear()
	v.receiver.Clear()
	i := slices.IndexFunc(last.Roster, func(q group.Participant) bool { return q.Leaf == last.Keys.Self })
	c.ghosts = append(c.ghosts, &ghost{p.name, last.Roster[i], v.past})
	if len(c.ghosts) > ghosts {
		c.ghosts = c.ghosts[1:]
	}
	v.past = nil
}

// gone is when a page is closed, with or without a farewell.
func (c *checks) gone(p *person) {
	c.left(p)
	p.watched = nil
}

func (c *checks) epoch(p *person, e group.EpochBegun) {
	at := groupEpoch{p.generation, e.Keys.Number}
	if p.at.generation == at.generation && at.epoch <= p.at.epoch && len(p.last.Roster) > 0 {
		c.fail("%s goes from epoch %d to %d", p.name, p.at.epoch, at.epoch)
	}
	base := fingerprint(e.Keys)
	mine := view{base, e.Roster}
	if known, ok := c.known[at]; !ok {
		c.known[at], c.began[at] = mine, c.w.now
		if at.generation > c.latest.generation || at.generation == c.latest.generation && at.epoch > c.latest.epoch {
			c.latest = at
		}
		c.w.note("%s enters %v first, of %d", p.name, at, len(e.Roster))
	} else if !known.equal(mine) {
		c.fail("%s has in %v\n%s\nothers have\n%s", p.name, at, mine, known)
	}
	p.at, p.last = at, e
	if p.watched == nil {
		if len(c.sample()) >= samples {
			return
		}
		room := string(c.w.cfg.Room)
		p.watched = &watched{keys.NewSender(room), keys.NewReceiver(room), map[uint64]string{}, nil}
	}
	v := p.watched
	v.bases[at.epoch%64] = base
	v.sender.Install(e.Keys, c.w.now)
	v.receiver.Install(e.Keys, c.w.now)
	v.past = append(v.past, e.Keys)
	if len(v.past) > kept {
		v.past = v.past[1:]
	}
}

func (c *checks) sample() (out []*person) {
	for _, p := range c.w.people {
		if p.watched != nil {
			out = append(out, p)
		}
	}
	return out
}

// fingerprint tells base keys apart without showing them: a frame sealed by
// nobody.
func fingerprint(e keys.Epoch) string {
	s := keys.NewSender("fingerprint")
	s.Install(keys.Epoch{Base: e.Base}, epoch0)
	b, err := s.Seal(keys.Mic, wrap.Opus, true, []byte{1}, epoch0)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%x", sum[:8])
}

// talk has somebody of the sample seal a frame, which the others of the sample
// and all ghosts try to open. It returns how many of the sample could.
func (c *checks) talk(p *person) (opened int) {
	v, now := p.watched, c.w.now
	b, err := v.sender.Seal(keys.Mic, wrap.Opus, true, []byte("hello"), now)
	if err != nil {
		return 0
	}
	c.frames++
	body, err := wrap.Unwrap(wrap.Opus, slices.Clone(b))
	if err != nil {
		panic(err)
	}
	h, err := sframe.ParseHeader(body)
	if err != nil {
		panic(err)
	}
	use := usedKey{v.bases[h.KID&63], h.KID, h.CTR}
	if c.used[use] {
		c.fail("%s uses counter %d of KID %d twice", p.name, h.CTR, h.KID)
	}
	c.used[use] = true
	frame := func() keys.Frame {
		return keys.Frame{Owner: string(p.session.id), Source: keys.Mic, Codec: wrap.Opus, Data: slices.Clone(b)}
	}
	for _, q := range c.sample() {
		if q != p {
			if _, err := q.watched.receiver.Open(frame(), now); err == nil {
				opened++
			}
		}
	}
	for _, g := range c.ghosts {
		inside := func(q group.Participant) bool { return q.Member == g.me.Member }
		if slices.ContainsFunc(p.last.Roster, inside) {
			continue // p has not yet seen it removed
		}
		c.tried++
		if g.opens(string(c.w.cfg.Room), frame, h.KID) {
			c.fail("%s, who is out of the group, opens what %s seals in epoch %d", g.name, p.name, p.at.epoch)
		}
	}
	return opened
}

// opens tries all keys of the ghost, who believes whatever helps.
func (g *ghost) opens(room string, frame func() keys.Frame, kid uint64) bool {
	leaf := uint32(kid >> 6 & 1023)
	for _, e := range g.epochs {
		f := frame()
		r := keys.NewReceiver(room)
		r.Install(keys.Epoch{
			Number: kid & 63, Base: e.Base, Self: e.Self, Owners: map[uint32]keys.Owner{leaf: {Session: f.Owner}},
		}, epoch0)
		if _, err := r.Open(f, epoch0); err == nil {
			return true
		}
	}
	return false
}

// behind looks for members whose socket has worked for long, and that are in
// an epoch which has ended for as long.
func (c *checks) behind() {
	for _, p := range c.w.people {
		if !c.w.well(p) {
			p.wellSince = c.w.now
		}
		if len(p.last.Roster) == 0 || c.w.now.Sub(p.wellSince) < tooLong {
			continue
		}
		next := groupEpoch{p.at.generation, p.at.epoch + 1}
		if t, ok := c.began[next]; ok && c.w.now.Sub(t) > tooLong && t.After(p.wellSince) {
			c.fail("%s has been in %v for %v too long", p.name, p.at, c.w.now.Sub(t))
		}
	}
}

// slow looks for people who wait to be let in, and for leaves of sessions that
// are over, for longer than it can take while somebody in the group could
// commit: committers whose sockets are silent are stood in for one by one, and
// commits have their pace.
func (c *checks) slow() {
	well, silent, outside := 0, 0, 0
	var at *person
	for _, p := range c.w.people {
		switch in := len(p.last.Roster) > 0; {
		case !in:
			outside++
		case !c.w.well(p):
			silent++
		case c.w.now.Sub(p.wellSince) > 2*tooLong:
			well++
		}
		if p.at == c.latest {
			at = p
		}
	}
	if well == 0 || at == nil {
		c.unable = c.w.now
		return
	}
	for _, p := range c.w.people {
		if len(p.last.Roster) > 0 {
			p.line, p.silent = 0, 0
			continue
		}
		// Those that were silent and are out by now have been waited for, too.
		p.line, p.silent = max(p.line, outside), max(p.silent, silent)
		limit := max(c.w.patience(p.line)+time.Duration(p.silent)*750*time.Millisecond, 2*tooLong)
		since := later(later(p.wellSince, p.outSince), c.unable)
		if c.w.now.Sub(since) > limit {
			c.fail("%s has waited for %v to be let in", p.name, c.w.now.Sub(since))
		}
	}
	limit := max(c.w.patience(outside)+time.Duration(silent)*750*time.Millisecond, 2*tooLong)
	for _, q := range at.last.Roster {
		if t, over := c.w.endedAt[wire.SessionID(q.Session)]; over && c.w.now.Sub(later(t, c.unable)) > limit {
			c.fail("%s was in the group %v after it ended", q.Session, c.w.now.Sub(t))
		}
	}
}

// agreed reports whether all sessions are in the latest epoch, and are all
// that are in it.
func (c *checks) agreed() bool {
	for _, s := range c.w.sessions {
		p := s.owner
		if p.session != s || p.at != c.latest || len(p.last.Roster) != len(c.w.sessions) {
			return false
		}
	}
	// Rosters of one epoch are the same: one stands for all.
	in := map[string]bool{}
	for _, s := range c.w.sessions {
		in[string(s.id)] = true
	}
	for _, q := range c.w.sessions[0].owner.last.Roster {
		if !in[q.Session] {
			return false
		}
	}
	return true
}

// disagreement says who is not where the others are.
func (c *checks) disagreement() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the latest is %v; %d sessions;", c.latest, len(c.w.sessions))
	for i, s := range c.w.sessions {
		if p := s.owner; p.session != s || p.at != c.latest || len(p.last.Roster) != len(c.w.sessions) {
			fmt.Fprintf(&b, " %s (%s) is %v in %v with %d;", p.name, s.id, p.member.Phase(), p.at, len(p.last.Roster))
		}
		if i > 200 {
			break
		}
	}
	return b.String()
}
