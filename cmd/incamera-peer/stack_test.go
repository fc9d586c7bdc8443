package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// halved is what a waiting goroutine may have on its stack for the runtime to halve
// one of 8 kB: a quarter, without the room that it keeps (runtime/stack.go,
// shrinkstack).
const halved = 8<<10/4 - 800

// TestStacks: where somebody waits for what clients say, by their websocket and by TCP
// that is there for the case that UDP fails, little is on the stack. Two of them are
// what most of those take who only listen: they are 16 kB of 140 where they are not
// halved.
func TestStacks(t *testing.T) {
	file, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics := free.Addr().String()
	_ = free.Close() // for the server
	cmd := exec.Command(file, "serve", "--listen", "127.0.0.1:0", "--metrics", metrics)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=system")
	s := startOn(t, cmd, said)
	l := newMeeting(t, s.url)
	enter(t, l, "Ada")
	enter(t, l, "Ben")
	waiters := []string{"signaling.(*socket).read", "transport.awaitFrame"}
	until(t, "both wait, by websocket and by TCP", 20*time.Second, func() bool {
		var res *http.Response
		if res, err = http.Get("http://" + metrics + "/debug/pprof/goroutine?debug=2"); err != nil {
			return false
		}
		defer res.Body.Close()
		var all []byte
		all, err = io.ReadAll(res.Body)
		return err == nil && strings.Count(string(all), waiters[0]+"(") == 2 && strings.Count(string(all), waiters[1]+"(") >= 2
	})
	_ = cmd.Process.Signal(syscall.SIGQUIT) // that it has said everything is seen below
	_ = cmd.Wait()
	b, err := os.ReadFile(said.Name())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, g := range strings.Split(string(b), "\n\n") {
		for _, waits := range waiters {
			if !strings.Contains(g, waits+"(") || !strings.Contains(g, "runtime.netpollblock(") {
				continue
			}
			seen[waits]++
			if size := onStack(t, g); size >= halved {
				t.Errorf("%d bytes are on the stack, want fewer than %d:\n%s", size, halved, g)
			}
		}
	}
	for _, waits := range waiters { // one may just have been told something
		if seen[waits] == 0 {
			t.Errorf("nobody waits in %s:\n%s", waits, b)
		}
	}
}

var framePointers = regexp.MustCompile(` fp=0x([0-9a-f]+) sp=0x([0-9a-f]+) `)

// onStack returns how many bytes a goroutine of a trace has on its stack.
func onStack(t *testing.T, trace string) uint64 {
	t.Helper()
	all := framePointers.FindAllStringSubmatch(trace, -1)
	if len(all) == 0 {
		t.Fatalf("no frame pointers in %s", trace)
	}
	top, errTop := strconv.ParseUint(all[len(all)-1][1], 16, 64)
	bottom, errBottom := strconv.ParseUint(all[0][2], 16, 64)
	if errTop != nil || errBottom != nil {
		t.Fatalf("no frame pointers in %s", trace)
	}
	return top - bottom
}
