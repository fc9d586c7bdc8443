// Package bench loads a server with a meeting of participants that are all in
// this process, and measures what the server makes of it: real connections,
// real groups, frames of the sizes that browsers' encoders make.
package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"incamera/cmd/incamera-peer/client"
	"incamera/e2ee/group"
	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// Config is one run.
type Config struct {
	Server      string        // origin: scheme, host and port
	Publishers  int           // who send a microphone and a camera, and see each other
	Subscribers int           // who only watch
	Idle        int           // who neither send nor watch
	Muted       bool          // and these have publish connections nevertheless
	Bitrates    []int         // of the camera's layers in kbit/s, lowest first
	Height      int           // of the tiles in pixels
	PerSecond   float64       // how many join each second
	Lasts       time.Duration // of the measurement, after all have joined
	Metrics     string        // URL of the server's metrics; "": its own figures are left out
	Way         client.Way    // how media goes to the server
	Log         *slog.Logger
}

const (
	// joinWithin is how long a join may take on a busy machine.
	joinWithin = 60 * time.Second
	// settle is between the last join and the measurement.
	settle = 3 * time.Second
)

// A Figure is one line of the result.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// participant is one of the crowd.
type participant struct {
	client  *client.Client
	began   time.Time
	entered chan struct{} // closes with the first epoch that we are in
	joined  time.Duration // until then; read after entered
	ended   chan error    // of Run
}

// crowd is everybody, and what they have seen.
type crowd struct {
	all       []*participant
	measuring atomic.Bool
	work      sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	took []time.Duration // from drawing a frame to opening it
}

// Run runs one meeting, in a room that it makes, and returns its figures. It
// leaves nobody behind; a participant that cannot stay ends it with an error.
func Run(ctx context.Context, cfg Config) ([]Figure, error) {
	if (cfg.Publishers < 1 || cfg.Publishers+cfg.Subscribers < 2) && (cfg.Idle < 2 || cfg.Subscribers > 0) {
		return nil, errors.New("a measurement takes one who sends and another who watches, or two who do neither")
	}
	l, err := client.NewRoom(ctx, cfg.Server, "Bench")
	if err != nil {
		return nil, err
	}
	ctx, leave := context.WithCancel(ctx)
	var c crowd
	empty, err := c.look(ctx, cfg.Metrics)
	if err != nil {
		leave()
		return nil, err
	}
	defer c.work.Wait()
	defer leave()
	if err = c.join(ctx, cfg, l); err != nil {
		return nil, err
	}
	if err = wait(ctx, settle); err != nil {
		return nil, err
	}
	first, err := c.look(ctx, cfg.Metrics)
	if err != nil {
		return nil, err
	}
	c.measuring.Store(true)
	err = wait(ctx, cfg.Lasts)
	c.measuring.Store(false)
	if err != nil {
		return nil, err
	}
	last, err := c.look(ctx, cfg.Metrics)
	if err != nil {
		return nil, err
	}
	for _, p := range c.all {
		select {
		case err := <-p.ended:
			return nil, fmt.Errorf("a participant is gone: %w", errors.Join(err, errors.New("it left by itself")))
		default:
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	into, pictures := c.joins()
	return figures(into, pictures, c.took, empty, first, last), nil
}

// join has everybody join, one after the other in the given time.
func (c *crowd) join(ctx context.Context, cfg Config, l link.Link) error {
	for i := range cfg.Publishers + cfg.Subscribers + cfg.Idle {
		if i > 0 {
			if err := wait(ctx, time.Duration(float64(time.Second)/cfg.PerSecond)); err != nil {
				return err
			}
		}
		p, err := c.start(ctx, cfg, l, i)
		if err != nil {
			return err
		}
		if i == 0 { // who founds the group is alone: others would found one, too
			if err := p.wait(ctx); err != nil {
				return err
			}
		}
	}
	for _, p := range c.all {
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) start(ctx context.Context, cfg Config, l link.Link, i int) (*participant, error) {
	p := &participant{entered: make(chan struct{}), ended: make(chan error, 1), began: time.Now()}
	var once sync.Once
	conf := client.Config{
		Link: l, Name: fmt.Sprintf("Bench %d", i+1), Layers: len(cfg.Bitrates), Bitrates: cfg.Bitrates, Height: cfg.Height, Way: cfg.Way, Log: cfg.Log,
		Entered: func(uint64, []group.Participant) {
			once.Do(func() { p.joined = time.Since(p.began); close(p.entered) })
		},
		Arrived: c.arrived,
	}
	if i >= cfg.Publishers+cfg.Subscribers {
		conf.Unwatching, conf.Muted = true, cfg.Muted
	}
	if i < cfg.Publishers {
		conf.Publish = []wire.Source{wire.SourceMic, wire.SourceCamera}
	}
	var err error
	if p.client, err = client.New(conf); err != nil {
		return nil, err
	}
	c.all = append(c.all, p)
	c.work.Go(func() { p.ended <- p.client.Run(ctx) })
	return p, nil
}

func (c *crowd) arrived(took time.Duration) {
	if !c.measuring.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, took)
}

// wait returns when the participant is in the group.
func (p *participant) wait(ctx context.Context) error {
	select {
	case <-p.entered:
		return nil
	case err := <-p.ended:
		return fmt.Errorf("joining: %w", errors.Join(err, errors.New("a participant did not get in")))
	case <-time.After(joinWithin):
		return fmt.Errorf("joining: %q is not in the meeting after %v", p.client.Report().Name, joinWithin)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// joins are how long each took, the founder left out.
func (c *crowd) joins() (into, pictures []time.Duration) {
	for i, p := range c.all {
		if i > 0 {
			into = append(into, p.joined)
		}
		var firsts []time.Duration
		for _, r := range p.client.Report().Received {
			if r.Source == wire.SourceCamera && r.Frames > 0 {
				firsts = append(firsts, time.Duration(r.FirstMs)*time.Millisecond)
			}
		}
		if i > 0 && len(firsts) > 0 {
			pictures = append(pictures, slices.Min(firsts))
		}
	}
	return into, pictures
}

// look is the state at a moment.
func (c *crowd) look(ctx context.Context, metrics string) (moment, error) {
	m := moment{at: time.Now(), people: len(c.all)}
	for _, p := range c.all {
		for _, r := range p.client.Report().Received {
			m.packets += float64(r.Packets)
			m.frames += float64(r.Frames)
			for _, n := range r.Dropped {
				m.undecodable += float64(n)
			}
		}
	}
	if metrics == "" {
		return m, nil
	}
	var err error
	m.server, err = fetch(ctx, metrics)
	return m, err
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
