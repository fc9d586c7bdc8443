package client

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/verify"
	"incamera/signaling/wire"
)

// take handles one message of the server.
func (c *Client) take(m any) {
	switch m := m.(type) {
	case wire.Joined:
		c.joined(m)
	case wire.Peers:
		c.on = map[wire.SessionID][]wire.Source{}
		for _, p := range m.Peers {
			c.on[p.Session] = p.On
		}
		c.look()
	case wire.Arrived:
		c.on[m.Session] = nil
	case wire.Left:
		delete(c.on, m.Session)
		c.look()
	case wire.SourcesOf:
		c.on[m.Session] = m.On
		c.look()
	case wire.Seats:
		c.seated(m.Seats)
	case wire.Published:
		c.media.published(c, m.SDP)
	case wire.Subscribed:
		c.media.subscribed(c, m.SDP)
	case wire.MediaLost:
		c.failed(errors.New("the server lost the media connection: " + m.Reason))
		c.restartMedia()
	case wire.Failed:
		c.failed(fmt.Errorf("the server could not carry out %q (%s): %s", m.About, m.Code, m.Text))
		c.media.refused(c, m.About)
	case wire.Ended:
		c.failed(fmt.Errorf("the server ended the session (%s): %s", m.Reason, m.Text))
	}
	if in := InputOf(m); in != nil {
		c.handle(c.member.Handle(in, time.Now()))
	}
}

// joined begins a session: all that belonged to the one before is gone.
func (c *Client) joined(m wire.Joined) {
	c.session, c.relay = m.Session, m.Relay
	c.on = map[wire.SessionID][]wire.Source{}
	c.mu.Lock()
	if len(m.Card) > 0 {
		c.again.Card = m.Card
	}
	c.owners, c.speaking.told = map[int]string{}, false
	c.report.Session = string(m.Session)
	c.mu.Unlock()
	c.send(wire.Sources{On: c.cfg.Publish})
	c.restartMedia()
	c.look()
}

func (c *Client) send(m any) { c.socket.send(c.session, m) }

// onPage is how many pictures a page has.
const onPage = 2

// look asks for the pictures of all who show one, or for those of the page.
func (c *Client) look() {
	if c.cfg.Unwatching {
		return
	}
	v := wire.View{Tiles: []wire.Tile{}}
	height := uint32(180)
	if c.cfg.Height > 0 {
		height = uint32(c.cfg.Height)
	}
	for id, on := range c.on {
		for _, source := range on {
			if isPicture(source) && len(v.Tiles) < wire.MaxTiles {
				v.Tiles = append(v.Tiles, wire.Tile{Session: id, Source: source, Width: height * 16 / 9, Height: height})
			}
		}
	}
	if c.cfg.Page > 0 {
		v.Tiles = paged(v.Tiles, c.page)
	}
	c.send(v)
}

// paged returns the tiles of a page, in an order that stays; after the last page
// comes the first.
func paged(tiles []wire.Tile, page int) []wire.Tile {
	if len(tiles) <= onPage {
		return tiles
	}
	slices.SortFunc(tiles, func(a, b wire.Tile) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Source, b.Source))
	})
	pages := (len(tiles) + onPage - 1) / onPage
	first := page % pages * onPage
	return tiles[first:min(first+onPage, len(tiles))]
}

func (c *Client) seated(seats []wire.Seat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.changed("seats", 0)
	for _, s := range seats {
		c.owners[int(s.Index)] = string(s.Session)
	}
}

// handle carries out what the member wants.
func (c *Client) handle(out group.Output) {
	for _, m := range out.Send {
		c.send(WireOf(m))
	}
	for _, e := range out.Events {
		switch e := e.(type) {
		case group.PhaseChanged:
			c.phase(e)
		case group.EpochBegun:
			c.entered(e)
		case group.LinkChanged:
			c.relinked(e.Link)
		case group.Heard:
			c.heard(e)
		case group.Noticed:
			c.note(func(r *Report) { r.Notes = append(r.Notes, e.Text) })
		}
	}
	c.note(func(r *Report) { r.Dropped = c.member.Dropped })
}

// relinked comes by another link from now on. What it takes to make the room
// again by it, the host's order and a permit, the server is asked for.
func (c *Client) relinked(n link.Next) {
	c.mu.Lock()
	c.link.Secret = n.Secret
	c.again.Card, c.again.Permit, c.again.Number, c.again.Relink = n.Order.Card, nil, 0, nil
	l := c.link
	c.mu.Unlock()
	c.socket.relinked(n.Keys.Token)
	c.asks.Go(func() {
		_, looked, _, err := lookAt(c.life, l)
		if err != nil {
			c.cfg.Log.Warn("what makes the room again by its new link is not known", "error", err)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.link.Text() == l.Text() {
			c.again.Permit, c.again.Number, c.again.Relink = looked.Permit, looked.Number, looked.Relink
		}
	})
}

func (c *Client) phase(e group.PhaseChanged) {
	if e.Why != nil {
		c.failed(fmt.Errorf("beginning anew: %w", e.Why))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Phase = e.Phase.String()
	c.counts.changed(c.report.Phase, 0)
	if e.Phase != group.Inside {
		c.sender.Clear()
		c.receiver.Clear()
		c.report.Members, c.report.RosterCode = []MemberReport{}, ""
	}
}

// entered installs the keys of an epoch.
func (c *Client) entered(e group.EpochBegun) {
	now := time.Now()
	c.mu.Lock()
	before := map[string]MemberReport{}
	for _, m := range c.report.Members {
		before[m.Session] = m
	}
	if c.trespasser != nil {
		c.trespasser.entered(e.Keys, now)
	}
	c.counts.changed("epoch", e.Keys.Number)
	c.cfg.Log.Debug("an epoch of the group began", "epoch", e.Keys.Number)
	c.sender.Install(e.Keys, now)
	c.countHeld(c.receiver.Install(e.Keys, now))
	e.Keys.Base.Wipe()
	devices := make([]ed25519.PublicKey, 0, len(e.Roster))
	c.report.Members = nil
	newcomers := comes(before, e.Roster, e.Keys.Self)
	for _, p := range e.Roster {
		old := before[p.Session]
		devices = append(devices, p.Device)
		c.names[p.Session] = p.Name
		c.report.Members = append(c.report.Members, MemberReport{p.Session, p.Name, p.Leaf == e.Keys.Self, old.State, old.Ticket, p.Member})
	}
	c.report.Epoch, c.report.Epochs = e.Keys.Number, c.report.Epochs+1
	c.report.RosterCode = verify.RosterCode(string(c.cfg.Link.Room), devices).String()
	c.mu.Unlock()
	c.tellSpeaking()
	if c.cfg.Entered != nil {
		c.cfg.Entered(e.Keys.Number, e.Roster)
	}
	if newcomers {
		if c.ticket > 0 {
			c.sayApp(group.Hand{Ticket: c.ticket}) // before the state: who has heard that has heard all
		}
		c.sayApp(c.state())
	}
}

// comes reports whether there is another who has heard nothing of what is on: one
// who was not there before, or who was out and is in again in the same session.
func comes(before map[string]MemberReport, roster []group.Participant, self uint32) bool {
	return slices.ContainsFunc(roster, func(p group.Participant) bool {
		old, known := before[p.Session]
		return p.Leaf != self && (!known || old.member != p.Member)
	})
}

// raiseHand takes the next place in the line when everybody has said a state,
// and so any ticket.
func (c *Client) raiseHand() {
	if !c.cfg.RaiseHand || c.ticket > 0 {
		return
	}
	last, all := uint32(0), true
	c.mu.Lock()
	for _, m := range c.report.Members {
		last = max(last, m.Ticket)
		all = all && m.State != nil
	}
	all = all && len(c.report.Members) > 1
	c.mu.Unlock()
	if all {
		c.ticket = min(last, group.MaxTicket-1) + 1
		c.sayApp(group.Hand{Ticket: c.ticket})
	}
}

func (c *Client) state() group.State {
	var s group.State
	for _, source := range c.cfg.Publish {
		s.Mic = s.Mic || source == wire.SourceMic
		s.Camera = s.Camera || source == wire.SourceCamera
		s.Screen = s.Screen || source == wire.SourceScreen
	}
	return s
}

func (c *Client) heard(e group.Heard) {
	switch a := e.App.(type) {
	case group.Chat:
		line := ChatReport{e.From.Session, e.From.Name, a.Text, e.Self}
		c.note(func(r *Report) { r.Chat = append(r.Chat, line) })
		if c.cfg.Heard != nil {
			c.cfg.Heard(line)
		}
	case group.Reaction:
		c.note(func(r *Report) {
			r.Reactions = append(r.Reactions, ReactionReport{e.From.Session, e.From.Name, a.Sign})
		})
	case group.State:
		c.noteOf(e.From, func(m *MemberReport) { m.State = &a })
		c.tellSpeaking()
		c.raiseHand()
	case group.Hand:
		c.noteOf(e.From, func(m *MemberReport) { m.Ticket = a.Ticket })
	}
}

// noteOf notes something about one member.
func (c *Client) noteOf(p group.Participant, f func(*MemberReport)) {
	c.note(func(r *Report) {
		for i := range r.Members {
			if r.Members[i].Session == p.Session {
				f(&r.Members[i])
			}
		}
	})
}

// seal makes the bytes to send of a frame. It is called by the publisher.
func (c *Client) seal(source wire.Source, key bool, payload []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trespasser != nil && source == wire.SourceCamera {
		return c.trespasser.seal(key, payload, time.Now())
	}
	b, err := c.sender.Seal(contextOf(source), codecOf(source), key, payload, time.Now())
	n := c.counts.sent[source]
	switch {
	case err != nil:
		n.Unsealed++
		b = nil
	default:
		if n.Frames++; n.Frames == 1 {
			n.first = time.Now()
		}
		n.SpanMs = time.Since(n.first).Milliseconds()
		if key && isPicture(source) {
			n.KeyFrames++
		}
	}
	c.counts.sent[source] = n
	return b
}

// asked counts what the server asks of what we send. It is called by the
// publisher.
func (c *Client) asked(source wire.Source, key bool, packets, again int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.counts.sent[source]
	n.Missed, n.Again = n.Missed+packets, n.Again+again
	if key {
		n.KeyAsked++
	}
	c.counts.sent[source] = n
}

// packet implements listener.
func (c *Client) packet(seat int, source wire.Source, as repetition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.counts.of(c.owners[seat], source)
	r.Packets++
	if as != none && c.counts.settled(time.Now()) {
		r.watch.now.Repeats++
		if as == mends {
			r.watch.now.Useful++
		}
	}
}

// wantsKey implements listener.
func (c *Client) wantsKey(seat int, source wire.Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts.settled(time.Now()) {
		c.counts.of(c.owners[seat], source).watch.now.KeyAsked++
	}
}

// reports implements listener.
func (c *Client) reports(seat int, source wire.Source, r *rtcp.SenderReport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.of(c.owners[seat], source).watch.report = r
}

// frame implements listener.
func (c *Client) frame(seat int, source wire.Source, data []byte, at uint32) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner := c.owners[seat]
	now := time.Now()
	payload, err := c.receiver.Open(keys.Frame{Owner: owner, Source: contextOf(source), Codec: codecOf(source), Data: data, ID: seat}, now)
	if errors.Is(err, keys.ErrHeld) {
		return false
	}
	c.counts.opened(owner, source, payload, err)
	if drawn, ok := drawnAt(payload); ok && err == nil {
		c.counts.watched(owner, source, payload, at, drawn, now)
		if c.cfg.Arrived != nil && isPicture(source) {
			c.cfg.Arrived(now.Sub(drawn))
		}
	}
	return err != nil && !isRepeat(err)
}
