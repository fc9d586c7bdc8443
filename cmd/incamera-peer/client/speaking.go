package client

import (
	"context"
	"slices"
	"time"

	"incamera/e2ee/group"
	"incamera/signaling/wire"
)

// heardAtOnce is how many microphones are heard at once. While no more are open,
// the server is not told who speaks (PROTOCOL.md 1.4).
const heardAtOnce = 16

// speaking is what we say of ourselves. Owned by Run.
type speaking struct {
	is   bool
	told bool // to the server
}

// Speak says whether we speak from now on. The server is told only while it has
// to know. Safe for concurrent use; it blocks until Run can do it.
func (c *Client) Speak(ctx context.Context, is bool) error {
	return c.Act(ctx, func(*group.Member, time.Time) (group.Output, error) {
		c.speaking.is = is
		c.tellSpeaking()
		return group.Output{}, nil
	})
}

// tellSpeaking tells the server whether we speak, if that is news to it. Call it
// when any of what it depends on has changed.
func (c *Client) tellSpeaking() {
	tell := c.speaking.is && c.crowded()
	if tell != c.speaking.told && slices.Contains(c.cfg.Publish, wire.SourceMic) {
		c.speaking.told = tell
		c.send(wire.Speaking{On: tell})
	}
}

// crowded reports whether more microphones are open than are heard at once. How
// many are the members say: the server could want to know who speaks in any case.
func (c *Client) crowded() bool {
	open := 0
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.report.Members {
		if m.Self && slices.Contains(c.cfg.Publish, wire.SourceMic) || !m.Self && m.State != nil && m.State.Mic {
			open++
		}
	}
	return open > heardAtOnce
}
