package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"incamera/e2ee/link"
	"incamera/signaling/wire"
)

// besieged has TestSiege do all of it. Without it the same is tried with a
// fiftieth of everything, so that the test itself does not rot.
var besieged = flag.Bool("siege", false, "besiege a server with a running meeting (a few minutes)")

// A siege is a real server on loopback with a meeting in which ann shows and
// ben looks, and what was counted of both when the phase began. All traffic
// stays on loopback; addresses of 127.66.0.0/16 stand for many attackers.
type siege struct {
	t        *testing.T
	scale    int // what is attempted is divided by it
	server   *server
	pid      int
	link     link.Link
	ann, ben *peer
	lost     map[wire.Source]int
}

var sources = []wire.Source{wire.SourceCamera, wire.SourceMic}

func TestSiege(t *testing.T) {
	file, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	s := &siege{t: t, scale: 50, lost: map[wire.Source]int{}}
	if *besieged {
		s.scale = 1
	}
	cmd := exec.Command(file, "serve", "--listen", "127.0.0.1:0", "--metrics=")
	s.server = runServer(t, cmd)
	s.pid = cmd.Process.Pid
	s.link = newMeeting(t, s.server.url)
	s.ben = enter(t, s.link, "ben")
	s.ann = enter(t, s.link, "ann", sources...)
	together(t, s.ann, s.ben)
	shows(t, s.ann, s.ben, 30, sources...)

	quiet := s.memory()
	s.report("at rest", 0, func() string { return s.watch(5 * time.Second) })
	s.report("guesses of rooms by many", 100_000, s.guess)
	s.report("guesses of rooms by one", 5_000, s.guessAlone)
	s.report("time to refuse a guess", 4_000, s.timing)
	s.report("connections that say nothing", 5_000, func() string { return s.connect(5_000, "") })
	s.report("requests that never end", 3_000, func() string { return s.connect(3_000, "POST /api/look HTTP/1.1\r\nHost: x\r\nX-") })
	s.report("idle sockets", 5_000, s.idle)
	s.report("messages, tiny and giant", 20_000, s.messages)
	s.report("rooms", 20_000, s.rooms)
	s.report("garbage for the media port", 200_000, s.garbage)
	s.report("at rest again", 0, func() string { return s.watch(5 * time.Second) })
	after := s.memory()
	fmt.Printf("siege_memory_before %d kB\nsiege_memory_after %d kB\nsiege_pictures_lost %d frames\nsiege_sound_lost %d frames\n",
		quiet, after, s.lost[wire.SourceCamera], s.lost[wire.SourceMic])
	if after > 300_000 {
		t.Errorf("the server holds %d kB", after)
	}
	sound(t, s.ben)
}

// report carries out one attack, and says what became of it and of the meeting.
func (s *siege) report(what string, attempts int, attack func() string) {
	s.t.Helper()
	type counts struct{ sent, got int }
	count := func() map[wire.Source]counts {
		all := map[wire.Source]counts{}
		for _, source := range sources {
			all[source] = counts{s.ann.Report().Sent[source].Frames, s.ben.from("ann", source).Frames}
		}
		return all
	}
	before := count()
	saw := attack()
	shows(s.t, s.ann, s.ben, 20, sources...) // what was on its way has arrived, and the meeting goes on
	after := count()
	line := fmt.Sprintf("%-30s %7d tried  %7d kB  %s", what, attempts/s.scale, s.memory(), saw)
	for _, source := range sources {
		sent, got := after[source].sent-before[source].sent, after[source].got-before[source].got
		lost := max(0, sent-got-2) // two may be between the two counts
		s.lost[source] += lost
		line += fmt.Sprintf("  %s: %d of %d lost", source, lost, sent)
		if lost > 0 {
			s.t.Errorf("%s: %d of %d frames of the %s were lost", what, lost, sent, source)
		}
	}
	fmt.Println(line)
}

// memory returns the server's resident memory in kB.
func (s *siege) memory() (kB int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err == nil {
		_, err = fmt.Sscan(afterCut(string(status), "VmRSS:"), &kB)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return kB
}

func (s *siege) watch(d time.Duration) string {
	d /= time.Duration(min(s.scale, 10))
	n := s.ben.from("ann", wire.SourceMic).Frames + int(d/(20*time.Millisecond))
	until(s.t, "the meeting goes on", d+20*time.Second, func() bool { return s.ben.from("ann", wire.SourceMic).Frames >= n })
	return ""
}

// fromAddress returns a client whose connections come from the given one of many addresses.
func fromAddress(i int) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialer(i).DialContext, MaxIdleConnsPerHost: 4}}
}

func dialer(i int) *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 66, byte(i>>8), byte(i))}}
}

func randomRoom() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))[:wire.RoomLength]
}

// look asks for a room, and returns the answer as the asker sees it.
func (s *siege) look(c *http.Client, room string) (status int, answer string) {
	token := make([]byte, wire.TokenSize)
	_, _ = rand.Read(token)
	r, err := c.Post(s.server.url+"/api/look", "application/json", bytes.NewReader(wire.EncodeBody(wire.Look{Room: room, Token: token})))
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Del("Date")
	return r.StatusCode, fmt.Sprint(r.StatusCode, r.Header, string(b))
}

// many runs f for 0 … n-1 by some workers.
func many(n, workers int, f func(worker, i int)) {
	var next atomic.Int64
	var work sync.WaitGroup
	for w := range workers {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(w, i)
			}
		})
	}
	work.Wait()
}

// guess asks for rooms from two hundred addresses, each within its budget;
// every tenth time for the room that there is.
func (s *siege) guess() string {
	n, others := 100_000/s.scale, make([]*http.Client, 200)
	for i := range others {
		others[i] = fromAddress(i)
		defer others[i].CloseIdleConnections()
	}
	var mu sync.Mutex
	answers := map[string]int{}
	many(n, 8, func(_, i int) {
		room := randomRoom()
		if i%10 == 0 {
			room = string(s.link.Room)
		}
		_, answer := s.look(others[i%len(others)], room)
		mu.Lock()
		answers[answer]++
		mu.Unlock()
	})
	if len(answers) != 1 {
		s.t.Errorf("guesses have %d different answers: %v", len(answers), answers)
	}
	return "answered alike"
}

// guessAlone asks from one address, which is throttled.
func (s *siege) guessAlone() string {
	c := fromAddress(300)
	defer c.CloseIdleConnections()
	var limited atomic.Int64
	n := 5_000 / s.scale * 10 // more than the budget also when little is tried
	many(n, 8, func(_, _ int) {
		if status, _ := s.look(c, randomRoom()); status == http.StatusTooManyRequests {
			limited.Add(1)
		}
	})
	if limited.Load() == 0 {
		s.t.Error("one address may guess without end")
	}
	return fmt.Sprintf("%d of %d throttled", limited.Load(), n)
}

// timing compares how long it takes to refuse a room that there is and one that
// there is not: by the chance that the former takes longer, which is 0.5 when
// nothing can be learned.
func (s *siege) timing() string {
	n := 4_000 / s.scale
	took := map[bool][]time.Duration{}
	for i := range n {
		c := fromAddress(400 + i/250) // two questions each: within the budget of an address
		there := i%2 == 0
		room := randomRoom()
		if there {
			room = string(s.link.Room)
		}
		_, _ = s.look(c, randomRoom()) // the connection is there from here on
		begin := time.Now()
		status, answer := s.look(c, room)
		took[there] = append(took[there], time.Since(begin))
		if status != http.StatusNotFound {
			s.t.Errorf("a guess has the answer %s", answer)
		}
		c.CloseIdleConnections()
	}
	for _, of := range took {
		slices.Sort(of)
	}
	longer, j := 0, 0
	for _, d := range took[true] {
		for j < len(took[false]) && took[false][j] < d {
			j++
		}
		longer += j
	}
	chance := float64(longer) / float64(len(took[true])*len(took[false]))
	fmt.Printf("siege_timing_advantage %.3f probability\n", chance)
	return fmt.Sprintf("a room that is there is told by its time with %.1f %%", 100*max(chance, 1-chance))
}

// connect opens connections that never get anywhere, and holds them all.
func (s *siege) connect(n int, say string) string {
	n /= s.scale
	addr := strings.TrimPrefix(s.server.url, "http://")
	var mu sync.Mutex
	var held []net.Conn
	many(n, 20, func(_, i int) {
		c, err := dialer(500+i%200).Dial("tcp", addr)
		if err != nil {
			return // refused is as good an answer
		}
		_, _ = io.WriteString(c, say)
		mu.Lock()
		held = append(held, c)
		mu.Unlock()
	})
	s.watch(2 * time.Second)
	peak := s.memory()
	for _, c := range held {
		_ = c.Close()
	}
	return fmt.Sprintf("%d held, %d kB at the height", len(held), peak)
}

// idle opens sockets that never join.
func (s *siege) idle() string {
	n := 5_000 / s.scale
	var mu sync.Mutex
	var held []*websocket.Conn
	many(n, 20, func(_, i int) {
		d := websocket.Dialer{NetDialContext: dialer(800 + i%200).DialContext, HandshakeTimeout: 20 * time.Second}
		c, r, err := d.Dial("ws"+strings.TrimPrefix(s.server.url, "http")+"/ws", nil)
		if err != nil {
			return
		}
		_ = r.Body.Close()
		mu.Lock()
		held = append(held, c)
		mu.Unlock()
	})
	s.watch(2 * time.Second)
	peak := s.memory()
	for _, c := range held {
		_ = c.Close()
	}
	return fmt.Sprintf("%d held, %d kB at the height", len(held), peak)
}

// messages sends what makes no sense by sockets of people who have the link.
func (s *siege) messages() string {
	n := 20_000 / s.scale
	giant := []byte(`{"type":"app","n":1,"body":"` + strings.Repeat("A", wire.MaxMessage) + `"}`)
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	join := wire.EncodeClient(wire.Head{}, wire.Join{Room: string(s.link.Room), Token: s.link.Keys().Token.Reveal()})
	var ended atomic.Int64
	conns := make([]*websocket.Conn, 20)
	many(n, len(conns), func(w, i int) {
		if ctx.Err() != nil {
			return
		}
		if conns[w] == nil {
			d := websocket.Dialer{NetDialContext: dialer(1100 + w).DialContext}
			c, r, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(s.server.url, "http")+"/ws", nil)
			if err != nil {
				return
			}
			_ = r.Body.Close()
			conns[w] = c
			if w%2 == 0 {
				_ = c.WriteMessage(websocket.TextMessage, join)
			}
		}
		what := []byte("{}")
		if i%100 == 0 {
			what = giant
		}
		_ = conns[w].SetWriteDeadline(time.Now().Add(2 * time.Second))
		if err := conns[w].WriteMessage(websocket.TextMessage, what); err != nil {
			ended.Add(1)
			_ = conns[w].Close()
			conns[w] = nil
		}
	})
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
	return fmt.Sprintf("%d sockets were ended", ended.Load())
}

// rooms makes rooms until the server takes no more.
func (s *siege) rooms() string {
	n := 20_000 / s.scale
	others := make([]*http.Client, 50)
	for i := range others {
		others[i] = fromAddress(1300 + i)
		defer others[i].CloseIdleConnections()
	}
	var made atomic.Int64
	many(n, 8, func(_, i int) {
		key := sha256.Sum256(fmt.Append(nil, "siege", i))
		digest := sha256.Sum256(append([]byte("incamera room v1"), key[:]...))
		m := wire.CreateRoom{
			Room:    strings.ToLower(base32.StdEncoding.EncodeToString(digest[:]))[:wire.RoomLength],
			HostKey: key[:], TokenHash: key[:], Card: []byte("card"),
		}
		r, err := others[i%len(others)].Post(s.server.url+"/api/rooms", "application/json", bytes.NewReader(wire.EncodeBody(m)))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
		if r.StatusCode == http.StatusCreated {
			made.Add(1)
		}
	})
	return fmt.Sprintf("%d made", made.Load())
}

// garbage sends random packets, and such as begin like STUN, DTLS and RTP.
func (s *siege) garbage() string {
	c, err := net.Dial("udp", strings.TrimPrefix(s.server.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	b := make([]byte, 1200)
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for i := range 200_000 / s.scale {
		if i%200 == 0 {
			<-pace.C // 20,000 in a second
		}
		_, _ = rand.Read(b[:64])
		switch i % 4 {
		case 0:
			copy(b, []byte{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42})
		case 1:
			b[0] = 22
		case 2:
			b[0] = 0x80
		}
		_, _ = c.Write(b[:20+i%1180])
	}
	return ""
}
