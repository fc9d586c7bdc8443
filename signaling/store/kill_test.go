package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// childVariable names the folder of the process that is to be killed.
const childVariable = "INCAMERA_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// child does random things for ever, and prints each once the store has said
// that it is done: the thing, the id of the pass and how many uses it began with.
func child(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, dir)
	if err != nil {
		return err
	}
	type held struct {
		id     string
		secret []byte
		uses   int
	}
	var passes []held
	say := func(event string, p held) { fmt.Printf("%s,%s,%d\n", event, p.id, p.uses) }
	for {
		if len(passes) == 0 || rand.IntN(4) == 0 {
			uses := 1 + rand.IntN(3)
			p, secret, err := s.Make(ctx, Invite, uses, time.Hour, "", start)
			if err != nil {
				return err
			}
			passes = append(passes, held{p.ID, secret, uses})
			say("invite made", passes[len(passes)-1])
			continue
		}
		p := passes[rand.IntN(len(passes))]
		switch rand.IntN(4) {
		case 0:
			if err := s.Revoke(ctx, p.id, start); err != nil {
				return err
			}
			say("revoked", p)
		case 1:
			if err := s.Refund(ctx, p.id, start); err != nil {
				return err
			}
			say("room not made", p)
		default:
			if _, err := s.Spend(ctx, p.secret, start); err == nil {
				say("room made", p)
			}
		}
	}
}

// TestKill kills a process in the middle of random operations, many times over
// on one store: what it was told to be done is done, in order, what it was not
// told is done as a whole or not at all, and the log's chain holds.
func TestKill(t *testing.T) {
	const kills = 25
	dir := t.TempDir()
	var told []string // "event,id", over all processes
	begun := map[string]int{}
	for round := range kills {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for left := rand.IntN(40); ; left-- {
			if left == 0 {
				_ = cmd.Process.Kill() // SIGKILL, while it goes on
			}
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break
			}
			event, rest, _ := strings.Cut(strings.TrimSpace(line), ",")
			var id string
			var uses int
			if id, line, _ = strings.Cut(rest, ","); line == "" {
				t.Fatalf("printed %q", rest)
			}
			if _, err := fmt.Sscan(line, &uses); err != nil {
				t.Fatal(err)
			}
			begun[id] = uses
			told = append(told, event+","+id)
		}
		_ = cmd.Wait() // it was killed
		told = checkStore(t, dir, told, begun)
		if t.Failed() {
			t.Fatalf("after kill %d", round+1)
		}
	}
	if len(told) < kills {
		t.Errorf("only %d operations were done", len(told))
	}
}

// checkStore returns what was done, the last that nobody was told included.
func checkStore(t *testing.T, dir string, told []string, begun map[string]int) []string {
	t.Helper()
	s := open(t, dir)
	defer s.Close()
	log, err := s.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != len(told) && len(log) != len(told)+1 {
		t.Fatalf("%d things in the log, %d were told to be done", len(log), len(told))
	}
	uses, revoked := map[string]int{}, map[string]bool{}
	for i, e := range log {
		if i < len(told) && told[i] != e.Event+","+e.Subject {
			t.Fatalf("entry %d is %s %s, was told to be %s", i+1, e.Event, e.Subject, told[i])
		}
		if i == len(told) {
			told = append(told, e.Event+","+e.Subject)
		}
		switch e.Event {
		case "invite made":
			uses[e.Subject] = begun[e.Subject]
		case "room made":
			uses[e.Subject]--
		case "room not made":
			uses[e.Subject]++
		case "revoked":
			revoked[e.Subject] = true
		}
	}
	passes, err := s.Passes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(passes) != len(uses) {
		t.Errorf("%d invites, %d were made", len(passes), len(uses))
	}
	for _, p := range passes {
		if _, heard := begun[p.ID]; !heard { // made in the moment of the kill
			begun[p.ID], uses[p.ID] = p.Uses, p.Uses
		}
		if p.Uses != uses[p.ID] || p.Revoked != revoked[p.ID] {
			t.Errorf("invite %s has %d uses and revoked %v; the log says %d and %v", p.ID, p.Uses, p.Revoked, uses[p.ID], revoked[p.ID])
		}
	}
	return told
}
