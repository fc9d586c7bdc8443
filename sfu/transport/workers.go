package transport

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workers take publishers' lines: goroutines, as many as lines wait at a time. Some
// rest then instead of ending: a new one would grow its stack again for what it
// forwards, a twelfth of what a small meeting costs.
type workers struct {
	lines chan *Publisher // to those that rest
	over  chan struct{}
	rest  atomic.Int64
	done  sync.WaitGroup
}

func newWorkers() *workers {
	return &workers{lines: make(chan *Publisher), over: make(chan struct{})}
}

// take has one of them work for who has taken the line. It does not wait.
func (w *workers) take(p *Publisher) {
	select {
	case w.lines <- p:
	default:
		w.done.Go(func() { w.run(p) })
	}
}

// run works, and rests where no more than the machine's processors do.
func (w *workers) run(p *Publisher) {
	for {
		p.work()
		p = nil // it may be over while the worker rests
		if w.rest.Add(1) <= int64(runtime.NumCPU()) {
			select {
			case p = <-w.lines:
			case <-w.over:
			}
		}
		w.rest.Add(-1)
		if p == nil {
			return
		}
	}
}

// close ends those that rest, and waits for all. No line is taken any more.
func (w *workers) close() {
	close(w.over)
	w.done.Wait()
}
