package room

import (
	"log/slog"
	"runtime"
	"testing"
)

// TestIdleMemory: a session that says nothing takes 4 kB at most, its socket and
// what it has in the media plane aside: 2 when it was written, 25 when its queue
// had space for all that it may ever hold, and a goroutine waited for offers.
func TestIdleMemory(t *testing.T) {
	const sessions, most = 200, 4 << 10
	held := func() int {
		runtime.GC()
		runtime.GC() // pools go with the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc + m.StackInuse)
	}
	r := New(DefaultConfig(), About{Name: "room", Card: []byte("card")}, &fakeMedia{}, slog.New(slog.DiscardHandler))
	go r.Run(t.Context())
	all := make([]*client, 0, sessions+1)
	all = append(all, join(t, r)) // what all share
	before := held()
	for range sessions {
		all = append(all, join(t, r))
	}
	each := (held() - before) / sessions
	runtime.KeepAlive(all)
	t.Logf("%d bytes for each idle session", each)
	if each > most {
		t.Errorf("an idle session takes %d bytes, want %d at most", each, most)
	}
}
