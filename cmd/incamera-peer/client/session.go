package client

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
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
	if len(m.Card) > 0 {
		c.sealedCard = m.Card
	}
	c.mu.Lock()
	c.owners = map[int]string{}
	c.report.Session = string(m.Session)
	c.mu.Unlock()
	c.send(wire.Sources{On: c.cfg.Publish})
	c.restartMedia()
	c.look()
}

func (c *Client) send(m any) { c.socket.send(c.session, m) }

// look asks for the pictures of all who show one.
func (c *Client) look() {
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
	c.send(v)
}

func (c *Client) seated(seats []wire.Seat) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
		case group.Heard:
			c.heard(e)
		}
	}
	c.note(func(r *Report) { r.Dropped = c.member.Dropped })
}

func (c *Client) phase(e group.PhaseChanged) {
	if e.Why != nil {
		c.failed(fmt.Errorf("beginning anew: %w", e.Why))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Phase = e.Phase.String()
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
	c.sender.Install(e.Keys, now)
	c.countHeld(c.receiver.Install(e.Keys, now))
	e.Keys.Base.Wipe()
	devices := make([]ed25519.PublicKey, 0, len(e.Roster))
	c.report.Members = nil
	newcomers := false
	for _, p := range e.Roster {
		old, known := before[p.Session]
		newcomers = newcomers || !known && p.Leaf != e.Keys.Self
		devices = append(devices, p.Device)
		c.names[p.Session] = p.Name
		c.report.Members = append(c.report.Members, MemberReport{p.Session, p.Name, p.Leaf == e.Keys.Self, old.State, old.Ticket})
	}
	c.report.Epoch, c.report.Epochs = e.Keys.Number, c.report.Epochs+1
	c.report.RosterCode = verify.RosterCode(string(c.cfg.Link.Room), devices).String()
	c.mu.Unlock()
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

// packet implements listener.
func (c *Client) packet(seat int, source wire.Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.of(c.owners[seat], source).Packets++
}

// frame implements listener.
func (c *Client) frame(seat int, source wire.Source, data []byte) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner := c.owners[seat]
	payload, err := c.receiver.Open(keys.Frame{Owner: owner, Source: contextOf(source), Codec: codecOf(source), Data: data, ID: seat}, time.Now())
	if errors.Is(err, keys.ErrHeld) {
		return false
	}
	c.counts.opened(owner, source, payload, err)
	return err != nil && !errors.Is(err, keys.ErrReplay) && !errors.Is(err, keys.ErrEmpty)
}
