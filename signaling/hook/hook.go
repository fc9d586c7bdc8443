// Package hook tells another program of the operator's that rooms come and go:
// not who is in them, not how they are reached, and nothing of what is said.
package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// An Event is one POST. Its JSON is signed by the header Incamera-Signature:
// t=<Unix seconds>,v1=<hex of HMAC-SHA-256(secret, t ‖ "." ‖ body)>. A receiver
// refuses what is older than some minutes: otherwise it could be repeated to it.
type Event struct {
	ID    string    `json:"id"` // the same when it is sent again
	Event string    `json:"event"`
	Room  string    `json:"room"` // as the operators' API names it
	At    time.Time `json:"at"`
}

// The events.
const (
	RoomMade = "room.made"
	RoomOver = "room.over"
)

// What is bounded. A receiver that is slow or away loses events, and costs the
// server nothing.
const (
	queue    = 256              // events that wait
	callTime = 5 * time.Second  // for one attempt
	attempts = 4                // for one event
	pause    = 2 * time.Second  // before the second attempt; the next are each four times as long
	lastTime = 10 * time.Second // for what waits when the server ends
)

// A Sender is safe for concurrent use.
type Sender struct {
	// Static after construction.
	url    string
	secret []byte
	log    *slog.Logger
	client *http.Client
	events chan Event
	ended  chan struct{}
	cancel context.CancelFunc

	// Atomic.
	lost atomic.Int64

	// Guarded by mu.
	mu     sync.RWMutex
	closed bool
}

// New returns a Sender with a goroutine that ends with Close.
func New(url string, secret []byte, log *slog.Logger) *Sender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Sender{
		url: url, secret: secret, log: log, cancel: cancel,
		client: &http.Client{
			Timeout: callTime,
			// A redirect would take the signed event to whom the operator did not name.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		events: make(chan Event, queue), ended: make(chan struct{}),
	}
	go func() {
		defer close(s.ended)
		for e := range s.events {
			if err := s.deliver(ctx, e); err != nil {
				s.lost.Add(1)
				s.log.Warn("an event was lost", "event", e.Event, "error", err)
			}
		}
	}()
	return s
}

// Send queues an event. It never blocks: what has no place is lost and counted.
func (s *Sender) Send(e Event) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return
	}
	select {
	case s.events <- e:
	default:
		s.lost.Add(1)
	}
}

// Lost returns how many events never arrived. Safe for concurrent use.
func (s *Sender) Lost() int64 { return s.lost.Load() }

// Close delivers what waits, within some seconds, and returns when the
// goroutine has ended.
func (s *Sender) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.events)
	}
	s.mu.Unlock()
	late := time.AfterFunc(lastTime, s.cancel)
	<-s.ended
	late.Stop()
	s.cancel()
	s.client.CloseIdleConnections()
}

func (s *Sender) deliver(ctx context.Context, e Event) (err error) {
	body, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("hook: internal error: %v", err)) // a struct of texts and a time
	}
	wait := pause
	for i := range attempts {
		if i > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return err
			}
			wait *= 4
		}
		if err = s.post(ctx, body, time.Now()); err == nil {
			return nil
		}
	}
	return err
}

func (s *Sender) post(ctx context.Context, body []byte, now time.Time) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Incamera-Signature", Sign(s.secret, body, now))
	res, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answers %d", res.StatusCode)
	}
	return nil
}

// Sign returns the value of the header Incamera-Signature.
func Sign(secret, body []byte, now time.Time) string {
	t := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
