package transport

import (
	"fmt"
	"runtime"
	"strings"
)

// guard ends a connection where what runs its packets panics: a fault of ours that
// takes no more than that with it. It is to be deferred, before anything that must be
// unlocked. What was written into a batch meanwhile must not be sent: half of a packet
// may be in it.
func (c *conn) guard() {
	if fault := recover(); fault != nil {
		c.fault(fault)
	}
}

// fault ends the connection: without keys nothing of it comes or goes any more.
func (c *conn) fault(fault any) {
	c.end()
	c.keys.Store(nil)
	c.t.faults.Add(1)
	// What a panic says may be of a packet. Where it was says enough.
	c.t.log.Error("a media connection ended by a fault of the server", "kind", fmt.Sprintf("%T", fault), "at", where())
	c.events.Lost("a fault of the server")
}

// Guard is deferred by those who run a layer's packets on a goroutine of their own:
// a panic ends the layer's connection, and nothing else.
func (l *Layer) Guard() {
	if fault := recover(); fault != nil {
		l.conn.fault(fault)
	}
}

// where names the functions in which the current panic was, innermost first.
func where() string {
	const most = 6
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var calls []string
	for panicked, more := false, true; more && len(calls) < most; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked, calls = true, nil
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			calls = append(calls, fmt.Sprintf("%s:%d", f.Function[strings.LastIndexByte(f.Function, '/')+1:], f.Line))
		}
	}
	return strings.Join(calls, " < ")
}
