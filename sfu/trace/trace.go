// Package trace records what a meeting's media plane was told about networks
// and pictures, and what it decided by that: a file for each meeting, of lines
// of JSON, that package replay puts to the same decisions once more.
//
// The lines hold numbers, words of this package and of the leaves, and nothing
// else. Peers, connections and seats are counted from 1 in each file (seats
// from 0 in each peer), so that a number says nothing outside of it; there are
// no names, ids, addresses, keys, SSRCs or sequence numbers, and of a packet
// there is its size and when it was sent and arrived, never a byte of it.
//
// Whoever tells never waits: what the writer does not keep up with is dropped
// and counted, and the file says so.
package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/bwe"
	"incamera/sfu/layer"
)

// Format is the number of the format that is written.
const Format = 2

// A Kind says what an event is of.
type Kind string

// The kinds.
const (
	KindBegin      Kind = "begin"
	KindPeer       Kind = "peer"
	KindSubscriber Kind = "subscriber"
	KindReport     Kind = "report"
	KindREMB       Kind = "remb"
	KindProbe      Kind = "probe"
	KindAdapt      Kind = "adapt"
	KindDemand     Kind = "demand"
	KindQuality    Kind = "quality"
	KindSeat       Kind = "seat"
	KindOwner      Kind = "owner"
	KindAim        Kind = "aim"
	KindKey        Kind = "key"
	KindSpatial    Kind = "spatial"
	KindGone       Kind = "gone"
	KindLost       Kind = "lost"
	KindFull       Kind = "full"
)

// A Head begins every event. The recorder writes it.
type Head struct {
	Kind Kind          `json:"e"`
	At   time.Duration `json:"t"`           // since the recording began
	Peer int           `json:"p,omitempty"` // from 1; 0: of none
}

func (h *Head) head() *Head { return h }

// An Event is one line. It is not to be changed once it was put.
type Event interface {
	head() *Head
	kind() Kind
}

// Begin is the first line.
type Begin struct {
	Head
	Format int    `json:"format"`
	Build  string `json:"build"` // of the server
}

// Peer says that somebody came.
type Peer struct{ Head }

// Gone says that somebody left.
type Gone struct{ Head }

// Subscriber says that a subscribe connection was made, whose estimator begins
// with a guess. The clock of its reports begins at the event's time.
type Subscriber struct {
	Head
	Connection int         `json:"c"`
	Start      bwe.Bitrate `json:"start"`
}

// An Estimate is what an estimator holds of a network.
type Estimate struct {
	Target bwe.Bitrate   `json:"target"`
	Acked  bwe.Bitrate   `json:"acked"`
	Cause  string        `json:"cause"`
	Loss   float64       `json:"loss"`  // share
	Queue  time.Duration `json:"queue"` // ns
	RTT    time.Duration `json:"rtt"`   // ns
}

// EstimateOf returns what e holds now.
func EstimateOf(e *bwe.Estimator) Estimate {
	return Estimate{e.Target(), e.Acked(), e.Cause().String(), e.LossShare(), e.QueueDelay(), e.RTT()}
}

// Report is transport-wide feedback, and what is held then.
type Report struct {
	Head
	Connection int  `json:"c"`
	Acks       Acks `json:"acks"`
	Estimate
}

// Acks are packets as four numbers each: how many µs it was sent after the one
// before (the first: before the report), by how many ticks of the receiver's
// clock it arrived later than the one before that arrived (the first: since the
// clock's beginning; 0 if it did not arrive), its size in bytes, and the sum of 1
// for lost, 2 for late, 4 for unheard and 8 for one that went twice.
type Acks []int64

const (
	flagLost = 1 << iota
	flagLate
	flagUnheard
	flagTwice
	flags
)

// tick is that of the receivers' clocks in transport-wide feedback.
const tick = 250 * time.Microsecond

// PackAcks writes acks of a report of that time.
func PackAcks(acks []bwe.Ack, at time.Duration) Acks {
	out, sent, arrived := make(Acks, 0, 4*len(acks)), at, time.Duration(0)
	for i := range acks {
		a := &acks[i]
		flag, later := int64(0), time.Duration(0)
		if a.Lost {
			flag |= flagLost
		}
		if a.Late {
			flag |= flagLate
		}
		if a.Unheard {
			flag |= flagUnheard
		}
		if a.Twice {
			flag |= flagTwice
		}
		if !a.Lost && !a.Unheard {
			later, arrived = a.Arrived-arrived, a.Arrived
		}
		after := a.Sent - sent
		if sent = a.Sent; i == 0 {
			after = -after
		}
		out = append(out, int64(after/time.Microsecond), int64(later/tick), int64(a.Size), flag)
	}
	return out
}

// mostTime bounds times, so that no sum of them overflows: a year.
const mostTime = 365 * 24 * time.Hour

var errAcks = errors.New("trace: packets that no report can be of")

// Unpack is the reverse of [PackAcks].
func (p Acks) Unpack(at time.Duration) ([]bwe.Ack, error) {
	if len(p)%4 != 0 {
		return nil, errAcks
	}
	const mostSent, mostTicks, mostSize = int64(mostTime / time.Microsecond), int64(mostTime / tick), 1 << 16
	out, sent, arrived := make([]bwe.Ack, 0, len(p)/4), at, time.Duration(0)
	for i := 0; i < len(p); i += 4 {
		after, later, size, flag := p[i], p[i+1], p[i+2], p[i+3]
		if after < -mostSent || after > mostSent || later < -mostTicks || later > mostTicks || size < 0 || size > mostSize || flag < 0 || flag >= flags {
			return nil, errAcks
		}
		if i == 0 {
			after = -after
		}
		sent += time.Duration(after) * time.Microsecond
		a := bwe.Ack{Sent: sent, Size: int(size), Lost: flag&flagLost != 0, Late: flag&flagLate != 0, Unheard: flag&flagUnheard != 0, Twice: flag&flagTwice != 0}
		if !a.Lost && !a.Unheard {
			arrived += time.Duration(later) * tick
			a.Arrived = arrived
		}
		if sent < 0 || sent > mostTime || arrived < 0 || arrived > mostTime {
			return nil, errAcks
		}
		out = append(out, a)
	}
	return out, nil
}

// REMB is what the subscriber itself estimates, and what is held then.
type REMB struct {
	Head
	Connection int         `json:"c"`
	Rate       bwe.Bitrate `json:"rate"`
	Estimate
}

// Probe is the question whether to try a higher rate, and the answer.
type Probe struct {
	Head
	Connection int           `json:"c"`
	Wanted     bwe.Bitrate   `json:"wanted"`
	Begun      bool          `json:"begun"`
	Rate       bwe.Bitrate   `json:"rate,omitempty"`
	Lasts      time.Duration `json:"lasts,omitempty"` // ns
}

// Adapt is how the seats' layers were chosen by what a network takes.
type Adapt struct {
	Head
	Target   int64   `json:"target"`   // estimated, bits per second
	Reserved int64   `json:"reserved"` // of it, for sound
	Proven   bool    `json:"proven"`   // whether pictures may be withheld by it
	Waiting  int     `json:"waiting"`  // bytes that are held back
	Dropped  uint64  `json:"dropped"`  // packets that waited for too long, since the beginning
	Claims   []Claim `json:"claims"`   // most important first
	Now      int64   `json:"now"`      // the budget for what is sent already
	Sure     int64   `json:"sure"`     // and for what is not
	Missing  int64   `json:"missing"`  // of the budget for the next layer
}

// A Claim is a seat that wants a picture, and what it gets. It is written as a
// list of numbers in the order of its fields, true being 1.
type Claim struct {
	Seat int
	allocate.Claim
	Got int
}

// MarshalJSON implements [json.Marshaler].
func (c Claim) MarshalJSON() ([]byte, error) {
	prominent := int64(0)
	if c.Prominent {
		prominent = 1
	}
	n := append([]int64{int64(c.Seat), int64(c.Wanted)}, c.Rates[:]...)
	return json.Marshal(append(n, int64(c.Now), prominent, int64(c.Changed), int64(c.Got)))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Claim) UnmarshalJSON(text []byte) error {
	var n []int64
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	const before, after = 2, 4 // of the rates
	if len(n) != before+allocate.Steps+after {
		return fmt.Errorf("trace: a claim of %d numbers, want %d", len(n), before+allocate.Steps+after)
	}
	rest := n[before+allocate.Steps:]
	*c = Claim{int(n[0]), allocate.Claim{
		Wanted: int(n[1]), Rates: [allocate.Steps]int64(n[before:]), Now: int(rest[0]), Prominent: rest[1] == 1, Changed: time.Duration(rest[2]),
	}, int(rest[3])}
	return nil
}

// Demand is how many layers of camera and screen are watched, and how many the
// publisher is to send.
type Demand struct {
	Head
	Watched [2]int `json:"watched"`
	Told    [2]int `json:"told"`
}

// Quality is how a peer's connections do.
type Quality struct {
	Head
	Down   Down   `json:"down"`
	Up     Up     `json:"up"`
	Judged Judged `json:"judged"`
}

// Down is what the grade of a subscribe connection is made of.
type Down struct {
	Paused bool          `json:"paused"` // a picture is not sent for want of bandwidth
	Less   bool          `json:"less"`   // or is smaller than wanted
	Loss   float64       `json:"loss"`   // share
	Queue  time.Duration `json:"queue"`  // ns
	Cause  string        `json:"cause"`  // of the estimate
}

// Up is what the grade of a publish connection is made of.
type Up struct {
	Silent bool    `json:"silent"` // a picture that is on does not come
	Less   bool    `json:"less"`   // or not in all layers that are wanted
	Loss   float64 `json:"loss"`   // share
}

// Judged is what the client is told.
type Judged struct {
	Down string `json:"down"`
	Up   string `json:"up"`
}

// SeatMade says that a seat was made.
type SeatMade struct {
	Head
	Seat   int    `json:"s"`
	Source string `json:"source"`
}

// Owner says that another source is on a seat, or the same begins anew.
type Owner struct {
	Head
	Seat  int `json:"s"`
	Owner int `json:"owner"` // 0: nobody
}

// Aim is which layer a seat aims for. What has not changed is not told again.
type Aim struct {
	Head
	Seat   int                        `json:"s"`
	Wanted int                        `json:"wanted"`
	Paused bool                       `json:"paused"`
	Ages   [layer.Count]time.Duration `json:"ages"` // ns since each layer's latest packet; -1: there was none
	Target int                        `json:"target"`
	Need   bool                       `json:"need"` // a key frame of it
}

// Key is what a seat does with a key frame of a layer that it does not send.
type Key struct {
	Head
	Seat     int    `json:"s"`
	Layer    int    `json:"layer"`
	Decision string `json:"decision"`
}

// Spatial says that a picture of several spatial layers has changed up to which of
// them a seat gets.
type Spatial struct {
	Head
	Seat  int  `json:"s"`
	Fresh bool `json:"fresh"` // the picture needs none before it
	Top   int  `json:"top"`   // the highest layer that is sent
}

// Decision returns the word for d.
func Decision(d layer.Decision) string { return [...]string{"drop", "forward", "switch", "request"}[d] }

// Lost says that events are missing, some of them after this line at the
// latest.
type Lost struct {
	Head
	Events uint64 `json:"events"`
}

// Full is the last line of a file that is as long as it may be.
type Full struct{ Head }

func (*Begin) kind() Kind      { return KindBegin }
func (*Peer) kind() Kind       { return KindPeer }
func (*Gone) kind() Kind       { return KindGone }
func (*Subscriber) kind() Kind { return KindSubscriber }
func (*Report) kind() Kind     { return KindReport }
func (*REMB) kind() Kind       { return KindREMB }
func (*Probe) kind() Kind      { return KindProbe }
func (*Adapt) kind() Kind      { return KindAdapt }
func (*Demand) kind() Kind     { return KindDemand }
func (*Quality) kind() Kind    { return KindQuality }
func (*SeatMade) kind() Kind   { return KindSeat }
func (*Owner) kind() Kind      { return KindOwner }
func (*Aim) kind() Kind        { return KindAim }
func (*Key) kind() Kind        { return KindKey }
func (*Spatial) kind() Kind    { return KindSpatial }
func (*Lost) kind() Kind       { return KindLost }
func (*Full) kind() Kind       { return KindFull }
