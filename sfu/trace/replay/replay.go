// Package replay puts what a recording (package trace) was told to the decisions
// of this build, at the recorded times, and says where they are others than the
// recorded ones. Estimates, probes, budgets, the choice of layers for the seats,
// each seat's aim and switch, demands and the quality that clients are told of
// are decided again; what pacing holds back is not, as it is of single packets.
//
// For a recording of the same build, on the same kind of processor, there is no
// difference. After a difference the state is this build's own, so one may
// bring others with it: the first counts.
package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"incamera/sfu/allocate"
	"incamera/sfu/bwe"
	"incamera/sfu/layer"
	"incamera/sfu/quality"
	"incamera/sfu/trace"
)

// A Difference is a decision that this build takes otherwise.
type Difference struct {
	Line               int
	At                 time.Duration // since the recording began
	Peer               int
	Kind               trace.Kind
	What               string // was decided
	Recorded, Replayed any
}

// An Ending says why a recording ends.
type Ending string

// The endings.
const (
	Whole Ending = "whole" // with the meeting, or with the server
	Full  Ending = "full"  // it was as long as it may be
	Gap   Ending = "gap"   // events are missing: what follows cannot be replayed
	Torn  Ending = "torn"  // in the middle of a line: the server was killed, or the disk was full
)

// A Result is what was replayed.
type Result struct {
	Build       string // that recorded
	Lasts       time.Duration
	Events      map[trace.Kind]int
	Differences int
	Ending      Ending
}

// maxLine bounds a line: the report of the most packets has 100 KB.
const maxLine = 1 << 20

// Run replays a recording, and tells of each difference in order. The error
// names the line that is none of a recording; what was told before stands.
func Run(recording io.Reader, tell func(Difference)) (Result, error) {
	m := meeting{
		tell: tell, result: Result{Events: map[trace.Kind]int{}, Ending: Whole},
		peers: map[int]*peer{}, connections: map[int]*connection{},
	}
	lines := bufio.NewReaderSize(recording, maxLine)
	for m.result.Ending == Whole {
		text, err := lines.ReadSlice('\n')
		if err == io.EOF {
			if len(text) > 0 {
				m.result.Ending = Torn
			}
			break
		}
		m.line++
		if err != nil {
			return m.result, fmt.Errorf("line %d: %w", m.line, err)
		}
		if err := m.take(bytes.TrimSuffix(text, []byte("\n"))); err != nil {
			return m.result, fmt.Errorf("line %d: %w", m.line, err)
		}
	}
	if m.line == 0 {
		return m.result, errors.New("an empty file is no recording")
	}
	return m.result, nil
}

// A meeting is the state of all decisions.
type meeting struct {
	tell   func(Difference)
	result Result
	line   int
	head   trace.Head // of the event that is taken

	peers       map[int]*peer
	connections map[int]*connection
}

type peer struct {
	began    time.Duration
	demand   [2]layer.Demand
	floor    allocate.Floor
	down, up quality.Judge
	seats    map[int]*layer.Selector
}

type connection struct {
	began     time.Duration
	estimator *bwe.Estimator
}

// epoch stands for the time at which the recording began.
var epoch = time.Unix(0, 0)

var (
	errFirst   = errors.New("the beginning of a recording is missing, or there are two")
	errNumber  = errors.New("a peer, connection or seat that was not there before, or was already")
	errBounds  = errors.New("a number out of its bounds")
	errVersion = errors.New("a recording of another format; replay it with the build that made it")
)

func (m *meeting) take(text []byte) error {
	e, err := trace.Parse(text)
	if err != nil {
		return err
	}
	m.head = trace.HeadOf(e)
	m.result.Lasts = max(m.result.Lasts, m.head.At)
	m.result.Events[m.head.Kind]++
	if begin, ok := e.(*trace.Begin); ok != (m.line == 1) {
		return errFirst
	} else if ok {
		if begin.Format != trace.Format {
			return errVersion
		}
		m.result.Build = begin.Build
		return nil
	}
	switch e := e.(type) {
	case *trace.Lost:
		m.result.Ending = Gap
		return nil
	case *trace.Full:
		m.result.Ending = Full
		return nil
	case *trace.Peer:
		if m.peers[m.head.Peer] != nil {
			return errNumber
		}
		m.peers[m.head.Peer] = &peer{began: m.head.At, demand: [2]layer.Demand{layer.NewDemand(), layer.NewDemand()}, seats: map[int]*layer.Selector{}}
		return nil
	case *trace.Subscriber:
		if m.connections[e.Connection] != nil {
			return errNumber
		}
		m.connections[e.Connection] = &connection{m.head.At, bwe.New(min(max(e.Start, bwe.Least), bwe.Most))}
		return nil
	}
	if c, ok := connectionOf(e); ok {
		if m.connections[c] == nil {
			return errNumber
		}
		return m.network(m.connections[c], e)
	}
	p := m.peers[m.head.Peer]
	if p == nil {
		return errNumber
	}
	return m.peer(p, e)
}

func connectionOf(e trace.Event) (number int, ok bool) {
	switch e := e.(type) {
	case *trace.Report:
		return e.Connection, true
	case *trace.REMB:
		return e.Connection, true
	case *trace.Probe:
		return e.Connection, true
	}
	return 0, false
}

// network replays an event of an estimator.
func (m *meeting) network(c *connection, e trace.Event) error {
	at := m.head.At - c.began
	switch e := e.(type) {
	case *trace.Report:
		acks, err := e.Acks.Unpack(at)
		if err != nil {
			return err
		}
		c.estimator.Observe(acks, at)
		m.estimate(e.Estimate, c.estimator)
	case *trace.REMB:
		c.estimator.REMB(e.Rate)
		m.estimate(e.Estimate, c.estimator)
	case *trace.Probe:
		p, begun := c.estimator.Probe(min(e.Wanted, 2*bwe.Most), at)
		compare(m, "begun", e.Begun, begun)
		compare(m, "rate", e.Rate, p.Rate)
		compare(m, "lasts", e.Lasts, p.Lasts)
	}
	return nil
}

func (m *meeting) estimate(recorded trace.Estimate, e *bwe.Estimator) {
	now := trace.EstimateOf(e)
	compare(m, "target", recorded.Target, now.Target)
	compare(m, "acked", recorded.Acked, now.Acked)
	compare(m, "cause", recorded.Cause, now.Cause)
	compare(m, "loss", recorded.Loss, now.Loss)
	compare(m, "queue", recorded.Queue, now.Queue)
	compare(m, "rtt", recorded.RTT, now.RTT)
}

// peer replays an event of a participant.
func (m *meeting) peer(p *peer, e trace.Event) error {
	at := epoch.Add(m.head.At)
	switch e := e.(type) {
	case *trace.Adapt:
		return m.adapt(p, e)
	case *trace.Demand:
		for i := range p.demand {
			if e.Watched[i] < 0 || e.Watched[i] > layer.Count {
				return errBounds
			}
			p.demand[i].Update(e.Watched[i], at)
		}
		compare(m, "told", e.Told, [2]int{p.demand[0].Told(), p.demand[1].Told()})
	case *trace.Quality:
		p.down.Update(quality.Down(e.Down.Paused, e.Down.Less, e.Down.Loss, e.Down.Queue), at)
		p.up.Update(quality.Up(e.Up.Silent, e.Up.Less, e.Up.Loss), at)
		compare(m, "down", e.Judged.Down, p.down.Grade().String())
		compare(m, "up", e.Judged.Up, p.up.Grade().String())
	case *trace.SeatMade: // in the place of an earlier one when the connection is new
		s := layer.New()
		p.seats[e.Seat] = &s
	case *trace.Owner:
		return p.seat(e.Seat, func(s *layer.Selector) error {
			s.Reset()
			return nil
		})
	case *trace.Aim:
		return p.seat(e.Seat, func(s *layer.Selector) error { return m.aim(s, e, at) })
	case *trace.Key:
		return p.seat(e.Seat, func(s *layer.Selector) error {
			compare(m, "decision", e.Decision, trace.Decision(s.Packet(e.Layer, true, true)))
			return nil
		})
	case *trace.Spatial:
		return p.seat(e.Seat, func(s *layer.Selector) error {
			s.Picture(e.Fresh)
			compare(m, "top", e.Top, s.Current())
			return nil
		})
	}
	return nil
}

func (p *peer) seat(number int, f func(*layer.Selector) error) error {
	if p.seats[number] == nil {
		return errNumber
	}
	return f(p.seats[number])
}

// maxRate bounds what the budgets are added up of, so that no sum overflows.
const maxRate = 1 << 50

func (m *meeting) adapt(p *peer, e *trace.Adapt) error {
	claims, recorded := make([]allocate.Claim, len(e.Claims)), make([]int, len(e.Claims))
	for i, c := range e.Claims {
		for _, rate := range c.Rates {
			if rate < 0 || rate > maxRate/1024 {
				return errBounds
			}
		}
		claims[i], recorded[i] = c.Claim, c.Got
	}
	if len(claims) > 1024 || e.Target < 0 || e.Target > maxRate || e.Reserved < 0 || e.Reserved > maxRate {
		return errBounds
	}
	at := m.head.At - p.began
	budget := allocate.Budget{Now: allocate.Available(e.Target, e.Reserved, e.Proven, claims)}
	budget.Sure = p.floor.Update(budget.Now, at)
	got, missing := allocate.Bits(claims, budget, at)
	compare(m, "budget", e.Now, budget.Now)
	compare(m, "sure", e.Sure, budget.Sure)
	for i := range got {
		compare(m, fmt.Sprintf("layer of seat %d", e.Claims[i].Seat), recorded[i], got[i])
	}
	compare(m, "missing", e.Missing, missing)
	return nil
}

func (m *meeting) aim(s *layer.Selector, e *trace.Aim, at time.Time) error {
	if e.Wanted < 0 || e.Wanted >= layer.Count {
		return errBounds
	}
	var last [layer.Count]time.Time
	for i, age := range e.Ages {
		if age >= 0 {
			last[i] = at.Add(-age)
		}
	}
	s.Pause(e.Paused)
	s.Want(e.Wanted)
	need := s.Update(last, at)
	compare(m, "target", e.Target, s.Target())
	compare(m, "need", e.Need, need)
	return nil
}

func compare[T comparable](m *meeting, what string, recorded, replayed T) {
	if recorded == replayed {
		return
	}
	m.result.Differences++
	m.tell(Difference{Line: m.line, At: m.head.At, Peer: m.head.Peer, Kind: m.head.Kind, What: what, Recorded: recorded, Replayed: replayed})
}
