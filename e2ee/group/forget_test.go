package group

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/e2ee/keys"
	"incamera/e2ee/link"
	"incamera/e2ee/mls"
	"incamera/e2ee/wrap"
)

// TestLateMessages: what was said in an epoch can be read for 10 s after its
// end, and not later, however quiet the meeting is.
func TestLateMessages(t *testing.T) {
	s := meeting(t, 3)
	ann, ben := s.clients[0], s.clients[1]
	say := func() Said {
		out, err := ben.member.Say(Chat{ID: "0011223344556677", Text: "late"}, s.now)
		if err != nil {
			t.Fatal(err)
		}
		m := out.Send[0].(Speak)
		return Said{Seq: ann.member.seq + 1, Generation: m.Generation, Epoch: m.Epoch, From: ben.session, Body: m.Body}
	}
	early, late := say(), say()
	epoch := ann.member.Epoch()
	s.leave(s.clients[2])
	for ann.member.Epoch() == epoch {
		s.run(50 * time.Millisecond)
	}
	end := ann.member.ended[len(ann.member.ended)-1].at
	hear := func(m Said, at time.Time) (heard bool) {
		m.Seq = ann.member.seq + 1
		for _, e := range ann.member.Handle(m, at).Events {
			_, is := e.(Heard)
			heard = heard || is
		}
		return heard
	}
	if !hear(early, end.Add(keys.Retention-time.Millisecond)) {
		t.Error("not heard in time")
	}
	dropped := ann.member.Dropped.Apps
	if hear(late, end.Add(keys.Retention)) || ann.member.Dropped.Apps != dropped+1 {
		t.Error("heard when its keys should be gone")
	}
	message, err := ann.member.openMessage(link.KindApp, epoch, late.Body, mls.WirePrivate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ann.member.group.Process(message); !errors.Is(err, mls.ErrWrongEpoch) {
		t.Errorf("its keys are still there: %v", err)
	}
	if len(ann.member.ended) > 0 {
		t.Errorf("%d epochs are left to forget", len(ann.member.ended))
	}
}

// TestMemory looks for the base key of an epoch in the memory of a process of
// its own: found while the epoch lasts, and nowhere 10 s after its end, once
// memory that is free was used again.
func TestMemory(t *testing.T) {
	if os.Getenv("INCAMERA_MEMORY") != "" {
		searchMemory(t)
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("it looks into /proc")
	}
	child := exec.Command(os.Args[0], "-test.run=^TestMemory$", "-test.v")
	child.Env = append(os.Environ(), "INCAMERA_MEMORY=1")
	out, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("searched")) {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func searchMemory(t *testing.T) {
	s := newService(t)
	for range 3 {
		s.join("Somebody")
		s.run(time.Second)
	}
	sender, receiver := keys.NewSender("room"), keys.NewReceiver("room")
	install := func(c *client) {
		e := c.epoch().Keys
		sender.Install(e, s.now)
		receiver.Install(e, s.now)
		for _, c := range s.clients {
			for _, e := range c.epochs {
				e.Keys.Base.Wipe()
			}
			c.epochs = c.epochs[len(c.epochs)-1:]
		}
	}
	install(s.clients[0])
	frame, err := sender.Seal(keys.Mic, wrap.Opus, false, []byte("frame"), s.now)
	if err != nil {
		t.Fatal(err)
	}
	owner := s.clients[0].session
	if _, err := receiver.Open(keys.Frame{Owner: owner, Source: keys.Mic, Codec: wrap.Opus, Data: frame}, s.now); err != nil {
		t.Fatal(err)
	}
	secret := maskedBaseKey(s.clients[0].member.group)
	settle()
	if n := search(t, secret); n == 0 {
		t.Error("the key of the epoch is not found while it lasts: the search finds nothing")
	} else {
		t.Logf("while the epoch lasts: found %d times", n)
	}
	s.leave(s.clients[2])
	s.run(3 * time.Second)
	install(s.clients[0])
	s.run(keys.Retention + time.Second)
	sender.Expire(s.now)
	receiver.Expire(s.now)
	settle()
	if n := search(t, secret); n != 0 {
		t.Errorf("11 s after its end the key is found %d times", n)
	}
	if frame, err := sender.Seal(keys.Mic, wrap.Opus, false, []byte("frame"), s.now); err != nil || len(frame) == 0 {
		t.Error(err)
	}
	t.Log("searched")
	runtime.KeepAlive(s) // or all of it would be garbage before the search
	runtime.KeepAlive(receiver)
}

const mask = 0x5a

// maskedBaseKey returns the frame key of the group's epoch so that it is not
// itself what is looked for.
func maskedBaseKey(g *mls.Group) []byte {
	k := g.Export("SFrame 1.0 Base Key", nil, keys.BaseKeySize)
	defer clear(k)
	out := slices.Clone(k)
	for i := range out {
		out[i] ^= mask
	}
	return out
}

// settle collects garbage and uses what is free again: the run-time does not
// clear memory when it becomes free, only when it is used the next time.
func settle() {
	deep(4 << 10)
	for range 3 {
		debug.FreeOSMemory()
	}
	var again [][]byte
	for size := 8; size <= 32<<10; size += max(8, size/8) {
		for range min(4000, 8<<20/size) {
			again = append(again, make([]byte, size))
		}
	}
	runtime.KeepAlive(again)
}

// deep overwrites what earlier calls have left on the stack.
//
//go:noinline
func deep(n int) byte {
	var frame [256]byte
	if n > 0 {
		frame[n%256] = deep(n - 1)
	}
	return frame[(n+1)%256]
}

// search counts where a masked secret is in the memory that this process can
// write. It never holds the secret itself, and clears what it has read.
func search(t *testing.T, masked []byte) (found int) {
	t.Helper()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	buf := make([]byte, 1<<20)
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") || to-from > 8<<30 {
			continue // so large is only what the race detector notes of memory
		}
		for ; from < to; from += int64(len(buf) - len(masked)) {
			clear(buf)
			n, _ := mem.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
			found += count(buf[:n], masked)
		}
	}
	clear(buf)
	return found
}

func count(b, masked []byte) (n int) {
	for {
		i := bytes.IndexByte(b, masked[0]^mask)
		if i < 0 || len(b)-i < len(masked) {
			return n
		}
		b = b[i:]
		same := true
		for j := range masked {
			same = same && b[j] == masked[j]^mask
		}
		if same {
			n++
		}
		b = b[1:]
	}
}
