package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// serverBinary builds the real server once.
var serverBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "incamera-peer-test-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "incamera")
	out, err := exec.Command("go", "build", "-o", file, "incamera/cmd/incamera").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := serverBinary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file)) // what is left is in a temporary folder
	}
	os.Exit(code)
}

// A server is the real one, in a process of its own.
type server struct {
	url  string
	stop func() // and wait
}

func startServer(t *testing.T, listen string) *server {
	t.Helper()
	file, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	return runServer(t, exec.Command(file, "serve", "--listen", listen, "--metrics="))
}

// runServer starts the server and returns when it is ready.
func runServer(t *testing.T, cmd *exec.Cmd) *server {
	t.Helper()
	complaints, err := os.Create(filepath.Join(t.TempDir(), "complaints"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after it has stopped: cleanups run in reverse order
		_ = complaints.Close()
		said, _ := os.ReadFile(complaints.Name())
		if broken := bytes.Contains(said, []byte("goroutine ")); broken {
			t.Errorf("the server has broken down:\n%s", said[:min(len(said), 20_000)])
		} else if t.Failed() {
			t.Logf("the server's last words:\n%s", said[max(0, len(said)-4000):])
		}
	})
	return startOn(t, cmd, complaints)
}

// startOn starts the server, whose complaints go to a file, and returns when it is ready.
func startOn(t *testing.T, cmd *exec.Cmd, complaints *os.File) *server {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	s := &server{}
	for s.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the server ended before it was ready: %v", err)
		}
		s.url = strings.TrimSpace(afterCut(line, "is ready: "))
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // until the process ends
	s.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && t.Failed() { // how it ends is for its own tests
			t.Logf("the server: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func afterCut(s, sep string) string {
	_, after, _ := strings.Cut(s, sep)
	return after
}

// A cable is a TCP relay to the server that can be cut.
type cable struct {
	url  string
	to   string
	mu   sync.Mutex
	ends map[net.Conn]bool
	down bool
}

func newCable(t *testing.T, s *server) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{url: "http://" + l.Addr().String(), to: strings.TrimPrefix(s.url, "http://"), ends: map[net.Conn]bool{}}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { c.relay(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.cut()
		work.Wait()
	})
	return c
}

func (c *cable) relay(near net.Conn) {
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	down := c.down
	c.ends[near], c.ends[far] = true, true
	c.mu.Unlock()
	if down {
		_, _ = near.Close(), far.Close()
	}
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_, _ = near.Close(), far.Close()
		})
	}
	both.Wait()
	c.mu.Lock()
	delete(c.ends, near)
	delete(c.ends, far)
	c.mu.Unlock()
}

// cut breaks what goes through the cable, and all that will until mend.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
	for e := range c.ends {
		_ = e.Close()
	}
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = false
}

// until waits for something that others bring about.
func until(t *testing.T, what string, most time.Duration, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("after %v not yet: %s", most, what)
		case <-tick.C:
		}
	}
}
