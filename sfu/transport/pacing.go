package transport

import (
	"sync"
	"time"
)

// paceEvery is how often packets that were held back are looked at. Shorter
// costs a wake-up each; longer, and what goes at once is a burst again.
const paceEvery = 5 * time.Millisecond

// A pacing sends what connections have held back: one goroutine for all of
// them, which sleeps while there is nothing.
type pacing struct {
	stop chan struct{}
	wake chan struct{} // one slot
	done sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	fresh []*conn // not yet seen by run
}

func newPacing() *pacing { return &pacing{stop: make(chan struct{}), wake: make(chan struct{}, 1)} }

// add has run look at a connection. Safe for concurrent use.
func (p *pacing) add(c *conn) {
	p.mu.Lock()
	p.fresh = append(p.fresh, c)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default: // it is awake
	}
}

// run looks after connections until close.
func (p *pacing) run(t *Transport) {
	ticker := time.NewTicker(paceEvery)
	ticker.Stop()
	defer ticker.Stop()
	var conns []*conn
	for {
		select {
		case <-p.stop:
			return
		case <-p.wake:
			if len(conns) == 0 {
				ticker.Reset(paceEvery)
			}
		case <-ticker.C:
			b, now := t.Batch(), time.Now()
			kept := conns[:0]
			for _, c := range conns {
				more, whole := c.drain(b, now)
				if !whole {
					b = t.Batch() // what others had in it they send again
				}
				if more && whole {
					kept = append(kept, c)
				}
			}
			b.Send()
			clear(conns[len(kept):])
			conns = kept
		}
		p.mu.Lock()
		conns = append(conns, p.fresh...)
		p.fresh = p.fresh[:0]
		p.mu.Unlock()
		if len(conns) == 0 {
			ticker.Stop()
		}
	}
}

// close ends run and waits for it.
func (p *pacing) close() {
	close(p.stop)
	p.done.Wait()
}
