package client

import "incamera/e2ee/link"

// Link returns the room's link that holds now, as far as this participant
// knows. Safe for concurrent use.
func (c *Client) Link() link.Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}
