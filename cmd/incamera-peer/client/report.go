package client

import (
	"errors"
	"slices"
	"strings"
	"time"

	"incamera/e2ee/group"
	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// A Report is what a participant has seen, for people and for tests.
type Report struct {
	Session    string               `json:"session"`
	Name       string               `json:"name"`
	Title      string               `json:"title"`
	Seconds    float64              `json:"seconds"`
	Phase      string               `json:"phase"`
	Epoch      uint64               `json:"epoch"`
	Epochs     int                  `json:"epochs"` // that were entered
	RosterCode string               `json:"rosterCode"`
	Members    []MemberReport       `json:"members"`
	Media      map[string]string    `json:"media"` // state of the publish and the subscribe connection
	Ways       map[string]string    `json:"ways"`  // by what they went when they were connected: udp, tcp or relay
	Sent       map[wire.Source]Sent `json:"sent"`
	Received   []Received           `json:"received"`
	Lost       []Loss               `json:"lost"`    // the first 1000 frames that should have come out, and did not
	Changes    []Change             `json:"changes"` // the latest 1000
	Chat       []ChatReport         `json:"chat"`
	Reactions  []ReactionReport     `json:"reactions"`
	Notes      []string             `json:"notes"` // of the host, while it waited
	Dropped    group.Dropped        `json:"dropped"`
	Errors     []string             `json:"errors"`
}

// A MemberReport is a member of the group.
type MemberReport struct {
	Session string `json:"session"`
	Name    string `json:"name"`
	Self    bool   `json:"self"`
	// State is what the member says it has switched on, nil before it has.
	State *group.State `json:"state,omitempty"`
	// Ticket is the member's place in the line of raised hands, 0 when its
	// hand is down.
	Ticket uint32 `json:"ticket,omitempty"`

	member link.MemberID
}

// Sent counts frames that went out sealed; a layer counts for itself.
type Sent struct {
	Frames    int   `json:"frames"`
	KeyFrames int   `json:"keyFrames"`
	Unsealed  int   `json:"unsealed"` // held back for want of a key
	SpanMs    int64 `json:"spanMs"`   // from the first to the last
	KeyAsked  int   `json:"keyAsked"` // how often the server asked for a key frame
	Missed    int   `json:"missed"`   // packets that the server asked for again
	Again     int   `json:"again"`    // of these requests, those of what was asked for already

	first time.Time
}

// Received counts what arrived on the seats of one session's source.
type Received struct {
	Session    string         `json:"session"` // empty: on a seat of nobody
	Name       string         `json:"name"`
	Source     wire.Source    `json:"source"`
	Packets    int            `json:"packets"`
	Frames     int            `json:"frames"` // opened
	Bytes      int64          `json:"bytes"`  // of frames that were opened
	Layers     [3]int         `json:"layers"` // frames of each layer, where the sender draws
	Switches   int            `json:"switches"`
	KeyFrames  int            `json:"keyFrames"`
	ClipFrames int            `json:"clipFrames"` // of Frames, those that are bytes of our own clip or tone
	FirstMs    int64          `json:"firstMs"`    // from the start of the program to the first opened frame
	GapMs      int64          `json:"gapMs"`      // the longest between two opened frames
	SpanMs     int64          `json:"spanMs"`     // from the first opened frame to the last
	Dropped    map[string]int `json:"dropped"`
	Watched    Watched        `json:"watched"` // where the sender draws

	latest time.Time // when a frame was opened
	layer  int       // of that, from 1
	watch  watch
}

// A Loss is a frame that was dropped for another reason than that it came twice
// or was empty.
type Loss struct {
	AtMs    int64       `json:"atMs"` // Unix time
	Session string      `json:"session"`
	Source  wire.Source `json:"source"`
	Reason  string      `json:"reason"`
}

// A Change is when other frames can be opened than before: a phase or an epoch
// of the group has begun, or seats have other owners.
type Change struct {
	AtMs int64  `json:"atMs"` // Unix time
	What string `json:"what"` // a phase, "epoch" or "seats"
	// Epoch is the number of the epoch that has begun; 0 where none has.
	Epoch uint64 `json:"epoch,omitempty"`
}

const maxTold = 1000 // losses and changes in a report

// A ChatReport is one line of chat.
type ChatReport struct {
	Session string `json:"session"`
	Name    string `json:"name"`
	Text    string `json:"text"`
	Self    bool   `json:"self"`
}

// A ReactionReport is a sign that somebody gave.
type ReactionReport struct {
	Session string `json:"session"`
	Name    string `json:"name"`
	Sign    string `json:"sign"`
}

// reason is the name of why a frame was dropped.
func reason(err error) string {
	for name, is := range map[string]error{
		"noKey": keys.ErrNoKey, "wrongOwner": keys.ErrWrongOwner, "withheld": keys.ErrWithheld, "badTag": keys.ErrBadTag,
		"replay": keys.ErrReplay, "malformed": keys.ErrMalformed, "empty": keys.ErrEmpty,
	} {
		if errors.Is(err, is) {
			return name
		}
	}
	panic("client: an unknown reason to drop a frame: " + err.Error())
}

type stream struct {
	session string
	source  wire.Source
}

// counts are what a Report holds of media. Guarded by the client's mu.
type counts struct {
	sent     map[wire.Source]Sent
	received map[stream]*Received
	lost     []Loss
	changes  []Change
	known    map[string]bool // frames of our own clips
	began    time.Time
	settle   time.Duration // from then until streams are watched
}

func newCounts(clips ...*clip) counts {
	c := counts{sent: map[wire.Source]Sent{}, received: map[stream]*Received{}, lost: []Loss{}, changes: []Change{}, known: map[string]bool{}, began: time.Now()}
	for _, clip := range clips {
		for _, f := range clip.frames {
			c.known[string(f.data)] = true
		}
	}
	return c
}

func (c *counts) of(session string, source wire.Source) *Received {
	k := stream{session, source}
	r := c.received[k]
	if r == nil {
		r = &Received{Session: session, Source: source, Dropped: map[string]int{}}
		c.received[k] = r
	}
	return r
}

// settled reports whether streams are watched.
func (c *counts) settled(now time.Time) bool { return now.Sub(c.began) >= c.settle }

// watched takes a frame that was drawn.
func (c *counts) watched(session string, source wire.Source, payload []byte, at uint32, drawn, now time.Time) {
	if !c.settled(now) {
		return
	}
	w := &c.of(session, source).watch
	clock := soundClock
	if isPicture(source) {
		clock = pictureClock
	}
	w.frame(at, clock, drawn, now)
	if !isPicture(source) {
		w.piece(at, now)
		return
	}
	if layer, ok := drawnLayer(payload); ok {
		w.drawn(layer)
	}
	if sound := c.received[stream{session, wire.SourceMic}]; source == wire.SourceCamera && sound != nil {
		w.beside(&sound.watch)
	}
}

// opened counts a frame that came out, or why it did not.
func (c *counts) opened(session string, source wire.Source, payload []byte, err error) {
	r := c.of(session, source)
	if err != nil {
		why := reason(err)
		r.Dropped[why]++
		if !isRepeat(err) && len(c.lost) < maxTold {
			c.lost = append(c.lost, Loss{time.Now().UnixMilli(), session, source, why})
		}
		return
	}
	now := time.Now()
	if r.Frames++; r.Frames == 1 {
		r.FirstMs = now.Sub(c.began).Milliseconds()
	} else {
		r.GapMs = max(r.GapMs, now.Sub(r.latest).Milliseconds())
		r.SpanMs = now.Sub(c.began).Milliseconds() - r.FirstMs
	}
	r.latest = now
	r.Bytes += int64(len(payload))
	if layer, ok := drawnLayer(payload); ok && isPicture(source) {
		r.Layers[layer]++
		if r.layer != 0 && r.layer != layer+1 {
			r.Switches++
		}
		r.layer = layer + 1
	}
	if isPicture(source) && payload[0]&1 == 0 { // RFC 6386 §9.1
		r.KeyFrames++
	}
	if c.known[string(payload)] {
		r.ClipFrames++
	}
}

// isRepeat reports whether nothing is missing though a frame was dropped.
func isRepeat(err error) bool { return errors.Is(err, keys.ErrReplay) || errors.Is(err, keys.ErrEmpty) }

// changed notes that other frames can be opened from now on; epoch is 0 where
// none has begun.
func (c *counts) changed(what string, epoch uint64) {
	if len(c.changes) == maxTold {
		c.changes = c.changes[1:]
	}
	c.changes = append(c.changes, Change{AtMs: time.Now().UnixMilli(), What: what, Epoch: epoch})
}

// list returns all streams in a fixed order.
func (c *counts) list(names map[string]string) []Received {
	out := []Received{}
	for _, r := range c.received {
		v := *r
		v.Name, v.Dropped, v.Watched = names[r.Session], map[string]int{}, r.watch.result()
		for k, n := range r.Dropped {
			v.Dropped[k] = n
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Received) int {
		if n := strings.Compare(a.Session, b.Session); n != 0 {
			return n
		}
		return strings.Compare(string(a.Source), string(b.Source))
	})
	return out
}
